# What comes from the books of another system.
nova_unit(test_led_past SOURCES test_led_past.c LINK nova_ledger TIMEOUT 300)
