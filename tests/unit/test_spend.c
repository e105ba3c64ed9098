/* The forecast of a day's spending: its arithmetic, and that its interval is honest. */
#include "eng_fixture.h"
#include "run_suite.h"
#include "spend.h"

#include <math.h>

#define UNIT NV_MONEY_SCALE

static struct eng_spend_day
day(int64_t before, int64_t after)
{
	return (struct eng_spend_day){(nv_i128)before * UNIT, (nv_i128)after * UNIT};
}

START_TEST(test_too_little)
{
	struct eng_spend_day days[ENG_SPEND_DAYS];
	struct eng_spend_forecast f;

	for (size_t i = 0; i < ENG_SPEND_DAYS; i++)
		days[i] = day(10, 5);
	ck_assert(!eng_spend_forecast(days, 0, UNIT, &f));
	ck_assert(!eng_spend_forecast(days, ENG_SPEND_DAYS_MIN - 1, UNIT, &f));
	ck_assert(eng_spend_forecast(days, ENG_SPEND_DAYS_MIN, UNIT, &f));
	/* A day after one without any cost is none to learn from; nor is one that got
	 * money back. */
	days[3] = day(0, 5);
	ck_assert(!eng_spend_forecast(days, ENG_SPEND_DAYS_MIN, UNIT, &f));
	ck_assert(eng_spend_forecast(days, ENG_SPEND_DAYS_MIN + 1, UNIT, &f));
	days[4] = day(10, -1);
	ck_assert(!eng_spend_forecast(days, ENG_SPEND_DAYS_MIN + 1, UNIT, &f));
}
END_TEST

START_TEST(test_order)
{
	struct eng_spend_day days[ENG_SPEND_DAYS];
	struct eng_spend_forecast f;

	/* Nine days: the interval is from the least to the greatest. */
	for (int i = 0; i < 9; i++)
		days[i] = day(10, (i * 4) % 9 + 1);
	ck_assert(eng_spend_forecast(days, 9, (nv_i128)100 * UNIT, &f));
	ck_assert(f.p10 == (nv_i128)10 * UNIT);
	ck_assert(f.p50 == (nv_i128)50 * UNIT);
	ck_assert(f.p90 == (nv_i128)90 * UNIT);
	/* Nothing was spent lately: nothing more is expected. */
	ck_assert(eng_spend_forecast(days, 9, 0, &f));
	ck_assert(f.p10 == 0 && f.p50 == 0 && f.p90 == 0);
	/* Money that came back is no base to multiply. */
	ck_assert(!eng_spend_forecast(days, 9, -UNIT, &f));
	/* Sums beyond reason end at the limit instead of overflowing. */
	for (int i = 0; i < 9; i++)
		days[i] = (struct eng_spend_day){1, NV_SUM_MAX};
	ck_assert(eng_spend_forecast(days, 9, NV_SUM_MAX, &f));
	ck_assert(f.p10 > 0 && f.p10 == f.p90);
}
END_TEST

static uint64_t seed = 88172645463325252ULL;

static double
uniform(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return ((double)(seed >> 11) + 0.5) * 0x1p-53;
}

/* Days that differ by a factor of their own: the next one lies within the interval as
 * often as is said, with few days and with many. */
START_TEST(test_coverage)
{
	static const size_t ns[] = {9, 14, 19, 28};
	size_t n = ns[_i];
	unsigned inside = 0;
	unsigned trials = 4000;

	for (unsigned t = 0; t < trials; t++) {
		struct eng_spend_day days[ENG_SPEND_DAYS];
		struct eng_spend_forecast f;
		double level = exp(6 * uniform());
		double next = level * exp(sqrt(-2 * log(uniform())) *
					      cos(6.283185307179586 * uniform()) * 0.5);

		for (size_t i = 0; i < n; i++) {
			double base = 1 + 1000 * uniform(); /* a fleet that changes */
			double z = sqrt(-2 * log(uniform())) *
				   cos(6.283185307179586 * uniform());

			days[i].before = (nv_i128)(base * 1e9);
			days[i].after = (nv_i128)(base * exp(0.5 * z) * 1e9);
		}
		ck_assert(eng_spend_forecast(days, n, (nv_i128)(level * 1e9), &f));
		inside += (double)f.p10 <= next * 1e9 && next * 1e9 <= (double)f.p90;
	}
	double share = (double)inside / trials;
	size_t k = (n + 1) / 10;
	double said = (double)(n + 1 - 2 * k) / (double)(n + 1);

	ck_assert_msg(fabs(share - said) < 0.03, "%zu days: %.3f instead of %.3f", n,
		share, said);
	ck_assert(said >= 0.8);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("spend");
	TCase *tc = tcase_create("spend");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_too_little);
	tcase_add_test(tc, test_order);
	tcase_add_loop_test(tc, test_coverage, 0, 4);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
