# shellcheck shell=bash
# Doubles of vendors for companions: `vendor NAME VARIABLE` starts one and exports its address.
vendors=()

vendor()
{
	local file=$NOVA_TOP/vendor.$1
	"$NOVA_SOURCE/tests/run/docs/vendor" "$1" "$file" >"$file.log" 2>&1 &
	vendors+=($!)
	until [ -f "$file" ]; do
		kill -0 $! || return 1
		sleep 0.1
	done
	export "$2=$(cat "$file")"
}

vendors_end()
{
	kill "${vendors[@]}"
	wait "${vendors[@]}" || :
}
