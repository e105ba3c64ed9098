# nova-logger: exactly once over its death, files, what people read of them.
add_executable(logs_torture_driver logs/torture.c)
set_target_properties(logs_torture_driver PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(logs_torture_driver PRIVATE nova_flags nova_core PkgConfig::ZLIB)
nova_run(logs_torture logs_torture)
nova_run(logs_why logs_why)
nova_run(logs_files logs_files)
