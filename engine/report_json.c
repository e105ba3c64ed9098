/* Reports as JSON: see reports.h. */
#include "reports.h"

#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>

json_t *
eng_json_period(const struct eng_period *p)
{
	return json_pack("{s:o, s:o, s:s}", "from",
		p->from_ns == 0 ? json_null() : nv_json_time(p->from_ns), "to",
		nv_json_time(p->to_ns), "name", p->name);
}

int
eng_json_put_figures(json_t *o, const struct eng_figures *f)
{
	const struct {
		const char *key;
		nv_i128 nano;
	} amounts[] = {{"cost", f->v[ENG_FIG_COST]}, {"revenue", f->v[ENG_FIG_REVENUE]},
		{"refunds", f->v[ENG_FIG_REFUNDS]}, {"disputes", f->v[ENG_FIG_DISPUTES]},
		{"fees", f->v[ENG_FIG_FEES]}, {"net_revenue", eng_figures_earned(f)},
		{"profit", eng_figures_profit(f)}};
	int64_t roi_ppm = 0;
	bool known = nv_roi_ppm(eng_figures_earned(f), f->v[ENG_FIG_COST], &roi_ppm);
	int bad = 0;

	for (size_t i = 0; i < NV_LEN(amounts); i++)
		bad |= json_object_set_new(
			o, amounts[i].key, nv_json_money(amounts[i].nano));
	bad |= json_object_set_new(o, "roi_percent", nv_json_percent(known, roi_ppm));
	return bad ? -ENOMEM : 0;
}

/* "1.08": how much of the base currency one unit is worth. */
static json_t *
rate_json(const struct eng_tally_currency *c)
{
	return c->rated ? nv_json_money(c->rate_nano) : json_null();
}

json_t *
eng_json_currencies(const struct eng_tally *t)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t c = 0; c < t->n_currencies; c++) {
		const struct eng_tally_currency *currency = &t->currencies[c];
		const struct eng_figures *own = &t->total->cell[c];
		json_t *o = json_pack("{s:s, s:o}", "currency", currency->code, "rate",
			rate_json(currency));
		struct eng_figures base;

		bad |= eng_json_put_figures(o, own);
		for (size_t f = 0; f < ENG_N_FIGURES && currency->rated; f++)
			base.v[f] = eng_convert(own->v[f], currency->rate_nano);
		bad |= json_object_set_new(o, "base_profit",
			currency->rated ? nv_json_money(eng_figures_profit(&base))
					: json_null());
		bad |= json_array_append_new(list, o);
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

int
eng_report_put_head(const struct eng_report *r, json_t *o)
{
	int bad = json_object_set_new(o, "period", eng_json_period(&r->period));

	bad |= json_object_set_new(
		o, "currency", json_string(r->call->eng->config->base_currency));
	if (r->target.name) {
		bad |= json_object_set_new(o, "target", nv_json_str(r->target.name));
		bad |= json_object_set_new(o, "kind", json_string(r->target.kind));
	}
	bad |= json_object_set_new(
		o, "by", r->per == ENG_PER_NONE ? json_null() : json_string(r->by));
	return bad ? -ENOMEM : 0;
}

int
eng_report_put_tail(const struct eng_report *r, json_t *o, const char *what)
{
	static const uint32_t fleet[] = {0};
	struct eng_scope scope = {r->target.ids ? r->target.ids : fleet,
		r->target.ids ? r->target.n : 1, r->period.from_ns, r->period.to_ns,
		!r->tally.own};
	int bad = json_object_set_new(o, "currencies", eng_json_currencies(&r->tally));
	int rc = eng_json_put_unconverted(o, r->call->eng, r->view, &scope, what);

	if (rc < 0)
		return rc;
	bad |= json_object_set_new(o, "unconverted_money",
		json_boolean(json_object_get(o, "unconverted") != NULL));
	return bad ? -ENOMEM : 0;
}

struct part {
	size_t index;
	nv_i128 left;
};

static int
most_left_first(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;

	if (x->left != y->left)
		return x->left > y->left ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

bool
eng_shares(const nv_i128 *parts, size_t n, unsigned *ret_tenths)
{
	struct part *left = calloc(n + 1, sizeof *left);
	nv_i128 whole = 0;
	unsigned given = 0;
	bool negative = false;

	for (size_t i = 0; i < n; i++) {
		whole += parts[i];
		negative = negative || parts[i] < 0;
	}
	if (!left || negative || whole <= 0) {
		free(left);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		nv_i128 scaled = parts[i] * 1000;

		ret_tenths[i] = (unsigned)(scaled / whole);
		given += ret_tenths[i];
		left[i] = (struct part){i, scaled % whole};
	}
	if (n > 1)
		qsort(left, n, sizeof *left, most_left_first);
	for (size_t i = 0; i < n && given < 1000; i++, given++)
		ret_tenths[left[i].index]++;
	free(left);
	return true;
}

/* Those that have none of it are not left out: they have no place in the list at all. */
static size_t
parts_of(const struct eng_tally *t, enum eng_figure figure, nv_i128 *parts)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_rows; i++) {
		parts[i] = eng_tally_at(t, i)->base.v[figure];
		n += parts[i] != 0;
	}
	return n;
}

static json_t *
share_json(const char *key, const char *what, nv_i128 nano, bool shared, unsigned tenths)
{
	return json_pack("{s:o, s:o, s:o}", "key", nv_json_str(key), what,
		nv_json_money(nano), "share_percent",
		nv_json_percent(shared, (int64_t)tenths * 1000));
}

static int
put_shares(json_t *o, const struct eng_tally *t, const struct eng_shares_ask *ask,
	nv_i128 *parts, unsigned *tenths)
{
	size_t left = parts_of(t, ask->figure, parts);
	bool shared = eng_shares(parts, t->n_rows, tenths);
	json_t *list = json_array();
	nv_i128 rest = 0;
	size_t shown = 0;
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < t->n_rows && !bad; i++) {
		if (parts[i] == 0)
			continue;
		if (shown == ask->limit) {
			rest += parts[i];
			continue;
		}
		bad |= json_array_append_new(
			list, share_json(eng_tally_at(t, i)->key, ask->what, parts[i],
				      shared, tenths[i]));
		shown++;
	}
	bad |= json_object_set_new(o, ask->list, list);
	if (left > shown)
		bad |= json_object_set_new(o, "omitted",
			json_pack("{s:I, s:o}", "rows", (json_int_t)(left - shown),
				ask->what, nv_json_money(rest)));
	return bad ? -ENOMEM : 0;
}

int
eng_json_put_shares(
	json_t *o, const struct eng_tally *t, const struct eng_shares_ask *ask)
{
	nv_i128 *parts = calloc(t->n_rows + 1, sizeof *parts);
	unsigned *tenths = calloc(t->n_rows + 1, sizeof *tenths);
	int rc = parts && tenths ? put_shares(o, t, ask, parts, tenths) : -ENOMEM;

	free(parts);
	free(tenths);
	return rc;
}
