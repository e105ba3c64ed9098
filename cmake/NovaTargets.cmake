# Flags live on interface targets; nothing edits CMAKE_C_FLAGS.

option(NOVA_WERROR "Treat warnings as errors" OFF)
option(NOVA_FUZZ "Build the fuzz targets with libFuzzer" OFF)
set(NOVA_SANITIZE "" CACHE STRING "Sanitizers, as in -fsanitize=")

add_library(nova_warnings INTERFACE)
target_compile_options(nova_warnings INTERFACE
	-Wall -Wextra -Wshadow -Wpointer-arith -Wcast-qual -Wstrict-prototypes
	-Wmissing-prototypes -Wold-style-definition -Wwrite-strings -Wvla
	-Wformat=2 -Wundef -Wconversion -Wno-sign-conversion
	$<$<C_COMPILER_ID:GNU>:-Wlogical-op -Wduplicated-cond -Wno-format-truncation>
	$<$<BOOL:${NOVA_WERROR}>:-Werror>)

add_library(nova_hardening INTERFACE)
target_compile_options(nova_hardening INTERFACE
	-fno-strict-aliasing -fno-common -fstack-protector-strong -fPIE
	$<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2>)
target_link_options(nova_hardening INTERFACE -pie -Wl,-z,relro,-z,now)

add_library(nova_sanitize INTERFACE)
if(NOVA_SANITIZE)
	target_compile_options(nova_sanitize INTERFACE
		-fsanitize=${NOVA_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
	target_link_options(nova_sanitize INTERFACE -fsanitize=${NOVA_SANITIZE})
endif()

if(NOVA_FUZZ)
	# The code under test reports its coverage, not only the target's own file.
	target_compile_options(nova_sanitize INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(nova_flags INTERFACE)
target_compile_definitions(nova_flags INTERFACE _GNU_SOURCE)
target_link_libraries(nova_flags INTERFACE nova_warnings nova_hardening nova_sanitize)

# nova_library(name SOURCES ... [LINK ...]): a static library whose headers are
# included as "name.h" by those who link it.
function(nova_library name)
	cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
	add_library(${name} STATIC ${arg_SOURCES})
	target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
	target_link_libraries(${name} PRIVATE nova_flags PUBLIC ${arg_LINK})
endfunction()

# nova_program(name SOURCES ... [LINK ...]): an executable in build/<preset>/bin.
function(nova_program name)
	cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
	add_executable(${name} ${arg_SOURCES})
	target_link_libraries(${name} PRIVATE nova_flags ${arg_LINK})
	install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endfunction()
