/* Signatures of requests by OAuth 1.0a (RFC 5849) with HMAC-SHA1, as X asks for them in
 * the user's name. A JSON body is not signed; the query of the URL is. Pure. */
#ifndef TWITTER_OAUTH_H
#define TWITTER_OAUTH_H

#include "nv_buf.h"

#define TW_OAUTH_NONCE_BYTES 32 /* of random hex digits */
#define TW_OAUTH_QUERY_MAX   64 /* parameters of a URL */
#define TW_OAUTH_HEADER_MAX  4096

struct tw_oauth { /* all borrowed */
	const char *consumer_key;
	const char *consumer_secret;
	const char *token;
	const char *token_secret;
};

/* The value of the Authorization header, appended to buf. url: absolute, as it is sent
 * (percent-encoded). form: the body when it is application/x-www-form-urlencoded, else
 * NULL. now_s: seconds since 1970 by the server's clock. A nonce is used once.
 * -EINVAL: no such URL; -E2BIG: too many parameters; or the buffer's error. */
int tw_oauth_header(const struct tw_oauth *keys, const char *method, const char *url,
	const char *form, int64_t now_s, const char *nonce, struct nv_buf *buf);

#endif
