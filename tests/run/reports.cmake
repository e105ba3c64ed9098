# Reports of a real fleet over a history that a program writes with times of its own.
add_executable(reports_history reports_history.c)
set_target_properties(reports_history PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(reports_history PRIVATE nova_flags nova_core nova_ledger)
nova_run(reports_months reports_months TIMEOUT 300)
