/* A forecast of what the core knows: each worker as it runs now becomes a prospect, and
 * forecast.c adds them up. */
#include "forecast.h"
#include "pol_private.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define CURVE_WEIGHT 12.0 /* as the posterior does: posterior.c */
#define COST_DAYS    14   /* whose cost says how even a day's cost is */
#define SPREAD_LEAST 1e-9
/* Sizes are cut at 12 medians before they are counted, and the largest have mostly not
 * come yet: what is seen of their spread is too little. */
#define TAIL           1.5
#define REFUND_FROM_D  5.0 /* refunds come evenly from here ... */
#define REFUND_SPAN_D  30.0
#define WEEKDAY_OF_DAY 4 /* 1970-01-01 was a Thursday; 0 = Sunday */

struct view {
	const struct pol *p;
	const struct pol_worker *w;
	struct pol_post post;
	struct pol_curve curve;
	int64_t now;
	unsigned days;
	double rate; /* sales per dollar at the volume it is set to */
};

static double
refunded(double age_d)
{
	return pol_clip((age_d - REFUND_FROM_D) / REFUND_SPAN_D, 0, 1);
}

static double
mature(double age_d, const void *arg)
{
	const struct pol_curve *curve = arg;

	return pol_curve_at(curve, (int64_t)(age_d * POL_DAY_S));
}

/* Sales per dollar at a volume, and the second moment of what is not known of it. */
static double
rate_at(const struct pol_post *post, double x, double *ret_square)
{
	double mean = 0;
	double square = 0;

	for (unsigned k = 0; k < POL_BETAS; k++) {
		double m = post->a / post->rate[k] * pow(x, pol_beta[k] - 1);

		mean += post->weight[k] * m;
		square += post->weight[k] * m * m;
	}
	if (ret_square)
		*ret_square = square * (1 + 1 / post->a);
	return mean;
}

/* What has been spent and has not sold yet, in dollars of the present rate; and refunds
 * of what was sold. */
static void
look_back(const struct view *v, struct pol_prospect *ret)
{
	double horizon = v->days;
	double x = 1;

	for (uint32_t i = 0; i < v->w->n_days; i++) {
		const struct pol_day *d = &v->w->days[i];
		double age =
			(double)(v->now - (int64_t)d->day * POL_DAY_S) / POL_DAY_S - 0.5;

		if (age < -0.5)
			continue; /* of a time that has not come */
		age = NV_MAX(age, 0.0);
		x = d->x_n ? (double)d->x_sum / d->x_n / POL_X_ONE : x;
		double due = mature(age + horizon, &v->curve) - mature(age, &v->curve);
		double good = d->runs ? (double)d->ok / d->runs : 1;

		if (due > 0 && d->cost > 0)
			ret->due += pol_units(d->cost) * good * due *
				    v->p->priors.weekday[(d->day + WEEKDAY_OF_DAY) % 7] *
				    rate_at(&v->post, x, NULL) / v->rate;
		double back = pol_units(d->revenue) * v->post.refund *
			      (refunded(age + horizon) - refunded(age));

		if (back > 0) {
			ret->refund_due += back;
			ret->refund_var +=
				back * pol_units(d->revenue) / NV_MAX(d->sales, 1U);
		}
	}
}

/* Relative deviation of a day's cost at the same volume. */
static double
unevenness(const struct view *v)
{
	double sum = 0;
	double square = 0;
	unsigned n = 0;
	int32_t today = pol_day_of(v->now);

	for (uint32_t i = v->w->n_days; i-- > 0;) {
		const struct pol_day *d = &v->w->days[i];

		if (d->day < today - COST_DAYS)
			break;
		if (d->day >= today || !d->x_n || d->cost <= 0)
			continue;
		double at_one =
			pol_units(d->cost) * d->x_n * POL_X_ONE / (double)d->x_sum;

		sum += at_one;
		square += at_one * at_one;
		n++;
	}
	if (n < 3)
		return 0.25;
	double mean = sum / n;
	double var = (square - sum * mean) / (n - 1);

	return pol_clip(sqrt(NV_MAX(var, 0)) / mean, 0, 2);
}

static void
look_ahead(const struct view *v, double x, struct pol_prospect *ret)
{
	double per_day = v->post.cost_unit * x;
	unsigned first = (unsigned)((pol_day_of(v->now) + WEEKDAY_OF_DAY) % 7);

	ret->cost = per_day * v->days;
	ret->cost_sd = per_day * unevenness(v);
	ret->planned = pol_forecast_planned(per_day * v->post.good, v->p->priors.weekday,
		first, v->days, mature, &v->curve);
}

static void
prospect_of(const struct pol *p, const struct pol_worker *w, int64_t now, unsigned days,
	struct pol_prospect *ret)
{
	struct view v = {.p = p, .w = w, .now = now, .days = days};
	const struct pol_delay *delay = w->delay;
	double x = pol_volume_set(w) > 0 ? pol_volume_set(w) : 1;
	double square = 0;

	*ret = (struct pol_prospect){0};
	pol_post_make(p, w, now, &v.post);
	pol_curve_fit(&delay, 1, &p->priors.curve, CURVE_WEIGHT, now, &v.curve);
	v.rate = NV_MAX(rate_at(&v.post, x, &square), SPREAD_LEAST);
	/* The mixture over saturations is less certain than any of its parts. */
	ret->a = 1 / NV_MAX(square / (v.rate * v.rate) - 1, SPREAD_LEAST);
	ret->b = ret->a / v.rate;
	ret->refund = v.post.refund;
	ret->size = v.post.sale * v.post.keep / NV_MAX(1 - v.post.refund, 0.01);
	ret->cv2 = TAIL * p->priors.cv2;
	ret->n = v.post.sales;
	for (unsigned d = 0; d < days; d++)
		ret->refund_new += refunded(days - d - 0.5) / days;
	look_back(&v, ret);
	look_ahead(&v, pol_volume(w), ret);
}

int
pol_forecast(const struct pol *p, const char *worker, int64_t now, unsigned days,
	struct pol_forecast *ret)
{
	const struct pol_worker *only = worker ? pol_find(p, worker) : NULL;
	size_t n = worker ? 1 : p->n_workers;
	double cap = pol_units(p->conf.daily_budget_nano) * days;

	if (worker && !only)
		return -ENOENT;
	if (days < 1 || days > POL_FORECAST_DAYS_MAX || now < 0 || now > POL_TS_MAX)
		return -EINVAL;
	struct pol_prospect *all = calloc(n + 1, sizeof(*all));

	if (!all)
		return -ENOMEM;
	now = NV_MAX(now, p->now);
	for (size_t i = 0; i < n; i++)
		prospect_of(p, only ? only : p->workers[i], now, days, &all[i]);
	if (only && only->conf.budget_daily_nano >= 0)
		cap = NV_MIN(cap, pol_units(only->conf.budget_daily_nano) * days);
	pol_forecast_sum(all, n, days, cap, ret);
	free(all);
	return 0;
}
