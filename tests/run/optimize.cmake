nova_run(optimize_split optimize_split TIMEOUT 300)
