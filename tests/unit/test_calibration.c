/* Stated probabilities against what happened. Expected values by hand or, for Wilson's
 * interval, as the roots of (x/n - q)^2 = z^2 q (1-q)/n, solved with 40 digits. */
#include "calibration.h"
#include "run_suite.h"
#include "statsim.h"

#include <math.h>

START_TEST(wilson)
{
	static const struct {
		uint32_t came, n;
		double low, high;
	} cases[] = {
		{0, 0, 0, 1},
		{0, 10, 0.0, 0.277532799863},
		{1, 3, 0.0614919447204, 0.792340399198},
		{7, 10, 0.396778147461, 0.892208732594},
		{50, 100, 0.403831530366, 0.596168469634},
		{10, 10, 0.722467200137, 1.0},
		{3, 1000, 0.00102078388114, 0.0087830140535},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		double low;
		double high;

		pol_wilson(cases[i].came, cases[i].n, &low, &high);
		ck_assert_double_eq_tol(low, cases[i].low, 1e-10);
		ck_assert_double_eq_tol(high, cases[i].high, 1e-10);
	}
}
END_TEST

START_TEST(scores_by_hand)
{
	const struct pol_claim claims[] = {{0.9, true}, {0.8, false}, {0.25, false},
		{1, true}, {NAN, true}, {-0.1, false}, {1.0001, true}};
	struct pol_calibration c;

	pol_calibration(claims, NV_LEN(claims), &c);
	ck_assert_uint_eq(c.n, 4);
	ck_assert_uint_eq(c.refused, 3);
	ck_assert_uint_eq(c.came, 2);
	ck_assert_double_eq_tol(c.stated, (0.9 + 0.8 + 0.25 + 1) / 4, 1e-12);
	ck_assert_double_eq_tol(c.rate, 0.5, 1e-12);
	/* (0.01 + 0.64 + 0.0625 + 0) / 4 */
	ck_assert_double_eq_tol(c.brier, 0.178125, 1e-12);
	ck_assert_double_eq_tol(c.brier_base, 0.25, 1e-12);
	ck_assert_double_eq_tol(c.log_loss,
		-(log(0.9) + log(0.2) + log(0.75) + log(1 - 1e-6)) / 4, 1e-12);
	ck_assert_int_eq(c.verdict, POL_CALIBRATION_TOO_FEW);
	/* 0.9 and 1 are in the last bin, nothing is lost on the way. */
	ck_assert_uint_eq(c.bins[9].n, 2);
	ck_assert_uint_eq(c.bins[9].came, 2);
	ck_assert_double_eq_tol(c.bins[9].stated, 0.95, 1e-12);
	ck_assert(c.bins[9].agrees);
	ck_assert_uint_eq(c.bins[8].n, 1);
	ck_assert_uint_eq(c.bins[2].n, 1);
	ck_assert_uint_eq(c.bins[0].n, 0);
	ck_assert(c.bins[0].agrees);
}
END_TEST

START_TEST(nothing_is_nothing)
{
	struct pol_calibration c;

	pol_calibration(NULL, 0, &c);
	ck_assert_uint_eq(c.n, 0);
	ck_assert_double_eq(c.brier, 0);
	ck_assert_double_eq(c.bias_z, 0);
	ck_assert_int_eq(c.verdict, POL_CALIBRATION_TOO_FEW);
}
END_TEST

/* Always sure, always right: no division by nothing. */
START_TEST(oracle)
{
	struct pol_claim claims[40];
	struct pol_calibration c;

	for (size_t i = 0; i < NV_LEN(claims); i++)
		claims[i] = (struct pol_claim){i % 2 ? 1 : 0, i % 2};
	pol_calibration(claims, NV_LEN(claims), &c);
	ck_assert_double_eq(c.brier, 0);
	ck_assert(isfinite(c.log_loss) && isfinite(c.spread_z) && isfinite(c.bias_z));
	ck_assert_int_eq(c.verdict, POL_CALIBRATION_AGREES);
}
END_TEST

enum speaker { HONEST, BOASTER, TIMID, GLOOMY };

/* 200 claims of somebody of that kind; what is true is uniform in 0..1. */
static enum pol_verdict
listen(struct sim *sim, enum speaker speaker)
{
	struct pol_claim claims[200];
	struct pol_calibration c;

	for (size_t i = 0; i < NV_LEN(claims); i++) {
		double truth = sim_uniform(sim);
		double odds = truth / (1 - truth);
		double said = speaker == BOASTER  ? pow(odds, 2.5)
			      : speaker == TIMID  ? pow(odds, 0.3)
			      : speaker == GLOOMY ? odds / 3
						  : odds;

		claims[i].p = said / (1 + said);
		claims[i].came = sim_uniform(sim) < truth;
	}
	pol_calibration(claims, NV_LEN(claims), &c);
	return c.verdict;
}

static unsigned
how_often(uint64_t seed, enum speaker speaker, enum pol_verdict verdict)
{
	struct sim sim = {seed};
	unsigned n = 0;

	for (int i = 0; i < 1000; i++)
		n += listen(&sim, speaker) == verdict;
	return n;
}

/* Who tells the truth is believed in 95 of 100 cases (the bounds are 4 deviations), who
 * does not is found out. */
START_TEST(verdicts)
{
	unsigned honest = how_often(1, HONEST, POL_CALIBRATION_AGREES);

	ck_assert_uint_ge(honest, 950 - 28);
	ck_assert_uint_ge(how_often(2, BOASTER, POL_CALIBRATION_TOO_SURE), 950);
	ck_assert_uint_ge(how_often(3, TIMID, POL_CALIBRATION_TOO_SHY), 900);
	ck_assert_uint_ge(how_often(4, GLOOMY, POL_CALIBRATION_TOO_SHY), 950);
}
END_TEST

/* A bin's interval holds the true rate at least as often as it says, small n included. */
START_TEST(coverage_of_bins)
{
	static const uint32_t sizes[] = {3, 8, 30, 200};
	struct sim sim = {5};

	for (size_t k = 0; k < NV_LEN(sizes); k++) {
		unsigned inside = 0;

		for (int i = 0; i < 4000; i++) {
			double truth = sim_uniform(&sim);
			uint32_t came = 0;
			double low;
			double high;

			for (uint32_t j = 0; j < sizes[k]; j++)
				came += sim_uniform(&sim) < truth;
			pol_wilson(came, sizes[k], &low, &high);
			inside += truth >= low && truth <= high;
		}
		ck_assert_uint_ge(inside, 4000 * 0.93);
		ck_assert_uint_le(inside, 4000 * 0.98);
	}
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(pol_verdict_name(POL_CALIBRATION_TOO_SURE), "too sure");
	ck_assert_str_eq(pol_verdict_name(POL_CALIBRATION_TOO_FEW), "too few");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("calibration");
	TCase *tc = tcase_create("calibration");

	tcase_add_test(tc, wilson);
	tcase_add_test(tc, scores_by_hand);
	tcase_add_test(tc, nothing_is_nothing);
	tcase_add_test(tc, oracle);
	tcase_add_test(tc, verdicts);
	tcase_add_test(tc, coverage_of_bins);
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
