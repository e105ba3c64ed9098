# The decision core (policy/).
nova_unit(test_classic SOURCES test_classic.c LINK nova_policy)
