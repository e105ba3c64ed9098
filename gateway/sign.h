/* Is a webhook from whom it says it is: pure checks of vendors' signatures over the raw
 * bytes of a body. Secrets are compared in constant time; an empty secret accepts
 * nothing.
 *
 * Sources: docs.stripe.com/webhooks/signature; Twilio's eventwebhook library;
 * docs.x.com (account activity: securing webhooks); api.slack.com/authentication/
 * verifying-requests-from-slack. */
#ifndef GW_SIGN_H
#define GW_SIGN_H

#include "nv_crypto.h"

#define GW_SIGN_AGE_S      300 /* how old, or how far ahead, a signed time may be */
#define GW_SECRETS_MAX     2   /* valid at a time, while one is being replaced */
#define GW_CRC_BYTES       64  /* of an answer to X's challenge, with the NUL */
#define GW_CRC_TOKEN_BYTES 256 /* the longest token that is answered */

#define GW_VERDICTS(X) \
	X(GENUINE, "genuine") \
	X(NO_SECRET, "no_secret") /* there is none to check with */ \
	X(MISSING, "unsigned")    /* a header is not there, or there twice */ \
	X(MALFORMED, "malformed") /* a header cannot be read */ \
	X(FORGED, "forged")       /* no signature is right */ \
	X(STALE, "stale")         /* right, but older than GW_SIGN_AGE_S */ \
	X(FUTURE, "future")       /* right, but from that far ahead */

enum gw_verdict {
#define X(name, text) GW_##name,
	GW_VERDICTS(X)
#undef X
		GW_VERDICT_COUNT
};
/* "forged": the name in figures and logs. */
const char *gw_verdict_name(enum gw_verdict verdict);

/* Lines of a credentials file: each is a secret that is valid now. */
struct gw_secrets {
	char *text; /* owned */
	const char *list[GW_SECRETS_MAX];
	size_t n;
};
/* Takes text (heap, may be NULL). What is beyond GW_SECRETS_MAX lines is ignored. */
void gw_secrets_set(struct gw_secrets *s, char *text);
void gw_secrets_fini(struct gw_secrets *s);

struct gw_signed {
	const char *signature; /* values of headers; NULL: not there */
	const char *timestamp; /* where it is a header of its own */
	const char *body;
	size_t body_bytes;
	int64_t now_s; /* seconds of the wall clock */
};

/* Stripe-Signature: t=EPOCH,v1=HEX[,v1=HEX]; other schemes mean nothing. */
enum gw_verdict gw_sign_stripe(const struct gw_signed *m, const struct gw_secrets *s);
/* ECDSA over timestamp and body. There is no rule of age: posts that are tried again come
 * late, and what was heard before changes nothing. NULL key: NO_SECRET. */
enum gw_verdict gw_sign_sendgrid(const struct gw_signed *m, const struct nv_ec_key *key);
/* sha256=BASE64 of HMAC-SHA256(consumer secret, body). */
enum gw_verdict gw_sign_x(const struct gw_signed *m, const struct gw_secrets *s);
/* "sha256=..." for a crc_token. -EINVAL: the token is empty or too long; -ENOKEY. */
int gw_sign_x_crc(const char *token, const struct gw_secrets *s, char ret[GW_CRC_BYTES]);
/* v0=HEX of HMAC-SHA256(secret, "v0:" timestamp ":" body). */
enum gw_verdict gw_sign_slack(const struct gw_signed *m, const struct gw_secrets *s);
/* Anybody's: PREFIX and hex or base64 of HMAC-SHA256(secret, body), or over timestamp "."
 * body where a timestamp header is set up (`timed`). */
enum gw_verdict gw_sign_custom(const struct gw_signed *m, const char *prefix, bool timed,
	const struct gw_secrets *s);

#endif
