nova_unit(test_state_pack SOURCES test_state_pack.c LINK nova_sup)
