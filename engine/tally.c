/* Tables of money: see tally.h. */
#include "tally.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

nv_i128
eng_figures_earned(const struct eng_figures *f)
{
	return f->v[ENG_FIG_REVENUE] - f->v[ENG_FIG_REFUNDS] - f->v[ENG_FIG_DISPUTES] -
	       f->v[ENG_FIG_FEES];
}

nv_i128
eng_figures_profit(const struct eng_figures *f)
{
	return eng_figures_earned(f) - f->v[ENG_FIG_COST];
}

bool
eng_figures_any(const struct eng_figures *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (f->v[i] != 0)
			return true;
	}
	return false;
}

void
eng_figures_add(struct eng_figures *sum, const struct eng_figures *f, int sign)
{
	for (size_t i = 0; i < ENG_N_FIGURES; i++)
		sum->v[i] += sign * f->v[i];
}

struct eng_figures
eng_figures_of(const struct led_totals *t)
{
	return (struct eng_figures){{
		[ENG_FIG_COST] = t->cost,
		[ENG_FIG_REVENUE] = t->revenue,
		[ENG_FIG_REFUNDS] = t->refunds,
		[ENG_FIG_FEES] = t->fees,
		[ENG_FIG_DISPUTES] = t->disputes,
		[ENG_FIG_PAYOUTS] = t->payouts,
		[ENG_FIG_GRANTS] = t->grants,
	}};
}

/* ---- currencies ---- */

static bool
any_of(const struct led_totals *totals)
{
	struct eng_figures f = eng_figures_of(totals);

	return eng_figures_any(&f, ENG_N_FIGURES);
}

/* A currency whose postings of the period cancel out for the fleet may still have moved
 * for its workers: what counts is that something was posted. */
static int
currency_moved(const struct eng_tally *t, uint32_t id, bool *ret)
{
	struct led_totals before = {0};
	struct led_totals after = {0};
	struct led_totals past = {0};
	int rc = led_view_window(t->view, 0, id, 0, t->to_ns, &after);

	if (rc == 0)
		rc = led_view_window(t->view, 0, id, 0, t->from_ns, &before);
	if (rc == 0 || rc == -ENOENT)
		rc = led_view_past(t->view, 0, id, t->from_ns, t->to_ns, &past);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret = past.seq_last > 0 || any_of(&after) || any_of(&before);
	return 0;
}

static int
find_currencies(struct eng_tally *t)
{
	uint32_t n = led_view_n_currencies(t->view);

	t->currencies = calloc((size_t)n + 1, sizeof *t->currencies);
	if (!t->currencies)
		return -ENOMEM;
	for (uint32_t id = 1; id <= n; id++) {
		struct eng_tally_currency *c = &t->currencies[t->n_currencies];
		int rc = led_view_currency_code(t->view, id, c->code);

		if (rc < 0)
			return rc;
		bool moved = false;

		rc = currency_moved(t, id, &moved);
		if (rc < 0)
			return rc;
		if (!moved)
			continue;
		c->id = id;
		c->rated = eng_rate(t->eng->config, c->code, &c->rate_nano);
		t->n_currencies++;
	}
	return 0;
}

int
eng_tally_init(struct eng_tally *t, struct eng *eng, struct led_view *view,
	int64_t from_ns, int64_t to_ns)
{
	*t = (struct eng_tally){
		.eng = eng, .view = view, .from_ns = from_ns, .to_ns = to_ns};
	int rc = find_currencies(t);

	if (rc < 0)
		return rc;
	t->stride = sizeof(struct eng_tally_row) +
		    t->n_currencies * sizeof(struct eng_figures);
	t->total = calloc(1, t->stride);
	return t->total ? 0 : -ENOMEM;
}

void
eng_tally_fini(struct eng_tally *t)
{
	free(t->currencies);
	free(t->rows);
	free(t->total);
	*t = (struct eng_tally){0};
}

