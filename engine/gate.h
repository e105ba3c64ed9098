/* The gate that runs and calls pass before they spend: what is reserved, for whom, and
 * who waits. A reservation is made in the ledger by the commit that lets its question be
 * answered; the engine that follows finds all open ones there. It ends once: settled by
 * the end of its run, released, expired, or with its incarnation.
 *
 * A cost counts against its reservation (named by it, or the one of the run its stream is
 * in); what it costs above that is plain. Amounts in the base currency unless said. */
#ifndef ENG_GATE_H
#define ENG_GATE_H

#include "caps.h"
#include "scan.h"
#include "stream.h"
#include "txn.h"

#define ENG_GATE_OPEN_MAX   100000 /* reservations of the fleet */
#define ENG_GATE_OWN_MAX    1000   /* of one worker */
#define ENG_GATE_PERCENTILE 95
#define ENG_GATE_RUN_NS     (INT64_C(7) * 86400 * 1000000000) /* a run ends by itself */
#define ENG_GATE_RETRY_S    30 /* while others hold the room: one is told when there is */

struct eng_reservation {
	struct eng_reservation *next; /* of the worker */
	struct eng_worker *worker;
	char id[ENG_ID_BYTES_MAX + 1];
	char operation[LED_OPERATION_MAX + 1];
	uint64_t seq; /* in the ledger; 0: nothing is set aside, its runs cost nothing */
	uint64_t stream; /* 0: of none */
	bool run;        /* of a whole run: its stream is in it until "run" comes */
	bool over;       /* ended in the open transaction, or before */
	char currency[NV_CURRENCY_BYTES];
	uint32_t currency_id; /* 0: seq is, too */
	int64_t amount;       /* of its currency */
	int64_t left;         /* as of the open transaction */
	nv_i128 held;         /* base currency: what counts in the caps */
	nv_i128 spent;        /* base currency: what was booked for it */
	int64_t opened_ns;
	int64_t expires_ns;
};

struct eng_waiter; /* was refused, and is told when there may be room */

struct eng_gate {
	size_t n_open;
	struct eng_waiter *first; /* owned list: who waits longest first */
	struct eng_waiter **last;
	size_t n_waiting;
	bool changed;      /* reservations ended or costs came: somebody may fit now */
	uint64_t reserved; /* since engine start */
	uint64_t refused;
	ev_timer expiry;
};

int eng_gate_open(struct eng *eng, struct nv_err *err); /* reads what is open */
void eng_gate_close(struct eng *eng);
/* Caps were built anew: what is open counts again, and runners are told whether to ask.
 */
void eng_gate_recount(struct eng *eng);
/* Tell every runner of w (NULL: of the fleet) whether its runs are to ask. */
void eng_gate_say(struct eng *eng, struct eng_worker *w);
/* A live incarnation's pipe has come. */
void eng_gate_stream_opened(struct eng *eng, struct eng_stream *s);

/* ---- lines of a stream; inside the open transaction ---- */
/* "reserve": decides, sets aside, and puts the answer beside the acks, which go out after
 * the commit. ev is the line's event. w is the stream's worker, or the agent that a
 * system worker asks for: what it holds stays when its stream ends, until it is settled,
 * released or expires. 0, or -EINVAL with a reason: quarantine it. */
int eng_gate_reserve(struct eng *eng, struct eng_txn *txn, struct eng_stream *s,
	struct eng_worker *w, const struct eng_line *line, struct led_event *ev,
	char *reason, size_t reason_bytes);
/* "release". One that ended before, or that never was, is no error: the answer and the
 * release may have passed each other. */
void eng_gate_release(struct eng *eng, struct eng_txn *txn, struct eng_stream *s,
	struct eng_worker *w, const struct eng_line *line, struct led_event *ev);
/* A cost that is about to be appended: as much of it as fits is posted against its
 * reservation, the rest is plain (ev keeps its own leg for it). `id` NULL: the run's. */
struct eng_reservation *
eng_gate_of(struct eng_worker *w, uint64_t stream, const char *id, size_t id_bytes);
int64_t
eng_gate_settle(struct eng *eng, struct eng_txn *txn, const struct eng_reservation *r,
	struct led_event *ev, int64_t nano, uint32_t currency);
/* It was appended: so much of the reservation is spent, and so much it has cost, in this
 * currency. */
void eng_gate_cost(struct eng *eng, struct eng_reservation *r, int64_t settled,
	int64_t cost, const char *currency);
/* A cost was appended that names its operation: what no reservation for that covers
 * (r, of which `settled`, may be NULL) counts against the operation's budget at once. */
void
eng_gate_called(struct eng *eng, struct eng_worker *w, const struct eng_reservation *r,
	const struct led_event *ev, int64_t settled, int64_t cost, const char *currency);
/* "run": the run of this stream has ended. */
void eng_gate_run_over(struct eng *eng, struct eng_txn *txn, struct eng_stream *s);
/* The stream has ended, whatever it held. */
void eng_gate_stream_over(
	struct eng *eng, struct eng_txn *txn, struct eng_worker *w, uint64_t stream_id);

/* ---- around commits ---- */
/* Before one: what has expired ends in it. */
void eng_gate_expire(struct eng *eng, struct eng_txn *txn);
/* After one, the figures being current: what has ended or shrunk is free. */
void eng_gate_committed(struct eng *eng);
/* After a look at the budgets: those who wait and would fit now are told to ask again. */
void eng_gate_offer(struct eng *eng);

/* ---- what others ask ---- */
/* What one run of it may cost (95th percentile of the last ones), and usually costs; by
 * its mean or what its owner expects while there are few, 0 when nothing is known. */
void
eng_gate_estimate(const struct eng_worker *w, nv_i128 *ret_amount, nv_i128 *ret_usual);
/* Do its runs ask? */
bool eng_gate_asks(const struct eng_worker *w);
/* A decision: this worker (NULL: the fleet) may spend no more than this a day; nano < 0 =
 * no such limit any more. Durable when it returns 0. */
int eng_gate_limit_set(
	struct eng *eng, struct eng_worker *w, int64_t nano, struct nv_err *err);
/* Of open reservations, all of the fleet or one worker's. */
nv_i128 eng_gate_reserved(const struct eng *eng, const struct eng_worker *w);

#endif
