# What stops by itself.
nova_unit(test_anomaly SOURCES test_anomaly.c LINK nova_engine)
nova_unit(test_anomalies SOURCES test_anomalies.c LINK nova_engine)
