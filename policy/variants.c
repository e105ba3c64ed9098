/* A/B tests: see variants.h. */
#include "variants.h"

#include "gamma.h"

#include <math.h>
#include <string.h>

#define PRIOR_SALES  5.0  /* each variant begins at the rate of all, worth so many */
#define PRIOR_SIZES  20.0 /* and at the sale size of all: sizes seldom differ */
#define SHARE_LEAST  0.10
#define SHARE_MOVE   0.12
#define DROP_P       0.02
#define PROVEN_P     0.95
#define PROVEN_E     20.0
#define ENOUGH_LOSS  0.02
#define ENOUGH_SALES 30.0
#define POINTS       81 /* of the quadrature, from -4 to 4 deviations */
#define REACH        4.0
#define LOG_E_MAX    700.0 /* exp() of it is still a number */
#define SIZE_LEAST   1e-3  /* of the mean: refunds may have eaten more than all */

static const double odds[POL_PAIR_ODDS] = {1.15, 1.3, 1.6, 2.2};

/* One coin with the odds `null` of heads, or less, if the claim is false: what a bet on
 * heads at each of the odds makes of its stake. Its mean is at most 1 then. */
static void
bet(double log_e[POL_PAIR_ODDS], double null, bool heads, double times)
{
	double p = null / (1 + null);

	for (unsigned k = 0; k < POL_PAIR_ODDS; k++)
		log_e[k] +=
			times * ((heads ? log(odds[k]) : 0) - log(odds[k] * p + 1 - p));
}

void
pol_pairs_sale(struct pol_pairs *pairs, unsigned variant, const double *share, unsigned n)
{
	pol_pairs_sales(pairs, variant, share, n, 1);
}

void
pol_pairs_sales(struct pol_pairs *pairs, unsigned variant, const double *share,
	unsigned n, uint32_t times)
{
	NV_ASSERT(n <= POL_VARIANTS_MAX && variant < n);
	for (unsigned u = 0; u < n && times > 0; u++) {
		if (u == variant || !(share[variant] > 0) || !(share[u] > 0))
			continue;
		/* Odds of a sale of `variant` where the two sell alike, and where one is
		 * better by the margin. */
		double fair = share[variant] / share[u];

		bet(pairs->beats[variant][u], fair, true, times);
		bet(pairs->beats[u][variant], 1 / fair, false, times);
		bet(pairs->holds[variant][u], fair / POL_HOLD_MARGIN, true, times);
		bet(pairs->holds[u][variant], 1 / (fair * POL_HOLD_MARGIN), false, times);
	}
}

static double
mean_e(const double log_e[POL_PAIR_ODDS])
{
	double sum = 0;

	for (unsigned k = 0; k < POL_PAIR_ODDS; k++)
		sum += exp(fmin(log_e[k], LOG_E_MAX));
	return sum / POL_PAIR_ODDS;
}

double
pol_pairs_e(const struct pol_pairs *pairs, unsigned v, unsigned u)
{
	NV_ASSERT(v < POL_VARIANTS_MAX && u < POL_VARIANTS_MAX);
	return mean_e(pairs->beats[v][u]);
}

double
pol_pairs_hold_e(const struct pol_pairs *pairs, unsigned v, unsigned u)
{
	NV_ASSERT(v < POL_VARIANTS_MAX && u < POL_VARIANTS_MAX);
	return mean_e(pairs->holds[v][u]);
}

/* The posterior of ln(earned per dollar) of each variant, as a normal. */
struct belief {
	double mean[POL_VARIANTS_MAX];
	double sd[POL_VARIANTS_MAX];
	unsigned n;
};

static void
believe(const struct pol_arm *arms, unsigned n, double cv2, struct belief *ret)
{
	double sales = 0;
	double net = 0;
	double exposure = 0;

	for (unsigned v = 0; v < n; v++) {
		sales += arms[v].sales;
		net += arms[v].net;
		exposure += arms[v].exposure;
	}
	/* Nothing sold: nothing known but what was spent in vain, half a sale's worth. */
	double rate = fmax(sales, 0.5) / fmax(exposure, 1e-9);
	bool sizes = cv2 > 0 && net > 0 && sales > 0;
	double size = sizes ? net / sales : 1;

	ret->n = n;
	for (unsigned v = 0; v < n; v++) {
		double a = PRIOR_SALES + arms[v].sales;
		double mean = pol_digamma(a) - log(PRIOR_SALES / rate + arms[v].exposure);
		double var = pol_trigamma(a);

		if (sizes) {
			double known = PRIOR_SIZES + arms[v].sales;
			double its = (PRIOR_SIZES * size + arms[v].net) / known;
			double spread = log1p(cv2 / known);

			mean += log(fmax(its, SIZE_LEAST * size)) - spread / 2;
			var += spread;
		}
		ret->mean[v] = mean;
		ret->sd[v] = sqrt(var);
	}
}

