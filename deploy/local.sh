# shellcheck shell=bash
# `deploy.sh local`: Nova from this checkout, in the background. Sourced by deploy.sh.
# shellcheck disable=SC2154 # variables of deploy/lib.sh

bin=${NOVA_BIN:-$PWD/build/release/bin}

target_help()
{
	cat <<'END'
usage: ./deploy.sh local [start|stop|restart|logs|status]

Runs what is built here, in the background. As root the places are those of an installation,
/etc/nova, /var/lib/nova, /run/nova and /var/log/nova; as an ordinary user the XDG
directories. NOVA_CONFIG, NOVA_STATE_DIR, NOVA_RUN_DIR and NOVA_LOG_DIR change them.

  start    install what is missing, build, check the configuration (without one: etc/nova.yaml,
           a fleet without workers, is copied there), start, wait until `novactl health` is
           content. A Nova that runs already goes on as what was built: no agent restarts.
  stop     stop the fleet; ends when no process of it is left
  restart  stop, then start
  logs     the last lines of every agent, and what comes
  status   novactl status and health; 1: not healthy, 3: it does not run

NOVA_START_S, 60, is how many seconds a start may take. NOVA_BIN names a directory with programs
that are built already: nothing is installed or built then.
END
}

ctl()
{
	"$bin/novactl" "$@"
}

# places: config=, logs=, as novasupd itself finds them.
places()
{
	local base
	if [ "$(id -u)" -eq 0 ]; then
		config=${NOVA_CONFIG:-/etc/nova/nova.yaml}
		logs=${NOVA_LOG_DIR:-/var/log/nova}
	else
		base=${XDG_STATE_HOME:-$HOME/.local/state}
		config=${NOVA_CONFIG:-${XDG_CONFIG_HOME:-$HOME/.config}/nova/nova.yaml}
		logs=${NOVA_LOG_DIR:-$base/nova/log}
	fi
}

programs()
{
	[ -z "${NOVA_BIN-}" ] || return 0
	install_missing "$packages_build"
	build release || die 4 "the build failed; see above"
}

built()
{
	[ -x "$bin/novactl" ] || die 3 "nothing is built here yet: ./deploy.sh local start"
}

checked()
{
	"$bin/novasupd" --check --config "$config" || die 2 "$config is not valid; see above"
}

# Whatever its state: only "there is nothing" is 3.
runs()
{
	local rc=0
	ctl health --live >/dev/null 2>&1 || rc=$?
	[ "$rc" -ne 3 ]
}

configure()
{
	[ ! -e "$config" ] || return 0
	say "there is no $config: begins with the defaults, and without workers"
	mkdir -p -- "$(dirname -- "$config")/workers.d"
	cp -- etc/nova.yaml "$config"
}

target_start()
{
	local config logs pid=0
	places
	programs
	configure
	checked
	if runs; then
		say "Nova runs already: it goes on as what was built just now"
		ctl daemon-reexec || die 4 "it did not; the old one runs on"
	else
		mkdir -p -- "$logs"
		setsid "$bin/novasupd" --config "$config" </dev/null >>"$logs/novasupd.out" 2>&1 &
		pid=$!
	fi
	if ! until_healthy "${NOVA_START_S:-60}" "$pid" ctl health; then
		tail -n 20 -- "$logs/novasupd.out" >&2 || true
		die 4 "Nova is not healthy; above is why, and the end of $logs/novasupd.out"
	fi
	ctl status
	say "Nova runs. Put $bin into PATH, workers into $(dirname -- "$config")/workers.d"
}

target_stop()
{
	built
	runs || { say "Nova does not run"; return 0; }
	ctl shutdown || die 4 "the stop did not end; novactl status shows what is left"
}

target_restart()
{
	local config logs
	built
	places
	configure
	checked
	target_stop
	target_start
}

target_logs()
{
	built
	ctl logs --all -f
}

target_status()
{
	local rc=0
	built
	ctl status || rc=$?
	ctl health || rc=$?
	return "$rc"
}
