/* One evaluation: what its files share. */
#ifndef POL_CYCLE_H
#define POL_CYCLE_H

#include "pol_private.h"

#define POL_P_KILL       0.95
#define POL_E_KILL       20.0
#define POL_P_GROW       0.80 /* strict: P(ROI > scale_roi) */
#define POL_P_STEP       0.60 /* P(the step's multiple reaches the hurdle) */
#define POL_P_TRY        0.30 /* the same up to volume 1 */
#define POL_P_RETIRE     0.80
#define POL_P_SLACK      0.10 /* an open decision is void this far below */
#define POL_HURDLE       1.0  /* multiple of a step up to volume 1 */
#define POL_HURDLE_GROW  1.15 /* and above */
#define POL_HELD         1.10 /* what a step that is held counts more */
#define POL_BUDGET_USE   0.99
#define POL_UP_S         (INT64_C(24) * POL_HOUR_S)
#define POL_DOWN_S       (INT64_C(48) * POL_HOUR_S)
#define POL_DOWN_NEXT_S  (INT64_C(24) * POL_HOUR_S)
#define POL_KILL_AGE_S   (INT64_C(3) * POL_DAY_S)
#define POL_RETIRE_S     (INT64_C(30) * POL_DAY_S)
#define POL_DENIED_S     (INT64_C(7) * POL_DAY_S)
#define POL_LOST_S       (INT64_C(24) * POL_HOUR_S) /* an answer that never came */
#define POL_SUCCESS_S    (INT64_C(72) * POL_HOUR_S)
#define POL_SUCCESS      0.80 /* of the share of good runs that is usual for it */
#define POL_TRIALS_MAX   3
#define POL_GATE         1.35 /* of what is planned, a day */
#define POL_BREAKER_S    (INT64_C(6) * POL_HOUR_S)
#define POL_BREAKER_RUNS 3
#define POL_BREAKER_GOOD 0.30
#define POL_BREAKER_COST 3.0 /* times the median of a week */

struct pol_cycle {
	struct pol *p;
	int64_t now;
	pol_decision_fn *propose; /* NULL: nothing is proposed */
	void *arg;
	double budget;  /* units a day */
	double plan;    /* what runs, a day, with what this evaluation has decided */
	double pending; /* rises that wait for an approval, a day */
	double spent;   /* today */
	double rest;    /* part of the budget day that is left */
	unsigned trials;
	bool calm; /* no increases: something is wrong with the fleet */
};

/* The steps of all workers, bought from the top: sets each worker's target (ladder.c).
 * -ENOMEM. */
int pol_ladder(struct pol_cycle *c);
/* Value of the step from level i-1 to level i of the worker: the judged multiple. Kept
 * in step_value from one judgement to the next. */
double pol_step_judge(const struct pol *p, const struct pol_worker *w, unsigned i);
/* Index of the highest level not above x; -1 none. */
int pol_level_at(const struct pol_worker *w, double x);
/* May it grow at all now? *ret_rule: static, why not. */
bool pol_may_grow(
	const struct pol_cycle *c, const struct pol_worker *w, const char **ret_rule);

/* Thresholds in force for a worker. */
int64_t pol_kill_roi(const struct pol *p, const struct pol_worker *w);
int64_t pol_min_roi(const struct pol *p, const struct pol_worker *w);
int64_t pol_scale_roi(const struct pol *p, const struct pol_worker *w);
uint32_t pol_min_runs(const struct pol *p, const struct pol_worker *w);

/* Cost a day at volume x, units. */
double pol_cost_at(const struct pol_worker *w, double x);
/* Does what is decided about it change what is spent? Not where the fleet is decided
 * about and the worker only advised. */
bool pol_counts(const struct pol *p, const struct pol_worker *w);
/* Does a rise of so much a day fit the budget, today and on a whole day? */
bool pol_fits(const struct pol_cycle *c, double rise);

void pol_rules(struct pol_cycle *c);    /* after the ladder: what each worker gets */
void pol_timers(struct pol_cycle *c);   /* since when, and nothing else */
void pol_breakers(struct pol_cycle *c); /* at every call */
/* How long a breaker that trips now holds. */
int64_t pol_breaker_hold(const struct pol_worker *w, int64_t now);
void pol_open_check(struct pol_cycle *c);
/* What waits for an approval waits no more; rule (static) says why. */
void pol_withdraw(struct pol_cycle *c, struct pol_worker *w, const char *rule);
void pol_limits(struct pol_cycle *c);

/* decision (all but why, risk, texts) is completed, kept open and handed out. */
void pol_propose(struct pol_cycle *c, struct pol_worker *w, struct pol_decision *d);
void pol_decision_init(
	struct pol_decision *d, enum pol_action action, const struct pol_worker *w);
/* Fills why from the worker's posterior (why.c). */
void pol_why_fill(const struct pol *p, const struct pol_worker *w,
	const struct pol_post *post, int64_t now, double x_to, struct pol_why *why);
unsigned pol_risk(const struct pol *p, const struct pol_worker *w,
	const struct pol_post *post, const struct pol_decision *d);
int64_t pol_day_begin(const struct pol *p, int64_t now);

/* The classic rules on the facts (classic_facts.c). */
void pol_classic_cycle(struct pol_cycle *c);

#endif
