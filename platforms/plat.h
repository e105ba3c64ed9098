/* What a platform is, and what the frame does for it. One process, `nova-platform NAME`,
 * serves one vendor: the frame (platforms/frame, store, outbox, pipe, sock, ...) owns the
 * loop, the socket, the pipes to the engine, the durable store, limits and identity; a
 * platform is a table (struct plat_kind) of verbs and a few functions.
 *
 * Everything runs on one loop, nothing may block. A function that takes a json_t says
 * whether it is borrowed or stolen; a stolen reference is gone whatever is returned.
 * Functions return 0 or negative errno. Money: int64 of 10^-9 units and a code.
 *
 * ---- an example: a vendor with one read and one effect ----
 *
 *	static void
 *	balance_run(struct plat_call *call)              // a read: answered when it comes
 *	{
 *		...start an HTTP request with `call` as its argument...
 *	}
 *	static void
 *	balance_answer(struct nv_http_call *http, const struct nv_http_answer *a, void
 **arg)
 *	{
 *		struct plat_call *call = arg;
 *
 *		if (a->outcome != NV_HTTP_DONE)
 *			plat_fail(call, NV_EXIT_FAILED, "acme: %s", a->err.text);
 *		else
 *			plat_done(call, json_pack(...));
 *	}
 *
 *	static void
 *	refund_run(struct plat_call *call)               // an effect: durable before it
 *goes
 *	{
 *		int64_t nano;
 *		char currency[NV_CURRENCY_BYTES];
 *
 *		if (plat_arg_money(call, "amount", &nano, currency) < 0)
 *			...
 *		// The exact request, so that a crash changes nothing of it. It costs us
 *		// nothing: 0.
 *		plat_out_begin(call, json_pack("{s:s,...}", "sale", plat_arg_str(call,
 *"sale"),
 *			...), 0, "USD");
 *	}
 *	static void
 *	refund_send(struct plat_out *out)                // it is marked as sent on the
 *disk
 *	{
 *		...POST out->request with `Idempotency-Key: out->id`; its answer calls one
 *of plat_out_done(out, result, cost), plat_out_refused(out, code, ...),
 *		plat_out_later(out, wait_ms, ...) (nothing was done: send again later) or
 *		plat_out_unknown(out, ...)...
 *	}
 *	// Somebody died or an answer was lost between send and answer: find out.
 *	static void
 *	refund_resolve(struct plat_out *out)
 *	{
 *		if (plat_out_age_ms(out) < KEY_LIFETIME_MS)
 *			refund_send(out);                // the key makes a repeat
 *harmless else
 *			...look it up, and say done, refused or unknown...
 *	}
 *
 *	static const struct plat_arg refund_args[] = {
 *		{"sale", PLAT_TEXT, PLAT_REQUIRED, "id of the sale", NULL, 1, 200},
 *		{"amount", PLAT_MONEY, 0, "part of it, such as 5.00 EUR", NULL, 0, 0},
 *		{0}};
 *	static const struct plat_verb acme_verbs[] = {
 *		{"balance", "what is there", PLAT_AGENT, NULL, NULL, balance_run, NULL,
 *NULL},
 *		{"refund", "give money back", PLAT_EFFECT, NULL, refund_args, refund_run,
 *			refund_send, refund_resolve},
 *		{0}};
 *	const struct plat_kind plat_acme = {.name = "acme", .summary = "Acme payments",
 *		.secrets = acme_secrets, .verbs = acme_verbs, .settings = acme_settings,
 *		.start = acme_start, .stop = acme_stop, .poll = acme_poll};
 *
 * and one line in kinds.c.
 */
#ifndef PLAT_H
#define PLAT_H

#include "nv_config.h"
#include "nv_err.h"
#include "nv_money.h"

#include <ev.h>
#include <jansson.h>

