# shellcheck shell=bash

before()
{
	mkdir -p ~/.config/nova/workers.d
	cd ~/.config/nova || return
	cat >workers.d/mail.yaml <<-'END'
		worker: mail
		command: [sh, -c, 'echo "{\"event\":\"cost\",\"amount\":\"0.01\"}" >&3']
		run_interval: 1s
	END
}

at_by_hand()
{
	novasupd >~/nova.log 2>&1 &
	novactl health --wait 1m
}

finally()
{
	novactl shutdown || true
}
