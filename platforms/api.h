/* How a platform speaks to its vendor's API: one base URL, one set of headers, and for
 * each request a turn (plat_turn), the HTTP core's limits and retries, and what the
 * vendor says about rates heard by the frame. What an answer means is the platform's. */
#ifndef PLAT_API_H
#define PLAT_API_H

#include "nv_buf.h"
#include "nv_http.h"
#include "plat.h"

struct plat_ask;

struct plat_api {
	struct plat *p;
	struct nv_http *http; /* owned */
	char *base_url;       /* owned; without a slash at its end */
	enum nv_http_guard guard;
	/* Sent with every request; borrowed, to be set after init: the platform's secret
	 * stands in one of them. */
	const struct nv_http_header *headers;
	size_t headers_n;
	const struct nv_http_policy *policy; /* NULL: the default */
	/* "x-ratelimit-": its "remaining" and "reset" (epoch s) go to plat_rate_heard;
	 * NULL: the vendor has none. */
	const char *window;
	/* The vendor limits each of its endpoints apart: what it says about limits (429,
	 * headers) is heard by the platform, not by the frame. */
	bool limits_apart;
	size_t body_bytes_max;  /* of an answer; 0: the HTTP core's */
	struct plat_ask *first; /* under way */
};

/* base_url: the configured one, NULL: the vendor's own. Only another one than the
 * vendor's may lead to an address that is not public (a mock). 0, -EINVAL with err,
 * -ENOMEM, -EIO. */
int plat_api_init(struct plat_api *api, struct plat *p, const char *base_url,
	const char *vendors_own, struct nv_err *err);
/* Requests end with an answer: those that have begun UNKNOWN, the others REFUSED. */
void plat_api_fini(struct plat_api *api);

#define PLAT_ASK_REPEATABLE 1u /* doing it twice does what doing it once does */
#define PLAT_ASK_TURNED     2u /* it has had its turn: the first request of `send` */
#define PLAT_ASK_NO_JSON    4u /* a 2xx need not be JSON */

struct plat_request {
	const char *method;
	const char *path; /* "/v3/..." with its query, encoded (nv_url.h) */
	const void *body; /* copied */
	size_t body_bytes;
	const char *content_type;
	unsigned flags;
	int64_t deadline_ms; /* 0: the HTTP core's */
	/* Headers that must be fresh at each try; see nv_http.h. NULL: none. */
	int (*before)(void *arg, const char *url, struct nv_http_head *head);
	void *before_arg;
};

/* fn comes exactly once after 0, never from inside. -EINVAL with err, -ENOBUFS (too much
 * is under way), -ENOMEM. err may be NULL. */
int plat_api_ask(struct plat_api *api, const struct plat_request *request,
	nv_http_done_fn *fn, void *arg, struct nv_err *err);
/* GET of base URL + path. */
int plat_api_get(struct plat_api *api, const char *path, nv_http_done_fn *fn, void *arg,
	struct nv_err *err);
/* A body of JSON; value is stolen, also on failure. */
int
plat_api_send(struct plat_api *api, const char *method, const char *path, json_t *value,
	unsigned flags, nv_http_done_fn *fn, void *arg, struct nv_err *err);

#endif
