/* Verbs about where the money is: cashflow, quality. */
#include "positions.h"
#include "reports.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DAYS_MAX 3650

/* ---- flows ---- */

static int
put_flow(json_t *o, const struct eng_figures *f)
{
	nv_i128 out = f->v[ENG_FIG_COST] + f->v[ENG_FIG_REFUNDS] + f->v[ENG_FIG_FEES] +
		      f->v[ENG_FIG_DISPUTES];
	const struct {
		const char *key;
		nv_i128 nano;
	} amounts[] = {{"in", f->v[ENG_FIG_REVENUE]}, {"out", out},
		{"net", f->v[ENG_FIG_REVENUE] - out}, {"cost", f->v[ENG_FIG_COST]},
		{"refunds", f->v[ENG_FIG_REFUNDS]}, {"disputes", f->v[ENG_FIG_DISPUTES]},
		{"fees", f->v[ENG_FIG_FEES]}, {"payouts", f->v[ENG_FIG_PAYOUTS]}};
	int bad = o ? 0 : -1;

	for (size_t i = 0; i < NV_LEN(amounts); i++)
		bad |= json_object_set_new(
			o, amounts[i].key, nv_json_money(amounts[i].nano));
	return bad ? -ENOMEM : 0;
}

static int
put_flows(json_t *o, const struct eng_report *r)
{
	json_t *list = json_array();
	json_t *total = json_object();
	int bad = put_flow(total, &r->tally.total->base);

	for (size_t i = 0; i < r->tally.n_rows; i++) {
		const struct eng_tally_row *row = eng_tally_at(&r->tally, i);
		json_t *flow = json_pack("{s:s, s:o, s:o}", "key", row->key, "from",
			row->from_ns == 0 ? json_null() : nv_json_time(row->from_ns),
			"to", nv_json_time(row->to_ns));

		bad |= put_flow(flow, &row->base);
		bad |= json_array_append_new(list, flow);
	}
	bad |= json_object_set_new(o, "total", total);
	bad |= json_object_set_new(o, "rows", list);
	return bad ? -ENOMEM : 0;
}

/* ---- positions ---- */

static json_t *
positions_json(const struct eng_position *opening, const struct eng_position *closing)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t k = 0; k < ENG_N_CLASSES; k++)
		bad |= json_array_append_new(list,
			json_pack("{s:s, s:o, s:o, s:o}", "class", eng_class_names[k],
				"opening", nv_json_money(opening->v[k]), "closing",
				nv_json_money(closing->v[k]), "change",
				nv_json_money(closing->v[k] - opening->v[k])));
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static int
put_positions(json_t *o, const struct eng_report *r)
{
	struct eng *eng = r->call->eng;
	struct eng_positions at[2] = {{0}};
	json_t *own = json_array();
	int rc = eng_positions_at(eng, r->view, r->period.from_ns, &at[0]);
	int bad = 0;

	if (rc == 0)
		rc = eng_positions_at(eng, r->view, r->period.to_ns, &at[1]);
	for (uint32_t c = 1; c <= at[1].n && rc == 0; c++) {
		static const struct eng_position none;
		char code[NV_CURRENCY_BYTES];

		if (memcmp(&at[0].own[c - 1], &none, sizeof none) == 0 &&
			memcmp(&at[1].own[c - 1], &none, sizeof none) == 0)
			continue;
		rc = led_view_currency_code(r->view, c, code);
		if (rc == 0)
			bad |= json_array_append_new(own,
				json_pack("{s:s, s:o}", "currency", code, "positions",
					positions_json(
						&at[0].own[c - 1], &at[1].own[c - 1])));
	}
	if (rc == 0)
		bad |= json_object_set_new(
			o, "positions", positions_json(&at[0].base, &at[1].base));
	bad |= json_object_set_new(o, "positions_by_currency", own);
	eng_positions_fini(&at[0]);
	eng_positions_fini(&at[1]);
	return rc == 0 && bad ? -ENOMEM : rc;
}

/* ---- what has not cleared ----
 * Every flow through Platform and Disputed must end; what came in first leaves first. So
 * what stands there now and did not come in since is older than that. */

struct uncleared {
	nv_i128 platform;
	nv_i128 disputed;
};

/* How much of what stands there is older than what came in lately. */
static nv_i128
older(nv_i128 now, nv_i128 lately)
{
	return now > lately ? now - NV_MAX(lately, 0) : 0;
}

static int
disputed_older(struct led_view *v, uint32_t worker, uint32_t currency, int64_t cut_ns,
	nv_i128 *ret)
{
	struct led_totals t;
	nv_i128 lost = 0;
	nv_i128 opened = 0;
	int rc = led_view_window(v, worker, currency, 0, INT64_MAX, &t);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = eng_code_sum(
		v, worker, LED_CODE_DISPUTE_LOST, currency, 0, INT64_MAX, &lost);
	if (rc == 0)
		rc = eng_code_sum(v, worker, LED_CODE_DISPUTE, currency, cut_ns,
			INT64_MAX, &opened);
	*ret = older(t.disputes - lost, opened);
	return rc;
}

