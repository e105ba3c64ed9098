/* Verbs about money: summary, costs, revenue, roi. */
#include "api.h"
#include "decide.h"
#include "fleet.h"
#include "intake.h"
#include "report.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- summary ---- */

static json_t *
hash_json(const uint8_t hash[32])
{
	char hex[65];

	for (size_t i = 0; i < 32; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return json_string(hex);
}

int
eng_verb_summary(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct led_view *v = NULL;
	struct led_totals today = {0};
	struct led_stats stats = {0};
	struct eng_intake_figures intake = {0};
	json_t *metrics = NULL;
	int rc = led_view_begin(eng->led, &v, &call->err);

	if (rc < 0)
		return rc;
	rc = eng_sum_window(eng, v, 0, eng->decide->day_from_ns, INT64_MAX, &today, NULL);
	if (rc == 0)
		rc = led_view_stats(v, &stats);
	if (rc == 0) {
		metrics = eng_json_metrics(eng, &today);
		rc = eng_json_put_unconverted(metrics, eng, v,
			&(struct eng_scope){(const uint32_t[]){0}, 1,
				eng->decide->day_from_ns, INT64_MAX},
			NULL);
	}
	led_view_end(v);
	if (rc < 0) {
		json_decref(metrics);
		return rc;
	}
	eng_intake_figures(eng, &intake);
	json_t *counts = eng_json_counts(eng);
	json_int_t pending = json_integer_value(json_object_get(counts, "pending"));
	json_t *e = json_pack("{s:I, s:I, s:I, s:I, s:o}", "streams",
		(json_int_t)intake.streams, "quarantined", (json_int_t)stats.quarantined,
		"events", (json_int_t)stats.events, "control_dropped",
		(json_int_t)intake.control_dropped, "head_hash",
		hash_json(stats.head_hash));

	call->data = json_pack("{s:o, s:o, s:o, s:I, s:b, s:b, s:o}", "today", metrics,
		"budget", eng_json_budget(eng), "decisions", counts, "pending_approvals",
		pending, "autonomous", eng->autonomous, "unconverted_money",
		json_object_get(metrics, "unconverted") != NULL, "engine", e);
	return 0;
}

/* ---- costs, revenue ---- */

static int
take_period(struct eng_call *call, const char *fallback, struct eng_period *ret)
{
	const char *period = fallback;
	const char *from = NULL;
	const char *to = NULL;
	int rc = nv_json_get_str(call->args, "period", 60, &period, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	bool named = rc == 0;

	rc = nv_json_get_str(call->args, "from", 60, &from, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_str(call->args, "to", 60, &to, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	if (!from && !to)
		return eng_period_parse(period, call->now_ns, ret, &call->err);
	if (named)
		return nv_err_set(&call->err, -EINVAL,
			"expected a period, or from and to, not both");
	if (!from)
		return nv_err_set(&call->err, -EINVAL, "to needs a from");
	return eng_period_range(from, to, call->now_ns, ret, &call->err);
}

static json_t *
period_json(const struct eng_period *p)
{
	return json_pack("{s:o, s:o, s:s}", "from",
		p->from_ns == 0 ? json_null() : nv_json_time(p->from_ns), "to",
		nv_json_time(p->to_ns), "name", p->name);
}

/* The ledger keeps its sums by the minute, those of categories by the hour: the answer
 * names the time it really speaks of. */
static void
widen(struct eng_period *p, bool hours, int64_t now_ns)
{
	const int64_t edge = (hours ? INT64_C(3600) : INT64_C(60)) * NV_NS_PER_SEC;
	int64_t rest = p->to_ns % edge;

	p->from_ns -= p->from_ns % edge;
	if (rest > 0 && p->to_ns < now_ns)
		p->to_ns = NV_MIN(p->to_ns - rest + edge, now_ns);
}

struct bucket {
	char key[80];
	nv_i128 nano;
};

struct table {
	struct eng *eng;
	struct led_view *view;
	struct bucket *rows; /* owned */
	size_t n;
	size_t cap;
};

static int
table_add(struct table *t, const char *key, nv_i128 nano)
{
	for (size_t i = 0; i < t->n; i++) {
		if (strcmp(t->rows[i].key, key) == 0) {
			t->rows[i].nano += nano;
			return 0;
		}
	}
	if (t->n >= ENG_API_ROWS_MAX)
		return -E2BIG;
	if (t->n == t->cap) {
		size_t cap = t->cap ? 2 * t->cap : 32;
		struct bucket *rows = reallocarray(t->rows, cap, sizeof *rows);

		if (!rows)
			return -ENOMEM;
		t->rows = rows;
		t->cap = cap;
	}
	(void)snprintf(t->rows[t->n].key, sizeof t->rows[t->n].key, "%s", key);
	t->rows[t->n++].nano = nano;
	return 0;
}

static int
one_category(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	struct table *t = arg;
	char code[NV_CURRENCY_BYTES];
	int64_t rate_nano = 0;

	(void)worker;
	(void)events;
	if (led_view_currency_code(t->view, currency, code) < 0)
		return -EIO;
	if (!eng_rate(t->eng->config, code, &rate_nano))
		return 0; /* "unconverted" has it */
	return table_add(t, category && category[0] ? category : "(none)",
		eng_convert(nano, rate_nano));
}

/* Each worker's own window; by group the same under the group's name. */
static int
by_worker(struct table *t, const struct eng_period *p, bool cost, bool group)
{
	for (const struct eng_worker *w = t->eng->workers; w; w = w->next) {
		struct led_totals sum = {0};
		const char *name = group ? eng_worker_group(w) : w->name;

		if (w->id == 0)
			continue;
		int rc = eng_sum_window(
			t->eng, t->view, w->id, p->from_ns, p->to_ns, &sum, NULL);
		nv_i128 nano = cost ? sum.cost : sum.revenue;

		if (rc == 0 && nano != 0)
			rc = table_add(t, name[0] ? name : "(not configured)", nano);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
largest_first(const void *a, const void *b)
{
	const struct bucket *x = a;
	const struct bucket *y = b;

	if (x->nano != y->nano)
		return x->nano > y->nano ? -1 : 1;
	return strcmp(x->key, y->key);
}

static json_t *
rows_json(const struct table *t, const char *what, nv_i128 total)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < t->n; i++) {
		const struct bucket *b = &t->rows[i];
		int64_t share_ppm = total > 0 ? (int64_t)(b->nano * 1000000 / total) : 0;

		bad |= json_array_append_new(
			list, json_pack("{s:o, s:o, s:o}", "key", nv_json_str(b->key),
				      what, nv_json_money(b->nano), "share_percent",
				      nv_json_percent(total > 0, share_ppm)));
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static int
fill_table(struct eng_call *call, struct table *t, const struct eng_period *p,
	const char *by, bool cost)
{
	if (strcmp(by, "worker") == 0 || strcmp(by, "group") == 0)
		return by_worker(t, p, cost, by[0] == 'g');
	if (strcmp(by, "category") == 0 || strcmp(by, "source") == 0)
		return led_view_categories(t->view, 0,
			cost ? LED_CODE_COST : LED_CODE_REVENUE, p->from_ns, p->to_ns,
			one_category, t);
	return nv_err_set(&call->err, -EINVAL,
		"by is \"%.40s\", expected worker, group, source or category", by);
}

static int
money_table(struct eng_call *call, bool cost)
{
	struct eng *eng = call->eng;
	struct table t = {.eng = eng};
	struct eng_period p = {0};
	const char *by = "worker";
	nv_i128 total = 0;
	const char *what = cost ? "cost" : "revenue";
	int rc = take_period(call, "today", &p);

	if (rc < 0)
		return rc;
	rc = nv_json_get_str(call->args, "by", 40, &by, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = led_view_begin(eng->led, &t.view, &call->err);
	if (rc < 0)
		return rc;
	widen(&p, strcmp(by, "category") == 0 || strcmp(by, "source") == 0, call->now_ns);
	rc = fill_table(call, &t, &p, by, cost);
	if (rc == 0) {
		if (t.n > 1)
			qsort(t.rows, t.n, sizeof t.rows[0], largest_first);
		for (size_t i = 0; i < t.n; i++)
			total += t.rows[i].nano;
		call->data = json_pack("{s:o, s:o, s:s, s:s, s:o}", "period",
			period_json(&p), "total", nv_json_money(total), "currency",
			eng->config->base_currency, "by", by, "rows",
			rows_json(&t, what, total));
		rc = eng_json_put_unconverted(call->data, eng, t.view,
			&(struct eng_scope){(const uint32_t[]){0}, 1, p.from_ns, p.to_ns},
			what);
	}
	led_view_end(t.view);
	if (rc == 0)
		rc = json_object_set_new(call->data, "unconverted_money",
			json_boolean(json_object_get(call->data, "unconverted") != NULL));
	free(t.rows);
	return rc;
}

int
eng_verb_costs(struct eng_call *call)
{
	return money_table(call, true);
}

int
eng_verb_revenue(struct eng_call *call)
{
	return money_table(call, false);
}

/* ---- roi ---- */

/* The workers a name stands for, in `ids` (owned by the caller): a worker, or all of a
 * group. Those without an event have nothing to add. */
static int
take_target(struct eng_call *call, const char *target, uint32_t **ret_ids, size_t *ret_n,
	const char **ret_kind)
{
	struct eng_worker *only = eng_worker_find(call->eng, target);
	bool found = only != NULL;
	size_t n = 0;

	for (const struct eng_worker *w = call->eng->workers; w; w = w->next)
		n++;
	uint32_t *ids = calloc(n + 1, sizeof *ids);

	if (!ids)
		return -ENOMEM;
	n = 0;
	for (const struct eng_worker *w = call->eng->workers; w; w = w->next) {
		if (only ? w != only : strcmp(eng_worker_group(w), target) != 0)
			continue;
		found = true;
		if (w->id != 0)
			ids[n++] = w->id;
	}
	*ret_kind = only ? "worker" : "group";
	*ret_ids = ids;
	*ret_n = n;
	if (found)
		return 0;
	int rc = eng_api_worker(call, target, &only);
	char text[sizeof call->err.text];

	memcpy(text, call->err.text, sizeof text);
	return nv_err_set(&call->err, rc, "%.300s (and no such group)", text);
}

static int
sum_scope(
	struct eng *eng, struct led_view *v, const struct eng_scope *scope, json_t **ret)
{
	struct led_totals sum = {0};

	for (size_t i = 0; i < scope->n_workers; i++) {
		struct led_totals t = {0};
		int rc = eng_sum_window(eng, v, scope->workers[i], scope->from_ns,
			scope->to_ns, &t, NULL);

		if (rc < 0)
			return rc;
		eng_totals_add(&sum, &t);
	}
	*ret = eng_json_metrics(eng, &sum);
	return *ret ? eng_json_put_unconverted(*ret, eng, v, scope, NULL) : -ENOMEM;
}

int
eng_verb_roi(struct eng_call *call)
{
	const char *target = NULL;
	const char *kind = "";
	struct led_view *v = NULL;
	struct eng_period p = {0};
	uint32_t *ids = NULL;
	size_t n = 0;
	int rc = nv_json_need_str(call->args, "target", 200, &target, &call->err);

	if (rc == 0)
		rc = take_period(call, "all", &p);
	if (rc == 0)
		rc = take_target(call, target, &ids, &n, &kind);
	if (rc == 0)
		rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc == 0) {
		widen(&p, false, call->now_ns);
		rc = sum_scope(call->eng, v,
			&(struct eng_scope){ids, n, p.from_ns, p.to_ns}, &call->data);
		led_view_end(v);
	}
	free(ids);
	if (rc < 0)
		return rc;
	int bad = json_object_set_new(call->data, "target", nv_json_str(target));

	bad |= json_object_set_new(call->data, "kind", json_string(kind));
	bad |= json_object_set_new(call->data, "period", period_json(&p));
	return bad ? -ENOMEM : 0;
}
