nova_unit(test_nv_cli SOURCES test_nv_cli.c LINK nova_core)
nova_unit(test_nv_option_facts SOURCES test_nv_option_facts.c LINK nova_config)
nova_unit(test_ref_text SOURCES test_ref_text.c LINK nova_ctl)
