/* The grid of starts: no overlap, no drift, missed slots counted. */
#include "run_suite.h"
#include "sched.h"

#include <check.h>
#include <stdlib.h>

START_TEST(first_slot_is_now)
{
	struct rn_sched s;

	rn_sched_init(&s, 100, 5000);
	ck_assert_int_eq(s.next_ms, 5000);
	ck_assert_int_eq(rn_sched_skip(&s, 5000), 0);
}
END_TEST

START_TEST(a_short_run_keeps_the_grid)
{
	struct rn_sched s;

	rn_sched_init(&s, 100, 5000);
	for (int64_t k = 0; k < 1000; k++) {
		ck_assert_int_eq(s.next_ms, 5000 + k * 100);
		rn_sched_start(&s);
		/* Started 3 ms late, took 60: the next start is not 3 ms later. */
		ck_assert_int_eq(rn_sched_skip(&s, 5000 + k * 100 + 63), 0);
	}
}
END_TEST

START_TEST(a_long_run_skips_slots)
{
	static const struct {
		int64_t took_ms;
		int64_t skipped;
		int64_t next_ms;
	} cases[] = {
		{99, 0, 100},
		{100, 0, 100},
		{101, 1, 200},
		{199, 1, 200},
		{200, 1, 200},
		{201, 2, 300},
		{1000000, 9999, 1000000},
		{1000001, 10000, 1000100},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct rn_sched s;

		rn_sched_init(&s, 100, 0);
		rn_sched_start(&s);
		ck_assert_int_eq(rn_sched_skip(&s, cases[i].took_ms), cases[i].skipped);
		ck_assert_int_eq(s.next_ms, cases[i].next_ms);
		ck_assert_int_eq(rn_sched_skip(&s, cases[i].took_ms), 0);
	}
}
END_TEST

START_TEST(a_new_interval_counts_from_the_last_start)
{
	struct rn_sched s;

	rn_sched_init(&s, 1000, 0);
	rn_sched_set_interval(&s, 500, 0); /* before the first run: that is still now */
	ck_assert_int_eq(s.next_ms, 0);
	rn_sched_start(&s);
	ck_assert_int_eq(s.next_ms, 500);
	rn_sched_set_interval(&s, 200, 150); /* not yet over */
	ck_assert_int_eq(s.next_ms, 200);
	rn_sched_set_interval(&s, 100, 150); /* over already: now */
	ck_assert_int_eq(s.next_ms, 150);
	rn_sched_set_interval(&s, 60000, 150);
	ck_assert_int_eq(s.next_ms, 60000);
	rn_sched_set_interval(&s, 60000, 70000); /* the same: nothing changes */
	ck_assert_int_eq(s.next_ms, 60000);
	ck_assert_int_eq(rn_sched_skip(&s, 70000), 1);
	ck_assert_int_eq(s.next_ms, 120000);
}
END_TEST

/* Whatever happens: the next slot is never in the past after a skip, starts are never
 * closer than the interval in force, and no slot of the grid is passed over in
 * silence. */
START_TEST(random_histories)
{
	srandom((unsigned)_i + 1);
	int64_t now = random() % 100000;
	int64_t interval = 1 + random() % 500;
	int64_t last = INT64_MIN;
	struct rn_sched s;

	rn_sched_init(&s, interval, now);
	for (int step = 0; step < 500; step++) {
		now = NV_MAX(now, s.next_ms) + random() % 5;
		if (last != INT64_MIN)
			ck_assert_int_ge(s.next_ms - last, interval);
		last = s.next_ms;
		rn_sched_start(&s);
		now += random() % (3 * interval);
		int64_t before = s.next_ms;
		int64_t skipped = rn_sched_skip(&s, now);

		ck_assert_int_eq(s.next_ms, before + skipped * interval);
		ck_assert_int_ge(s.next_ms, now);
		ck_assert_int_lt(s.next_ms, NV_MAX(now, before) + interval);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("runner_sched");
	TCase *t = tcase_create("all");

	tcase_add_test(t, first_slot_is_now);
	tcase_add_test(t, a_short_run_keeps_the_grid);
	tcase_add_test(t, a_long_run_skips_slots);
	tcase_add_test(t, a_new_interval_counts_from_the_last_start);
	tcase_add_loop_test(t, random_histories, 0, 200);
	suite_add_tcase(s, t);
	return run_suite(s);
}