static int
uncleared_in(const struct eng_report *r, uint32_t currency, int64_t cut_ns,
	const struct eng_position *now, const struct eng_position *then,
	struct uncleared *ret)
{
	struct led_totals since;
	nv_i128 won = 0;
	int rc = led_view_window(r->view, 0, currency, cut_ns, INT64_MAX, &since);

	*ret = (struct uncleared){0};
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = eng_code_sum(
		r->view, 0, LED_CODE_DISPUTE_WON, currency, cut_ns, INT64_MAX, &won);
	if (rc == 0)
		rc = disputed_older(r->view, 0, currency, cut_ns, &ret->disputed);
	ret->platform =
		older(now->v[ENG_AT_PLATFORM], since.revenue + won + then->converted);
	return rc;
}

static int
put_uncleared(json_t *o, const struct eng_report *r, int64_t days)
{
	const int64_t edge = LED_CATEGORY_EDGE_NS;
	int64_t cut_ns = r->call->now_ns - days * 86400 * NV_NS_PER_SEC;
	struct eng_positions now = {0};
	struct eng_positions then = {0};
	struct uncleared base = {0};
	json_t *own = json_array();
	int bad = 0;

	cut_ns = NV_MAX(cut_ns - cut_ns % edge, 0);
	int rc = eng_positions_at(r->call->eng, r->view, INT64_MAX, &now);

	if (rc == 0)
		rc = eng_positions_at(r->call->eng, r->view, cut_ns, &then);
	for (uint32_t c = 1; c <= now.n && rc == 0; c++) {
		char code[NV_CURRENCY_BYTES];
		int64_t rate_nano = 0;
		struct uncleared u;

		rc = uncleared_in(r, c, cut_ns, &now.own[c - 1], &then.own[c - 1], &u);
		if (rc == 0)
			rc = led_view_currency_code(r->view, c, code);
		if (rc < 0 || (u.platform == 0 && u.disputed == 0))
			continue;
		bad |= json_array_append_new(
			own, json_pack("{s:s, s:o, s:o}", "currency", code, "platform",
				     nv_json_money(u.platform), "disputed",
				     nv_json_money(u.disputed)));
		if (!eng_rate(r->call->eng->config, code, &rate_nano))
			continue;
		base.platform += eng_convert(u.platform, rate_nano);
		base.disputed += eng_convert(u.disputed, rate_nano);
	}
	eng_positions_fini(&now);
	eng_positions_fini(&then);
	bad |= json_object_set_new(o, "uncleared",
		json_pack("{s:I, s:o, s:o, s:o}", "older_than_days", (json_int_t)days,
			"platform", nv_json_money(base.platform), "disputed",
			nv_json_money(base.disputed), "by_currency", own));
	return rc == 0 && bad ? -ENOMEM : rc;
}

static int
take_days(struct eng_call *call, int64_t *ret)
{
	uint64_t days = 30;
	int rc = nv_json_get_u64(call->args, "older", 1, DAYS_MAX, &days, &call->err);

	*ret = (int64_t)days;
	return rc == -ENOENT ? 0 : rc;
}

int
eng_verb_cashflow(struct eng_call *call)
{
	struct eng_report r = {0};
	int64_t days = 0;
	int rc = take_days(call, &days);

	if (rc < 0)
		return rc;
	rc = eng_report_begin(&r, call,
		&(struct eng_report_ask){
			.period = "month", .by = "", .units = true, .categories = true});
	/* As in the positions, which know nothing of what was imported. */
	r.tally.own = true;
	if (rc == 0 && r.per != ENG_PER_UNIT && r.per != ENG_PER_NONE)
		rc = nv_err_set(&call->err, -EINVAL,
			"by is \"%.40s\", expected hour, day, week, month or year", r.by);
	if (rc == 0)
		rc = eng_report_fill(&r);
	if (rc == 0) {
		call->data = json_pack("{s:s, s:I}", "zone", call->eng->config->timezone,
			"folded", (json_int_t)r.folded);
		rc = call->data ? eng_report_put_head(&r, call->data) : -ENOMEM;
	}
	if (rc == 0)
		rc = put_flows(call->data, &r);
	if (rc == 0)
		rc = put_positions(call->data, &r);
	if (rc == 0)
		rc = put_uncleared(call->data, &r, days);
	if (rc == 0)
		rc = eng_report_put_tail(&r, call->data, NULL);
	eng_report_end(&r);
	return rc;
}

/* ---- quality ---- */

/* Disputed money of one worker in one currency. */
struct dispute {
	nv_i128 now;    /* what stands there */
	nv_i128 lately; /* what came in since */
};

struct quality {
	struct led_view *view;
	uint64_t *unmatched; /* owned: by worker id */
	uint32_t n;
	struct dispute *disputes; /* owned: n_currencies of each worker, by their ids */
	uint32_t n_currencies;
	/* Of the walk over the disputes. */
	nv_i128 way; /* 1: they come in; -1: they are over; 0: lately */
};

static int
count_event(void *arg, const struct led_event *ev)
{
	const struct quality *q = arg;

	if (ev->worker <= q->n)
		q->unmatched[ev->worker]++;
	return 0;
}

