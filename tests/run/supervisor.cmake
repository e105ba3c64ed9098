# novasupd and nova-logger, with a stand-in for the engine (sup_engine.py).
foreach(name IN ITEMS sup_tree sup_death sup_links sup_policy sup_setting sup_reopen sup_moments)
	nova_run(${name} ${name} TIMEOUT 600)
endforeach()
