/* Forecasts: moments by hand, intervals against simulated futures (how often they hold
 * what came), and the whole core on simulated pasts. */
#include "forecast.h"
#include "pol.h"
#include "run_suite.h"
#include "statsim.h"

#include <errno.h>
#include <stdio.h>

/* ---- by hand ---- */

START_TEST(moments)
{
	/* a/b = 0.1 sales a dollar, 30 due + 70 planned: 10 sales of 20. */
	const struct pol_prospect p = {.a = 40,
		.b = 400,
		.size = 20,
		.cv2 = 0.5,
		.n = 35,
		.due = 30,
		.planned = 70,
		.cost = 70,
		.cost_sd = 1};
	struct pol_forecast f;

	pol_forecast_sum(&p, 1, 7, -1, &f);
	ck_assert_double_eq_tol(f.sales, 10, 1e-9);
	ck_assert_double_eq_tol(f.revenue.mean, 200, 1e-9);
	ck_assert_double_eq_tol(f.due, 60, 1e-9);
	ck_assert_double_eq_tol(f.cost.mean, 70, 1e-9);
	ck_assert_double_eq_tol(f.profit.mean, 130, 1e-9);
	ck_assert_int_eq(f.basis, POL_BASIS_EVIDENCE);
	/* var = 400 (10 1.5 + 100/40) + 200^2 (0.5/40 + 0.01) = 7000 + 900; a Gamma with
	 * mean 200 and this variance has shape 5.063, scale 39.5: its quantiles (mpmath),
	 * P(no sale) = 1.3e-4 moves them by less than 0.2. */
	ck_assert_double_eq_tol(f.revenue.low80, 97.85, 0.3);
	ck_assert_double_eq_tol(f.revenue.high80, 318.98, 0.3);
	ck_assert_double_eq_tol(f.revenue.low95, 65.53, 0.3);
	ck_assert_double_eq_tol(f.revenue.high95, 408.16, 0.3);
	/* sd of the cost: sqrt(7 * 1 + 1.4^2) = 2.993 */
	ck_assert_double_eq_tol(f.cost.high95, 70 + 1.959964 * 2.99333, 1e-3);
	/* A budget that is smaller caps it. */
	pol_forecast_sum(&p, 1, 7, 60, &f);
	ck_assert_double_eq(f.cost.mean, 60);
	ck_assert_double_eq(f.cost.high95, 60);
}
END_TEST

START_TEST(nothing_and_little)
{
	struct pol_prospect p = {.a = 0.7, .b = 10, .size = 10, .cv2 = 1.5};
	struct pol_forecast f;

	pol_forecast_sum(&p, 1, 30, -1, &f);
	ck_assert_int_eq(f.basis, POL_BASIS_NOTHING);
	ck_assert_double_eq(f.revenue.mean, 0);
	ck_assert_double_eq(f.revenue.high95, 0);
	pol_forecast_sum(NULL, 0, 30, -1, &f);
	ck_assert_int_eq(f.basis, POL_BASIS_NOTHING);
	/* A worker that hardly sells: most weeks there is nothing, and the interval
	 * says so. */
	p = (struct pol_prospect){.a = 8, .b = 800, .size = 50, .cv2 = 1, .n = 8};
	p.planned = 20; /* a fifth of a sale */
	pol_forecast_sum(&p, 1, 7, -1, &f);
	ck_assert_double_eq(f.revenue.low80, 0);
	ck_assert_double_gt(f.revenue.high95, 40);
	ck_assert_int_eq(f.basis, POL_BASIS_EVIDENCE);
	/* Only refunds are to come. */
	p = (struct pol_prospect){
		.a = 8, .b = 800, .size = 50, .cv2 = 1, .n = 8, .refund_due = 12};
	pol_forecast_sum(&p, 1, 7, -1, &f);
	ck_assert_double_eq(f.revenue.mean, -12);
	ck_assert_double_le(f.revenue.low95, f.revenue.high95);
}
END_TEST

static double
half_at_once(double age_d, const void *arg)
{
	(void)arg;
	return age_d >= 2 ? 1 : 0.5;
}

START_TEST(planned_money)
{
	static const double flat[7] = {1, 1, 1, 1, 1, 1, 1};
	static const double sunday[7] = {2, 1, 1, 1, 1, 1, 0};

	/* Four days of 10: the last two are half mature. */
	ck_assert_double_eq_tol(
		pol_forecast_planned(10, flat, 0, 4, half_at_once, NULL), 30, 1e-12);
	/* Saturday, Sunday, Monday: 0, 2 half, 1 half. */
	ck_assert_double_eq_tol(
		pol_forecast_planned(10, sunday, 6, 3, half_at_once, NULL), 15, 1e-12);
}
END_TEST

/* ---- coverage: many futures of one forecast ---- */

