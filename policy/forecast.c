/* Forecasts: see forecast.h. */
#include "forecast.h"

#include "gamma.h"

#include <math.h>

#define SIZE_PRIOR 5.0  /* sales the mean size is shrunk by: as the model does */
#define DRIFT_WEEK 0.01 /* variance of the relative drift of a market in a week */
#define COST_LEAST 0.02 /* relative deviation of a cost that is planned to the cent */

/* A sum of many things: mean, variance of its own, and of what all have in common. */
struct moments {
	double mean;
	double var;
	double common; /* deviation, adds up before it is squared */
	double none;   /* ln of the probability of no sale */
	double back;   /* refunds of what was sold before */
	double back_var;
};

static void
add_prospect(struct moments *m, const struct pol_prospect *p, struct pol_forecast *ret)
{
	double exposure = p->due + p->planned;
	double mu = p->a / p->b * exposure;
	double net = p->size * (1 - p->refund * p->refund_new);
	double mean = mu * net;

	m->mean += mean;
	m->var += net * net * (mu * (1 + p->cv2) + mu * mu / p->a) +
		  mean * mean * p->cv2 / (SIZE_PRIOR + p->n);
	m->common += mean * sqrt(DRIFT_WEEK * ret->days / 7);
	m->none += p->a * log(p->b / (p->b + exposure));
	m->back += p->refund_due;
	m->back_var += p->refund_var;
	ret->sales += mu;
	ret->due += p->a / p->b * p->due * net;
	ret->refunds += p->refund_due + mu * p->size * p->refund * p->refund_new;
	ret->evidence += p->n;
}

/* Quantile of the lump and the Gamma above it. */
static double
quantile(double none, double shape, double scale, double p)
{
	if (p <= none)
		return 0;
	return scale * pol_gamma_quantile(shape, (p - none) / (1 - none));
}

/* What is to be gained: a Gamma with a lump at zero. */
static struct pol_interval
gain_of(const struct moments *m)
{
	double var = m->var + m->common * m->common;

	if (!(m->mean > 0) || !(var > 0))
		return (struct pol_interval){0};
	double none = exp(m->none);
	double some = fmax(1 - none, 1e-12);
	double mean = m->mean / some;
	double spread =
		fmax((var + m->mean * m->mean) / some - mean * mean, 1e-12 * mean * mean);
	double shape = mean * mean / spread;
	double scale = spread / mean;

	return (struct pol_interval){.mean = m->mean,
		.low80 = quantile(none, shape, scale, 0.1),
		.high80 = quantile(none, shape, scale, 0.9),
		.low95 = quantile(none, shape, scale, 0.025),
		.high95 = quantile(none, shape, scale, 0.975)};
}

/* a - b, two things that are independent: their half widths add up in quadrature. */
static struct pol_interval
less(const struct pol_interval *a, const struct pol_interval *b)
{
	double mean = a->mean - b->mean;

	return (struct pol_interval){.mean = mean,
		.low80 = mean - hypot(a->mean - a->low80, b->high80 - b->mean),
		.high80 = mean + hypot(a->high80 - a->mean, b->mean - b->low80),
		.low95 = mean - hypot(a->mean - a->low95, b->high95 - b->mean),
		.high95 = mean + hypot(a->high95 - a->mean, b->mean - b->low95)};
}

/* A normal that is never negative, nor above a cap. */
static struct pol_interval
planned_of(double mean, double sd, double cap)
{
	const double z80 = 1.2815515655446004;
	const double z95 = 1.959963984540054;
	double top = cap >= 0 ? cap : HUGE_VAL;

	mean = fmin(mean, top);
	return (struct pol_interval){.mean = mean,
		.low80 = fmax(mean - z80 * sd, 0),
		.high80 = fmin(mean + z80 * sd, top),
		.low95 = fmax(mean - z95 * sd, 0),
		.high95 = fmin(mean + z95 * sd, top)};
}

void
pol_forecast_sum(const struct pol_prospect *prospects, size_t n, unsigned days,
	double cost_cap, struct pol_forecast *ret)
{
	struct pol_forecast f = {.days = days};
	struct moments m = {0};
	double cost = 0;
	double cost_var = 0;

	NV_ASSERT(days >= 1 && days <= POL_FORECAST_DAYS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct pol_prospect *p = &prospects[i];
		double least = COST_LEAST * p->cost;

		add_prospect(&m, p, &f);
		cost += p->cost;
		cost_var += p->cost_sd * p->cost_sd * days + least * least;
	}
	struct pol_interval gain = gain_of(&m);
	struct pol_interval back = planned_of(m.back, sqrt(m.back_var), -1);

	f.revenue = less(&gain, &back);
	f.cost = planned_of(cost, sqrt(cost_var), cost_cap);
	f.profit = less(&f.revenue, &f.cost);
	f.basis = f.evidence >= POL_FORECAST_SALES_MIN ? POL_BASIS_EVIDENCE
		  : f.sales > 0 || cost > 0            ? POL_BASIS_PRIOR
						       : POL_BASIS_NOTHING;
	*ret = f;
}

double
pol_forecast_planned(double per_day, const double weekday[7], unsigned first,
	unsigned days, pol_mature_fn *mature, const void *arg)
{
	double sum = 0;

	NV_ASSERT(days <= POL_FORECAST_DAYS_MAX);
	for (unsigned d = 0; d < days; d++)
		sum += per_day * weekday[(first + d) % 7] * mature(days - d - 0.5, arg);
	return sum;
}
