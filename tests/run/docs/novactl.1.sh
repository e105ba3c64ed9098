# shellcheck shell=bash
before()
{
	mkdir -p ~/.config/nova/workers.d ~/.config/nova/agents
	cd ~/.config/nova || return
	echo 'currency: USD' >nova.yaml
	printf 'worker: email_agent\nkind: service\ncommand: [sleep, "1000"]\n' >workers.d/email_agent.yaml
	echo 'pass' >agents/greeter.py
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
}

finally()
{
	novactl workers status email_agent | grep -q stopped
	# shellcheck disable=SC2016 # money
	novactl config show workers.greeter.budget.daily | grep -qF '$5'
}
