/* What policy's own files share: what was decided about each worker, the figures the
 * rules are asked with, and the acts of a person on a decision. */
#ifndef ENG_DECIDE_H
#define ENG_DECIDE_H

#include "budget.h"
#include "decision.h"
#include "eng.h"
#include "forecast.h"
#include "outcome.h"

#define ENG_RISES_MAX     8
#define ENG_RUN_COSTS_MAX 8
#define ENG_DENIED_NS     (INT64_C(7) * 86400 * 1000000000)

struct eng_rise { /* an executed scale_up */
	int64_t at_ns;
	int64_t impact_nano; /* per day */
	uint32_t to_instances;
	bool asked;
};

/* Of one worker; made from the ledger's decisions at start. */
struct eng_history {
	struct eng_decision *open; /* owned: waits for an approval */
	/* Owned: executed by the classic rules, its outcome is not known yet. */
	struct eng_decision *last;
	enum pol_action advice; /* last one given */
	uint32_t advice_to;
	int64_t denied_until_ns[POL_ACTION_COUNT];
	struct eng_rise rises[ENG_RISES_MAX]; /* newest last */
	unsigned n_rises;
	int64_t pauses_ns[ENG_RISES_MAX]; /* by policy, newest last */
	unsigned n_pauses;
	uint64_t runs_at_change; /* runs since ever when the last decision took effect */
	/* enforce.c: what its last runs cost */
	nv_i128 run_costs[ENG_RUN_COSTS_MAX]; /* a ring */
	unsigned n_run_costs;
	nv_i128 cost_mark;
	uint64_t runs_mark;
	nv_i128 manual_mark;
	nv_i128 compute_mark;
	uint64_t compute_runs; /* runs at the last booking of compute cost */
	bool compute_seen;
	bool runs_now; /* at the beginning of a look at all budgets */
	bool marked;
	nv_i128 told; /* last "remaining" on the control pipe */
	bool was_told;
};

struct eng_judge;

struct eng_decide {
	struct eng_judge *judge; /* owned: the decision core, judge.h */
	struct eng_outcome_list outcomes;
	ev_timer analyse;
	ev_timer tick; /* day change, approvals that expire */
	ev_timer soon; /* zero delay: after a commit */
	int64_t day_from_ns;
	int64_t day_to_ns;
	int64_t rebased_ns;
	nv_i128 spent_today;
	bool clock_behind; /* the ledger has entries of a later time */
	char base_currency[NV_CURRENCY_BYTES]; /* of all amounts kept here */
	uint64_t rates_hash;                   /* they were made with */
	size_t begun_looked;                   /* begun.c: events */
	uint64_t n_total;                      /* decisions, advice included */
	uint64_t n_today;
	int64_t analysed_ns;
	int64_t next_ns;
	int64_t interval_ms; /* of `analyse`; 0: never armed */
	/* api_forecast.c: what was last said of the fleet, and how long it may be said.
	 */
	struct pol_forecast outlook;
	int64_t outlook_ns;       /* when it was made */
	int64_t outlook_until_ns; /* monotonic */
};

/* ---- history.c ---- */
/* Never NULL: dies without memory, as the engine cannot decide without it. */
struct eng_history *eng_history_of(struct eng_worker *w);

void eng_history_free(struct eng_worker *w);
/* Remember a decision whose newest record is in the ledger. Takes d. */
void eng_history_take(struct eng *eng, struct eng_worker *w, struct eng_decision *d);
/* All decisions of the ledger, in order. */
int eng_history_load(struct eng *eng, struct led_view *v, struct nv_err *err);
/* The newest record of a decision, the caller's to free. -ENOENT: there is none; anything
 * else: it cannot be read. */
int eng_decision_find(
	struct eng *eng, uint64_t id, struct eng_decision **ret, struct nv_err *err);
/* One more, for "total" and "today". */
void eng_decision_count(struct eng *eng, int64_t proposed_ns);

/* ---- act.c: each takes d, is durable when it returns, and dies with the ledger ---- */
/* Decision, approval, desire and "executed" in one commit, then novasupd is told. Returns
 * the id. */
uint64_t eng_act_execute(struct eng *eng, struct eng_worker *w, struct eng_decision *d,
	const char *by, const char *note, int64_t now_ns);
/* Interval and shares of a decision of the core, into a desire. -EINVAL: the
 * configuration does not declare them. */
int eng_act_tune(const struct eng_worker *w, const struct pol_decision *d,
	struct eng_desire *ret, struct nv_err *err);
/* A step that changes nothing but the record. Returns the id. */
uint64_t eng_act_record(struct eng *eng, struct eng_worker *w, struct eng_decision *d);
/* End the waiting decision about w without doing it. */
void eng_act_close(struct eng *eng, struct eng_worker *w, const char *step,
	enum eng_dec_state state, const char *by, const char *note, int64_t now_ns);
/* What time alone changes: expiry, outcomes, and what is overtaken. */
void eng_act_clock(struct eng *eng, int64_t now_ns);

/* ---- figures.c ---- */
struct eng_room { /* of the fleet, per day */
	nv_i128 projected;
	nv_i128 reserved;
};
int
eng_room_read(struct eng *eng, struct led_view *v, int64_t now_ns, struct eng_room *ret);
struct eng_case { /* one worker before the rules */
	struct eng_worker *worker;
	struct pol_classic_rules rules;
	struct pol_classic_figures figures;
	struct led_totals window;
	int64_t from_ns;
	struct pol_classic_result result;
};
/* Fills everything but the result. The worker is in the configuration. */
int eng_case_read(struct eng *eng, struct led_view *v, struct eng_worker *w,
	const struct eng_room *room, int64_t now_ns, struct eng_case *ret);
uint64_t eng_runs(const struct led_totals *t);
/* Reserved by waiting approvals, per day. */
nv_i128 eng_reserved_pending(const struct eng *eng);

/* ---- decide.c ---- */
/* One analysis now. rows (may be NULL): an array that gets one object a worker.
 * dry: nothing is recorded or done. */
int eng_decide_analyse(struct eng *eng, bool dry, json_t *rows, struct nv_err *err);
/* by: who says it, "uid 0" or "uid 0 for telegram:4711".
 * ret_json: the decision after it, a new reference. -ENOENT no such decision; -EALREADY
 * it does not wait any more; -ESTALE approved too late: it is void now (recorded). */
int eng_decide_approve(struct eng *eng, uint64_t id, const char *by, json_t **ret_json,
	struct nv_err *err);
int eng_decide_deny(struct eng *eng, uint64_t id, const char *by, const char *reason,
	json_t **ret_json, struct nv_err *err);
/* Durable. */
int eng_autonomous_set(struct eng *eng, bool on, const char *by, struct nv_err *err);

/* ---- begun.c ---- */
/* What it has cost since its last run ended, as far as that is some run's: base currency.
 */
nv_i128 eng_begun_cost(struct eng *eng, const struct eng_worker *w);

/* ---- enforce.c ---- */
void eng_enforce_rebase(struct eng *eng);
/* After a change of configuration: what single runs cost is reckoned anew. */
void eng_enforce_forget(struct eng *eng);
void eng_enforce(struct eng *eng);

#endif
