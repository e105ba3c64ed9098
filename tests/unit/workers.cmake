# nova-runner's parts, and libnova.
foreach(part IN ITEMS args control json result sched sink variant)
	nova_unit(test_runner_${part} SOURCES test_runner_${part}.c LINK nova_runner)
endforeach()
nova_unit(test_libnova SOURCES test_libnova.c LINK nova_sdk)
