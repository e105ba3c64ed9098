# Libraries, each as an imported target. libev and mbedTLS ship no pkg-config file in Debian
# 12, so they are looked up by header and library.

find_package(PkgConfig REQUIRED)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson>=2.13)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb>=0.9.24)
pkg_check_modules(ZLIB REQUIRED IMPORTED_TARGET zlib>=1.2)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.85)
pkg_check_modules(XML2 REQUIRED IMPORTED_TARGET libxml-2.0>=2.9)
pkg_check_modules(ICU REQUIRED IMPORTED_TARGET icu-uc>=70 icu-i18n>=70)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1>=0.2)
# The books of the original system, which novactl import reads.
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3>=3.37)
# The terminal of novactl top; the wide one, which knows UTF-8.
pkg_check_modules(NCURSES REQUIRED IMPORTED_TARGET ncursesw>=6.1)
if(NOVA_TESTS)
	pkg_check_modules(CHECK REQUIRED IMPORTED_TARGET check>=0.15)
endif()

function(nova_find_library target header library)
	find_path(${target}_INCLUDE ${header} REQUIRED)
	find_library(${target}_LIBRARY ${library} REQUIRED)
	add_library(nova::${target} INTERFACE IMPORTED)
	target_include_directories(nova::${target} INTERFACE ${${target}_INCLUDE})
	target_link_libraries(nova::${target} INTERFACE ${${target}_LIBRARY})
endfunction()

nova_find_library(ev ev.h ev)
nova_find_library(mbedtls mbedtls/ssl.h mbedtls)
nova_find_library(mbedx509 mbedtls/x509_crt.h mbedx509)
nova_find_library(mbedcrypto mbedtls/md.h mbedcrypto)
