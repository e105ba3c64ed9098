/* Asking for money before a run: questions, answers, and what is too late. */
#include "gate.h"
#include "run_suite.h"

#include <check.h>
#include <string.h>

static struct rn_gate g;

static void
setup(void)
{
	memset(&g, 0, sizeof g);
	rn_gate_set(&g, true, 0);
}

START_TEST(does_not_ask_when_nobody_keeps_a_budget)
{
	rn_gate_set(&g, false, 0);
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 0), RN_GATE_GO);
}
END_TEST

START_TEST(asks_waits_and_goes)
{
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 0), RN_GATE_SAY);
	ck_assert_str_eq(g.id, "w.1");
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 10), RN_GATE_WAIT);
	ck_assert(!rn_gate_reserved(&g, "another", "1"));
	ck_assert(rn_gate_reserved(&g, "w.1", "0.10"));
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 20), RN_GATE_GO);
	/* Told once more, it is no second reservation. */
	ck_assert(!rn_gate_reserved(&g, "w.1", "0.10"));
	rn_gate_take(&g);
	ck_assert_int_eq(rn_gate_want(&g, "w.2", 2, 30), RN_GATE_SAY);
	ck_assert_str_eq(g.id, "w.2");
}
END_TEST

START_TEST(no_answer_is_asked_again_under_the_same_name)
{
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 0), RN_GATE_SAY);
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, RN_GATE_ANSWER_MS - 1), RN_GATE_WAIT);
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, RN_GATE_ANSWER_MS), RN_GATE_SAY);
	ck_assert_str_eq(g.id, "w.1");
	/* Another engine: at once. */
	rn_gate_set(&g, true, RN_GATE_ANSWER_MS + 5);
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, RN_GATE_ANSWER_MS + 5), RN_GATE_SAY);
	ck_assert_str_eq(g.id, "w.1");
}
END_TEST

START_TEST(refused_waits_as_long_as_it_was_told)
{
	(void)rn_gate_want(&g, "w.1", 1, 0);
	ck_assert(rn_gate_refused(&g, "w.1", "used up", 5000, 100));
	ck_assert_str_eq(g.reason, "used up");
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 5099), RN_GATE_WAIT);
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 5100), RN_GATE_SAY);
	ck_assert(rn_gate_refused(&g, "w.1", "used up", 0, 5200));
	ck_assert_int_eq(g.again_ms, 5200 + RN_GATE_RETRY_MS_MIN);
	/* Room: earlier. */
	rn_gate_set(&g, true, 5201);
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 5201), RN_GATE_SAY);
	ck_assert(rn_gate_refused(&g, "w.1", "for ever", INT64_MAX, 5300));
	ck_assert_int_eq(g.again_ms, 5300 + RN_GATE_RETRY_MS_MAX);
	/* A refusal that is taken back. */
	ck_assert(rn_gate_reserved(&g, "w.1", "1"));
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 5301), RN_GATE_GO);
}
END_TEST

START_TEST(what_is_dropped_is_released_and_asked_for_under_another_name)
{
	ck_assert(!rn_gate_drop(&g));
	(void)rn_gate_want(&g, "w.1", 1, 0);
	ck_assert(rn_gate_drop(&g));
	ck_assert(!rn_gate_drop(&g));
	/* The answer has passed the release. */
	ck_assert(!rn_gate_reserved(&g, "w.1", "1"));
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 10), RN_GATE_SAY);
	ck_assert_str_eq(g.id, "w.1~2");
	ck_assert(!rn_gate_reserved(&g, "w.1", "1"));
	ck_assert(rn_gate_reserved(&g, "w.1~2", "1"));
	ck_assert(rn_gate_drop(&g));
	(void)rn_gate_want(&g, "w.1", 1, 20);
	ck_assert_str_eq(g.id, "w.1~3");
	(void)rn_gate_refused(&g, "w.1~3", "no", 1000, 20);
	ck_assert(!rn_gate_drop(&g)); /* nothing is held */
	rn_gate_take(&g);
	(void)rn_gate_want(&g, "w.2", 2, 30);
	ck_assert_str_eq(g.id, "w.2");
}
END_TEST

START_TEST(switched_off_while_it_waits)
{
	(void)rn_gate_want(&g, "w.1", 1, 0);
	(void)rn_gate_refused(&g, "w.1", "no", 100000, 0);
	rn_gate_set(&g, false, 10);
	ck_assert_int_eq(rn_gate_want(&g, "w.1", 1, 10), RN_GATE_GO);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("runner_gate");
	TCase *c = tcase_create("gate");

	tcase_add_checked_fixture(c, setup, NULL);
	tcase_add_test(c, does_not_ask_when_nobody_keeps_a_budget);
	tcase_add_test(c, asks_waits_and_goes);
	tcase_add_test(c, no_answer_is_asked_again_under_the_same_name);
	tcase_add_test(c, refused_waits_as_long_as_it_was_told);
	tcase_add_test(c, what_is_dropped_is_released_and_asked_for_under_another_name);
	tcase_add_test(c, switched_off_while_it_waits);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
