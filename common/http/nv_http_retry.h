/* When a request is tried again, and after which wait. Pure: a table of rules, no clock,
 * no chance of its own.
 *
 * What may be repeated depends on what a repeat can do (the class), on how far the try
 * got (the phase), on the status, and on the vendor's own headers. The general rules:
 *
 *   nothing left this machine (resolve, connect, TLS)   any class: again
 *   it left, no or half an answer                       safe, keyed: again; once: UNKNOWN
 *   408 500 502 504                                     safe, keyed: again; once: UNKNOWN
 *   425 429 503 (not taken up)                          any class: again
 *   303                                                 acted: UNKNOWN; safe: REFUSED
 *   other 3xx, 4xx                                      REFUSED
 *
 * A vendor's rules stand before them; a header such as Stripe-Should-Retry before both.
 * When the tries or the time are used up, the verdict is REFUSED or UNKNOWN by the same
 * table. Sources: RFC 9110, 9.2.2 and 15; RFC 6585; stripe-node's RequestSender. */
#ifndef NV_HTTP_RETRY_H
#define NV_HTTP_RETRY_H

#include "nv_base.h"

enum nv_http_class {
	NV_HTTP_SAFE,  /* reads */
	NV_HTTP_KEYED, /* acts, and a repeat is recognised */
	NV_HTTP_ONCE   /* acts, and a repeat acts twice */
};

enum nv_http_phase {
	NV_HTTP_PH_RESOLVE,
	NV_HTTP_PH_CONNECT,
	NV_HTTP_PH_TLS,
	NV_HTTP_PH_SEND,  /* the request has left in part */
	NV_HTTP_PH_WAIT,  /* it has left, no status yet */
	NV_HTTP_PH_BODY,  /* there is a status; the rest did not come, or is not what it
			     should be */
	NV_HTTP_PH_ANSWER /* complete */
};

enum nv_http_verdict {
	NV_HTTP_V_DONE,
	NV_HTTP_V_AGAIN,
	NV_HTTP_V_REFUSED,
	NV_HTTP_V_UNKNOWN
};

/* One line of a table: the first that fits decides. Only for complete answers. */
struct nv_http_rule {
	int status_min, status_max;
	unsigned classes; /* bits 1 << enum nv_http_class; 0: all */
	enum nv_http_verdict verdict;
	/* For AGAIN, when no try is left: NV_HTTP_V_REFUSED or NV_HTTP_V_UNKNOWN. */
	enum nv_http_verdict otherwise;
};

struct nv_http_headers;

struct nv_http_policy {
	unsigned tries_max;  /* 1: never again */
	int64_t wait_ms_min; /* the window of the first wait; doubles */
	int64_t wait_ms_max;
	const struct nv_http_rule *rules; /* before the general ones; NULL: none */
	size_t rules_n;
	/* A header whose "true" or "false" wins over rules, such as
	 * "stripe-should-retry"; "true" never makes a request of the class ONCE be sent
	 * again after it may have acted. */
	const char *should_retry;
	/* Prefixes of window headers, ended by NULL: PREFIX "remaining" and PREFIX
	 * "reset" (epoch seconds). On 429 the latest reset of the empty windows is waited
	 * for, or of all when none says that it is empty. */
	const char *const *windows;
	/* The wait that an answer's body names, in ms, or -1; NULL: bodies name none. */
	int64_t (*body_wait_ms)(int status, const char *body, size_t bytes);
};

/* 3 tries, waits from 500 ms to 8 s, no vendor's ways. */
extern const struct nv_http_policy nv_http_policy_default;
/* One try. */
extern const struct nv_http_policy nv_http_policy_once;

struct nv_http_try {
	enum nv_http_class class;
	enum nv_http_phase phase;
	int status;                            /* with BODY and ANSWER */
	const struct nv_http_headers *headers; /* NULL: none */
	const char *body;
	size_t body_bytes;
	bool fatal;      /* a repeat will fail the same way: a limit of ours, a forbidden
			    address */
	unsigned tries;  /* this one too */
	bool maybe;      /* an earlier try may have acted */
	int64_t left_ms; /* until the deadline */
	int64_t now_wall_ms;
	uint32_t random; /* the jitter: any 32 bits */
};

struct nv_http_decision {
	enum nv_http_verdict verdict;
	int64_t wait_ms;        /* with AGAIN */
	int64_t server_wait_ms; /* what the server named; -1: nothing */
	bool throttled; /* it is over since the server's wait is beyond the deadline, or
			   429 */
	bool maybe;     /* this try or an earlier one may have acted */
};

/* policy NULL: the default one. */
struct nv_http_decision
nv_http_decide(const struct nv_http_policy *policy, const struct nv_http_try *t);

/* Retry-After (RFC 9110, 10.2.3): seconds, also with a fraction as Discord sends them, or
 * an HTTP date (the three forms of 5.6.7). In ms from now; -1 when it makes no sense:
 * negative, text, over 31 days. A date gone by is 0. */
int64_t nv_http_retry_after_ms(const char *value, int64_t now_wall_ms);
/* Epoch seconds, as rate limit headers carry them; same rules. */
int64_t nv_http_epoch_wait_ms(const char *value, int64_t now_wall_ms);
/* Seconds with a fraction, "1.337" -> 1337, rounded up; -1 as above. */
int64_t nv_http_seconds_ms(const char *value, size_t bytes);
/* An HTTP date in ms since 1970, for Date, Last-Modified, Expires. 0 or -EINVAL. A
 * two-digit year is at most 50 years ahead of now (5.6.7). */
int nv_http_date_parse(const char *value, int64_t now_wall_ms, int64_t *ret_wall_ms);

#endif
