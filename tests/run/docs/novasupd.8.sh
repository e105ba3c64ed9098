# shellcheck shell=bash
before()
{
	mkdir workers.d
	echo 'currency: USD' >nova.yaml
}
