foreach(name IN ITEMS format progress)
	nova_unit(test_log_${name} SOURCES test_log_${name}.c LINK nova_logger_lib)
endforeach()
nova_unit(test_nv_logfile SOURCES test_nv_logfile.c LINK nova_core)
