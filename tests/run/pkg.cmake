# The Debian package: what is in it, and its life on a machine. About packaging and not about
# C code, so once is enough.
if(NOT NOVA_SANITIZE)
	nova_run(pkg_build pkg_build TIMEOUT 1800)
	nova_run(pkg_life pkg_life TIMEOUT 1800)
endif()
