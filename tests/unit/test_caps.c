/* Every cap of a configuration inside an engine: what counts against it, whom it holds,
 * hours and days that end, caps that are lowered below what is spent. */
#include "caps.h"
#include "eng_fixture.h"
#include "report.h"

static const char *const workers[] = {"worker: a\ncommand: [x]\ngroup: sales\n",
	"worker: b\ncommand: [x]\ngroup: sales\n",
	"worker: c\ncommand: [x]\ngroup: inner\nbudget: {hourly: $2}\n",
	"worker: d\nkind: service\ncommand: [x]\nbudget: {total: $3}\n", NULL};

#define GLOBAL \
	"max_hourly_budget: $20\nprices: {cpu_second: $0, gib_hour: $0}\n" \
	"groups:\n  sales: {budget: {hourly: $4, daily: $6}}\n" \
	"  outer: {strategy: one_for_one, budget: {daily: $5}}\n" \
	"  inner: {strategy: one_for_one, parent: outer}\n"

static struct eng_fixture f;

static void
setup(void)
{
	eng_fixture_make_dir(&f);
	eng_fixture_open(&f, GLOBAL, workers);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

static struct eng_worker *
worker(const char *name)
{
	struct eng_worker *w = eng_worker_find(&f.eng, name);

	ck_assert_ptr_nonnull(w);
	return w;
}

static void
spend(const char *name, const char *cost)
{
	eng_fixture_runs(&f, name, 1, true, cost, "0");
	eng_fixture_turn(&f);
}

static const struct eng_cap *
cap(const char *subject, enum eng_cap_scope scope, enum eng_cap_period period)
{
	for (size_t i = 0; i < f.eng.caps->n; i++) {
		const struct eng_cap *c = &f.eng.caps->list[i];

		if (c->scope == scope && c->period == period &&
			strcmp(c->subject, subject) == 0)
			return c;
	}
	ck_abort_msg("no cap of %s", subject);
}

START_TEST(test_who_counts_against_what)
{
	spend("a", "1.00");
	spend("c", "0.50");
	ck_assert(cap("", ENG_CAP_FLEET, ENG_CAP_DAY)->spent == 1500000000);
	ck_assert(cap("", ENG_CAP_FLEET, ENG_CAP_HOUR)->spent == 1500000000);
	ck_assert(cap("sales", ENG_CAP_GROUP, ENG_CAP_DAY)->spent == 1000000000);
	ck_assert(cap("sales", ENG_CAP_GROUP, ENG_CAP_HOUR)->spent == 1000000000);
	ck_assert(cap("outer", ENG_CAP_GROUP, ENG_CAP_DAY)->spent == 500000000);
	ck_assert(cap("inner", ENG_CAP_GROUP, ENG_CAP_DAY)->limit == -1);
	ck_assert(cap("c", ENG_CAP_WORKER, ENG_CAP_HOUR)->spent == 500000000);
	ck_assert(cap("d", ENG_CAP_WORKER, ENG_CAP_TOTAL)->spent == 0);
	ck_assert(eng_caps_any(worker("a")));
}
END_TEST

/* The commit itself counts, before anybody looks at the budgets. */
START_TEST(test_counts_at_once)
{
	eng_fixture_runs(&f, "a", 2, true, "1.00", "0");
	ck_assert(cap("sales", ENG_CAP_GROUP, ENG_CAP_HOUR)->spent == 2000000000);
	eng_enforce_rebase(&f.eng);
	ck_assert(cap("sales", ENG_CAP_GROUP, ENG_CAP_HOUR)->spent == 2000000000);
}
END_TEST

START_TEST(test_group_pauses_its_workers)
{
	spend("a", "4.00");
	ck_assert(worker("a")->budget_paused && worker("b")->budget_paused);
	ck_assert_ptr_nonnull(strstr(
		worker("b")->budget_reason, "the hourly budget of group sales of $4.00"));
	ck_assert_ptr_nonnull(
		strstr(worker("b")->budget_reason, "goes on when the hour ends"));
	ck_assert(!worker("c")->budget_paused && !worker("d")->budget_paused);
	/* The next hour: the day has room for two more dollars. */
	worker("a")->purse->hour_base_cost = worker("a")->totals.cost;
	eng_enforce(&f.eng);
	ck_assert_msg(!worker("b")->budget_paused, "%s", worker("b")->budget_reason);
	spend("b", "2.00");
	ck_assert_ptr_nonnull(
		strstr(worker("a")->budget_reason, "the daily budget of group sales"));
}
END_TEST

START_TEST(test_outer_group_and_hour)
{
	spend("c", "2.00");
	ck_assert_ptr_nonnull(strstr(worker("c")->budget_reason, "its hourly budget"));
	worker("c")->purse->hour_base_cost = worker("c")->totals.cost;
	eng_enforce(&f.eng);
	ck_assert(!worker("c")->budget_paused);
	spend("c", "0.50");
	ck_assert(!worker("c")->budget_paused);
	worker("c")->purse->hour_base_cost = worker("c")->totals.cost;
	spend("c", "2.00");
	ck_assert_ptr_nonnull(
		strstr(worker("c")->budget_reason, "the daily budget of group outer"));
	ck_assert(!worker("a")->budget_paused);
}
END_TEST

START_TEST(test_fleet_hour)
{
	spend("d", "20.00");
	ck_assert_ptr_nonnull(strstr(worker("d")->budget_reason, "its total budget"));
	ck_assert_ptr_nonnull(
		strstr(worker("a")->budget_reason, "the hourly budget of the fleet"));
}
END_TEST

/* After a restart, and after a reload that lowers a cap below what is spent. */
START_TEST(test_restart_and_reload)
{
	static const char lower[] =
		"max_daily_budget: none\nprices: {cpu_second: $0, gib_hour: $0}\n"
		"groups: {sales: {budget: {daily: $1}}}\n";

	static const char *const fewer[] = {"worker: a\ncommand: [x]\ngroup: sales\n",
		"worker: d\nkind: service\ncommand: [x]\n", NULL};

	spend("a", "1.50");
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	ck_assert(cap("sales", ENG_CAP_GROUP, ENG_CAP_HOUR)->spent == 1500000000);
	ck_assert(!worker("a")->budget_paused);
	eng_fixture_close(&f);
	eng_fixture_open(&f, lower, fewer);
	ck_assert(worker("a")->budget_paused);
	ck_assert(eng_cap_left(cap("sales", ENG_CAP_GROUP, ENG_CAP_DAY)) == 0);
	ck_assert(!worker("d")->budget_paused);
	ck_assert(!eng_caps_any(worker("d")));
}
END_TEST

static int
count_warning(void *arg, const struct led_event *ev)
{
	if (ev->kind == LED_STATE &&
		memmem(ev->line, ev->line_bytes, "budget_warning", 14))
		(*(int *)arg)++;
	return 0;
}

static int
warnings(void)
{
	struct led_view *v;
	int n = 0;

	ck_assert_int_eq(led_view_begin(f.eng.led, &v, NULL), 0);
	ck_assert_int_eq(led_view_events(v, 1, false, count_warning, &n), 0);
	led_view_end(v);
	return n;
}

/* One for each cap and period, whatever is restarted in between. */
START_TEST(test_warned_once)
{
	spend("d", "2.39");
	ck_assert_int_eq(warnings(), 0);
	spend("d", "0.01"); /* 80% of its total */
	ck_assert_int_eq(warnings(), 1);
	spend("d", "0.10");
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	spend("d", "0.10");
	ck_assert_int_eq(warnings(), 1);
	spend("a", "3.20"); /* 80% of the group's hour */
	ck_assert_int_eq(warnings(), 2);
	const json_t *budget =
		json_object_get(eng_fixture_ask(&f, "{\"verb\":\"summary\"}"), "budget");
	const json_t *list = json_object_get(budget, "warnings");

	ck_assert_uint_eq(json_array_size(list), 2);
	ck_assert_str_eq(eng_fixture_text(json_array_get(list, 0), "budget"),
		"the hourly budget of group sales");
	ck_assert_str_eq(eng_fixture_text(json_array_get(list, 1), "budget"),
		"the total budget of d");
}
END_TEST

/* What was granted is added to the total. */
START_TEST(test_grant)
{
	spend("d", "3.00");
	ck_assert(worker("d")->budget_paused);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"grant\",\"worker\":\"d\","
		"\"amount\":\"10.00\"}}"));
	eng_fixture_turn(&f);
	ck_assert(cap("d", ENG_CAP_WORKER, ENG_CAP_TOTAL)->limit == 13000000000);
	ck_assert_msg(!worker("d")->budget_paused, "%s", worker("d")->budget_reason);
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	ck_assert(cap("d", ENG_CAP_WORKER, ENG_CAP_TOTAL)->limit == 13000000000);
}
END_TEST

