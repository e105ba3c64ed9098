# novasupd cannot be lost: killed at any moment, and replaced by another binary.
nova_run(root_kill root_kill TIMEOUT 900)
nova_run(root_reexec root_reexec)
nova_run(root_edges root_edges)
