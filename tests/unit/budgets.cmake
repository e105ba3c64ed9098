nova_unit(test_conf_budget SOURCES test_conf_budget.c LINK nova_config)
nova_unit(test_caps SOURCES test_caps.c LINK nova_engine)
