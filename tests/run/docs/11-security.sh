# shellcheck shell=bash
before()
{
	mkdir -p ~/.config/nova/workers.d ~/.config/nova/secrets
	cd ~/.config/nova || return
}

at_an_agent_is_a_program_that_you_run()
{
	if ! novactl doctor | grep -q '^namespaces *ok' || ! novactl doctor | grep -q '^landlock *ok'; then
		echo "no namespaces or no Landlock"
		return 77
	fi
}
