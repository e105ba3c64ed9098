nova_fuzz(fuzz_saved SOURCES fuzz_saved.c LINK nova_ctl nova_ext
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_saved)
