nova_fuzz(fuzz_image SOURCES fuzz_image.c LINK nova_sup
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_image)
