# novactl against daemons that a test describes, and against a real fleet.
add_executable(ctl_fake_novasupd ctl_fake_novasupd.c)
set_target_properties(ctl_fake_novasupd PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(ctl_fake_novasupd PRIVATE nova_flags nova_core)
nova_run(ctl_fakes ctl_fakes)
nova_run(ctl_verbs ctl_verbs)
nova_run(ctl_health ctl_health)
