/* Gammas by their mean and shape: see pol_math.h. */
#include "pol_math.h"

#include "gamma.h"

#include <math.h>

#define SHAPE_MIN 1e-6
#define SHAPE_MAX 1e12
/* The table of quantiles covers these shapes; outside the nearest end is exact enough:
 * below nothing is known, above nothing is unknown. */
#define TABLE_LN_MIN (-4.0)
#define TABLE_LN_MAX 12.0

double
pol_clip(double v, double lo, double hi)
{
	if (!(v > lo))
		return lo;
	return v < hi ? v : hi;
}

int64_t
pol_to_int(double v)
{
	if (!(v > -9.2e18))
		return v < 0 ? -INT64_C(9200000000000000000) : 0;
	return v < 9.2e18 ? (int64_t)llround(v) : INT64_C(9200000000000000000);
}

void
pol_quantile_init(struct pol_quantile *t, double p)
{
	t->p = p;
	for (unsigned i = 0; i < POL_QUANTILE_POINTS; i++) {
		double ln = TABLE_LN_MIN +
			    i * (TABLE_LN_MAX - TABLE_LN_MIN) / (POL_QUANTILE_POINTS - 1);
		double q = pol_gamma_quantile(exp(ln), p);

		t->ln_ratio[i] = q > 0 ? log(q) - ln : -700;
	}
}

double
pol_quantile_of(const struct pol_quantile *t, double shape)
{
	double at = (log(pol_clip(shape, SHAPE_MIN, SHAPE_MAX)) - TABLE_LN_MIN) *
		    (POL_QUANTILE_POINTS - 1) / (TABLE_LN_MAX - TABLE_LN_MIN);

	at = pol_clip(at, 0, POL_QUANTILE_POINTS - 1.001);
	unsigned i = (unsigned)at;
	double part = at - i;

	return exp(t->ln_ratio[i] * (1 - part) + t->ln_ratio[i + 1] * part);
}

struct pol_gamma
pol_gamma_fit(double mean, double second_moment)
{
	struct pol_gamma g;

	g.mean = pol_clip(mean, 1e-12, 1e15);
	double variance = second_moment - g.mean * g.mean;

	g.shape = pol_clip(
		g.mean * g.mean / pol_clip(variance, 1e-300, 1e300), 1e-3, SHAPE_MAX);
	return g;
}

double
pol_gamma_below(const struct pol_gamma *g, double x)
{
	return x > 0 ? pol_gamma_p(g->shape, x / g->mean * g->shape) : 0;
}

double
pol_gamma_at(const struct pol_gamma *g, double p)
{
	return pol_gamma_quantile(g->shape, p) / g->shape * g->mean;
}
