nova_fuzz(fuzz_notify SOURCES fuzz_notify.c LINK nova_probe CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_notify)
