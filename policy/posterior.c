/* The posterior of a worker: docs/DECISIONS.md, "What is known of a worker". */
#include "trial.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define A0 0.7 /* shape of the prior: sales */

#define SALE_WEIGHT     5.0  /* sales the declared size is worth */
#define SALE_CUT        12.0 /* medians; above it a sale counts as this */
#define REFUND_WEIGHT   4.0
#define REFUND_DOUBT    1.3 /* standard deviations */
#define FEE_WEIGHT      3.0
#define CURVE_WEIGHT    12.0
#define WEEKDAY_WEIGHT  25.0
#define WEEKDAY_AFTER_S (INT64_C(14) * POL_DAY_S)
#define GOOD_WEIGHT     3.0
#define COST_WEIGHT     3.0
#define NOON_S          INT64_C(43200)
#define RECENT_D        7

const double pol_beta[POL_BETAS] = {0.3, 0.5, 0.7, 0.85, 1};
static const double beta_prior[POL_BETAS] = {0.1, 0.2, 0.3, 0.25, 0.15};

/* Part of the refunds of a sale that have come when it is so many days old. Never less
 * than a quarter: when refunds come is guessed, and a few early ones must not look like
 * many. */
static double
refund_due(double age_d)
{
	return pol_clip((age_d - 5) / 30, 0.25, 1);
}

/* ---- the size of a sale ---- */

static int64_t
median_of(int64_t *v, size_t n)
{
	/* Hoare's selection; n <= POL_SALES_KEPT. */
	size_t lo = 0;
	size_t hi = n - 1;
	size_t k = n / 2;

	while (lo < hi) {
		int64_t pivot = v[(lo + hi) / 2];
		size_t i = lo;
		size_t j = hi;

		while (i <= j) {
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j) {
				int64_t t = v[i];

				v[i++] = v[j];
				v[j] = t;
				if (j == 0)
					break;
				j--;
			}
		}
		if (k <= j)
			hi = j;
		else if (k >= i)
			lo = i;
		else
			break;
	}
	return v[k];
}

/* Above this a sale counts as this: one giant sale must not carry a business. While
 * there are few, what is expected stands beside them. */
static double
sale_cut(const struct pol_worker *w, double expected)
{
	int64_t v[POL_SALES_KEPT + (size_t)SALE_WEIGHT];
	size_t n = 0;

	for (; n < w->n_sale; n++)
		v[n] = w->sale[n].nano;
	for (unsigned i = 0; i < (unsigned)SALE_WEIGHT; i++)
		v[n++] = pol_nano(expected);
	return SALE_CUT * pol_units(median_of(v, n));
}

void
pol_sale_sums(const struct pol_worker *w, double expected, struct pol_sale_sums *ret)
{
	double cut = w->n_sale ? sale_cut(w, expected) : 0;

	*ret = (struct pol_sale_sums){.n = w->n_sale};
	for (uint32_t i = 0; i < w->n_sale; i++)
		ret->sum += NV_MIN(pol_units(w->sale[i].nano), cut);
	ret->mean = (SALE_WEIGHT * expected + ret->sum) / (SALE_WEIGHT + ret->n);
	for (uint32_t i = 0; i < w->n_sale && ret->mean > 0; i++) {
		double off = NV_MIN(pol_units(w->sale[i].nano), cut) / ret->mean - 1;

		ret->off2 += off * off;
	}
}

double
pol_sale_expected(const struct pol_priors *pr, const struct pol_worker *w)
{
	if (w->conf.expected_sale_nano > 0)
		return pol_units(w->conf.expected_sale_nano) * pr->bias;
	return pr->sale;
}

/* ---- cost ---- */

#define USUAL_D   7 /* days before and after that say what is usual */
#define USUAL_MAX 3 /* times the usual cost of a run; above it is a fault */

/* The usual cost of a run around a day, when its own is so high that it matters; else
 * INT64_MAX. each: cost of a run by day, -1 without runs. */
static int64_t
usual_cost(const struct pol_worker *w, const int64_t *each, uint32_t at)
{
	int64_t v[2 * USUAL_D + 1];
	int64_t least = INT64_MAX;
	size_t n = 0;

	for (uint32_t i = at > USUAL_D ? at - USUAL_D : 0;
		i < w->n_days && i <= at + USUAL_D; i++) {
		if (each[i] < 0 || abs(w->days[i].day - w->days[at].day) > USUAL_D)
			continue;
		v[n++] = each[i];
		least = NV_MIN(least, each[i]);
	}
	/* A median is no less than the least: most days end here. */
	if (n < 3 || each[at] / USUAL_MAX <= least)
		return INT64_MAX;
	return median_of(v, n);
}

