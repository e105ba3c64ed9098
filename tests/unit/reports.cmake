# Reports over known and random histories.
nova_unit(test_reports SOURCES test_reports.c LINK nova_engine)
