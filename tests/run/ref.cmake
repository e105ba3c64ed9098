nova_run(ref_schema ref_schema)
nova_run(ref_calls ref_calls)
