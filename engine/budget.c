/* What may still be spent: see budget.h. */
#include "budget.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_MS     3600000
#define HOUR_NS     INT64_C(3600000000000)
#define PACE_TENTHS 15 /* never faster than 1.5 times as planned */
#define PPM         1000000

const char eng_budget_rule_currency[] = "currency";

/* ---- one cap ---- */

static const char *const period_words[ENG_CAP_PERIODS] = {"hourly", "daily", "total"};

const char *
eng_cap_period_name(enum eng_cap_period period)
{
	static const char *const names[ENG_CAP_PERIODS] = {"hour", "day", "total"};

	return names[period];
}

const char *
eng_cap_scope_name(enum eng_cap_scope scope)
{
	static const char *const names[ENG_CAP_SCOPES] = {
		"fleet", "group", "worker", "limit", "operation"};

	return names[scope];
}

const char *
eng_cap_text(const struct eng_cap *cap, char buf[ENG_CAP_TEXT_BYTES])
{
	const char *word = period_words[cap->period];

	switch (cap->scope) {
	case ENG_CAP_FLEET:
		(void)snprintf(
			buf, ENG_CAP_TEXT_BYTES, "the %s budget of the fleet", word);
		break;
	case ENG_CAP_GROUP:
		(void)snprintf(buf, ENG_CAP_TEXT_BYTES, "the %s budget of group %s", word,
			cap->subject);
		break;
	case ENG_CAP_LIMIT:
		(void)snprintf(buf, ENG_CAP_TEXT_BYTES, "%s by decision",
			cap->subject[0] ? "its daily limit"
					: "the daily limit of the fleet");
		break;
	case ENG_CAP_OPERATION:
		(void)snprintf(buf, ENG_CAP_TEXT_BYTES, "its %s budget for %s", word,
			cap->operation);
		break;
	default:
		(void)snprintf(buf, ENG_CAP_TEXT_BYTES, "its %s budget", word);
	}
	return buf;
}

const char *
eng_cap_name(const struct eng_cap *cap, char buf[ENG_CAP_TEXT_BYTES])
{
	const char *word = period_words[cap->period];

	if (cap->scope == ENG_CAP_WORKER)
		(void)snprintf(buf, ENG_CAP_TEXT_BYTES, "the %s budget of %s", word,
			cap->subject);
	else if (cap->scope == ENG_CAP_OPERATION)
		(void)snprintf(buf, ENG_CAP_TEXT_BYTES, "the %s budget of %s for %s",
			word, cap->subject, cap->operation);
	else if (cap->scope == ENG_CAP_LIMIT && cap->subject[0])
		(void)snprintf(buf, ENG_CAP_TEXT_BYTES,
			"the daily limit of %s by decision", cap->subject);
	else
		(void)eng_cap_text(cap, buf);
	return buf;
}

/* One static text for each kind of cap, to tell verdicts apart. */
static const char *
rule_of(const struct eng_cap *cap)
{
	static const char *const rules[ENG_CAP_SCOPES][ENG_CAP_PERIODS] = {
		[ENG_CAP_FLEET] = {"fleet_hourly", "fleet_daily", "fleet_total"},
		[ENG_CAP_GROUP] = {"group_hourly", "group_daily", "group_total"},
		[ENG_CAP_WORKER] = {"hourly", "daily", "total"},
		[ENG_CAP_LIMIT] = {"limit_hourly", "limit_daily", "limit_total"},
		[ENG_CAP_OPERATION] = {"operation_hourly", "operation_daily",
			"operation_total"},
	};

	return rules[cap->scope][cap->period];
}

static bool
is_fleet(const struct eng_cap *cap)
{
	return cap->scope == ENG_CAP_FLEET ||
	       (cap->scope == ENG_CAP_LIMIT && !cap->subject[0]);
}

nv_i128
eng_cap_left(const struct eng_cap *cap)
{
	if (cap->limit < 0)
		return ENG_SUM_MAX;
	return NV_MAX(cap->limit - cap->spent - cap->reserved - cap->approvals, 0);
}

bool
eng_cap_at(const struct eng_cap *cap, int64_t share_ppm)
{
	return cap->limit > 0 && share_ppm > 0 &&
	       cap->spent * PPM >= cap->limit * share_ppm;
}

