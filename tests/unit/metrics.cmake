# What /metrics is made of.
nova_unit(test_count SOURCES test_count.c LINK nova_engine)
