/* The ledger: an append-only, hash-chained, double-entry event store on LMDB, with
 * everything else (balances, rollups, indexes) derived in the same transaction and
 * rebuildable. One process opens it for writing (the engine); readers open it read-only.
 *
 * Shapes and units: amounts are nv_money (10^-9 units, int64 an event, 128 bits a
 * balance); times are nanoseconds since the epoch, UTC; ids are dense from 1.
 *
 * Sources of the rules: design of the key and value encodings in docs/LEDGER.md;
 * transfer semantics (immutable, one debit and one credit of the same amount,
 * corrections are new transfers) follow TigerBeetle's data model. */
#ifndef LED_H
#define LED_H

#include "nv_err.h"
#include "nv_money.h"
#include "nv_name.h"

/* Of the whole ledger: an older one is migrated, a newer refused. */
#define LED_SCHEMA        3
#define LED_SCHEMA_LOWEST 2 /* that a ledger can be brought back to */

struct led;       /* an open ledger */
struct led_batch; /* one write transaction: a group commit */

enum led_kind {
	LED_COST = 1,
	LED_REVENUE = 2,
	LED_REFUND = 3,
	LED_DISPUTE = 4,
	LED_FEE = 5,
	LED_PAYOUT = 6,
	LED_RUN = 7,
	LED_USAGE = 8, /* token usage, priced into a cost leg when the model is known */
	LED_METRIC = 9,
	LED_READY = 10,
	LED_START = 11, /* lifecycle, from novasupd's journal */
	LED_EXIT = 12,
	LED_STATE = 13,   /* lifecycle: halted, cooldown, ... and engine start */
	LED_COMPUTE = 14, /* compute cost booked from resource accounting */
	LED_DESIRE = 15,  /* desired state of a worker changed; line = its JSON */
	LED_DECISION =
		16, /* a decision's step; ref = seq of its first step; line = its JSON */
	LED_SETTING =
		17, /* a durable setting changed (autonomous on/off); line = its JSON */
	LED_HEARTBEAT = 18,  /* never stored as an event: counted in the rollups only */
	LED_RESERVE = 19,    /* money set aside for what is about to be spent */
	LED_RELEASE = 20,    /* what is left of a reservation is free again; ref = it */
	LED_GRANT = 21,      /* more budget for a worker */
	LED_CONVERSION = 22, /* money of one currency became money of another */
	LED_CORRECTION = 23, /* the reverse legs of the event it names with ref */
	LED_ALERT = 24,      /* an alert was raised or has ended; line = its JSON */
	LED_SEAL = 25,       /* a day's batches, sealed; line = its JSON, see seal.h */
	LED_SEGMENT = 26, /* old events moved to a file; line = its JSON, see segment.h */
	LED_WEBHOOK = 27, /* what a platform told the gateway: a fact, category = whose */
	LED_IMPORTED = 28, /* of another system's books: it happened at claimed_ns, before
			      this ledger; line = its JSON */
	LED_KIND_MAX = LED_IMPORTED
};
const char *led_kind_name(enum led_kind kind); /* "cost", ... */

enum led_flag {
	LED_F_ROUNDED = 1 << 0,  /* the amount was rounded to 10^-9 */
	LED_F_OK = 1 << 1,       /* LED_RUN: the run was ok */
	LED_F_CRASH = 1 << 2,    /* LED_EXIT: counts as a crash */
	LED_F_UNPRICED = 1 << 3, /* LED_USAGE: the model has no price */
	LED_F_MANUAL = 1 << 4,   /* entered by a person */
	LED_F_EXPIRED = 1 << 5,  /* LED_RELEASE: its time was over */
	LED_F_ENDED = 1 << 6,    /* LED_RELEASE: the incarnation that held it is gone */
	LED_F_TOTAL = 1 << 7     /* LED_REFUND: said as what has come back in all */
};

/* Double-entry accounts are made on first use, by name as in plain-text accounting:
 * "Expenses:Compute:email_agent". At most 200 bytes. */
