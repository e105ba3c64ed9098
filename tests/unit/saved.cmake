# Backups, and what becomes of a ledger between versions.
nova_unit(test_led_versions SOURCES test_led_versions.c LINK nova_ledger PkgConfig::LMDB PkgConfig::ZLIB TIMEOUT 300)
if(TARGET test_led_versions)
	target_compile_definitions(test_led_versions PRIVATE NOVA_SOURCE="${PROJECT_SOURCE_DIR}")
endif()
nova_unit(test_nv_restore SOURCES test_nv_restore.c LINK nova_core)
nova_unit(test_saved SOURCES test_saved.c LINK nova_engine nova_ctl nova_ext)
