#compdef novactl novasupd nova-call
# zsh completion for novactl, novasupd and nova-call. `novactl complete` knows verbs, options
# and the names of the fleet; here is only what zsh needs.

_novactl() {
	local novactl=novactl name=${words[1]:t} line
	local -a answers

	[[ $name != novactl ]] || novactl=${words[1]}
	while IFS= read -r line; do
		case $line in
		(:files) _files ;;
		(:dirs) _files -/ ;;
		# A colon parts a word from what it is.
		(*) answers+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
		esac
	done < <("${(Q)novactl}" complete "$name" "${(@Q)words[2,CURRENT]}" 2>/dev/null)
	(( $#answers )) && _describe -t values "$name" answers
}

_novactl "$@"