struct led_leg {
	uint32_t debit;    /* account id */
	uint32_t credit;   /* account id, != debit */
	int64_t nano;      /* > 0 */
	uint32_t currency; /* currency id, see led_currency_id */
	uint16_t code;     /* enum led_code: what kind of posting */
};
enum led_code {
	LED_CODE_COST = 1,
	LED_CODE_REVENUE = 2,
	LED_CODE_REFUND = 3,
	LED_CODE_FEE = 4,
	LED_CODE_DISPUTE = 5,
	LED_CODE_PAYOUT = 6,
	LED_CODE_DISPUTE_WON = 7,  /* takes its amount out of the disputes again */
	LED_CODE_DISPUTE_LOST = 8, /* the disputed money is gone; already counted */
	LED_CODE_GRANT = 9,
	LED_CODE_RESERVE = 10, /* pending until it is settled, voided or expires */
	LED_CODE_SETTLE = 11,  /* pending money is spent: posted */
	LED_CODE_VOID = 12,    /* pending money is free again */
	LED_CODE_CONVERT = 13, /* one leg a currency, see led_batch_convert */
	/* What was spent and earned before, of LED_IMPORTED: in no window of commit time
	 * and no position, see led_view_past. */
	LED_CODE_PAST_COST = 14,
	LED_CODE_PAST_REVENUE = 15,
	LED_CODE_MAX = LED_CODE_PAST_REVENUE,
	/* On top of the code that a correction takes back. */
	LED_CODE_REVERSAL = 1 << 8,
	/* Of no leg: webhooks are counted under it, by category (the provider). */
	LED_CODE_WEBHOOK = 1 << 10
};
#define LED_LEGS_MAX      4
#define LED_RUN_MAX       128
#define LED_OPERATION_MAX 64

/* One event to append. Strings are borrowed for the call and not NUL-terminated. */
struct led_event {
	enum led_kind kind;
	uint32_t flags;
	uint32_t worker;  /* worker id; whom it concerns (after `agent` crediting) */
	uint32_t said_by; /* worker id that said it, when another (0 = the same):
			     the owner of `id` */
	uint64_t stream;  /* 0: not from a stream */
	uint64_t stream_offset; /* of the first byte of the line */
	int64_t claimed_ns;     /* `at`, or received_ns */
	int64_t received_ns;
	uint64_t ref;      /* another event's seq, 0 = none. Of a refund or dispute: its
			      sale; of a release or of a cost that settles: the reservation;
			      of a correction: what it takes
			 back; of a sale: the corrected one it stands for. */
	uint32_t instance; /* 0 = none */
	uint32_t generation;
	const char *id; /* idempotency key, NULL = none */
	size_t id_bytes;
	const char *category; /* cost: category; revenue: source; may be NULL */
	size_t category_bytes;
	const char *line; /* the exact line, without the newline */
	size_t line_bytes;
	struct led_leg legs[LED_LEGS_MAX];
	unsigned n_legs;
	int64_t duration_ms; /* LED_RUN */
	/* All of these may be absent (NULL, 0), which costs one byte for all. */
	const char *run; /* id of the run that caused it; at most LED_RUN_MAX bytes */
	size_t run_bytes;
	const char *of; /* as it was said: id or external id of the sale it is about, or
			   of the reservation */
	size_t of_bytes;
	const char *external; /* LED_REVENUE: what the platform calls it */
	size_t external_bytes;
	const char *operation; /* kind of call: "llm", "email"; at most 64 bytes */
	size_t operation_bytes;
	uint32_t variant;   /* led_batch_variant_id */
	int64_t caused_ns;  /* when the run was that caused it; of the correction of an
			       LED_IMPORTED: when that was; 0 = not said */
	int64_t expires_ns; /* LED_RESERVE */
	uint64_t seq;       /* set when read back */
};

/* What a stream (one incarnation's pipe, the journal, the gateway) has consumed. */
enum led_stream_state { LED_STREAM_OPEN = 1, LED_STREAM_CLOSED = 2 };
struct led_stream {
	uint64_t stream_id;
	uint32_t worker;
	uint32_t instance;
	uint32_t generation;
	enum led_stream_state state;
	uint64_t offset; /* every byte before it is accounted for */
	uint64_t lines;
	uint64_t rejected;
	int64_t opened_ns;
	int64_t closed_ns;
	uint64_t cpu_us_booked;    /* compute cost already booked for this stream */
	uint64_t mem_kib_s_booked; /* KiB-seconds */
	/* What is going on at `offset`: the run that has begun there and not ended, and
	 * its variant. Whoever goes on reading knows whose the next lines are. */
	uint32_t variant; /* led_batch_variant_id; 0 = none */
	uint8_t run_bytes;
	char run[LED_RUN_MAX];
};

