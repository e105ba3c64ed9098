/* The decision rules: see classic.h and docs/DECISIONS.md.
 *
 * The order of the questions is the policy. Each asks one thing, answers with a
 * reason, and the first that answers ends it:
 *
 *   down, paused by a person        -> none
 *   paused by policy                -> resume when the pause has held long enough
 *   sick (few good runs)            -> pause
 *   money without a rate            -> none: its ROI is not known
 *   runs < min_runs                 -> none, collect more data
 *   changed lately                  -> none, collect more data
 *   no cost                         -> none: there is no ROI to judge by
 *   ROI < kill                      -> kill
 *   ROI < min                       -> none, poor
 *   ROI < scale                     -> maintain
 *   else                            -> scale up, if it is healthy and fits the budgets
 */
#include "classic.h"

#include "nv_units.h"

#include <stdio.h>
#include <string.h>

#define DAY_MS INT64_C(86400000)
#define PPM    1000000

/* a / b rounded half away from zero, b > 0. */
static nv_i128
divide(nv_i128 a, nv_i128 b)
{
	return (a + (a < 0 ? -(b / 2) : b / 2)) / b;
}

nv_i128
pol_classic_cost_per_day(
	nv_i128 cost, uint64_t runs, int64_t interval_ms, uint32_t instances)
{
	nv_i128 top;

	if (runs == 0 || interval_ms <= 0 || cost <= 0)
		return 0;
	/* One division, so that 1.00 over 20 runs every 86.4 s is 50.00 and not
	 * 49.999... */
	if (__builtin_mul_overflow(cost, (nv_i128)DAY_MS * instances, &top))
		return NV_SUM_MAX;
	return NV_MIN(divide(top, (nv_i128)interval_ms * (nv_i128)runs), NV_SUM_MAX);
}

/* Exact comparison: (earned - cost) / cost < threshold, cost > 0. */
static bool
roi_below(const struct pol_classic_figures *f, int64_t threshold_ppm)
{
	return (f->earned - f->cost) * PPM < f->cost * threshold_ppm;
}

static uint64_t
runs_of(const struct pol_classic_figures *f)
{
	return f->runs_ok + f->runs_failed;
}

static bool
is_sick(uint64_t ok, uint64_t failed)
{
	uint64_t all = ok + failed;

	return all >= POL_CLASSIC_SICK_RUNS && ok * PPM < all * POL_CLASSIC_SICK_PPM;
}

/* What `cost` more earns at the present ratio, for people: exact unless it is absurd. */
static nv_i128
earned_by(const struct pol_classic_figures *f, nv_i128 cost)
{
	nv_i128 top;

	if (__builtin_mul_overflow(cost, f->earned, &top))
		return f->earned < 0 ? -NV_SUM_MAX : NV_SUM_MAX;
	return divide(top, f->cost);
}

/* Earnings at which the ROI reaches the threshold. */
static nv_i128
earned_at(const struct pol_classic_figures *f, int64_t threshold_ppm)
{
	return f->cost + divide(f->cost * threshold_ppm, PPM);
}

/* ---- the questions, in order; each true when it has answered ---- */

static bool
answer_down(const struct pol_classic_figures *f, struct pol_classic_result *r)
{
	if (f->state == POL_CLASSIC_DOWN) {
		r->rule = "not_running";
		(void)snprintf(r->reason, sizeof r->reason, "it is not running");
		return true;
	}
	if (f->state == POL_CLASSIC_PAUSED_BY_PERSON) {
		r->rule = "paused_by_person";
		(void)snprintf(r->reason, sizeof r->reason,
			"a person has paused it; only a person resumes it");
		return true;
	}
	return false;
}

static bool
answer_paused(const struct pol_classic_rules *rules, const struct pol_classic_figures *f,
	struct pol_classic_result *r)
{
	char text[NV_UNITS_BYTES];
	int64_t hold_ms = NV_MAX(rules->cooldown_ms, 1000);

