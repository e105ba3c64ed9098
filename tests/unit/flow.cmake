nova_unit(test_conf_depends SOURCES test_conf_depends.c LINK nova_config)
nova_unit(test_deps SOURCES test_deps.c LINK nova_sup)
nova_unit(test_gate_sim SOURCES test_gate_sim.c LINK nova_sup)
nova_unit(test_storm SOURCES test_storm.c LINK nova_sup)