/* Running totals of one worker in one currency at the end of a bucket. A window is
 * the difference of two of them. */
struct led_totals {
	nv_i128 cost;
	nv_i128 revenue;
	nv_i128 refunds;
	nv_i128 fees;
	nv_i128 disputes;
	nv_i128 payouts;
	nv_i128 grants;
	uint64_t runs_ok;
	uint64_t runs_failed;
	uint64_t crashes;
	uint64_t heartbeats;
	uint64_t events;
	uint64_t rejected;
	uint64_t run_ms;
	uint64_t seq_last;
};
/* UTC. Quarters of an hour for what is kept by category and variant: the offset of every
 * time zone is a multiple of them, so local days have such edges. */
enum led_bucket { LED_MINUTE, LED_QUARTER, LED_HOUR, LED_DAY };

/* ---- open ---- */

struct led_options {
	bool read_only;
	bool older; /* read-only: also of a schema from LED_SCHEMA_LOWEST on, as it is */
	uint64_t map_bytes; /* 0 = 64 GiB of address space, doubled on MAP_FULL */
	uint64_t boot_id;   /* written into the audit rows */
};
/* dir is created if need be (not when read-only: -ENOENT then, "no ledger yet"). A
 * new ledger is made under another name, committed, synced and renamed. Refuses a
 * schema newer than it knows (-EPROTONOSUPPORT) and a file shorter than its last page
 * (-EBADMSG). */
int led_open(const char *dir, const struct led_options *opt, struct led **ret,
	struct nv_err *err);
void led_close(struct led *led);
/* A commit has failed: nothing can be written until it is opened anew. */
bool led_is_broken(const struct led *led);
/* Time of the last commit. No later one is stamped earlier, whatever the clock does:
 * ahead of the clock it means that the clock has been wrong, and what is committed
 * meanwhile counts at that time. */
int64_t led_last_time(const struct led *led);
/* Frees what readers that died left behind; call it every second or so. *ret_dead may be
 * NULL. */
int led_readers_check(struct led *led, uint32_t *ret_dead);
/* The process that reads the oldest state of the ledger, and which batch made it: as long
 * as it reads on nothing younger is reused, and the file grows. -ENOENT: nobody reads. */
int led_readers_oldest(struct led *led, int *ret_pid, uint64_t *ret_txn);

/* ---- write: one batch at a time ----
 * Begin, add, commit. A refusal of a single add changes nothing; any other error means
 * the batch must be aborted. Commit is durable when it returns 0. On
 * any other commit error the caller must exit: LMDB's state in memory is not to be
 * trusted. MAP_FULL is handled inside: the batch is replayed into a grown map. */
int led_batch_begin(
	struct led *led, int64_t now_ns, struct led_batch **ret, struct nv_err *err);
/* Appends. Returns 0 and the seq; 1 = the id is known with the same content: a
 * duplicate, counted, nothing posted, ret_seq is the first one's;
 * -EEXIST = the id is known with other content: quarantine it. Further refusals, which
 * change nothing: -EINVAL = no such event can be; of what ref names: -ENOENT = it is not
 * there, or not open; -EDOM = it is in another currency; -ERANGE = more than is left of
 * it; -ETIME = it has expired; -EALREADY = corrected before; -EBUSY = cannot be corrected
 * any more, since others build on it. ret_seq may be NULL. */
int led_batch_event(struct led_batch *b, const struct led_event *ev, uint64_t *ret_seq);
bool led_is_refusal(int rc);
/* What led_batch_event would say of its id alone: 0 not known, 1 known with the same
 * content (*ret_seq is the first one's), -EEXIST. Counts nothing. */
