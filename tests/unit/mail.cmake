nova_unit(test_map_gumroad SOURCES test_map_gumroad.c LINK nova_map)
nova_unit(test_map_sendgrid SOURCES test_map_sendgrid.c LINK nova_map)
