# Promises of nova-runner, libnova and the example workers.
nova_run(workers_runner workers_runner)
nova_run(workers_examples workers_examples)
nova_run(workers_sdk workers_sdk)
nova_run(workers_fleet workers_fleet)
