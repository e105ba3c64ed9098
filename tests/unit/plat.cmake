nova_unit(test_plat SOURCES test_plat.c LINK nova_plat)
