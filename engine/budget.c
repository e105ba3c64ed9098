/* What may still be spent: see budget.h. */
#include "budget.h"

#include <stdio.h>
#include <string.h>

#define HOUR_MS 3600000

const char eng_budget_rule_currency[] = "currency";

/* One cap against what is spent and promised. Tightens the verdict; true when it says
 * pause. */
static bool
check_cap(const struct eng_budget_figures *f, nv_i128 cap, nv_i128 spent,
	nv_i128 promised, const char *name, const char *until,
	struct eng_budget_verdict *v)
{
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];
	char c[NV_MONEY_BYTES];
	nv_i128 left = cap - spent;

	v->remaining = NV_MIN(v->remaining, NV_MAX(left, 0));
	if (left <= 0) {
		(void)snprintf(v->reason, sizeof v->reason,
			"%s of %s is used up (%s spent)%s", name,
			nv_money_show(cap, f->currency, a),
			nv_money_show(spent, f->currency, b), until);
		v->rule = name;
		return true;
	}
	if (f->next_run <= left - promised || (f->next_run_guessed && spent <= 0))
		return false;
	if (f->next_run > left) {
		(void)snprintf(v->reason, sizeof v->reason,
			"the next run (about %s) does not fit in what is left of %s "
			"(%s)%s",
			nv_money_show(f->next_run, f->currency, a), name,
			nv_money_show(left, f->currency, b), until);
		v->rule = name;
		return true;
	}
	(void)snprintf(v->reason, sizeof v->reason,
		"the next run (about %s) does not fit in what is left of %s (%s, %s of "
		"it for others' next runs)%s",
		nv_money_show(f->next_run, f->currency, a), name,
		nv_money_show(left, f->currency, b),
		nv_money_show(promised, f->currency, c), until);
	v->rule = name;
	return true;
}

/* What cannot be counted cannot be held against any cap, so the worker waits: the fleet's
 * cap is everybody's. */
static bool
check_counted(const struct eng_budget_figures *f, struct eng_budget_verdict *v)
{
	if (f->unpriced) {
		v->rule = "prices";
		(void)snprintf(v->reason, sizeof v->reason,
			"token usage cannot be priced: the price table cannot be used; "
			"goes on when it is mended and reloaded");
		return true;
	}
	if (!f->uncounted || !f->uncounted[0])
		return false;
	v->rule = eng_budget_rule_currency;
	(void)snprintf(v->reason, sizeof v->reason,
		"costs in %s cannot be counted: declare %s under currencies:",
		f->uncounted, strchr(f->uncounted, ',') ? "their rates" : "its rate");
	return true;
}

void
eng_budget_check(const struct eng_budget_figures *f, struct eng_budget_verdict *ret)
{
	struct eng_budget_verdict v = {.remaining = NV_MAX(f->fleet_cap, 0)};
	struct eng_budget_verdict first = {0};
	const char *tomorrow = f->clock_behind ? "; goes on when the clock, behind the "
						 "ledger's last entry, has passed it"
					       : "; goes on when the day ends";

	/* All caps count for what remains; the first that says pause gives the reason. */
	if (check_counted(f, &v))
		first = v;
	if (check_cap(f, f->fleet_cap, f->fleet_spent, f->fleet_promised,
		    "the daily budget of the fleet", tomorrow, &v) &&
		!first.rule)
		first = v;
	if (f->worker_total_cap >= 0 &&
		check_cap(f, f->worker_total_cap, f->worker_total, 0, "its total budget",
			"", &v) &&
		!first.rule)
		first = v;
	if (f->worker_daily_cap >= 0 &&
		check_cap(f, f->worker_daily_cap, f->worker_spent, 0, "its daily budget",
			tomorrow, &v) &&
		!first.rule)
		first = v;
	first.pause = first.rule != NULL;
	first.remaining = v.remaining;
	*ret = first;
}

nv_i128
eng_budget_projection(nv_i128 cost_1h, nv_i128 cost_24h, nv_i128 configured_per_day)
{
	nv_i128 pace = cost_1h * 24;

	if (configured_per_day > 0)
		pace = NV_MIN(pace, configured_per_day);
	return NV_MAX(pace, cost_24h);
}

nv_i128
eng_budget_unseen(nv_i128 rise_per_day, int64_t age_ms)
{
	if (age_ms >= HOUR_MS || rise_per_day <= 0)
		return 0;
	return rise_per_day * (HOUR_MS - NV_MAX(age_ms, 0)) / HOUR_MS;
}

bool
eng_budget_run_over(nv_i128 cost, uint64_t runs, nv_i128 cap)
{
	return cap >= 0 && runs > 0 && cost > cap * (nv_i128)runs;
}
