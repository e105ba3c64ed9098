# bash completion for novactl. Verbs and options come from `novactl help`, workers from
# the running fleet, so nothing here can go out of date.

_novactl_words()
{
	# shellcheck disable=SC2207 # words of verbs, options and names have no blanks
	COMPREPLY+=($(compgen -W "$1" -- "$2"))
}

# Options of one help text.
_novactl_options()
{
	grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'
}

_novactl_workers()
{
	# A fleet that does not answer must not hold the prompt.
	timeout 1 "$@" workers status --json 2>/dev/null |
		grep -oE '"worker": *"[a-z0-9_.-]+"' | cut -d '"' -f 4 | sort -u
}

_novactl()
{
	local program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]}
	local previous=${COMP_WORDS[COMP_CWORD - 1]}
	local words=() places=() i word help

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--run-dir | --state-dir | --log-dir)
			# The workers of that fleet are meant.
			places+=("$word" "${COMP_WORDS[i + 1]}")
			((i++))
			;;
		--config) ((i++)) ;;
		-*) ;;
		*) words+=("$word") ;;
		esac
	done
	case $previous in
	--run-dir | --state-dir | --log-dir | --output | --seal-key | --anchors)
		compopt -o default
		return
		;;
	--config)
		[ "${#words[@]}" -eq 0 ] && compopt -o default
		return
		;;
	--by)
		_novactl_words "worker group category source" "$current"
		return
		;;
	--period)
		_novactl_words "today yesterday week month year all 24h 7d 30d" "$current"
		return
		;;
	--sort)
		_novactl_words "name state cpu memory uptime restarts cost revenue profit roi" "$current"
		return
		;;
	--role)
		_novactl_words "readonly operator admin" "$current"
		return
		;;
	--format)
		_novactl_words "json csv hledger beancount" "$current"
		return
		;;
	esac
	if [ "${#words[@]}" -gt 0 ] && [ "${words[0]}" = help ]; then
		words=("${words[@]:1}")
		help=1
	fi
	local all
	all=$("$program" help 2>/dev/null | grep -oE '^  [a-z]+( [a-z]+)?  ')
	if [ "${#words[@]}" -eq 0 ]; then
		_novactl_words "$(cut -d ' ' -f 3 <<<"$all" | sort -u)" "$current"
		[ -n "${help-}" ] || _novactl_words "$("$program" help | _novactl_options)" "$current"
		return
	fi
	local seconds
	seconds=$(grep -E "^  ${words[0]} [a-z]" <<<"$all" | cut -d ' ' -f 4)
	if [ -n "$seconds" ] && [ "${#words[@]}" -eq 1 ]; then
		_novactl_words "$seconds" "$current"
		return
	fi
	[ -z "${help-}" ] || return
	if [ "${words[0]}" = platform ] && [[ $current != -* ]]; then
		# Names, then the verbs of that one.
		local pattern='"platform": "[a-z._-]+"' asked=()
		if [ "${#words[@]}" -gt 1 ]; then
			# Of a verb; its arguments have no summary.
			pattern='"name": "[a-z._-]+", "summary"'
			asked=("${words[1]}" --help)
		fi
		_novactl_words "$(timeout 2 "$program" "${places[@]}" platform "${asked[@]}" --json \
			2>/dev/null | grep -oE "$pattern" | cut -d '"' -f 4)" "$current"
		return
	fi
	local verb=("${words[0]}")
	[ -z "$seconds" ] || verb+=("${words[1]}")
	local usage
	usage=$("$program" help "${verb[@]}" 2>/dev/null) || return
	case $current in
	-*) _novactl_words "$(_novactl_options <<<"$usage")" "$current" ;;
	*)
		case ${verb[0]} in
		track) [ "${#words[@]}" -gt 1 ] || _novactl_words "revenue cost refund dispute fee payout conversion" "$current" ;;
		esac
		if [ "$previous" = --worker ] || head -n 1 <<<"$usage" | grep -q WORKER; then
			_novactl_words "$(_novactl_workers "$program" "${places[@]}")" "$current"
		fi
		;;
	esac
}

complete -F _novactl novactl
