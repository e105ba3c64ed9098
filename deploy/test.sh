# shellcheck shell=bash
# `deploy.sh test`: both builds, all suites, one count. Sourced by deploy.sh.
# shellcheck disable=SC2154 # variables of deploy/lib.sh

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

target_test()
{
	local results=$PWD/build/results count=() n
	# Much of what a test does is to wait for processes and clocks.
	n=$(($(jobs) + 1))
	install_missing "$packages_build" "$packages_test"
	# How long a test waits for what must come: a slow machine is no failure.
	export NOVA_TEST_DEADLINE_S=${NOVA_TEST_DEADLINE_S:-180}
	rm -rf -- "$results"
	mkdir -p -- "$results"
	say "fetching from npm what tests need, into build/npm"
	tests/npm/install >/dev/null || say "that failed; the tests that need it will say so"
	if build ci; then
		suite "$results" ci build/ci -LE lint -j "$n"
		suite "$results" lint build/ci -L lint -j "$(jobs)"
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
