/* The verb `figures`: everything /metrics shows that the engine knows, in one answer. Of
 * the fleet's money windows end now; counters are since ever and never fall, "counts" is
 * null until they are known (count.h). Its shape is nova-gateway's and nobody else's. */
#include "api.h"
#include "caps.h"
#include "count.h"
#include "decide.h"
#include "derive.h"
#include "fleet.h"
#include "gate.h"
#include "intake.h"
#include "period.h"
#include "reports.h"
#include "resource.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static json_t *
count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* ---- workers ---- */

static int
put_amounts(json_t *o, const struct led_totals *t)
{
	int bad = 0;

	bad |= json_object_set_new(o, "cost", nv_json_money(t->cost));
	bad |= json_object_set_new(o, "revenue", nv_json_money(t->revenue));
	bad |= json_object_set_new(o, "net_revenue", nv_json_money(eng_earned(t)));
	bad |= json_object_set_new(o, "profit", nv_json_money(eng_profit(t)));
	return bad;
}

static json_t *
roi_json(const struct led_totals *t)
{
	int64_t ppm = 0;

	return nv_roi_ppm(eng_earned(t), t->cost, &ppm) ? json_integer(ppm) : json_null();
}

/* What its live processes have used, with those that have ended (`past`); null while one
 * of them was never looked at: what it used before would be missing. */
static json_t *
cpu_json(const struct eng_worker *w, nv_i128 past)
{
	nv_i128 sum = past;

	for (const struct eng_instance *i = w->instances; i; i = i->next) {
		if (i->gone)
			continue;
		if (i->now.at_mono_ns == 0)
			return json_null();
		sum += i->now.cpu_us;
	}
	return json_integer((json_int_t)NV_MIN(sum, (nv_i128)INT64_MAX));
}

static json_t *
memory_json(const struct eng_worker *w)
{
	uint64_t sum = 0;

	for (const struct eng_instance *i = w->instances; i; i = i->next)
		sum += i->gone ? 0 : i->now.rss_bytes;
	return count(sum);
}

/* What the counts have of a worker. */
struct counted_worker {
	json_t *money; /* {currency: {field: [booked, taken back]}} */
	json_t *exits;
	nv_i128 cpu_us;
	uint64_t starts;
};

static json_t *
worker_json(const struct eng_worker *w, struct counted_worker *counted, bool counts)
{
	const struct led_totals *t = &w->totals;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "worker", nv_json_str(w->name));
	bad |= json_object_set_new(o, "group", nv_json_str(eng_worker_group(w)));
	bad |= json_object_set_new(o, "system", json_boolean(w->system));
	bad |= json_object_set_new(o, "known", json_boolean(w->conf));
	bad |= json_object_set_new(o, "desired", json_integer(eng_desire_instances(w)));
	bad |= json_object_set_new(
		o, "budget_paused", json_boolean(w->conf && w->budget_paused));
	bad |= put_amounts(o, t);
	bad |= json_object_set_new(o, "roi_ppm", roi_json(t));
	bad |= json_object_set_new(o, "runs_ok", count(t->runs_ok));
	bad |= json_object_set_new(o, "runs_failed", count(t->runs_failed));
	bad |= json_object_set_new(o, "run_ms", count(t->run_ms));
	bad |= json_object_set_new(o, "crashes", count(t->crashes));
	bad |= json_object_set_new(o, "rejected", count(t->rejected));
	bad |= json_object_set_new(o, "events", count(t->events));
	bad |= json_object_set_new(o, "heartbeats", count(t->heartbeats));
	bad |= json_object_set_new(o, "heartbeat_ns", json_integer(w->heartbeat_ns));
	bad |= json_object_set_new(o, "memory_bytes", memory_json(w));
	bad |= json_object_set_new(
		o, "cpu_us", counts ? cpu_json(w, counted->cpu_us) : json_null());
	if (counts) {
		bad |= json_object_set_new(o, "starts", count(counted->starts));
		bad |= json_object_set(o, "exits", counted->exits);
		bad |= json_object_set(o, "money", counted->money);
	}
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* ---- counts ---- */

struct figures {
	struct eng *eng;
	struct led_view *view;
	const struct eng_counted *counted; /* NULL: not known yet */
	struct counted_worker *workers;    /* owned: by ledger id */
	size_t n_workers;
	json_t *lists[ENG_COUNT_KINDS];
	int bad;
};

static const char *const fields[LED_MONEY_FIELDS] = {
	[LED_SUM_COST] = "cost",
	[LED_SUM_REVENUE] = "revenue",
	[LED_SUM_REFUNDS] = "refunds",
	[LED_SUM_FEES] = "fees",
	[LED_SUM_DISPUTES] = "disputes",
	[LED_SUM_PAYOUTS] = "payouts",
	[LED_SUM_GRANTS] = "grants",
};

/* The object (or with `list` the pair of amounts) under a key; made when it is missing.
 */
