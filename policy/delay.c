/* How long after its cause a sale comes: the reverse hazards of a chain ladder, made for
 * data that are cut off on the right (the late sales of young causes are not there yet).
 *
 *   F(j) = product over k > j of (1 - n_k / N_k)
 *
 * n_k sales with a delay in bin k, N_k those with a delay up to its upper edge, both only
 * of causes that are older than that edge. Causes are kept by the day, so a day counts
 * for an edge when its last second is older. */
#include "gamma.h"
#include "pol_private.h"

#include <math.h>
#include <string.h>

#define H(hours) (INT64_C(hours) * POL_HOUR_S)
const int64_t pol_delay_edge_s[POL_BINS] = {H(1), H(2), H(3), H(5), H(7), H(9), H(12),
	H(18), H(24), H(36), H(48), H(72), H(96), H(144), H(192), H(288), H(384), H(576),
	H(768), H(1080)};

#define PRIOR_MEDIAN_S (18.0 * POL_HOUR_S)
#define PRIOR_SIGMA    1.3

static unsigned
bin_of(int64_t delay_s)
{
	unsigned k = 0;

	while (k < POL_BINS - 1 && delay_s > pol_delay_edge_s[k])
		k++;
	return k;
}

void
pol_delay_add(struct pol_delay *d, int64_t caused_ts, int64_t delay_s)
{
	int32_t day = pol_day_of(caused_ts);
	unsigned slot = (unsigned)day % POL_DELAY_DAYS;
	unsigned k = bin_of(delay_s);

	if (d->n < UINT32_MAX)
		d->n++;
	if (d->day[slot] < day) {
		for (unsigned i = 0; i < POL_BINS; i++)
			d->mature[i] += d->young[slot][i];
		memset(d->young[slot], 0, sizeof d->young[slot]);
		d->day[slot] = day;
	}
	if (d->day[slot] > day)
		d->mature[k] += d->mature[k] < UINT32_MAX;
	else if (d->young[slot][k] < UINT16_MAX)
		d->young[slot][k]++;
}

/* Adds to n[k] and upto[k] what the worker's causes say of bin k. */
static void
ladder_add(const struct pol_delay *d, int64_t now, double *n, double *upto)
{
	double sum = 0;

	for (unsigned k = 0; k < POL_BINS; k++) {
		sum += d->mature[k];
		n[k] += d->mature[k];
		upto[k] += sum;
	}
	for (unsigned i = 0; i < POL_DELAY_DAYS; i++) {
		int64_t end = ((int64_t)d->day[i] + 1) * POL_DAY_S;

		sum = 0;
		for (unsigned k = 0; k < POL_BINS && end + pol_delay_edge_s[k] <= now;
			k++) {
			sum += d->young[i][k];
			n[k] += d->young[i][k];
			upto[k] += sum;
		}
	}
}

static void
curve_figures(struct pol_curve *c)
{
	double mean = 0;
	double before = 0;
	int64_t from = 0;

	for (unsigned k = 0; k < POL_BINS; k++) {
		mean += (c->at[k] - before) * (double)(from + pol_delay_edge_s[k]) / 2;
		before = c->at[k];
		from = pol_delay_edge_s[k];
	}
	c->mean_s = mean;
	c->median_s = (double)pol_curve_age(c, 0.5);
}

void
pol_curve_prior(struct pol_curve *ret)
{
	double last = pol_normal_cdf(
		log((double)pol_delay_edge_s[POL_BINS - 1] / PRIOR_MEDIAN_S) /
		PRIOR_SIGMA);

	for (unsigned k = 0; k < POL_BINS; k++)
		ret->at[k] =
			pol_normal_cdf(log((double)pol_delay_edge_s[k] / PRIOR_MEDIAN_S) /
				       PRIOR_SIGMA) /
			last;
	curve_figures(ret);
}

void
pol_curve_fit(const struct pol_delay *const *d, size_t count,
	const struct pol_curve *prior, double weight, int64_t now, struct pol_curve *ret)
{
	double n[POL_BINS];
	double upto[POL_BINS];
	double f = 1;

	for (unsigned k = 0; k < POL_BINS; k++) {
		n[k] = weight * (prior->at[k] - (k ? prior->at[k - 1] : 0));
		upto[k] = weight * prior->at[k];
	}
	for (size_t i = 0; i < count; i++) {
		if (d[i])
			ladder_add(d[i], now, n, upto);
	}
	for (unsigned k = POL_BINS; k-- > 0;) {
		ret->at[k] = f;
		f *= upto[k] > 0 ? pol_clip(1 - n[k] / upto[k], 0, 1) : 1;
	}
	curve_figures(ret);
}

double
pol_curve_at(const struct pol_curve *c, int64_t age_s)
{
	double before = 0;
	int64_t from = 0;

	if (age_s <= 0)
		return 0;
	for (unsigned k = 0; k < POL_BINS; k++) {
		int64_t edge = pol_delay_edge_s[k];

		if (age_s < edge)
			return before + (c->at[k] - before) * (double)(age_s - from) /
						(double)(edge - from);
		before = c->at[k];
		from = edge;
	}
	return 1;
}

int64_t
pol_curve_age(const struct pol_curve *c, double p)
{
	double before = 0;
	int64_t from = 0;

	for (unsigned k = 0; k < POL_BINS; k++) {
		int64_t edge = pol_delay_edge_s[k];

		if (c->at[k] >= p && c->at[k] > before)
			return from + pol_to_int((p - before) / (c->at[k] - before) *
						 (double)(edge - from));
		before = c->at[k];
		from = edge;
	}
	return from;
}
