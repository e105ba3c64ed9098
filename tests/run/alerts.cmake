nova_run(alerts_say alerts_say)