struct case_of {
	const char *what;
	unsigned workers;
	double a;      /* sales known of each */
	double sales;  /* expected in the time, of each */
	double cv2;    /* of sizes, as assumed */
	double cv2_is; /* and as they are */
	double drift;  /* deviation of the market, shared */
	double refund; /* share */
};

struct hits {
	unsigned in80, in95, below, above, n;
};

static void
try_case(const struct case_of *k, uint64_t seed, struct hits *ret)
{
	struct sim sim = {seed};
	struct pol_prospect p[20];

	*ret = (struct hits){.n = 2000};
	for (unsigned i = 0; i < ret->n; i++) {
		struct pol_forecast f;
		double came = 0;
		double market = exp(k->drift * sim_normal(&sim));

		for (unsigned w = 0; w < k->workers; w++) {
			/* Truth is drawn from what is known; the size of a sale is known
			 * from n sales. */
			double lambda = sim_gamma(&sim, k->a) / k->a;
			double size = 20 * sim_lognormal(&sim, k->cv2 / (5 + k->a));
			unsigned n = sim_poisson(&sim, lambda * k->sales * market);

			p[w] = (struct pol_prospect){.a = k->a,
				.b = k->a,
				.size = 20,
				.cv2 = k->cv2,
				.n = k->a,
				.planned = k->sales,
				.cost = 10,
				.refund = k->refund,
				.refund_new = 0.5};
			for (; n > 0; n--) {
				double x = size * sim_lognormal(&sim, k->cv2_is);

				came += sim_uniform(&sim) < k->refund / 2 ? 0 : x;
			}
		}
		pol_forecast_sum(p, k->workers, 30, -1, &f);
		ret->in80 += came >= f.revenue.low80 && came <= f.revenue.high80;
		ret->in95 += came >= f.revenue.low95 && came <= f.revenue.high95;
		ret->below += came < f.revenue.low95;
		ret->above += came > f.revenue.high95;
	}
	if (getenv("NOVA_TEST_SHOW"))
		(void)fprintf(stderr, "%s: 80%%: %.3f 95%%: %.3f below %.3f above %.3f\n",
			k->what, (double)ret->in80 / ret->n, (double)ret->in95 / ret->n,
			(double)ret->below / ret->n, (double)ret->above / ret->n);
}

/* Where the model is right the intervals hold what they say, within 3% (sampling and the
 * Gamma shape); where tails are heavier than assumed they lose little; where sales are
 * few they are too wide rather than too narrow. */
START_TEST(coverage)
{
	static const struct case_of cases[] = {
		{"one worker, many sales", 1, 60, 80, 0.5, 0.5, 0.2, 0},
		{"one worker, few sales", 1, 8, 6, 0.5, 0.5, 0.2, 0},
		{"hardly any sale", 1, 6, 0.4, 1, 1, 0.2, 0},
		{"refunds", 1, 60, 80, 0.5, 0.5, 0.2, 0.2},
		{"wide sizes", 1, 60, 80, 4, 4, 0.2, 0},
		{"heavier tails than assumed", 1, 60, 80, 1, 4, 0.2, 0},
		{"a fleet", 20, 20, 10, 1, 1, 0.2, 0.05},
		{"a fleet that hardly sells", 20, 5, 0.3, 1, 1, 0.2, 0},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct hits h;

		try_case(&cases[i], 1000 + i, &h);
		double less = cases[i].cv2_is > cases[i].cv2 ? 0.03 : 0;

		ck_assert_msg(
			h.in80 >= (0.76 - less) * h.n && h.in95 >= (0.915 - less) * h.n,
			"%s: %u and %u of %u", cases[i].what, h.in80, h.in95, h.n);
		if (cases[i].sales * cases[i].workers > 5)
			ck_assert_msg(h.in80 <= 0.88 * h.n && h.in95 <= 0.985 * h.n,
				"%s: too wide, %u and %u of %u", cases[i].what, h.in80,
				h.in95, h.n);
	}
}
END_TEST

/* ---- the whole core on simulated pasts ---- */

#define DAY INT64_C(86400)

struct world {
	double per_dollar; /* sales */
	double size;
	double cv2;
	double delay_h; /* median; lognormal, sigma 1.2 */
	double refund;
};

struct sale {
	int64_t ts;
	double amount;
	int64_t refunded; /* 0 never */
};

/* Days from..to of the world: 24 runs of one dollar a day, their sales and refunds, those
 * up to `known` told to the core; returns net revenue that comes in (known, until]. */