int led_batch_seen(struct led_batch *b, const struct led_event *ev, uint64_t *ret_seq);
/* Adds one leg to ev by the rules of docs/LEDGER.md (ev->worker must be set): `party` is
 * the vendor of a cost, else the platform the money moves at ("stripe"); NULL =
 * "Unnamed". A sale with the platform's fee is two calls on one event: LED_CODE_REVENUE
 * with what the customer paid, LED_CODE_FEE. -EINVAL: amount not above 0, no worker,
 * unknown currency; -E2BIG: no room for another leg. */
int led_batch_post(struct led_batch *b, struct led_event *ev, enum led_code code,
	const char *party, size_t party_bytes, int64_t nano, uint32_t currency);
/* An event of this batch or before, by its number, or by the id of ev (its worker and
 * said_by say whose): borrowed until the next one is appended. -ENOENT. */
int led_batch_lookup(struct led_batch *b, uint64_t seq, struct led_event *ret);
int led_batch_lookup_id(
	struct led_batch *b, const struct led_event *ev, struct led_event *ret);
/* When the run with this id was, 0 = not known: the time its LED_RUN claims, whose id is
 * the run's or that with ".run" behind it (nova-runner's way). */
int64_t led_batch_run_time(
	struct led_batch *b, uint32_t worker, const char *run, size_t run_bytes);
/* The two legs of a conversion on ev: `from` leaves the assets at `party` (NULL: the
 * bank), `to` arrives there, through Equity:Trading:FROM-TO. */
int led_batch_convert(struct led_batch *b, struct led_event *ev, const char *party,
	size_t party_bytes, int64_t from_nano, uint32_t from_currency, int64_t to_nano,
	uint32_t to_currency);
int led_batch_heartbeats(struct led_batch *b, uint32_t worker, uint32_t count);
int led_batch_quarantine(struct led_batch *b, uint64_t stream, uint64_t stream_offset,
	uint32_t worker, const char *reason, const char *bytes, size_t n_bytes);
/* What a stream has consumed as of this batch. Commit refuses (-EINVAL, nothing written)
 * events or rejected lines of a stream whose row is not in the same batch or ends before
 * them, offsets that go back, and events from before the committed offset: each would
 * count money twice. (LED_COMPUTE, LED_DESIRE, LED_DECISION and LED_SETTING are not lines
 * of their stream: exempt.) */
int led_batch_stream(struct led_batch *b, const struct led_stream *stream);
/* Small state kept by key, for example "desire/NAME" or "decision/ID" (at most 200
 * bytes): the line of the newest event that was put under it. Call it after
 * led_batch_event, in the same batch, with exactly the line of the event just added
 * (-EINVAL otherwise), any number of times with different keys. The audit chain records
 * which event each key was given, so verify proves that the value is that event's line
 * and no newer one was given. */
int led_batch_state_put(
	struct led_batch *b, const char *key, const void *value, size_t bytes);
int led_batch_commit(struct led_batch *b, struct nv_err *err); /* frees b in any case */
void led_batch_abort(struct led_batch *b);

/* Names to ids, made on first use inside a batch; cached. 0 = not a valid name, or
 * failure of the batch. An id that was new in a batch that was aborted is void. */
uint32_t led_batch_worker_id(struct led_batch *b, const char *name);
uint32_t led_batch_currency_id(struct led_batch *b, const char *code);
uint32_t led_batch_account_id(struct led_batch *b, const char *name);

/* Of an experiment; at most 64 bytes, longer is cut. 0: failure of the batch. */
uint32_t led_batch_variant_id(struct led_batch *b, const char *name, size_t bytes);

/* ---- sales, and what comes back of them ----
 * A refund or dispute names its sale by an id (ev->of). Refunds and lost disputes of a
 * sale never exceed it: led_batch_event refuses such a one. When no such sale is known
 * the event is booked without ref, and counts against the sale as soon as that arrives,
 * if it fits; until then it is unmatched. */
struct led_sale {
	uint64_t seq;
	uint32_t worker;
	uint32_t currency; /* 0: nothing was paid */
	uint32_t variant;
	int64_t gross; /* what the customer paid */
	int64_t refunded;
	int64_t ahead;    /* of it: told by a total, and by no refund of its own yet */
	int64_t disputed; /* open now */
	int64_t won;      /* of the disputes that have ended */
	int64_t lost;
	int64_t caused_ns; /* when the run was that caused it, or when it claims to be */
	bool corrected;    /* taken back: nothing is left of it */
};
/* Of refunds that are said one by one and of totals ("so much in all by now") the sale's
 * `refunded` is the greater: max(sum of the refunds, greatest total), in whatever order
 * they come. What a total adds is `ahead`; a refund that comes later takes that back with
 * a second leg, the reverse of its first. */

