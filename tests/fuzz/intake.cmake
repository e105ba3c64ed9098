nova_fuzz(fuzz_scan SOURCES fuzz_scan.c LINK nova_engine PkgConfig::JANSSON
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_scan)
