# What must hold whatever happens: tried with small numbers here, larger ones by environment.
nova_run(hold_reload hold_reload)
nova_run(reload_rhythm reload_rhythm)
nova_run(hold_slow hold_slow)
nova_run(hold_stop hold_stop TIMEOUT 600)
nova_run(hold_money hold_money TIMEOUT 600)
nova_run(hold_platforms hold_platforms TIMEOUT 600)
nova_run(hold_face hold_face TIMEOUT 600)
