# Load for bench/webhooks.
add_executable(bench_webhooks webhooks.c)
set_target_properties(bench_webhooks PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(bench_webhooks PRIVATE nova_flags nova_core)
