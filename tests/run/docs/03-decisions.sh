# shellcheck shell=bash disable=SC2016 # dollars are money
# A fleet with a month behind it: five agents whose figures the chapter shows.

# agent NAME INTERVAL MORE-OF-ITS-FILE
agent()
{
	printf 'worker: %s\ncommand: [sleep, "1000"]\nrun_interval: %s\nstop: {grace: 1s}\n%s\n' "$@" >"workers.d/$1.yaml"
}

before()
{
	local cent=10000000
	# It looks at the fleet when the chapter says so, and not once more in between.
	export NOVA_AUTONOMOUS_INTERVAL=1h
	mkdir -p "$NOVA_STATE_DIR" ~/.config/nova/workers.d
	cd ~/.config/nova || return
	"$NOVA_TESTS/decide_past" "$NOVA_STATE_DIR/ledger" 720 \
		course_ads:1:$((50 * cent)):4:$((2000 * cent)):7200:0 \
		leaflets:2:$((100 * cent)):0:0:0:0 \
		newsletter:1:$((100 * cent)):27:$((2000 * cent)):7200:0 \
		reseller:3:$((10 * cent)):24:$((2000 * cent)):7200:6
	agent course_ads 1h 'instances: {start: 1, max: 8}
expected: {sale: $20}'
	agent leaflets 30m 'expected: {sale: $20}'
	agent newsletter 1h 'params: {run_interval: {range: 30m..4h}}
expected: {sale: $20}'
	agent reseller 20m 'expected: {sale: $20}'
	agent posters 1h 'instances: {start: 0, max: 2}
expected: {cost_per_run: $0.10, sale: $20, roi: 200%}'
}

at_a_month_of_work()
{
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
}

word_10372()
{
	novactl decisions --worker course_ads --json | jq -r '.decisions[-1].id'
}
