/* The HTTP client of a process: libcurl's multi interface on the process's libev loop,
 * with one pool of connections. What every call gets, asked for or not:
 *
 *   - https verified (TLS 1.2 or newer), http and https only, no proxy, no cookies, no
 *     .netrc, nothing from the environment;
 *   - the address that is connected to is judged, not the host's text (nv_http_guard.h),
 *     for new connections and for those of the pool;
 *   - limits on time, speed, headers, and on the body as it is after decompression;
 *   - a second try by a table (nv_http_retry.h), under one deadline over all tries;
 *   - one of three outcomes. DONE: the complete answer is here, its status is 2xx (or 304
 *     to a safe method). REFUSED: the server said no, or nothing ever left this machine;
 *     nothing was done there. UNKNOWN: it may have acted (time-out, reset or an answer
 * cut short after the request left, 5xx): look it up, or repeat it with the same
 *     idempotency key; never blindly. A request with a safe method (GET, HEAD, OPTIONS)
 *     is never UNKNOWN: there was nothing to do.
 *
 * A request that must not be repeated is never sent over a connection of the pool, since
 * libcurl repeats by itself what fails on one before the first byte of the answer.
 *
 * `done` comes exactly once for each call that was started and not cancelled, never from
 * inside nv_http_start; the call is gone then. Everything but nv_http_free may be called
 * from any callback of this header. */
#ifndef NV_HTTP_H
#define NV_HTTP_H

#include "nv_err.h"
#include "nv_http_retry.h"

#include <ev.h>
#include <jansson.h>

struct nv_http;
struct nv_http_call;

enum nv_http_outcome { NV_HTTP_DONE, NV_HTTP_REFUSED, NV_HTTP_UNKNOWN };

enum nv_http_guard {
	NV_HTTP_PUBLIC_ONLY, /* a public unicast address, or nothing is sent */
	NV_HTTP_ANY_ADDRESS  /* for base URLs a person has set, such as a mock on loopback
			      */
};

struct nv_http_header {
	const char *name;
	const char *value;
};

/* 0 in a field: the default. */
struct nv_http_limits {
	int64_t connect_ms;    /* 10 s: resolve, connect and TLS of a try */
	int64_t try_ms;        /* 80 s: one try from its start to the last byte */
	int64_t deadline_ms;   /* 3 min: all tries and the waits between them */
	int64_t low_speed_ms;  /* 80 s below 10 B/s (the wait for the answer too): cut */
	size_t body_bytes_max; /* 8 MiB, after decompression */
	size_t header_bytes_max; /* 64 KiB, all headers of one answer */
};

/* Headers for one try or hop, while `before` runs. */
struct nv_http_head;
/* A value with a line break or NUL is refused: -EINVAL. Replaces one of that name. */
int nv_http_head_set(struct nv_http_head *head, const char *name, const char *value);

struct nv_http_request {
	const char *method; /* "GET" when NULL; upper case */
	const char *url;    /* http(s)://host..., already percent-encoded (nv_url.h) */
	const struct nv_http_header *headers;
	size_t headers_n;
	const void *body;
	size_t body_bytes;
	const char *content_type; /* of the body; NULL: none is sent */
	const char *user_agent;   /* NULL: "nova/VERSION" */
	enum nv_http_guard guard;
	/* A repeat does no harm: a safe method, or PUT/DELETE of such a kind, or the
	 * request carries an idempotency key that the server honours. GET, HEAD and
	 * OPTIONS are taken for safe anyway. */
	bool idempotent;
	/* A 2xx with a body that is no complete JSON is not DONE. Not asked of 204 and
	 * 205, nor of an empty 202. */
	bool expect_json;
	/* GET and HEAD only: so many redirects are followed (0: a 3xx is REFUSED, its
	 * `location` can be read). To another origin none of `headers` goes along but
	 * Accept and Accept-Language. */
	unsigned redirects_max;
	struct nv_http_limits limits;
	const struct nv_http_policy
		*policy; /* NULL: nv_http_policy_default; must live on */
	/* Before each try and hop (from the loop): sets headers that must be fresh each
	 * time, such as a signature with a nonce. url: where this try goes, a redirect's
	 * target too. Such a request has a connection of its own, since libcurl would
	 * repeat it with the same headers. Not 0: the call ends as REFUSED, or UNKNOWN if
	 * an earlier try may have acted. */
	int (*before)(void *arg, const char *url, struct nv_http_head *head);
	void *before_arg;
};

struct nv_http_answer {
	enum nv_http_outcome outcome;
	int status;               /* 0: no answer at all */
	enum nv_http_phase phase; /* how far the last try got */
	const char *body;         /* never NULL, NUL-terminated; also of errors */
	size_t body_bytes;
	json_t *json; /* borrowed; when expect_json and it parses, errors too; else NULL
		       */
	/* The server's own wait, checked for sense; -1: it named none. */
	int64_t retry_after_ms;
	bool throttled; /* REFUSED since that wait is beyond the deadline, or 429 */
	bool maybe;     /* an earlier try may have acted, whatever the last one said */
	unsigned tries;
	const char *url; /* of the last hop: only for redirects; may hold secrets */
	/* Empty when DONE; else what happened, with host and status; no path, query,
	 * header or body in it. The caller adds what the vendor's error object says. */
	char err[256];
	const struct nv_http_headers *headers;
};

typedef void nv_http_done_fn(void *arg, const struct nv_http_answer *answer);

/* First value of that header (any case) of the last answer, NULL if there is none. */
const char *nv_http_header(const struct nv_http_answer *answer, const char *name);
/* The n-th (from 0) of several. */
const char *
nv_http_header_nth(const struct nv_http_answer *answer, const char *name, unsigned n);

struct nv_http_options {
	const char *ca_file;      /* PEM; NULL: the system's */
	unsigned connections_max; /* in all; 0: 64 */
	unsigned per_host_max;    /* 0: 8 */
	unsigned calls_max;       /* at once, waiting ones too; 0: 4096 */
};

/* options may be NULL. 0, -ENOMEM, -EIO. */
int nv_http_new(struct ev_loop *loop, const struct nv_http_options *options,
	struct nv_http **ret);
/* Calls under way end without `done`. Not from a callback. NULL is fine. */
void nv_http_free(struct nv_http *h);

/* Everything in the request is copied but `policy` and the callbacks' arg. -EINVAL: the
 * request itself is wrong (err says what, without secrets); -EBUSY: calls_max; -ENOMEM.
 * ret_call may be NULL when nobody will cancel it. */
int nv_http_start(struct nv_http *h, const struct nv_http_request *request,
	nv_http_done_fn *done, void *arg, struct nv_http_call **ret_call,
	struct nv_err *err);
/* No `done` comes. What was sent stays sent. NULL is fine. */
void nv_http_cancel(struct nv_http_call *call);
/* Calls that are under way or wait for their next try. */
unsigned nv_http_calls(const struct nv_http *h);

/* "done", "refused", "unknown". */
const char *nv_http_outcome_name(enum nv_http_outcome outcome);

#endif
