nova_fuzz(fuzz_http SOURCES fuzz_http.c LINK nova_http
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_http)
nova_fuzz(fuzz_crypto SOURCES fuzz_crypto.c LINK nova_crypto
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_crypto)
