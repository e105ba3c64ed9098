# Whether a worker is ready, healthy, hung: probes, watchdog.
foreach(name IN ITEMS watch_own_time ready_ways health_checks)
	nova_run(${name} ${name} TIMEOUT 600)
endforeach()
