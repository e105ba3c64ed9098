/* The certificate of a server: see certificate.h. */
#include "certificate.h"

#include "nv_log.h"

int
gw_certificate_open(struct gw_certificate *c, const char *certificate, const char *key,
	struct nv_err *err)
{
	*c = (struct gw_certificate){.certificate = certificate,
		.key = key,
		.certificate_stamp = gw_stamp_look(certificate),
		.key_stamp = gw_stamp_look(key)};
	return gw_tls_new(certificate, key, &c->tls, err);
}

void
gw_certificate_look(struct gw_certificate *c, struct gw_server *server)
{
	struct nv_err err = {0};
	struct gw_tls *tls;

	if (!c->tls)
		return;
	struct gw_stamp certificate = gw_stamp_look(c->certificate);
	struct gw_stamp key = gw_stamp_look(c->key);

	if (gw_stamp_same(&certificate, &c->certificate_stamp) &&
		gw_stamp_same(&key, &c->key_stamp))
		return;
	/* One file may be new and the other not yet: the second change comes here, too.
	 */
	c->certificate_stamp = certificate;
	c->key_stamp = key;
	if (gw_tls_new(c->certificate, c->key, &tls, &err) < 0) {
		nv_error("the new certificate is no good, the old one is kept: %s",
			err.text);
		return;
	}
	server->tls = tls;
	gw_tls_free(c->tls);
	c->tls = tls;
	nv_info("the certificate was renewed: %s", c->certificate);
}

void
gw_certificate_close(struct gw_certificate *c)
{
	gw_tls_free(c->tls);
	c->tls = NULL;
}
