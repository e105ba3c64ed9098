/* The signature base string of RFC 5849, 3.4.1, and its HMAC. */
#include "twitter_oauth.h"

#include "nv_base64.h"
#include "nv_crypto.h"
#include "nv_uri.h"
#include "nv_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OWN_PARAMS 6 /* oauth_* without the signature */
#define PARAMS_MAX (2 * TW_OAUTH_QUERY_MAX + OWN_PARAMS)
#define BASE_BYTES ((size_t)1 << 20)

/* Encoded pairs, "key" and "value" each ended by a NUL, in one buffer. */
struct params {
	struct nv_buf text;
	size_t at[PARAMS_MAX]; /* offset of the key */
	size_t n;
};

static int
take_pair(void *arg, const char *key, size_t key_bytes, const char *value,
	size_t value_bytes)
{
	struct params *p = arg;

	if (p->n == PARAMS_MAX)
		return -E2BIG;
	p->at[p->n++] = p->text.bytes;
	nv_url_encode(&p->text, key, key_bytes);
	nv_buf_add(&p->text, "", 1);
	nv_url_encode(&p->text, value, value_bytes);
	nv_buf_add(&p->text, "", 1);
	return p->text.error;
}

static int
add_text(struct params *p, const char *key, const char *value)
{
	return take_pair(p, key, strlen(key), value, strlen(value));
}

static int
compare(const void *a, const void *b, void *text)
{
	const char *x = (const char *)text + *(const size_t *)a;
	const char *y = (const char *)text + *(const size_t *)b;
	int order = strcmp(x, y);

	return order ? order : strcmp(x + strlen(x) + 1, y + strlen(y) + 1);
}

/* Sorted and joined; encoded once more, as a part of the base string. */
static void
add_params(struct params *p, struct nv_buf *base)
{
	struct nv_buf joined;

	qsort_r(p->at, p->n, sizeof p->at[0], compare, p->text.data);
	nv_buf_init(&joined, BASE_BYTES);
	for (size_t i = 0; i < p->n; i++) {
		const char *key = p->text.data + p->at[i];

		nv_buf_printf(
			&joined, "%s%s=%s", i ? "&" : "", key, key + strlen(key) + 1);
	}
	if (joined.error)
		base->error = joined.error;
	else
		nv_url_encode(base, joined.data, joined.bytes);
	nv_buf_fini(&joined);
}

/* METHOD & URL without query & parameters, each encoded. */
static int
base_string(const char *method, const char *url, struct params *p, struct nv_buf *base)
{
	struct nv_uri uri;
	struct nv_buf plain;
	int rc = nv_uri_parse(url, &uri);

	if (rc < 0)
		return rc;
	nv_buf_init(&plain, BASE_BYTES);
	nv_uri_origin(&uri, &plain);
	nv_buf_puts(&plain, uri.path);
	nv_buf_printf(base, "%s&", method);
	if (plain.error)
		rc = plain.error;
	else
		nv_url_encode(base, plain.data, plain.bytes);
	nv_buf_puts(base, "&");
	if (rc == 0 && uri.query)
		rc = nv_form_each(
			uri.query, strlen(uri.query), TW_OAUTH_QUERY_MAX, take_pair, p);
	if (rc == 0)
		add_params(p, base);
	nv_uri_fini(&uri);
	nv_buf_fini(&plain);
	return rc ? rc : base->error;
}

static int
sign(const struct tw_oauth *keys, const struct nv_buf *base,
	char ret[NV_BASE64_CHARS(NV_SHA1_BYTES) + 1])
{
	uint8_t mac[NV_SHA1_BYTES];
	struct nv_piece piece = {base->data, base->bytes};
	struct nv_buf key;
	int rc;

	nv_buf_init(&key, BASE_BYTES);
	nv_url_encode(&key, keys->consumer_secret, strlen(keys->consumer_secret));
	nv_buf_puts(&key, "&");
	nv_url_encode(&key, keys->token_secret, strlen(keys->token_secret));
	rc = key.error;
	if (rc == 0) {
		nv_hmac_sha1(key.data, key.bytes, &piece, 1, mac);
		(void)nv_base64_encode(NV_BASE64_STD, mac, sizeof mac, ret);
		explicit_bzero(key.data, key.bytes);
	}
	nv_buf_fini(&key);
	return rc;
}

static void
put_header(
	struct nv_buf *buf, const char *const own[OWN_PARAMS][2], const char *signature)
{
	for (size_t i = 0; i < OWN_PARAMS; i++) {
		nv_buf_puts(buf, i ? ", " : "OAuth ");
		nv_buf_printf(buf, "%s=\"", own[i][0]);
		nv_url_encode(buf, own[i][1], strlen(own[i][1]));
		nv_buf_puts(buf, "\"");
	}
	nv_buf_puts(buf, ", oauth_signature=\"");
	nv_url_encode(buf, signature, strlen(signature));
	nv_buf_puts(buf, "\"");
}

int
tw_oauth_header(const struct tw_oauth *keys, const char *method, const char *url,
	const char *form, int64_t now_s, const char *nonce, struct nv_buf *buf)
{
	char signature[NV_BASE64_CHARS(NV_SHA1_BYTES) + 1];
	char now[24];
	const char *const own[OWN_PARAMS][2] = {
		{"oauth_consumer_key", keys->consumer_key}, {"oauth_nonce", nonce},
		{"oauth_signature_method", "HMAC-SHA1"}, {"oauth_timestamp", now},
		{"oauth_token", keys->token}, {"oauth_version", "1.0"}};
	struct params p = {.n = 0};
	struct nv_buf base;
	int rc = 0;

	(void)snprintf(now, sizeof now, "%" PRId64, now_s);
	nv_buf_init(&p.text, BASE_BYTES);
	nv_buf_init(&base, BASE_BYTES);
	for (size_t i = 0; rc == 0 && i < OWN_PARAMS; i++)
		rc = add_text(&p, own[i][0], own[i][1]);
	if (rc == 0 && form)
		rc = nv_form_each(form, strlen(form), TW_OAUTH_QUERY_MAX, take_pair, &p);
	if (rc == 0)
		rc = base_string(method, url, &p, &base);
	if (rc == 0)
		rc = sign(keys, &base, signature);
	if (rc == 0)
		put_header(buf, own, signature);
	nv_buf_fini(&p.text);
	nv_buf_fini(&base);
	return rc ? rc : buf->error;
}
