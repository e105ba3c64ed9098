/* A/B tests. P(best) against the exact integral over Gamma posteriors (mpmath, adaptive
 * quadrature with 20 digits), e-values by hand, and what is promised about errors by
 * simulated experiments that are looked at every day. */
#include "run_suite.h"
#include "statsim.h"
#include "variants.h"

#include <stdio.h>

/* ---- by hand ---- */

START_TEST(p_best)
{
	static const struct {
		unsigned n;
		double sales[3], exposure[3], p[3];
	} cases[] = {
		{2, {3, 1}, {100, 100}, {0.70947266, 0.29052734}},
		{2, {20, 12}, {100, 100}, {0.8944882, 0.1055118}},
		{3, {20, 12, 9}, {100, 100, 90}, {0.85559068, 0.096218043, 0.048191272}},
		{2, {60, 40}, {1000, 1000}, {0.97254559, 0.027454409}},
		{2, {0, 8}, {50, 50}, {0.024520873, 0.97547913}},
	};
	const struct pol_pairs none = {0};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct pol_arm arms[3] = {0};
		const double share[3] = {1, 1, 1};
		struct pol_test t;
		double sum = 0;

		for (unsigned v = 0; v < cases[i].n; v++)
			arms[v] = (struct pol_arm){.sales = cases[i].sales[v],
				.exposure = cases[i].exposure[v]};
		pol_variants_judge(arms, cases[i].n, share, &none, 0, &t);
		for (unsigned v = 0; v < cases[i].n; v++) {
			ck_assert_double_eq_tol(t.p_best[v], cases[i].p[v], 0.012);
			sum += t.p_best[v];
		}
		ck_assert_double_eq_tol(sum, 1, 1e-9);
	}
}
END_TEST

START_TEST(e_value_by_hand)
{
	struct pol_pairs pairs = {0};
	const double share[3] = {0.6, 0.2, 0};

	ck_assert_double_eq(pol_pairs_e(&pairs, 0, 1), 1);
	/* Fair side of variant 0 against 1: 0.6/0.8 = 3/4. At odds o a sale of 0
	 * multiplies by o/(0.75 o + 0.25), one of 1 by 1/(0.75 o + 0.25). */
	pol_pairs_sale(&pairs, 0, share, 3);
	pol_pairs_sale(&pairs, 0, share, 3);
	pol_pairs_sale(&pairs, 1, share, 3);
	double want = 0;
	double against = 0;
	static const double odds[] = {1.15, 1.3, 1.6, 2.2};

	for (unsigned k = 0; k < 4; k++) {
		want += odds[k] * odds[k] / pow(0.75 * odds[k] + 0.25, 3) / 4;
		against += odds[k] / pow(0.25 * odds[k] + 0.75, 3) / 4;
	}
	ck_assert_double_eq_tol(pol_pairs_e(&pairs, 0, 1), want, 1e-12);
	ck_assert_double_eq_tol(pol_pairs_e(&pairs, 1, 0), against, 1e-12);
	/* The one without a share is in no pair. */
	ck_assert_double_eq(pol_pairs_e(&pairs, 0, 2), 1);
	ck_assert_double_eq(pol_pairs_e(&pairs, 2, 1), 1);
}
END_TEST

/* Whatever the fair side, the next factor is 1 on average: a martingale, exactly. */
START_TEST(e_value_is_fair)
{
	for (int i = 0; i < 14; i++) {
		const double p = 0.02 + 0.07 * i;
		const double share[2] = {p, 1 - p};
		struct pol_pairs heads = {0};
		struct pol_pairs tails = {0};

		pol_pairs_sale(&heads, 0, share, 2);
		pol_pairs_sale(&tails, 1, share, 2);
		ck_assert_double_eq_tol(p * pol_pairs_e(&heads, 0, 1) +
						(1 - p) * pol_pairs_e(&tails, 0, 1),
			1, 1e-12);
		ck_assert_double_eq_tol(p * pol_pairs_e(&heads, 1, 0) +
						(1 - p) * pol_pairs_e(&tails, 1, 0),
			1, 1e-12);
	}
}
END_TEST

