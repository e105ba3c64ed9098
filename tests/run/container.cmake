# Nova's image, run by podman. They test how it is packed and run, which sanitizers do not change.
# Whoever comes first builds package and image for all.
if(NOT NOVA_SANITIZE)
	foreach(name IN ITEMS container_compose container_deploy container_image container_kill container_run)
		nova_run(${name} ${name} TIMEOUT 1800)
	endforeach()
endif()
