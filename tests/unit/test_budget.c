/* The budget gate and the projections. */
#include "budget.h"
#include "run_suite.h"

#include <stdio.h>
#include <string.h>

#define USD(x) ((nv_i128)((x)*1000000000.0 + 0.5)) /* test literals only */

/* The caps of one worker: the fleet's day, its own total, day and hour. */
static struct {
	struct eng_cap fleet, total, daily, hourly;
	const struct eng_cap *list[4];
} caps;

static struct eng_budget_figures
base(void)
{
	const struct eng_cap none = {.scope = ENG_CAP_WORKER, .limit = -1};

	caps.fleet = caps.total = caps.daily = caps.hourly = none;
	caps.fleet.scope = ENG_CAP_FLEET;
	caps.fleet.period = caps.daily.period = ENG_CAP_DAY;
	caps.total.period = ENG_CAP_TOTAL;
	caps.hourly.period = ENG_CAP_HOUR;
	caps.fleet.limit = USD(100);
	caps.fleet.spent = USD(10);
	caps.list[0] = &caps.fleet;
	caps.list[1] = &caps.total;
	caps.list[2] = &caps.daily;
	caps.list[3] = &caps.hourly;
	return (struct eng_budget_figures){
		.caps = caps.list, .n_caps = NV_LEN(caps.list), .currency = "USD"};
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
	caps.fleet.spent = USD(100) - 1;
	ck_assert(!check(&f).pause);
	caps.fleet.spent = USD(100);
	ck_assert(check(&f).pause);
	ck_assert(check(&f).remaining == 0);
	caps.fleet.spent = USD(130);
	ck_assert(check(&f).remaining == 0);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "$130.00"));
	caps.fleet.limit = -1;
	ck_assert(!check(&f).pause);
	ck_assert(!check(&f).capped);
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
	/* What others have reserved is not left, but who asks waits instead. */
	f.next_run = USD(60);
	caps.fleet.reserved = USD(30);
	ck_assert(!check(&f).pause);
	f.next_run++;
	ck_assert(check(&f).pause);
	f.asks = true;
	ck_assert(!check(&f).pause);
}
END_TEST

START_TEST(test_worker_caps)
{
	struct eng_budget_figures f = base();

	caps.daily.limit = USD(5);
	caps.daily.spent = USD(4);
	ck_assert(!check(&f).pause);
	ck_assert(check(&f).remaining == USD(1));
	caps.total.limit = USD(20);
	caps.total.spent = USD(19.5);
	ck_assert(check(&f).remaining == USD(0.5));
	f.next_run = USD(0.6);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "its total budget"));
	f.next_run = USD(0.4);
	caps.daily.spent = USD(5);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, "its daily budget"));
	ck_assert(check(&f).remaining == 0);
	f = base();
	caps.daily.limit = 0; /* may spend nothing */
	ck_assert(check(&f).pause);
	f = base();
	caps.daily.spent = USD(1000); /* no cap of its own */
	ck_assert(!check(&f).pause);
}
END_TEST

/* Every scope and period: just below, at, and above its limit; and what it is called. */
static const struct {
	enum eng_cap_scope scope;
	enum eng_cap_period period;
	const char *subject, *says;
} kinds[] = {
	{ENG_CAP_FLEET, ENG_CAP_HOUR, "", "the hourly budget of the fleet"},
	{ENG_CAP_FLEET, ENG_CAP_DAY, "", "the daily budget of the fleet"},
	{ENG_CAP_GROUP, ENG_CAP_HOUR, "sales", "the hourly budget of group sales"},
	{ENG_CAP_GROUP, ENG_CAP_DAY, "sales", "the daily budget of group sales"},
	{ENG_CAP_WORKER, ENG_CAP_HOUR, "w", "its hourly budget"},
	{ENG_CAP_WORKER, ENG_CAP_DAY, "w", "its daily budget"},
	{ENG_CAP_WORKER, ENG_CAP_TOTAL, "w", "its total budget"},
	{ENG_CAP_LIMIT, ENG_CAP_DAY, "w", "its daily limit by decision"},
	{ENG_CAP_LIMIT, ENG_CAP_DAY, "", "the daily limit of the fleet by decision"},
	{ENG_CAP_OPERATION, ENG_CAP_DAY, "w", "its daily budget for llm"},
};

