# Side by side with other supervisors (bench/supervisors/run). The service is static, and
# plain in every build: what is measured is who starts it.
add_executable(bench_stamp supervisors/stamp.c)
target_link_libraries(bench_stamp PRIVATE nova_warnings)
target_compile_definitions(bench_stamp PRIVATE _GNU_SOURCE)
target_link_options(bench_stamp PRIVATE -static)
add_executable(bench_floor supervisors/floor.c)
target_link_libraries(bench_floor PRIVATE nova_warnings)
target_compile_definitions(bench_floor PRIVATE _GNU_SOURCE)
set_target_properties(bench_stamp bench_floor PROPERTIES
	RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
