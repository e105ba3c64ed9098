nova_unit(test_ctl_args SOURCES test_ctl_args.c LINK nova_ctl)
nova_unit(test_ctl_text SOURCES test_ctl_text.c LINK nova_ctl)
nova_unit(test_ctl_deploy SOURCES test_ctl_deploy.c LINK nova_ctl)
nova_unit(test_ctl_wait SOURCES test_ctl_wait.c LINK nova_ctl)
