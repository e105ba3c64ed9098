nova_unit(test_tree SOURCES test_tree.c LINK nova_sup)
nova_unit(test_tree_call SOURCES test_tree_call.c LINK nova_sup)
nova_unit(test_conf_groups SOURCES test_conf_groups.c LINK nova_config)
nova_unit(test_instance_tree SOURCES test_instance_tree.c LINK nova_sup)
