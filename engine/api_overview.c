/* overview: what a person wants to see first. Whether money is made (today, this week,
 * this month, each beside the time before it), the last 24 hours, the day's budget, what
 * is waited for, what was decided. Every figure comes from the same sums as pnl,
 * timeline, budget, approvals and decisions say it from, in one view. */
#include "api.h"
#include "decide.h"
#include "judge.h"
#include "reports.h"
#include "spend.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <string.h>

#define MINUTE_NS (INT64_C(60) * NV_NS_PER_SEC)
#define HOURS     24
#define DECISIONS 12

/* ---- money ---- */

static int
put_figures(json_t *o, const char *key, const struct eng_figures *f,
	const struct eng_period *p)
{
	json_t *row = json_pack("{s:o, s:o}", "from",
		p->from_ns == 0 ? json_null() : nv_json_time(p->from_ns), "to",
		nv_json_time(p->to_ns));

	if (!row || eng_json_put_figures(row, f) < 0) {
		json_decref(row);
		return -ENOMEM;
	}
	return json_object_set_new(o, key, row) ? -ENOMEM : 0;
}

/* The whole fleet's figures of one period, as pnl says them. */
static int
put_period(json_t *o, const char *key, struct eng *eng, struct led_view *v,
	const struct eng_period *p)
{
	struct eng_tally t = {0};
	int rc = eng_tally_init(&t, eng, v, p->from_ns, p->to_ns);

	if (rc == 0) {
		struct eng_tally_row *row =
			eng_tally_row(&t, "", p->from_ns, p->to_ns, &rc);

		if (row)
			rc = eng_tally_window(&t, row, 0, p->from_ns, p->to_ns, 1);
	}
	if (rc == 0) {
		eng_tally_convert(&t);
		rc = put_figures(o, key, &t.total->base, p);
	}
	eng_tally_fini(&t);
	return rc;
}

/* Yesterday until this time of the day; of a longer period the same length before. */
static void
before(const struct eng_period *p, int64_t now_ns, struct eng_period *ret)
{
	int64_t length = NV_MAX(now_ns, p->from_ns) - p->from_ns;

	*ret = (struct eng_period){.to_ns = p->from_ns};
	if (strcmp(p->name, "today") == 0) {
		int64_t end = 0;

		eng_day_bounds(p->from_ns - 1, &ret->from_ns, &end);
		ret->to_ns = NV_MIN(ret->from_ns + length, p->from_ns);
		return;
	}
	length -= length % LED_CATEGORY_EDGE_NS; /* of what was widened */
	ret->from_ns = NV_MAX(p->from_ns - length, 0);
}

static int
put_money(struct eng_call *call, struct led_view *v, json_t *o)
{
	static const struct {
		const char *key;
		const char *period;
	} windows[] = {{"today", "today"}, {"week", "7d"}, {"month", "30d"}};
	struct eng *eng = call->eng;
	int64_t last_ns = led_last_time(eng->led);
	json_t *now = json_object();
	json_t *previous = json_object();
	struct eng_period p = {0};
	int rc = now && previous ? 0 : -ENOMEM;

	for (size_t i = 0; i < NV_LEN(windows) && rc == 0; i++) {
		struct eng_period b;

		rc = eng_period_parse(windows[i].period, call->now_ns, &p, &call->err);
		if (rc < 0)
			break;
		eng_period_widen(&p, LED_CATEGORY_EDGE_NS, call->now_ns, last_ns);
		before(&p, call->now_ns, &b);
		if (i == 0)
			eng_period_widen(&b, MINUTE_NS, call->now_ns, last_ns);
		rc = put_period(now, windows[i].key, eng, v, &p);
		if (rc == 0)
			rc = put_period(previous, windows[i].key, eng, v, &b);
	}
	if (json_object_set_new(o, "money", now) ||
		json_object_set_new(o, "previous", previous))
		rc = rc < 0 ? rc : -ENOMEM;
	if (rc < 0)
		return rc;
	/* The month is the longest: what it leaves out the others leave out, too. */
	rc = eng_json_put_unconverted(o, eng, v,
		&(struct eng_scope){(const uint32_t[]){0}, 1, p.from_ns, p.to_ns, true},
		NULL);
	if (rc == 0 && !json_object_get(o, "unconverted"))
		rc = json_object_set_new(o, "unconverted", json_array()) ? -ENOMEM : 0;
	return rc;
}

/* ---- hours ---- */

