# What an adversary of the supervisor tried, as far as it is quick to repeat.
foreach(name IN ITEMS oncall_hang)
	nova_run(${name} ${name} TIMEOUT 300)
endforeach()
