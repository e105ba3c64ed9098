nova_run(alerts_say alerts_say)
nova_run(alerts_channels alerts_channels)
nova_run(alerts_press alerts_press)
nova_run(alerts_change alerts_change)
