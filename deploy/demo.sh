# shellcheck shell=bash
# `deploy.sh demo`: the example fleet, in the foreground. Sourced by deploy.sh.
# shellcheck disable=SC2154 # variables of deploy/lib.sh

# A port of loopback where nobody listens: 5001, or the next one.
free_port()
{
	local port
	for port in {5001..5099}; do
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
			echo "$port"
			return
		fi
	done
	die 4 "every port from 5001 to 5099 is taken; one is needed for the dashboard"
}

target_demo()
{
	local dir bin port token
	install_missing "$packages_build" "$packages_demo"
	build release || die 4 "the build failed; see above"
	bin=$PWD/build/release/bin
	if [ -n "${NOVA_DEMO_DIR-}" ]; then
		mkdir -p -- "$NOVA_DEMO_DIR"
		dir=$(cd -- "$NOVA_DEMO_DIR" && pwd)
	else
		dir=$(mktemp -d "${TMPDIR:-/tmp}/nova-demo.XXXXXX")
	fi
	mkdir -p -- "$dir/state" "$dir/run" "$dir/log"
	"$bin/novasupd" --check --config etc/examples/nova.yaml ||
		die 2 "the example configuration is not valid; see above"
	port=$(free_port)
	token=$("$bin/novactl" --state-dir "$dir/state" token create \
		"demo-$(date +%Y%m%d-%H%M%S)" --role admin --expires 7d | head -n 1)
	cat <<END

  The example fleet starts now, in the foreground. Ctrl-C stops all of it.

  The dashboard, in a browser on this machine:
    http://127.0.0.1:$port/
    log in with this token, which may do everything and ends in a week:
    $token

  In another terminal:
    cd $PWD
    export NOVA_RUN_DIR=$dir/run NOVA_STATE_DIR=$dir/state NOVA_LOG_DIR=$dir/log
    export NOVA_CONFIG=$PWD/etc/examples/nova.yaml PATH="$bin:\$PATH"
    novactl status                    the whole fleet
    novactl top                       the same, live; ? shows the keys
    novactl workers status            each worker: state, runs, money
    novactl decisions                 what was decided, and why
    novactl approvals                 what waits for you; then: novactl approve ID
    novactl events -f                 money as it moves
    novactl token create me --role readonly    another token
    novactl ledger verify             recompute every balance and hash
    ps -eo pid,ppid,args --forest     the same fleet as processes

  Within two minutes: a worker is scaled up, one is killed for losing money, one
  crashes, is restarted and has to cool down, and one scale-up waits for approval.

  Ledger: $dir/state    logs: $dir/log    (kept after the end)

END
	# This process becomes novasupd: Ctrl-C reaches it and nothing stands between.
	export NOVA_GATEWAY_LISTEN=127.0.0.1:$port
	exec "$bin/novasupd" --config etc/examples/nova.yaml \
		--state-dir "$dir/state" --run-dir "$dir/run" --log-dir "$dir/log"
}
