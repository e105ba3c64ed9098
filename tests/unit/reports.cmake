# Reports over known and random histories.
nova_unit(test_reports SOURCES test_reports.c LINK nova_engine)
nova_unit(test_reports_known SOURCES test_reports_known.c LINK nova_engine)
