foreach(name IN ITEMS instance instance_sim spawn proctree stream journal secret)
	nova_unit(test_${name} SOURCES test_${name}.c LINK nova_sup)
endforeach()
