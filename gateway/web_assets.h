/* The files of the dashboard, as they are linked into nova-gateway: a table made from
 * gateway/web by the build (gateway/web/build.mjs), or an empty one with -DNOVA_WEB=OFF.
 * Constant data; nothing here is ever freed. */
#ifndef GW_WEB_ASSETS_H
#define GW_WEB_ASSETS_H

#include <stddef.h>

struct gw_web_asset {
	const char *name; /* path below "/": "index.html", "assets/app-1A2B3C4D.js" */
	const char *type; /* content type, with its charset */
	const char *etag; /* of the bytes, with its quotes: "\"6f1c...\"" */
	/* The name holds a hash of the bytes: what was fetched once is right for ever. */
	int immutable;
	const unsigned char *data;
	size_t bytes;
	const unsigned char *gzip; /* the same compressed; NULL where that is no gain */
	size_t gzip_bytes;
};

/* The shell, which every page of the dashboard begins with, is "index.html". */
extern const struct gw_web_asset gw_web_assets[];
extern const size_t gw_web_n_assets; /* 0: built without the dashboard */

#endif
