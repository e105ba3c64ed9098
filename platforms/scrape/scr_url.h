/* URLs as pages write them. Taken apart and resolved by the parser that fetches them
 * (nv_uri.h); here is what HTML does before that, and when two URLs are one page. */
#ifndef SCR_URL_H
#define SCR_URL_H

#include "nv_buf.h"

/* The absolute http(s) URL of `reference` seen from `base` (NULL: it must be absolute),
 * without fragment; the caller's to free. White space around it is stripped, tabs and
 * line breaks are taken out, "\" is "/" before the query, what is not ASCII is
 * percent-encoded (URL standard). 0; -EINVAL: it leads nowhere (another scheme, user or
 * password in it, no host); -E2BIG; -ENOMEM. */
int scr_url_resolve(const char *base, const char *reference, char **ret);
/* The same key means the same page: host in lower case, no default port, no dot segments,
 * no fragment, percent-encoding as RFC 3986 (6.2.2) makes it the same, the query as it
 * stands. The caller's to free; errors as above. */
int scr_url_key(const char *url, char **ret);
/* "https://host:port" of it, and "/path?query" (for robots.txt); the caller's to free. */
int scr_url_split(const char *url, char **ret_origin, char **ret_path);

enum scr_scope {
	SCR_SCOPE_HOST,   /* the same host */
	SCR_SCOPE_DOMAIN, /* it, and hosts below it ("www." in front is nothing) */
	SCR_SCOPE_ANY
};
bool scr_url_in_scope(const char *url, const char *of, enum scr_scope scope);

#endif
