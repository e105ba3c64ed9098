# shellcheck shell=bash
# `deploy.sh systemd`: Nova as a service of this machine, from the Debian package. Sourced by
# deploy.sh.
# shellcheck disable=SC2154 # variables of deploy/lib.sh

# shellcheck source=deploy/package.sh
. deploy/package.sh

target_help()
{
	cat <<'END'
usage: ./deploy.sh systemd [start|stop|restart|logs|status]

Installs the Debian package of this tree and runs nova.service: the account nova, configuration
in /etc/nova, the ledger in /var/lib/nova, logs in /var/log/nova. Needs root or sudo.

  start    make and install the package unless just this one is installed (a Nova that runs goes
           on as the new version: no agent restarts), check the configuration, enable and start
           the service, wait until `novactl health` is content
  stop     stop it; ends when no process of it is left. It starts again with the machine, unless
           you say: systemctl disable nova
  restart  check the configuration, stop, start, wait until it is healthy
  logs     what Nova has in the journal and what agents print, and what comes
  status   novactl status and health; 1: not healthy, 3: it does not run

NOVA_PACKAGE names a package that is made already: nothing is built then. NOVA_START_S, 60, is how
many seconds a start may take.
END
}

need_systemd()
{
	[ -d /run/systemd/system ] || die 4 "systemd does not run this machine"
}

need_nova()
{
	need_systemd
	command -v novactl >/dev/null || die 3 "Nova is not installed: ./deploy.sh systemd start"
}

# The very package that is installed, whatever its version says.
is_installed()
{
	local sums=/var/lib/dpkg/info/nova.md5sums
	[ -e "$sums" ] && installed nova &&
		dpkg-deb --ctrl-tarfile "$1" | tar -xO ./md5sums | cmp -s - "$sums"
}

install_package()
{
	local package=${NOVA_PACKAGE-}
	[ -n "$package" ] || package_file
	package=$(realpath -e -- "$package") || die 2 "there is no package ${NOVA_PACKAGE-}"
	if is_installed "$package"; then
		say "this package is installed already"
		return 0
	fi
	say "installing $package"
	apt_install -o Dpkg::Options::=--force-confold "$package" ||
		die 4 "the package cannot be installed; above is why"
}

checked()
{
	as_root novactl config check || die 2 "the configuration is not valid; see above"
}

# proven WHAT: healthy, or the reason why not.
proven()
{
	if ! until_healthy "${NOVA_START_S:-60}" 0 as_root novactl health; then
		as_root journalctl --no-pager -q -u nova -n 20 -o cat >&2 || true
		die 4 "Nova is not healthy; above is why, and the end of its journal"
	fi
	as_root novactl status
	say "$1"
}

target_start()
{
	need_systemd
	install_package
	checked
	as_root systemctl -q enable nova
	as_root systemctl start --no-block nova # whether it comes up is asked below
	proven "Nova runs. Workers belong into /etc/nova/workers.d; then: systemctl reload nova"
}

target_stop()
{
	local result
	need_nova
	case $(systemctl show -P ActiveState nova) in
	inactive | failed)
		say "Nova does not run"
		return 0
		;;
	esac
	as_root systemctl stop nova
	result=$(systemctl show -P ActiveState nova)/$(systemctl show -P Result nova)
	[ "$result" = inactive/success ] ||
		die 4 "it had to be killed or failed ($result): journalctl -u nova"
	say "Nova is stopped"
}

target_restart()
{
	need_nova
	checked
	target_stop
	as_root systemctl start --no-block nova
	proven "Nova runs again"
}

target_logs()
{
	local journal
	need_nova
	as_root journalctl --no-pager -q -u nova -n 20 -f &
	journal=$!
	# shellcheck disable=SC2064 # the pid as it is now
	trap "kill $journal 2>/dev/null || true" EXIT
	as_root novactl logs --all -f
}

target_status()
{
	local said rc=0
	need_nova
	as_root novactl status || rc=$?
	said=$(as_root novactl health) || rc=$?
	printf '%s\n' "$said"
	return "$rc"
}
