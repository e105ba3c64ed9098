# shellcheck shell=bash
# The Debian package, for every target that installs it. Sourced by deploy/*.sh.
# shellcheck disable=SC2154 # variables of deploy/lib.sh

packages_package='
debhelper:makes the package
dpkg-dev:makes the package'

# package_file: the package of this tree, made unless it is there already; sets `package`.
package_file()
{
	local dir
	install_missing "$packages_build" "$packages_package"
	say "the package of this tree, in build/package"
	dir=$(tests/root/package) || die 4 "the package could not be made; above is why"
	package=$(find "$dir" -maxdepth 1 -name 'nova_*.deb' -print -quit)
	[ -n "$package" ] || die 4 "there is no package of Nova in $dir"
}
