/* The verb `figures`: everything /metrics shows that the engine knows, in one answer. Of
 * the fleet's money windows end now; counters are since ever and never fall, "counts" is
 * null until they are known (count.h). Its shape is nova-gateway's and nobody else's. */
#include "api_counts.h"
#include "caps.h"
#include "decide.h"
#include "gate.h"
#include "intake.h"
#include "period.h"
#include "put.h"
#include "reports.h"

#include "nv_clock.h"
#include "nv_json.h"
#include "nv_version.h"

#include <errno.h>
#include <string.h>

#define WORKERS 1000 /* that have rows of their own, when it is not said */
/* Rows of budgets: the fleet's, the groups', then by worker. A few for each worker that
 * has a row, but no more than a page can take. */
#define CAPS_A_WORKER 5
#define CAPS_MAX      5000

static json_t *
count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* ---- the fleet ---- */

/* As `overview` and `pnl` say it of the same moment. */
static json_t *
windows_json(struct eng_call *call, struct led_view *v)
{
	static const struct {
		const char *key;
		const char *period;
	} windows[] = {{"today", "today"}, {"7d", "7d"}, {"30d", "30d"}};
	struct eng *eng = call->eng;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	for (size_t i = 0; i < NV_LEN(windows) && !bad; i++) {
		struct eng_period p = {0};
		struct led_totals t;

		bad = eng_period_parse(windows[i].period, call->now_ns, &p, &call->err);
		eng_period_widen(
			&p, LED_CATEGORY_EDGE_NS, call->now_ns, led_last_time(eng->led));
		if (!bad)
			bad = eng_sum_window(eng, v, 0, p.from_ns, p.to_ns, &t, NULL);
		if (!bad)
			bad = json_object_set_new(
				o, windows[i].key, eng_counts_amounts_json(&t));
	}
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* *ret_left_out: how many there are beyond the limit. */
static json_t *
caps_json(const struct eng *eng, size_t n_workers, uint64_t *ret_left_out)
{
	size_t max = NV_MIN(n_workers * CAPS_A_WORKER, (size_t)CAPS_MAX);
	uint64_t left_out = 0;
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; eng->caps && i < eng->caps->n && !bad; i++) {
		const struct eng_cap *cap = &eng->caps->list[i];

		if (cap->limit < 0)
			continue;
		if (json_array_size(list) >= max) {
			left_out++;
			continue;
		}
		bad = json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}",
				      "scope", eng_cap_scope_name(cap->scope), "subject",
				      cap->subject, "operation", cap->operation, "period",
				      eng_cap_period_name(cap->period), "limit",
				      nv_json_money(cap->limit), "spent",
				      nv_json_money(cap->spent), "reserved",
				      nv_json_money(cap->reserved + cap->approvals),
				      "remaining", nv_json_money(eng_cap_left(cap))));
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	*ret_left_out = left_out;
	return list;
}

static json_t *
approvals_json(const struct eng *eng)
{
	uint64_t pending = 0;
	int64_t oldest_ns = 0;

	for (const struct eng_worker *w = eng->workers; w; w = w->next) {
		if (!w->history || !w->history->open)
			continue;
		int64_t at_ns = w->history->open->proposed_ns;

		oldest_ns = pending++ == 0 ? at_ns : NV_MIN(oldest_ns, at_ns);
	}
	return json_pack("{s:o, s:I}", "pending", count(pending), "oldest_ns",
		(json_int_t)oldest_ns);
}

static json_t *
intake_json(const struct eng *eng)
{
	struct eng_intake_figures in;

	eng_intake_figures(eng, &in);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "streams", count(in.streams),
		"stalled", count(in.stalled), "waiting_bytes", count(in.waiting_bytes),
		"control_dropped", count(in.control_dropped), "lines", count(in.lines),
		"bytes", count(in.bytes));
}

static json_t *
commits_json(const struct eng *eng)
{
	json_t *bounds = json_array();
	json_t *counts = json_array();
	const struct eng_commits *c = eng->count ? &eng->count->commits : NULL;
	uint64_t sum = 0;
	int bad = bounds && counts ? 0 : -1;

	for (int i = 0; c && i < ENG_COMMIT_BOUNDS; i++) {
		sum += c->upto[i];
		bad |= json_array_append_new(
			bounds, json_integer(eng_commit_bounds_us[i]));
		bad |= json_array_append_new(counts, count(sum));
	}
	json_t *o = json_pack("{s:o, s:o, s:o, s:I}", "le_us", bounds, "counts", counts,
		"n", count(c ? c->n : 0), "sum_us",
		(json_int_t)(c ? c->sum_ns / (NV_NS_PER_SEC / 1000000) : 0));

	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
ledger_json(const struct eng *eng, const struct led_stats *s)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I}", "events",
		count(s->events), "quarantined", count(s->quarantined), "streams",
		count(s->streams), "duplicates", count(s->duplicates_refused), "batches",
		count(s->batches), "unmatched", count(s->unmatched), "reservations",
		count(s->reservations), "bytes", count(s->bytes), "last_ns",
		(json_int_t)led_last_time(eng->led));
}

