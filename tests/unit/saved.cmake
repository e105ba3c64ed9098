# Backups, and what becomes of a ledger between versions.
nova_unit(test_led_versions SOURCES test_led_versions.c LINK nova_ledger PkgConfig::LMDB PkgConfig::ZLIB TIMEOUT 300)
if(TARGET test_led_versions)
	target_compile_definitions(test_led_versions PRIVATE NOVA_SOURCE="${PROJECT_SOURCE_DIR}")
endif()
