# The HTTP client against a server that does everything wrong.
add_executable(http_call http_call.c)
set_target_properties(http_call PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(http_call PRIVATE nova_flags nova_http)
nova_run(http_hostile http_hostile)
