foreach(name IN ITEMS judge judge_kill)
	nova_unit(test_${name} SOURCES test_${name}.c LINK nova_engine)
endforeach()
