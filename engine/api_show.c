/* Parts of answers that several verbs share. */
#include "api.h"
#include "decide.h"
#include "fleet.h"
#include "gate.h"
#include "report.h"
#include "row.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARNINGS_MAX   20
#define PART_BYTES_MAX ((size_t)16 << 10)

static json_t *
finish(json_t *o, int bad)
{
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
count(uint64_t n)
{
	return json_integer(n > INT64_MAX ? INT64_MAX : (json_int_t)n);
}

/* What has just been written; takes the buffer. */
static json_t *
parsed(struct nv_buf *buf)
{
	json_t *o = buf->error == 0 && buf->bytes > 0
			    ? json_loadb(buf->data, buf->bytes, 0, NULL)
			    : NULL;

	nv_buf_fini(buf);
	return o;
}

json_t *
eng_json_metrics(const struct eng *eng, const struct led_totals *t)
{
	struct nv_buf buf;

	nv_buf_init(&buf, PART_BYTES_MAX);
	eng_row_metrics(&buf, eng, t, NULL);
	return parsed(&buf);
}

struct foreign {
	json_t *list;
	const char *what;
};

static int
one_foreign(void *arg, const char *code, const struct led_totals *t)
{
	const struct foreign *f = arg;
	const struct {
		const char *key;
		nv_i128 nano;
	} amounts[] = {{"cost", t->cost}, {"revenue", t->revenue},
		{"refunds", t->refunds}, {"fees", t->fees}, {"disputes", t->disputes},
		{"payouts", t->payouts}};
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "currency", json_string(code));
	for (size_t i = 0; i < NV_LEN(amounts); i++) {
		if (f->what && strcmp(f->what, amounts[i].key) == 0 &&
			amounts[i].nano == 0) {
			json_decref(o);
			return 0;
		}
		bad |= json_object_set_new(
			o, amounts[i].key, nv_json_money(amounts[i].nano));
	}
	o = finish(o, bad);
	return o && json_array_append_new(f->list, o) == 0 ? 0 : -ENOMEM;
}

int
eng_json_put_unconverted(json_t *o, struct eng *eng, struct led_view *v,
	const struct eng_scope *scope, const char *what)
{
	struct foreign f = {.list = json_array(), .what = what};
	int rc = f.list ? eng_uncounted_walk(eng, v, scope, one_foreign, &f) : -ENOMEM;

	if (rc == 0 && json_array_size(f.list) > 0)
		return json_object_set_new(o, "unconverted", f.list) ? -ENOMEM : 0;
	json_decref(f.list);
	return rc;
}

json_t *
eng_json_desired(const struct eng_worker *w)
{
	struct nv_buf buf;

	nv_buf_init(&buf, PART_BYTES_MAX);
	eng_row_desired(&buf, w);
	return parsed(&buf);
}

json_t *
eng_json_cap(nv_i128 nano)
{
	return nano < 0 ? json_null() : nv_json_money(nano);
}

/* Every budget of which the share `budget_warn` is spent. */
static json_t *
warnings_json(const struct eng *eng)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < eng->caps->n && !bad; i++) {
		const struct eng_cap *cap = &eng->caps->list[i];
		char text[ENG_CAP_TEXT_BYTES];

		if (!eng_cap_at(cap, eng->config->budget_warn_ppm))
			continue;
		if (json_array_size(list) == WARNINGS_MAX)
			break;
		bad = json_array_append_new(list,
			json_pack("{s:s, s:o, s:o}", "budget", eng_cap_name(cap, text),
				"spent", nv_json_money(cap->spent), "limit",
				nv_json_money(cap->limit)));
	}
	return finish(list, bad);
}

json_t *
eng_json_budget(const struct eng *eng)
{
	nv_i128 daily = eng->config->max_daily_budget_nano;
	nv_i128 spent = eng_spent_today(eng);
	nv_i128 reserved = eng_reserved_pending(eng) + eng_gate_reserved(eng, NULL);
	nv_i128 remaining = NV_MAX(daily - spent - reserved, 0);
	nv_i128 used_ppm = daily > 0 ? spent * 1000000 / daily : 0;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "daily", eng_json_cap(daily));
	bad |= json_object_set_new(o, "spent", nv_json_money(spent));
	bad |= json_object_set_new(o, "reserved", nv_json_money(reserved));
	bad |= json_object_set_new(
		o, "remaining", eng_json_cap(daily < 0 ? -1 : remaining));
	bad |= json_object_set_new(o, "percent_used",
		nv_json_percent(daily > 0, (int64_t)NV_MIN(used_ppm, NV_MONEY_MAX)));
	bad |= json_object_set_new(
		o, "currency", json_string(eng->config->base_currency));
	if (eng->caps)
		bad |= json_object_set_new(o, "warnings", warnings_json(eng));
	if (eng->decide) {
		bad |= json_object_set_new(
			o, "day_began", nv_json_time(eng->decide->day_from_ns));
		bad |= json_object_set_new(
			o, "day_ends", nv_json_time(eng->decide->day_to_ns));
	}
	return finish(o, bad);
}

