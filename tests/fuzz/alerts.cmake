nova_fuzz(fuzz_alerts SOURCES fuzz_alerts.c LINK nova_alerts
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/fuzz_alerts)