START_TEST(shares)
{
	struct pol_arm arms[3] = {0};
	const double equal[3] = {1 / 3.0, 1 / 3.0, 1 / 3.0};
	const struct pol_pairs none = {0};
	struct pol_test t;

	/* Nothing known: as it was, nothing moves. */
	pol_variants_judge(arms, 3, equal, &none, 0, &t);
	for (unsigned v = 0; v < 3; v++)
		ck_assert_double_eq_tol(t.share[v], 1 / 3.0, 1e-9);
	ck_assert(!t.move);
	ck_assert_int_eq(t.end, POL_TEST_ON);
	/* The worst keeps its floor of about a tenth while it may be the best. */
	arms[0] = (struct pol_arm){.sales = 14, .exposure = 100};
	arms[1] = (struct pol_arm){.sales = 10, .exposure = 100};
	arms[2] = (struct pol_arm){.sales = 6, .exposure = 100};
	pol_variants_judge(arms, 3, equal, &none, 0, &t);
	ck_assert_uint_eq(t.best, 0);
	ck_assert(t.p_best[2] < 0.1 && t.p_best[2] > 0.02);
	ck_assert_double_ge(t.share[2], 0.09);
	ck_assert(t.move);
	/* Hopeless, but that may be chance as long as no e-value says so. */
	struct pol_pairs proof = {0};

	arms[2] = (struct pol_arm){.sales = 0, .exposure = 100};
	pol_variants_judge(arms, 3, equal, &none, 0, &t);
	ck_assert_double_lt(t.p_best[2], 0.02);
	ck_assert_double_gt(t.share[2], 0.05);
	/* Dropped for good, and what is dropped stays so. */
	for (unsigned k = 0; k < 40; k++)
		pol_pairs_sale(&proof, k % 2, equal, 3);
	pol_variants_judge(arms, 3, equal, &proof, 0, &t);
	ck_assert_double_eq(t.share[2], 0);
	ck_assert_int_eq(t.end, POL_TEST_ON);
	arms[2] = (struct pol_arm){.sales = 50, .exposure = 100, .dropped = true};
	pol_variants_judge(arms, 3, equal, &none, 0, &t);
	ck_assert_double_eq(t.share[2], 0);
	ck_assert_uint_ne(t.best, 2);
	ck_assert_double_eq_tol(t.share[0] + t.share[1], 1, 1e-12);
	/* A small change is not worth one. */
	pol_variants_judge(arms, 3, t.share, &none, 0, &t);
	ck_assert(!t.move);
}
END_TEST

/* Twice the sales at half the price is no better. */
START_TEST(sizes_count)
{
	const struct pol_arm arms[2] = {{.sales = 400, .net = 4000, .exposure = 1000},
		{.sales = 200, .net = 8000, .exposure = 1000}};
	const double half[2] = {0.5, 0.5};
	const struct pol_pairs none = {0};
	struct pol_test t;

	pol_variants_judge(arms, 2, half, &none, 0, &t);
	ck_assert_uint_eq(t.best, 0);
	pol_variants_judge(arms, 2, half, &none, 1.5, &t);
	ck_assert_uint_eq(t.best, 1);
	ck_assert_double_gt(t.p_best[1], 0.95);
	/* Refunds have eaten more than everything: still numbers. */
	const struct pol_arm lost[2] = {{.sales = 10, .net = -500, .exposure = 100},
		{.sales = 10, .net = 900, .exposure = 100}};

	pol_variants_judge(lost, 2, half, &none, 1.5, &t);
	ck_assert_uint_eq(t.best, 1);
	for (unsigned v = 0; v < 2; v++)
		ck_assert(isfinite(t.value[v]) && isfinite(t.loss[v]) &&
			  isfinite(t.share[v]));
}
END_TEST

/* ---- simulated experiments ---- */

struct outcome {
	unsigned proven_right;
	unsigned proven_wrong;
	unsigned enough;
	unsigned bad; /* ended, whichever way, with one that is a fifth worse or more */
	unsigned on;
	double days;
};

struct world {
	unsigned n;
	double rate[4]; /* sales per run */
	double runs;    /* a day, all variants together */
	unsigned days;
	double season; /* amplitude of a wave both share */
	double sticky; /* 0: as the core does; else the shares are pushed by hand */
};

/* One experiment: every day runs are shared, sales come, the judge is asked. Returns how
 * it ended; *ret_best which was taken. */
