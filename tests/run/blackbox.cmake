# The promises of the protocol, tested from outside by somebody who did not read the sources.
foreach(promise IN ITEMS events setting verbs steer life crash)
	nova_run(bb_${promise} bb_${promise} TIMEOUT 600)
endforeach()
