/* The decision core: facts in, decisions out, answers back in. nova-engine drives it in
 * production, in `novactl simulate` and in `nova-engine --replay`: the same code.
 *
 * Pure: no clock, no files, no randomness, no JSON. What it knows is the order of calls;
 * the same calls always give the same decisions. Facts of one evaluation may come in any
 * order. Doubles are statistics only: no sum of money leaves it but as an integer.
 *
 * Times are Unix seconds, amounts 10^-9 units of the base currency (the driver converts),
 * ratios parts per million. A `double` probability is in 0..1. Nothing that comes out is
 * NaN or infinite, whatever went in. Memory is bounded: POL_WORKERS_MAX workers with
 * POL_DAYS days each. docs/DECISIONS.md says the rules in prose. */
#ifndef POL_H
#define POL_H

#include "action.h"

#include "nv_buf.h"
#include "nv_money.h"
#include "nv_name.h"

#define POL_WORKERS_MAX   20000
#define POL_INTERVALS_MAX 8
#define POL_VARIANTS_MAX  8
#define POL_INSTANCES_MAX 1000000
#define POL_DAYS          180 /* of evidence that are kept */
#define POL_MODEL_VERSION 1
#define POL_REASONS_MAX   4

enum pol_mode { POL_STRICT, POL_MARGINAL, POL_CLASSIC, POL_MODE_COUNT };
const char *pol_mode_name(enum pol_mode mode); /* "strict" */
bool pol_mode_from(const char *name, enum pol_mode *ret);

struct pol_conf {
	enum pol_mode mode;
	int64_t daily_budget_nano;
	int64_t approval_above_nano; /* per day */
	int64_t min_roi_ppm;
	int64_t scale_roi_ppm;
	int64_t kill_roi_ppm;
	uint32_t min_runs;
	int64_t evaluate_s;        /* cadence of the judgement: 21600 */
	int64_t day_offset_s;      /* local time - UTC: a budget day begins when
				    * (ts + day_offset_s) is a multiple of 86400. The driver
				    * sets it anew when clocks change. */
	int64_t approval_expiry_s; /* 172800 */
	bool advise_only;          /* autonomous is off */
};
/* The defaults of docs/DECISIONS.md; the budget is 100 a day. */
void pol_conf_init(struct pol_conf *conf);

struct pol_worker_conf {
	char name[NV_NAME_MAX];
	char group[NV_NAME_MAX];
	int64_t run_interval_s; /* base: what volume 1 means; 0 = it has no runs */
	int64_t intervals_s[POL_INTERVALS_MAX]; /* others that may be set, any order */
	unsigned n_intervals;
	int64_t expected_cost_nano; /* of a run; 0 = nothing declared, also below */
	int64_t expected_sale_nano;
	int64_t expected_roi_ppm; /* opens the gate of deploy, nothing else */
	bool has_expected_roi;
	uint32_t ramp_days; /* declared warm-up */
	uint32_t instances_max;
	unsigned n_variants;
	char variants[POL_VARIANTS_MAX][NV_NAME_MAX];
	int64_t budget_daily_nano; /* -1 none */
	bool catalog;              /* declared, not deployed: may be started */
	bool advise_only;
	/* thresholds of its own; INT64_MIN = those of the fleet */
	int64_t min_roi_ppm;
	int64_t scale_roi_ppm;
	int64_t kill_roi_ppm;
	uint32_t min_runs; /* UINT32_MAX = that of the fleet */
};
void pol_worker_conf_init(struct pol_worker_conf *conf);

/* What runs, and who has said so last. */
enum pol_state {
	POL_ST_RUNNING,
	POL_ST_PAUSED_BY_POLICY,
	POL_ST_PAUSED_BY_PERSON,
	POL_ST_PAUSED_BY_BUDGET,
	POL_ST_STOPPED, /* by a person, or not deployed and not to be */
	POL_ST_KILLED,
	POL_ST_CATALOG,
	POL_ST_COUNT
};

struct pol_standing {
	enum pol_state state;
	uint32_t instances;
	uint32_t live;                  /* instances that are up */
	bool halted;                    /* at its crash limit */
	int64_t run_interval_s;         /* 0 = the configured one */
	double split[POL_VARIANTS_MAX]; /* shares of the variants; all 0 = equal */
};

enum pol_fact_kind {
	POL_RUN,
	POL_COST,
	POL_REVENUE,
	POL_REFUND,
	POL_DISPUTE, /* opened: nano > 0 is taken; won: nano < 0 is given back */
	POL_FEE,
	POL_FACT_COUNT
};

