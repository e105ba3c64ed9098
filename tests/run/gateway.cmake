# nova-gateway with a stand-in for the engine, and in a fleet.
foreach(name IN ITEMS gateway_hostile gateway_senders gateway_torture)
	nova_run(${name} ${name} TIMEOUT 900)
endforeach()
