nova_fuzz(fuzz_map_mail SOURCES fuzz_map_mail.c LINK nova_map
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/map_mail)
nova_fuzz(fuzz_sendgrid_text SOURCES fuzz_sendgrid_text.c LINK nova_platforms nova_plat
	CORPUS ${CMAKE_CURRENT_SOURCE_DIR}/corpus/sendgrid_text)
