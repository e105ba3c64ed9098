nova_fuzz(fuzz_plat SOURCES fuzz_plat.c LINK nova_plat
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/plat)
