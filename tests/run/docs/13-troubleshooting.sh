# shellcheck shell=bash disable=SC2016 # dollars are money
# Makes each failure of the chapter happen.

# agent NAME MORE-OF-ITS-FILE
agent()
{
	printf 'worker: %s\n%s\n' "$@" >"workers.d/$1.yaml"
}

# command that says a line to Nova
says()
{
	printf "[sh, -c, 'echo \"%s\" >&3']" "${1//\"/\\\"}"
}

fleet_end()
{
	if novactl shutdown >/dev/null 2>&1; then
		wait || :
	fi
}

# fresh SETTINGS-OF-NOVA.YAML: an empty fleet that does not run yet
fresh()
{
	fleet_end
	cd ~ || return
	rm -rf ~/.config/nova "$NOVA_STATE_DIR" "$NOVA_LOG_DIR"
	mkdir -p ~/.config/nova/workers.d ~/.config/nova/agents ~/.config/nova/secrets "$NOVA_STATE_DIR"
	cd ~/.config/nova || return
	printf '%s\n' "${1-currency: USD}" >nova.yaml
}

fleet()
{
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
}

before()
{
	fresh
}

COST='{"event":"cost","amount":"0.02"}'

at_nothing_answers()
{
	printf 'worker: mail\ncommand: [agents/mail.sh]\nrun_intervall: 1s\nbudget: {daily: 5}\n' \
		>workers.d/mail.yaml
}

at_already_running()
{
	fresh
	fleet
}

at_an_agent_crashes_again_and_again()
{
	fresh
	agent fragile "kind: service
command: [sh, -c, 'echo the shop does not answer >&2; exit 7']
crashes: {max: 2, cooldown: 0s, backoff: 100ms..100ms}"
	fleet
}

at_every_run_fails()
{
	fresh
	agent mail 'command: [agents/mail.sh]
run_interval: 1s'
	printf "#!/bin/sh\necho '%s' >&3\n" "$COST" >agents/mail.sh
	fleet
}

at_it_runs_but_nothing_is_in_the_books()
{
	fresh
	agent silent "command: [sh, -c, 'echo \"${COST//\"/\\\"}\"; echo sold one']
run_interval: 1s"
	agent garbage "command: [sh, -c, 'echo \"{\\\"event\\\":\\\"cost\\\",\\\"amount\\\":\\\"1,20\\\"}\" >&3; echo \"{\\\"event\\\":\\\"sale\\\",\\\"amount\\\":\\\"1\\\"}\" >&3; echo \"cost 0.02\" >&3']
run_interval: 1s"
	fleet
}

at_an_agent_hangs()
{
	fresh
	agent hang 'kind: service
command: [sleep, "1000"]
heartbeat: {every: 500ms, timeout: 2s}'
	fleet
}

at_nothing_starts_any_more()
{
	fresh
	agent mail "command: $(says "$COST")"
	fleet
	novactl stop-everything --reason "going on holiday"
}

at_an_agent_stands_still_with_money_left()
{
	fresh
	agent spender "command: $(says '{"event":"cost","amount":"0.40"}')
run_interval: 1s
budget: {daily: \$1}"
	fleet
}

at_an_approval_is_gone()
{
	fresh 'approval_above: $5
autonomous: {enabled: true, interval: 1s, approval_expiry: 1s}'
	agent mail 'command: [sleep, "1000"]
run_interval: 1h
stop: {grace: 1s}
instances: {start: 1, max: 8}
expected: {sale: $20}'
	"$NOVA_TESTS/decide_past" "$NOVA_STATE_DIR/ledger" 720 mail:1:500000000:4:20000000000:7200:0
	fleet
	novactl autonomous run
	until novactl decisions | grep -q expired; do
		sleep 0.2
	done
}

word_1658()
{
	novactl decisions --json | jq -r '.decisions[-1].id'
}

