# The tests that take longest, the longest first: begun first, they do not run alone at the
# end. Only their order matters; a test that is not here begins later.
set(cost 1000)
# pkg_build makes the package that others wait for.
foreach(name IN ITEMS
		pkg_build lint_tidy service_deploy service_lost docs_troubleshooting twitter_lost cloud_aws ctl_fakes watch_own_time intake_torture bb_life stripe_lost
		sup_death fleet_demo replay_hostile bb_crash budget_kills test_led_model sup_policy
		worlds_core pkg_life cloud_host container_deploy container_kill container_image container_run ctl_health test_image face_live hold_face workers_runner test_tree_sim face_looks
		replay_same face_rest alerts_channels face_browser ctl_verbs test_led_damage bb_verbs
		face_api face_metrics test_forecast mail_bulk logs_torture http_hostile workers_examples
		policy_decisions scrape_hostile mail_gumroad decide_fleet test_led_retain
		otp_significant workers_fleet oncall_hang stripe_poll test_trial hold_stop logs_files
		face_hostile sup_tree ledger_retention top_screen test_reports oncall_orphans
		optimize_split lint_cppcheck test_led_claims sup_links)
	if(TEST ${name})
		set_tests_properties(${name} PROPERTIES COST ${cost})
	endif()
	math(EXPR cost "${cost} - 10")
endforeach()