static enum pol_test_end
experiment(struct sim *sim, const struct world *w, unsigned *ret_best, unsigned *ret_days)
{
	struct pol_arm arms[POL_VARIANTS_MAX] = {0};
	struct pol_pairs pairs = {0};
	double share[POL_VARIANTS_MAX];
	struct pol_test t = {0};

	for (unsigned v = 0; v < w->n; v++)
		share[v] = 1.0 / w->n;
	for (unsigned day = 0; day < w->days; day++) {
		double wave = 1 + w->season * sin(day / 7.0 * 2 * M_PI);

		for (unsigned v = 0; v < w->n; v++) {
			double runs = share[v] * w->runs;
			unsigned sales =
				runs > 0 ? sim_poisson(sim, runs * w->rate[v] * wave) : 0;

			arms[v].sales += sales;
			arms[v].exposure += runs;
			for (; sales > 0; sales--)
				pol_pairs_sale(&pairs, v, share, w->n);
		}
		pol_variants_judge(arms, w->n, share, &pairs, 0, &t);
		*ret_best = t.best;
		*ret_days = day + 1;
		if (t.end != POL_TEST_ON)
			return t.end;
		for (unsigned v = 0; v < w->n; v++) {
			if (t.move)
				share[v] = t.share[v];
			arms[v].dropped = share[v] <= 0;
		}
		/* Shares that chase whoever is ahead, as hard as they may. */
		for (unsigned v = 0; w->sticky > 0 && v < w->n; v++)
			share[v] = v == t.best ? 1 - w->sticky : w->sticky / (w->n - 1);
	}
	return t.end;
}

static struct outcome
run_many(uint64_t seed, unsigned times, const struct world *w)
{
	struct sim sim = {seed};
	struct outcome o = {0};

	for (unsigned i = 0; i < times; i++) {
		unsigned best = 0;
		unsigned days = 0;
		enum pol_test_end end = experiment(&sim, w, &best, &days);
		bool right = true;
		bool bad = false;

		for (unsigned v = 0; v < w->n; v++) {
			right &= w->rate[v] <= w->rate[best];
			bad |= w->rate[v] >= 1.2 * w->rate[best];
		}
		o.bad += end != POL_TEST_ON && bad;
		o.proven_right += end == POL_TEST_PROVEN && right;
		o.proven_wrong += end == POL_TEST_PROVEN && !right;
		o.enough += end == POL_TEST_ENOUGH;
		o.on += end == POL_TEST_ON;
		o.days += (double)days / times;
	}
	if (getenv("NOVA_TEST_SHOW"))
		(void)fprintf(stderr,
			"right %u wrong %u enough %u on %u bad %u days %.1f\n",
			o.proven_right, o.proven_wrong, o.enough, o.on, o.bad, o.days);
	return o;
}

#define TIMES 400
/* 5% and four standard deviations of such a count. */
#define NOMINAL (TIMES / 20 + 17)

/* The e-value alone, looked at after every sale, with shares that chase whoever seems to
 * win, or that try to spoil it: it reaches 20 in at most one of 20 cases. */
START_TEST(e_value_under_peeking)
{
	static const double chase[] = {0.5, 0.9, 0.1, 0.99};
	struct sim sim = {77};

	for (size_t i = 0; i < NV_LEN(chase); i++) {
		unsigned beats = 0;
		unsigned holds = 0;

		for (unsigned k = 0; k < 1000; k++) {
			struct pol_pairs pairs = {0};
			bool beat = false;
			bool held = false;

			for (unsigned sale = 0; sale < 300; sale++) {
				bool ahead = pol_pairs_e(&pairs, 0, 1) > 1;
				double first = ahead ? chase[i] : 1 - chase[i];
				const double share[2] = {first, 1 - first};
				double u = sim_uniform(&sim);

				pol_pairs_sale(&pairs, u < first ? 0 : 1, share, 2);
				beat |= pol_pairs_e(&pairs, 0, 1) >= 20;
			}
			pairs = (struct pol_pairs){0};
			/* The other one is better by just the margin. */
			for (unsigned sale = 0; sale < 300; sale++) {
				bool ahead = pol_pairs_hold_e(&pairs, 0, 1) > 1;
				double first = ahead ? chase[i] : 1 - chase[i];
				const double share[2] = {first, 1 - first};
				double p =
					first / (first + POL_HOLD_MARGIN * (1 - first));

				pol_pairs_sale(
					&pairs, sim_uniform(&sim) < p ? 0 : 1, share, 2);
				held |= pol_pairs_hold_e(&pairs, 0, 1) >= 20;
			}
			beats += beat;
			holds += held;
		}
		ck_assert_uint_le(beats, 50 + 28);
		ck_assert_uint_le(holds, 50 + 28);
		/* And it is no dead letter: it gets there now and then. */
		ck_assert(i > 0 || (beats >= 5 && holds >= 5));
	}
}
END_TEST

