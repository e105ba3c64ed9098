/* What the decision core says, in words and as JSON: see judge_text.h. */
#include "judge_text.h"

#include "nv_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
money(int64_t nano, const char *currency, char buf[NV_MONEY_BYTES])
{
	return nv_money_show(nano, currency, buf);
}

void
eng_judge_text(
	const struct pol_decision *d, const char *currency, struct eng_judge_text *ret)
{
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];
	int64_t rise = d->impact_nano;
	int64_t profit = d->expected_profit_nano;
	const struct pol_why *w = &d->why;

	ret->expected[0] = ret->instead[0] = '\0';
	if (rise != 0 && profit != 0)
		(void)snprintf(ret->expected, sizeof ret->expected,
			"%s %s a day is spent, and the profit is expected to be %s a day "
			"%s",
			money(rise < 0 ? -rise : rise, currency, a),
			rise < 0 ? "less" : "more",
			money(profit < 0 ? -profit : profit, currency, b),
			profit < 0 ? "lower" : "higher");
	else if (rise != 0)
		(void)snprintf(ret->expected, sizeof ret->expected,
			"%s a day is spent %s",
			money(rise < 0 ? -rise : rise, currency, a),
			rise < 0 ? "less" : "more");
	/* What one more sale would change is how probable a return below kill_roi is: the
	 * claim of a kill, and of nothing else. */
	if (d->action == POL_KILL && w->one_more_sale_p > 0 &&
		fabs(w->one_more_sale_p - w->p) > 0.0005)
		(void)snprintf(ret->instead, sizeof ret->instead,
			"with one more sale its probability would be %.1f%%",
			100. * w->one_more_sale_p);
	else if (w->next_best[0])
		(void)snprintf(ret->instead, sizeof ret->instead,
			"the next best use of the money is %s, which returns %.2f a unit",
			w->next_best, w->next_best_multiple);
}

/* ---- rows ---- */

static int
put_judgement(json_t *o, const struct pol_judgement *j)
{
	const struct pol_why *w = &j->why;
	json_t *q = json_object();
	int bad = q ? 0 : -1;

	bad |= json_object_set_new(
		q, "finding", json_string(j->finding ? j->finding : ""));
	bad |= json_object_set_new(q, "p_below_kill", nv_json_real(j->p_below_kill));
	bad |= json_object_set_new(q, "p_above_min", nv_json_real(j->p_above_min));
	bad |= json_object_set_new(q, "p_above_scale", nv_json_real(j->p_above_scale));
	bad |= json_object_set_new(q, "e_value", nv_json_real(w->e));
	bad |= json_object_set_new(
		q, "multiple", nv_json_real(1. + w->roi_percent[1] / 100.));
	bad |= json_object_set_new(q, "roi_low_percent", nv_json_real(w->roi_percent[0]));
	bad |= json_object_set_new(
		q, "roi_high_percent", nv_json_real(w->roi_percent[2]));
	bad |= json_object_set_new(q, "marginal", nv_json_real(w->marginal[1]));
	bad |= json_object_set_new(q, "volume", nv_json_real(w->volume));
	bad |= json_object_set_new(q, "target_volume", nv_json_real(j->target_volume));
	bad |= json_object_set_new(
		q, "cost_per_day", nv_json_money(j->cost_per_day_nano));
	bad |= json_object_set_new(q, "sales", json_integer((json_int_t)w->sales));
	bad |= json_object_set_new(q, "success", nv_json_real(w->success));
	return bad | json_object_set_new(o, "judgement", q);
}

static int
put_decision(json_t *o, const struct eng_judge_row *row)
{
	const struct pol_decision *d = row->decision;
	struct eng_judge_text text = {0};
	int bad = 0;

	if (d)
		eng_judge_text(d, row->currency, &text);
	bad |= json_object_set_new(
		o, "cost_impact", nv_json_money(d ? d->impact_nano : 0));
	bad |= json_object_set_new(o, "requires_approval",
		json_boolean(d && d->needs_approval && !row->obstacle));
	bad |= json_object_set_new(o, "expected", nv_json_str(text.expected));
	bad |= json_object_set_new(o, "counterfactual", nv_json_str(text.instead));
	if (!d)
		return bad;
	bad |= json_object_set_new(o, "probability", nv_json_real(d->why.p));
	bad |= json_object_set_new(o, "risk", json_integer(d->risk));
	bad |= json_object_set_new(o, "to_instances", json_integer(d->to_instances));
	if (d->to_interval_s > 0)
		bad |= json_object_set_new(
			o, "to_interval_s", json_integer(d->to_interval_s));
	return bad;
}

json_t *
eng_judge_row_json(const struct eng_judge_row *row)
{
	const struct pol_judgement *j = row->judgement;
	const struct pol_decision *d = row->obstacle ? NULL : row->decision;
	const char *rule = row->decision ? row->decision->why.rule : j->rule;
	const char *text = row->decision ? row->decision->text : j->text;
	uint64_t runs = j->why.runs_ok + j->why.runs_failed;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "id", row->id ? json_integer((json_int_t)row->id) : json_null());
	bad |= json_object_set_new(o, "worker", json_string(row->worker));
	bad |= json_object_set_new(o, "target", json_string(row->worker));
	bad |= json_object_set_new(
		o, "type", json_string(pol_action_name(d ? d->action : POL_NONE)));
	bad |= json_object_set_new(o, "state", json_string(row->state));
	bad |= json_object_set_new(o, "rule", json_string(rule ? rule : ""));
	bad |= json_object_set_new(
		o, "reason", nv_json_str(row->obstacle ? row->obstacle : text));
	bad |= json_object_set_new(o, "currency", json_string(row->currency));
	bad |= json_object_set_new(o, "roi_percent",
		runs > 0 && j->why.cost_nano > 0 ? nv_json_real(j->why.roi_percent[1])
						 : json_null());
	bad |= json_object_set_new(o, "runs", json_integer((json_int_t)runs));
	bad |= put_decision(o, row);
	bad |= put_judgement(o, j);
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

json_t *
eng_judge_fleet_row(const struct pol_fleet *f)
{
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "shadow_price", f->shadow > 0 ? nv_json_real(f->shadow) : json_null());
	bad |= json_object_set_new(o, "next_best",
		f->next_best[0] ? json_string(f->next_best) : json_null());
	bad |= json_object_set_new(o, "spent_today", nv_json_money(f->spent_today_nano));
	bad |= json_object_set_new(
		o, "planned_rest_of_day", nv_json_money(f->planned_rest_nano));
	bad |= json_object_set_new(
		o, "plan_per_day", nv_json_money(f->plan_per_day_nano));
	bad |= json_object_set_new(o, "pending", nv_json_money(f->pending_nano));
	bad |= json_object_set_new(o, "budget", nv_json_money(f->budget_nano));
	bad |= json_object_set_new(o, "multiple", nv_json_real(f->fleet_multiple));
	bad |= json_object_set_new(o, "refund_share", nv_json_real(f->refund));
	bad |= json_object_set_new(o, "delay_median_h", nv_json_real(f->delay_median_h));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}
