# The decision core (policy/).
nova_unit(test_classic SOURCES test_classic.c LINK nova_policy)
foreach(name IN ITEMS pol_model pol_rules pol_hostile pol_waiting)
	nova_unit(test_${name} SOURCES test_${name}.c LINK nova_policy)
endforeach()
