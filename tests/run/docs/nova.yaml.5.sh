# shellcheck shell=bash
before()
{
	mkdir -p ~/.config/nova/workers.d
	cd ~/.config/nova || return
	echo 'currency: USD' >nova.yaml
}

finally()
{
	novasupd --check
}
