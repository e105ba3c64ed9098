nova_fuzz(fuzz_replay SOURCES fuzz_replay.c LINK nova_engine
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_replay)
