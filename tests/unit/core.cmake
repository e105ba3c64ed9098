nova_unit(test_nv_money SOURCES test_nv_money.c LINK nova_core)
nova_unit(test_nv_units SOURCES test_nv_units.c LINK nova_core)
nova_unit(test_nv_clock SOURCES test_nv_clock.c LINK nova_core)
nova_unit(test_nv_msg SOURCES test_nv_msg.c LINK nova_core)