static json_t *
under(json_t *o, const char *key, bool list, int *bad)
{
	json_t *at = json_object_get(o, key);

	if (at)
		return at;
	at = list ? json_pack("[s, s]", "0.00", "0.00") : json_object();
	*bad |= json_object_set_new(o, key, at);
	return *bad ? NULL : at;
}

static void
take_money(struct figures *f, const struct eng_count_key *key, nv_i128 nano)
{
	struct counted_worker *w = &f->workers[key->worker];
	char code[NV_CURRENCY_BYTES];

	if (led_view_currency_code(f->view, key->currency, code) < 0 ||
		key->field >= LED_MONEY_FIELDS) {
		f->bad = -EBADMSG;
		return;
	}
	json_t *pair = under(
		under(w->money, code, false, &f->bad), fields[key->field], true, &f->bad);

	f->bad |= json_array_set_new(pair, key->back ? 1 : 0, nv_json_money(nano));
}

static const char *const token_names[ENG_TOKENS] = {
	[ENG_TOKEN_INPUT] = "input",
	[ENG_TOKEN_OUTPUT] = "output",
	[ENG_TOKEN_CACHE_READ] = "cache_read",
	[ENG_TOKEN_CACHE_WRITE] = "cache_write",
};

/* The parts of its name, what else it has, and the count. */
static void
take_named(
	struct figures *f, const struct eng_count_key *key, const struct eng_count_row *n)
{
	const char *nul = memchr(key->name, '\0', key->name_bytes);
	size_t first = nul ? (size_t)(nul - key->name) : key->name_bytes;
	bool pairs = key->kind != ENG_COUNT_CATEGORY && key->kind != ENG_COUNT_SOURCE;
	char code[NV_CURRENCY_BYTES] = "";
	json_t *row = json_array();

	f->bad |= json_array_append_new(row, nv_json_text(key->name, first));
	/* "_other" is all of those that came too late, in both parts. */
	if (pairs)
		f->bad |= json_array_append_new(
			row, nul ? nv_json_text(nul + 1, key->name_bytes - first - 1)
				 : nv_json_text(key->name, first));
	if (!pairs) {
		if (led_view_currency_code(f->view, key->currency, code) < 0)
			f->bad = -EBADMSG;
		f->bad |= json_array_append_new(row, json_string(code));
		f->bad |= json_array_append_new(row, json_boolean(key->back));
		f->bad |= json_array_append_new(row, nv_json_money(n->n));
	} else {
		if (key->kind == ENG_COUNT_TOKENS)
			f->bad |= json_array_append_new(
				row, json_string(token_names[key->field % ENG_TOKENS]));
		f->bad |= json_array_append_new(row, count((uint64_t)n->n));
		if (key->kind == ENG_COUNT_DECISIONS)
			f->bad |= json_array_append_new(row, count(n->seq));
	}
	f->bad |= json_array_append_new(f->lists[key->kind], row);
}

static void
take_exits(struct figures *f, const struct eng_count_key *key, nv_i128 n)
{
	json_t *cause = nv_json_text(key->name, key->name_bytes);

	f->bad |= json_object_set_new(f->workers[key->worker].exits,
		cause ? json_string_value(cause) : "", count((uint64_t)n));
	json_decref(cause);
}

static void
take_row(struct figures *f, uint32_t i)
{
	const struct eng_count_row *row = &f->counted->rows[i];
	struct eng_count_key key;

	eng_counted_key(f->counted, i, &key);
	if (key.worker >= f->n_workers) {
		f->bad = -EBADMSG;
		return;
	}
	switch (key.kind) {
	case ENG_COUNT_MONEY:
		take_money(f, &key, row->n);
		break;
	case ENG_COUNT_STARTS:
		f->workers[key.worker].starts = (uint64_t)row->n;
		break;
	case ENG_COUNT_CPU_US:
		f->workers[key.worker].cpu_us = row->n;
		break;
	case ENG_COUNT_EXITS:
		take_exits(f, &key, row->n);
		break;
	case ENG_COUNT_CATEGORY:
	case ENG_COUNT_SOURCE:
	case ENG_COUNT_DECISIONS:
	case ENG_COUNT_TOKENS:
	case ENG_COUNT_USAGE:
	case ENG_COUNT_UNPRICED:
		take_named(f, &key, row);
		break;
	case ENG_COUNT_KINDS:
	default:
		f->bad = -EBADMSG;
	}
}

static int
take_counts(struct figures *f)
{
	f->n_workers = (size_t)led_view_n_workers(f->view) + 1;
	f->workers = calloc(f->n_workers, sizeof *f->workers);
	if (!f->workers)
		return -ENOMEM;
	for (size_t i = 0; i < f->n_workers; i++) {
		f->workers[i].money = json_object();
		f->workers[i].exits = json_object();
	}
	for (size_t i = 0; i < ENG_COUNT_KINDS; i++)
		f->lists[i] = json_array();
	for (uint32_t i = 0; f->counted && i < f->counted->keys.n && !f->bad; i++)
		take_row(f, i);
	return f->bad ? (f->bad == -EBADMSG ? -EBADMSG : -ENOMEM) : 0;
}

