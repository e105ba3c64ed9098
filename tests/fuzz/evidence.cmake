nova_fuzz(fuzz_led_shape SOURCES fuzz_led_shape.c LINK nova_ledger
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_led_shape)
