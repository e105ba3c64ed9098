/* The decision rules: the documented cases of the original, its corrected faults, and
 * the order of the questions. */
#include "classic.h"
#include "run_suite.h"

#include <stdio.h>
#include <string.h>

#define USD(x) ((nv_i128)((x)*1000000000.0 + 0.5)) /* test literals only */

static struct pol_classic_rules
rules_default(void)
{
	return (struct pol_classic_rules){.min_roi_ppm = 1500000,
		.scale_roi_ppm = 3000000,
		.kill_roi_ppm = 0,
		.min_runs = 20,
		.cooldown_ms = 3600000,
		.approval_above_nano = INT64_C(50) * NV_MONEY_SCALE,
		.currency = "USD"};
}

static struct pol_classic_figures
figures(double revenue, double cost, int64_t interval_ms)
{
	return (struct pol_classic_figures){.state = POL_CLASSIC_RUNNING,
		.instances = 1,
		.instances_max = 8,
		.live = 8,
		.interval_ms = interval_ms,
		.runs_ok = 20,
		.recent_ok = 20,
		.cost = USD(cost),
		.earned = USD(revenue),
		.cost_24h = USD(cost),
		.since_change_ms = -1,
		.fleet_budget = INT64_C(100) * NV_MONEY_SCALE,
		.fleet_projected = USD(cost),
		.worker_projected = USD(cost),
		.worker_budget_daily = -1,
		.worker_budget_total = -1,
		.worker_cost_total = USD(cost)};
}

static struct pol_classic_result
decide(const struct pol_classic_figures *f)
{
	struct pol_classic_rules rules = rules_default();
	struct pol_classic_result r;

	pol_classic_decide(&rules, f, &r);
	ck_assert_msg(r.reason[0] != '\0', "no reason for %s", pol_action_name(r.action));
	ck_assert(r.rule != NULL && r.rule[0] != '\0');
	return r;
}

/* The original's vectors: 20 good runs. */
static const struct {
	double revenue;
	double cost;
	int64_t interval_ms;
	enum pol_action action;
	bool approval;
	const char *impact;
	const char *rule;
} vectors[] = {
	{2, 1, 60000, POL_NONE, false, "0.00", "roi<min"},
	{26, 10, 60000, POL_MAINTAIN, false, "0.00", "roi<scale"},
	{4, 1, 86400, POL_SCALE_UP, false, "50.00", "roi>=scale"},
	{5, 1, 60000, POL_SCALE_UP, true, "72.00", "roi>=scale"},
	{50, 10, 60000, POL_NONE, false, "0.00", "over_budget"},
	{1, 0.2, 60000, POL_SCALE_UP, false, "14.40", "roi>=scale"},
	{0, 1, 60000, POL_KILL, false, "0.00", "roi<kill"},
	/* corrected: no cost is no ROI, and an ROI of 0 is not below 0 */
	{1000, 0, 60000, POL_NONE, false, "0.00", "no_cost"},
	{0, 0, 60000, POL_NONE, false, "0.00", "no_cost"},
	{10, 10, 60000, POL_NONE, false, "0.00", "roi<min"},
	{9.999999, 10, 60000, POL_KILL, false, "0.00", "roi<kill"},
	/* edges of the thresholds */
	{2.5, 1, 60000, POL_MAINTAIN, false, "0.00", "roi<scale"},
	{2.499999999, 1, 60000, POL_NONE, false, "0.00", "roi<min"},
	{3.999999999, 1, 60000, POL_MAINTAIN, false, "0.00", "roi<scale"},
};

START_TEST(test_vectors)
{
	char text[NV_MONEY_BYTES];
	struct pol_classic_figures f =
		figures(vectors[_i].revenue, vectors[_i].cost, vectors[_i].interval_ms);
	struct pol_classic_result r = decide(&f);

	ck_assert_str_eq(pol_action_name(r.action), pol_action_name(vectors[_i].action));
	ck_assert_str_eq(r.rule, vectors[_i].rule);
	ck_assert_int_eq(r.needs_approval, vectors[_i].approval);
	ck_assert_str_eq(nv_money_text(r.cost_impact, text), vectors[_i].impact);
	ck_assert_uint_eq(r.to_instances, r.action == POL_SCALE_UP ? 2 : 1);
}
END_TEST

START_TEST(test_19_runs)
{
	struct pol_classic_figures f = figures(0, 1, 60000);

	f.runs_ok = 19;
	struct pol_classic_result r = decide(&f);

	ck_assert_int_eq(r.action, POL_NONE);
	ck_assert_ptr_nonnull(strstr(r.reason, "collect more data: 19 of 20 runs"));
	f.runs_failed = 1; /* a failed run is a run */
	r = decide(&f);
	ck_assert_int_eq(r.action, POL_KILL);
}
END_TEST

