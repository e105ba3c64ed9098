# shellcheck shell=bash
# The example fleet of deploy.sh, and one more for the agent of the page.
before()
{
	export NOVA_CONFIG=$NOVA_SOURCE/etc/examples/nova.yaml
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
}

at_write_an_agent()
{
	novactl shutdown
	wait
	export NOVA_CONFIG=~/.config/nova/nova.yaml
	mkdir -p ~/.config/nova/workers.d
	cd ~/.config/nova || return
	echo 'gateway: {listen: "127.0.0.1:0"}' >nova.yaml
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
}

word_286()
{
	novactl approvals --json | jq -r '.approvals[0].id'
}

word_5001()
{
	cut -d: -f2 "$NOVA_RUN_DIR/gateway.addr"
}