json_t *
eng_json_counts(struct eng *eng)
{
	uint64_t pending = 0;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	for (const struct eng_worker *w = eng->workers; w; w = w->next)
		pending += w->history && w->history->open;
	bad |= json_object_set_new(o, "total", count(eng->decide->n_total));
	bad |= json_object_set_new(o, "today", count(eng->decide->n_today));
	bad |= json_object_set_new(o, "pending", count(pending));
	return finish(o, bad);
}

json_t *
eng_json_approvals(struct eng *eng)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (const struct eng_worker *w = eng->workers; w; w = w->next) {
		if (w->history && w->history->open)
			bad |= json_array_append_new(
				list, eng_decision_json(w->history->open));
	}
	return finish(list, bad);
}

/* ---- decisions from the ledger ---- */

/* The newest ones, not read yet: what the view lends. */
struct found {
	char key[ENG_DECISION_KEY_BYTES];
	const void *value;
	size_t bytes;
};

struct decisions {
	struct found *list; /* owned */
	size_t limit;
	size_t n;        /* found so far, newest first */
	char needle[90]; /* "" = all; else what every record of that worker contains */
};

static int
one_decision(void *arg, const char *key, const void *value, size_t bytes)
{
	struct decisions *ds = arg;

	/* Reading JSON takes a hundred times as long as looking for a name in it. */
	if (ds->needle[0] && !memmem(value, bytes, ds->needle, strlen(ds->needle)))
		return 0;
	struct found *found = &ds->list[ds->n++];

	(void)snprintf(found->key, sizeof found->key, "%s", key);
	found->value = value;
	found->bytes = bytes;
	return ds->n == ds->limit;
}

static int
add_decision(json_t *list, const struct found *found, const char *worker, int64_t since)
{
	struct eng_decision *d =
		eng_decision_load(found->key, found->value, found->bytes, NULL);
	int bad = 0;

	if (!d)
		return 0; /* found by verify, not here */
	if ((!worker || strcmp(worker, d->worker) == 0) && d->proposed_ns >= since)
		bad = json_array_append_new(list, eng_decision_json(d));
	eng_decision_free(d);
	return bad;
}

json_t *
eng_json_decisions(struct eng *eng, struct led_view *v, const char *worker,
	int64_t since_ns, size_t limit)
{
	struct decisions ds = {.limit = NV_MAX(limit, (size_t)1)};
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	(void)eng;
	if (worker)
		(void)snprintf(ds.needle, sizeof ds.needle, "\"worker\":\"%s\"", worker);
	ds.list = calloc(ds.limit, sizeof *ds.list);
	if (!ds.list || led_view_states_back(v, "decision/", one_decision, &ds) < 0)
		bad = -1;
	for (size_t i = ds.n; !bad && i-- > 0;)
		bad = add_decision(list, &ds.list[i], worker, since_ns);
	free(ds.list);
	return finish(list, bad);
}

/* ---- events ---- */

static void
event_amount(struct led_view *v, const struct led_event *ev, json_t *o, int *bad)
{
	char code[NV_CURRENCY_BYTES];
	json_t *rest;

	if (ev->n_legs == 0) {
		/* Nothing moved, and that is what was said: zero of any currency. */
		if (ev->kind >= LED_COST && ev->kind <= LED_PAYOUT)
			*bad |= json_object_set_new(o, "amount", nv_json_money(0));
		return;
	}
	if (led_view_currency_code(v, ev->legs[0].currency, code) < 0)
		return;
	*bad |= json_object_set_new(o, "amount", nv_json_money(ev->legs[0].nano));
	*bad |= json_object_set_new(o, "currency", json_string(code));
	if (ev->n_legs == 1)
		return;
	rest = json_array();
	for (unsigned i = 1; i < ev->n_legs; i++)
		*bad |= json_array_append_new(rest, nv_json_money(ev->legs[i].nano));
	*bad |= json_object_set_new(o, "further_amounts", rest);
}

