/* Signatures of webhooks: see sign.h. */
#include "sign.h"

#include "nv_base64.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
gw_verdict_name(enum gw_verdict verdict)
{
	static const char *const names[] = {
#define X(name, text) [GW_##name] = text,
		GW_VERDICTS(X)
#undef X
	};

	return names[verdict];
}

/* ---- secrets ---- */

void
gw_secrets_set(struct gw_secrets *s, char *text)
{
	gw_secrets_fini(s);
	s->text = text;
	while (text && *text && s->n < GW_SECRETS_MAX) {
		text += strspn(text, " \t\r\n");
		size_t bytes = strcspn(text, "\r\n");
		char *next = text + bytes + (text[bytes] != '\0');

		while (bytes && (text[bytes - 1] == ' ' || text[bytes - 1] == '\t'))
			bytes--;
		text[bytes] = '\0';
		if (bytes)
			s->list[s->n++] = text;
		text = next;
	}
}

void
gw_secrets_fini(struct gw_secrets *s)
{
	if (s->text)
		explicit_bzero(s->text, strlen(s->text));
	free(s->text);
	*s = (struct gw_secrets){0};
}

/* ---- pieces ---- */

/* Digits only, at most 12 of them. */
static bool
read_time(const char *text, size_t chars, int64_t *ret_s)
{
	int64_t value = 0;

	if (chars == 0 || chars > 12)
		return false;
	for (size_t i = 0; i < chars; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*ret_s = value;
	return true;
}

/* Of a message whose signature is right. */
static enum gw_verdict
check_age(int64_t at_s, int64_t now_s)
{
	if (at_s < now_s - GW_SIGN_AGE_S)
		return GW_STALE;
	return at_s > now_s + GW_SIGN_AGE_S ? GW_FUTURE : GW_GENUINE;
}

static bool
mac_matches(const struct gw_secrets *s, const struct nv_piece *pieces, size_t n,
	const uint8_t theirs[NV_SHA256_BYTES])
{
	bool same = false;

	for (size_t i = 0; i < s->n; i++) {
		uint8_t ours[NV_SHA256_BYTES];

		nv_hmac_sha256(s->list[i], strlen(s->list[i]), pieces, n, ours);
		same |= nv_same(ours, theirs, sizeof(ours));
	}
	return same;
}

static bool
has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* ---- Stripe ---- */

#define STRIPE_SIGNATURES_MAX 16 /* more are not looked at: each costs a MAC */

struct stripe {
	const char *time;
	size_t time_chars;
	uint8_t v1[STRIPE_SIGNATURES_MAX][NV_SHA256_BYTES];
	size_t n;
	bool bad;
};

static void
stripe_item(struct stripe *h, const char *item, size_t chars)
{
	if (chars > 2 && memcmp(item, "t=", 2) == 0) {
		h->bad |= h->time != NULL;
		h->time = item + 2;
		h->time_chars = chars - 2;
	} else if (chars > 3 && memcmp(item, "v1=", 3) == 0 &&
		   h->n < STRIPE_SIGNATURES_MAX) {
		/* One that is no MAC cannot be right; another one may be. */
		if (nv_hex_decode(item + 3, chars - 3, h->v1[h->n], NV_SHA256_BYTES) == 0)
			h->n++;
	}
}

enum gw_verdict
gw_sign_stripe(const struct gw_signed *m, const struct gw_secrets *s)
{
	struct stripe h = {0};
	int64_t at_s = 0;

	if (s->n == 0)
		return GW_NO_SECRET;
	if (!m->signature)
		return GW_MISSING;
	for (const char *at = m->signature; *at;) {
		size_t chars = strcspn(at, ",");

		stripe_item(&h, at, chars);
		at += chars + (at[chars] == ',');
	}
	if (h.bad || !h.time || !read_time(h.time, h.time_chars, &at_s))
		return GW_MALFORMED;
	if (m->body_bytes == 0)
		return GW_FORGED;
	const struct nv_piece pieces[] = {
		{h.time, h.time_chars}, {".", 1}, {m->body, m->body_bytes}};
	bool right = false;

	for (size_t i = 0; i < h.n; i++)
		right |= mac_matches(s, pieces, NV_LEN(pieces), h.v1[i]);
	return right ? check_age(at_s, m->now_s) : GW_FORGED;
}

/* ---- SendGrid ---- */

enum gw_verdict
gw_sign_sendgrid(const struct gw_signed *m, const struct nv_ec_key *key)
{
	uint8_t der[128];
	size_t bytes;
	int64_t at_s;

	if (!key)
		return GW_NO_SECRET;
	if (!m->signature || !m->timestamp)
		return GW_MISSING;
	if (!read_time(m->timestamp, strlen(m->timestamp), &at_s) ||
		nv_base64_decode(NV_BASE64_STD, m->signature, strlen(m->signature), der,
			sizeof(der), &bytes) < 0)
		return GW_MALFORMED;
	const struct nv_piece pieces[] = {
		{m->timestamp, strlen(m->timestamp)}, {m->body, m->body_bytes}};

	return nv_ec_verify(key, pieces, NV_LEN(pieces), der, bytes) ? GW_GENUINE
								     : GW_FORGED;
}

/* ---- X ---- */

enum gw_verdict
gw_sign_x(const struct gw_signed *m, const struct gw_secrets *s)
{
	uint8_t theirs[NV_SHA256_BYTES];
	size_t bytes;

	if (s->n == 0)
		return GW_NO_SECRET;
	if (!m->signature)
		return GW_MISSING;
	if (!has_prefix(m->signature, "sha256=") ||
		nv_base64_decode(NV_BASE64_STD, m->signature + 7,
			strlen(m->signature + 7), theirs, sizeof(theirs), &bytes) < 0 ||
		bytes != sizeof(theirs))
		return GW_MALFORMED;
	const struct nv_piece piece = {m->body, m->body_bytes};

	return mac_matches(s, &piece, 1, theirs) ? GW_GENUINE : GW_FORGED;
}

int
gw_sign_x_crc(const char *token, const struct gw_secrets *s, char ret[GW_CRC_BYTES])
{
	uint8_t mac[NV_SHA256_BYTES];
	const struct nv_piece piece = {token, strlen(token)};

	if (s->n == 0)
		return -ENOKEY;
	if (piece.bytes == 0 || piece.bytes > GW_CRC_TOKEN_BYTES)
		return -EINVAL;
	nv_hmac_sha256(s->list[0], strlen(s->list[0]), &piece, 1, mac);
	static_assert(7 + NV_BASE64_CHARS(NV_SHA256_BYTES) < GW_CRC_BYTES, "fits");
	memcpy(ret, "sha256=", 7);
	(void)nv_base64_encode(NV_BASE64_STD, mac, sizeof(mac), ret + 7);
	return 0;
}

/* ---- Slack ---- */

enum gw_verdict
gw_sign_slack(const struct gw_signed *m, const struct gw_secrets *s)
{
	uint8_t theirs[NV_SHA256_BYTES];
	int64_t at_s = 0;

	if (s->n == 0)
		return GW_NO_SECRET;
	if (!m->signature || !m->timestamp)
		return GW_MISSING;
	if (!has_prefix(m->signature, "v0=") ||
		nv_hex_decode(m->signature + 3, strlen(m->signature + 3), theirs,
			sizeof(theirs)) < 0 ||
		!read_time(m->timestamp, strlen(m->timestamp), &at_s))
		return GW_MALFORMED;
	const struct nv_piece pieces[] = {{"v0:", 3},
		{m->timestamp, strlen(m->timestamp)}, {":", 1}, {m->body, m->body_bytes}};

	return mac_matches(s, pieces, NV_LEN(pieces), theirs) ? check_age(at_s, m->now_s)
							      : GW_FORGED;
}

/* ---- anybody ---- */

enum gw_verdict
gw_sign_custom(const struct gw_signed *m, const char *prefix, bool timed,
	const struct gw_secrets *s)
{
	uint8_t theirs[NV_SHA256_BYTES];
	size_t bytes = 0;
	int64_t at_s = 0;

	if (s->n == 0)
		return GW_NO_SECRET;
	if (!m->signature || (timed && !m->timestamp))
		return GW_MISSING;
	if (!has_prefix(m->signature, prefix))
		return GW_MALFORMED;
	const char *text = m->signature + strlen(prefix);
	size_t chars = strlen(text);

	/* 64 characters are hex, 44 are base64: they cannot be taken for each other. */
	if (nv_hex_decode(text, chars, theirs, sizeof(theirs)) < 0 &&
		(nv_base64_decode(NV_BASE64_STD, text, chars, theirs, sizeof(theirs),
			 &bytes) < 0 ||
			bytes != sizeof(theirs)))
		return GW_MALFORMED;
	if (timed && !read_time(m->timestamp, strlen(m->timestamp), &at_s))
		return GW_MALFORMED;
	const struct nv_piece pieces[] = {
		{timed ? m->timestamp : "", timed ? strlen(m->timestamp) : 0},
		{".", timed}, {m->body, m->body_bytes}};

	if (!mac_matches(s, pieces, NV_LEN(pieces), theirs))
		return GW_FORGED;
	return timed ? check_age(at_s, m->now_s) : GW_GENUINE;
}
