nova_unit(test_conf_budget SOURCES test_conf_budget.c LINK nova_config)
