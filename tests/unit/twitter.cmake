# X: what can be judged without the vendor.
nova_unit(test_twitter_text SOURCES test_twitter_text.c LINK nova_platforms)
if(TARGET test_twitter_text)
	target_compile_definitions(test_twitter_text PRIVATE NOVA_SOURCE="${PROJECT_SOURCE_DIR}")
endif()
