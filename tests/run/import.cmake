# novactl import.
nova_run(import_novaos import_novaos)
nova_run(import_killed import_killed)
nova_run(import_damaged import_damaged)
nova_run(import_env import_env)
