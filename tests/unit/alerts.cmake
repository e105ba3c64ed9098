nova_unit(test_alerts SOURCES test_alerts.c LINK nova_alerts)
