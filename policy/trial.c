/* A worker's A/B test: see trial.h.
 *
 * What a variant would have sold if all sold alike is its share of each day's runs (what
 * they cost, where they cost differently) times that day's sales. So seasons, drift,
 * delays and changed shares are in both and fall out; nothing is compared across days. */
#include "trial.h"

#include "cycle.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOVE_S      POL_DAY_S /* between two changes */
#define SALES_LEAST 10        /* attributed, before anything is changed */
#define SIZE_CUT    12        /* declared sales; a larger one counts as this */
#define COST_WEIGHT 20.0      /* runs that a variant's cost of a run is shrunk by */
#define PRIOR_SALES 5.0
#define ROUNDS      8 /* of the fixed point; it has settled to 1e-3 by then */

void
pol_trial_free(struct pol_variants *t)
{
	if (!t)
		return;
	free(t->days);
	free(t);
}

void
pol_trial_void(struct pol_worker *w)
{
	pol_trial_free(w->variants);
	w->variants = NULL;
}

/* ---- facts ---- */

static int
variant_of(const struct pol_worker *w, const char *name)
{
	for (unsigned i = 0; name && i < w->conf.n_variants; i++) {
		if (strcmp(w->conf.variants[i], name) == 0)
			return (int)i;
	}
	return -1;
}

/* The record of a day; NULL when it is too old. */
static int
day_at(struct pol_variants *t, int32_t day, struct pol_trial_day **ret)
{
	uint32_t at = t->n_days;

	*ret = NULL;
	while (at > 0 && t->days[at - 1].day > day)
		at--;
	if (at > 0 && t->days[at - 1].day == day) {
		*ret = &t->days[at - 1];
		return 0;
	}
	int32_t newest = NV_MAX(t->n_days ? t->days[t->n_days - 1].day : day, day);

	if (day <= newest - POL_TRIAL_DAYS)
		return 0;
	uint32_t old = 0;

	while (old < t->n_days && t->days[old].day <= newest - POL_TRIAL_DAYS)
		old++;
	if (old > 0)
		memmove(t->days, t->days + old, (t->n_days - old) * sizeof(*t->days));
	t->n_days -= old;
	at -= NV_MIN(old, at);
	if (t->n_days == t->days_cap) {
		uint32_t cap = t->days_cap ? t->days_cap * 2 : 8;
		struct pol_trial_day *more = realloc(t->days, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		t->days = more;
		t->days_cap = cap;
	}
	memmove(t->days + at + 1, t->days + at, (t->n_days - at) * sizeof(*t->days));
	t->days[at] = (struct pol_trial_day){.day = day};
	t->n_days++;
	*ret = &t->days[at];
	return 0;
}

/* The day a fact counts for: of a sale that of its cause, of a refund that of the sale.
 */
static int64_t
when_of(const struct pol_fact *f, int64_t ts)
{
	if (f->kind == POL_REVENUE && f->caused_ts > 0)
		return NV_MIN(f->caused_ts, ts);
	if ((f->kind == POL_REFUND || f->kind == POL_DISPUTE) && f->sale_ts > 0)
		return NV_MIN(f->sale_ts, ts);
	return ts;
}

int
pol_trial_fact(struct pol_worker *w, const struct pol_fact *f, int64_t ts)
{
	int v = w->conf.n_variants >= 2 ? variant_of(w, f->variant) : -1;
	struct pol_trial_day *d;

	if (v < 0)
		return 0;
	if (!w->variants && !(w->variants = calloc(1, sizeof(*w->variants))))
		return -ENOMEM;
	int rc = day_at(w->variants, pol_day_of(when_of(f, ts)), &d);

	if (rc < 0 || !d)
		return rc;
	int64_t cut = w->conf.expected_sale_nano > 0 &&
				      w->conf.expected_sale_nano < INT64_MAX / SIZE_CUT
			      ? SIZE_CUT * w->conf.expected_sale_nano
			      : INT64_MAX;

	int64_t counted = NV_MIN(f->nano, cut);

	if (f->kind == POL_RUN) {
		d->runs[v] += d->runs[v] < UINT32_MAX;
	} else if (f->kind == POL_COST) {
		d->cost[v] = pol_add(d->cost[v], f->nano);
	} else if (f->kind == POL_REVENUE) {
		d->sales[v] += f->nano > 0 && d->sales[v] < UINT32_MAX;
		d->net[v] = pol_add(d->net[v], counted);
	} else {
		d->net[v] = pol_add(d->net[v], -counted);
	}
	return 0;
}

/* ---- what it comes to ---- */

/* Cost of a run of each variant, relative; all 1 where costs name no variant. */
static void
run_costs(const struct pol_variants *t, unsigned n, double *ret)
{
	double runs[POL_VARIANTS_MAX] = {0};
	double cost[POL_VARIANTS_MAX] = {0};
	double runs_all = 0;
	double cost_all = 0;

	for (uint32_t i = 0; i < t->n_days; i++) {
		for (unsigned v = 0; v < n; v++) {
			runs[v] += t->days[i].runs[v];
			cost[v] += pol_units(t->days[i].cost[v]);
		}
	}
	for (unsigned v = 0; v < n; v++) {
		runs_all += runs[v];
		cost_all += cost[v];
	}
	double mean = runs_all > 0 ? cost_all / runs_all : 0;

	for (unsigned v = 0; v < n; v++)
		ret[v] = mean > 0 ? (COST_WEIGHT * mean + cost[v]) /
					    (COST_WEIGHT + runs[v]) / mean
				  : 1;
}

/* Shares of a day's money; false when nobody ran or nothing was sold. */
static bool
day_shares(const struct pol_trial_day *d, unsigned n, const double *run_cost, double *ret,
	double *ret_sales)
{
	double sum = 0;

	*ret_sales = 0;
	for (unsigned v = 0; v < n; v++) {
		ret[v] = d->runs[v] * run_cost[v];
		sum += ret[v];
		*ret_sales += d->sales[v];
	}
	for (unsigned v = 0; v < n && sum > 0; v++)
		ret[v] /= sum;
	return sum > 0 && *ret_sales > 0;
}

/* Sales each would have had if all sold alike, at the rates they do sell (the maximum
 * likelihood of rates that are relative to the day's: by a few rounds). */
static void
expected_sales(const struct pol_variants *t, unsigned n, const double *run_cost,
	struct pol_arm *arms, double *rate)
{
	double share[POL_VARIANTS_MAX];
	double sales;

	for (unsigned v = 0; v < n; v++)
		rate[v] = 1;
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned v = 0; v < n; v++)
			arms[v].exposure = 0;
		for (uint32_t i = 0; i < t->n_days; i++) {
			double all = 0;

			if (!day_shares(&t->days[i], n, run_cost, share, &sales))
				continue;
			for (unsigned v = 0; v < n; v++)
				all += share[v] * rate[v];
			for (unsigned v = 0; v < n; v++)
				arms[v].exposure += sales * share[v] / all;
		}
		for (unsigned v = 0; v < n; v++)
			rate[v] = (PRIOR_SALES + arms[v].sales) /
				  (PRIOR_SALES + arms[v].exposure);
	}
}

