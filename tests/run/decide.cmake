# A fleet with a past: written by a program of its own.
add_executable(decide_past decide_past.c)
set_target_properties(decide_past PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(decide_past PRIVATE nova_flags nova_core nova_ledger)
nova_run(decide_fleet decide_fleet TIMEOUT 900)
