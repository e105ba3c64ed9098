# The tests that take longest, the longest first: begun first, they do not run alone at the
# end. Only their order matters; a test that is not here begins later. Included when a
# folder's tests are all known.
set(cost 1000)
# pkg_build makes the package that others wait for.
foreach(name IN ITEMS
		pkg_build lint_tidy cloud_host twitter_lost container_deploy watch_own_time pkg_life
		container_kill intake_torture ctl_fakes container_run container_image hold_face stripe_lost
		test_led_model budget_kills docs_troubleshooting replay_hostile fleet_demo worlds_core
		service_lost sup_policy test_image face_live cloud_aws bb_crash sup_death face_looks replay_same
		oncall_hang docs_README face_browser saved_fleet face_rest test_tree_sim ctl_verbs face_api
		alerts_channels test_forecast test_led_damage logs_torture bb_verbs workers_runner mail_bulk
		face_metrics workers_examples test_led_retain http_hostile policy_decisions mail_gumroad
		decide_fleet scrape_hostile test_trial stripe_poll workers_fleet deploy_local service_life
		saved_sales service_deploy face_hostile alerts_say flow_resume hold_stop ctl_health logs_files
		otp_significant cloud_registry sup_tree top_screen ledger_retention cloud_k8s test_led_power
		test_reports budget_gate optimize_split docs_supervision test_led_claims sup_links otp_restart
		oncall_orphans hold_platforms face_streams gateway_hostile otp_exit bench_supervisors plat_cli
		alerts_press bb_events ready_ways root_kill cloud_pod health_checks bb_steer test_led_fault
		flow_storm sup_setting plat_outbox plat_torture test_runner_sched test_overview hold_money
		bb_life lint_cppcheck)
	if(TEST ${name})
		set_tests_properties(${name} PROPERTIES COST ${cost})
	endif()
	math(EXPR cost "${cost} - 5")
endforeach()