/* Cost of each kept day as evidence: runaway runs are a fault of operations, not money
 * that the business was given to sell with. A change of prices stays: it becomes the
 * usual. */
static void
day_costs(const struct pol_worker *w, double *cost)
{
	int64_t each[POL_DAYS];

	for (uint32_t i = 0; i < w->n_days; i++) {
		const struct pol_day *d = &w->days[i];

		each[i] = d->runs && w->conf.run_interval_s > 0
				  ? NV_MAX(d->cost, 0) / d->runs
				  : -1;
	}
	for (uint32_t i = 0; i < w->n_days; i++) {
		const struct pol_day *d = &w->days[i];

		cost[i] = pol_units(NV_MAX(d->cost, 0));
		if (each[i] <= 0)
			continue;
		int64_t usual = usual_cost(w, each, i);

		if (usual < INT64_MAX / USUAL_MAX && usual > 0)
			cost[i] = NV_MIN(cost[i], pol_units(USUAL_MAX * usual) * d->runs);
	}
}

/* Cost of a run, and of a day at volume 1. */
static void
post_cost(const struct pol_worker *w, const double *costs, int32_t today,
	struct pol_post *post)
{
	double cost = COST_WEIGHT * pol_units(w->conf.expected_cost_nano);
	double runs = w->conf.expected_cost_nano > 0 ? COST_WEIGHT : 0;
	double volume_cost = 0;
	double volume_days = 0;
	double duty = 0;
	int64_t base = w->conf.run_interval_s;

	for (uint32_t i = w->n_days; i-- > 0 && w->days[i].day >= today - RECENT_D;) {
		const struct pol_day *d = &w->days[i];
		double x = d->x_n ? (double)d->x_sum / d->x_n / POL_X_ONE : 1;

		cost += costs[i];
		runs += d->runs;
		if (d->day < today && d->cost > 0) {
			volume_cost += pol_units(d->cost);
			volume_days += x;
			duty = NV_MAX(duty, d->runs * (double)base / (POL_DAY_S * x));
		}
	}
	post->cost_per_run = runs > 0 ? cost / runs : 0;
	if (base > 0)
		post->cost_unit = post->cost_per_run * POL_DAY_S / (double)base *
				  (duty > 0 ? pol_clip(duty, 0.02, 1) : 1);
	else if (volume_days > 0)
		post->cost_unit = volume_cost / volume_days;
	else if (w->n_days > 0)
		post->cost_unit = pol_units(w->days[w->n_days - 1].cost);
	post->cost_full = base > 0 ? post->cost_per_run * POL_DAY_S / (double)base
				   : post->cost_unit;
	post->cost_unit = pol_clip(post->cost_unit, 0, 9e9);
	post->cost_full = pol_clip(post->cost_full, 0, 9e9);
}

/* ---- exposure ---- */

struct sums {
	double decayed[POL_BETAS]; /* sum of E_d x_d^(beta-1) */
	double raw[POL_BETAS];     /* without forgetting */
	double ln[POL_BETAS];      /* sum of N_d (beta-1) ln x_d */
	double exposure;
	double sales;
	double sales_raw;
	double refunds; /* sales, discounted */
	double refunds_due;
	double fees;
	double revenue;
	double weekday_sales[7];
	double weekday_exposure[7];
};

/* F for the money of a day: of the last two by the hour. */
static double
day_mature(
	const struct pol_worker *w, const struct pol_curve *c, int32_t day, int64_t now)
{
	int64_t middle = (int64_t)day * POL_DAY_S + POL_DAY_S / 2;
	double cost = 0;
	double due = 0;

	if (day < pol_day_of(now) - 1)
		return pol_curve_at(c, now - middle);
	for (unsigned i = 0; i < POL_HOURS; i++) {
		const struct pol_hour *h = &w->hours[i];

		if (h->hour / 24 != day || h->cost <= 0)
			continue;
		double units = pol_units(h->cost);

		cost += units;
		due += units * pol_curve_at(c, now - (int64_t)h->hour * POL_HOUR_S -
						       POL_HOUR_S / 2);
	}
	return cost > 0 ? due / cost : pol_curve_at(c, now - middle);
}

