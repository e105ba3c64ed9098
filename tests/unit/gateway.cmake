nova_unit(test_gw_head SOURCES test_gw_head.c LINK nova_gateway)
nova_unit(test_gw_sign SOURCES test_gw_sign.c LINK nova_gateway)
