nova_fuzz(fuzz_import_env SOURCES fuzz_import_env.c LINK nova_ctl
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_import_env)
nova_fuzz(fuzz_import_value SOURCES fuzz_import_value.c LINK nova_ctl
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_import_value)
