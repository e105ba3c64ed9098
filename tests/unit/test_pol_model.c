/* The model's formulas, each against values that do not come from the code: published
 * numbers, identities, sums done another way. */
#include "gamma.h"
#include "pol_fixture.h"
#include "run_suite.h"

/* docs/DECISIONS.md: how many typical sales' worth may be spent before a kill. The values
 * are those of the e-value's definition solved for e = 20 by bisection in another
 * language (python3, 1e-9), not by this code. */
START_TEST(e_value_of_sales)
{
	static const struct {
		double n;
		double mu;
	} cases[] = {{0, 4.0086}, {1, 6.6378}, {2, 8.5733}, {3, 10.3930}, {5, 13.7802}};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		ck_assert_double_lt(pol_evalue(cases[i].n, cases[i].mu - 0.01), 20);
		ck_assert_double_gt(pol_evalue(cases[i].n, cases[i].mu + 0.01), 20);
	}
}
END_TEST

/* Under "it breaks even" its expectation is 1: sum over n of Poisson(n; mu) * e(n, mu).
 */
START_TEST(e_value_is_fair)
{
	static const double mus[] = {0.1, 1, 3, 8, 15};

	for (size_t i = 0; i < NV_LEN(mus); i++) {
		double p = exp(-mus[i]);
		double sum = 0;

		for (unsigned n = 0; n < 200; n++) {
			sum += p * pol_evalue(n, mus[i]);
			p *= mus[i] / (n + 1);
		}
		ck_assert_double_eq_tol(sum, 1, 1e-9);
	}
	ck_assert(isfinite(pol_evalue(0, 1e300)));
	ck_assert(isfinite(pol_evalue(1e300, 0)));
	ck_assert_double_eq_tol(pol_evalue(0, 0), 1, 1e-12);
}
END_TEST

START_TEST(quantiles_of_the_table)
{
	static const double ps[] = {0.4, 0.7, 0.9};
	struct pol_quantile t;

	for (size_t i = 0; i < NV_LEN(ps); i++) {
		pol_quantile_init(&t, ps[i]);
		for (int k = 0; k < 47; k++) { /* 0.05 to 10^5 */
			double shape = 0.05 * pow(1.37, k);
			double exact = pol_gamma_quantile(shape, ps[i]) / shape;

			ck_assert_double_eq_tol(
				pol_quantile_of(&t, shape), exact, 2e-3 * exact + 1e-9);
		}
		ck_assert(isfinite(pol_quantile_of(&t, 0)));
		ck_assert_double_eq_tol(pol_quantile_of(&t, 1e300), 1, 0.01);
		ck_assert(isfinite(pol_quantile_of(&t, NAN)));
	}
}
END_TEST

START_TEST(gamma_by_moments)
{
	/* mean 2, variance 1: shape 4; an exponential has P(X < mean) = 1 - 1/e. */
	struct pol_gamma g = pol_gamma_fit(2, 5);

	ck_assert_double_eq_tol(g.shape, 4, 1e-12);
	g = pol_gamma_fit(3, 18);
	ck_assert_double_eq_tol(pol_gamma_below(&g, 3), 1 - exp(-1), 1e-9);
	ck_assert_double_eq_tol(pol_gamma_at(&g, 0.5), 3 * log(2), 1e-6);
	ck_assert_double_eq(pol_gamma_below(&g, -1), 0);
	g = pol_gamma_fit(NAN, NAN);
	ck_assert(isfinite(g.mean) && isfinite(g.shape));
}
END_TEST

/* The prior: lognormal, median 18 h, sigma 1.3; cut at 45 days. P(delay < 18 h) = .5,
 * P(delay < 3 d) = Phi(ln 4 / 1.3) = .85690, both over Phi(ln 60 / 1.3) = .99919. */
START_TEST(delay_prior)
{
	struct pol_curve c;
	double before = 0;

	pol_curve_prior(&c);
	ck_assert_double_eq_tol(pol_curve_at(&c, 18 * HOUR), 0.5 / 0.99919, 1e-4);
	ck_assert_double_eq_tol(pol_curve_at(&c, 72 * HOUR), 0.85690 / 0.99919, 1e-4);
	ck_assert_double_eq(pol_curve_at(&c, 0), 0);
	ck_assert_double_eq(pol_curve_at(&c, -5), 0);
	ck_assert_double_eq(pol_curve_at(&c, 46 * DAY), 1);
	for (int64_t age = 0; age < 46 * DAY; age += HOUR / 2) {
		ck_assert_double_ge(pol_curve_at(&c, age), before);
		before = pol_curve_at(&c, age);
	}
	for (int k = 1; k < 20; k++) {
		double p = 0.05 * k;

		ck_assert_double_eq_tol(pol_curve_at(&c, pol_curve_age(&c, p)), p, 1e-3);
	}
}
END_TEST

