/* The decision rules, first form: what to do about one worker, from its figures and
 * thresholds. Pure: no clock, no files, no ledger; integers only. docs/DECISIONS.md says
 * the same in prose.
 *
 * Amounts are in the base currency at scale 10^-9, ratios in parts per million. */
#ifndef POL_CLASSIC_H
#define POL_CLASSIC_H

#include "action.h"

#include "nv_money.h"

struct pol_classic_rules {
	int64_t min_roi_ppm;
	int64_t scale_roi_ppm;
	int64_t kill_roi_ppm;
	uint32_t min_runs;
	int64_t cooldown_ms;
	int64_t approval_above_nano; /* per day */
	char currency[NV_CURRENCY_BYTES];
};

/* Below this share of good runs, over at least so many of them, a worker is not healthy.
 */
#define POL_CLASSIC_SICK_PPM  300000
#define POL_CLASSIC_SICK_RUNS 5
/* A pause holds cooldown, then twice as long each time it comes again, at most this. */
#define POL_CLASSIC_HOLD_MS_MAX INT64_C(172800000)

enum pol_classic_state {
	POL_CLASSIC_RUNNING,
	POL_CLASSIC_BUDGET_PAUSED,
	POL_CLASSIC_PAUSED_BY_POLICY,
	POL_CLASSIC_PAUSED_BY_PERSON,
	POL_CLASSIC_DOWN /* stopped, killed, not deployed, not configured */
};

struct pol_classic_figures {
	enum pol_classic_state state;
	bool halted; /* at its crash limit */
	uint32_t instances;
	uint32_t instances_max;
	uint32_t live;       /* instances that are up */
	int64_t interval_ms; /* between two runs of one instance */
	/* over the window */
	uint64_t runs_ok;
	uint64_t runs_failed;
	nv_i128 cost;
	nv_i128 earned; /* revenue - refunds - fees - disputes */
	/* Currencies without a rate it has money in; "" = cost and earned are all. */
	char uncounted[64];
	/* of the last hours, since the last change at most */
	uint64_t recent_ok;
	uint64_t recent_failed;
	nv_i128 cost_24h;
	/* since the last decision about it took effect; negative: there was none */
	int64_t since_change_ms;
	uint64_t runs_since_change;
	uint32_t pauses;       /* by policy, one after the other */
	int64_t paused_for_ms; /* when paused by policy */
	nv_i128 rises_24h;     /* per day, added in the last 24 h without asking */
	/* Room for growth, per day. projected and reserved: see eng_budget_room. */
	int64_t fleet_budget;
	nv_i128 fleet_projected;
	nv_i128 fleet_reserved;
	int64_t worker_budget_daily; /* -1 = no cap, also below */
	nv_i128 worker_projected;
	int64_t worker_budget_total;
	nv_i128 worker_cost_total;
};

struct pol_classic_result {
	enum pol_action action;
	const char *rule; /* static: "min_runs", "roi<kill", ... */
	bool needs_approval;
	bool roi_known;
	int64_t roi_ppm;
	int64_t cost_per_run_nano;
	nv_i128 cost_impact;      /* per day; > 0 only for growth */
	uint32_t to_instances;    /* scale_up */
	char reason[300];         /* one sentence */
	char expected[200];       /* effect, "" when there is none */
	char counterfactual[200]; /* what would have changed the answer */
};

void pol_classic_decide(const struct pol_classic_rules *rules,
	const struct pol_classic_figures *f, struct pol_classic_result *ret);

/* What `instances` of it cost a day at the configured interval and its mean cost per
 * run; 0 without runs. */
nv_i128 pol_classic_cost_per_day(
	nv_i128 cost, uint64_t runs, int64_t interval_ms, uint32_t instances);

#endif
