# What the door of the face reads of strangers, and of files that others could touch.
foreach(part IN ITEMS creds query)
	nova_fuzz(fuzz_gw_${part} SOURCES fuzz_gw_${part}.c LINK nova_gateway
		CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/gateway/${part})
endforeach()
nova_fuzz(fuzz_token SOURCES fuzz_token.c LINK nova_gateway
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/gateway/token)
