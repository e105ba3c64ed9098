# The real engine, driven by a stand-in for novasupd.
function(nova_intake_driver name)
	add_executable(${name} ${ARGN} intake/supd.c intake/tap.c intake/seen.c)
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	target_link_libraries(${name} PRIVATE nova_flags nova_core nova_config nova_ledger)
endfunction()

nova_intake_driver(intake_basic_driver intake/basic.c)
nova_run(intake_basic intake_basic)

nova_intake_driver(intake_torture_driver intake/torture.c intake/writers.c intake/naive.c)
nova_run(intake_torture intake_torture)

nova_intake_driver(intake_life_driver intake/life.c)
nova_run(intake_life intake_life)

add_library(intake_failsync MODULE intake/failsync.c)
set_target_properties(intake_failsync PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_compile_definitions(intake_failsync PRIVATE _GNU_SOURCE)
target_link_libraries(intake_failsync PRIVATE nova_warnings ${CMAKE_DL_LIBS})
nova_intake_driver(intake_faults_driver intake/faults.c)
nova_run(intake_faults intake_faults)
