# What a worker may see, do and use.
foreach(name IN ITEMS iso_view iso_user iso_limits iso_env)
	nova_run(${name} ${name} TIMEOUT 300)
endforeach()
