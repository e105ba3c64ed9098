# X: what can be judged without the vendor.
foreach(name IN ITEMS oauth text words)
	nova_unit(test_twitter_${name} SOURCES test_twitter_${name}.c LINK nova_platforms)
endforeach()
if(TARGET test_twitter_text)
	target_compile_definitions(test_twitter_text PRIVATE NOVA_SOURCE="${PROJECT_SOURCE_DIR}")
endif()
