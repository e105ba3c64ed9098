/* What a worker does that it never did before: see anomaly.h. */
#include "anomaly.h"

#include <inttypes.h>
#include <stdio.h>

#define PPM INT64_C(1000000)

static const char *const names[ENG_ANOMALY_COUNT] = {
	[ENG_ANOMALY_NONE] = "none",
	[ENG_ANOMALY_COST] = "cost",
	[ENG_ANOMALY_SILENCE] = "silence",
	[ENG_ANOMALY_REFUNDS] = "refunds",
};

const char *
eng_anomaly_name(enum eng_anomaly what)
{
	return names[what];
}

/* value > ppm of (sum / n), and by more than `above`. */
static bool
is_above(nv_i128 value, nv_i128 sum, uint64_t n, int64_t ppm, int64_t above)
{
	nv_i128 mean = n ? sum / (nv_i128)n : 0;

	return ppm > 0 && value * PPM > mean * ppm && value - mean > above;
}

bool
eng_anomaly_wants_max(
	const struct eng_anomaly_rules *rules, const struct eng_anomaly_figures *f)
{
	return f->known_a_day &&
	       is_above(f->cost_hour, f->cost_base, ENG_ANOMALY_BASE_HOURS,
		       rules->cost_ppm, rules->above_nano);
}

uint64_t
eng_anomaly_silence_hours(const struct eng_anomaly_rules *rules, uint64_t sales_base)
{
	uint64_t wanted = (uint64_t)rules->silence * ENG_ANOMALY_BASE_HOURS;

	if (rules->silence == 0 || sales_base < ENG_ANOMALY_SALES_MIN)
		return 0;
	return NV_MAX((wanted + sales_base - 1) / sales_base, 1);
}

/* A worker that works for an hour a day always costs more in it than in the mean hour of
 * a week: what counts is the dearest hour it ever had. */
static bool
judge_hour(const struct eng_anomaly_rules *rules, const struct eng_anomaly_figures *f,
	struct eng_anomaly_verdict *ret)
{
	char now[NV_MONEY_BYTES];
	char most[NV_MONEY_BYTES];

	if (!eng_anomaly_wants_max(rules, f) || f->cost_hour <= f->cost_hour_max * 2)
		return false;
	ret->what = ENG_ANOMALY_COST;
	(void)snprintf(ret->reason, sizeof(ret->reason),
		"it cost %s in the last hour; the dearest hour of the week before was %s",
		nv_money_show(f->cost_hour, rules->currency, now),
		nv_money_show(f->cost_hour_max, rules->currency, most));
	return true;
}

static bool
judge_run(const struct eng_anomaly_rules *rules, const struct eng_anomaly_figures *f,
	struct eng_anomaly_verdict *ret)
{
	char now[NV_MONEY_BYTES];
	char usual[NV_MONEY_BYTES];

	if (f->runs_hour < 3 || f->runs_base < ENG_ANOMALY_RUNS_MIN ||
		f->cost_hour <= rules->above_nano)
		return false;
	nv_i128 each = f->cost_hour / (nv_i128)f->runs_hour;

	if (!is_above(each, f->cost_base, f->runs_base, rules->cost_ppm, 0))
		return false;
	ret->what = ENG_ANOMALY_COST;
	(void)snprintf(ret->reason, sizeof(ret->reason),
		"a run cost %s in the last hour, %s in the week before",
		nv_money_show(each, rules->currency, now),
		nv_money_show(
			f->cost_base / (nv_i128)f->runs_base, rules->currency, usual));
	return true;
}

static bool
judge_silence(const struct eng_anomaly_figures *f, struct eng_anomaly_verdict *ret)
{
	if (f->silent_hours == 0 || f->sales_silent > 0 || f->runs_silent == 0)
		return false;
	ret->what = ENG_ANOMALY_SILENCE;
	(void)snprintf(ret->reason, sizeof(ret->reason),
		"it sold nothing for %" PRIu64 " hours, after %" PRIu64
		" sales in a week, though %" PRIu64 " runs went well",
		f->silent_hours, f->sales_base, f->runs_silent);
	return true;
}

/* Beside the mean of refunds, a tenth of what is usually sold in a day: two refunds after
 * none are no burst. */
static bool
judge_refunds(const struct eng_anomaly_rules *rules, const struct eng_anomaly_figures *f,
	struct eng_anomaly_verdict *ret)
{
	char now[NV_MONEY_BYTES];
	char usual[NV_MONEY_BYTES];
	uint64_t days = ENG_ANOMALY_BASE_HOURS / 24;

	if (f->n_refunds_day < ENG_ANOMALY_BURST ||
		f->refunds_day * 10 * (nv_i128)days <= f->revenue_base ||
		!is_above(f->refunds_day, f->refunds_base, days, rules->refunds_ppm,
			rules->above_nano))
		return false;
	ret->what = ENG_ANOMALY_REFUNDS;
	(void)snprintf(ret->reason, sizeof(ret->reason),
		"%" PRIu64 " refunds of %s in 24 hours; %s a day in the week before",
		f->n_refunds_day, nv_money_show(f->refunds_day, rules->currency, now),
		nv_money_show(f->refunds_base / (nv_i128)days, rules->currency, usual));
	return true;
}

void
eng_anomaly_judge(const struct eng_anomaly_rules *rules,
	const struct eng_anomaly_figures *f, struct eng_anomaly_verdict *ret)
{
	*ret = (struct eng_anomaly_verdict){.what = ENG_ANOMALY_NONE};
	(void)(judge_hour(rules, f, ret) || judge_run(rules, f, ret) ||
		judge_refunds(rules, f, ret) || judge_silence(f, ret));
}
