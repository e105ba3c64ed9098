# shellcheck shell=bash
# `deploy.sh cloud`: Nova on any Debian machine that ssh reaches, as its package; or the image in
# any registry. Sourced by deploy.sh.

# shellcheck source=deploy/image.sh
. deploy/image.sh
# shellcheck source=deploy/package.sh
. deploy/package.sh

# shellcheck disable=SC2034 # of image_fleet
default_config=deploy/aws/etc
patience=${NOVA_START_S:-120}
packages_cloud='
openssh-client:reaches the machine'

target_help()
{
	cat <<'END'
usage: ./deploy.sh cloud [start|stop|restart|logs|status]

With NOVA_CLOUD_HOST: Nova as a service on a Debian 12 machine, by its package.
With NOVA_REGISTRY: the image of Nova and its fleet, built and pushed; the verb is start.

  start    copy and install the package (a fleet that runs there goes on, no agent restarts),
           copy the configuration if one is named, start the service, wait for its health
  stop     stop the service; ledger and logs stay
  restart  stop, then start
  logs     what Nova said, then the lines of every agent as they come
  status   novactl status

NOVA_CLOUD_HOST        USER@MACHINE, or a name of your ssh configuration; root, or one whom sudo
                       does not ask. Its host key must be known: ssh there once by hand
NOVA_CLOUD_SSH_CONFIG  another file than ~/.ssh/config (port, key, proxy)
NOVA_PACKAGE           a nova_*.deb; without it the package of this tree is built
NOVA_DEPLOY_CONFIG     directory with nova.yaml and workers.d, copied to /etc/nova
NOVA_CLOUD_SECRETS     directory with one file per secret, copied to /etc/nova/secrets
NOVA_REGISTRY          REGISTRY/NAME:TAG
NOVA_IMAGE             image to put the fleet on, instead of building one from this tree
NOVA_DEPLOY_AGENTS     directory with your agents' programs, in that image /opt/agents
NOVA_START_S           how many seconds a start may take (120)
END
}

# Words as any shell reads them again.
quoted()
{
	local word
	for word in "$@"; do
		printf " '%s'" "${word//\'/\'\\\'\'}"
	done
}

# remote COMMAND...: words as they are, whatever is in them, as root there.
remote()
{
	local options=(-o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=20)
	[ -z "${NOVA_CLOUD_SSH_CONFIG-}" ] || options+=(-F "$NOVA_CLOUD_SSH_CONFIG")
	ssh "${options[@]}" -- "$NOVA_CLOUD_HOST" "$become$(quoted "$@")"
}

# Which machine, and how to be root there; sets `become`.
machine()
{
	local uid rc=0
	[ -n "${NOVA_CLOUD_HOST-}" ] || {
		[ -z "${NOVA_REGISTRY-}" ] || die 2 "with NOVA_REGISTRY there is start only: what runs the image has its own verbs"
		die 2 "set NOVA_CLOUD_HOST or NOVA_REGISTRY; see: ./deploy.sh cloud help"
	}
	command -v ssh >/dev/null 2>&1 || install_missing "$packages_cloud"
	become=
	uid=$(remote id -u) || rc=$?
	[ "$rc" -ne 255 ] || die 4 "ssh does not reach $NOVA_CLOUD_HOST; above is why"
	if [ "$uid" != 0 ]; then
		become='sudo -n'
		remote true || die 4 "$NOVA_CLOUD_HOST: neither root nor sudo without a question"
	fi
}

installed_there()
{
	remote sh -c 'command -v novactl' >/dev/null 2>&1
}

running_there()
{
	installed_there || die 3 "Nova is not installed on $NOVA_CLOUD_HOST"
	remote systemctl --quiet is-active nova.service ||
		die 3 "Nova does not run on $NOVA_CLOUD_HOST"
}

# This tree's package, unless one is named; sets `package`.
find_package()
{
	package=${NOVA_PACKAGE-}
	if [ -z "$package" ]; then
		package_file
	fi
	[ -f "$package" ] || die 2 "there is no package $package"
}

# Reads a tar from standard input into a directory there; nobody else can read what it has.
unpack_there()
{
	local into=$1 mode=$2
	# shellcheck disable=SC2016 # for the shell there
	remote sh -c 'umask 077; mkdir -p "$1" && tar -x -C "$1" --no-same-owner --no-same-permissions &&
		chmod -R "$2" "$1" && chown -R root:nova "$1"' sh "$into" "$mode"
}