static int
put_fleet(struct eng_call *call, const struct eng_counts *c,
	const struct led_stats *stats, size_t n_workers)
{
	struct eng *eng = call->eng;
	json_t *webhooks = NULL;
	json_t *o = call->data;
	uint64_t left_out = 0;
	int bad = 0;

	bad |= json_object_set_new(o, "version", json_string(nv_version()));
	bad |= json_object_set_new(
		o, "currency", json_string(eng->config->base_currency));
	bad |= json_object_set_new(o, "autonomous", json_boolean(eng->autonomous));
	bad |= json_object_set_new(o, "stop", json_boolean(eng->brake.on));
	bad |= json_object_set_new(o, "waiting",
		json_integer((json_int_t)(eng->gate ? eng->gate->n_waiting : 0)));
	bad |= json_object_set_new(
		o, "reserved", count(eng->gate ? eng->gate->reserved : 0));
	bad |= json_object_set_new(
		o, "refused", count(eng->gate ? eng->gate->refused : 0));
	bad |= json_object_set_new(o, "budget", eng_json_budget(eng));
	bad |= json_object_set_new(o, "caps", caps_json(eng, n_workers, &left_out));
	bad |= json_object_set_new(o, "caps_left_out", count(left_out));
	bad |= json_object_set_new(o, "approvals", approvals_json(eng));
	bad |= json_object_set_new(o, "windows", windows_json(call, c->view));
	bad |= json_object_set_new(o, "intake", intake_json(eng));
	bad |= json_object_set_new(o, "commits", commits_json(eng));
	bad |= json_object_set_new(o, "ledger", ledger_json(eng, stats));
	bad |= eng_webhook_counts(c->view, &webhooks);
	bad |= json_object_set_new(o, "webhooks", webhooks);
	bad |= json_object_set_new(o, "counts", eng_counts_json(c, stats->events));
	return bad ? -ENOMEM : 0;
}

/* The answer as text: what there is of the fleet, and a row of each worker. */
static int
finish(struct eng_call *call, const struct eng_counts *c)
{
	NV_CLEANUP_FREE char *fleet = json_dumps(call->data, JSON_COMPACT);
	struct nv_buf buf;

	json_decref(call->data);
	call->data = NULL;
	if (!fleet)
		return -ENOMEM;
	nv_buf_init(&buf, ENG_API_OUT_BYTES_MAX);
	nv_buf_add(&buf, fleet, strlen(fleet) - 1); /* open again */
	eng_put_key(&buf, "\"workers\":");
	eng_counts_put_workers(&buf, c);
	nv_buf_puts(&buf, "}");
	int rc = buf.error;

	call->text = rc == 0 ? nv_buf_take(&buf) : NULL;
	nv_buf_fini(&buf);
	return rc == 0 && !call->text ? -ENOMEM : rc;
}

int
eng_verb_figures(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct led_view *view = NULL;
	struct led_stats stats = {0};
	struct eng_counts c = {0};
	uint64_t n_kept = WORKERS;
	int rc = nv_json_get_u64(
		call->args, "workers", 1, ENG_API_ROWS_MAX, &n_kept, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (eng->caps && eng->decide)
		eng_enforce(eng); /* periods that have ended since the last commit */
	bool fresh = eng_count_fresh(eng);

	rc = led_view_begin(eng->led, &view, &call->err);
	if (rc < 0)
		return rc;
	rc = led_view_stats(view, &stats);
	if (rc == 0)
		rc = eng_counts_take(
			&c, eng, view, fresh ? &eng->count->all : NULL, (size_t)n_kept);
	c.behind = fresh && eng->count->all.seq < stats.events;
	call->data = json_object();
	if (rc == 0)
		rc = put_fleet(call, &c, &stats, (size_t)n_kept);
	if (rc == 0)
		rc = finish(call, &c);
	eng_counts_fini(&c);
	led_view_end(view);
	return rc;
}