int
eng_tally_currency(const struct eng_tally *t, uint32_t id, size_t *ret)
{
	for (size_t i = 0; i < t->n_currencies; i++) {
		if (t->currencies[i].id == id) {
			*ret = i;
			return 0;
		}
	}
	return -ENOENT;
}

/* ---- rows ---- */

struct eng_tally_row *
eng_tally_at(const struct eng_tally *t, size_t i)
{
	NV_ASSERT(i < t->n_rows);
	return (struct eng_tally_row *)(void *)(t->rows + i * t->stride);
}

static int
by_key(const void *a, const void *b)
{
	const struct eng_tally_row *x = a;
	const struct eng_tally_row *y = b;

	if (x->from_ns != y->from_ns)
		return x->from_ns < y->from_ns ? -1 : 1;
	return strcmp(x->key, y->key);
}

/* In order, and one row a key. */
static void
merge(struct eng_tally *t)
{
	size_t kept = 0;

	if (t->n_rows > 1)
		qsort(t->rows, t->n_rows, t->stride, by_key);
	for (size_t i = 0; i < t->n_rows; i++) {
		const struct eng_tally_row *row = eng_tally_at(t, i);
		struct eng_tally_row *last = kept > 0 ? eng_tally_at(t, kept - 1) : NULL;

		if (last && by_key(last, row) == 0) {
			for (size_t c = 0; c < t->n_currencies; c++)
				eng_figures_add(&last->cell[c], &row->cell[c], 1);
		} else {
			if (i != kept)
				memcpy(t->rows + kept * t->stride, row, t->stride);
			kept++;
		}
	}
	t->n_rows = kept;
}

static int
make_room(struct eng_tally *t)
{
	if (t->n_rows < t->cap)
		return 0;
	/* Many parts of few rows (categories of many workers) stay few. */
	merge(t);
	if (t->n_rows < t->cap / 2)
		return 0;
	if (t->n_rows >= ENG_TALLY_ROWS_MAX)
		return -E2BIG;
	size_t cap = t->cap ? 2 * t->cap : 64;
	uint8_t *rows = reallocarray(t->rows, cap, t->stride);

	if (!rows)
		return -ENOMEM;
	t->rows = rows;
	t->cap = cap;
	return 0;
}

struct eng_tally_row *
eng_tally_row(
	struct eng_tally *t, const char *key, int64_t from_ns, int64_t to_ns, int *ret_rc)
{
	*ret_rc = make_room(t);
	if (*ret_rc < 0)
		return NULL;
	struct eng_tally_row *row =
		(struct eng_tally_row *)(void *)(t->rows + t->n_rows * t->stride);

	memset(row, 0, t->stride);
	(void)snprintf(row->key, sizeof row->key, "%s", key);
	row->from_ns = from_ns;
	row->to_ns = to_ns;
	t->n_rows++;
	return row;
}

int
eng_tally_past(struct eng_tally *t, struct eng_tally_row *row, uint32_t worker,
	int64_t from_ns, int64_t to_ns, int sign)
{
	for (size_t c = 0; c < t->n_currencies; c++) {
		struct led_totals totals;
		int rc = led_view_past(
			t->view, worker, t->currencies[c].id, from_ns, to_ns, &totals);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		struct eng_figures f = eng_figures_of(&totals);

		eng_figures_add(&row->cell[c], &f, sign);
	}
	return 0;
}

int
eng_tally_window(struct eng_tally *t, struct eng_tally_row *row, uint32_t worker,
	int64_t from_ns, int64_t to_ns, int sign)
{
	for (size_t c = 0; c < t->n_currencies; c++) {
		struct led_totals totals;
		int rc = led_view_money(
			t->view, worker, t->currencies[c].id, from_ns, to_ns, &totals);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		struct eng_figures f = eng_figures_of(&totals);

		eng_figures_add(&row->cell[c], &f, sign);
	}
	return t->own ? 0 : eng_tally_past(t, row, worker, from_ns, to_ns, sign);
}