/* A declared warm-up sells less in its first days. */
static double
day_ramp(const struct pol_worker *w, int32_t day)
{
	if (w->conf.ramp_days == 0 || w->first_ts == 0)
		return 1;
	double z = pol_clip((double)((int64_t)day * POL_DAY_S + NOON_S - w->first_ts) /
				    ((double)w->conf.ramp_days * POL_DAY_S),
		0.05, 1);

	return z * z * (3 - 2 * z);
}

static int
weekday_of(int32_t day)
{
	return (day + 4) % 7; /* 1970-01-01 was a Thursday; 0 = Sunday */
}

/* Corrected exposure of each kept day, by its place in the list; all weekdays alike. */
static void
exposures(const struct pol_worker *w, const double *costs, const struct pol_curve *c,
	int64_t now, double e[POL_DAYS])
{
	int32_t today = pol_day_of(now);
	struct pol_mix mix;

	pol_mix_make(w, &mix);
	for (uint32_t i = 0; i < w->n_days; i++) {
		const struct pol_day *d = &w->days[i];

		e[i] = 0;
		if (d->day > today || d->day <= today - POL_DAYS || d->cost <= 0)
			continue;
		e[i] = costs[i] * (d->runs ? (double)d->ok / d->runs : 1) *
		       day_mature(w, c, d->day, now) * day_ramp(w, d->day) *
		       pol_mix_of(w, &mix, d->day);
	}
}

/* decay: by age in days. */
static void
sum_days(const struct pol_worker *w, const double *e, const double *decay, int32_t today,
	struct sums *s)
{
	double ln_x = 0;
	double x_pow[POL_BETAS] = {1, 1, 1, 1, 1};
	double x_was = 1;

	for (uint32_t i = 0; i < w->n_days; i++) {
		const struct pol_day *d = &w->days[i];

		if (d->day > today || d->day <= today - POL_DAYS)
			continue;
		double old = decay[today - d->day];
		double x = d->x_n ? (double)d->x_sum / d->x_n / POL_X_ONE : x_was;

		if (x != x_was) {
			x_was = x;
			ln_x = log(x);
			for (unsigned k = 0; k < POL_BETAS; k++)
				x_pow[k] = exp((pol_beta[k] - 1) * ln_x);
		}
		for (unsigned k = 0; k < POL_BETAS; k++) {
			s->decayed[k] += e[i] * old * x_pow[k];
			s->raw[k] += e[i] * x_pow[k];
			s->ln[k] += d->caused * old * (pol_beta[k] - 1) * ln_x;
		}
		s->exposure += e[i] * old;
		s->sales += d->caused * old;
		s->sales_raw += d->caused;
		s->refunds += (double)NV_MAX(d->refunded, 0) / POL_PARTS * old;
		s->refunds_due += d->sales * old * refund_due(today - d->day);
		s->fees += pol_units(d->fee);
		s->revenue += pol_units(d->revenue);
		s->weekday_sales[weekday_of(d->day)] += d->caused;
		s->weekday_exposure[weekday_of(d->day)] += e[i];
	}
}

/* The evidence is worth less when sales scatter more than they should by themselves. */
static void
thin(struct sums *s, double by)
{
	for (unsigned k = 0; k < POL_BETAS; k++) {
		s->decayed[k] /= by;
		s->raw[k] /= by;
		s->ln[k] /= by;
	}
	s->exposure /= by;
	s->sales /= by;
	s->sales_raw /= by;
}

/* ---- putting it together ---- */

static void
post_betas(const struct sums *s, double b0, struct pol_post *post)
{
	double ln[POL_BETAS];
	double top = -INFINITY;
	double sum = 0;

	post->a = A0 + s->sales;
	post->beta = 0;
	for (unsigned k = 0; k < POL_BETAS; k++) {
		post->rate[k] = pol_clip(b0 + s->decayed[k], 1e-12, 1e15);
		ln[k] = log(beta_prior[k]) + s->ln[k] - post->a * log(post->rate[k] / b0);
		top = NV_MAX(top, ln[k]);
	}
	for (unsigned k = 0; k < POL_BETAS; k++) {
		post->weight[k] = exp(ln[k] - top);
		sum += post->weight[k];
	}
	for (unsigned k = 0; k < POL_BETAS; k++) {
		post->weight[k] /= sum;
		post->beta += post->weight[k] * pol_beta[k];
	}
}