/* What waits under this name, said by `scope` in this currency, for a sale that is not
 * known yet: refunded and ahead as that sale will have them. 0 or an error. */
int led_batch_waiting(struct led_batch *b, uint32_t scope, const char *of,
	size_t of_bytes, uint32_t currency, struct led_sale *ret);
/* Makes the refund ev (its first leg is there) take back `ahead`: the second leg. */
int led_batch_take_ahead(struct led_batch *b, struct led_event *ev, int64_t ahead);
/* What can still be refunded or lost. */
int64_t led_sale_left(const struct led_sale *sale);
/* The sale that `of` names, said by `scope` (the speaker's worker id) about `worker`: an
 * id of the speaker's, an external id of his, an id of the worker's, anybody's external
 * id; the newest of the same name. -ENOENT. */
int led_batch_sale(struct led_batch *b, uint32_t scope, uint32_t worker, const char *of,
	size_t of_bytes, struct led_sale *ret);

/* ---- reservations ----
 * Money set aside: pending on Equity:Budget:W until it is settled (spent, in parts or
 * whole), voided or expired. Never more is settled than was reserved, and what is
 * resolved is so for good. The time that counts is the batch's. */
struct led_pend {
	uint64_t seq; /* of the LED_RESERVE */
	uint32_t worker;
	uint32_t scope; /* who said it: the owner of its id */
	uint32_t currency;
	int64_t amount;
	int64_t left;
	int64_t opened_ns;
	int64_t expires_ns;
	uint64_t stream; /* 0 = none */
	uint32_t instance;
	uint32_t generation;
	char operation[LED_OPERATION_MAX + 1]; /* "" = none */
};
/* Appends ev (its id, worker, line, ... are set; kind and leg are not). Answers as
 * led_batch_event does: 1 = the same reservation again. -EINVAL: expires_ns is not after
 * the batch's time. */
int led_batch_reserve(struct led_batch *b, struct led_event *ev, int64_t nano,
	uint32_t currency, int64_t expires_ns, uint64_t *ret_seq);
/* The open reservation with this id, or number. -ENOENT: there is none, or it is
 * resolved. */
int led_batch_pend(struct led_batch *b, uint32_t scope, const char *id, size_t id_bytes,
	struct led_pend *ret);
int led_batch_pend_seq(struct led_batch *b, uint64_t seq, struct led_pend *ret);
/* Makes ev (a cost that is not appended yet) post against a reservation: up to `nano`, at
 * most what is left. *ret_settled is how much that is: the rest of the cost is plain. 0;
 * -ENOENT, -EDOM, -ETIME as led_batch_event: ev is as it was. */
int led_batch_settle(struct led_batch *b, struct led_event *ev, uint64_t pend_seq,
	int64_t nano, uint32_t currency, int64_t *ret_settled);
/* Appends the LED_RELEASE that frees what is left. flags: LED_F_EXPIRED, LED_F_ENDED or
 * 0. For a release that a line says, `ev` has that line (kind and legs are set here);
 * NULL: the ledger's own. -ENOENT: there is nothing to free. */
int led_batch_void(struct led_batch *b, const struct led_event *ev, uint64_t pend_seq,
	uint32_t flags, uint64_t *ret_seq);
/* Voids what has expired by the batch's time, at most `max` (the rest next time); returns
 * how many, or an error. Cheap when there is nothing to do. fn (may be NULL) is told of
 * each one. */
typedef int led_pend_fn(void *arg, const struct led_pend *pend);
int led_batch_expire(struct led_batch *b, unsigned max, led_pend_fn *fn, void *arg);
/* Voids every open reservation of a stream that has ended; returns how many. */
int
led_batch_void_stream(struct led_batch *b, uint64_t stream, led_pend_fn *fn, void *arg);
/* When the next open reservation expires; INT64_MAX = there is none. */
int64_t led_next_expiry(const struct led *led);