static double
live(struct sim *sim, const struct world *w, struct pol *p, int64_t from, int64_t to,
	int64_t known, int64_t until)
{
	double net = 0;

	for (int64_t t = from; t < to; t += 3600) {
		if (t <= known) {
			struct pol_fact run = {
				.kind = POL_RUN, .worker = "w", .ts = t, .ok = true};
			struct pol_fact cost = {.kind = POL_COST,
				.worker = "w",
				.ts = t,
				.nano = NV_MONEY_SCALE};

			ck_assert_int_eq(pol_fact(p, &run), 0);
			ck_assert_int_eq(pol_fact(p, &cost), 0);
		}
		for (unsigned n = sim_poisson(sim, w->per_dollar); n > 0; n--) {
			double hours = w->delay_h * exp(1.2 * sim_normal(sim));
			int64_t ts = t + (int64_t)(hours * 3600);
			double amount = w->size * sim_lognormal(sim, w->cv2);
			int64_t back = ts + (int64_t)((5 + 30 * sim_uniform(sim)) * DAY);
			bool refunded = sim_uniform(sim) < w->refund;
			int64_t nano = (int64_t)(amount * 1e9);

			if (ts <= known) {
				struct pol_fact f = {.kind = POL_REVENUE,
					.worker = "w",
					.ts = ts,
					.nano = nano,
					.caused_ts = t};

				ck_assert_int_eq(pol_fact(p, &f), 0);
			} else if (ts <= until) {
				net += amount;
			}
			if (refunded && back <= known) {
				struct pol_fact f = {.kind = POL_REFUND,
					.worker = "w",
					.ts = back,
					.nano = nano,
					.sale_ts = ts};

				ck_assert_int_eq(pol_fact(p, &f), 0);
			} else if (refunded && back <= until) {
				net -= amount;
			}
		}
	}
	return net;
}

static void
core_case(const struct world *w, unsigned days, uint64_t seed, unsigned *in80,
	unsigned *in95, unsigned n)
{
	struct sim sim = {seed};
	const int64_t start = 20000 * DAY;
	const int64_t now = start + 60 * DAY;

	for (unsigned i = 0; i < n; i++) {
		struct pol_conf conf;
		struct pol_worker_conf wc;
		struct pol *p = NULL;
		struct pol_forecast f;

		pol_conf_init(&conf);
		ck_assert_int_eq(pol_new(&conf, &p), 0);
		pol_worker_conf_init(&wc);
		(void)snprintf(wc.name, sizeof(wc.name), "w");
		wc.run_interval_s = 3600;
		wc.instances_max = 1;
		wc.expected_sale_nano = (int64_t)(w->size * 1e9);
		wc.expected_cost_nano = NV_MONEY_SCALE;
		ck_assert_int_eq(pol_worker_put(p, &wc), 0);
		double came =
			live(&sim, w, p, start, now + days * DAY, now, now + days * DAY);

		ck_assert_int_eq(pol_evaluate(p, now, NULL, NULL), 0);
		ck_assert_int_eq(pol_forecast(p, "w", now, days, &f), 0);
		ck_assert_int_ne(f.basis, POL_BASIS_NOTHING);
		*in80 += came >= f.revenue.low80 && came <= f.revenue.high80;
		*in95 += came >= f.revenue.low95 && came <= f.revenue.high95;
		pol_free(p);
	}
}

START_TEST(core_coverage)
{
	static const struct world worlds[] = {
		{0.05, 40, 0.5, 18, 0.05},
		{0.01, 150, 0.5, 48, 0.05},
		{0.05, 40, 4, 18, 0.15},
	};
	const unsigned n = 100;

	for (size_t i = 0; i < NV_LEN(worlds); i++) {
		for (unsigned days = 7; days <= 30; days += 23) {
			unsigned in80 = 0;
			unsigned in95 = 0;

			core_case(&worlds[i], days, 7000 + i, &in80, &in95, n);
			if (getenv("NOVA_TEST_SHOW"))
				(void)fprintf(stderr, "core %zu, %u days: %.3f %.3f\n", i,
					days, (double)in80 / n, (double)in95 / n);
			/* 4 deviations below what is stated. */
			ck_assert_msg(in80 >= 0.64 * n && in95 >= 0.86 * n,
				"world %zu, %u days: %u and %u of %u", i, days, in80,
				in95, n);
		}
	}
}
END_TEST

START_TEST(asked_wrongly)
{
	struct pol_conf conf;
	struct pol *p = NULL;
	struct pol_forecast f;

	pol_conf_init(&conf);
	ck_assert_int_eq(pol_new(&conf, &p), 0);
	ck_assert_int_eq(pol_forecast(p, "nobody", 1000, 7, &f), -ENOENT);
	ck_assert_int_eq(pol_forecast(p, NULL, 1000, 0, &f), -EINVAL);
	ck_assert_int_eq(pol_forecast(p, NULL, -1, 7, &f), -EINVAL);
	ck_assert_int_eq(pol_forecast(p, NULL, 1000, 7, &f), 0);
	ck_assert_int_eq(f.basis, POL_BASIS_NOTHING);
	pol_free(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("forecast");
	TCase *tc = tcase_create("forecast");

	tcase_add_test(tc, moments);
	tcase_add_test(tc, nothing_and_little);
	tcase_add_test(tc, planned_money);
	tcase_add_test(tc, coverage);
	tcase_add_test(tc, core_coverage);
	tcase_add_test(tc, asked_wrongly);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
