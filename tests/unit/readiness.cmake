nova_unit(test_watch SOURCES test_watch.c LINK nova_engine)
