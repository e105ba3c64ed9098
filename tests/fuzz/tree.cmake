nova_fuzz(fuzz_tree SOURCES fuzz_tree.c LINK nova_sup
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_tree)
