/* The platform `scrape`: what its files share. docs/PLATFORMS.md says what it does. */
#ifndef SCRAPE_H
#define SCRAPE_H

#include "plat.h"
#include "scr_get.h"
#include "scr_pool.h"

struct scr_crawls;
struct scr_monitors;

struct scrape {
	struct plat *plat;
	struct scr_web *web;           /* owned */
	struct scr_pool *pool;         /* owned */
	struct scr_crawls *crawls;     /* owned */
	struct scr_monitors *monitors; /* owned */
	struct scr_fetch *fetches;     /* owned: those under way */
	int64_t price_nano;            /* of one request */
	char currency[NV_CURRENCY_BYTES];
};

/* ---- a page from the net to what is wanted of it (scr_fetch.c) ---- */

struct scr_page_got {
	const struct scr_got *got; /* what came from the net, its body already gone */
	json_t *data;              /* what was read; NULL: got->why or `why` */
	const char *why;           /* NULL: it is there (or 304: data is NULL too) */
};

typedef void scr_page_fn(void *arg, const struct scr_page_got *page);

struct scr_fetch;

/* Fetches and reads. `want` (borrowed) as scr_work.h says; links come as [{"url", ...}],
 * absolute. fn comes once, never from inside; data is borrowed there. Errors as
 * scr_get_start(). */
int scr_fetch_start(struct scrape *s, const struct scr_ask *ask, const json_t *want,
	scr_page_fn *fn, void *arg, struct scr_fetch **ret);
/* fn does not come any more. NULL is fine. */
void scr_fetch_cancel(struct scr_fetch *fetch);
/* At the end, when web and pool are gone: what was under way, nobody is told. */
void scr_fetches_drop(struct scrape *s);

/* ---- arguments (scrape.c) ---- */

/* The call's `url`, absolute; the caller's to free. NULL: the call has failed. */
char *scr_call_url(struct plat_call *call, const char *text);
/* Of "name=css" texts; NULL: the call has failed. */
json_t *scr_call_fields(struct plat_call *call);
/* An agent may not, and is told so: true then. */
bool scr_call_denied(struct plat_call *call, const char *name);
/* Costs of what runs on by itself are nobody's call: an agent may not begin it. True: the
 * call has failed. */
bool scr_call_unpaid(struct plat_call *call, const char *what);
/* Book what one of our own requests cost; id is unique for ever. */
void
scr_book_request(struct scrape *s, const char *id, const char *agent, unsigned requests);

#define SCR_PAGE_ARGS \
	{ \
		"ignore_robots", PLAT_BOOL, 0, \
			"ask in spite of robots.txt; not for agents", NULL, 0, 0 \
	}
#define SCR_FIELDS_ARGS \
	{"fields", PLAT_LIST, 0, "NAME=SELECTOR, or NAME=SELECTOR @ATTRIBUTE", NULL, 0, \
		64}, \
	{ \
		"rows", PLAT_TEXT, 0, "selector: the fields once for each such element", \
			NULL, 1, 4096 \
	}

/* ---- monitors (scr_monitor.c) ---- */

int scr_monitors_start(struct scrape *s);
void scr_monitors_stop(struct scrape *s);
/* Check those that are due; ends in plat_poll_done. */
void scr_monitors_poll(struct scrape *s);
void scr_monitor_add(struct plat_call *call);
void scr_monitor_list(struct plat_call *call);
void scr_monitor_check(struct plat_call *call);
void scr_monitor_remove(struct plat_call *call);

/* ---- crawls (scr_crawl.c) ---- */

/* Goes on with what a process before this one has begun. */
int scr_crawls_start(struct scrape *s);
void scr_crawls_stop(struct scrape *s);
void scr_crawl_start(struct plat_call *call);
void scr_crawl_status(struct plat_call *call);
void scr_crawl_stop(struct plat_call *call);
void scr_crawl_results(struct plat_call *call);
void scr_crawl_remove(struct plat_call *call);

#endif
