# shellcheck shell=bash
# libnova and the prices of models, as an installation has them.
before()
{
	local build=${NOVA_TESTS%/tests} library
	library=$(find "$build" -name libnova.a | head -n 1)
	mkdir -p "$NOVA_TOP/lib/pkgconfig" "$HOME/.config/nova"
	printf 'Name: nova\nDescription: -\nVersion: 0\nLibs: %s\nCflags: -I%s\n' \
		"$library" "$NOVA_SOURCE/workers/sdk" >"$NOVA_TOP/lib/pkgconfig/nova.pc"
	export PKG_CONFIG_PATH=$NOVA_TOP/lib/pkgconfig
	cp "$NOVA_SOURCE/etc/prices/data.json" "$HOME/.config/nova/prices.json"
}
