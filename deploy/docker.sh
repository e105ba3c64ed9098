# shellcheck shell=bash
# `deploy.sh docker`: Nova in a container on this machine. Sourced by deploy.sh.

# shellcheck source=deploy/image.sh
. deploy/image.sh

fleet=${NOVA_FLEET:-deploy/docker/fleet}
name=${NOVA_CONTAINER:-nova}
# What compose.yaml gives as stop_grace_period, for who runs it without compose.
grace_s=150

target_help()
{
	cat <<'END'
usage: ./deploy.sh docker [start|stop|restart|logs|status]

Runs Nova in a container, by what there is here: docker compose, docker-compose, podman-compose
(these with compose.yaml), podman or docker alone (with the same options).

  start    build the image, check the configuration, start, wait for `novactl health`; what runs
           already is replaced when image or settings have changed
  stop     stop in order and remove the container; the volume with ledger and logs stays
  restart  stop, then start
  logs     what Nova said, then the lines of every agent as they come
  status   novactl status and health; 1: not healthy, 3: it does not run

NOVA_FLEET              directory with nova.yaml, workers.d, agents (seen as /opt/agents) and
                        secrets, one file each (deploy/docker/fleet)
NOVA_PORT               port of this machine's loopback for the dashboard (5001)
NOVA_IMAGE              an image to run, instead of building this tree
AGENT_PACKAGES          Debian packages that your agents need, put into the image that is built
COMPOSE_PROFILES        prometheus, grafana: those, too (with compose only)
NOVA_CONTAINER_TOOL     one of the five above, instead of the first that is there
NOVA_CONTAINER_OPTIONS  more options of `podman run` or `docker run`, without compose
NOVA_COMPOSE_FILE       one more file for compose, after compose.yaml
NOVA_CONTAINER          name of container and volume without compose, of the project with it (nova)
NOVA_START_S            how many seconds a start may take (120)
END
}

answers()
{
	command -v "${1%% *}" >/dev/null 2>&1 || return 1
	case $1 in
	'docker compose') docker compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1 ;;
	docker-compose) docker-compose version >/dev/null 2>&1 && docker info >/dev/null 2>&1 ;;
	podman-compose) podman info >/dev/null 2>&1 ;;
	*) "$1" info >/dev/null 2>&1 ;;
	esac
}

# Sets `runner`, what starts containers, `tool`, what builds images, and `composed`.
choose()
{
	local each
	runner=
	for each in ${NOVA_CONTAINER_TOOL:+"$NOVA_CONTAINER_TOOL"} 'docker compose' docker-compose \
		podman-compose podman docker; do
		[ -z "$runner" ] || break
		if answers "$each"; then
			runner=$each
		elif [ -n "${NOVA_CONTAINER_TOOL-}" ]; then
			die 4 "$each is not here, or does not answer"
		fi
	done
	[ -n "$runner" ] ||
		die 4 "nothing here runs containers: neither docker nor podman is there and answers"
	case $runner in *compose) composed=yes ;; *) composed=no ;; esac
	case $runner in podman*) tool=podman ;; *) tool=docker ;; esac
	# As compose sees it: relative to this directory, wherever it is said.
	case $fleet in /*) ;; *) fleet=$PWD/$fleet ;; esac
	image=${NOVA_IMAGE:-localhost/nova:latest}
}

compose()
{
	local files=(-f compose.yaml)
	[ ! -e "$scratch/secrets.yaml" ] || files+=(-f "$scratch/secrets.yaml")
	[ -z "${NOVA_COMPOSE_FILE-}" ] || files+=(-f "$NOVA_COMPOSE_FILE")
	# shellcheck disable=SC2086 # "docker compose" is two words
	NOVA_FLEET=$fleet NOVA_IMAGE=$image $runner -p "$name" "${files[@]}" "$@"
}

# The container's id, whatever its state; nothing when there is none.
container()
{
	if [ "$composed" = yes ]; then
		"$tool" ps -aq --filter "label=com.docker.compose.project=$name" \
			--filter label=com.docker.compose.service=nova | head -n 1
	else
		"$tool" ps -aq --filter "name=^$name\$"
	fi
}

# running: is it, and under which id? Sets `id`.
running()
{
	id=$(container)
	[ -n "$id" ] && [ "$("$tool" inspect --format '{{.State.Running}}' "$id")" = true ]
}

novactl()
{
	"$tool" exec "$id" novactl "$@"
}

# Names of the secrets, which are names for Nova, too.
secrets()
{
	local file
	[ -d "$fleet/secrets" ] || return 0
	for file in "$fleet"/secrets/*; do
		[ -f "$file" ] || continue
		printf '%s\n' "${file##*/}"
	done
}

# Compose and docker mount the file as it is, so it has to be one that Nova takes and can read.
usable_secrets()
{
	local each owner mode
	secrets | while IFS= read -r each; do
		read -r owner mode < <(stat -c '%u %a' -- "$fleet/secrets/$each")
		case $owner:$mode in 990:?00 | 0:??4) continue ;; esac
		die 2 "$fleet/secrets/$each: Nova could not read it; chown 990 and chmod 400 it"
	done || exit
}