static void
shares_now(const struct pol_worker *w, double *ret)
{
	unsigned n = w->conf.n_variants;
	double sum = 0;

	for (unsigned v = 0; v < n; v++)
		sum += w->st.split[v];
	for (unsigned v = 0; v < n; v++)
		ret[v] = sum > 0 ? w->st.split[v] / sum : 1.0 / n;
}

bool
pol_trial_arms(const struct pol_worker *w, struct pol_arm *arms, double *share,
	struct pol_pairs *pairs)
{
	const struct pol_variants *t = w->variants;
	unsigned n = w->conf.n_variants;
	double run_cost[POL_VARIANTS_MAX];
	double of_day[POL_VARIANTS_MAX];
	double sales;
	double rate[POL_VARIANTS_MAX];

	if (n < 2 || !t)
		return false;
	shares_now(w, share);
	for (unsigned v = 0; v < n; v++)
		arms[v] = (struct pol_arm){.dropped = !(share[v] > 0)};
	*pairs = (struct pol_pairs){0};
	run_costs(t, n, run_cost);
	for (uint32_t i = 0; i < t->n_days; i++) {
		const struct pol_trial_day *d = &t->days[i];

		if (!day_shares(d, n, run_cost, of_day, &sales))
			continue;
		for (unsigned v = 0; v < n; v++) {
			arms[v].sales += d->sales[v];
			arms[v].net += pol_units(d->net[v]);
			pol_pairs_sales(pairs, v, of_day, n, d->sales[v]);
		}
	}
	expected_sales(t, n, run_cost, arms, rate);
	return true;
}

void
pol_mix_make(const struct pol_worker *w, struct pol_mix *ret)
{
	const struct pol_variants *t = w->variants;
	struct pol_arm arms[POL_VARIANTS_MAX] = {0};
	double share[POL_VARIANTS_MAX];
	double run_cost[POL_VARIANTS_MAX];

	*ret = (struct pol_mix){0};
	if (!t || w->conf.n_variants < 2)
		return;
	ret->n = w->conf.n_variants;
	for (uint32_t i = 0; i < t->n_days; i++) {
		for (unsigned v = 0; v < ret->n; v++)
			arms[v].sales += t->days[i].sales[v];
	}
	shares_now(w, share);
	run_costs(t, ret->n, run_cost);
	expected_sales(t, ret->n, run_cost, arms, ret->rate);
	for (unsigned v = 0; v < ret->n; v++)
		ret->now += share[v] * ret->rate[v];
}

