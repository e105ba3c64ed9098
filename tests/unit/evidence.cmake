nova_unit(test_led_power SOURCES test_led_power.c LINK nova_ledger TIMEOUT 300)
nova_unit(test_led_merkle SOURCES test_led_merkle.c LINK nova_ledger)
nova_unit(test_led_seal SOURCES test_led_seal.c LINK nova_ledger)
nova_unit(test_handout SOURCES test_handout.c LINK nova_engine)