	if (f->state != POL_CLASSIC_PAUSED_BY_POLICY)
		return false;
	for (uint32_t i = 1; i < f->pauses && hold_ms < POL_CLASSIC_HOLD_MS_MAX; i++)
		hold_ms *= 2;
	hold_ms = NV_MIN(hold_ms, NV_MAX(POL_CLASSIC_HOLD_MS_MAX, rules->cooldown_ms));
	r->rule = "probe";
	if (f->paused_for_ms >= hold_ms) {
		r->action = POL_RESUME;
		(void)snprintf(r->reason, sizeof r->reason,
			"paused for %s: it is tried again",
			nv_duration_show(f->paused_for_ms, text));
		(void)snprintf(r->expected, sizeof r->expected,
			"the next %d runs show whether it is healthy",
			POL_CLASSIC_SICK_RUNS);
		return true;
	}
	(void)snprintf(r->reason, sizeof r->reason, "paused: it is tried again in %s",
		nv_duration_show(hold_ms - f->paused_for_ms, text));
	return true;
}

static bool
answer_sick(const struct pol_classic_figures *f, struct pol_classic_result *r)
{
	uint64_t all = f->recent_ok + f->recent_failed;

	if (f->state != POL_CLASSIC_RUNNING || !is_sick(f->recent_ok, f->recent_failed))
		return false;
	r->action = POL_PAUSE;
	r->rule = "success<30%";
	(void)snprintf(r->reason, sizeof r->reason,
		"only %llu of its last %llu runs were good (below 30%%)",
		(unsigned long long)f->recent_ok, (unsigned long long)all);
	(void)snprintf(r->expected, sizeof r->expected,
		"no further cost until it is tried again");
	(void)snprintf(r->counterfactual, sizeof r->counterfactual,
		"%llu good runs of %llu would have kept it running",
		(unsigned long long)((all * POL_CLASSIC_SICK_PPM + PPM - 1) / PPM),
		(unsigned long long)all);
	return true;
}

/* Half of the figures are no figures: a worker whose sales cannot be counted must not be
 * killed for having none. */
static bool
answer_uncounted(const struct pol_classic_figures *f, struct pol_classic_result *r)
{
	if (!f->uncounted[0])
		return false;
	r->rule = "currency";
	r->roi_known = false;
	r->roi_ppm = 0;
	(void)snprintf(r->reason, sizeof r->reason,
		"its money in %s cannot be counted: declare %s under currencies:",
		f->uncounted, strchr(f->uncounted, ',') ? "their rates" : "its rate");
	return true;
}

static bool
answer_too_early(const struct pol_classic_rules *rules,
	const struct pol_classic_figures *f, struct pol_classic_result *r)
{
	char text[NV_UNITS_BYTES];
	uint64_t runs = runs_of(f);

	if (runs < rules->min_runs) {
		r->rule = "min_runs";
		(void)snprintf(r->reason, sizeof r->reason,
			"collect more data: %llu of %u runs", (unsigned long long)runs,
			rules->min_runs);
		return true;
	}
	if (f->since_change_ms < 0)
		return false;
	if (f->runs_since_change < rules->min_runs) {
		r->rule = "runs_since_change";
		(void)snprintf(r->reason, sizeof r->reason,
			"collect more data: %llu of %u runs since the last change",
			(unsigned long long)f->runs_since_change, rules->min_runs);
		return true;
	}
	if (f->since_change_ms < rules->cooldown_ms) {
		r->rule = "cooldown";
		(void)snprintf(r->reason, sizeof r->reason,
			"changed lately: the next decision is possible in %s",
			nv_duration_show(rules->cooldown_ms - f->since_change_ms, text));
		return true;
	}
	return false;
}

static bool
answer_free(const struct pol_classic_figures *f, struct pol_classic_result *r)
{
	if (f->cost > 0)
		return false;
	r->rule = "no_cost";
	(void)snprintf(r->reason, sizeof r->reason,
		"no cost yet: without a cost there is no ROI to judge it by");
	return true;
}

static bool
answer_kill(const struct pol_classic_rules *rules, const struct pol_classic_figures *f,
	struct pol_classic_result *r)
{
	char roi[NV_UNITS_BYTES];
	char limit[NV_UNITS_BYTES];
	char money[NV_MONEY_BYTES];

