/* The certificate of a server, read again when its files change: one that was renewed is
 * used without a restart. */
#ifndef GW_CERTIFICATE_H
#define GW_CERTIFICATE_H

#include "http.h"
#include "stamp.h"

struct gw_certificate {
	const char *certificate; /* borrowed paths */
	const char *key;
	struct gw_stamp certificate_stamp;
	struct gw_stamp key_stamp;
	struct gw_tls *tls; /* owned */
};

/* 0, or as gw_tls_new. */
int gw_certificate_open(struct gw_certificate *c, const char *certificate,
	const char *key, struct nv_err *err);
/* Read them again if they have changed: new connections of the server get what is new.
 * Files that are no good are said in the log, and the old ones are kept. */
void gw_certificate_look(struct gw_certificate *c, struct gw_server *server);
void gw_certificate_close(struct gw_certificate *c);

#endif
