# bash completion for novactl, novasupd and nova-call. `novactl complete` knows verbs, options
# and the names of the fleet; here is only what bash needs.

_novactl()
{
	local novactl=novactl name=${1##*/} line

	[ "$name" != novactl ] || novactl=$1
	COMPREPLY=()
	while IFS= read -r line; do
		case $line in
		:files) compopt -o default ;;
		:dirs) compopt -o dirnames ;;
		*) COMPREPLY+=("${line%%$'\t'*}") ;;
		esac
	done < <("$novactl" complete "$name" "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -F _novactl novactl novasupd nova-call
