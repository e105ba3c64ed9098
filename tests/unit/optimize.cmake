foreach(name IN ITEMS gamma calibration variants forecast trial params)
	nova_unit(test_${name} SOURCES test_${name}.c LINK nova_policy)
endforeach()
nova_unit(test_nv_split SOURCES test_nv_split.c LINK nova_core)
