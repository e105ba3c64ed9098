# What comes from the books of another system.
nova_unit(test_led_past SOURCES test_led_past.c LINK nova_ledger TIMEOUT 300)
nova_unit(test_import_value SOURCES test_import_value.c LINK nova_ctl m)
