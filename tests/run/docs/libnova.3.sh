# shellcheck shell=bash
before()
{
	mkdir -p ~/.config/nova/workers.d
	cd ~/.config/nova || return
	echo 'currency: USD' >nova.yaml
}

finally()
{
	cc -std=gnu17 -Wall -Wextra -Werror -I "$NOVA_SOURCE/workers/sdk" -o agent agent.c \
		"$(find "${NOVA_TESTS%/tests}" -name libnova.a | head -n 1)"
	printf 'worker: seller\nkind: service\nready: event\ncommand: [./agent]\n' >workers.d/seller.yaml
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
	until [ "$(novactl revenue seller --period all --json | jq -r .total)" != 0.00 ]; do
		sleep 0.2
	done
	novactl workers pause seller
	novactl workers stop seller
	novactl why seller | grep -q '^seller#1 was stopped by'
}
