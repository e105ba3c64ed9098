/* From the ledger's sums to the rows of a report: see reports.h. */
#include "fleet.h"
#include "reports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Windows of time times workers that one answer may look at: milliseconds. */
#define LOOKS_MAX 100000
/* Parts of a period that are counted one by one: 22 years of hours. */
#define PARTS_MAX 200000

/* ---- by worker ---- */

static bool
wanted(const struct eng_target *target, const struct eng_worker *w)
{
	if (w->id == 0)
		return false;
	if (!target->ids || target->only)
		return !target->only || target->only == w;
	return strcmp(eng_worker_group(w), target->name) == 0;
}

int
eng_report_add(
	struct eng_report *r, struct eng_tally_row *row, int64_t from_ns, int64_t to_ns)
{
	if (!r->target.ids)
		return eng_tally_window(&r->tally, row, 0, from_ns, to_ns, 1);
	for (size_t i = 0; i < r->target.n; i++) {
		int rc = eng_tally_window(
			&r->tally, row, r->target.ids[i], from_ns, to_ns, 1);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* What belongs to none of the rows is what the whole has more than all of them. */
static int
add_rest(struct eng_report *r, const char *key)
{
	struct eng_tally *t = &r->tally;
	int rc = 0;
	struct eng_tally_row *rest = eng_tally_row(t, key, 0, 0, &rc);

	if (!rest)
		return rc;
	for (size_t i = 0; i + 1 < t->n_rows; i++) {
		for (size_t c = 0; c < t->n_currencies; c++)
			eng_figures_add(&rest->cell[c], &eng_tally_at(t, i)->cell[c], -1);
	}
	return eng_report_add(r, rest, r->period.from_ns, r->period.to_ns);
}

/* Each worker's own window under the name of its row. */
static int
by_worker(struct eng_report *r)
{
	const struct eng_period *p = &r->period;

	for (const struct eng_worker *w = r->call->eng->workers; w; w = w->next) {
		const char *key = r->per == ENG_PER_GROUP ? eng_worker_group(w) : w->name;
		int rc = 0;

		if (!wanted(&r->target, w))
			continue;
		struct eng_tally_row *row = eng_tally_row(
			&r->tally, key[0] ? key : "(not configured)", 0, 0, &rc);

		if (row)
			rc = eng_tally_window(
				&r->tally, row, w->id, p->from_ns, p->to_ns, 1);
		if (rc < 0)
			return rc;
	}
	return r->target.ids ? 0 : add_rest(r, "(no worker)");
}

/* ---- by category ---- */

struct category_walk {
	struct eng_tally *tally;
	enum eng_figure figure;
	int sign;
};

static int
one_category(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	const struct category_walk *w = arg;
	size_t c = 0;
	int rc = eng_tally_currency(w->tally, currency, &c);

	(void)worker;
	(void)events;
	if (rc < 0)
		return -EBADMSG; /* the fleet's sum would have moved too */
	struct eng_tally_row *row =
		eng_tally_row(w->tally, category[0] ? category : "(none)", 0, 0, &rc);

	if (!row)
		return rc;
	row->cell[c].v[w->figure] += w->sign * nano;
	return 0;
}

static int
walk_code(const struct eng_report *r, enum led_code code, struct category_walk *w)
{
	if (!r->target.ids)
		return led_view_categories(r->view, LED_ALL_WORKERS, code,
			r->period.from_ns, r->period.to_ns, one_category, w);
	for (size_t i = 0; i < r->target.n; i++) {
		int rc = led_view_categories(r->view, r->target.ids[i], code,
			r->period.from_ns, r->period.to_ns, one_category, w);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* Which figure a posting counts for, and which way: as the ledger's own sums do. */
static const struct {
	enum led_code code;
	enum eng_figure figure;
	int sign;
} codes[] = {
	{LED_CODE_COST, ENG_FIG_COST, 1},
	{LED_CODE_REVENUE, ENG_FIG_REVENUE, 1},
	{LED_CODE_REFUND, ENG_FIG_REFUNDS, 1},
	{LED_CODE_FEE, ENG_FIG_FEES, 1},
	{LED_CODE_DISPUTE, ENG_FIG_DISPUTES, 1},
	{LED_CODE_DISPUTE_WON, ENG_FIG_DISPUTES, -1},
};

/* What was imported has its categories as of the import alone: they fit a period that has
 * all of it, else it is one row. */
static int
past_by_category(const struct eng_report *r, struct eng_tally *t, unsigned figures)
{
	static const struct {
		enum led_code code;
		enum eng_figure figure;
	} past[] = {{LED_CODE_PAST_COST, ENG_FIG_COST},
		{LED_CODE_PAST_REVENUE, ENG_FIG_REVENUE}};
	bool all = r->period.from_ns == 0 &&
		   r->period.to_ns > led_last_time(r->call->eng->led);
	int rc = 0;

	if (t->own)
		return 0;
	for (size_t i = 0; all && i < NV_LEN(past) && rc == 0; i++) {
		struct category_walk w = {t, past[i].figure, 1};

		if (!figures || figures >> past[i].figure & 1)
			rc = walk_code(r, past[i].code, &w);
	}
	if (all || rc < 0)
		return rc;
	struct eng_tally_row *row = eng_tally_row(t, "(imported)", 0, 0, &rc);
	size_t n = r->target.ids ? r->target.n : 1;

	for (size_t i = 0; row && i < n && rc == 0; i++)
		rc = eng_tally_past(t, row, r->target.ids ? r->target.ids[i] : 0,
			r->period.from_ns, r->period.to_ns, 1);
	for (size_t c = 0; row && figures && c < t->n_currencies; c++) {
		for (size_t f = 0; f < ENG_N_FIGURES; f++) {
			if (!(figures >> f & 1))
				row->cell[c].v[f] = 0;
		}
	}
	return rc;
}

/* figures: 1 << enum eng_figure of those that are wanted; 0: all. */
static int
by_category(const struct eng_report *r, struct eng_tally *t, unsigned figures)
{
	for (size_t i = 0; i < NV_LEN(codes); i++) {
		struct category_walk w = {t, codes[i].figure, codes[i].sign};
		bool wanted_too = !figures || figures >> codes[i].figure & 1;
		int rc = wanted_too ? walk_code(r, codes[i].code, &w) : 0;

		if (rc < 0)
			return rc;
	}
	return past_by_category(r, t, figures);
}

int
eng_report_fill_costs(struct eng_report *r, struct eng_tally *t)
{
	int rc = eng_tally_init(
		t, r->call->eng, r->view, r->period.from_ns, r->period.to_ns);

	if (rc == 0)
		rc = by_category(r, t, 1u << ENG_FIG_COST);
	if (rc == 0)
		eng_tally_convert(t);
	return rc;
}

/* ---- by variant ---- */

struct variant_walk {
	struct eng_report *r;
	const struct eng_worker *worker;
};

/* Variants are a worker's own: its name goes with them unless it is the only one. */
static int
one_variant(void *arg, uint32_t variant, const char *name)
{
	const struct variant_walk *w = arg;
	struct eng_tally *t = &w->r->tally;
	const struct eng_period *p = &w->r->period;
	char key[ENG_TALLY_KEY_BYTES];
	int rc = 0;

	(void)snprintf(key, sizeof key, "%s%s%s",
		w->r->target.only ? "" : w->worker->name, w->r->target.only ? "" : ":",
		name);
	struct eng_tally_row *row = eng_tally_row(t, key, 0, 0, &rc);

	for (size_t c = 0; row && c < t->n_currencies; c++) {
		struct led_totals totals;

		rc = led_view_variant(w->r->view, w->worker->id, variant,
			t->currencies[c].id, p->from_ns, p->to_ns, &totals);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		row->cell[c] = eng_figures_of(&totals);
	}
	return row ? 0 : rc;
}

static int
by_variant(struct eng_report *r)
{
	for (const struct eng_worker *w = r->call->eng->workers; w; w = w->next) {
		int rc = wanted(&r->target, w)
				 ? led_view_variants(r->view, w->id, one_variant,
					   &(struct variant_walk){r, w})
				 : 0;

		if (rc < 0)
			return rc;
	}
	return add_rest(r, "(no variant)");
}

/* ---- by time ---- */

int
eng_report_add_time(struct eng_report *r, const char *key, int64_t from_ns, int64_t to_ns)
{
	int rc = 0;
	struct eng_tally_row *row = eng_tally_row(&r->tally, key, from_ns, to_ns, &rc);

	return row ? eng_report_add(r, row, from_ns, to_ns) : rc;
}

/* When anything was first counted: nothing before it needs a row of its own. Commits are
 * in order of time, so whether there is something before an instant can be bisected. */
static int
first_event(struct led_view *view, int64_t to_ns, int64_t *ret_ns)
{
	int64_t none = 0; /* up to here there is nothing */
	int64_t some = to_ns;

	while (some - none > INT64_C(60000000000)) {
		int64_t middle = none + (some - none) / 2;
		struct led_totals t;
		int rc = led_view_window(view, 0, 0, 0, middle, &t);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == 0)
			some = middle;
		else
			none = middle;
	}
	*ret_ns = none;
	return 0;
}

/* The same of what was imported: it is older, as a rule. */
static int
first_past(const struct eng_report *r, int64_t *ret_ns)
{
	for (size_t c = 0; c < r->tally.n_currencies && !r->tally.own; c++) {
		int64_t at_ns = 0;
		int rc = led_view_past_first(
			r->view, 0, r->tally.currencies[c].id, &at_ns);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == 0)
			*ret_ns = NV_MIN(*ret_ns, at_ns);
	}
	return 0;
}

/* The last `keep` beginnings of the units of a period, in a ring. */
struct edges {
	int64_t *at; /* owned */
	size_t keep;
	size_t n; /* of all */
};

static int
find_edges(struct eng_report *r, int64_t from_ns, struct edges *ret)
{
	size_t looks = LOOKS_MAX / NV_MAX(r->target.n * r->tally.n_currencies, (size_t)1);

	ret->keep = NV_MAX(NV_MIN(r->limit, looks), (size_t)1);
	ret->at = calloc(ret->keep, sizeof *ret->at);
	if (!ret->at)
		return -ENOMEM;
	for (int64_t t = from_ns; t < r->period.to_ns; t = eng_unit_next(r->unit, t)) {
		if (ret->n == PARTS_MAX)
			return nv_err_set(&r->call->err, -EINVAL,
				"the period has more than %d parts: expected a shorter "
				"one, or longer parts",
				PARTS_MAX);
		ret->at[ret->n++ % ret->keep] = t;
	}
	return 0;
}

static int
by_time(struct eng_report *r)
{
	struct edges e = {0};
	int64_t from_ns = r->period.from_ns;
	int rc = 0;

	/* Since the beginning: of the first unit in which something happened. */
	if (from_ns == 0) {
		rc = first_event(r->view, r->period.to_ns, &from_ns);
		if (rc == 0)
			rc = first_past(r, &from_ns);
		if (rc == 0)
			from_ns = eng_unit_start(r->unit, from_ns);
	}
	if (rc == 0)
		rc = find_edges(r, from_ns, &e);
	size_t n = NV_MIN(e.n, e.keep);

	r->folded = e.n - n;
	for (size_t i = 0; i < n && rc == 0; i++) {
		char name[ENG_UNIT_BYTES];
		int64_t at = e.at[(r->folded + i) % e.keep];
		int64_t next =
			i + 1 < n ? e.at[(r->folded + i + 1) % e.keep] : r->period.to_ns;

		if (i == 0 && r->folded > 0)
			rc = eng_report_add_time(r, "(earlier)", from_ns, at);
		if (rc == 0)
			rc = eng_report_add_time(
				r, eng_unit_name(r->unit, at, name), at, next);
	}
	free(e.at);
	return rc;
}

/* ---- all ---- */

int
eng_report_fill(struct eng_report *r)
{
	int rc = 0;

	switch (r->per) {
	case ENG_PER_WORKER:
	case ENG_PER_GROUP:
		rc = by_worker(r);
		break;
	case ENG_PER_CATEGORY:
		rc = by_category(r, &r->tally, r->figures);
		/* What was not looked at by category is in the total all the same. */
		if (rc == 0 && r->figures)
			rc = add_rest(r, "(other figures)");
		break;
	case ENG_PER_VARIANT:
		rc = by_variant(r);
		break;
	case ENG_PER_UNIT:
		rc = by_time(r);
		break;
	case ENG_PER_NONE:
	default:
		rc = eng_report_add_time(r, "", r->period.from_ns, r->period.to_ns);
		break;
	}
	if (rc == -E2BIG)
		return nv_err_set(&r->call->err, rc,
			"that is more than %zu rows: ask for less", ENG_TALLY_ROWS_MAX);
	if (rc == 0)
		eng_tally_convert(&r->tally);
	return rc;
}
