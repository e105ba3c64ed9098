# The simulator in tests/worlds, and what it says about nova-engine --replay.
nova_run(worlds_judge worlds_judge TIMEOUT 300)
nova_run(worlds_core worlds_core TIMEOUT 900)
nova_run(replay_hostile replay_hostile TIMEOUT 600)
nova_run(replay_same replay_same TIMEOUT 600)
