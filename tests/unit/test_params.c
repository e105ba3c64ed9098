/* Values that are tried against each other. */
#include "params.h"
#include "run_suite.h"
#include "statsim.h"

START_TEST(choices)
{
	static const struct {
		size_t n, now;
		unsigned count;
		size_t want[POL_PARAMS_ARMS];
	} cases[] = {
		{2, 0, 2, {0, 1}},
		{3, 1, 3, {1, 2, 0}},
		{6, 4, 4, {4, 5, 0, 1}},
		{3, 3, 3, {0, 1, 2}}, /* what is in force is none of them */
		{1, 0, 1, {0}},
		{0, 0, 0, {0}},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		size_t got[POL_PARAMS_ARMS] = {0};

		ck_assert_uint_eq(pol_params_choices(cases[i].n, cases[i].now, got),
			cases[i].count);
		for (unsigned k = 0; k < cases[i].count; k++)
			ck_assert_uint_eq(got[k], cases[i].want[k]);
	}
}
END_TEST

START_TEST(ranges)
{
	static const struct {
		int64_t low, high, now, grain;
		unsigned count;
		int64_t want[3];
	} cases[] = {
		{10, 1000, 60, 1, 3, {60, 90, 40}},
		{10, 1000, 1000, 1, 2, {1000, 667}},
		{10, 1000, 5, 1, 2, {10, 15}}, /* held to the range */
		{1, 10, 1, 1, 2, {1, 2}},
		{1, 10, 2, 1, 3, {2, 3, 1}},
		{-8, 8, 0, 1, 3, {0, 2, -2}},
		{0, 3, 1, 1, 3, {1, 2, 0}}, /* the step is smaller than the grain */
		{5, 5, 5, 1, 1, {5}},
		{1000, 90000, 1000, 1000, 2, {1000, 2000}},
		{INT64_MIN + 1, INT64_MAX, 0, 1, 3, {0, INT64_MAX / 4, -(INT64_MAX / 4)}},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		int64_t got[3];

		ck_assert_uint_eq(pol_params_range(cases[i].low, cases[i].high,
					  cases[i].now, cases[i].grain, got),
			cases[i].count);
		for (unsigned k = 0; k < cases[i].count; k++)
			ck_assert_msg(llabs(got[k] - cases[i].want[k]) <= 1,
				"%zu.%u: %lld", i, k, (long long)got[k]);
	}
}
END_TEST

/* Whatever the range: distinct, inside, the one in force first. */
START_TEST(always_sound)
{
	struct sim sim = {3};

	for (unsigned i = 0; i < 100000; i++) {
		int64_t a = (int64_t)(sim_bits(&sim) >> (1 + sim_bits(&sim) % 62));
		int64_t b = (int64_t)(sim_bits(&sim) >> (1 + sim_bits(&sim) % 62));
		int64_t now = (int64_t)(sim_bits(&sim) >> (1 + sim_bits(&sim) % 62));
		int64_t grain = 1 + (int64_t)(sim_bits(&sim) % 5000);
		int64_t low = sim_bits(&sim) % 2 ? NV_MIN(a, b) : -NV_MAX(a, b);
		int64_t high = NV_MAX(a, b);
		int64_t got[3];
		unsigned n = pol_params_range(low, high, now, grain, got);

		ck_assert(n >= 1 && n <= 3);
		ck_assert_int_eq(got[0], NV_MIN(NV_MAX(now, low), high));
		for (unsigned k = 0; k < n; k++) {
			ck_assert(got[k] >= low && got[k] <= high);
			for (unsigned j = 0; j < k; j++)
				ck_assert_int_ne(got[k], got[j]);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("params");
	TCase *tc = tcase_create("params");

	tcase_add_test(tc, choices);
	tcase_add_test(tc, ranges);
	tcase_add_test(tc, always_sound);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
