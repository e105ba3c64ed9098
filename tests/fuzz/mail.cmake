nova_fuzz(fuzz_map_mail SOURCES fuzz_map_mail.c LINK nova_map
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/map_mail)
