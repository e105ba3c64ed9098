# shellcheck shell=bash
. "$NOVA_SOURCE/tests/run/docs/vendor.sh"

before()
{
	mkdir -p ~/.config/nova/workers.d ~/.config/nova/secrets
	cd ~/.config/nova || return
	vendor telegram NOVA_ALERTS_TELEGRAM_BASE_URL || return
	# What takes half a minute there.
	export NOVA_ALERTS_EVERY=1s
}

at_what_is_left()
{
	printf 42:telegramsecret >secrets/telegram_bot_token
	chmod 600 secrets/telegram_bot_token
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
}

finally()
{
	novactl shutdown
	vendors_end
}