/* ---- corrections ----
 * Fills ev with the legs, worker, category and ref that take back event `seq`; the caller
 * adds line, id and times, and appends it. -ENOENT: no such event; -EINVAL: nothing to
 * take back (no money moved, or it is a reservation, release or correction); -EALREADY;
 * -EBUSY: a sale with refunds or disputes, a dispute that has ended. */
int led_batch_correct(struct led_batch *b, uint64_t seq, struct led_event *ev);
/* Fills ev with event `seq` as it should have been, with another amount: to be appended
 * right behind its correction (ask before that: it may be refused). Its legs, category,
 * run, ... are those of `seq`; the caller adds line, id and times. The names of a sale
 * lead to the new one. -ENOENT; -EINVAL: no such event has one amount; -ERANGE: a refund
 * of more than is left of its sale. */
int
led_batch_replace(struct led_batch *b, uint64_t seq, int64_t nano, struct led_event *ev);

/* Counts ev as said again: nothing is posted, its bytes are accounted for. */
int led_batch_again(struct led_batch *b, const struct led_event *ev);
/* A sale goes over to another worker: it and what came back of it are corrected, and
 * booked anew. ev is the sale as it shall be (worker, legs, line, stream; no id):
 * appended here, *ret_seq is its number. Who moved: every worker touched is told to fn.
 * 0; -EBUSY: it cannot be moved; nothing has changed then. */
typedef void led_worker_fn(void *arg, uint32_t worker);
int led_batch_move(struct led_batch *b, uint64_t sale_seq, const struct led_event *ev,
	led_worker_fn *fn, void *arg, uint64_t *ret_seq);

/* ---- read: a consistent view, short-lived ---- */

struct led_view;
int led_view_begin(struct led *led, struct led_view **ret, struct nv_err *err);
void led_view_end(struct led_view *v);

uint32_t led_view_worker_id(struct led_view *v, const char *name); /* 0 = unknown */
int led_view_worker_name(struct led_view *v, uint32_t id, char name[NV_NAME_MAX]);
uint32_t led_view_currency_id(struct led_view *v, const char *code);
int led_view_currency_code(struct led_view *v, uint32_t id, char code[NV_CURRENCY_BYTES]);
#define LED_VARIANT_MAX 64
int
led_view_variant_name(struct led_view *v, uint32_t id, char name[LED_VARIANT_MAX + 1]);
uint32_t led_view_n_workers(struct led_view *v);
uint32_t led_view_n_currencies(struct led_view *v);

/* Totals of [from, to) in commit time; to = INT64_MAX means until now. worker 0 = the
 * whole fleet, with what belongs to no worker. Edges are whole minutes UTC: `from` is
 * rounded down, `to` up. -ENOENT: nothing known, *ret is zeroed. currency 0 = the counts
 * only, no money. */
int led_view_window(struct led_view *v, uint32_t worker, uint32_t currency,
	int64_t from_ns, int64_t to_ns, struct led_totals *ret);

/* The money of led_view_window without the counts, in half the time. */
int led_view_money(struct led_view *v, uint32_t worker, uint32_t currency,
	int64_t from_ns, int64_t to_ns, struct led_totals *ret);
/* What was imported, by the time it claims, [from, to) with edges of a quarter of an
 * hour: costs and revenue, what was taken back taken off. It stands in no other sum over
 * time. worker 0 = the whole fleet. -ENOENT: nothing, *ret is zeroed. */
int led_view_past(struct led_view *v, uint32_t worker, uint32_t currency, int64_t from_ns,
	int64_t to_ns, struct led_totals *ret);
/* The first quarter of an hour that has any. -ENOENT. */
int led_view_past_first(
	struct led_view *v, uint32_t worker, uint32_t currency, int64_t *ret_ns);
/* Money of a worker in one currency since ever, as of each of n instants (whole minutes,
 * ascending): what led_view_window says from 0 to them, with one look for all between
 * which nothing was booked. Counts are 0. */
int led_view_money_at(struct led_view *v, uint32_t worker, uint32_t currency,
	const int64_t *at_ns, size_t n, struct led_totals *ret);

