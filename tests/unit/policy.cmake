foreach(name IN ITEMS policy budget report price)
	nova_unit(test_${name} SOURCES test_${name}.c LINK nova_engine)
endforeach()
target_compile_definitions(test_price PRIVATE NOVA_SOURCE="${PROJECT_SOURCE_DIR}")
