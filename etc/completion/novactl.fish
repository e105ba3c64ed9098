# fish completion for novactl, novasupd and nova-call. `novactl complete` knows verbs, options
# and the names of the fleet; here is only what fish needs.

function __nova_complete
	set -l words (commandline -opc)
	set -l current (commandline -ct)
	set -l name (string replace -r '.*/' '' -- $words[1])
	set -l novactl novactl
	test "$name" = novactl; and set novactl $words[1]
	for line in ($novactl complete $name $words[2..] "$current" 2>/dev/null)
		switch $line
			case :files
				__fish_complete_path "$current"
			case :dirs
				__fish_complete_directories "$current"
			case '*'
				echo -- $line
		end
	end
end

for program in novactl novasupd nova-call
	complete -c $program -f -a '(__nova_complete)'
end