	if (!roi_below(f, rules->kill_roi_ppm))
		return false;
	r->action = POL_KILL;
	r->rule = "roi<kill";
	(void)snprintf(r->reason, sizeof r->reason,
		"ROI %s over %llu runs is below the kill threshold %s",
		nv_percent_show(r->roi_ppm, roi), (unsigned long long)runs_of(f),
		nv_percent_show(rules->kill_roi_ppm, limit));
	(void)snprintf(r->expected, sizeof r->expected, "saves %s a day",
		nv_money_show(pol_classic_cost_per_day(
				      f->cost, runs_of(f), f->interval_ms, f->instances),
			rules->currency, money));
	(void)snprintf(r->counterfactual, sizeof r->counterfactual,
		"%s more in sales would have kept it",
		nv_money_show(earned_at(f, rules->kill_roi_ppm) - f->earned,
			rules->currency, money));
	return true;
}

static bool
answer_not_growing(const struct pol_classic_rules *rules,
	const struct pol_classic_figures *f, struct pol_classic_result *r)
{
	char roi[NV_UNITS_BYTES];
	char limit[NV_UNITS_BYTES];
	char money[NV_MONEY_BYTES];
	bool poor = roi_below(f, rules->min_roi_ppm);
	int64_t next_ppm = poor ? rules->min_roi_ppm : rules->scale_roi_ppm;

	if (!poor && !roi_below(f, rules->scale_roi_ppm))
		return false;
	r->action = poor ? POL_NONE : POL_MAINTAIN;
	r->rule = poor ? "roi<min" : "roi<scale";
	(void)snprintf(r->reason, sizeof r->reason, "ROI %s is %s: below %s of %s",
		nv_percent_show(r->roi_ppm, roi), poor ? "poor" : "good",
		poor ? "the minimum" : "the scaling threshold",
		nv_percent_show(next_ppm, limit));
	(void)snprintf(r->counterfactual, sizeof r->counterfactual,
		"%s more in sales would have made it %s",
		nv_money_show(earned_at(f, next_ppm) - f->earned, rules->currency, money),
		poor ? "good" : "grow");
	return true;
}

/* Growth asks for `impact` a day. False with the reason when a budget has no room. */
static bool
fits_budgets(const struct pol_classic_rules *rules, const struct pol_classic_figures *f,
	nv_i128 impact, struct pol_classic_result *r)
{
	char more[NV_MONEY_BYTES];
	char used[NV_MONEY_BYTES];
	char held[NV_MONEY_BYTES];
	char cap[NV_MONEY_BYTES];
	nv_i128 fleet = f->fleet_projected + f->fleet_reserved + impact;
	nv_i128 worker = f->worker_projected + impact;

	(void)nv_money_show(impact, rules->currency, more);
	if (fleet > f->fleet_budget) {
		r->rule = "over_budget";
		(void)snprintf(r->reason, sizeof r->reason,
			"%s more a day does not fit the daily budget of %s: the fleet "
			"uses %s a day and %s is reserved",
			more, nv_money_show(f->fleet_budget, rules->currency, cap),
			nv_money_show(f->fleet_projected, rules->currency, used),
			nv_money_show(f->fleet_reserved, rules->currency, held));
		(void)snprintf(r->counterfactual, sizeof r->counterfactual,
			"with %s more daily budget it would grow",
			nv_money_show(fleet - f->fleet_budget, rules->currency, used));
		return false;
	}
	if (f->worker_budget_daily >= 0 && worker > f->worker_budget_daily) {
		r->rule = "over_worker_budget";
		(void)snprintf(r->reason, sizeof r->reason,
			"%s more a day does not fit its own daily budget of %s: it uses "
			"%s a day",
			more, nv_money_show(f->worker_budget_daily, rules->currency, cap),
			nv_money_show(f->worker_projected, rules->currency, used));
		return false;
	}
	if (f->worker_budget_total >= 0 &&
		f->worker_cost_total + impact > f->worker_budget_total) {
		r->rule = "over_total_budget";
		(void)snprintf(r->reason, sizeof r->reason,
			"%s more a day does not fit its total budget of %s: %s is spent",
			more, nv_money_show(f->worker_budget_total, rules->currency, cap),
			nv_money_show(f->worker_cost_total, rules->currency, used));
		return false;
	}
	return true;
}