/* Sales that cannot be counted look like none: nothing is killed or scaled for it. */
START_TEST(test_uncounted)
{
	struct pol_classic_figures f = figures(0, 1, 60000);
	struct pol_classic_result r;

	ck_assert_int_eq(decide(&f).action, POL_KILL);
	memcpy(f.uncounted, "EUR", sizeof "EUR");
	r = decide(&f);
	ck_assert_int_eq(r.action, POL_NONE);
	ck_assert_str_eq(r.rule, "currency");
	ck_assert(!r.roi_known);
	f.recent_ok = 0;
	f.recent_failed = 20; /* whether runs are good needs no money */
	ck_assert_int_eq(decide(&f).action, POL_PAUSE);
}
END_TEST

START_TEST(test_over_budget_says_720)
{
	struct pol_classic_figures f = figures(50, 10, 60000);
	struct pol_classic_result r = decide(&f);

	ck_assert_msg(strstr(r.reason, "$720.00") && strstr(r.reason, "$100.00"), "%s",
		r.reason);
}
END_TEST

/* Room is what is not projected, reserved or decided. */
START_TEST(test_room)
{
	struct pol_classic_figures f = figures(1, 0.2, 60000); /* asks for 14.40 */

	f.fleet_projected = USD(60);
	f.fleet_reserved = USD(25.6);
	ck_assert_int_eq(decide(&f).action, POL_SCALE_UP); /* exactly 100 */
	f.fleet_reserved += 1;
	ck_assert_str_eq(decide(&f).rule, "over_budget");
	f.fleet_reserved = 0;
	f.worker_budget_daily = (int64_t)USD(14.6);
	f.worker_projected = USD(0.2);
	ck_assert_int_eq(decide(&f).action, POL_SCALE_UP);
	f.worker_projected += 1;
	ck_assert_str_eq(decide(&f).rule, "over_worker_budget");
	f.worker_budget_daily = -1;
	f.worker_budget_total = (int64_t)USD(10);
	ck_assert_str_eq(decide(&f).rule, "over_total_budget");
	f.worker_budget_total = 0; /* a cap of nothing is a cap */
	ck_assert_str_eq(decide(&f).rule, "over_total_budget");
}
END_TEST

START_TEST(test_small_steps_add_up)
{
	struct pol_classic_figures f = figures(4, 1, 86400); /* 50.00 */

	ck_assert(!decide(&f).needs_approval);
	f.rises_24h = 1; /* anything before it goes over the limit */
	ck_assert(decide(&f).needs_approval);
}
END_TEST

START_TEST(test_instances)
{
	struct pol_classic_figures f = figures(1, 0.2, 60000);
	char text[NV_MONEY_BYTES];

	f.instances = 2;
	struct pol_classic_result r = decide(&f);

	ck_assert_uint_eq(r.to_instances, 4);
	ck_assert_str_eq(nv_money_text(r.cost_impact, text), "28.80");
	f.instances_max = 3; /* only half a step is left */
	r = decide(&f);
	ck_assert_uint_eq(r.to_instances, 3);
	ck_assert_str_eq(nv_money_text(r.cost_impact, text), "14.40");
	f.instances_max = 2;
	ck_assert_str_eq(decide(&f).rule, "instances_max");
	/* What was seen counts when it is more than what the runs explain. */
	f = figures(1, 0.2, 60000);
	f.cost_24h = USD(20);
	ck_assert_str_eq(nv_money_text(decide(&f).cost_impact, text), "20.00");
}
END_TEST

START_TEST(test_after_a_change)
{
	struct pol_classic_figures f = figures(1, 0.2, 60000);

	f.since_change_ms = 7200000;
	f.runs_since_change = 19;
	ck_assert_str_eq(decide(&f).rule, "runs_since_change");
	f.runs_since_change = 20;
	ck_assert_int_eq(decide(&f).action, POL_SCALE_UP);
	f.since_change_ms = 3599999;
	ck_assert_str_eq(decide(&f).rule, "cooldown");
	f.since_change_ms = 3600000;
	ck_assert_int_eq(decide(&f).action, POL_SCALE_UP);
	f.since_change_ms = 0;
	f.earned = 0; /* also before a kill */
	ck_assert_str_eq(decide(&f).rule, "cooldown");
}
END_TEST

