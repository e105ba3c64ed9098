nova_unit(test_led_power SOURCES test_led_power.c LINK nova_ledger TIMEOUT 300)
nova_unit(test_led_merkle SOURCES test_led_merkle.c LINK nova_ledger)
