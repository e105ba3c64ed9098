nova_unit(test_nv_program SOURCES test_nv_program.c LINK nova_core)
nova_unit(test_gw_compat SOURCES test_gw_compat.c LINK nova_gateway)