# post HEADERS...: a webhook of the shop
post()
{
	local sale='{"event":"revenue","id":"order-17","amount":"12.50"}'
	curl -s -H 'Content-Type: application/json' "$@" -d "$sale" \
		"http://$(head -n 1 "$NOVA_RUN_DIR/gateway.addr")/webhooks/custom/shop"
}

at_a_webhook_is_refused()
{
	fresh 'gateway: {listen: "127.0.0.1:0", webhooks: {shop: {header: X-Signature, prefix: "sha256="}, other: {header: X-Signature}}}'
	openssl rand -hex 32 >secrets/webhook_shop
	chmod 600 secrets/webhook_shop
	fleet
	post
	post -H "X-Signature: sha256=$(printf %064d 0)"
	curl -s -H 'Content-Type: application/json' -d '{}' \
		"http://$(head -n 1 "$NOVA_RUN_DIR/gateway.addr")/webhooks/custom/other"
}

at_a_platform_does_not_start()
{
	fresh 'platforms: {stripe: {base_url: "http://127.0.0.1:9", poll: 1h}}'
	echo sk_test_x >secrets/stripe_api_key
	chmod 644 secrets/stripe_api_key
	novasupd >~/nova.log 2>&1 &
}

at_the_port_is_taken()
{
	fresh
	python3 -c 'import signal, socket
s = socket.create_server(("127.0.0.1", 0))
open("port.new", "w").write(str(s.getsockname()[1]))
__import__("os").rename("port.new", "port")
signal.pause()' &
	taker=$!
	until [ -f port ]; do
		sleep 0.1
	done
	echo "gateway: {listen: \"127.0.0.1:$(cat port)\"}" >nova.yaml
	novasupd >~/nova.log 2>&1 &
}

at_a_model_without_a_price()
{
	kill "$taker"
	fresh
	cp "$NOVA_SOURCE/etc/prices/data.json" prices.json
	fleet
}

# A small disk of its own, where this machine lets us; 77: it does not.
at_the_disk_is_full()
{
	fresh 'engine_away: 2s'
	agent mail "command: $(says "$COST")
run_interval: 1s"
	mount -t tmpfs -o size=48m tmpfs "$NOVA_STATE_DIR" || return 77
	disk=yes
	fleet
	dd if=/dev/zero of="$NOVA_STATE_DIR/fill" bs=64k || :
}

signal_to()
{
	kill "-$1" "$(novactl status --json | jq ".processes[] | select(.name == \"$2\").pid")"
}

at_the_engine_hangs()
{
	fleet_end
	[ -z "${disk-}" ] || umount "$NOVA_STATE_DIR"
	disk=
	fresh
	agent mail "command: $(says "$COST")
run_interval: 1s"
	fleet
	signal_to STOP nova-engine
	# Something that novasupd tells the engine: it asks sooner then whether that is alive.
	kill "$(novactl workers status mail --json 2>/dev/null | jq '.workers[0].instances[0].pid')"
}

at_a_process_of_nova_was_killed()
{
	fresh
	fleet
	signal_to KILL nova-engine
	novactl health --wait 1m
	signal_to KILL novasupd
}

at_the_clock_was_wrong()
{
	fresh
	agent mail 'command: [sleep, "1000"]
run_interval: 1h
stop: {grace: 1s}'
	DECIDE_PAST_AHEAD_S=259200 "$NOVA_TESTS/decide_past" "$NOVA_STATE_DIR/ledger" 24 \
		mail:1:500000000:0:0:0:0
	fleet
}

at_the_ledger_does_not_verify()
{
	fresh
	agent mail "command: $(says "$COST")
run_interval: 1s"
	fleet
	until novactl events --worker mail | grep -q cost; do
		sleep 0.1
	done
	fleet_end
	novactl ledger backup ~/good.mdb
	sed -i 's/"amount":"0.02"/"amount":"9.02"/g' "$NOVA_STATE_DIR/ledger/ledger.mdb"
}

at_upgrade_refused()
{
	fresh
	fleet
}

finally()
{
	fleet_end
	[ -z "${disk-}" ] || umount "$NOVA_STATE_DIR"
}
