add_executable(bench_spawn spawn.c)
target_link_libraries(bench_spawn PRIVATE nova_flags)
add_executable(bench_child child.c)
target_link_libraries(bench_child PRIVATE nova_flags)
set_target_properties(bench_spawn bench_child PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
