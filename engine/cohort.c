/* Sales and what came back of them: see cohort.h. */
#include "cohort.h"

#include <errno.h>
#include <stdlib.h>

struct cohorts {
	struct eng_report *r;
	uint64_t *first; /* owned: first seq of each row, and of what is after them */
	bool *wanted;    /* owned: by worker id; NULL = all */
	uint32_t n_workers;
	struct eng_figures *rest; /* owned: by currency of the tally */
	uint64_t corrected_at;    /* where the sale at hand was corrected */
};

/* The row that a seq is of; NULL: none. */
static struct eng_tally_row *
row_of(const struct cohorts *c, uint64_t seq)
{
	size_t low = 0;
	size_t high = c->r->tally.n_rows;

	if (high == 0 || seq < c->first[0] || seq >= c->first[high])
		return NULL;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (seq >= c->first[middle])
			low = middle;
		else
			high = middle;
	}
	return eng_tally_at(&c->r->tally, low);
}

static int
find_firsts(struct cohorts *c)
{
	const struct eng_tally *t = &c->r->tally;

	for (size_t i = 0; i <= t->n_rows; i++) {
		int64_t at_ns = i < t->n_rows ? eng_tally_at(t, i)->from_ns
					      : eng_tally_at(t, i - 1)->to_ns;
		struct led_totals before;
		int rc = led_view_window(c->r->view, 0, 0, 0, at_ns, &before);

		if (rc < 0 && rc != -ENOENT)
			return rc;
		c->first[i] = before.seq_last + 1;
	}
	return 0;
}

static int
find_wanted(struct cohorts *c)
{
	const struct eng_target *target = &c->r->target;

	if (!target->ids)
		return 0;
	c->n_workers = led_view_n_workers(c->r->view);
	c->wanted = calloc((size_t)c->n_workers + 1, sizeof *c->wanted);
	if (!c->wanted)
		return -ENOMEM;
	for (size_t i = 0; i < target->n; i++) {
		if (target->ids[i] <= c->n_workers)
			c->wanted[target->ids[i]] = true;
	}
	return 0;
}

/* Everything that was taken back since the first row began; what belongs to sales is
 * taken off again, sale by sale. */
static int
begin_rest(struct cohorts *c)
{
	struct eng_tally *t = &c->r->tally;
	struct eng_tally_row *sum = calloc(1, t->stride);
	int rc = sum ? eng_report_add(c->r, sum, eng_tally_at(t, 0)->from_ns, INT64_MAX)
		     : -ENOMEM;

	for (size_t i = 0; i < t->n_currencies && rc == 0; i++) {
		c->rest[i].v[ENG_FIG_REFUNDS] = sum->cell[i].v[ENG_FIG_REFUNDS];
		c->rest[i].v[ENG_FIG_DISPUTES] = sum->cell[i].v[ENG_FIG_DISPUTES];
	}
	free(sum);
	for (size_t i = 0; i < t->n_rows; i++) {
		for (size_t k = 0; k < t->n_currencies; k++) {
			eng_tally_at(t, i)->cell[k].v[ENG_FIG_REFUNDS] = 0;
			eng_tally_at(t, i)->cell[k].v[ENG_FIG_DISPUTES] = 0;
		}
	}
	return rc;
}

/* From the row of the correction to the row of the sale. */
static int
move_legs(void *arg, const struct led_event *sale)
{
	struct cohorts *c = arg;
	struct eng_tally_row *made = row_of(c, sale->seq);
	struct eng_tally_row *corrected = row_of(c, c->corrected_at);

	for (unsigned i = 0; i < sale->n_legs; i++) {
		const struct led_leg *leg = &sale->legs[i];
		enum eng_figure figure =
			leg->code == LED_CODE_FEE ? ENG_FIG_FEES : ENG_FIG_REVENUE;
		size_t k = 0;

		if ((leg->code != LED_CODE_REVENUE && leg->code != LED_CODE_FEE) ||
			eng_tally_currency(&c->r->tally, leg->currency, &k) < 0)
			continue;
		if (made)
			made->cell[k].v[figure] -= leg->nano;
		if (corrected)
			corrected->cell[k].v[figure] += leg->nano;
	}
	return 0;
}

static int
one_sale(void *arg, const struct led_sale *sale)
{
	struct cohorts *c = arg;
	struct eng_tally_row *row = row_of(c, sale->seq);
	nv_i128 disputes = (nv_i128)sale->disputed + sale->lost;
	size_t k = 0;

	if (c->wanted && (sale->worker > c->n_workers || !c->wanted[sale->worker]))
		return 0;
	/* A currency that only moved after the period is none of the tally's. */
	if (eng_tally_currency(&c->r->tally, sale->currency, &k) < 0)
		return 0;
	c->rest[k].v[ENG_FIG_REFUNDS] -= sale->refunded;
	c->rest[k].v[ENG_FIG_DISPUTES] -= disputes;
	if (row) {
		row->cell[k].v[ENG_FIG_REFUNDS] += sale->refunded;
		row->cell[k].v[ENG_FIG_DISPUTES] += disputes;
	}
	if (!sale->corrected)
		return 0;
	int rc = led_view_corrected(c->r->view, sale->seq, &c->corrected_at);

	return rc < 0 ? rc : led_view_event(c->r->view, sale->seq, move_legs, c);
}

static void
convert_rest(const struct cohorts *c, struct eng_figures *ret)
{
	const struct eng_tally *t = &c->r->tally;

	*ret = (struct eng_figures){0};
	for (size_t k = 0; k < t->n_currencies; k++) {
		for (size_t f = 0; f < ENG_N_FIGURES && t->currencies[k].rated; f++)
			ret->v[f] +=
				eng_convert(c->rest[k].v[f], t->currencies[k].rate_nano);
	}
}

int
eng_cohort_attribute(struct eng_report *r, struct eng_figures *ret_rest)
{
	struct cohorts c = {.r = r};
	int rc = 0;

	*ret_rest = (struct eng_figures){0};
	if (r->tally.n_rows == 0)
		return 0;
	c.first = calloc(r->tally.n_rows + 1, sizeof *c.first);
	c.rest = calloc(r->tally.n_currencies + 1, sizeof *c.rest);
	if (!c.first || !c.rest)
		rc = -ENOMEM;
	if (rc == 0)
		rc = find_firsts(&c);
	if (rc == 0)
		rc = find_wanted(&c);
	if (rc == 0)
		rc = begin_rest(&c);
	if (rc == 0)
		rc = led_view_sales(r->view, c.first[0], one_sale, &c);
	if (rc == 0) {
		eng_tally_convert(&r->tally);
		convert_rest(&c, ret_rest);
	}
	free(c.first);
	free(c.rest);
	free(c.wanted);
	return rc;
}
