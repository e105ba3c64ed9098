nova_fuzz(fuzz_map_stripe SOURCES fuzz_map_stripe.c LINK nova_map nova_platforms nova_engine
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/map_stripe)
