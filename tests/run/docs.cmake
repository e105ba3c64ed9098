# Whoever types what a text says gets what it shows. The commands are the same in every build:
# once is enough, without sanitizers.
if(NOT NOVA_SANITIZE)
	nova_run(docs_rules docs_rules)
	foreach(page IN ITEMS
			README.md
			docs/book/01-start.md
			docs/book/02-agents.md
			docs/book/03-decisions.md
			docs/book/04-budgets.md
			docs/book/05-platforms.md
			docs/book/06-supervision.md
			docs/book/07-service.md
			docs/book/08-containers.md
			docs/book/09-cloud.md
			docs/book/10-backup.md
			docs/book/11-security.md
			docs/book/12-migration.md
			docs/book/13-troubleshooting.md
			docs/man/libnova.3
			docs/man/nova-call.1
			docs/man/nova-control.7.in
			docs/man/nova-prices.5
			docs/man/nova-protocol.7
			docs/man/nova-runner.1
			docs/man/nova.yaml.5.in
			docs/man/novactl.1.in
			docs/man/novasupd.8)
		get_filename_component(name ${page} NAME)
		string(REGEX REPLACE "(^[0-9]+-|\\.md$|\\.in$)" "" name ${name})
		nova_run(docs_${name} docs_commands ARGS ${page})
	endforeach()
endif()
