# What an adversary of the supervisor tried, as far as it is quick to repeat.
foreach(name IN ITEMS oncall_hang oncall_frozen oncall_orphans oncall_limits oncall_status)
	nova_run(${name} ${name} TIMEOUT 300)
endforeach()
