nova_fuzz(fuzz_led_schema SOURCES fuzz_led_schema.c LINK nova_ledger
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_led_schema)
