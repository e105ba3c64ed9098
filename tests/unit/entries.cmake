nova_unit(test_led_claims SOURCES test_led_claims.c LINK nova_ledger TIMEOUT 300)
