# Many short processes: what they are made of is under sanitizers in unit tests and ctl_fakes.
if(NOT NOVA_SANITIZE)
	nova_run(ref_schema ref_schema)
	nova_run(ref_calls ref_calls)
	nova_run(ref_shells ref_shells)
endif()
