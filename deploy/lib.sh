# shellcheck shell=bash
# What every target of deploy.sh uses: messages, packages, the build. Sourced by deploy.sh,
# which sets `target`.
# shellcheck disable=SC2034,SC2154 # variables cross the files

# Each package with the reason it is needed; see cmake/NovaDependencies.cmake.
packages_build='
gcc:compiles Nova
libc6-dev:the C library
cmake:describes the build
ninja-build:runs the build
pkg-config:finds the libraries
libev-dev:the event loop of every process
libjansson-dev:JSON
liblmdb-dev:the store below the ledger
libyaml-dev:configuration files
libcurl4-openssl-dev:HTTP, as a client
zlib1g-dev:rotated logs
nettle-dev:hashes of the audit chain
libmbedtls-dev:signatures of webhooks, TLS of the gateway
libxml2-dev:pages of the scraper
libicu-dev:the length of posts
libsqlite3-dev:the books of the original, which novactl import reads
libncurses-dev:the screen of novactl top
nodejs:bundles the dashboard, at build time only
npm:brings what it is bundled with'
packages_demo='
python3:some of the example agents
procps:ps and top, to look at the fleet'
packages_test='
check:unit tests
python3:process tests
procps:ps, looked at by tests
mount:a small file system that tests fill up
debhelper:the Debian package
lintian:looks at it
mmdebstrap:a Debian of its own for tests that install and boot
systemd-container:boots it
podman:builds the image and runs it
runc:what podman starts containers with
docker-compose:reads compose.yaml
util-linux:setpriv and unshare, for unprivileged tests
openssl:certificates of test servers
awscli:asks the double of AWS
python3-botocore:what the services of AWS take
python3-yaml:reads templates and manifests
openssh-server:the machine that is deployed to
docker-registry:a registry to push to
catatonit:what podman keeps a pod with
curl:posts webhooks, as the book does
jq:reads what novactl prints, as the manual does
g++:the SDK header is also used from C++
clang-format:layout of the sources
clang-tidy:static analysis
cppcheck:static analysis
shellcheck:shell scripts
mandoc:manual pages
tmux:a terminal that tests press keys in
zsh:completes what novactl takes
fish:completes it too
prometheus:scrapes and checks metrics
hledger:checks an exported journal
beancount:checks another
nodejs:test servers that check requests by the descriptions of vendors
npm:brings those, and libraries of vendors
chromium:looks at the dashboard
python3-bs4:judges CSS selectors beside us
python3-lxml:reads pages for them
python3-protego:judges robots.txt beside us
python3-soupsieve:what bs4 selects with'

say()
{
	printf 'deploy: %s\n' "$*"
}

die()
{
	local code=$1
	shift
	printf 'deploy: %s\n' "$*" >&2
	exit "$code"
}

jobs()
{
	nproc 2>/dev/null || echo 2
}

# Root, or sudo that does not ask, or sudo on a terminal; otherwise say what to do.
as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		die 4 "this needs root, and there is no sudo: run as root: $*"
	fi
}

# npm is a package of its own in Debian, and comes with nodejs elsewhere.
installed()
{
	[ "$1" != npm ] || ! command -v npm >/dev/null 2>&1 || return 0
	[ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Does the local package index know a version of each of these?
all_known()
{
	local name
	for name in "$@"; do
		[ -n "$(apt-cache --no-generate show --no-all-versions "$name" 2>/dev/null)" ] ||
			return 1
	done
}

apt_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o Dpkg::Use-Pty=0 install --no-install-recommends "$@" </dev/null
}

# install_missing "name:why\n..." ...
install_missing()
{
	local line name missing=()
	command -v dpkg-query >/dev/null 2>&1 ||
		die 4 "this script knows Debian's packages only; install by hand: $(
			printf '%s\n' "$@" | sed -n 's/:.*//p' | sort -u | tr '\n' ' ')"
	while IFS= read -r line; do
		name=${line%%:*}
		[ -n "$name" ] || continue
		case " ${missing[*]-} " in *" $name "*) continue ;; esac
		if ! installed "$name"; then
			[ "${#missing[@]}" -gt 0 ] || say "installing what is missing:"
			printf '    %-18s %s\n' "$name" "${line#*:}"
			missing+=("$name")
		fi
	done < <(printf '%s\n' "$@")
	[ "${#missing[@]}" -gt 0 ] || return 0
	if ! all_known "${missing[@]}"; then
		say "the package index does not know them all: apt-get update"
		as_root apt-get -q update </dev/null
		apt_install "${missing[@]}"
	elif ! apt_install "${missing[@]}"; then
		say "that failed, perhaps on an old package index: apt-get update, once more"
		as_root apt-get -q update </dev/null
		apt_install "${missing[@]}"
	fi
}

build()
{
	say "building: preset $1, in build/$1"
	cmake --preset "$1" && cmake --build --preset "$1" -j "$(jobs)"
}

# wanted SETTING: the value of an environment variable that this target cannot do without.
wanted()
{
	[ -n "${!1-}" ] || die 2 "set $1; see: ./deploy.sh $target help"
	printf '%s\n' "${!1}"
}

# until_healthy SECONDS PID COMMAND...: run the command, which is some `novactl health`, until
# it exits with 0. What it said last goes to stderr when it does not in that time, or when the
# process PID (0: none) has ended.
until_healthy()
{
	local end=$((SECONDS + $1)) pid=$2 said=
	shift 2
	until said=$("$@" 2>&1 </dev/null); do
		if [ "$SECONDS" -ge "$end" ] || { [ "$pid" -gt 0 ] && ! kill -0 "$pid" 2>/dev/null; }; then
			printf '%s\n' "$said" >&2
			return 1
		fi
		sleep 0.5
	done
}
