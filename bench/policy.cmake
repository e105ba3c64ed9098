# The decision core: cycles of many workers, events through the replay.
add_executable(bench_policy policy.c)
set_target_properties(bench_policy PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(bench_policy PRIVATE nova_flags nova_engine)
