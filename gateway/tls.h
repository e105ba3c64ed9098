/* TLS on a connection (mbedTLS): what is read and written goes through it once the
 * handshake is done. TLS 1.2, no renegotiation, no client certificates. */
#ifndef GW_TLS_H
#define GW_TLS_H

#include "nv_err.h"

#include <sys/types.h>

struct gw_tls;         /* certificate and key, for all connections */
struct gw_tls_session; /* of one connection */

/* Both files are PEM; the certificate may bring its chain. 0, or -errno with a sentence
 * that names the file (-EINVAL: it is not what was expected). */
int gw_tls_new(const char *certificate, const char *key, struct gw_tls **ret,
	struct nv_err *err);
/* NULL is fine. Sessions that are open keep what they need of it. */
void gw_tls_free(struct gw_tls *tls);

/* On fd, which stays the caller's and is not blocking. 0 or -ENOMEM. The session
 * holds on to tls. */
int gw_tls_accept(struct gw_tls *tls, int fd, struct gw_tls_session **ret);
void gw_tls_session_free(struct gw_tls_session *s); /* NULL is fine */

/* Each: 0 or a count; -EAGAIN with what to wait for in *ret_write (true: until it can be
 * written); -EPROTO or -errno when the connection is no good any more. A read of 0 is the
 * peer's end. */
int gw_tls_handshake(struct gw_tls_session *s, bool *ret_write);
ssize_t gw_tls_read(struct gw_tls_session *s, void *data, size_t bytes, bool *ret_write);
ssize_t
gw_tls_write(struct gw_tls_session *s, const void *data, size_t bytes, bool *ret_write);
/* Say that nothing more comes, as far as that goes at once. */
void gw_tls_end(struct gw_tls_session *s);

#endif
