/* Fetching one page politely: robots.txt is obeyed, a host is asked one thing at a time
 * with a pause between, what it says about waiting (Crawl-delay, Retry-After) is kept to,
 * redirects are followed by hand so that each of them is asked for like a page of its
 * own. Owns the hosts' queues. One for the process. */
#ifndef SCR_GET_H
#define SCR_GET_H

#include "nv_http.h"
#include "plat.h"

#define SCR_HOPS_MAX        5
#define SCR_SITES_MAX       4096
#define SCR_SITE_QUEUE_MAX  1024
#define SCR_ROBOTS_TTL_MS   (INT64_C(24) * 3600 * 1000) /* RFC 9309, 2.4 */
#define SCR_ROBOTS_RETRY_MS (INT64_C(5) * 60 * 1000)    /* unreachable: asked again */

struct scr_web;
struct scr_get;

/* p's configuration says the rest. 0, -ENOMEM, -EIO, -EINVAL with err. */
int scr_web_new(struct plat *p, struct scr_web **ret, struct nv_err *err);
/* What is under way ends without an answer. NULL is fine. */
void scr_web_free(struct scr_web *web);
/* For `novactl platform scrape`: hosts, requests, bytes. */
void scr_web_show(const struct scr_web *web, json_t *state);

struct scr_got {
	enum nv_exit code; /* OK: there is a page (2xx), or 304 when that was asked for */
	const char *why;   /* else a sentence */
	int64_t retry_after_s; /* -1: not said */
	bool later;            /* it may work when tried again */
	int status;            /* 0: no answer */
	const char *url;       /* where it ended */
	const char *body;
	size_t bytes;
	const char *type, *etag, *modified; /* headers; NULL: not there */
	unsigned requests;                  /* made for it, robots.txt not counted */
};

typedef void scr_got_fn(void *arg, const struct scr_got *got);

struct scr_ask {
	const char *url;      /* as scr_url_resolve makes it */
	const char *etag;     /* of what one has: 304 when it is still that; NULL */
	const char *modified; /* Last-Modified of it; NULL */
	bool ignore_robots;   /* a person said so */
};

/* fn comes once, never from inside. -EINVAL: no such URL; -ENOBUFS: too much waits for
 * that host; -ENOMEM. */
int scr_get_start(struct scr_web *web, const struct scr_ask *ask, scr_got_fn *fn,
	void *arg, struct scr_get **ret);
/* fn does not come any more. NULL is fine. */
void scr_get_cancel(struct scr_get *get);

/* What robots.txt says about a URL: asked for when it is not known. verdict is
 * {"allowed", "rule", "crawl_delay_s", "sitemaps", "status"}; NULL and why on failure.
 * Stolen by fn. */
typedef void scr_robots_fn(void *arg, json_t *verdict, const char *why);
int scr_web_robots(struct scr_web *web, const char *url, scr_robots_fn *fn, void *arg);

#endif
