nova_unit(test_nv_log SOURCES test_nv_log.c LINK nova_core)