#define PLAT_ARGS_MAX        40 /* of a verb */
#define PLAT_SECRETS_MAX     8
#define PLAT_OUT_ID_BYTES    48  /* of an outbox entry, with the NUL */
#define PLAT_KEY_BYTES_MAX   400 /* of the store */
#define PLAT_TABLE_BYTES_MAX 64
#define PLAT_VALUE_BYTES_MAX ((size_t)16 << 20)
#define PLAT_LINE_BYTES_MAX \
	((size_t)8 << 20) /* a request on the socket: mail is large \
			   */

struct plat;      /* the process */
struct plat_call; /* a request that has not been answered yet */
struct nv_http;

/* ---- the tables ---- */

enum plat_type {
	PLAT_TEXT,  /* min..max bytes (max 0: 64 KiB) */
	PLAT_INT,   /* min..max (both 0: not negative) */
	PLAT_MONEY, /* "5.00 EUR", "$5"; not negative */
	PLAT_BOOL,
	PLAT_LIST, /* of texts; min..max of them (max 0: 1,000) */
	PLAT_JSON  /* any JSON value */
};

#define PLAT_REQUIRED 1u /* may also be given without its name, in the table's order */
#define PLAT_WORD     2u /* not required, but may be given without its name as well */

struct plat_arg {
	const char *name; /* NULL ends a table */
	enum plat_type type;
	unsigned flags;
	const char *help;
	const char *choices; /* PLAT_TEXT: one of these words, "a|b|c"; NULL: anything */
	int64_t min;
	int64_t max;
};

#define PLAT_AGENT  1u /* an agent that was granted this platform may call it */
#define PLAT_EFFECT 2u /* changes the world: goes through the outbox, has `send` */
#define PLAT_NO_KEY 4u /* works without the platform's secrets */

struct plat_out;

struct plat_verb {
	const char *name;    /* "refund", "customers.create"; NULL ends a table */
	const char *summary; /* one line */
	unsigned flags;
	const char *operation; /* of the budget (`budget: operations:`); NULL: the verb's
				  name */
	const struct plat_arg *args; /* NULL: none */
	/* Begins the call; ends in exactly one of plat_done, plat_fail, plat_unknown,
	 * plat_out_begin, now or later. */
	void (*run)(struct plat_call *call);
	/* PLAT_EFFECT: makes the request of an outbox entry; ends in exactly one of the
	 * plat_out_* outcomes, now or later. It has had its turn (plat_turn): its first
	 * request goes at once, further ones ask for their own. */
	void (*send)(struct plat_out *out);
	/* PLAT_EFFECT: the entry may have been sent by a process that is dead, or its
	 * answer was lost. Ends as `send` does. NULL: only a person can tell; it is shown
	 * as unknown until `novactl platform NAME resolve ID done|retry`. */
	void (*resolve)(struct plat_out *out);
};

struct plat_limit {
	int64_t count; /* 0: no limit */
	int64_t per_ms;
};

/* What the frame needs of the configuration; settings() finds here what the section of
 * the platform's name says. */
struct plat_settings {
	int64_t poll_ms;              /* 0: never */
	struct plat_limit rate;       /* requests to the vendor (plat_turn) */
	struct plat_limit agent_rate; /* calls of one agent */
};

