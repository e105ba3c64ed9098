nova_fuzz(fuzz_api_request SOURCES fuzz_api_request.c LINK nova_engine
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_api_request)
if(CHECK_FOUND)
	target_link_libraries(fuzz_api_request PRIVATE PkgConfig::CHECK)
endif()
target_include_directories(fuzz_api_request PRIVATE ${PROJECT_SOURCE_DIR}/tests/unit)
nova_fuzz(fuzz_price SOURCES fuzz_price.c LINK nova_engine
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_price)