# A file for compose that gives every secret to Nova, beside compose.yaml.
secrets_for_compose()
{
	local each all
	all=$(secrets)
	[ -n "$all" ] || return 0
	{
		printf 'services:\n  nova:\n    secrets:\n'
		for each in $all; do
			printf '      - {source: nova_%s, target: /etc/nova/secrets/%s}\n' "$each" "$each"
		done
		printf 'secrets:\n'
		for each in $all; do
			printf '  nova_%s: {file: "%s/secrets/%s"}\n' "$each" "$fleet" "$each"
		done
	} >"$scratch/secrets.yaml"
}

# options: `options` is what compose.yaml says, for podman and docker alone. podman keeps a copy
# of a secret, so the file itself may be its owner's alone.
options()
{
	local each
	options=(--read-only --cap-drop ALL --security-opt no-new-privileges --pids-limit 4096
		--tmpfs /tmp --tmpfs /run/nova --stop-timeout "$grace_s"
		-v "$fleet/nova.yaml:/etc/nova/nova.yaml:ro"
		-v "$fleet/workers.d:/etc/nova/workers.d:ro")
	[ ! -d "$fleet/agents" ] || options+=(-v "$fleet/agents:/opt/agents:ro")
	for each in $(secrets); do
		if [ "$tool" = podman ]; then
			podman secret rm "$name-$each" >/dev/null 2>&1 || true
			podman secret create "$name-$each" "$fleet/secrets/$each" >/dev/null ||
				die 4 "podman does not take the secret $each; above is why"
			options+=(--secret "$name-$each,target=/etc/nova/secrets/$each,uid=990,mode=0400")
		else
			options+=(-v "$fleet/secrets/$each:/etc/nova/secrets/$each:ro")
		fi
	done
}

# A directory of ours for the time of one verb.
begin()
{
	choose
	scratch=$(mktemp -d)
	trap 'rm -rf -- "$scratch"' EXIT
	say "with $runner"
}

prepare()
{
	[ -f "$fleet/nova.yaml" ] || die 2 "$fleet has no nova.yaml"
	mkdir -p -- "$fleet/workers.d" "$fleet/agents"
	[ "$runner" = podman ] || usable_secrets
	[ "$composed" = no ] || secrets_for_compose
	if [ -z "${NOVA_IMAGE-}" ]; then
		say "building the image with $tool"
		image_made . "$image" --build-arg "VERSION=$(nova_version)" \
			--build-arg "AGENT_PACKAGES=${AGENT_PACKAGES-}"
	fi
	# Said now, and not by a container that does not come up. Secrets are not looked at.
	"$tool" run --rm --network none --entrypoint novasupd \
		-v "$fleet/nova.yaml:/etc/nova/nova.yaml:ro" \
		-v "$fleet/workers.d:/etc/nova/workers.d:ro" "$image" --check ||
		die 2 "the configuration in $fleet is not valid; above is why"
}

# Healthy, or at an end: then there is nothing to wait for.
settled()
{
	running || { "$tool" logs --tail 30 "$id"; return 0; }
	novactl health
}

healthy()
{
	if until_healthy "${NOVA_START_S:-120}" 0 settled && running && novactl health; then
		return
	fi
	[ -z "$id" ] || "$tool" logs --tail 30 "$id" >&2
	die 4 "Nova is not healthy in its container; above is why"
}

launch()
{
	local options
	if [ "$composed" = yes ]; then
		compose up -d --no-build || die 4 "$runner up failed; above is why"
	else
		options
		[ -z "$(container)" ] || ended
		# shellcheck disable=SC2086 # NOVA_CONTAINER_OPTIONS are words
		"$tool" run -d --name "$name" --restart unless-stopped "${options[@]}" \
			-p "127.0.0.1:${NOVA_PORT:-5001}:5001" -v "$name-state:/var/lib/nova" \
			${NOVA_CONTAINER_OPTIONS-} "$image" >/dev/null || die 4 "$tool run failed; above is why"
	fi
	healthy
	say "Nova runs: http://127.0.0.1:${NOVA_PORT:-5001}/, and $tool exec -it $id novactl top"
	say "to log in: $tool exec $id novactl token create me --role admin --expires 30d"
}

target_start()
{
	begin
	prepare
	launch
}

# Stopped in order, and removed. A container that had to be killed is told of.
ended()
{
	local code id
	id=$(container)
	"$tool" stop -t "$grace_s" "$id" >/dev/null || die 4 "$tool stop failed; above is why"
	code=$("$tool" inspect --format '{{.State.ExitCode}}' "$id")
	"$tool" rm "$id" >/dev/null || die 4 "$tool rm failed; above is why"
	[ "$code" -eq 0 ] || say "Nova ended with exit code $code, not in order; the ledger is whole, see: novactl ledger verify"
}

target_stop()
{
	local left
	[ -n "${runner-}" ] || begin
	if [ -z "$(container)" ]; then
		say "Nova does not run in a container here"
		return
	fi
	ended
	[ "$composed" = no ] || COMPOSE_PROFILES=${COMPOSE_PROFILES-prometheus,grafana} \
		compose down --timeout "$grace_s" || die 4 "$runner down failed; above is why"
	left=$(container)
	[ -z "$left" ] || die 4 "the container $left is still there"
	say "stopped; ledger and logs are in the volume"
}

target_restart()
{
	begin
	prepare
	target_stop
	launch
}

target_logs()
{
	begin
	running || die 3 "Nova does not run in a container here"
	"$tool" logs --tail 50 "$id"
	novactl logs --all -f
}

target_status()
{
	local rc=0
	begin
	running || die 3 "Nova does not run in a container here"
	novactl status || rc=$?
	novactl health || rc=$?
	return "$rc"
}
