# The ledger alone. SQLite is only here to be compared with.
pkg_check_modules(SQLITE3 IMPORTED_TARGET sqlite3)
add_executable(bench_ledger_append ledger_append.c)
set_target_properties(bench_ledger_append PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(bench_ledger_append PRIVATE nova_flags nova_ledger)
if(SQLITE3_FOUND)
	target_compile_definitions(bench_ledger_append PRIVATE HAVE_SQLITE3)
	target_link_libraries(bench_ledger_append PRIVATE PkgConfig::SQLITE3)
endif()
# Ten years of a fleet, and how long questions take then.
add_executable(bench_ledger_years ledger_years.c)
set_target_properties(bench_ledger_years PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bench)
target_link_libraries(bench_ledger_years PRIVATE nova_flags nova_ledger)
