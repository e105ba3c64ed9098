nova_run(ref_schema ref_schema)