/* A worker that sells after exactly 30 h, started four days ago: half of its sales are
 * not there yet. The curve must not take what has come for all there is. */
START_TEST(delay_cut_off)
{
	struct pol_delay d = {0};
	const struct pol_delay *list[1] = {&d};
	struct pol_curve prior;
	struct pol_curve c;
	int64_t now = T0 + 4 * DAY;

	pol_curve_prior(&prior);
	for (int64_t ts = T0; ts < now; ts += HOUR / 4) {
		if (ts + 30 * HOUR <= now)
			pol_delay_add(&d, ts, 30 * HOUR);
	}
	pol_curve_fit(list, 1, &prior, 8, now, &c);
	/* The bin from 24 to 36 h has nearly all of it. */
	ck_assert_double_lt(pol_curve_at(&c, 24 * HOUR), 0.05);
	/* Of delays above three days nothing is known yet but the prior. */
	ck_assert_double_eq_tol(pol_curve_at(&c, 36 * HOUR), 0.8576, 0.02);
	/* Much later: the same, from causes that are all old enough. */
	pol_curve_fit(list, 1, &prior, 8, now + 60 * DAY, &c);
	ck_assert_double_lt(pol_curve_at(&c, 24 * HOUR), 0.05);
	ck_assert_double_gt(pol_curve_at(&c, 36 * HOUR), 0.95);
	/* Nothing known: the prior itself. */
	struct pol_delay none = {0};

	list[0] = &none;
	pol_curve_fit(list, 1, &prior, 8, now, &c);
	for (unsigned k = 0; k < POL_BINS; k++)
		ck_assert_double_eq_tol(c.at[k], prior.at[k], 1e-9);
}
END_TEST

/* Before there is a fact: Gamma(0.7) with mean 1.6 at volume 1, so P(multiple < 1) is
 * P(0.7, 0.7/1.6) but for what is not known of the sale. */
START_TEST(posterior_is_the_prior_first)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct pol_post post;
	struct pol_gamma g;

	fleet_add(p, "a", false);
	pol_post_make(p, pol_find(p, "a"), T0, &post);
	g = pol_post_average(&post, 1);
	ck_assert_double_eq_tol(g.mean, 1.6, 1e-9);
	ck_assert_double_eq_tol(post.a, 0.7, 1e-12);
	ck_assert_double_eq_tol(post.sale, 20, 1e-9);
	ck_assert_double_eq_tol(post.refund, 0.05, 1e-9);
	ck_assert_double_eq_tol(pol_post_below(&post, 1, 1, 0),
		pol_gamma_p(g.shape, g.shape / 1.6), 1e-9);
	/* 0.10 a run, a run an hour. */
	ck_assert_double_eq_tol(post.cost_unit, 2.4, 1e-9);
	/* .1 * .3 + .2 * .5 + .3 * .7 + .25 * .85 + .15 * 1 */
	ck_assert_double_eq_tol(post.beta, 0.7025, 1e-9);
	pol_free(p);
}
END_TEST

/* Long after, at a steady multiple: the posterior mean is near it, less what the prior
 * and refunds (5% assumed, none seen) take. */
START_TEST(posterior_finds_the_truth)
{
	static const double truths[] = {0.3, 1, 2.5, 5};

	for (size_t i = 0; i < NV_LEN(truths); i++) {
		struct pol *p = fleet_new(POL_MARGINAL, 100000);
		struct life l = {
			.name = "a", .multiple = truths[i], .cost = 2, .good = 1};
		static struct notes notes;
		struct pol_post post;

		notes = (struct notes){0}; /* nobody obeys: volume stays 1 */
		fleet_add(p, "a", false);
		live(p, &l, 1, T0, 60 * 24, &notes);
		pol_post_make(p, pol_find(p, "a"), T0 + 60 * DAY, &post);
		struct pol_gamma g = pol_post_average(&post, 1);

		ck_assert_double_eq_tol(g.mean, truths[i], 0.12 * truths[i] + 0.02);
		ck_assert_double_eq_tol(post.cost_per_run, 2, 0.05);
		/* What it is thought to earn at another volume differs by beta only. */
		ck_assert_double_le(pol_post_average(&post, 4).mean, g.mean + 1e-9);
		ck_assert_double_ge(pol_post_average(&post, 0.25).mean, g.mean - 1e-9);
		pol_free(p);
	}
}
END_TEST

