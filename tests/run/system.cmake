# Sections of nova.yaml that run as processes: with stand-ins for the programs.
foreach(name IN ITEMS system_workers system_money system_orders)
	nova_run(${name} ${name} TIMEOUT 300)
endforeach()
