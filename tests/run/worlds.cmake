# The simulator in tests/worlds, and what it says about the decision core.
nova_run(worlds_judge worlds_judge TIMEOUT 300)