/* P(best), E[value], and E[value of whoever is best], by one sweep over each variant. */
static double
sweep(const struct belief *b, struct pol_test *ret)
{
	double of_best = 0;
	double p_sum = 0;

	for (unsigned v = 0; v < b->n; v++) {
		double mass = 0;

		ret->p_best[v] = 0;
		ret->value[v] = 0;
		for (unsigned i = 0; i < POINTS; i++) {
			double z = -REACH + 2 * REACH * i / (POINTS - 1);
			double at = b->mean[v] + b->sd[v] * z;
			double w = exp(-z * z / 2);
			double wins = w;

			for (unsigned u = 0; u < b->n; u++)
				if (u != v)
					wins *= pol_normal_cdf(
						(at - b->mean[u]) / b->sd[u]);
			mass += w;
			ret->p_best[v] += wins;
			ret->value[v] += w * exp(at);
			of_best += wins * exp(at);
		}
		ret->p_best[v] /= mass;
		ret->value[v] /= mass;
		p_sum += ret->p_best[v];
	}
	for (unsigned v = 0; v < b->n; v++)
		ret->p_best[v] /= p_sum;
	/* Every variant was weighed with the same points, so one mass divides all. */
	double mass = 0;

	for (unsigned i = 0; i < POINTS; i++) {
		double z = -REACH + 2 * REACH * i / (POINTS - 1);

		mass += exp(-z * z / 2);
	}
	return of_best / (mass * p_sum);
}

/* Who is hopeless gets nothing any more, as long as two are left: to leave one alone is
 * the end of the test, and has its own rule. */
static void
share_out(const struct pol_arm *arms, unsigned n, const double *share_now,
	const struct pol_pairs *pairs, struct pol_test *ret)
{
	double sum = 0;
	unsigned left = 0;

	for (unsigned v = 0; v < n; v++)
		left += !arms[v].dropped;
	for (unsigned v = 0; v < n; v++) {
		bool drop = !arms[v].dropped && left > 2 && v != ret->best &&
			    ret->p_best[v] < DROP_P &&
			    pol_pairs_hold_e(pairs, ret->best, v) >= ret->need_e;

		left -= drop;
		ret->share[v] =
			arms[v].dropped || drop ? 0 : fmax(ret->p_best[v], SHARE_LEAST);
		sum += ret->share[v];
	}
	for (unsigned v = 0; v < n; v++) {
		ret->share[v] = sum > 0 ? ret->share[v] / sum : 1.0 / n;
		ret->move |= fabs(ret->share[v] - share_now[v]) > SHARE_MOVE ||
			     (share_now[v] > 0) != (ret->share[v] > 0);
	}
}

/* The best has to beat each of its rivals; with k rivals the wrong one has k chances to
 * look as if it did not lose, so each proof must be k times as strong. */
static void
look_for_end(const struct pol_arm *arms, unsigned n, const struct pol_pairs *pairs,
	struct pol_test *ret)
{
	double sales = 0;
	unsigned rivals = 0;

	ret->least_e = HUGE_VAL;
	ret->least_hold_e = HUGE_VAL;
	for (unsigned v = 0; v < n; v++) {
		sales += arms[v].sales;
		if (v == ret->best || arms[v].dropped)
			continue;
		rivals++;
		ret->least_e = fmin(ret->least_e, pol_pairs_e(pairs, ret->best, v));
		ret->least_hold_e =
			fmin(ret->least_hold_e, pol_pairs_hold_e(pairs, ret->best, v));
	}
	if (rivals == 0)
		return; /* it has ended before */
	if (ret->p_best[ret->best] > PROVEN_P && ret->least_e >= ret->need_e)
		ret->end = POL_TEST_PROVEN;
	else if (sales >= ENOUGH_SALES && ret->loss[ret->best] < ENOUGH_LOSS &&
		 ret->least_hold_e >= ret->need_e)
		ret->end = POL_TEST_ENOUGH;
	if (ret->end == POL_TEST_ON)
		return;
	for (unsigned v = 0; v < n; v++)
		ret->share[v] = v == ret->best ? 1 : 0;
	ret->move = true;
}

void
pol_variants_judge(const struct pol_arm *arms, unsigned n, const double *share_now,
	const struct pol_pairs *pairs, double cv2, struct pol_test *ret)
{
	struct belief b;

	NV_ASSERT(n >= 1 && n <= POL_VARIANTS_MAX);
	*ret = (struct pol_test){0};
	believe(arms, n, cv2, &b);
	double of_best = sweep(&b, ret);
	bool any = false;

	for (unsigned v = 0; v < n; v++) {
		ret->loss[v] = fmax(1 - ret->value[v] / of_best, 0);
		if (arms[v].dropped)
			continue;
		if (!any || ret->p_best[v] > ret->p_best[ret->best])
			ret->best = v;
		any = true;
	}
	ret->need_e = PROVEN_E * (n > 1 ? n - 1 : 1);
	share_out(arms, n, share_now, pairs, ret);
	if (n > 1)
		look_for_end(arms, n, pairs, ret);
}
