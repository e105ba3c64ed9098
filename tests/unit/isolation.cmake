nova_unit(test_conf_isolation SOURCES test_conf_isolation.c LINK nova_config)
foreach(name IN ITEMS sandbox seccomp)
	nova_unit(test_${name} SOURCES test_${name}.c LINK nova_sup)
endforeach()
# Directories of a made-up hierarchy get their files when they are made.
nova_unit(test_cgroup SOURCES test_cgroup.c LINK nova_sup)
if(TARGET test_cgroup)
	target_link_options(test_cgroup PRIVATE -Wl,--wrap=mkdir)
endif()