struct plat_kind {
	const char *name;
	const char *alias; /* another name on the command line; NULL */
	const char *summary;
	/* Names of files of secrets; ended by NULL. Without the first ones (n_required)
	 * no verb but PLAT_NO_KEY ones works, and nothing is polled. */
	const char *const *secrets;
	unsigned n_required;
	const struct plat_verb *verbs;
	/* To change what the section says, or to refuse it: 0, or -EINVAL with err. May
	 * be NULL. */
	int (*settings)(const struct nv_config *config, struct plat_settings *ret,
		struct nv_err *err);
	/* Before the socket exists. State of the platform: plat_set_own. May be NULL. */
	int (*start)(struct plat *p, struct nv_err *err);
	/* Nothing is under way any more. May be NULL. */
	void (*stop)(struct plat *p);
	/* It is time to look at the vendor for what is new. Ends in plat_poll_done, now
	 * or later; is not called again before. NULL: nothing to poll. */
	void (*poll)(struct plat *p);
	/* Adds to the object that `novactl platform NAME` shows. May be NULL. */
	void (*show)(struct plat *p, json_t *state);
	/* What has been done of a request that is not finished costs so much: booked when
	 * its entry is refused, by whomever. NULL: nothing. */
	int64_t (*spent)(const struct plat_out *out);
	/* The ledger was restored and goes no further than until_ns and its event number
	 * `events`; the store may be newer: what is read again is put back to before that
	 * (PLAT_RESTORED_BACK_NS: it may have been behind). Before start; a batch is
	 * open. NULL: nothing is read that is booked. */
	int (*restored)(struct plat *p, int64_t until_ns, uint64_t events);
};
#define PLAT_RESTORED_BACK_NS (INT64_C(3) * 86400 * 1000000000)

/* kinds.c of the program; ended by NULL. */
extern const struct plat_kind *const plat_kinds[];
/* By name or alias; NULL. */
const struct plat_kind *plat_kind_find(const char *name);

/* ---- the process ---- */

struct ev_loop *plat_loop(const struct plat *p);
const struct plat_kind *plat_kind_of(const struct plat *p);
const struct nv_config *plat_config(const struct plat *p);
/* Where the sockets of Nova's processes are. */
const char *plat_run_dir(const struct plat *p);
/* NULL when it was not given. Never log it. */
const char *plat_secret(const struct plat *p, const char *name);
/* A pointer of the platform's own, NULL before. */
void plat_set_own(struct plat *p, void *own);
void *plat_own(const struct plat *p);

/* rc 0: all that is new has been booked; the next poll comes after poll_ms. Negative: it
 * failed (why is shown and logged once); the next comes after a back-off. -EAGAIN: there
 * is more, go on at once. */
void plat_poll_done(struct plat *p, int rc, const char *why);

/* ---- arguments: checked against the table before `run` ---- */

/* NULL, 0, false, NULL when it was not given. Borrowed for the life of the call. */
const char *plat_arg_str(const struct plat_call *call, const char *name);
int64_t plat_arg_int(const struct plat_call *call, const char *name, int64_t fallback);
bool plat_arg_bool(const struct plat_call *call, const char *name);
json_t *
plat_arg_list(const struct plat_call *call, const char *name); /* array of strings */
json_t *plat_arg_json(const struct plat_call *call, const char *name);
bool plat_arg_given(const struct plat_call *call, const char *name);
/* 0 or -ENOENT: not given. */
int plat_arg_money(const struct plat_call *call, const char *name, int64_t *ret_nano,
	char currency[NV_CURRENCY_BYTES]);

/* ---- calls ---- */

struct plat *plat_call_platform(const struct plat_call *call);
/* Whose call it is: a worker's name, "" for a person who named none. */
const char *plat_call_agent(const struct plat_call *call);
const struct plat_verb *plat_call_verb(const struct plat_call *call);
/* Is there still somebody to answer? Not when he has gone, or was told that it lasts. */
bool plat_call_is_heard(const struct plat_call *call);
void plat_call_set_own(struct plat_call *call, void *own);
void *plat_call_own(const struct plat_call *call);

/* The end of a call; it is gone afterwards. data is stolen and is what `novactl platform
 * ... --json` prints: an object. NULL (no memory) fails the call. */
void plat_done(struct plat_call *call, json_t *data);
/* code as in nv_base.h: NO (the vendor said no), USAGE, FAILED. The sentence has no
 * secrets in it. What was reserved is given back. */
void plat_fail(struct plat_call *call, enum nv_exit code, const char *fmt, ...)
	NV_PRINTF(3, 4);
