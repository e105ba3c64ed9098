nova_unit(test_nv_base64 SOURCES test_nv_base64.c LINK nova_crypto)
nova_unit(test_nv_crypto SOURCES test_nv_crypto.c LINK nova_crypto)
nova_unit(test_nv_http_guard SOURCES test_nv_http_guard.c LINK nova_http)
nova_unit(test_nv_http_parts SOURCES test_nv_http_parts.c LINK nova_http)
nova_unit(test_nv_http_retry SOURCES test_nv_http_retry.c LINK nova_http)
nova_unit(test_nv_url SOURCES test_nv_url.c LINK nova_http)
set_property(TEST test_nv_url APPEND PROPERTY ENVIRONMENT
	"NOVA_URL_CASES=${CMAKE_SOURCE_DIR}/tests/data/vendors/url/percent-encoding.json")
