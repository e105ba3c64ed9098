/* The pages of the dashboard: files that were linked in (web_assets.h). What they show
 * they ask the API for, so they are open to everybody. */
#ifndef GW_PAGES_H
#define GW_PAGES_H

#include "http.h"

/* What every page begins with; without the dashboard, how to get it. */
void gw_page_shell(struct gw_call *call);
/* "/assets/{file}". */
void gw_page_asset(struct gw_call *call);

/* Does an Accept-Encoding header take gzip? Pure (RFC 9110, section 12.5.3). */
bool gw_takes_gzip(const char *accept);
/* Does an If-None-Match header name this tag (weakly: RFC 9110, section 13.1.2)? Pure. */
bool gw_tag_matches(const char *none_match, const char *tag);

#endif
