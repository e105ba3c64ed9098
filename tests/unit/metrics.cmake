# What /metrics is made of.
nova_unit(test_count SOURCES test_count.c LINK nova_engine)
nova_unit(test_gw_metrics_text SOURCES test_gw_metrics_text.c LINK nova_gateway)
