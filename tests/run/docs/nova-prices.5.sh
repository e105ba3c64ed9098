# shellcheck shell=bash
before()
{
	mkdir -p ~/.config/nova/workers.d
	cd ~/.config/nova || return
	echo 'prices: {table: prices.yaml}' >nova.yaml
}

finally()
{
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
	novactl prices house-1 --provider house | tee /dev/stderr | grep -qF 0.25
}