json_t *
eng_json_event(struct eng *eng, struct led_view *v, const struct led_event *ev)
{
	char name[NV_NAME_MAX];
	char variant[LED_VARIANT_MAX + 1];
	bool named = ev->worker != 0 && led_view_worker_name(v, ev->worker, name) == 0;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	(void)eng;
	bad |= json_object_set_new(o, "seq", count(ev->seq));
	bad |= json_object_set_new(o, "at", nv_json_time(ev->claimed_ns));
	bad |= json_object_set_new(o, "received", nv_json_time(ev->received_ns));
	bad |= json_object_set_new(o, "kind", json_string(led_kind_name(ev->kind)));
	bad |= json_object_set_new(o, "worker", named ? json_string(name) : json_null());
	if (ev->instance) {
		bad |= json_object_set_new(o, "instance", json_integer(ev->instance));
		bad |= json_object_set_new(o, "generation", json_integer(ev->generation));
	}
	event_amount(v, ev, o, &bad);
	if (ev->category)
		bad |= json_object_set_new(
			o, "category", nv_json_text(ev->category, ev->category_bytes));
	if (ev->id)
		bad |= json_object_set_new(o, "id", nv_json_text(ev->id, ev->id_bytes));
	if (ev->run)
		bad |= json_object_set_new(
			o, "run", nv_json_text(ev->run, ev->run_bytes));
	if (ev->variant && led_view_variant_name(v, ev->variant, variant) == 0)
		bad |= json_object_set_new(o, "variant", nv_json_str(variant));
	if (ev->kind == LED_RUN) {
		bad |= json_object_set_new(o, "ok", json_boolean(ev->flags & LED_F_OK));
		bad |= json_object_set_new(
			o, "duration_ms", json_integer(ev->duration_ms));
	}
	if (ev->flags & LED_F_CRASH)
		bad |= json_object_set_new(o, "crash", json_true());
	if (ev->kind == LED_IMPORTED && ev->n_legs > 0 &&
		(ev->legs[0].code & LED_CODE_REVERSAL))
		bad |= json_object_set_new(o, "back", json_true());
	if (ev->flags & LED_F_ROUNDED)
		bad |= json_object_set_new(o, "rounded", json_true());
	if (ev->flags & LED_F_UNPRICED)
		bad |= json_object_set_new(o, "unpriced", json_true());
	if (ev->flags & LED_F_MANUAL)
		bad |= json_object_set_new(o, "manual", json_true());
	if (ev->ref)
		bad |= json_object_set_new(o, "ref", count(ev->ref));
	bad |= json_object_set_new(o, "line", nv_json_text(ev->line, ev->line_bytes));
	return finish(o, bad);
}

/* A search for one worker's events gives up after so many of others. */
#define SCAN_MAX 200000

struct walk {
	struct eng *eng;
	struct led_view *view;
	json_t *list;
	uint32_t worker; /* 0 = all */
	size_t limit;
	size_t scanned;
	uint64_t *after; /* moves on, may be NULL */
	int bad;
};

static int
one_event(void *arg, const struct led_event *ev)
{
	struct walk *w = arg;

	if (json_array_size(w->list) >= w->limit || w->scanned++ >= SCAN_MAX)
		return 1;
	if (w->after)
		*w->after = ev->seq;
	if (w->worker == 0 || ev->worker == w->worker)
		w->bad |= json_array_append_new(
			w->list, eng_json_event(w->eng, w->view, ev));
	return w->bad;
}

static int
reverse(json_t *list)
{
	size_t n = json_array_size(list);
	int bad = 0;

	for (size_t i = 0; i < n / 2; i++) {
		json_t *a = json_incref(json_array_get(list, i));
		json_t *b = json_incref(json_array_get(list, n - 1 - i));

		bad |= json_array_set_new(list, i, b);
		bad |= json_array_set_new(list, n - 1 - i, a);
	}
	return bad;
}

json_t *
eng_json_events(struct eng *eng, struct led_view *v, const struct eng_worker *w,
	uint64_t since_seq, size_t limit)
{
	struct walk walk = {.eng = eng,
		.view = v,
		.list = json_array(),
		.worker = w ? w->id : 0,
		.limit = limit};

	/* A worker without an event has no id: nothing is its. */
	if (!walk.list || (w && w->id == 0))
		return walk.list;
	size_t left = SCAN_MAX;
	int rc =
		w && since_seq == 0
			? led_view_own_events(v, w->id, &left, one_event, &walk)
			: led_view_events(v, since_seq, since_seq == 0, one_event, &walk);

	if (rc == 0 || rc == 1)
		rc = walk.bad;
	if (rc == 0 && since_seq == 0)
		rc = reverse(walk.list);
	return finish(walk.list, rc);
}

int
eng_feed(struct eng *eng, struct led_view *v, const char *worker, uint64_t *after_seq,
	json_t *events)
{
	struct walk walk = {.eng = eng,
		.view = v,
		.list = events,
		.limit = ENG_API_PAGE,
		.after = after_seq};

	if (!events)
		return -ENOMEM;
	if (worker[0]) {
		walk.worker = led_view_worker_id(v, worker);
		if (walk.worker == 0)
			return 0; /* not yet */
	}
	int rc = led_view_events(v, *after_seq + 1, false, one_event, &walk);

	return rc == 1 ? 0 : rc != 0 ? rc : walk.bad;
}