static void
post_counts(const struct pol_worker *w, int32_t today, struct pol_post *post)
{
	uint64_t recent_ok = 0;
	uint64_t recent = 0;

	for (uint32_t i = 0; i < w->n_days; i++) {
		const struct pol_day *d = &w->days[i];

		post->cost_nano = pol_add(post->cost_nano, d->cost);
		post->revenue_nano = pol_add(post->revenue_nano, d->revenue);
		post->refund_nano =
			pol_add(post->refund_nano, pol_add(d->refund, d->fee));
		post->runs_ok += d->ok;
		post->runs_failed += d->runs - d->ok;
		post->sales_n += d->sales;
		if (d->day >= today - RECENT_D) {
			recent += d->runs;
			recent_ok += d->ok;
		}
	}
	post->good = (GOOD_WEIGHT + (double)recent_ok) / (GOOD_WEIGHT + (double)recent);
	post->usual = (GOOD_WEIGHT + (double)post->runs_ok) /
		      (GOOD_WEIGHT + (double)(post->runs_ok + post->runs_failed));
}

/* Weekdays of a worker's own, once it has sold for long enough; e is weighed with them.
 */
static void
weigh_weekdays(const struct pol *p, const struct pol_worker *w, int64_t now, double *e)
{
	double weekday[7];
	double got[7] = {0};
	double spent[7] = {0};
	double sales = 0;
	double all = 0;
	double mean = 0;

	memcpy(weekday, p->priors.weekday, sizeof weekday);
	for (uint32_t i = 0; i < w->n_days; i++) {
		got[weekday_of(w->days[i].day)] += w->days[i].caused;
		spent[weekday_of(w->days[i].day)] += e[i];
		sales += w->days[i].caused;
		all += e[i];
	}
	bool own = w->first_ts > 0 && all > 0 && sales > 0 &&
		   now - w->first_ts >= WEEKDAY_AFTER_S;

	for (unsigned i = 0; own && i < 7; i++) {
		weekday[i] = (WEEKDAY_WEIGHT * weekday[i] + got[i]) /
			     (WEEKDAY_WEIGHT + sales / all * spent[i]);
		mean += weekday[i] / 7;
	}
	for (unsigned i = 0; own && i < 7; i++)
		weekday[i] = pol_clip(weekday[i] / mean, 0.1, 10);
	for (uint32_t i = 0; i < w->n_days; i++)
		e[i] *= weekday[weekday_of(w->days[i].day)];
}

void
pol_rates_make(
	const struct pol *p, const struct pol_worker *w, int64_t now, struct pol_rates *r)
{
	const struct pol_priors *pr = &p->priors;
	struct pol_sale_sums sale;
	struct sums s = {0};
	double costs[POL_DAYS];
	double e[POL_DAYS];

	day_costs(w, costs);
	exposures(w, costs, &pr->curve, now, e);
	sum_days(w, e, p->decay[POL_MEMORY_USUAL], pol_day_of(now), &s);
	*r = (struct pol_rates){.sales = s.sales, .refunds_due = s.refunds_due};
	double expected = pol_sale_expected(pr, w);

	if (!(expected > 0) && w->n_sale == 0)
		return; /* nothing is known of what a sale is */
	pol_sale_sums(w, expected > 0 ? expected : pol_units(w->sale[0].nano), &sale);
	double m = pol_clip(sale.mean, 1e-9, 9.2e9);
	double per_unit =
		s.raw[POL_BETAS - 1] > 0 ? s.sales_raw / s.raw[POL_BETAS - 1] : 0;

	r->even = s.exposure / (m * (1 - pr->refund - pr->fee / 2));
	r->refunds = s.refunds;
	r->fees = s.fees / m;
	r->revenue_sales = s.revenue / m;
	if (now - w->first_ts < WEEKDAY_AFTER_S)
		return;
	memcpy(r->weekday_sales, s.weekday_sales, sizeof r->weekday_sales);
	for (unsigned i = 0; i < 7; i++)
		r->weekday_even[i] = per_unit * s.weekday_exposure[i];
}

void
pol_post_make(const struct pol *p, const struct pol_worker *w, int64_t now,
	struct pol_post *post)
{
	const struct pol_priors *pr = &p->priors;
	const struct pol_delay *delay = w->delay;
	struct pol_curve curve;
	struct pol_sale_sums sale;
	struct pol_memory memory;
	struct sums s = {0};
	double costs[POL_DAYS];
	double e[POL_DAYS];
	int32_t today = pol_day_of(now);

