nova_unit(test_fleet SOURCES test_fleet.c LINK nova_ext)
nova_unit(test_live_rows SOURCES test_live_rows.c LINK nova_gateway)
nova_unit(test_gw_ask SOURCES test_gw_ask.c LINK nova_gateway)