/* ---- the whole ---- */

static bool
row_is_empty(const struct eng_tally *t, const struct eng_tally_row *row)
{
	if (row->to_ns != 0)
		return false;
	for (size_t c = 0; c < t->n_currencies; c++) {
		if (eng_figures_any(&row->cell[c], ENG_N_PROFIT_FIGURES))
			return false;
	}
	return true;
}

static void
drop_empty(struct eng_tally *t)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n_rows; i++) {
		const struct eng_tally_row *row = eng_tally_at(t, i);

		if (row_is_empty(t, row))
			continue;
		if (i != kept)
			memcpy(t->rows + kept * t->stride, row, t->stride);
		kept++;
	}
	t->n_rows = kept;
}

/* The base currency of one figure of one currency: each row gets what the running sum
 * grows by. */
static void
convert_column(struct eng_tally *t, size_t c, size_t figure)
{
	int64_t rate_nano = t->currencies[c].rate_nano;
	nv_i128 sum = 0;
	nv_i128 before = 0;

	for (size_t i = 0; i < t->n_rows; i++) {
		struct eng_tally_row *row = eng_tally_at(t, i);

		sum += row->cell[c].v[figure];
		nv_i128 now = eng_convert(sum, rate_nano);

		row->base.v[figure] += now - before;
		before = now;
	}
	t->total->cell[c].v[figure] = sum;
	t->total->base.v[figure] += before;
}

void
eng_tally_convert(struct eng_tally *t)
{
	merge(t);
	drop_empty(t);
	memset(t->total, 0, t->stride);
	for (size_t i = 0; i < t->n_rows; i++)
		eng_tally_at(t, i)->base = (struct eng_figures){0};
	for (size_t c = 0; c < t->n_currencies; c++) {
		for (size_t f = 0; f < ENG_N_FIGURES; f++) {
			if (t->currencies[c].rated)
				convert_column(t, c, f);
			else
				for (size_t i = 0; i < t->n_rows; i++)
					t->total->cell[c].v[f] +=
						eng_tally_at(t, i)->cell[c].v[f];
		}
	}
}

/* ---- order ---- */

struct order {
	enum eng_tally_order by;
	bool least_first;
};

static int
compare(const void *a, const void *b, void *arg)
{
	const struct eng_tally_row *x = a;
	const struct eng_tally_row *y = b;
	const struct order *o = arg;
	nv_i128 d = 0;
	int64_t roi[2] = {0};
	bool known[2];

	switch (o->by) {
	case ENG_BY_COST:
		d = x->base.v[ENG_FIG_COST] - y->base.v[ENG_FIG_COST];
		break;
	case ENG_BY_REVENUE:
		d = x->base.v[ENG_FIG_REVENUE] - y->base.v[ENG_FIG_REVENUE];
		break;
	case ENG_BY_PROFIT:
		d = eng_figures_profit(&x->base) - eng_figures_profit(&y->base);
		break;
	case ENG_BY_ROI:
		known[0] = nv_roi_ppm(
			eng_figures_earned(&x->base), x->base.v[ENG_FIG_COST], &roi[0]);
		known[1] = nv_roi_ppm(
			eng_figures_earned(&y->base), y->base.v[ENG_FIG_COST], &roi[1]);
		if (known[0] != known[1])
			return known[0] ? -1 : 1;
		d = (nv_i128)roi[0] - roi[1];
		if (d == 0)
			d = eng_figures_profit(&x->base) - eng_figures_profit(&y->base);
		break;
	case ENG_BY_KEY:
	default:
		break;
	}
	if (d != 0)
		return (d > 0) == o->least_first ? 1 : -1;
	return by_key(a, b);
}

void
eng_tally_sort(struct eng_tally *t, enum eng_tally_order order, bool least_first)
{
	struct order o = {order, least_first};

	if (t->n_rows > 1)
		qsort_r(t->rows, t->n_rows, t->stride, compare, &o);
}
