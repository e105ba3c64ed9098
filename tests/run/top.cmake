nova_run(top_screen top_screen)
nova_run(top_approve top_approve)
