# shellcheck shell=bash
# The image, for every target that runs one: what builds it, with what in it, and its way to a
# registry. Sourced by deploy/*.sh.

# image_tool: sets `tool`, docker or podman, whichever is there and answers.
image_tool()
{
	local each
	for each in ${NOVA_IMAGE_TOOL:-docker podman}; do
		if command -v "$each" >/dev/null 2>&1 && "$each" info >/dev/null 2>&1; then
			tool=$each
			return 0
		fi
	done
	die 4 "no program here builds images: neither docker nor podman is there and answers"
}

nova_version()
{
	sed -n 's/^project(nova VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt
}

# image_made DIRECTORY NAME [OPTION...]: an image of a directory with a Dockerfile.
image_made()
{
	local dir=$1 name=$2 format=()
	shift 2
	# podman's own format has no place for a health check.
	[ "${tool##*/}" != podman ] || format=(--format docker)
	DOCKER_BUILDKIT=1 "$tool" build ${format[@]+"${format[@]}"} "$@" -t "$name" "$dir" ||
		die 4 "the image $name could not be built; above is why"
}

# image_build NAME: this tree as an image.
image_build()
{
	say "building the image $1 with $tool"
	image_made . "$1" --build-arg "VERSION=$(nova_version)"
}

# no_secrets DIRECTORY: whoever can pull an image can read all of it.
no_secrets()
{
	local found
	found=$(find "$1/" \( -name secrets -o -name .env -o -name '.env.*' -o -name '*.key' \
		-o -name '*.pem' -o -name 'id_*' -o -name .git \) -print -quit)
	[ -z "$found" ] ||
		die 2 "$found does not belong into an image: keep secrets where the target wants them"
}

# image_fleet BASE NAME: BASE with the settings of NOVA_DEPLOY_CONFIG (nova.yaml, workers.d) in
# /etc/nova and the programs of NOVA_DEPLOY_AGENTS in /opt/agents.
image_fleet()
{
	local base=$1 name=$2 context
	local config=${NOVA_DEPLOY_CONFIG:-$default_config} agents=${NOVA_DEPLOY_AGENTS-}
	[ -f "$config/nova.yaml" ] || die 2 "$config has no nova.yaml"
	no_secrets "$config"
	[ -z "$agents" ] || { [ -d "$agents" ] || die 2 "$agents is no directory"; no_secrets "$agents"; }
	context=$(mktemp -d)
	mkdir -- "$context/etc" "$context/agents"
	cp -R -- "$config/." "$context/etc/"
	[ -z "$agents" ] || cp -R -- "$agents/." "$context/agents/"
	printf '%s\n' "FROM $base" 'COPY --chown=0:0 etc/ /etc/nova/' \
		'COPY --chown=0:0 agents/ /opt/agents/' >"$context/Dockerfile"
	say "putting the fleet of $config into $name"
	(image_made "$context" "$name") || { rm -rf -- "$context"; exit 4; }
	rm -rf -- "$context"
	# Said now and not by a task that does not come up.
	"$tool" run --rm --network none --entrypoint novasupd "$name" --check ||
		die 2 "the configuration in $config is not valid; above is why"
}

# image_id NAME: what it is made of, in 12 digits.
image_id()
{
	"$tool" image inspect --format '{{.Id}}' "$1" | sed 's/^sha256://' | cut -c 1-12
}

# image_push NAME AS
image_push()
{
	say "pushing $2"
	"$tool" tag "$1" "$2" || die 4 "there is no image $1"
	"$tool" push "$2" || die 4 "$2 could not be pushed; above is why"
}

# image_to_registry NAME: this tree with its fleet, built and pushed as NAME; with NOVA_IMAGE,
# that image with the fleet instead, and nothing is compiled.
image_to_registry()
{
	local base=${NOVA_IMAGE-}
	image_tool
	if [ -z "$base" ]; then
		base=localhost/nova:$(nova_version)
		image_build "$base"
	fi
	image_fleet "$base" localhost/nova-fleet:latest
	image_push localhost/nova-fleet:latest "$1"
}
