nova_run(policy_decisions policy_decisions TIMEOUT 300)
nova_run(currency_iso currency_iso TIMEOUT 300)