static void
forget(struct figures *f)
{
	for (size_t i = 0; f->workers && i < f->n_workers; i++) {
		json_decref(f->workers[i].money);
		json_decref(f->workers[i].exits);
	}
	for (size_t i = 0; i < ENG_COUNT_KINDS; i++)
		json_decref(f->lists[i]);
	free(f->workers);
}

static json_t *
counts_json(const struct figures *f, uint64_t last_seq)
{
	if (!f->counted)
		return json_null();
	return json_pack("{s:o, s:o, s:O, s:O, s:O, s:O, s:O, s:O, s:O}", "seq",
		count(f->counted->seq), "behind",
		count(last_seq - NV_MIN(f->counted->seq, last_seq)), "categories",
		f->lists[ENG_COUNT_CATEGORY], "sources", f->lists[ENG_COUNT_SOURCE],
		"decisions", f->lists[ENG_COUNT_DECISIONS], "tokens",
		f->lists[ENG_COUNT_TOKENS], "usage", f->lists[ENG_COUNT_USAGE],
		"unpriced", f->lists[ENG_COUNT_UNPRICED], "unassigned",
		f->workers[0].money);
}

static json_t *
workers_json(struct figures *f)
{
	static const struct counted_worker nothing;
	json_t *list = json_array();
	json_t *empty = json_object();
	struct counted_worker none = nothing;
	int bad = list && empty ? 0 : -1;

	none.money = empty;
	none.exits = empty;
	for (const struct eng_worker *w = f->eng->workers; w && !bad; w = w->next)
		bad = json_array_append_new(
			list, worker_json(w,
				      w->id && w->id < f->n_workers ? &f->workers[w->id]
								    : &none,
				      f->counted != NULL));
	json_decref(empty);
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
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
		json_t *row = json_object();

		bad = eng_period_parse(windows[i].period, call->now_ns, &p, &call->err);
		eng_period_widen(
			&p, LED_CATEGORY_EDGE_NS, call->now_ns, led_last_time(eng->led));
		if (!bad)
			bad = eng_sum_window(eng, v, 0, p.from_ns, p.to_ns, &t, NULL);
		if (!bad)
			bad = put_amounts(row, &t) |
			      json_object_set_new(row, "roi_ppm", roi_json(&t));
		bad |= json_object_set_new(o, windows[i].key, row);
	}
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
caps_json(const struct eng *eng)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; eng->caps && i < eng->caps->n && !bad; i++) {
		const struct eng_cap *cap = &eng->caps->list[i];

		if (cap->limit < 0)
			continue;
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

struct webhooks {
	json_t *counts;
	int bad;
};

static int
one_webhook(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	struct webhooks *w = arg;
	json_int_t before = json_integer_value(json_object_get(w->counts, category));

	(void)worker;
	(void)currency;
	(void)nano; /* no money moves */
	w->bad |= json_object_set_new(
		w->counts, category, json_integer(before + (json_int_t)events));
	return 0;
}

static json_t *
webhooks_json(struct led_view *v)
{
	struct webhooks w = {.counts = json_object()};
	int rc = led_view_categories(
		v, 0, (enum led_code)LED_CODE_WEBHOOK, 0, INT64_MAX, one_webhook, &w);

	if (rc == 0 && !w.bad)
		return w.counts;
	json_decref(w.counts);
	return NULL;
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
put_fleet(struct eng_call *call, struct figures *f, const struct led_stats *stats)
{
	struct eng *eng = call->eng;
	json_t *o = call->data;
	int bad = 0;

	bad |= json_object_set_new(o, "version", json_string(NOVA_VERSION));
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
	bad |= json_object_set_new(o, "caps", caps_json(eng));
	bad |= json_object_set_new(o, "approvals", approvals_json(eng));
	bad |= json_object_set_new(o, "windows", windows_json(call, f->view));
	bad |= json_object_set_new(o, "intake", intake_json(eng));
	bad |= json_object_set_new(o, "commits", commits_json(eng));
	bad |= json_object_set_new(o, "ledger", ledger_json(eng, stats));
	bad |= json_object_set_new(o, "webhooks", webhooks_json(f->view));
	bad |= json_object_set_new(o, "counts", counts_json(f, stats->events));
	bad |= json_object_set_new(o, "workers", workers_json(f));
	return bad ? -ENOMEM : 0;
}

int
eng_verb_figures(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct led_stats stats;
	struct figures f = {.eng = eng};

	if (eng->caps && eng->decide)
		eng_enforce(eng); /* periods that have ended since the last commit */
	if (eng_count_fresh(eng))
		f.counted = &eng->count->all;
	int rc = led_view_begin(eng->led, &f.view, &call->err);

	if (rc < 0)
		return rc;
	rc = led_view_stats(f.view, &stats);
	if (rc == 0)
		rc = take_counts(&f);
	call->data = json_object();
	if (rc == 0)
		rc = put_fleet(call, &f, &stats);
	led_view_end(f.view);
	forget(&f);
	return rc;
}