nv_i128
eng_cap_pace(const struct eng_cap *cap, int64_t now_ns)
{
	int64_t whole_ns = cap->to_ns - cap->from_ns;
	int64_t passed_ns = NV_MIN(NV_MAX(now_ns - cap->from_ns, HOUR_NS), whole_ns);

	if (whole_ns <= 0 || cap->limit < 0)
		return cap->limit;
	return NV_MIN(cap->limit,
		cap->limit * PACE_TENTHS * (passed_ns / 1000) / (whole_ns / 1000) / 10);
}

/* When a paced cap allows `wanted` in all, at the latest when its period ends. */
static int64_t
pace_allows_ns(const struct eng_cap *cap, nv_i128 wanted)
{
	int64_t whole_us = (cap->to_ns - cap->from_ns) / 1000;
	nv_i128 us = cap->limit > 0 ? wanted * 10 * whole_us / PACE_TENTHS / cap->limit
				    : whole_us;

	return cap->from_ns + (int64_t)NV_MIN(us + 1, (nv_i128)whole_us) * 1000;
}

/* ---- those who ask ---- */

static const char *
until(const struct eng_cap *cap)
{
	return cap->period == ENG_CAP_HOUR  ? "; goes on when the hour ends"
	       : cap->period == ENG_CAP_DAY ? "; goes on when the day ends"
					    : "";
}

static void
refuse(const struct eng_cap *cap, nv_i128 amount, const char *currency, int64_t now_ns,
	struct eng_gate_verdict *v)
{
	char text[ENG_CAP_TEXT_BYTES];
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];
	char c[NV_MONEY_BYTES];
	nv_i128 unspent = cap->limit - cap->spent;
	bool over = unspent <= 0 || amount > unspent - cap->approvals;

	v->fits = false;
	v->cap = cap;
	(void)eng_cap_text(cap, text);
	if (unspent <= 0)
		(void)snprintf(v->reason, sizeof v->reason,
			"%s of %s is used up (%s spent)%s", text,
			nv_money_show(cap->limit, currency, a),
			nv_money_show(cap->spent, currency, b), until(cap));
	else
		(void)snprintf(v->reason, sizeof v->reason,
			"the next run (about %s) does not fit in what is left of %s (%s, "
			"%s of it reserved)%s",
			nv_money_show(amount, currency, a), text,
			nv_money_show(unspent, currency, b),
			nv_money_show(cap->reserved + cap->approvals, currency, c),
			over ? until(cap) : "");
	v->retry_ns = !over || cap->period == ENG_CAP_TOTAL ? 0
		      : cap->to_ns > now_ns                 ? cap->to_ns
							    : now_ns;
}

static void
refuse_pace(const struct eng_cap *cap, nv_i128 amount, const char *currency,
	int64_t now_ns, struct eng_gate_verdict *v)
{
	char text[ENG_CAP_TEXT_BYTES];
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];

	v->fits = false;
	v->cap = cap;
	v->retry_ns =
		pace_allows_ns(cap, cap->spent + cap->reserved + cap->approvals + amount);
	(void)snprintf(v->reason, sizeof v->reason,
		"%s is spread over the day: %s of %s may be spent by now",
		eng_cap_text(cap, text),
		nv_money_show(eng_cap_pace(cap, now_ns), currency, a),
		nv_money_show(cap->limit, currency, b));
}

/* What can be reserved under one cap: the amount, all of the cap, or -1. */
static nv_i128
fit(const struct eng_cap *cap, nv_i128 amount, nv_i128 usual)
{
	nv_i128 left = cap->limit - cap->spent - cap->reserved - cap->approvals;
	bool untouched = cap->spent <= 0 && cap->reserved <= 0;

	if (cap->limit >= 0 && cap->spent >= cap->limit)
		return -1;
	if (amount <= left)
		return amount;
	return untouched && left >= 0 && amount > cap->limit && usual <= left ? left : -1;
}

/* The first cap that does not let it through, NULL when all do; *amount becomes what can
 * be reserved. *paced: it is its pace. */
static const struct eng_cap *
obstacle(const struct eng_cap *const *caps, size_t n, nv_i128 usual, int64_t now_ns,
	nv_i128 *amount, bool *paced)
{
	*paced = false;
	for (size_t i = 0; i < n; i++) {
		const struct eng_cap *cap = caps[i];
		nv_i128 used = cap->spent + cap->reserved + cap->approvals;

		if (cap->limit < 0)
			continue;
		nv_i128 fits = fit(cap, *amount, usual);

		if (fits < 0)
			return cap;
		*amount = fits;
		*paced = cap->pacing && used > 0 &&
			 used + fits > eng_cap_pace(cap, now_ns);
		if (*paced)
			return cap;
	}
	return NULL;
}

