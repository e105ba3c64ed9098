# The real engine behind pipes, driven as in the tests of the intake.
set(intake_tests ${PROJECT_SOURCE_DIR}/tests/run/intake)
add_executable(bench_intake intake.c ${intake_tests}/supd.c ${intake_tests}/seen.c ${intake_tests}/tap.c)
set_target_properties(bench_intake PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_include_directories(bench_intake PRIVATE ${intake_tests})
target_link_libraries(bench_intake PRIVATE nova_flags nova_core nova_config nova_ledger PkgConfig::LMDB)
