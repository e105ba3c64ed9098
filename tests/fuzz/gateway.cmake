# What nova-gateway reads of strangers.
foreach(part IN ITEMS request sign custom)
	nova_fuzz(fuzz_gw_${part} SOURCES fuzz_gw_${part}.c LINK nova_gateway
		CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/gateway/${part})
endforeach()
