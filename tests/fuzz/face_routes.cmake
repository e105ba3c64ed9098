nova_fuzz(fuzz_ctl_cursor SOURCES fuzz_ctl_cursor.c LINK nova_ctl
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_ctl_cursor)
