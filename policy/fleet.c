/* What all workers share: made once a day from all of them, so that a new worker is
 * judged by what this fleet is like. */
#include "pol_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_WEIGHT   8.0
#define RHO_PRIOR      1.6
#define RHO_WEIGHT     40.0 /* sales */
#define RHO_MIN        0.8
#define RHO_MAX        3.0
#define WORKER_WEIGHT  10.0 /* sales at most that one worker says of the others */
#define REFUND_PRIOR   0.05
#define REFUND_WEIGHT  10.0
#define CV2_PRIOR      1.5
#define CV2_WEIGHT     10.0
#define BIAS_WEIGHT    25.0
#define FEE_WEIGHT     10.0
#define WEEKDAY_WEIGHT 25.0

void
pol_priors_init(struct pol_priors *pr)
{
	*pr = (struct pol_priors){.day = INT32_MIN,
		.rho = RHO_PRIOR,
		.refund = REFUND_PRIOR,
		.cv2 = CV2_PRIOR,
		.bias = 1};
	pol_curve_prior(&pr->curve);
	for (unsigned i = 0; i < 7; i++)
		pr->weekday[i] = 1;
}

static void
refresh_curve(struct pol *p, int64_t now)
{
	const struct pol_delay **d = calloc(p->n_workers + 1, sizeof(struct pol_delay *));
	struct pol_curve prior;

	if (!d)
		return; /* yesterday's is as good */
	for (uint32_t i = 0; i < p->n_workers; i++)
		d[i] = p->workers[i]->delay;
	pol_curve_prior(&prior);
	pol_curve_fit(d, p->n_workers, &prior, CURVE_WEIGHT, now, &p->priors.curve);
	free(d);
}

/* Sizes of sales: what they are relative to what was declared, and how they scatter. */
static void
refresh_sales(struct pol *p)
{
	struct pol_priors *pr = &p->priors;
	double ln = 0;
	double ln_n = BIAS_WEIGHT;
	double off2 = CV2_WEIGHT * CV2_PRIOR;
	double n = CV2_WEIGHT;
	double mean = 0;
	double mean_n = 0;

	for (uint32_t i = 0; i < p->n_workers; i++) {
		const struct pol_worker *w = p->workers[i];
		struct pol_sale_sums s;

		if (w->n_sale == 0)
			continue;
		double declared = pol_units(w->conf.expected_sale_nano);
		double expected = declared > 0   ? declared * pr->bias
				  : pr->sale > 0 ? pr->sale
						 : pol_units(w->sale[0].nano);

		pol_sale_sums(w, expected, &s);
		double weight = NV_MIN(s.n, WORKER_WEIGHT);

		if (declared > 0) {
			ln += weight * log(pol_clip(s.sum / s.n / declared, 1e-3, 1e3));
			ln_n += weight;
		}
		off2 += s.off2;
		n += s.n;
		mean += weight * log(pol_clip(s.sum / s.n, 1e-9, 1e10));
		mean_n += weight;
	}
	pr->bias = exp(ln / ln_n);
	pr->cv2 = pol_clip(off2 / n, 0.05, 50);
	pr->sale = mean_n > 0 ? exp(mean / mean_n) : 0;
}

/* The multiple, refunds, fees and weekdays of all, each worker with a bounded weight:
 * the question is what a worker of this fleet is like, not where most of the money went.
 */
static void
refresh_rates(struct pol *p, int64_t now)
{
	struct pol_priors *pr = &p->priors;
	double sales = RHO_WEIGHT;
	double even = RHO_WEIGHT / RHO_PRIOR;
	double refunds = REFUND_WEIGHT * REFUND_PRIOR;
	double due = REFUND_WEIGHT;
	double fees = 0;
	double revenue = 0;
	double got[7] = {0};
	double should[7] = {0};

	for (uint32_t i = 0; i < p->n_workers; i++) {
		const struct pol_worker *w = p->workers[i];
		struct pol_rates r;

		if (w->n_days == 0)
			continue;
		pol_rates_make(p, w, now, &r);
		double weight =
			NV_MIN(1, WORKER_WEIGHT / NV_MAX(NV_MAX(r.sales, r.even), 1));

		sales += weight * r.sales;
		even += weight * r.even;
		refunds += r.refunds;
		due += r.refunds_due;
		fees += r.fees;
		revenue += r.revenue_sales;
		for (unsigned k = 0; k < 7; k++) {
			got[k] += r.weekday_sales[k];
			should[k] += r.weekday_even[k];
		}
	}
	pr->rho = pol_clip(sales / even, RHO_MIN, RHO_MAX);
	pr->refund = pol_clip(refunds / due, 0, 0.9);
	pr->fee = pol_clip(fees / (revenue + FEE_WEIGHT), 0, 0.9);
	double mean = 0;

	for (unsigned k = 0; k < 7; k++) {
		pr->weekday[k] = (WEEKDAY_WEIGHT + got[k]) / (WEEKDAY_WEIGHT + should[k]);
		mean += pr->weekday[k] / 7;
	}
	for (unsigned k = 0; k < 7; k++)
		pr->weekday[k] = pol_clip(pr->weekday[k] / mean, 0.2, 5);
}

/* FNV-1a of the numbers' bits. */
static uint64_t
hash_of(const double *v, size_t n)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < n; i++) {
		uint64_t bits = 0;

		memcpy(&bits, &v[i], sizeof v[i]);
		h = (h ^ bits) * UINT64_C(1099511628211);
	}
	return h;
}

void
pol_priors_refresh(struct pol *p, int64_t now)
{
	struct pol_priors *pr = &p->priors;

	if (pr->day == pol_day_of(now))
		return;
	refresh_curve(p, now);
	refresh_sales(p);
	refresh_rates(p, now);
	pr->day = pol_day_of(now);
	double all[] = {pr->rho, pr->refund, pr->fee, pr->cv2, pr->bias, pr->sale,
		pr->curve.mean_s, pr->curve.median_s, pr->weekday[0], pr->weekday[1],
		pr->weekday[2], pr->weekday[3], pr->weekday[4], pr->weekday[5],
		pr->weekday[6]};

	pr->hash = hash_of(all, NV_LEN(all));
}