static int
fill_hours(struct eng_tally *t, int64_t from_ns, int64_t end_ns)
{
	int64_t at = from_ns;
	int rc = 0;

	for (unsigned i = 0; i < HOURS && rc == 0; i++) {
		int64_t next = eng_unit_next(ENG_HOUR, at);

		if (i + 1 == HOURS)
			next = NV_MAX(next, end_ns);
		struct eng_tally_row *row = eng_tally_row(t, "", at, next, &rc);

		if (row)
			rc = eng_tally_window(t, row, 0, at, next, 1);
		at = next;
	}
	return rc;
}

static json_t *
hours_json(const struct eng_tally *t)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < t->n_rows && !bad; i++) {
		const struct eng_tally_row *row = eng_tally_at(t, i);

		bad = json_array_append_new(
			list, json_pack("{s:o, s:o, s:o, s:o}", "at",
				      nv_json_time(row->from_ns), "revenue",
				      nv_json_money(row->base.v[ENG_FIG_REVENUE]), "cost",
				      nv_json_money(row->base.v[ENG_FIG_COST]), "profit",
				      nv_json_money(eng_figures_profit(&row->base))));
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static int
put_hours(struct eng_call *call, struct led_view *v, json_t *o)
{
	struct eng *eng = call->eng;
	struct eng_tally t = {0};
	int64_t from_ns = eng_unit_start(ENG_HOUR, call->now_ns);
	int64_t end_ns = NV_MAX(call->now_ns, led_last_time(eng->led)) + 1;

	for (unsigned i = 1; i < HOURS; i++)
		from_ns = eng_unit_start(ENG_HOUR, from_ns - 1);
	int rc = eng_tally_init(&t, eng, v, from_ns, end_ns);

	if (rc == 0)
		rc = fill_hours(&t, from_ns, end_ns);
	if (rc == 0) {
		eng_tally_convert(&t);
		rc = json_object_set_new(o, "hours", hours_json(&t)) ? -ENOMEM : 0;
	}
	eng_tally_fini(&t);
	return rc;
}

/* ---- the rest ---- */

static int
put_budget(struct eng_call *call, struct led_view *v, json_t *o)
{
	struct eng *eng = call->eng;
	json_t *budget = eng_json_budget(eng);
	int rc = json_object_set_new(o, "budget", budget) ? -ENOMEM : 0;

	if (rc == 0 && json_object_set_new(
			       budget, "resets_at", nv_json_time(eng->decide->day_to_ns)))
		rc = -ENOMEM;
	return rc < 0 ? rc : eng_json_put_spend(budget, eng, v, call->now_ns);
}

/* The emergency stop, as long as it lasts. */
static json_t *
stop_json(const struct nv_brake *brake)
{
	char by[24];
	char text[NV_BRAKE_REASON_BYTES + 64];

	if (!brake->on)
		return json_null();
	return json_pack("{s:s, s:o, s:o, s:o}", "by",
		nv_brake_by(brake->uid, by, sizeof by), "since",
		nv_json_time(brake->wall_ns), "reason", nv_json_str(brake->reason),
		"text", nv_json_str(nv_brake_text(brake, text, sizeof text)));
}

static int
put_rest(struct eng_call *call, struct led_view *v, json_t *o)
{
	struct eng *eng = call->eng;
	int bad = json_object_set_new(o, "autonomy",
		json_pack("{s:b, s:s}", "enabled", eng->autonomous, "policy",
			eng_policy_name(eng)));

	bad |= json_object_set_new(o, "stop", stop_json(&eng->brake));
	bad |= json_object_set_new(o, "approvals", eng_json_approvals(eng));
	bad |= json_object_set_new(
		o, "decisions", eng_json_decisions(eng, v, NULL, 0, DECISIONS));
	bad |= json_object_set_new(o, "decision_counts", eng_json_counts(eng));
	return bad ? -ENOMEM : 0;
}

int
eng_verb_overview(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct led_view *v = NULL;
	json_t *o = json_pack("{s:o, s:s}", "as_of", nv_json_time(call->now_ns),
		"currency", eng->config->base_currency);

	if (!o)
		return -ENOMEM;
	eng_enforce(eng); /* the day may have ended since the last commit */
	int rc = led_view_begin(eng->led, &v, &call->err);

	if (rc == 0)
		rc = put_money(call, v, o);
	if (rc == 0)
		rc = put_hours(call, v, o);
	if (rc == 0)
		rc = put_budget(call, v, o);
	if (rc == 0)
		rc = put_rest(call, v, o);
	led_view_end(v);
	if (rc < 0) {
		json_decref(o);
		return rc;
	}
	call->data = o;
	return 0;
}