/* One giant sale does not make a business. */
START_TEST(giant_sale)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct pol_post post;

	fleet_add(p, "a", false);
	for (unsigned h = 0; h < 200; h++) {
		fact(p, POL_RUN, "a", T0 + h * HOUR, 0, true, 0);
		fact(p, POL_COST, "a", T0 + h * HOUR, NV_MONEY_SCALE, true, 0);
	}
	fact(p, POL_REVENUE, "a", T0 + 20 * HOUR, 100000 * NV_MONEY_SCALE, true, T0);
	pol_post_make(p, pol_find(p, "a"), T0 + 20 * DAY, &post);
	/* 12 medians, and the median is what was declared while there is one sale. */
	ck_assert_double_eq_tol(post.sale, (5 * 20 + 240) / 6.0, 1e-6);
	pol_free(p);
}
END_TEST

/* Refunds above what was sold: a share stays a share. */
START_TEST(refund_above_revenue)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct pol_post post;

	fleet_add(p, "a", false);
	for (unsigned i = 0; i < 10; i++) {
		struct pol_fact f = {.kind = POL_REFUND,
			.worker = "a",
			.ts = T0 + 3 * DAY,
			.nano = 500 * NV_MONEY_SCALE,
			.sale_ts = T0 + DAY,
			.sale_nano = 20 * NV_MONEY_SCALE};

		fact(p, POL_REVENUE, "a", T0 + DAY, 20 * NV_MONEY_SCALE, true, T0);
		ck_assert_int_eq(pol_fact(p, &f), 0);
	}
	pol_post_make(p, pol_find(p, "a"), T0 + 40 * DAY, &post);
	ck_assert_double_gt(post.refund, 0.4);
	ck_assert_double_le(post.refund, 0.95);
	ck_assert_double_gt(post.keep, 0);
	pol_free(p);
}
END_TEST

/* A market that stands still keeps a longer memory than one that fell. */
START_TEST(memory_follows_the_market)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100000);
	struct life same = {.name = "same", .multiple = 4, .cost = 4, .good = 1};
	struct life fell = {.name = "fell", .multiple = 4, .cost = 4, .good = 1};
	static struct notes notes;
	struct pol_post a;
	struct pol_post b;

	notes = (struct notes){0};
	fleet_add(p, "same", false);
	fleet_add(p, "fell", false);
	for (unsigned d = 0; d < 70; d++) {
		struct life both[2] = {same, fell};

		both[1].multiple = d < 55 ? 4 : 0.2;
		live(p, both, 2, T0 + d * DAY, 24, &notes);
		same = both[0];
		fell = both[1];
	}
	pol_post_make(p, pol_find(p, "same"), T0 + 70 * DAY, &a);
	pol_post_make(p, pol_find(p, "fell"), T0 + 70 * DAY, &b);
	ck_assert_double_gt(a.half_life_d, 24);
	ck_assert_double_lt(b.half_life_d, 15);
	ck_assert_double_lt(pol_post_average(&b, 1).mean, 1.6);
	ck_assert_double_ge(a.thin, 1);
	pol_free(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pol_model");
	TCase *tc = tcase_create("pol_model");

	tcase_add_test(tc, e_value_of_sales);
	tcase_add_test(tc, e_value_is_fair);
	tcase_add_test(tc, quantiles_of_the_table);
	tcase_add_test(tc, gamma_by_moments);
	tcase_add_test(tc, delay_prior);
	tcase_add_test(tc, delay_cut_off);
	tcase_add_test(tc, posterior_is_the_prior_first);
	tcase_add_test(tc, posterior_finds_the_truth);
	tcase_add_test(tc, giant_sale);
	tcase_add_test(tc, refund_above_revenue);
	tcase_add_test(tc, memory_follows_the_market);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
