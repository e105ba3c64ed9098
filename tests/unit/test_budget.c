/* The budget gate and the projections. */
#include "budget.h"
#include "run_suite.h"

#include <string.h>

#define USD(x) ((nv_i128)((x)*1000000000.0 + 0.5)) /* test literals only */

static struct eng_budget_figures
base(void)
{
	return (struct eng_budget_figures){.fleet_cap = USD(100),
		.fleet_spent = USD(10),
		.worker_daily_cap = -1,
		.worker_total_cap = -1,
		.currency = "USD"};
}

static struct eng_budget_verdict
check(const struct eng_budget_figures *f)
{
	struct eng_budget_verdict v;

	eng_budget_check(f, &v);
	ck_assert(v.pause == (v.reason[0] != '\0'));
	ck_assert(v.remaining >= 0);
	return v;
}

START_TEST(test_fleet_cap)
{
	struct eng_budget_figures f = base();

	ck_assert(!check(&f).pause);
	ck_assert(check(&f).remaining == USD(90));
	f.fleet_spent = USD(100) - 1;
	ck_assert(!check(&f).pause);
	f.fleet_spent = USD(100);
	ck_assert(check(&f).pause);
	ck_assert(check(&f).remaining == 0);
	f.fleet_spent = USD(130);
	ck_assert(check(&f).remaining == 0);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "$130.00"));
}
END_TEST

START_TEST(test_next_run)
{
	struct eng_budget_figures f = base();

	f.next_run = USD(90);
	ck_assert(!check(&f).pause);
	f.next_run++;
	ck_assert(check(&f).pause);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "next run"));
	ck_assert(check(&f).remaining == USD(90));
}
END_TEST

START_TEST(test_worker_caps)
{
	struct eng_budget_figures f = base();

	f.worker_daily_cap = USD(5);
	f.worker_spent = USD(4);
	ck_assert(!check(&f).pause);
	ck_assert(check(&f).remaining == USD(1));
	f.worker_total_cap = USD(20);
	f.worker_total = USD(19.5);
	ck_assert(check(&f).remaining == USD(0.5));
	f.next_run = USD(0.6);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "total budget"));
	f.next_run = USD(0.4);
	f.worker_spent = USD(5);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "its daily budget"));
	ck_assert(check(&f).remaining == 0);
	f = base();
	f.worker_daily_cap = 0; /* may spend nothing */
	ck_assert(check(&f).pause);
	f = base();
	f.worker_spent = USD(1000); /* no cap of its own */
	ck_assert(!check(&f).pause);
}
END_TEST

START_TEST(test_uncounted)
{
	struct eng_budget_figures f = base();

	f.uncounted = "";
	ck_assert(!check(&f).pause);
	f.uncounted = "EUR";
	ck_assert(check(&f).pause);
	ck_assert_str_eq(check(&f).reason,
		"costs in EUR cannot be counted: declare its rate under currencies:");
	ck_assert(check(&f).remaining == USD(90));
	f.unpriced = true;
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "token usage cannot be priced"));
	f.unpriced = false;
	f.uncounted = "EUR, GBP";
	f.fleet_spent = USD(100); /* it does not go on when the day ends */
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "declare their rates"));
	ck_assert_ptr_eq(check(&f).rule, eng_budget_rule_currency);
	ck_assert(check(&f).remaining == 0);
}
END_TEST

START_TEST(test_projection)
{
	/* old and steady: what it cost in 24 h */
	ck_assert(eng_budget_projection(USD(3), USD(72), USD(72)) == USD(72));
	/* 20 minutes old: its hour times 24 */
	ck_assert(eng_budget_projection(USD(1), USD(1), USD(72)) == USD(24));
	/* a burst in the last hour is no pace its runs can hold */
	ck_assert(eng_budget_projection(USD(10), USD(10), USD(14.4)) == USD(14.4));
	/* no runs: the pace itself */
	ck_assert(eng_budget_projection(USD(1), USD(1), 0) == USD(24));
	ck_assert(eng_budget_projection(0, 0, USD(72)) == 0);
}
END_TEST

START_TEST(test_unseen)
{
	ck_assert(eng_budget_unseen(USD(60), 0) == USD(60));
	ck_assert(eng_budget_unseen(USD(60), 1800000) == USD(30));
	ck_assert(eng_budget_unseen(USD(60), 3600000) == 0);
	ck_assert(eng_budget_unseen(USD(60), -5) == USD(60));
	ck_assert(eng_budget_unseen(-5, 0) == 0);
}
END_TEST

START_TEST(test_run_over)
{
	ck_assert(!eng_budget_run_over(USD(100), 1, -1));
	ck_assert(!eng_budget_run_over(USD(0.5), 1, USD(0.5)));
	ck_assert(eng_budget_run_over(USD(0.5) + 1, 1, USD(0.5)));
	ck_assert(!eng_budget_run_over(USD(1), 2, USD(0.5)));
	ck_assert(!eng_budget_run_over(USD(1), 0, USD(0.5)));
	ck_assert(eng_budget_run_over(1, 1, 0));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("budget");
	TCase *c = tcase_create("budget");

	tcase_add_test(c, test_fleet_cap);
	tcase_add_test(c, test_next_run);
	tcase_add_test(c, test_worker_caps);
	tcase_add_test(c, test_uncounted);
	tcase_add_test(c, test_projection);
	tcase_add_test(c, test_unseen);
	tcase_add_test(c, test_run_over);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