struct pol_fact {
	enum pol_fact_kind kind;
	const char *worker; /* borrowed */
	int64_t ts;     /* when it was; in the future of `booked` counts as `booked` */
	int64_t booked; /* when it became known; 0 = ts */
	int64_t nano;   /* >= 0 but for POL_DISPUTE, and a POL_COST that is taken back */
	bool ok;        /* POL_RUN */
	const char *variant; /* borrowed; NULL or unknown = none */
	int64_t caused_ts;   /* when the run that caused the sale ran; 0 unknown */
	int64_t sale_ts;     /* of the sale that is refunded; 0 unknown */
	int64_t sale_nano;   /* its amount; 0 unknown: then all of it is refunded */
};

/* Every number that docs/DECISIONS.md lists for a decision. */
struct pol_why {
	const char *rule;      /* static: "p_roi<kill", "marginal", "breaker" ... */
	const char *threshold; /* static: which inequality `value` is held against */
	double limit;          /* the threshold's value */
	double value;          /* what it was compared with */
	double p;              /* probability of the claim behind the decision */
	double e;              /* e-value against "it breaks even" */
	/* inputs */
	int64_t cost_nano; /* of the evidence that is kept */
	int64_t revenue_nano;
	int64_t refund_nano;
	uint64_t runs_ok;
	uint64_t runs_failed;
	uint64_t sales;
	double exposure;       /* units of money, corrected and discounted */
	double sales_eff;      /* discounted */
	double sale_mean;      /* units */
	double refund;         /* share */
	double volume;         /* now, relative to one instance at the base interval */
	double volume_to;      /* after the decision */
	double beta;           /* posterior mean of the saturation exponent */
	double mature;         /* F: share of the sales caused by yesterday's money that
				* should have come */
	double half_life_d;    /* H */
	double roi_percent[3]; /* q10, q50, q90 at the present volume */
	double marginal[3];    /* multiple of the step in question: q10, q50, q90 */
	double shadow;         /* what the next budget unit would return */
	double success;        /* good runs, last 72 h; 1 when there were none */
	/* counterfactual */
	double one_more_sale_p;  /* P(ROI < kill) with one more sale */
	double stay_roi_percent; /* expected if nothing is done */
	int64_t budget_left_nano;
	char next_best[NV_NAME_MAX]; /* whose step comes next; "" none */
	double next_best_multiple;
	/* model */
	uint32_t version;
	uint64_t priors; /* hash of the fleet's priors */
};

struct pol_decision {
	enum pol_action action;
	char worker[NV_NAME_MAX]; /* "*" = the fleet (limit) */
	uint32_t from_instances;
	uint32_t to_instances; /* scale_up, scale_down, resume, deploy */
	int64_t from_interval_s;
	int64_t to_interval_s; /* optimize_interval, resume, deploy: as it is to run */
	unsigned n_split;
	double split[POL_VARIANTS_MAX]; /* optimize_split: in the order of the variants */
	int64_t limit_nano;             /* limit: per day */
	bool needs_approval;
	bool advice;                  /* not to be executed: autonomous is off for it */
	int64_t impact_nano;          /* cost per day, more or less */
	int64_t expected_profit_nano; /* per day, more or less, at the posterior mean */
	double confidence;            /* = why.p */
	double evidence;              /* min(runs/100, 1) */
	unsigned risk;                /* 0..100; < 25 low, < 50 medium, else high */
	const char *finding; /* static: "over_performing", "under_performing", ... */
	const char *reasons[POL_REASONS_MAX]; /* static codes, NULL after the last */
	char text[200];                       /* one sentence */
	struct pol_why why;
};

struct pol; /* opaque */

/* 0, -EINVAL for a configuration out of its bounds, -ENOMEM. */
int pol_new(const struct pol_conf *conf, struct pol **ret);
void pol_free(struct pol *p);
int pol_conf_set(struct pol *p, const struct pol_conf *conf);
void pol_conf_get(const struct pol *p, struct pol_conf *ret);

/* Makes the worker known or changes its configuration; what is known of it stays. A new
 * one is POL_ST_CATALOG when conf->catalog says so, else running with one instance.
 * 0, -EINVAL, -ENOSPC (POL_WORKERS_MAX), -ENOMEM. */
int pol_worker_put(struct pol *p, const struct pol_worker_conf *conf);
/* Forgets it. -ENOENT. */
int pol_worker_drop(struct pol *p, const char *name);
size_t pol_workers(const struct pol *p);
/* In the order of their names; NULL past the last. Borrowed until put or drop. */
const char *pol_worker_name(const struct pol *p, size_t i);

