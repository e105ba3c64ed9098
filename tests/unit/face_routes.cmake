nova_unit(test_nv_program SOURCES test_nv_program.c LINK nova_core)