static int
one_unmatched(void *arg, uint64_t seq)
{
	struct quality *q = arg;

	return led_view_event(q->view, seq, count_event, q);
}

static int
one_dispute(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	const struct quality *q = arg;

	(void)category;
	(void)events;
	if (worker > q->n || currency == 0 || currency > q->n_currencies)
		return -EBADMSG;
	struct dispute *d = &q->disputes[(size_t)worker * q->n_currencies + currency - 1];

	d->now += q->way * nano;
	d->lately += q->way == 0 ? nano : 0;
	return 0;
}

/* One walk over the disputes of all workers: they are few, workers may be many. What
 * disputed_older says of each. */
static int
take_disputes(struct quality *q, int64_t cut_ns)
{
	static const struct {
		enum led_code code;
		int way;
	} walks[] = {{LED_CODE_DISPUTE, 1}, {LED_CODE_DISPUTE_WON, -1},
		{LED_CODE_DISPUTE_LOST, -1}, {LED_CODE_DISPUTE, 0}};
	int rc = 0;

	for (size_t i = 0; i < NV_LEN(walks) && rc == 0; i++) {
		q->way = walks[i].way;
		rc = led_view_categories(q->view, 0, walks[i].code,
			q->way == 0 ? cut_ns : 0, INT64_MAX, one_dispute, q);
	}
	return rc;
}

/* In the base currency, of the currencies that have a rate. */
static int
worker_uncleared(struct eng *eng, const struct quality *q, uint32_t id, nv_i128 *ret)
{
	*ret = 0;
	for (uint32_t c = 1; c <= q->n_currencies && id <= q->n; c++) {
		const struct dispute *d =
			&q->disputes[(size_t)id * q->n_currencies + c - 1];
		char code[NV_CURRENCY_BYTES];
		int64_t rate_nano = 0;
		int rc = led_view_currency_code(q->view, c, code);

		if (rc < 0)
			return rc;
		if (eng_rate(eng->config, code, &rate_nano))
			*ret += eng_convert(older(d->now, d->lately), rate_nano);
	}
	return 0;
}

static int
quality_row(struct eng_call *call, const struct quality *q, const struct eng_worker *w,
	json_t *list)
{
	struct led_totals t = {0};
	nv_i128 uncleared = 0;
	int rc = led_view_window(q->view, w->id, 0, 0, INT64_MAX, &t);

	if (rc == 0 || rc == -ENOENT)
		rc = worker_uncleared(call->eng, q, w->id, &uncleared);
	if (rc < 0)
		return rc;
	return json_array_append_new(list,
		       json_pack("{s:s, s:I, s:I, s:I, s:o}", "worker", w->name, "events",
			       (json_int_t)t.events, "quarantined",
			       (json_int_t)t.rejected, "unmatched",
			       (json_int_t)(w->id <= q->n ? q->unmatched[w->id] : 0),
			       "uncleared", nv_json_money(uncleared)))
		       ? -ENOMEM
		       : 0;
}

static int
quality(struct eng_call *call, struct quality *q, int64_t days)
{
	const int64_t edge = LED_CATEGORY_EDGE_NS;
	int64_t cut_ns = call->now_ns - days * 86400 * NV_NS_PER_SEC;
	struct led_stats stats = {0};
	json_t *list = json_array();
	int rc = led_view_unmatched(q->view, one_unmatched, q);

	cut_ns = NV_MAX(cut_ns - cut_ns % edge, 0);
	if (rc == 0)
		rc = take_disputes(q, cut_ns);
	if (rc == 0)
		rc = led_view_stats(q->view, &stats);
	for (const struct eng_worker *w = call->eng->workers; w && rc == 0; w = w->next) {
		if (w->id != 0)
			rc = quality_row(call, q, w, list);
	}
	if (rc < 0) {
		json_decref(list);
		return rc;
	}
	call->data = json_pack("{s:s, s:I, s:I, s:I, s:I, s:o}", "currency",
		call->eng->config->base_currency, "older_than_days", (json_int_t)days,
		"events", (json_int_t)stats.events, "quarantined",
		(json_int_t)stats.quarantined, "unmatched", (json_int_t)stats.unmatched,
		"workers", list);
	return call->data ? 0 : -ENOMEM;
}

int
eng_verb_quality(struct eng_call *call)
{
	struct quality q = {0};
	int64_t days = 0;
	int rc = take_days(call, &days);

	if (rc < 0)
		return rc;
	rc = led_view_begin(call->eng->led, &q.view, &call->err);
	if (rc < 0)
		return rc;
	q.n = led_view_n_workers(q.view);
	q.n_currencies = led_view_n_currencies(q.view);
	q.unmatched = calloc((size_t)q.n + 1, sizeof *q.unmatched);
	q.disputes = calloc(
		((size_t)q.n + 1) * NV_MAX(q.n_currencies, 1u), sizeof *q.disputes);
	rc = q.unmatched && q.disputes ? quality(call, &q, days) : -ENOMEM;
	free(q.disputes);
	free(q.unmatched);
	led_view_end(q.view);
	return rc;
}
