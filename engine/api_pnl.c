/* Verbs about profit: pnl, roi, timeline, performers. */
#include "fleet.h"
#include "reports.h"

#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static json_t *
row_json(const struct eng_tally_row *row)
{
	json_t *o = json_pack("{s:o}", "key", nv_json_str(row->key));
	int bad = o ? 0 : -1;

	if (row->to_ns != 0) {
		bad |= json_object_set_new(o, "from",
			row->from_ns == 0 ? json_null() : nv_json_time(row->from_ns));
		bad |= json_object_set_new(o, "to", nv_json_time(row->to_ns));
	}
	bad |= eng_json_put_figures(o, &row->base);
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* The first `limit` rows as "rows"; what the others come to together as "omitted". */
static int
put_rows(const struct eng_tally *t, size_t limit, json_t *o)
{
	json_t *list = json_array();
	struct eng_figures rest = {0};
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < t->n_rows; i++) {
		const struct eng_tally_row *row = eng_tally_at(t, i);

		if (i < limit)
			bad |= json_array_append_new(list, row_json(row));
		else
			eng_figures_add(&rest, &row->base, 1);
	}
	bad |= json_object_set_new(o, "rows", list);
	if (t->n_rows > limit) {
		json_t *omitted =
			json_pack("{s:I}", "rows", (json_int_t)(t->n_rows - limit));

		bad |= eng_json_put_figures(omitted, &rest);
		bad |= json_object_set_new(o, "omitted", omitted);
	}
	return bad ? -ENOMEM : 0;
}

static json_t *
total_json(const struct eng_tally *t)
{
	json_t *o = json_object();

	if (eng_json_put_figures(o, &t->total->base) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* ---- pnl, roi ---- */

/* What it was spent on, with shares that add up. */
static int
put_costs(struct eng_report *r, json_t *o)
{
	struct eng_tally t = {0};
	int rc = eng_report_fill_costs(r, &t);

	if (rc == 0) {
		eng_tally_sort(&t, ENG_BY_COST, false);
		rc = eng_json_put_shares(o, &t,
			&(struct eng_shares_ask){
				"costs", "cost", ENG_FIG_COST, ENG_API_ROWS_MAX});
	}
	eng_tally_fini(&t);
	return rc;
}

static int
pnl(struct eng_call *call, const char *period, enum eng_tally_order order)
{
	struct eng_report r = {0};
	int rc = eng_report_begin(&r, call,
		&(struct eng_report_ask){.period = period,
			.by = "",
			.units = true,
			.categories = !json_object_get(call->args, "by")});

	if (rc == 0)
		rc = eng_report_fill(&r);
	if (rc == 0) {
		call->data = json_pack("{s:o}", "total", total_json(&r.tally));
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0 && r.per == ENG_PER_NONE) {
		rc = put_costs(&r, call->data);
	} else if (rc == 0) {
		if (r.per != ENG_PER_UNIT)
			eng_tally_sort(&r.tally, order, false);
		rc = put_rows(&r.tally, r.per == ENG_PER_UNIT ? r.tally.n_rows : r.limit,
			call->data);
	}
	if (rc == 0 && r.folded > 0)
		rc = json_object_set_new(
			call->data, "folded", json_integer((json_int_t)r.folded));
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, NULL);
	eng_report_end(&r);
	return rc;
}

int
eng_verb_pnl(struct eng_call *call)
{
	return pnl(call, "today", ENG_BY_PROFIT);
}

/* Of one worker or group: the figures themselves and the counts of its runs. */
static int
roi_of(struct eng_call *call)
{
	struct eng_report r = {0};
	struct led_totals sum = {0};
	int rc = eng_report_begin(
		&r, call, &(struct eng_report_ask){.period = "all", .by = ""});

	if (rc == 0)
		rc = eng_report_fill(&r);
	for (size_t i = 0; i < r.target.n && rc == 0; i++) {
		struct led_totals t;

		rc = led_view_window(
			r.view, r.target.ids[i], 0, r.period.from_ns, r.period.to_ns, &t);
		eng_totals_add(&sum, &t);
		rc = rc == -ENOENT ? 0 : rc;
	}
	if (rc == 0) {
		const struct eng_figures *f = &r.tally.total->base;

		sum.cost = f->v[ENG_FIG_COST];
		sum.revenue = f->v[ENG_FIG_REVENUE];
		sum.refunds = f->v[ENG_FIG_REFUNDS];
		sum.fees = f->v[ENG_FIG_FEES];
		sum.disputes = f->v[ENG_FIG_DISPUTES];
		call->data = eng_json_metrics(call->eng, &sum);
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, NULL);
	eng_report_end(&r);
	return rc;
}

int
eng_verb_roi(struct eng_call *call)
{
	const char *target = NULL;

	if (json_object_get(call->args, "by"))
		return pnl(call, "all", ENG_BY_ROI);
	int rc = nv_json_need_str(call->args, "target", 200, &target, &call->err);

	return rc < 0 ? rc : roi_of(call);
}

/* ---- timeline ---- */

int
eng_verb_timeline(struct eng_call *call)
{
	struct eng_report r = {0};
	int rc = eng_report_begin(&r, call,
		&(struct eng_report_ask){.period = "month", .by = "day", .units = true});

	if (rc == 0 && r.per != ENG_PER_UNIT)
		rc = nv_err_set(&call->err, -EINVAL,
			"by is \"%.40s\", expected hour, day, week, month or year", r.by);
	if (rc == 0)
		rc = eng_report_fill(&r);
	if (rc == 0) {
		call->data = json_pack("{s:o, s:o, s:I}", "zone",
			json_string(call->eng->config->timezone), "total",
			total_json(&r.tally), "folded", (json_int_t)r.folded);
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0)
		rc = put_rows(&r.tally, r.tally.n_rows, call->data);
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, NULL);
	eng_report_end(&r);
	return rc;
}

/* ---- performers ---- */

static int
take_order(struct eng_call *call, enum eng_tally_order *ret, const char **ret_name)
{
	static const struct {
		const char *name;
		enum eng_tally_order order;
	} orders[] = {{"profit", ENG_BY_PROFIT}, {"roi", ENG_BY_ROI},
		{"revenue", ENG_BY_REVENUE}};
	const char *name = "profit";
	int rc = nv_json_get_str(call->args, "order", 40, &name, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	for (size_t i = 0; i < NV_LEN(orders); i++) {
		if (strcmp(name, orders[i].name) == 0) {
			*ret = orders[i].order;
			*ret_name = orders[i].name;
			return 0;
		}
	}
	return nv_err_set(&call->err, -EINVAL,
		"order is \"%.40s\", expected profit, roi or revenue", name);
}

int
eng_verb_performers(struct eng_call *call)
{
	struct eng_report r = {0};
	enum eng_tally_order order = ENG_BY_PROFIT;
	const char *name = NULL;
	bool bottom = false;
	int rc = take_order(call, &order, &name);

	if (rc == 0)
		rc = nv_json_get_bool(call->args, "bottom", &bottom, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = eng_report_begin(
		&r, call, &(struct eng_report_ask){.period = "month", .by = "worker"});
	if (rc == 0)
		rc = eng_report_fill(&r);
	if (rc == 0) {
		eng_tally_sort(&r.tally, order, bottom);
		call->data = json_pack("{s:s, s:b, s:I, s:o}", "order", name, "bottom",
			bottom, "of", (json_int_t)r.tally.n_rows, "total",
			total_json(&r.tally));
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0)
		rc = put_rows(&r.tally, r.limit, call->data);
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, NULL);
	eng_report_end(&r);
	return rc;
}
