# nova_unit(name SOURCES ... LINK ...): a Check program, run by ctest with the label "unit".
function(nova_unit name)
	cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK" ${ARGN})
	if(NOT CHECK_FOUND)
		return()
	endif()
	if(NOT arg_TIMEOUT)
		set(arg_TIMEOUT 900)
	endif()
	add_executable(${name} ${arg_SOURCES})
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	target_link_libraries(${name} PRIVATE nova_flags ${arg_LINK} PkgConfig::CHECK)
	add_test(NAME ${name} COMMAND ${name})
	# Check's own limit is 4 s of the clock on the wall, too little on a busy machine.
	set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT ${arg_TIMEOUT}
		ENVIRONMENT "CK_DEFAULT_TIMEOUT=60;CK_TIMEOUT_MULTIPLIER=5")
endfunction()

# nova_run(name script [ARGS...]): one promise, tested with real processes. The
# script gets NOVA_BIN (where the programs are) and prints TAP.
function(nova_run name script)
	cmake_parse_arguments(arg "" "TIMEOUT" "ARGS" ${ARGN})
	if(NOT arg_TIMEOUT)
		set(arg_TIMEOUT 900)
	endif()
	add_test(NAME ${name} COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${arg_ARGS})
	set_tests_properties(${name} PROPERTIES LABELS run TIMEOUT ${arg_TIMEOUT}
		ENVIRONMENT "NOVA_BIN=${CMAKE_BINARY_DIR}/bin;NOVA_SOURCE=${CMAKE_SOURCE_DIR};NOVA_TESTS=${CMAKE_BINARY_DIR}/tests")
endfunction()

# nova_fuzz(name SOURCES ... LINK ... CORPUS dir): a libFuzzer target; without
# NOVA_FUZZ it is built with a main that replays the corpus, and ctest runs that.
function(nova_fuzz name)
	cmake_parse_arguments(arg "" "CORPUS" "SOURCES;LINK" ${ARGN})
	if(NOVA_FUZZ)
		add_executable(${name} ${arg_SOURCES})
		target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
		target_link_options(${name} PRIVATE -fsanitize=fuzzer)
	else()
		add_executable(${name} ${arg_SOURCES} ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
		add_test(NAME ${name} COMMAND ${name} ${arg_CORPUS})
		set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 600)
	endif()
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	target_link_libraries(${name} PRIVATE nova_flags ${arg_LINK})
endfunction()
