nova_unit(test_fleet SOURCES test_fleet.c LINK nova_ext)