/* Any order, original times; ids and duplicates are the driver's business. -ENOENT for a
 * worker that is not known (nothing is kept), -EINVAL for a bad field. What is older
 * than POL_DAYS is counted in the totals only. */
int pol_fact(struct pol *p, const struct pol_fact *fact);

/* What runs from ts on, as it is: effects of decisions, people, budgets. A change is told
 * before the facts that come after it. -ENOENT, -EINVAL. */
int pol_standing_put(struct pol *p, const char *worker, int64_t ts,
	const struct pol_standing *standing);
int pol_standing_get(const struct pol *p, const char *worker, struct pol_standing *ret);

enum pol_answer {
	POL_APPLIED, /* it has its effect: pol_standing_put says what runs now */
	POL_REFUSED, /* it could not be executed */
	POL_GRANTED, /* a person agrees; APPLIED or VOID follows */
	POL_DENIED,  /* blocks the same kind for 7 days */
	POL_EXPIRED,
	POL_VOID, /* the claim no longer held */
	POL_ANSWER_COUNT
};
/* To the worker's one open decision; -ENOENT when there is none. POL_LIMIT and POL_CANCEL
 * and advice are never open. */
int pol_answer(struct pol *p, const char *worker, enum pol_answer answer, int64_t ts);
/* A decision made earlier (by this core, before a restart) that is still open: as if
 * pol_evaluate had just proposed it at ts. Its words are copied. -ENOENT, -EEXIST when
 * one is open. */
int pol_restore(struct pol *p, const struct pol_decision *decision, int64_t ts);
/* The open decision, as proposed; -ENOENT. *ret_ts: when. Its words are borrowed until
 * it is answered. */
int pol_open_get(const struct pol *p, const char *worker, struct pol_decision *ret,
	int64_t *ret_ts);

/* decision is borrowed for the call. */
typedef void pol_decision_fn(const struct pol_decision *decision, void *arg);

/* Called as often as the driver likes (a tick of an hour in replay, a minute in
 * production): pacing and breakers are looked at each time, the judgement at each
 * multiple of conf.evaluate_s that has passed. Each decision is open until it is
 * answered. propose NULL: advances its timers and proposes nothing (rebuilding).
 * Time that goes back changes nothing until it has passed what was. */
int pol_evaluate(struct pol *p, int64_t now, pol_decision_fn *propose, void *arg);
/* The judgement at the next call, whatever the cadence (`novactl autonomous run`). */
void pol_evaluate_soon(struct pol *p);

/* The limits that were given out may not be in force any more: they are given out anew.
 */
void pol_limits_forget(struct pol *p);

/* Does an open decision still hold (asked at its approval)? False when the probability
 * behind it has fallen by more than 0.10 below its threshold, the rise has grown by more
 * than a tenth, or it does not fit any more; why->rule says what. */
bool pol_recheck(const struct pol *p, const struct pol_decision *decision, int64_t now,
	struct pol_why *ret_why);

/* Read-only: what is thought of a worker now. */
struct pol_judgement {
	struct pol_standing standing;
	bool judged;         /* an evaluation has seen it */
	const char *finding; /* static: what the last evaluation said of it */
	const char *rule;    /* static: which rule said so, also when it was "hold" */
	char text[200];
	double p_below_kill;       /* P(ROI < kill_roi) */
	double p_above_min;        /* P(ROI > min_roi) */
	double p_above_scale;      /* P(ROI > scale_roi) */
	double target_volume;      /* what the ladder would buy */
	int64_t cost_per_day_nano; /* as it runs */
	struct pol_why why;
};
int pol_judge(
	const struct pol *p, const char *worker, int64_t now, struct pol_judgement *ret);

struct pol_fleet {
	int64_t spent_today_nano;  /* by the facts */
	int64_t planned_rest_nano; /* what runs, until the budget day ends */
	int64_t pending_nano;      /* rises that wait for an approval, per day */
	int64_t plan_per_day_nano;
	int64_t budget_nano;
	double shadow; /* the next budget unit would return this; 0 none */
	char next_best[NV_NAME_MAX];
	double fleet_multiple; /* revenue per unit of cost, the prior of new workers */
	double refund;
	double delay_median_h;
};
void pol_fleet_get(const struct pol *p, int64_t now, struct pol_fleet *ret);

/* Everything it knows; the driver keeps it with a checksum of its own. A cache of the
 * same build on the same machine: everything can be rebuilt from the ledger.
 * pol_load: -EBADMSG for another version, -ENOMEM. */
int pol_save(const struct pol *p, struct nv_buf *out);
int pol_load(const void *data, size_t bytes, struct pol **ret);

#endif
