# The frame of the platforms, with a vendor that the tests play.
add_executable(plat_acme plat_acme.c)
set_target_properties(plat_acme PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(plat_acme PRIVATE nova_flags nova_platforms nova_plat)
nova_run(plat_calls plat_calls)
nova_run(plat_outbox plat_outbox)
nova_run(plat_torture plat_torture)
nova_run(plat_script plat_script)
nova_run(plat_agents plat_agents)
