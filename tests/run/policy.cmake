nova_run(policy_decisions policy_decisions TIMEOUT 300)