/* Sums by category (cost category, revenue source) of one posting code over a window,
 * edges of a quarter of an hour; worker 0 = every worker, each by itself;
 * LED_ALL_WORKERS = their sums, which is quicker by as many as there are. Categories are
 * cut to 64 bytes. */
#define LED_ALL_WORKERS      UINT32_MAX
#define LED_CATEGORY_EDGE_NS (INT64_C(900) * 1000000000)
typedef int led_category_fn(void *arg, uint32_t worker, uint32_t currency,
	const char *category, nv_i128 nano, uint64_t events);
int led_view_categories(struct led_view *v, uint32_t worker, enum led_code code,
	int64_t from_ns, int64_t to_ns, led_category_fn *fn, void *arg);

/* Totals of one variant of a worker, as led_view_window, edges as led_view_categories. */
int led_view_variant(struct led_view *v, uint32_t worker, uint32_t variant,
	uint32_t currency, int64_t from_ns, int64_t to_ns, struct led_totals *ret);
/* Calls fn with each variant the worker has had; non-zero ends it and is returned. */
typedef int led_variant_fn(void *arg, uint32_t variant, const char *name);
int led_view_variants(struct led_view *v, uint32_t worker, led_variant_fn *fn, void *arg);
/* Costs by operation, as led_view_categories. */
int led_view_operations(struct led_view *v, uint32_t worker, int64_t from_ns,
	int64_t to_ns, led_category_fn *fn, void *arg);

typedef int
led_event_fn(void *arg, const struct led_event *ev); /* non-zero ends the walk */
/* Events with seq >= from; when reverse, newest first from `from` (0 = the newest) down.
 * Returns 0, what fn returned, or -EBADMSG for a damaged record. */
int led_view_events(
	struct led_view *v, uint64_t from_seq, bool reverse, led_event_fn *fn, void *arg);
/* Events of one worker, newest first, by way of the minutes in which it had any: what
 * others did between them is not looked at. *left: so many events may be looked at at
 * most, others' in the same minutes included; 0 afterwards means that it was not enough.
 * Returns as led_view_events. */
int led_view_own_events(
	struct led_view *v, uint32_t worker, size_t *left, led_event_fn *fn, void *arg);
int led_view_event(
	struct led_view *v, uint64_t seq, led_event_fn *fn, void *arg); /* -ENOENT */

/* A sale by its number, with what came back of it. -ENOENT: no such sale. */
int led_view_sale(struct led_view *v, uint64_t seq, struct led_sale *ret);
/* The sales of which something came back (refunds, disputes, a correction), by number
 * from from_seq on; non-zero ends the walk and is returned. */
typedef int led_sale_fn(void *arg, const struct led_sale *sale);
int led_view_sales(struct led_view *v, uint64_t from_seq, led_sale_fn *fn, void *arg);
/* By a name, as led_batch_sale. */
int led_view_sale_find(struct led_view *v, uint32_t scope, uint32_t worker,
	const char *of, size_t of_bytes, struct led_sale *ret);
/* The sale that a refund or dispute counts against: what it names, or what it was matched
 * with later. -ENOENT: none (yet). */
int led_view_sale_of(struct led_view *v, uint64_t seq, uint64_t *ret_sale);
/* Refunds and disputes that name a sale nobody has heard of: the seq of each. */
typedef int led_seq_fn(void *arg, uint64_t seq);
int led_view_unmatched(struct led_view *v, led_seq_fn *fn, void *arg);
/* The correction that took event seq back. -ENOENT: it stands. */
int led_view_corrected(struct led_view *v, uint64_t seq, uint64_t *ret_correction);
/* Open reservations, by their number; worker 0 = all. */
int led_view_pends(struct led_view *v, uint32_t worker, led_pend_fn *fn, void *arg);

struct led_bad {
	uint64_t seq;
	uint64_t stream;
	uint64_t stream_offset;
	uint32_t worker;
	int64_t received_ns;
	const char *reason;
	const char *bytes; /* at most 4 KiB of it */
	size_t n_bytes;
	size_t n_bytes_whole; /* of it, as far as it had come when it was refused */
};
typedef int led_bad_fn(void *arg, const struct led_bad *bad);
int led_view_quarantine(
	struct led_view *v, uint64_t from_seq, bool reverse, led_bad_fn *fn, void *arg);

