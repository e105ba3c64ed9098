# The tests that take longest, the longest first: begun first, they do not run alone at the
# end. Only their order matters; a test that is not here begins later.
set(cost 1000)
foreach(name IN ITEMS
		lint_tidy replay_hostile ctl_fakes bb_life test_led_model test_image intake_torture
		stripe_lost face_browser face_live face_looks face_metrics face_api hold_face top_screen
		watch_own_time test_led_damage test_forecast test_tree_sim worlds_core sup_death
		replay_same test_trial bb_crash fleet_demo budget_kills test_led_retain sup_policy
		ctl_verbs test_led_power workers_runner sup_tree bb_verbs test_reports hold_stop
		hold_money test_pol_hostile policy_decisions test_led_claims)
	if(TEST ${name})
		set_tests_properties(${name} PROPERTIES COST ${cost})
	endif()
	math(EXPR cost "${cost} - 10")
endforeach()
