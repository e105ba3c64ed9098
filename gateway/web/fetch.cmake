# cmake -DNPM= -DFROM= -DTO= [-DMODULES=] -P fetch.cmake: the modules of FROM's lock file into
# TO/node_modules; from the directory MODULES, when there is one, else from the npm registry.
file(MAKE_DIRECTORY ${TO})
if(MODULES)
	# A link would be followed, and what is bundled would have other names in the bundle.
	file(REMOVE_RECURSE ${TO}/node_modules)
	file(COPY ${MODULES}/ DESTINATION ${TO}/node_modules)
	file(TOUCH ${TO}/modules.stamp)
	return()
endif()
file(COPY ${FROM}/package.json ${FROM}/package-lock.json DESTINATION ${TO})
execute_process(COMMAND ${NPM} ci --prefix ${TO} --ignore-scripts --no-audit --no-fund
	WORKING_DIRECTORY ${TO} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed)
	message("${said}")
	message(FATAL_ERROR "npm could not fetch what the dashboard is built with (see above). "
		"Is the npm registry reachable from here? Without the dashboard: cmake -DNOVA_WEB=OFF ...")
endif()
file(TOUCH ${TO}/modules.stamp)
