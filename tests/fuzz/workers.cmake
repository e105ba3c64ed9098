nova_fuzz(fuzz_runner SOURCES fuzz_runner.c LINK nova_runner nova_sdk
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_runner)