#define DAY_NS INT64_C(86400000000000)

static struct eng_gate_verdict
gate(const struct eng_cap *cap, nv_i128 amount, nv_i128 usual, int64_t now_ns)
{
	struct eng_gate_verdict v;

	eng_gate_check(&cap, 1, amount, usual, now_ns, "USD", &v);
	ck_assert(v.fits == (v.cap == NULL));
	ck_assert(v.fits == (v.reason[0] == '\0'));
	return v;
}

START_TEST(test_each_cap)
{
	struct eng_cap cap = {.scope = kinds[_i].scope,
		.period = kinds[_i].period,
		.operation = "llm",
		.limit = USD(2),
		.to_ns = DAY_NS};
	const struct eng_cap *one = &cap;
	struct eng_budget_figures f = {.caps = &one, .n_caps = 1, .currency = "USD"};

	(void)snprintf(cap.subject, sizeof cap.subject, "%s", kinds[_i].subject);
	cap.spent = USD(2) - 1;
	ck_assert(!check(&f).pause);
	ck_assert(gate(&cap, 1, 1, 5).fits);
	ck_assert(!gate(&cap, 2, 2, 5).fits);
	cap.reserved = 1;
	ck_assert(!gate(&cap, 1, 1, 5).fits);
	ck_assert_int_eq(gate(&cap, 1, 1, 5).retry_ns, 0); /* when it is given back */
	cap.reserved = 0;
	cap.spent = USD(2);
	ck_assert(check(&f).pause);
	ck_assert_ptr_nonnull(strstr(check(&f).reason, kinds[_i].says));
	ck_assert_ptr_nonnull(strstr(gate(&cap, 0, 0, 5).reason, kinds[_i].says));
	ck_assert_int_eq(
		gate(&cap, 0, 0, 5).retry_ns, cap.period == ENG_CAP_TOTAL ? 0 : DAY_NS);
	cap.limit = -1;
	ck_assert(!check(&f).pause && gate(&cap, USD(1e9), 0, 5).fits);
	cap.limit = 0; /* nothing may be spent, not even nothing */
	cap.spent = 0;
	ck_assert(check(&f).pause && !gate(&cap, 0, 0, 5).fits);
}
END_TEST

START_TEST(test_gate)
{
	struct eng_cap day = {.period = ENG_CAP_DAY, .limit = USD(10), .to_ns = DAY_NS};
	struct eng_cap hour = {.period = ENG_CAP_HOUR, .limit = USD(1), .to_ns = 3600};
	const struct eng_cap *both[] = {&day, &hour};
	struct eng_gate_verdict v;

	eng_gate_check(both, 2, USD(1), USD(1), 0, "USD", &v);
	ck_assert(v.fits && v.amount == USD(1));
	hour.reserved = 1;
	eng_gate_check(both, 2, USD(1), USD(1), 0, "USD", &v);
	ck_assert_ptr_eq(v.cap, &hour);
	ck_assert_ptr_nonnull(strstr(v.reason, "of it reserved"));
	/* What waits for an answer is kept, too. */
	hour.reserved = 0;
	day.approvals = USD(9) + 1;
	eng_gate_check(both, 2, USD(1), USD(1), 0, "USD", &v);
	ck_assert_ptr_eq(v.cap, &day);
	/* A dear one may have a whole cap, when what is usual fits; not a rest of one. */
	day.approvals = 0;
	eng_gate_check(both, 2, USD(3), USD(0.5), 0, "USD", &v);
	ck_assert(v.fits && v.amount == USD(1));
	hour.spent = 1;
	eng_gate_check(both, 2, USD(3), USD(0.5), 0, "USD", &v);
	ck_assert(!v.fits);
	hour.spent = 0;
	eng_gate_check(both, 2, USD(3), USD(1.1), 0, "USD", &v);
	ck_assert(!v.fits);
	/* No caps at all, and a negative wish. */
	eng_gate_check(both, 0, -5, 0, 0, "USD", &v);
	ck_assert(v.fits && v.amount == 0);
	/* Sums beyond everything do not wrap. */
	day.spent = ENG_SUM_MAX;
	day.limit = NV_MONEY_MAX;
	eng_gate_check(both, 1, ENG_SUM_MAX, 0, 0, "USD", &v);
	ck_assert(!v.fits && eng_cap_left(&day) == 0);
}
END_TEST

