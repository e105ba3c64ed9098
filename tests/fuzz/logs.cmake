nova_fuzz(fuzz_log SOURCES fuzz_log.c LINK nova_logger_lib
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_log)