install_there()
{
	local arch there dir
	arch=$(dpkg-deb --field "$package" Architecture) || die 4 "$package is no package"
	there=$(remote dpkg --print-architecture) ||
		die 4 "$NOVA_CLOUD_HOST has no dpkg: only Debian machines are known here"
	[ "$arch" = "$there" ] || die 4 "$package is for $arch, $NOVA_CLOUD_HOST is $there"
	dir=$(remote mktemp -d) || die 4 "$NOVA_CLOUD_HOST: no temporary directory"
	say "copying ${package##*/}"
	# shellcheck disable=SC2016 # for the shell there
	remote sh -c 'chmod 755 "$1" && cat >"$1/nova.deb"' sh "$dir" <"$package" ||
		die 4 "the package could not be copied"
	say "installing it"
	remote env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 \
		-o Dpkg::Options::=--force-confold \
		install --no-install-recommends --reinstall --allow-downgrades "$dir/nova.deb" </dev/null || {
		remote rm -rf -- "$dir"
		die 4 "the package could not be installed; above is why"
	}
	remote rm -rf -- "$dir"
}

# What is not valid is seen before anything is replaced.
configure_there()
{
	local config=${NOVA_DEPLOY_CONFIG-} secrets=${NOVA_CLOUD_SECRETS-} new=/etc/nova/.new
	if [ -n "$secrets" ]; then
		[ -d "$secrets" ] || die 2 "$secrets is no directory"
		tar -c -C "$secrets" . | unpack_there /etc/nova/secrets u=rwX,g=rX,o= ||
			die 4 "the secrets could not be copied"
	fi
	[ -n "$config" ] || return 0
	[ -f "$config/nova.yaml" ] || die 2 "$config has no nova.yaml"
	tar -c -C "$config" --exclude ./secrets --exclude ./.env . |
		unpack_there "$new" u=rwX,g=rX,o=rX || die 4 "the configuration could not be copied"
	if ! remote novasupd --check --config "$new/nova.yaml"; then
		remote rm -rf -- "$new"
		die 2 "the configuration in $config is not valid; nothing was changed"
	fi
	# shellcheck disable=SC2016 # for the shell there
	remote sh -c 'mkdir -p "$1/workers.d" && cd /etc/nova && rm -rf workers.d &&
		cp -R "$1/." . && rm -rf "$1"' sh "$new" || die 4 "the configuration could not be put in place"
}

proven()
{
	if ! remote novactl health --wait "${patience}s"; then
		remote journalctl --unit nova.service --lines 20 --no-pager >&2 || true
		die 4 "Nova on $NOVA_CLOUD_HOST is not healthy; above is why"
	fi
}

target_start()
{
	local become package
	if [ -n "${NOVA_REGISTRY-}" ]; then
		image_to_registry "$NOVA_REGISTRY"
		say "pushed: $NOVA_REGISTRY"
		return 0
	fi
	machine
	find_package
	install_there
	configure_there
	remote systemctl enable nova.service
	if remote systemctl --quiet is-active nova.service; then
		remote novactl reload || die 4 "the new configuration was not taken"
	else
		remote systemctl start nova.service || true # health says why
	fi
	proven
	remote novactl status
}

target_stop()
{
	local become
	machine
	installed_there || { say "Nova is not installed on $NOVA_CLOUD_HOST"; return 0; }
	remote systemctl stop nova.service || die 4 "the service did not stop"
	! remote systemctl --quiet is-active nova.service || die 4 "the service still runs"
	say "stopped on $NOVA_CLOUD_HOST; ledger and logs stay"
}

target_restart()
{
	local become
	machine
	installed_there || die 3 "Nova is not installed on $NOVA_CLOUD_HOST"
	remote systemctl restart nova.service || true # health says why
	proven
}

target_logs()
{
	local become
	machine
	running_there
	remote journalctl --unit nova.service --lines 100 --no-pager
	remote novactl logs --all -f
}

target_status()
{
	local become rc=0
	machine
	running_there
	remote novactl status || rc=$?
	remote novactl health || rc=$?
	return "$rc"
}
