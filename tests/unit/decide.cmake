nova_unit(test_judge SOURCES test_judge.c LINK nova_engine)
