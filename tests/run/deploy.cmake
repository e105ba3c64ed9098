# Checks of the tree itself (label "lint"): tests/lint.
foreach(check IN ITEMS format sources layering headers scripts man docs otp web tidy cppcheck)
	nova_run(lint_${check} ../lint/${check} TIMEOUT 1200)
	set_tests_properties(lint_${check} PROPERTIES LABELS lint)
endforeach()
# These two use every core themselves.
set_tests_properties(lint_tidy lint_cppcheck PROPERTIES RUN_SERIAL ON)

nova_run(deploy_verbs deploy_verbs)
nova_run(deploy_local deploy_local)
nova_run(deploy_install deploy_install)

# Whole fleets with real processes.
foreach(promise IN ITEMS restart ps disk garbage two unprivileged demo)
	nova_run(fleet_${promise} fleet_${promise} TIMEOUT 600)
endforeach()
