# shellcheck shell=bash
# The examples as the workers that they are.
before()
{
	mkdir -p ~/.config/nova/workers.d
	cd ~/.config/nova || return
	# So that nothing else costs anything.
	echo 'prices: {cpu_second: 0 USD, gib_hour: 0 USD}' >nova.yaml
}

finally()
{
	printf '#!/bin/sh\nsend_mail() { :; }\n' | cat - asking.sh >asking
	printf '#!/bin/sh\necho 1.50\n' >sell_something
	chmod +x asking sell_something task.sh
	printf 'worker: asking\nkind: service\nrestart: temporary\ncommand: [./asking]\n' >workers.d/asking.yaml
	printf 'worker: task\nrun_interval: 1h\ncommand: [./task.sh]\n' >workers.d/task.yaml
	printf 'worker: service\nkind: service\nready: event\ncommand: [python3, service.py]\n' \
		>workers.d/service.yaml
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
	until figures && [ "$(figures)" = '0.07 0.00
0.002 0.00
0.05 1.50' ]; do
		sleep 0.2
	done
	novactl quarantine | grep -q 'nothing is in quarantine'
}

# What the three have cost and earned, by name.
figures()
{
	novactl workers status --json | jq -r '.workers[].metrics | .cost + " " + .revenue'
}
