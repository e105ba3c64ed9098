nova_fuzz(fuzz_config SOURCES fuzz_config.c LINK nova_config
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_config)
nova_fuzz(fuzz_msg SOURCES fuzz_msg.c LINK nova_core
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_msg)