double
pol_mix_of(const struct pol_worker *w, const struct pol_mix *mix, int32_t day)
{
	double sum = 0;
	double runs = 0;

	for (uint32_t i = 0; mix->n > 0 && i < w->variants->n_days; i++) {
		const struct pol_trial_day *d = &w->variants->days[i];

		if (d->day != day)
			continue;
		for (unsigned v = 0; v < mix->n; v++) {
			sum += d->runs[v] * mix->rate[v];
			runs += d->runs[v];
		}
	}
	return runs > 0 && mix->now > 0 ? pol_clip(sum / runs / mix->now, 0.25, 4) : 1;
}

/* ---- the decision ---- */

static void
explain(const struct pol_worker *w, const struct pol_test *t, double sales,
	struct pol_decision *d)
{
	const char *best = w->conf.variants[t->best];

	d->why.p = t->p_best[t->best];
	d->why.value = t->p_best[t->best];
	d->why.limit = 0.95;
	d->why.e = t->least_e;
	d->finding = "variants_differ";
	switch (t->end) {
	case POL_TEST_PROVEN:
		d->why.rule = "variant_proven";
		d->why.threshold = "P(best) > 0.95 and e >= 20 against each rival";
		d->reasons[0] = "best_variant";
		(void)snprintf(d->text, sizeof d->text,
			"variant %.40s is the best with probability %.3f after %.0f "
			"sales "
			"(e = %.0f): it gets all runs",
			best, d->why.p, sales, d->why.e);
		break;
	case POL_TEST_ENOUGH:
		d->why.rule = "variant_enough";
		d->why.threshold = "expected loss < 2%, and e >= 20 that no rival is "
				   "better by a fifth";
		d->why.limit = 0.02;
		d->why.value = t->loss[t->best];
		d->why.e = t->least_hold_e;
		d->reasons[0] = "little_to_lose";
		(void)snprintf(d->text, sizeof d->text,
			"after %.0f sales taking variant %.40s for good is expected to "
			"lose %.1f%% at most: it gets all runs",
			sales, best, 100 * t->loss[t->best]);
		break;
	case POL_TEST_ON:
		d->why.rule = "variant_share";
		d->why.threshold = "share = max(0.10, P(best)), moved by more than 0.12";
		d->why.limit = 0.12;
		d->why.value = t->share[t->best];
		d->reasons[0] = "p_best";
		(void)snprintf(d->text, sizeof d->text,
			"variant %.40s is the best with probability %.2f after %.0f "
			"sales: it gets %.0f%% of the runs",
			best, d->why.p, sales, 100 * t->share[t->best]);
		break;
	}
}

bool
pol_trial_answer(struct pol_cycle *c, struct pol_worker *w)
{
	struct pol_arm arms[POL_VARIANTS_MAX];
	double share[POL_VARIANTS_MAX];
	struct pol_pairs pairs;
	struct pol_test t;
	struct pol_decision d;
	double sales = 0;
	double gain = 0;
	double now = 0;

	if (w->st.state != POL_ST_RUNNING || w->open || !w->variants ||
		c->now < w->denied_until[POL_OPTIMIZE_SPLIT] ||
		c->now - w->split_ts < MOVE_S || !pol_trial_arms(w, arms, share, &pairs))
		return false;
	unsigned n = w->conf.n_variants;

	for (unsigned v = 0; v < n; v++)
		sales += arms[v].sales;
	if (sales < SALES_LEAST)
		return false;
	pol_variants_judge(arms, n, share, &pairs,
		w->conf.expected_sale_nano > 0 ? c->p->priors.cv2 : 0, &t);
	if (!t.move)
		return false;
	pol_decision_init(&d, POL_OPTIMIZE_SPLIT, w);
	d.n_split = n;
	for (unsigned v = 0; v < n; v++) {
		d.split[v] = t.share[v];
		gain += t.share[v] * t.value[v];
		now += share[v] * t.value[v];
	}
	explain(w, &t, sales, &d);
	double spent = pol_cost_at(w, pol_volume(w));

	if (now > 0)
		d.expected_profit_nano =
			pol_nano(spent * pol_post_average(&w->post, pol_volume(w)).mean *
				 (gain / now - 1));
	pol_propose(c, w, &d);
	return true;
}