static bool
can_grow(const struct pol_classic_figures *f, struct pol_classic_result *r)
{
	if (f->halted) {
		r->rule = "halted";
		(void)snprintf(r->reason, sizeof r->reason,
			"ROI is high, but it is halted at its crash limit");
	} else if (f->live < f->instances && f->state != POL_CLASSIC_BUDGET_PAUSED) {
		r->rule = "not_up";
		(void)snprintf(r->reason, sizeof r->reason,
			"ROI is high, but only %u of its %u instances are up", f->live,
			f->instances);
	} else if (f->state == POL_CLASSIC_BUDGET_PAUSED) {
		r->rule = "budget_paused";
		(void)snprintf(r->reason, sizeof r->reason,
			"ROI is high, but a budget has paused it");
	} else if (is_sick(f->runs_ok, f->runs_failed)) {
		r->rule = "success<30%";
		(void)snprintf(r->reason, sizeof r->reason,
			"ROI is high, but only %llu of %llu runs were good",
			(unsigned long long)f->runs_ok, (unsigned long long)runs_of(f));
	} else if (f->instances >= f->instances_max) {
		r->rule = "instances_max";
		(void)snprintf(r->reason, sizeof r->reason,
			"ROI is high, but it has its maximum of %u instance%s",
			f->instances_max, f->instances_max == 1 ? "" : "s");
	} else {
		return true;
	}
	return false;
}

static void
answer_grow(const struct pol_classic_rules *rules, const struct pol_classic_figures *f,
	struct pol_classic_result *r)
{
	char roi[NV_UNITS_BYTES];
	char limit[NV_UNITS_BYTES];
	char more[NV_MONEY_BYTES];
	char sales[NV_MONEY_BYTES];
	uint32_t to =
		f->instances > f->instances_max / 2 ? f->instances_max : 2 * f->instances;

	if (!can_grow(f, r))
		return;
	/* What it costs a day now: by its runs, or what was seen when that is more. */
	nv_i128 now = pol_classic_cost_per_day(
		f->cost, runs_of(f), f->interval_ms, f->instances);

	now = NV_MAX(now, f->cost_24h);
	nv_i128 impact = divide(now * (to - f->instances), f->instances);

	if (!fits_budgets(rules, f, impact, r))
		return;
	r->action = POL_SCALE_UP;
	r->rule = "roi>=scale";
	r->to_instances = to;
	r->cost_impact = impact;
	r->needs_approval = impact + f->rises_24h > rules->approval_above_nano;
	(void)nv_money_show(impact, rules->currency, more);
	(void)snprintf(r->reason, sizeof r->reason,
		"ROI %s over %llu runs is at or above the scaling threshold %s: from %u "
		"to %u instances for %s more a day",
		nv_percent_show(r->roi_ppm, roi), (unsigned long long)runs_of(f),
		nv_percent_show(rules->scale_roi_ppm, limit), f->instances, to, more);
	(void)snprintf(r->expected, sizeof r->expected,
		"%s more cost a day, and %s more in sales if each run earns as before",
		more, nv_money_show(earned_by(f, impact), rules->currency, sales));
	(void)snprintf(r->counterfactual, sizeof r->counterfactual,
		"with %s less in sales it would have stayed as it is",
		nv_money_show(f->earned - earned_at(f, rules->scale_roi_ppm),
			rules->currency, sales));
}

void
pol_classic_decide(const struct pol_classic_rules *rules,
	const struct pol_classic_figures *f, struct pol_classic_result *ret)
{
	struct pol_classic_result r = {.action = POL_NONE, .rule = ""};
	uint64_t runs = runs_of(f);

	r.to_instances = f->instances;
	r.roi_known = nv_roi_ppm(f->earned, f->cost, &r.roi_ppm);
	if (runs > 0)
		r.cost_per_run_nano =
			(int64_t)NV_MIN(divide(f->cost, (nv_i128)runs), NV_MONEY_MAX);
	if (!answer_down(f, &r) && !answer_paused(rules, f, &r) && !answer_sick(f, &r) &&
		!answer_uncounted(f, &r) && !answer_too_early(rules, f, &r) &&
		!answer_free(f, &r) && !answer_kill(rules, f, &r) &&
		!answer_not_growing(rules, f, &r))
		answer_grow(rules, f, &r);
	*ret = r;
}
