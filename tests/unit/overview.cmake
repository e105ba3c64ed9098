# What the face asks the engine: overview, sparklines, who did what.
nova_unit(test_overview SOURCES test_overview.c LINK nova_engine)
nova_unit(test_spend SOURCES test_spend.c LINK nova_engine)
nova_unit(test_via SOURCES test_via.c LINK nova_engine)
