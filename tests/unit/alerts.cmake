nova_unit(test_alerts SOURCES test_alerts.c LINK nova_alerts)
nova_unit(test_alert_rules SOURCES test_alert_rules.c LINK nova_alerts)
