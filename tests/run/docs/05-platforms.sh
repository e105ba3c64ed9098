# shellcheck shell=bash
. "$NOVA_SOURCE/tests/run/docs/vendor.sh"

before()
{
	mkdir -p ~/.config/nova/workers.d
	cd ~/.config/nova || return
	vendor stripe NOVA_PLATFORMS_STRIPE_BASE_URL || return
	vendor sendgrid NOVA_PLATFORMS_SENDGRID_BASE_URL || return
	# What takes five minutes there; and any port that is free.
	export NOVA_PLATFORMS_STRIPE_POLL=1s NOVA_GATEWAY_LISTEN=127.0.0.1:0
}

word_5001()
{
	cut -d: -f2 "$NOVA_RUN_DIR/gateway.addr"
}

word_pi_00000005()
{
	novactl platform stripe payments.list --json | jq -r '.data[0].id'
}

finally()
{
	novactl shutdown
	vendors_end
}
