nova_unit(test_map_stripe SOURCES test_map_stripe.c LINK nova_map)
nova_unit(test_map_stripe_order SOURCES test_map_stripe_order.c LINK nova_map)
nova_unit(test_stripe_form SOURCES test_stripe_form.c LINK nova_platforms)
