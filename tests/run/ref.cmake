nova_run(ref_schema ref_schema)
nova_run(ref_calls ref_calls)
nova_run(ref_shells ref_shells)
