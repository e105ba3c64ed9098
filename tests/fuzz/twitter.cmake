nova_fuzz(fuzz_twitter SOURCES fuzz_twitter.c LINK nova_platforms
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/twitter)
