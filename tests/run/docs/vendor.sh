# shellcheck shell=bash
# Doubles of vendors for companions: `vendor NAME VARIABLE` starts one and exports its address;
# 77 where npm does not bring what it is made of (Telegram's is all ours). Without it a page must not be read on:
# its fleet would ask the real vendor.
vendors=()

vendor()
{
	local file=$NOVA_TOP/vendor.$1
	if [ "$1" != telegram ] && ! "$NOVA_SOURCE/tests/npm/install" >"$file.log" 2>&1; then
		echo "npm does not bring what the double of $1 needs: $(tail -n 1 "$file.log")"
		return 77
	fi
	"$NOVA_SOURCE/tests/run/docs/vendor" "$1" "$file" >"$file.log" 2>&1 &
	vendors+=($!)
	until [ -f "$file" ]; do
		if ! kill -0 $! 2>/dev/null; then
			cat "$file.log"
			return 1
		fi
		sleep 0.1
	done
	export "$2=$(cat "$file")"
}

vendors_end()
{
	[ "${#vendors[@]}" -gt 0 ] || return 0
	kill "${vendors[@]}"
	wait "${vendors[@]}" || :
}