/* All alike, looked at every day for four months: "proven" is an error, whoever wins. */
START_TEST(false_proofs)
{
	static const struct world worlds[] = {
		{.n = 2, .rate = {0.02, 0.02}, .runs = 400, .days = 120},
		{.n = 3, .rate = {0.02, 0.02, 0.02}, .runs = 400, .days = 120},
		{.n = 2, .rate = {0.02, 0.02}, .runs = 200, .days = 120, .season = 0.8},
		{.n = 2, .rate = {0.02, 0.02}, .runs = 400, .days = 120, .sticky = 0.1},
	};

	for (size_t i = 0; i < NV_LEN(worlds); i++) {
		struct outcome o = run_many(100 + i, TIMES, &worlds[i]);

		ck_assert_uint_le(o.proven_right + o.proven_wrong, NOMINAL);
	}
}
END_TEST

/* The other one is better by little: to prove the wrong one is rarer still. */
START_TEST(wrong_proofs)
{
	static const struct world worlds[] = {
		{.n = 2, .rate = {0.02, 0.021}, .runs = 400, .days = 120},
		{.n = 3, .rate = {0.02, 0.021, 0.019}, .runs = 400, .days = 120},
		{.n = 2, .rate = {0.02, 0.024}, .runs = 400, .days = 120, .sticky = 0.1},
	};

	for (size_t i = 0; i < NV_LEN(worlds); i++) {
		struct outcome o = run_many(200 + i, TIMES, &worlds[i]);

		ck_assert_uint_le(o.proven_wrong, TIMES / 20);
		ck_assert_uint_le(o.bad, NOMINAL);
	}
}
END_TEST

/* A real difference is found: 8 sales a day, half as many again of the better one. */
START_TEST(power)
{
	static const struct world clear = {
		.n = 2, .rate = {0.016, 0.024}, .runs = 400, .days = 120};
	static const struct world twice = {
		.n = 3, .rate = {0.01, 0.02, 0.01}, .runs = 400, .days = 120};
	struct outcome o = run_many(300, 300, &clear);

	ck_assert_uint_ge(o.proven_right + o.enough, 285);
	ck_assert_uint_le(o.bad, 3);
	o = run_many(301, 300, &twice);
	ck_assert_uint_ge(o.proven_right + o.enough, 295);
	ck_assert_uint_le(o.bad, 2);
	ck_assert_double_lt(o.days, 40);
}
END_TEST

/* Ended as "enough": what was taken loses less than 2% on average, whatever it was. */
START_TEST(enough_costs_little)
{
	static const double better[] = {1, 1.02, 1.05, 1.1, 1.3};
	double lost = 0;
	unsigned ended = 0;

	for (size_t i = 0; i < NV_LEN(better); i++) {
		const struct world w = {
			.n = 2, .rate = {0.1, 0.1 * better[i]}, .runs = 500, .days = 90};
		struct sim sim = {400 + i};

		for (unsigned k = 0; k < 100; k++) {
			unsigned best = 0;
			unsigned days = 0;

			if (experiment(&sim, &w, &best, &days) != POL_TEST_ENOUGH)
				continue;
			ended++;
			lost += best == 0 ? 1 - 1 / better[i] : 0;
		}
	}
	ck_assert_uint_ge(ended, 50);
	ck_assert_double_lt(lost / ended, 0.02);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("variants");
	TCase *tc = tcase_create("variants");

	tcase_add_test(tc, p_best);
	tcase_add_test(tc, e_value_by_hand);
	tcase_add_test(tc, e_value_is_fair);
	tcase_add_test(tc, shares);
	tcase_add_test(tc, sizes_count);
	tcase_add_test(tc, e_value_under_peeking);
	tcase_add_test(tc, false_proofs);
	tcase_add_test(tc, wrong_proofs);
	tcase_add_test(tc, power);
	tcase_add_test(tc, enough_costs_little);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