int led_view_stream(struct led_view *v, uint64_t stream_id, struct led_stream *ret);
typedef int led_stream_fn(void *arg, const struct led_stream *stream);
int led_view_streams(struct led_view *v, led_stream_fn *fn, void *arg);

/* Borrowed until the view ends. -ENOENT. */
int
led_view_state(struct led_view *v, const char *key, const void **ret, size_t *ret_bytes);
/* The seq of the event whose line it is. -ENOENT. */
int led_view_state_seq(struct led_view *v, const char *key, uint64_t *ret_seq);
/* value: borrowed until the view ends; key: for the call. */
typedef int led_state_fn(void *arg, const char *key, const void *value, size_t bytes);
int led_view_states(struct led_view *v, const char *prefix, led_state_fn *fn, void *arg);
/* The same from the greatest key down: for who wants the last few of many. */
int
led_view_states_back(struct led_view *v, const char *prefix, led_state_fn *fn, void *arg);

/* Posted sums; what is pending (reserved) is not in them. */
typedef int led_account_fn(void *arg, uint32_t id, const char *name, uint32_t currency,
	nv_i128 debits, nv_i128 credits);
int led_view_balances(struct led_view *v, led_account_fn *fn, void *arg);
/* 0 when nothing ever moved there. */
struct led_balance {
	nv_i128 debits; /* posted */
	nv_i128 credits;
	nv_i128 debits_pending;
	nv_i128 credits_pending;
};
int led_view_balance(struct led_view *v, const char *account, uint32_t currency,
	struct led_balance *ret);
int led_view_account_name(struct led_view *v, uint32_t id, char *buf, size_t buf_bytes);

struct led_stats {
	uint64_t events;
	uint64_t quarantined;
	uint64_t streams;
	uint64_t duplicates_refused;
	uint64_t batches;
	uint64_t unmatched;    /* refunds and disputes whose sale is not known */
	uint64_t reservations; /* open ones */
	uint8_t head_hash[32];
	int64_t last_ns; /* of the last batch; 0: there is none */
	uint64_t bytes;
};
int led_view_stats(struct led_view *v, struct led_stats *ret);

/* ---- verify ----
 * Recomputes every derived table and every hash of the chain from the primary
 * records, and compares both ways: missing, extra, different. Opens the ledger itself,
 * read-only, also while the engine writes. 0: sound. 1: problems were told. Negative
 * errno: the question could not be answered (-ENOENT: no ledger; -EPROTONOSUPPORT: a
 * newer one; -EACCES, ...). A process that has the ledger open must not call led_verify,
 * only the contained one. */
typedef void led_problem_fn(void *arg, const char *problem);
struct led_seal_key;
struct led_anchors;
/* What else the ledger must agree with; any of them may be NULL. */
struct led_verify_options {
	const struct led_seal_key *seal_key; /* seal.h: the first key, kept elsewhere */
	const struct led_anchors *anchors;   /* anchor.h: heads handed out before */
	bool older;                          /* as led_options.older */
};
int led_verify(const char *dir, const struct led_verify_options *opt, led_problem_fn *fn,
	void *arg, uint64_t *ret_checked);
/* The same in a child process: a damaged file may make LMDB crash, and a crash of the
 * child is reported as a problem. */
int led_verify_contained(
	const char *dir, led_problem_fn *fn, void *arg, uint64_t *ret_checked);
int led_verify_contained_with(const char *dir, const struct led_verify_options *opt,
	led_problem_fn *fn, void *arg, uint64_t *ret_checked);

/* ---- export ----
 * Everything, written to fd while it is read. JSON: one document {"ledger","events",
 * "quarantine","balances"}. CSV: one line a leg, or one for an event without. hledger and
 * beancount: a journal of every event that moves money, dated by its arrival in UTC,
 * ended by an assertion of each balance, so that those programs check the ledger's own
 * sums. */
enum led_format {
	LED_FORMAT_JSON,
	LED_FORMAT_CSV,
	LED_FORMAT_HLEDGER,
	LED_FORMAT_BEANCOUNT
};
int led_export(struct led_view *v, enum led_format format, int fd, struct nv_err *err);

#endif
