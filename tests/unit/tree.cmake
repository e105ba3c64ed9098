nova_unit(test_tree SOURCES test_tree.c LINK nova_sup)
nova_unit(test_tree_call SOURCES test_tree_call.c LINK nova_sup)
