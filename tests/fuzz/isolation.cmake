nova_fuzz(fuzz_env_file SOURCES fuzz_env_file.c LINK nova_config
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_env_file)
