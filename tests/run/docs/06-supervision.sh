# shellcheck shell=bash
at_what_an_agent_may_see_and_use()
{
	if ! novactl doctor | grep -q '^namespaces *ok' || ! novactl doctor | grep -q '^landlock *ok'; then
		echo "no namespaces or no Landlock"
		return 77
	fi
}

word_18402()
{
	novactl workers status catalogue --json | jq '.workers[0].instances[0].pid'
}
