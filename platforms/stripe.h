/* Between the files of the platform "stripe": one request to the vendor, pages of a list,
 * and the reading of what is new. All on one loop; every callback comes exactly once, and
 * later than the call that asked for it. */
#ifndef STRIPE_H
#define STRIPE_H

#include "api.h"
#include "map.h"

#define STRIPE_VENDOR_URL       "https://api.stripe.com"
#define STRIPE_PAGE             100 /* the most Stripe gives */
#define STRIPE_PAGES_MAX        1000
#define STRIPE_ID_BYTES         256
#define STRIPE_ANSWER_BYTES_MAX ((size_t)32 << 20) /* 100 expanded objects */
/* Stripe keeps an idempotency key for 24 h at least; the clocks may differ. */
#define STRIPE_KEY_LIFE_MS INT64_C(82800000)

struct stripe_scan;

struct stripe {
	struct plat *plat;
	struct plat_api api;
	struct nv_http_header headers[4]; /* api's; the key stands in the first */
	char *bearer;                     /* owned */
	const char *account; /* borrowed from the configuration; NULL: none */
	int64_t catch_up_s;
	bool test;
	/* Why nothing can be asked; NULL: it can. */
	const char *problem;
	bool ending;              /* answers are not the vendor's any more */
	struct stripe_scan *scan; /* owned; NULL while nothing is read */
	struct stripe_seen *seen; /* owned */
	uint64_t n_booked, n_refused;
	json_t *not_booked; /* owned: {reason: count} since the start */
};

/* ---- one request (stripe_http.c) ---- */

/* What came of it. Everything is borrowed until the callback returns. */
struct stripe_answer {
	enum nv_http_outcome outcome;
	int status;              /* 0: none */
	const json_t *json;      /* NULL when there is none */
	const char *type, *code; /* of Stripe's error; "" */
	char why[480]; /* the error with type, code, decline code, parameter, request id
			*/
	bool replayed; /* a stored answer to this idempotency key */
	bool maybe;    /* an earlier try may have acted */
	bool throttled;
	int64_t retry_after_ms; /* -1: not said */
};

typedef void stripe_done_fn(void *arg, const struct stripe_answer *answer);

struct stripe_ask {
	const char *method; /* GET, POST, DELETE */
	const char *path;   /* "/v1/...", encoded; may carry a query */
	const char *form;   /* POST; NULL: none */
	const char *key;    /* idempotency key of a POST; NULL for a GET */
	bool has_turn;      /* the frame has given its turn already */
};

extern const struct nv_http_policy stripe_policy;
/* 0, or negative errno with err; done comes only after 0, and then once. */
int stripe_ask(struct stripe *s, const struct stripe_ask *ask, stripe_done_fn *done,
	void *arg, struct nv_err *err);

/* ---- pages of a list (stripe_list.c) ---- */

/* One page's data, newest first; 0 to go on, else enough. */
typedef int stripe_page_fn(void *arg, const json_t *data, bool has_more);
/* rc 0; negative: why says what. */
typedef void stripe_end_fn(void *arg, int rc, const char *why);

/* path: with "?limit=..." and filters, without a cursor. after: begin behind this id;
 * NULL: at the newest. One that comes again, an empty page that says there is more, and
 * more than pages_max pages are errors. */
int stripe_list(struct stripe *s, const char *path, const char *after, unsigned pages_max,
	stripe_page_fn *page, stripe_end_fn *end, void *arg, struct nv_err *err);

/* ---- verbs ---- */

extern const struct plat_verb stripe_verbs[];

void stripe_run_get(struct plat_call *call);
void stripe_run_list(struct plat_call *call);
void stripe_run_effect(struct plat_call *call);
void stripe_run_raw(struct plat_call *call);
void stripe_run_revenue(struct plat_call *call);
void stripe_run_rewind(struct plat_call *call);
void stripe_send(struct plat_out *out);
void stripe_resolve(struct plat_out *out);

/* metadata.agent_id, when it is a worker's name; NULL. */
const char *stripe_agent_of(const json_t *object);
/* Answers the call and returns true when nothing can be asked of Stripe. */
bool stripe_has_problem(struct plat_call *call);
/* Ends a call by what Stripe answered to a read. */
void stripe_fail_call(struct plat_call *call, const struct stripe_answer *answer);
/* "2026-11-01", RFC 3339 or unix seconds, to seconds; 0, or -EINVAL after answering. */
int stripe_arg_time(struct plat_call *call, const char *name, int64_t *ret_s);

/* ---- what a verb does at Stripe (stripe_ops.c) ---- */

enum stripe_look {
	STRIPE_LOOK_NONE,  /* only a person can tell */
	STRIPE_LOOK_LIST,  /* the object that carries the call's id is in the list */
	STRIPE_LOOK_TAG,   /* the object itself carries it */
	STRIPE_LOOK_STATE, /* its status tells */
	STRIPE_LOOK_GONE   /* it is not there any more */
};

#define STRIPE_TAG     1u  /* takes metadata: agent_id, nova_call */
#define STRIPE_PAYMENT 2u  /* payment_intent_data or subscription_data, by `mode` */
#define STRIPE_REF     4u  /* client_reference_id */
#define STRIPE_CREATED 8u  /* the list can be asked by created[gte] */
#define STRIPE_OWNED   16u /* an agent may only touch what carries its name */
#define STRIPE_STATUS  32u /* the list hides what is over without status=all */

struct stripe_op {
	const char *verb;
	const char *method;
	const char *path;   /* {id} is the argument `id` */
	const char *object; /* path of what it is about, when `path` is not it; NULL */
	enum stripe_look look;
	const char *states; /* STRIPE_LOOK_STATE: those that say it was done, "a|b" */
	unsigned flags;
	/* Arguments that are no parameters by their own name; NULL: none are. */
	void (*shape)(const struct plat_call *call, json_t *params);
};

/* NULL: no such verb. */
const struct stripe_op *stripe_op_find(const char *verb);
/* {id} filled in; the caller frees. NULL when the id cannot stand in a path. */
char *stripe_op_path(const char *path, const char *id);
/* Parameters of the call, by the names of its arguments; with the agent. New reference,
 * NULL with err. */
json_t *stripe_op_params(
	const struct stripe_op *op, const struct plat_call *call, struct nv_err *err);

/* ---- what is new (stripe_scan.c) ---- */

/* Balance transactions, then events, each from its cursor on, oldest first. A cursor
 * moves when all before it has been answered by the ledger. */
void stripe_poll(struct plat *plat);
int stripe_scan_restored(struct plat *p, int64_t until_ns, uint64_t events);
void stripe_scan_stop(struct stripe *s);
void stripe_scan_show(struct stripe *s, json_t *state);

/* The invoice that an event is about (stripe_invoice.c): its id; NULL: none. */
const char *stripe_invoice_of(const json_t *event);
/* Puts the payments of that invoice, as Stripe answers it, where the mapping finds them.
 */
void stripe_invoice_put(json_t *event, const json_t *invoice);

/* What has been said by this process: what an overlap brings again is not said again. */
struct stripe_seen;
struct stripe_seen *stripe_seen_new(void);
void stripe_seen_free(struct stripe_seen *seen);
void stripe_seen_clear(struct stripe_seen *seen);
bool stripe_seen_has(struct stripe_seen *seen, const char *text);
void stripe_seen_add(struct stripe_seen *seen, const char *text);

#endif
