nova_unit(test_scan SOURCES test_scan.c LINK nova_engine)
nova_unit(test_resource SOURCES test_resource.c LINK nova_engine)
