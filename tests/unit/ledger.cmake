foreach(name IN ITEMS schema map entry batch)
	nova_unit(test_led_${name} SOURCES test_led_${name}.c LINK nova_ledger)
endforeach()
