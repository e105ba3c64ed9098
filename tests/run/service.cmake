# Nova under a real systemd, booted for the test. They test the installation, which sanitizers
# do not change.
if(NOT NOVA_SANITIZE)
	nova_run(service_life service_life)
	nova_run(service_lost service_lost)
	nova_run(service_deploy service_deploy)
endif()
