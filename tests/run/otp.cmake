# The cases of OTP's supervisor_SUITE with real processes: docs/OTP.md.
add_executable(otp_agent otp_agent.c)
set_target_properties(otp_agent PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
target_link_libraries(otp_agent PRIVATE nova_flags)
foreach(name IN ITEMS otp_start otp_stop otp_calls otp_exit otp_restart otp_significant
		otp_crash)
	nova_run(${name} ${name} TIMEOUT 900)
endforeach()
