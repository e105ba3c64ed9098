nova_fuzz(fuzz_ctl_deploy SOURCES fuzz_ctl_deploy.c LINK nova_ctl
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_ctl_deploy)