/* Hours of the local clock; at the end of summer time the hour that comes twice is two.
 */
START_TEST(test_hours)
{
	const int64_t sec = 1000000000;
	int64_t from;
	int64_t to;

	ck_assert_int_eq(eng_zone_set("Asia/Kolkata", NULL), 0); /* half an hour off */
	eng_hour_bounds(1000000000 * sec, &from, &to);
	ck_assert_int_eq(from, 999999000 * sec);
	ck_assert_int_eq(to - from, 3600 * sec);
	ck_assert_int_eq(eng_zone_set("Europe/Berlin", NULL), 0);
	/* 2026-10-25: 0:59:59 UTC is 2:59:59 summer time, then 2:00 again. */
	eng_hour_bounds(1792889999 * sec, &from, &to);
	ck_assert_int_eq(to, 1792890000 * sec);
	eng_hour_bounds(1792890000 * sec, &from, &to);
	ck_assert_int_eq(from, 1792890000 * sec);
	/* Edges belong to the hour that begins; before 1970 nothing begins. */
	eng_hour_bounds(1792890000 * sec - 1, &from, &to);
	ck_assert_int_eq(to, 1792890000 * sec);
	eng_hour_bounds(5, &from, &to);
	ck_assert_int_eq(from, 0);
	ck_assert_int_eq(eng_zone_set("UTC", NULL), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("caps");
	TCase *c = tcase_create("caps");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_who_counts_against_what);
	tcase_add_test(c, test_counts_at_once);
	tcase_add_test(c, test_group_pauses_its_workers);
	tcase_add_test(c, test_outer_group_and_hour);
	tcase_add_test(c, test_fleet_hour);
	tcase_add_test(c, test_restart_and_reload);
	tcase_add_test(c, test_warned_once);
	tcase_add_test(c, test_grant);
	tcase_add_test(c, test_hours);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