START_TEST(test_pace)
{
	struct eng_cap cap = {.period = ENG_CAP_DAY,
		.limit = USD(24),
		.from_ns = DAY_NS,
		.to_ns = 2 * DAY_NS,
		.pacing = true};

	/* An hour's part at once, all of it after 16 of 24 hours. */
	ck_assert(eng_cap_pace(&cap, DAY_NS) == USD(1.5));
	ck_assert(eng_cap_pace(&cap, DAY_NS + DAY_NS / 24 * 2) == USD(3));
	ck_assert(eng_cap_pace(&cap, DAY_NS + DAY_NS / 24 * 16) == USD(24));
	ck_assert(eng_cap_pace(&cap, 2 * DAY_NS) == USD(24));
	ck_assert(eng_cap_pace(&cap, 0) == USD(1.5)); /* the clock went back */
	/* The first run of the day goes, whatever it costs. */
	ck_assert(gate(&cap, USD(5), USD(5), DAY_NS).fits);
	cap.reserved = USD(1);
	ck_assert(gate(&cap, USD(0.5), USD(1), DAY_NS).fits);
	struct eng_gate_verdict v = gate(&cap, USD(2), USD(2), DAY_NS);

	ck_assert(!v.fits);
	ck_assert_ptr_nonnull(strstr(v.reason, "spread over the day"));
	/* $3 may be spent at 2:00. */
	ck_assert(v.retry_ns >= DAY_NS + DAY_NS / 12);
	ck_assert(v.retry_ns <= DAY_NS + DAY_NS / 12 + 1000000);
	ck_assert(gate(&cap, USD(2), USD(2), v.retry_ns).fits);
	cap.spent = USD(23);
	ck_assert(gate(&cap, 0, 0, 2 * DAY_NS).fits);
	cap.pacing = false;
	cap.spent = 0;
	ck_assert(gate(&cap, USD(20), USD(2), DAY_NS).fits);
	/* A day of 23 hours is one, too. */
	cap.to_ns -= DAY_NS / 24;
	cap.pacing = true;
	ck_assert(eng_cap_pace(&cap, cap.to_ns) == USD(24));
}
END_TEST

START_TEST(test_percentile)
{
	nv_i128 costs[50];

	for (unsigned n = 1; n <= 50; n++) {
		for (unsigned i = 0; i < n; i++)
			costs[i] = (nv_i128)((i * 17) % n) + 1; /* 1..n when coprime */
		costs[0] = n;
		nv_i128 p = eng_cost_percentile(costs, n, 95);

		for (unsigned i = 1; i < n; i++)
			ck_assert(costs[i - 1] <= costs[i]);
		ck_assert(n >= 20 || p == costs[n - 1]);
	}
	for (unsigned i = 0; i < 50; i++)
		costs[i] = 50 - i;
	ck_assert(eng_cost_percentile(costs, 50, 95) == 48);
	ck_assert(eng_cost_percentile(costs, 50, 100) == 50);
	ck_assert(eng_cost_percentile(costs, 50, 1) == 1);
}
END_TEST

START_TEST(test_warning)
{
	struct eng_cap cap = {.limit = USD(10), .spent = USD(8) - 1};

	ck_assert(!eng_cap_at(&cap, 800000));
	cap.spent++;
	ck_assert(eng_cap_at(&cap, 800000));
	ck_assert(!eng_cap_at(&cap, 0)); /* none wanted */
	cap.limit = -1;
	ck_assert(!eng_cap_at(&cap, 800000));
	cap.limit = 0;
	ck_assert(!eng_cap_at(&cap, 800000));
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
	caps.fleet.spent = USD(100); /* it does not go on when the day ends */
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
	tcase_add_loop_test(c, test_each_cap, 0, (int)NV_LEN(kinds));
	tcase_add_test(c, test_gate);
	tcase_add_test(c, test_pace);
	tcase_add_test(c, test_percentile);
	tcase_add_test(c, test_warning);
	tcase_add_test(c, test_next_run);
	tcase_add_test(c, test_worker_caps);
	tcase_add_test(c, test_uncounted);
	tcase_add_test(c, test_projection);
	tcase_add_test(c, test_unseen);
	tcase_add_test(c, test_run_over);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
