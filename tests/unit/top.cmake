nova_unit(test_top_model SOURCES test_top_model.c LINK nova_ctl)
nova_unit(test_top_ui SOURCES test_top_ui.c LINK nova_ctl)
