#!/bin/bash
# One command from a bare Debian 12 to a running Nova: ./deploy.sh help
#
# Installs only what is missing, builds inside build/, and touches nothing else.
# Needs root (or sudo) only when a package has to be installed.
set -eu
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"

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
util-linux:setpriv and unshare, for unprivileged tests
openssl:certificates of test servers
g++:the SDK header is also used from C++
clang-format:layout of the sources
clang-tidy:static analysis
cppcheck:static analysis
shellcheck:shell scripts
mandoc:manual pages
tmux:a terminal that tests press keys in
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

verb_demo()
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

# suite RESULTS NAME BUILD-DIR CTEST-ARGS...: run it, keep the whole output of each test in
# RESULTS/NAME.xml. What failed is counted from that file.
suite()
{
	local results=$1 name=$2 dir=$3
	shift 3
	say "testing: $name"
	ctest --test-dir "$dir" --output-junit "$results/$name.xml" --no-tests=error \
		--test-output-size-passed 8388608 --test-output-size-failed 8388608 \
		"$@" </dev/null || true
}

verb_test()
{
	local results=$PWD/build/results count=() n
	n=$(jobs)
	install_missing "$packages_build" "$packages_test"
	# How long a test waits for what must come: a slow machine is no failure.
	export NOVA_TEST_DEADLINE_S=${NOVA_TEST_DEADLINE_S:-180}
	rm -rf -- "$results"
	mkdir -p -- "$results"
	say "fetching from npm what tests need, into build/npm"
	tests/npm/install >/dev/null || say "that failed; the tests that need it will say so"
	if build ci; then
		suite "$results" ci build/ci -LE lint -j "$n"
		suite "$results" lint build/ci -L lint -j "$n"
		count+=("$results/ci.xml" "$results/lint.xml")
	else
		count+=(--broken "build of the ci preset")
	fi
	if build asan; then
		suite "$results" asan build/asan -LE lint -j "$n"
		count+=("$results/asan.xml")
	else
		count+=(--broken "build of the asan preset")
	fi
	# Shows what failed and what was skipped; its last line is "N passed, N failed".
	exec tests/count "${count[@]}"
}

usage()
{
	cat <<'END'
usage: ./deploy.sh VERB

  demo    install what is missing, build, start Nova in the foreground with the example
          fleet and say what to look at. Ctrl-C stops everything. Its files lie in a fresh
          directory, or in NOVA_DEMO_DIR (which is continued if it was used before).
  test    install what is missing, build with warnings as errors and with sanitizers, run
          all tests and checks. The last line is "N passed, N failed".
  help    this text

Works as root or with sudo; without either when nothing needs to be installed.
END
}

case ${1-help} in
demo | test)
	[ $# -eq 1 ] || die 2 "$1 takes no argument, got: $2"
	"verb_$1"
	;;
help | -h | --help)
	usage
	;;
*)
	die 2 "there is no verb \"$1\"; there are: demo, test, help"
	;;
esac
