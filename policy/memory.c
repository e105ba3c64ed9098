/* How fast a worker's past is forgotten: what it did lately says which memory predicts
 * it.
 *
 * For each half-life on the grid, sales are predicted a few days ahead from what was
 * known before (Gamma-Poisson, so a negative binomial); its weight is the prior times the
 * likelihood of what came, old predictions counting less (dynamic model averaging:
 * Raftery, Karny, Ettler, 2010). A market that stands still keeps a long memory, one that
 * falls gets a short one. The same predictions say how much more than a Poisson sales
 * scatter: bursts are fewer independent facts than sales. */
#include "pol_private.h"

#include <math.h>

#define BLOCK_D     3 /* days that are predicted together */
#define SHAPE       0.7
#define THIN_WEIGHT 15.0 /* sales that say it is a Poisson */
#define THIN_MAX    6.0
#define BETA        0.8 /* of volumes; only how the past compares with itself counts */

static const double half_life_d[POL_MEMORIES] = {7, 25, 60};
static const double prior[POL_MEMORIES] = {0.2, 0.6, 0.2};

void
pol_decay_init(double decay[POL_MEMORIES][POL_DAYS + 1])
{
	for (unsigned h = 0; h < POL_MEMORIES; h++) {
		for (unsigned i = 0; i <= POL_DAYS; i++)
			decay[h][i] = exp2(-(double)i / half_life_d[h]);
	}
}

struct block {
	int32_t day; /* its last one */
	double n;
	double e;
};

static size_t
blocks_of(const struct pol_worker *w, const double *e, int32_t today,
	struct block b[POL_DAYS / BLOCK_D + 2])
{
	size_t n = 0;

	for (uint32_t i = 0; i < w->n_days; i++) {
		const struct pol_day *d = &w->days[i];

		if (d->day > today || d->day <= today - POL_DAYS)
			continue;
		/* Counted back from today, so that the last block is whole. */
		int32_t last = today - (today - d->day) / BLOCK_D * BLOCK_D;
		double x = d->x_n ? (double)d->x_sum / d->x_n / POL_X_ONE : 1;

		if (n == 0 || b[n - 1].day != last)
			b[n++] = (struct block){.day = last};
		b[n - 1].n += d->caused;
		b[n - 1].e += x == 1 ? e[i] : e[i] * pow(x, BETA - 1);
	}
	return n;
}

struct score {
	double ln;
	double off2; /* squared errors over what they may be by the rate's own doubt */
	double should;
};

/* One half-life against all blocks. */
static void
predict(const struct block *b, size_t n, double rate0, int32_t today,
	const double *fading, double half_life, struct score *ret)
{
	double a = 0;
	double rate = 0;
	int sign;

	*ret = (struct score){0};
	for (size_t i = 0; i < n; i++) {
		double keep = i ? exp2((b[i - 1].day - b[i].day) / half_life) : 1;

		a *= keep;
		rate *= keep;
		if (i > 0 && b[i].e > 0) {
			double shape = SHAPE + a;
			double r = rate0 + rate;
			double should = shape / r * b[i].e;
			double off = b[i].n - should;
			double ln =
				lgamma_r(shape + b[i].n, &sign) - lgamma_r(shape, &sign) +
				shape * log(r / (r + b[i].e)) +
				(b[i].n > 0 ? b[i].n * log(b[i].e / (r + b[i].e)) : 0);
			double old = fading[today - b[i].day];

			ret->ln += ln * old;
			ret->off2 += off * off / (1 + b[i].e / r);
			ret->should += should;
		}
		a += b[i].n;
		rate += b[i].e;
	}
}

void
pol_memory_make(const struct pol *p, const struct pol_worker *w, const double *e,
	int32_t today, struct pol_memory *ret)
{
	struct block b[POL_DAYS / BLOCK_D + 2];
	struct score s[POL_MEMORIES];
	size_t n = blocks_of(w, e, today, b);
	double total_n = 0;
	double total_e = 0;

	for (size_t i = 0; i < n; i++) {
		total_n += b[i].n;
		total_e += b[i].e;
	}
	double weight[POL_MEMORIES];
	double sum = 0;
	double top = -INFINITY;

	/* Beginning with its own mean rate, weakly: the first blocks say nothing. */
	double rate0 = SHAPE * total_e / (total_n + SHAPE);

	for (unsigned h = 0; h < POL_MEMORIES; h++) {
		s[h] = (struct score){0};
		if (n > 2 && total_e > 0)
			predict(b, n, rate0, today, p->decay[POL_MEMORY_USUAL],
				half_life_d[h], &s[h]);
	}
	/* Scatter as the usual memory sees it, at least a Poisson's. */
	double thin = THIN_MAX;

	for (unsigned h = 0; h < POL_MEMORIES; h++) {
		double by = (THIN_WEIGHT + s[h].off2) / (THIN_WEIGHT + s[h].should);

		thin = NV_MIN(thin, by);
	}
	ret->thin = pol_clip(thin, 1, THIN_MAX);
	for (unsigned h = 0; h < POL_MEMORIES; h++) {
		weight[h] = log(prior[h]) + s[h].ln / ret->thin;
		top = NV_MAX(top, weight[h]);
	}
	for (unsigned h = 0; h < POL_MEMORIES; h++) {
		weight[h] = exp(weight[h] - top);
		sum += weight[h];
	}
	ret->half_life_d = 0;
	for (unsigned h = 0; h < POL_MEMORIES; h++) {
		weight[h] /= sum;
		ret->half_life_d += weight[h] * half_life_d[h];
	}
	for (unsigned i = 0; i <= POL_DAYS; i++) {
		ret->decay[i] = 0;
		for (unsigned h = 0; h < POL_MEMORIES; h++)
			ret->decay[i] += weight[h] * p->decay[h][i];
	}
}