/* As plat_fail, and retry_after_s tells the caller when to ask again. */
void plat_fail_later(struct plat_call *call, int64_t retry_after_s, const char *fmt, ...)
	NV_PRINTF(3, 4);
/* It may have been done, and nobody can tell (for verbs without outbox). */
void plat_unknown(struct plat_call *call, const char *fmt, ...) NV_PRINTF(2, 3);

/* ---- money of calls ---- */

typedef void plat_next_fn(struct plat_call *call);

/* For verbs without PLAT_EFFECT that cost (a read that is paid): sets `nano` aside in the
 * budget of the agent that calls, then next(call) runs. When the budget says no, the call
 * is answered with its words, and next never runs. For a person's own call next runs at
 * once. At most once a call. */
void plat_reserve(
	struct plat_call *call, int64_t nano, const char *currency, plat_next_fn *next);
/* Book a cost of this call now: to its agent (against what was reserved), else to the
 * platform. May be called several times; `what` becomes the event's note. What is left of
 * the reservation is given back when the call ends. 0, or why there is no event. */
int
plat_spend(struct plat_call *call, int64_t nano, const char *currency, const char *what);

/* ---- booking ---- */

/* rc 0: in the ledger; -EINVAL: refused, `reason` says why (it lies in the quarantine);
 * -ECANCELED: the process ends; book it again when the source is read again. */
typedef void plat_booked_fn(struct plat *p, void *arg, int rc, const char *reason);

/* Say an event and learn when it is in the ledger. event (stolen): an object with
 * "event" and "id" (docs/man/nova-protocol.7); "ack" is added. It is said again until it
 * is answered: an id makes that harmless. fn may be NULL. 0, -ENOTCONN (started without
 * pipes), -EMSGSIZE (over 4096 bytes), -EINVAL (no id), -ENOBUFS (PLAT_BOOK_MAX wait: go
 * on when some have been answered), -ENOMEM; fn is called only after 0, never from
 * inside. */
#define PLAT_BOOK_MAX 4096
int plat_book(struct plat *p, json_t *event, plat_booked_fn *fn, void *arg);
/* How many are not answered yet. */
size_t plat_booking(const struct plat *p);

/* ---- the durable store: STATE_DIR/platforms/NAME ---- */

/* value is borrowed. Each put and delete is on the disk when it returns, unless a batch
 * is open. -ENOSPC, -EIO, -ENAMETOOLONG, -EFBIG. */
int plat_put(struct plat *p, const char *table, const char *key, const json_t *value);
/* 0 with a new reference, or -ENOENT, -EIO. */
int plat_get(struct plat *p, const char *table, const char *key, json_t **ret);
/* No such key is no error. */
int plat_del(struct plat *p, const char *table, const char *key);
/* In the order of the keys, those that begin with prefix ("" = all) and are greater than
 * `after` (NULL: from the first); fn returns 0 to go on. What fn puts or deletes
 * meanwhile is not seen. 0, what fn returned, or negative errno. value is borrowed. */
typedef int plat_each_fn(void *arg, const char *key, json_t *value);
int plat_each(struct plat *p, const char *table, const char *prefix, const char *after,
	plat_each_fn *fn, void *arg);
/* Puts and deletes between the two are one: all or nothing, one sync. No call may be left
 * open over a pass of the loop. plat_batch_end(p, false) forgets them. */
int plat_batch_begin(struct plat *p);
int plat_batch_end(struct plat *p, bool keep);

/* ---- the outbox: requests that must happen once ---- */

#define PLAT_OUT_STATES(X) \
	X(QUEUED, "queued")   /* on the disk, not sent */ \
	X(SENT, "sent")       /* may have left */ \
	X(DONE, "done")       /* the vendor did it; `result` */ \
	X(REFUSED, "refused") /* it was not done; `why` */ \
	X(UNKNOWN, "unknown") /* nobody could tell yet; `why` */