START_TEST(test_health)
{
	struct pol_classic_figures f = figures(1, 0.2, 60000);

	f.halted = true;
	ck_assert_str_eq(decide(&f).rule, "halted");
	f.halted = false;
	f.live = 0;
	ck_assert_str_eq(decide(&f).rule, "not_up");
	f.live = 1;
	f.runs_ok = 5;
	f.runs_failed = 15; /* in the window, while the last ones were good */
	ck_assert_str_eq(decide(&f).rule, "success<30%");
	ck_assert_int_eq(decide(&f).action, POL_NONE);
	f.recent_ok = 1;
	f.recent_failed = 3; /* too few to judge */
	ck_assert_int_eq(decide(&f).action, POL_NONE);
	f.recent_failed = 4;
	ck_assert_int_eq(decide(&f).action, POL_PAUSE);
	f.recent_ok = 3;
	f.recent_failed = 7; /* exactly 30% is not below it */
	ck_assert_int_eq(decide(&f).action, POL_NONE);
	/* Failing is no evidence against the business: paused, not killed. */
	f = figures(0, 1, 60000);
	f.recent_ok = 0;
	f.recent_failed = 10;
	ck_assert_int_eq(decide(&f).action, POL_PAUSE);
	ck_assert(!decide(&f).needs_approval);
}
END_TEST

START_TEST(test_pause_and_probe)
{
	struct pol_classic_figures f = figures(1, 0.2, 60000);
	static const struct {
		uint32_t pauses;
		int64_t hold_ms;
	} holds[] = {{1, 3600000}, {2, 7200000}, {3, 14400000}, {6, 115200000},
		{7, 172800000}, {8, 172800000}, {100, 172800000}};

	f.state = POL_CLASSIC_PAUSED_BY_POLICY;
	for (size_t i = 0; i < NV_LEN(holds); i++) {
		f.pauses = holds[i].pauses;
		f.paused_for_ms = holds[i].hold_ms - 1;
		ck_assert_int_eq(decide(&f).action, POL_NONE);
		f.paused_for_ms++;
		ck_assert_int_eq(decide(&f).action, POL_RESUME);
	}
	f.state = POL_CLASSIC_PAUSED_BY_PERSON;
	f.paused_for_ms = INT64_MAX;
	ck_assert_str_eq(decide(&f).rule, "paused_by_person");
	f.state = POL_CLASSIC_DOWN;
	ck_assert_str_eq(decide(&f).rule, "not_running");
	f.state = POL_CLASSIC_BUDGET_PAUSED;
	ck_assert_str_eq(decide(&f).rule, "budget_paused");
	f.earned = 0; /* a loser is killed all the same */
	ck_assert_int_eq(decide(&f).action, POL_KILL);
}
END_TEST

/* Nothing overflows at the edges of what an event may hold. */
START_TEST(test_extremes)
{
	struct pol_classic_figures f = figures(0, 0, 1);

	f.runs_ok = 1000000000;
	f.cost = (nv_i128)NV_MONEY_MAX * 1000000;
	f.earned = (nv_i128)NV_MONEY_MAX * 1000000000;
	f.fleet_budget = NV_MONEY_MAX;
	f.instances = 10000;
	f.instances_max = 10000000;
	f.live = 10000;
	(void)decide(&f);
	f.earned = -f.earned;
	ck_assert_int_eq(decide(&f).action, POL_KILL);
	f.cost = 1;
	f.earned = (nv_i128)NV_MONEY_MAX * 1000000000;
	(void)decide(&f);
	f.interval_ms = 0;
	(void)decide(&f);
}
END_TEST

START_TEST(test_names)
{
	for (unsigned i = 0; i < POL_ACTION_COUNT; i++) {
		enum pol_action back = POL_ACTION_COUNT;

		ck_assert(pol_action_from(pol_action_name((enum pol_action)i), &back));
		ck_assert_uint_eq(back, i);
	}
	enum pol_action back;

	ck_assert(!pol_action_from("explode", &back));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy");
	TCase *c = tcase_create("rules");

	tcase_add_loop_test(c, test_vectors, 0, NV_LEN(vectors));
	tcase_add_test(c, test_19_runs);
	tcase_add_test(c, test_uncounted);
	tcase_add_test(c, test_over_budget_says_720);
	tcase_add_test(c, test_room);
	tcase_add_test(c, test_small_steps_add_up);
	tcase_add_test(c, test_instances);
	tcase_add_test(c, test_after_a_change);
	tcase_add_test(c, test_health);
	tcase_add_test(c, test_pause_and_probe);
	tcase_add_test(c, test_extremes);
	tcase_add_test(c, test_names);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
