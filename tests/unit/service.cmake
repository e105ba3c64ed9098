nova_unit(test_nv_log SOURCES test_nv_log.c LINK nova_core)
nova_unit(test_sup_stored SOURCES test_sup_stored.c LINK nova_sup)