enum plat_out_state {
#define X(name, text) PLAT_OUT_##name,
	PLAT_OUT_STATES(X)
#undef X
		PLAT_OUT_STATE_COUNT
};

struct plat_out {
	struct plat *plat;
	char id[PLAT_OUT_ID_BYTES]; /* unique for ever: fit for an idempotency key */
	const struct plat_verb *verb;
	char agent[NV_NAME_MAX]; /* "" = nobody's */
	enum plat_out_state state;
	json_t *request;  /* owned; never changes */
	json_t *progress; /* owned; NULL: none. plat_out_progress changes it */
	json_t *result;   /* owned; NULL before it is done */
	unsigned tries;
	int64_t created_ns; /* wall */
	int64_t sent_ns;    /* of the first try; 0 = none */
	int64_t cost_nano;  /* expected; then what it did cost */
	char currency[NV_CURRENCY_BYTES];
	void *own; /* the platform's, while it is under way; not kept */
};

/* From `run` of a verb with PLAT_EFFECT: the call becomes an outbox entry. `request` is
 * stolen; all that `send` needs, exactly (no secrets). cost_nano: what we will have to
 * pay for it, 0: nothing. In this order: the agent's budget is asked (for 0 too: a paused
 * agent or an emergency stop refuses), the entry is stored, waits for its turn, is marked
 * as sent, `send` runs. The call is answered with the outcome. */
void plat_out_begin(
	struct plat_call *call, json_t *request, int64_t cost_nano, const char *currency);

/* Outcomes; out is the frame's again afterwards. result (stolen) is the data of the
 * answer. cost_nano is booked as a cost once, to its agent or else the platform. */
void plat_out_done(struct plat_out *out, json_t *result, int64_t cost_nano);
/* It was not done and will not be. */
void plat_out_refused(struct plat_out *out, enum nv_exit code, const char *fmt, ...)
	NV_PRINTF(3, 4);
/* It was not done: send again, not before wait_ms (429, 503, not connected). The caller
 * waits as long as it likes; after 24 h of this it is refused. */
void plat_out_later(struct plat_out *out, int64_t wait_ms, const char *fmt, ...)
	NV_PRINTF(3, 4);
/* Nobody knows; `resolve` runs later (2 s, doubling to 1 h). */
void plat_out_unknown(struct plat_out *out, const char *fmt, ...) NV_PRINTF(2, 3);

/* Of an effect in many steps (a thread, a bulk in chunks): durable when it returns.
 * progress is borrowed, and copied. A crash between two steps comes to `resolve` with
 * what was stored here: say what will be sent before it is. */
int plat_out_progress(struct plat_out *out, const json_t *progress);
/* Since the first try; 0 when it was not sent. */
int64_t plat_out_age_ms(const struct plat_out *out);

/* Entries, newest last: those that are not over, or all. fn returns 0 to go on; the entry
 * is borrowed. */
typedef int plat_out_fn(void *arg, const struct plat_out *out);
int plat_out_each(struct plat *p, bool all, plat_out_fn *fn, void *arg);
const char *plat_out_state_name(enum plat_out_state state);

/* ---- limits ---- */

/* fn(arg) when one more request may go to the vendor: at once (before this returns) or
 * later, first come first served. -ENOBUFS: PLAT_TURNS_MAX wait already. */
#define PLAT_TURNS_MAX 4096
typedef void plat_turn_fn(void *arg);
int plat_turn(struct plat *p, plat_turn_fn *fn, void *arg);
/* Forget turns that were asked for with this arg. */
void plat_turn_cancel(struct plat *p, const void *arg);
/* What the vendor said: so many are left until then (wall clock, s). remaining 0: nobody
 * has a turn before. Nonsense (past, over a day ahead) is left out of account. */
void plat_rate_heard(struct plat *p, int64_t remaining, int64_t reset_s);
/* Nobody has a turn for so long (429); at most an hour. */
void plat_rate_hold(struct plat *p, int64_t wait_ms);

#endif
