# What shows that the ledger is what it was.
add_executable(led_make led_make.c)
set_target_properties(led_make PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(led_make PRIVATE nova_flags nova_ledger)
nova_run(ledger_evidence ledger_evidence)
nova_run(ledger_retention ledger_retention)
