# What the face asks the engine, answered in this process.
add_executable(bench_face_verbs face_verbs.c)
set_target_properties(bench_face_verbs PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(bench_face_verbs PRIVATE nova_flags nova_engine)