bool
eng_gate_fits(const struct eng_cap *const *caps, size_t n, nv_i128 amount, nv_i128 usual,
	int64_t now_ns)
{
	bool paced;

	amount = NV_MAX(amount, 0);
	return !obstacle(caps, n, usual, now_ns, &amount, &paced);
}

void
eng_gate_check(const struct eng_cap *const *caps, size_t n, nv_i128 amount, nv_i128 usual,
	int64_t now_ns, const char *currency, struct eng_gate_verdict *ret)
{
	struct eng_gate_verdict v = {.fits = true, .amount = NV_MAX(amount, 0)};
	bool paced;
	const struct eng_cap *cap = obstacle(caps, n, usual, now_ns, &v.amount, &paced);

	if (cap && paced)
		refuse_pace(cap, v.amount, currency, now_ns, &v);
	else if (cap)
		refuse(cap, v.amount, currency, now_ns, &v);
	*ret = v;
}

static int
by_amount(const void *a, const void *b)
{
	nv_i128 x = *(const nv_i128 *)a;
	nv_i128 y = *(const nv_i128 *)b;

	return (x > y) - (x < y);
}

nv_i128
eng_cost_percentile(nv_i128 *costs, unsigned n, unsigned percent)
{
	NV_ASSERT(n > 0 && percent > 0 && percent <= 100);
	qsort(costs, n, sizeof costs[0], by_amount);
	return costs[(n * percent + 99) / 100 - 1];
}

/* ---- those who do not ask ---- */

/* One cap against what is spent and promised. Tightens the verdict; true when it says
 * pause. */
static bool
check_cap(const struct eng_budget_figures *f, const struct eng_cap *cap,
	struct eng_budget_verdict *v)
{
	char text[ENG_CAP_TEXT_BYTES];
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];
	char c[NV_MONEY_BYTES];
	nv_i128 left = cap->limit - cap->spent;
	/* Who asks is refused while others hold the room; that is no reason to pause. */
	nv_i128 promised =
		f->asks ? 0 : cap->reserved + (is_fleet(cap) ? f->fleet_promised : 0);
	const char *when = cap->period != ENG_CAP_TOTAL && f->clock_behind
				   ? "; goes on when the clock, behind the ledger's last "
				     "entry, has passed it"
				   : until(cap);

	if (cap->limit < 0)
		return false;
	v->capped = true;
	v->remaining = NV_MIN(v->remaining, NV_MAX(left, 0));
	(void)eng_cap_text(cap, text);
	if (left <= 0) {
		(void)snprintf(v->reason, sizeof v->reason,
			"%s of %s is used up (%s spent)%s", text,
			nv_money_show(cap->limit, f->currency, a),
			nv_money_show(cap->spent, f->currency, b), when);
		v->rule = rule_of(cap);
		return true;
	}
	if (f->next_run <= left - promised || (f->next_run_guessed && cap->spent <= 0))
		return false;
	if (f->next_run > left)
		(void)snprintf(v->reason, sizeof v->reason,
			"the next run (about %s) does not fit in what is left of %s "
			"(%s)%s",
			nv_money_show(f->next_run, f->currency, a), text,
			nv_money_show(left, f->currency, b), when);
	else
		(void)snprintf(v->reason, sizeof v->reason,
			"the next run (about %s) does not fit in what is left of %s (%s, "
			"%s of it for others' next runs)%s",
			nv_money_show(f->next_run, f->currency, a), text,
			nv_money_show(left, f->currency, b),
			nv_money_show(promised, f->currency, c), when);
	v->rule = rule_of(cap);
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
	struct eng_budget_verdict v = {.remaining = ENG_SUM_MAX};
	struct eng_budget_verdict first = {0};

	/* All caps count for what remains; the first that says pause gives the reason. */
	if (check_counted(f, &v))
		first = v;
	for (size_t i = 0; i < f->n_caps; i++)
		if (check_cap(f, f->caps[i], &v) && !first.rule)
			first = v;
	first.pause = first.rule != NULL;
	first.remaining = v.remaining;
	first.capped = v.capped;
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
