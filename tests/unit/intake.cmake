nova_unit(test_scan SOURCES test_scan.c LINK nova_engine)
