/* What a request says of who sends it and from where, read strictly: Authorization
 * (RFC 6750), Cookie (RFC 6265), Host and Origin. Pure. */
#ifndef GW_CREDS_H
#define GW_CREDS_H

#include "nv_base.h"

/* The token of "Bearer TOKEN", in the header; NULL when it is anything else. */
const char *gw_creds_bearer(const char *authorization);

#define GW_COOKIE_BYTES_MAX 64
/* The nth value of a cookie, copied; false: there is no such one. One that is too long or
 * has other bytes than base64url has counts, as "". */
bool gw_creds_cookie(
	const char *cookies, const char *name, size_t nth, char ret[GW_COOKIE_BYTES_MAX]);

/* Is a Host header one by which a listener on loopback is known: localhost, a name below
 * it, an address of loopback, or one of the names (without port; case does not matter)?
 * A page of an attacker whose name resolves to 127.0.0.1 sends its own (DNS rebinding).
 */
bool gw_creds_host_is_ours(const char *host, const char *const *names, size_t n_names);

/* Is the Origin header's host and port the one of the Host header? The scheme may differ:
 * a proxy may have taken TLS off. "null" is not. */
bool gw_creds_origin_is_ours(const char *origin, const char *host);

#endif
