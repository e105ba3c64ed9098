/* Gumroad, between its files: gumroad.c has the table and what an answer means,
 * gumroad_walk.c lists in pages, gumroad_book.c brings a sale into the ledger,
 * gumroad_poll.c finds what no ping told, the others are verbs. */
#ifndef GUMROAD_H
#define GUMROAD_H

#include "api.h"
#include "map.h"
#include "nv_url.h"

#define GUM_ID_BYTES  MAP_GUMROAD_ID_BYTES
#define GUM_DAY_BYTES 11 /* "2026-11-22" */

struct gum {
	struct plat *p;
	struct plat_api api;
	struct nv_http_header header; /* Authorization; value owned */
	int64_t window_days;
	/* Said by `novactl platform gumroad`. */
	int64_t pages, sales_seen;
};

/* ---- what an answer means ---- */

enum gum_meaning {
	GUM_OK,
	GUM_NO,      /* it was understood, and the answer is no */
	GUM_FAILED,  /* may work later, or with another token */
	GUM_UNKNOWN, /* it may have been done */
};
/* `success`, whatever the status says; text gets a sentence for all but GUM_OK. */
#define GUM_TEXT_BYTES 300
enum gum_meaning
gum_meaning(const struct nv_http_answer *answer, char text[GUM_TEXT_BYTES]);
/* Ends a call whose answer is not GUM_OK. */
void gum_call_fail(struct plat_call *call, enum gum_meaning meaning, const char *text);
/* Starts a request for a call; when that fails the call is ended. body NULL: none. */
void gum_call_ask(struct plat_call *call, const char *method, struct nv_buf *path,
	struct nv_buf *form, unsigned flags, nv_http_done_fn *fn);
struct gum *gum_of(const struct plat_call *call);

/* ---- lists in pages ---- */

struct gum_walk;
/* A page's array of objects. 0: the next one, please; 1: enough; 2: gum_walk_next comes
 * later. page_key: of the page after this one; NULL: it is the last. */
typedef int
gum_page_fn(void *arg, struct gum_walk *walk, const json_t *items, const char *page_key);
/* The end: GUM_OK after the last page or after `enough`. */
typedef void gum_end_fn(void *arg, enum gum_meaning meaning, const char *text);
/* path: with its query; list: the member of the answer; page_key: where to go on, or
 * NULL. 0, or negative with err: then neither fn comes. */
int gum_walk(struct gum *g, const char *path, const char *list, const char *page_key,
	unsigned pages_max, gum_page_fn *page, gum_end_fn *end, void *arg,
	struct nv_err *err);
void gum_walk_next(struct gum_walk *walk);
void gum_walk_stop(struct gum_walk *walk, enum gum_meaning meaning, const char *text);

/* ---- booking ---- */

/* What is kept of a sale: {"agent","full","disputed","hash"}; a new reference, an empty
 * object when nothing is. */
json_t *gum_record(struct gum *g, const char *sale_id);
/* Whom it is due to, from what is known, from a ping, from the sale or the configuration.
 */
const char *
gum_agent(struct gum *g, const json_t *record, const char *hint, const json_t *sale);
/* rc 0: everything of it is in the ledger (or lies in quarantine, which is logged). */
typedef void gum_booked_fn(void *arg, int rc, const char *why);
/* again: say it even if the same was said before. fn may come from inside. */
void gum_book(struct gum *g, const json_t *sale, const char *hint, bool again,
	gum_booked_fn *fn, void *arg);
/* Adds counts of what could not be booked to the state. */
void gum_book_show(struct gum *g, json_t *state);

void gum_poll(struct plat *p);
int gum_restored(struct plat *p, int64_t until_ns, uint64_t events);

/* ---- verbs ---- */

void gum_confirm_run(struct plat_call *call);
void gum_sales_run(struct plat_call *call);
void gum_sale_run(struct plat_call *call);
void gum_revenue_run(struct plat_call *call);
void gum_refund_run(struct plat_call *call);
void gum_refund_send(struct plat_out *out);
void gum_refund_resolve(struct plat_out *out);
void gum_products_run(struct plat_call *call);
void gum_product_run(struct plat_call *call);
void gum_product_switch_run(struct plat_call *call);
void gum_subscribers_run(struct plat_call *call);
void gum_subscriber_run(struct plat_call *call);
void gum_verify_run(struct plat_call *call);
void gum_licence_run(struct plat_call *call);
void gum_subscriptions_run(struct plat_call *call);
void gum_subscribe_run(struct plat_call *call);
void gum_unsubscribe_run(struct plat_call *call);

#endif
