nova_unit(test_conf_budget SOURCES test_conf_budget.c LINK nova_config)
nova_unit(test_caps SOURCES test_caps.c LINK nova_engine)
nova_unit(test_runner_gate SOURCES test_runner_gate.c LINK nova_runner)
nova_unit(test_gate SOURCES test_gate.c LINK nova_engine)
