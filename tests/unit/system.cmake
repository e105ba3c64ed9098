nova_unit(test_led_back SOURCES test_led_back.c LINK nova_ledger TIMEOUT 300)