	*post = (struct pol_post){.valid = true};
	/* Money matures by the hour: within one nothing changes by itself. */
	now -= now % POL_HOUR_S;
	pol_curve_fit(&delay, 1, &pr->curve, CURVE_WEIGHT, now, &curve);
	day_costs(w, costs);
	exposures(w, costs, &curve, now, e);
	weigh_weekdays(p, w, now, e);
	post_cost(w, costs, today, post);
	pol_memory_make(p, w, e, today, &memory);
	sum_days(w, e, memory.decay, today, &s);
	thin(&s, memory.thin);
	post_counts(w, today, post);

	double expected = pol_sale_expected(pr, w);

	post->sale_known = expected > 0 || w->n_sale > 0;
	if (!(expected > 0))
		expected = NV_MAX(post->cost_unit, 1e-6);
	pol_sale_sums(w, expected, &sale);
	post->sale = pol_clip(sale.mean, 1e-9, 9.2e9);
	double refund_n = REFUND_WEIGHT + s.refunds_due;

	post->refund =
		pol_clip((REFUND_WEIGHT * pr->refund + s.refunds) / refund_n, 0, 0.95);
	/* The variance of a Beta, and that of the mean size. */
	double refund_var = post->refund * (1 - post->refund) / (refund_n + 1);

	post->spread = pr->cv2 / (SALE_WEIGHT + sale.n) +
		       refund_var / ((1 - post->refund) * (1 - post->refund));
	double fee = (FEE_WEIGHT * pr->fee * post->sale + s.fees) /
		     (FEE_WEIGHT * post->sale + s.revenue);

	post->keep = pol_clip(1 - post->refund - pol_clip(fee, 0, 0.9), 0.01, 1);
	post_betas(&s, A0 * post->sale * post->keep / pr->rho, post);
	post->exposure = s.exposure;
	post->sales = s.sales;
	post->even_n = s.sales_raw;
	memcpy(post->even, s.raw, sizeof post->even);
	post->half_life_d = memory.half_life_d;
	post->thin = memory.thin;
	post->mature = pol_curve_at(&curve, POL_DAY_S);
	post->delay80_s = pol_curve_age(&curve, 0.8);
	/* A proof must not rest on a few refunds: at the low end of what they may be. */
	double keep = post->keep + NV_MIN(post->refund, REFUND_DOUBT * sqrt(refund_var));

	for (unsigned k = 0; k < POL_BETAS; k++)
		post->even[k] /= post->sale * keep;
}

void
pol_post_more(struct pol_post *post, double sales)
{
	post->a += sales;
	post->sales += sales;
	post->even_n += sales;
}

double
pol_post_even(const struct pol_post *post, double x, int64_t roi_ppm)
{
	double sum = 0;

	for (unsigned k = 0; k < POL_BETAS; k++)
		sum += post->weight[k] * post->even[k] * pow(x, 1 - pol_beta[k]);
	return sum * pol_clip(1 + (double)roi_ppm / 1e6, 0, 1e6);
}

/* The mixture over beta of lambda * m * keep * factor(beta), by its two moments. */
static struct pol_gamma
mixture(const struct pol_post *post, const double *factor)
{
	double mean = 0;
	double square = 0;

	for (unsigned k = 0; k < POL_BETAS; k++) {
		double m = post->a / post->rate[k] * post->sale * post->keep * factor[k];

		mean += post->weight[k] * m;
		square += post->weight[k] * m * m;
	}
	return pol_gamma_fit(mean, square * (1 + 1 / post->a) * (1 + post->spread));
}

struct pol_gamma
pol_post_average(const struct pol_post *post, double x)
{
	double factor[POL_BETAS];

	for (unsigned k = 0; k < POL_BETAS; k++)
		factor[k] = pow(x, pol_beta[k] - 1);
	return mixture(post, factor);
}

struct pol_gamma
pol_post_marginal(const struct pol_post *post, double x1, double x2)
{
	double factor[POL_BETAS];

	for (unsigned k = 0; k < POL_BETAS; k++)
		factor[k] = (pow(x2, pol_beta[k]) - (x1 > 0 ? pow(x1, pol_beta[k]) : 0)) /
			    (x2 - x1) * post->good;
	return mixture(post, factor);
}

double
pol_post_below(const struct pol_post *post, double x, double good, int64_t roi_ppm)
{
	struct pol_gamma g = pol_post_average(post, x);

	g.mean *= good;
	return pol_gamma_below(&g, 1 + (double)roi_ppm / 1e6);
}
