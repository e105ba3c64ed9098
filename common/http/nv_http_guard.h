/* Which addresses a program that fetches what others name may connect to: public unicast
 * ones. Decided on the address of the socket, never on a host's text, so that no spelling
 * and no change of the DNS between look-up and connect goes by. */
#ifndef NV_HTTP_GUARD_H
#define NV_HTTP_GUARD_H

#include "nv_base.h"

struct sockaddr;

/* What kind of address it is ("loopback", "private", ...) when it is not public; NULL
 * when it may be connected to. IPv6 forms that carry an IPv4 address (mapped, compatible,
 * NAT64, 6to4, Teredo, ISATAP) are judged by that address too. Anything but AF_INET and
 * AF_INET6 is "not an internet address". Ranges: IANA's special-purpose address
 * registries (RFC 6890). */
const char *nv_http_addr_denied(const struct sockaddr *addr, size_t bytes);

#endif
