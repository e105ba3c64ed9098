nova_unit(test_watch SOURCES test_watch.c LINK nova_engine)
nova_unit(test_probe SOURCES test_probe.c LINK nova_probe)
