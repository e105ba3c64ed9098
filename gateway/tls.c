/* TLS by mbedTLS 2.28: see tls.h. */
#include "tls.h"

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct gw_tls {
	mbedtls_entropy_context entropy;
	mbedtls_ctr_drbg_context random;
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
	mbedtls_ssl_config config;
	unsigned holders; /* its owner and its sessions */
};

struct gw_tls_session {
	mbedtls_ssl_context ssl;
	struct gw_tls *tls; /* held */
	int fd;             /* borrowed */
	/* A write that has to wait is repeated with the same length: the record is made.
	 */
	size_t pending_bytes;
};

/* ---- the socket below ---- */

static int
send_some(void *arg, const unsigned char *data, size_t bytes)
{
	const struct gw_tls_session *s = arg;
	ssize_t n = send(s->fd, data, bytes, MSG_NOSIGNAL);

	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE
						 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

static int
recv_some(void *arg, unsigned char *data, size_t bytes)
{
	const struct gw_tls_session *s = arg;
	ssize_t n = recv(s->fd, data, bytes, 0);

	if (n >= 0)
		return (int)n;
	return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ
						 : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
}

/* ---- certificate and key ---- */

static int
bad_file(struct nv_err *err, const char *file, const char *what, int rc)
{
	char why[120];

	mbedtls_strerror(rc, why, sizeof(why));
	return nv_err_set(err, -EINVAL, "%s: expected %s: %s", file, what, why);
}

static int
load(struct gw_tls *t, const char *certificate, const char *key, struct nv_err *err)
{
	int rc = mbedtls_ctr_drbg_seed(&t->random, mbedtls_entropy_func, &t->entropy,
		(const unsigned char *)"nova-gateway", 12);

	if (rc != 0)
		return nv_err_set(err, -EIO, "no random numbers for TLS");
	rc = mbedtls_x509_crt_parse_file(&t->certificate, certificate);
	if (rc != 0)
		return bad_file(err, certificate, "a certificate chain in PEM", rc);
	rc = mbedtls_pk_parse_keyfile(&t->key, key, NULL);
	if (rc != 0)
		return bad_file(
			err, key, "a private key in PEM without a passphrase", rc);
	rc = mbedtls_pk_check_pair(&t->certificate.pk, &t->key);
	if (rc != 0)
		return bad_file(err, key, "the key of the certificate", rc);
	rc = mbedtls_ssl_config_defaults(&t->config, MBEDTLS_SSL_IS_SERVER,
		MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
	if (rc == 0)
		rc = mbedtls_ssl_conf_own_cert(&t->config, &t->certificate, &t->key);
	if (rc != 0)
		return nv_err_set(err, -ENOMEM, "no memory for TLS");
	mbedtls_ssl_conf_rng(&t->config, mbedtls_ctr_drbg_random, &t->random);
	mbedtls_ssl_conf_min_version(
		&t->config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
	mbedtls_ssl_conf_renegotiation(&t->config, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	return 0;
}

int
gw_tls_new(
	const char *certificate, const char *key, struct gw_tls **ret, struct nv_err *err)
{
	struct gw_tls *t = calloc(1, sizeof(*t));

	if (!t)
		return nv_err_set(err, -ENOMEM, "no memory for TLS");
	t->holders = 1;
	mbedtls_entropy_init(&t->entropy);
	mbedtls_ctr_drbg_init(&t->random);
	mbedtls_x509_crt_init(&t->certificate);
	mbedtls_pk_init(&t->key);
	mbedtls_ssl_config_init(&t->config);
	int rc = load(t, certificate, key, err);

	if (rc < 0)
		gw_tls_free(t);
	else
		*ret = t;
	return rc;
}

void
gw_tls_free(struct gw_tls *tls)
{
	if (!tls || --tls->holders)
		return;
	mbedtls_ssl_config_free(&tls->config);
	mbedtls_pk_free(&tls->key);
	mbedtls_x509_crt_free(&tls->certificate);
	mbedtls_ctr_drbg_free(&tls->random);
	mbedtls_entropy_free(&tls->entropy);
	free(tls);
}

/* ---- one connection ---- */

int
gw_tls_accept(struct gw_tls *tls, int fd, struct gw_tls_session **ret)
{
	struct gw_tls_session *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	mbedtls_ssl_init(&s->ssl);
	s->tls = tls;
	tls->holders++;
	s->fd = fd;
	if (mbedtls_ssl_setup(&s->ssl, &tls->config) != 0) {
		gw_tls_session_free(s);
		return -ENOMEM;
	}
	mbedtls_ssl_set_bio(&s->ssl, s, send_some, recv_some, NULL);
	*ret = s;
	return 0;
}

void
gw_tls_session_free(struct gw_tls_session *s)
{
	if (!s)
		return;
	mbedtls_ssl_free(&s->ssl);
	gw_tls_free(s->tls);
	free(s);
}

static int
outcome(int rc, bool *ret_write)
{
	*ret_write = rc == MBEDTLS_ERR_SSL_WANT_WRITE;
	if (*ret_write || rc == MBEDTLS_ERR_SSL_WANT_READ)
		return -EAGAIN;
	return -EPROTO;
}

int
gw_tls_handshake(struct gw_tls_session *s, bool *ret_write)
{
	int rc = mbedtls_ssl_handshake(&s->ssl);

	return rc == 0 ? 0 : outcome(rc, ret_write);
}

ssize_t
gw_tls_read(struct gw_tls_session *s, void *data, size_t bytes, bool *ret_write)
{
	int rc = mbedtls_ssl_read(&s->ssl, data, bytes);

	if (rc >= 0)
		return rc;
	return rc == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? 0 : outcome(rc, ret_write);
}

ssize_t
gw_tls_write(struct gw_tls_session *s, const void *data, size_t bytes, bool *ret_write)
{
	size_t n = s->pending_bytes ? NV_MIN(s->pending_bytes, bytes) : bytes;
	int rc = mbedtls_ssl_write(&s->ssl, data, n);

	s->pending_bytes = rc < 0 ? n : 0;
	return rc >= 0 ? rc : outcome(rc, ret_write);
}

void
gw_tls_end(struct gw_tls_session *s)
{
	(void)mbedtls_ssl_close_notify(&s->ssl); /* a peer that is gone needs no word */
}
