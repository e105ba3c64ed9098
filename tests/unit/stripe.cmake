nova_unit(test_map_stripe SOURCES test_map_stripe.c LINK nova_map)
