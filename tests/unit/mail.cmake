nova_unit(test_map_gumroad SOURCES test_map_gumroad.c LINK nova_map)
nova_unit(test_map_sendgrid SOURCES test_map_sendgrid.c LINK nova_map)
nova_unit(test_sendgrid_text SOURCES test_sendgrid_text.c LINK nova_platforms nova_plat)
