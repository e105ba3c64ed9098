/* Verbs about what is left of sales in the end: cohorts, reinvest. */
#include "cohort.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- cohorts ---- */

/* How much of the sales came back, in tenths of a percent, rounded down. */
static json_t *
back_json(const struct eng_figures *f)
{
	nv_i128 back = f->v[ENG_FIG_REFUNDS] + f->v[ENG_FIG_DISPUTES];
	nv_i128 sales = f->v[ENG_FIG_REVENUE];
	nv_i128 tenths = sales > 0 ? back * 1000 / sales : 0;

	return nv_json_percent(
		sales > 0, (int64_t)NV_MIN(NV_MAX(tenths, 0), 1000) * 1000);
}

static json_t *
cohort_json(const struct eng_figures *f)
{
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= eng_json_put_figures(o, f);
	bad |= json_object_set_new(o, "taken_back_percent", back_json(f));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static int
put_cohorts(json_t *o, const struct eng_report *r, const struct eng_figures *rest)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < r->tally.n_rows; i++) {
		const struct eng_tally_row *row = eng_tally_at(&r->tally, i);
		json_t *cohort = cohort_json(&row->base);

		bad |= json_object_set_new(cohort, "key", nv_json_str(row->key));
		bad |= json_object_set_new(cohort, "from",
			row->from_ns == 0 ? json_null() : nv_json_time(row->from_ns));
		bad |= json_object_set_new(cohort, "to", nv_json_time(row->to_ns));
		bad |= json_array_append_new(list, cohort);
	}
	bad |= json_object_set_new(o, "rows", list);
	bad |= json_object_set_new(o, "total", cohort_json(&r->tally.total->base));
	bad |= json_object_set_new(o, "without_sale",
		json_pack("{s:o, s:o}", "refunds",
			nv_json_money(rest->v[ENG_FIG_REFUNDS]), "disputes",
			nv_json_money(rest->v[ENG_FIG_DISPUTES])));
	return bad ? -ENOMEM : 0;
}

int
eng_verb_cohorts(struct eng_call *call)
{
	struct eng_report r = {0};
	struct eng_figures rest;
	int rc = eng_report_begin(&r, call,
		&(struct eng_report_ask){.period = "year", .by = "month", .units = true});

	if (rc == 0 && r.per != ENG_PER_UNIT)
		rc = nv_err_set(&call->err, -EINVAL,
			"by is \"%.40s\", expected hour, day, week, month or year", r.by);
	/* What came back of sales that were imported is not known. */
	r.tally.own = true;
	if (rc == 0)
		rc = eng_report_fill(&r);
	if (rc == 0)
		rc = eng_cohort_attribute(&r, &rest);
	if (rc == 0) {
		call->data = json_pack("{s:s, s:I}", "zone", call->eng->config->timezone,
			"folded", (json_int_t)r.folded);
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0)
		rc = put_cohorts(call->data, &r, &rest);
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, NULL);
	eng_report_end(&r);
	return rc;
}

/* ---- reinvest ---- */

/* Refunds come up to five weeks after a sale; what is older is settled. */
#define SETTLED_AFTER "35d"
/* Looked at when no period is given: as many days before that. */
#define DAYS INT64_C(28)

/* The rows of the report: what is settled, and what has been since. */
static int
split(struct eng_report *r, int64_t after_ms)
{
	const int64_t minute_ns = 60 * NV_NS_PER_SEC;
	struct eng_period *p = &r->period;
	int64_t cut_ns = r->call->now_ns - after_ms * NV_NS_PER_MS;

	cut_ns = NV_MAX(cut_ns - cut_ns % minute_ns, 0);
	if (!json_object_get(r->call->args, "period") &&
		!json_object_get(r->call->args, "from"))
		p->from_ns = NV_MAX(cut_ns - DAYS * 86400 * NV_NS_PER_SEC, 0);
	if (p->from_ns >= cut_ns)
		return nv_err_set(&r->call->err, -EINVAL,
			"nothing of that period is settled yet: it begins less than the "
			"time ago that a sale can come back in");
	cut_ns = NV_MIN(cut_ns, p->to_ns);
	/* Whatever was granted or came back since counts, also after a period that is
	 * over. */
	eng_tally_fini(&r->tally);
	int rc = eng_tally_init(&r->tally, r->call->eng, r->view, p->from_ns, INT64_MAX);

	/* What was earned elsewhere may be long spent. */
	r->tally.own = true;
	if (rc == 0)
		rc = eng_report_add_time(r, "settled", p->from_ns, cut_ns);
	if (rc == 0)
		rc = eng_report_add_time(r, "since", cut_ns, INT64_MAX);
	if (rc == 0)
		eng_tally_convert(&r->tally);
	return rc;
}

static int
put_reckoning(json_t *o, const struct eng_report *r, const struct eng_figures *rest)
{
	int64_t ppm = r->call->eng->config->reinvest_ppm;
	const struct eng_tally_row *settled = eng_tally_at(&r->tally, 0);
	json_t *figures = json_object();
	nv_i128 back = rest->v[ENG_FIG_REFUNDS] + rest->v[ENG_FIG_DISPUTES];
	nv_i128 profit = eng_figures_profit(&settled->base) - NV_MAX(back, 0);
	/* Rounded down: never more than the share. */
	nv_i128 part = profit > 0
			       ? profit / 1000000 * ppm + profit % 1000000 * ppm / 1000000
			       : 0;
	/* What was given to workers since the period began, settled or not. */
	nv_i128 grants = r->tally.total->base.v[ENG_FIG_GRANTS];
	int bad = eng_json_put_figures(figures, &settled->base);

	bad |= json_object_set_new(figures, "from",
		settled->from_ns == 0 ? json_null() : nv_json_time(settled->from_ns));
	bad |= json_object_set_new(figures, "to", nv_json_time(settled->to_ns));
	bad |= json_object_set_new(o, "settled", figures);
	bad |= json_object_set_new(o, "share_percent", nv_json_percent(true, ppm));
	bad |= json_object_set_new(
		o, "taken_back_without_sale", nv_json_money(NV_MAX(back, 0)));
	bad |= json_object_set_new(o, "settled_profit", nv_json_money(profit));
	bad |= json_object_set_new(o, "share", nv_json_money(part));
	bad |= json_object_set_new(o, "granted", nv_json_money(grants));
	bad |= json_object_set_new(
		o, "reinvest", nv_json_money(NV_MAX(part - NV_MAX(grants, 0), 0)));
	return bad ? -ENOMEM : 0;
}

int
eng_verb_reinvest(struct eng_call *call)
{
	struct eng_report r = {0};
	struct eng_figures rest;
	const char *after = SETTLED_AFTER;
	int64_t after_ms = 0;
	int rc = nv_json_get_str(call->args, "after", 40, &after, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_duration_parse(after, &after_ms, &call->err);
	if (rc == 0 && (after_ms < 0 || after_ms > call->now_ns / NV_NS_PER_MS))
		rc = nv_err_set(&call->err, -EINVAL,
			"after is \"%.40s\", expected how long a sale can come back, "
			"such as " SETTLED_AFTER,
			after);
	if (rc < 0)
		return rc;
	rc = eng_report_begin(
		&r, call, &(struct eng_report_ask){.period = "all", .by = ""});
	if (rc == 0)
		rc = split(&r, after_ms);
	if (rc == 0)
		rc = eng_cohort_attribute(&r, &rest);
	if (rc == 0) {
		call->data = json_pack("{s:s}", "after", after);
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0)
		rc = put_reckoning(call->data, &r, &rest);
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, NULL);
	eng_report_end(&r);
	return rc;
}
