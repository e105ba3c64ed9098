# cmake -DNPM= -DFROM= -DTO= -P fetch.cmake: the modules of FROM's lock file into TO/node_modules.
file(MAKE_DIRECTORY ${TO})
file(COPY ${FROM}/package.json ${FROM}/package-lock.json DESTINATION ${TO})
execute_process(COMMAND ${NPM} ci --prefix ${TO} --ignore-scripts --no-audit --no-fund
	WORKING_DIRECTORY ${TO} RESULT_VARIABLE failed OUTPUT_VARIABLE said ERROR_VARIABLE said)
if(failed)
	message("${said}")
	message(FATAL_ERROR "npm could not fetch what the dashboard is built with (see above). "
		"Is the npm registry reachable from here? Without the dashboard: cmake -DNOVA_WEB=OFF ...")
endif()
file(TOUCH ${TO}/modules.stamp)
