/* What goes on while a decision waits for a person, or is only advice. */
#include "pol_fixture.h"
#include "run_suite.h"

static struct notes notes;

static void
begin(bool obey)
{
	notes.n = 0;
	notes.limits = 0;
	notes.obey = obey;
}

/* A fleet whose one worker waits for an approval to grow. */
static struct pol *
asking(struct life *l, int64_t *ret_at)
{
	struct pol *p = fleet_new(POL_MARGINAL, 1000);
	struct pol_decision d;
	int64_t ts;

	*l = (struct life){.name = "a", .multiple = 8, .cost = 3, .good = 1};
	begin(true);
	fleet_add(p, "a", false);
	for (*ret_at = T0; *ret_at < T0 + 20 * DAY;) {
		live(p, l, 1, *ret_at, 1, &notes);
		*ret_at += HOUR;
		if (pol_open_get(p, "a", &d, &ts) == 0)
			return p;
	}
	ck_abort_msg("it never asked");
}

/* A pause never waits for the answer to something else. */
START_TEST(breaker_while_it_waits)
{
	struct life l;
	int64_t at;
	struct pol *p = asking(&l, &at);
	struct pol_standing st;

	begin(true);
	l.good = 0;
	live(p, &l, 1, at, 6, &notes);
	ck_assert_uint_eq(count_of(&notes, POL_CANCEL, "a"), 1);
	ck_assert_uint_eq(count_of(&notes, POL_PAUSE, "a"), 1);
	ck_assert_int_eq(notes.d[0].action, POL_CANCEL);
	ck_assert_int_eq(notes.d[1].action, POL_PAUSE);
	ck_assert_str_eq(notes.d[1].why.rule, "breaker");
	ck_assert_int_eq(pol_standing_get(p, "a", &st), 0);
	ck_assert_int_eq(st.state, POL_ST_PAUSED_BY_POLICY);
	pol_free(p);
}
END_TEST

static void
advise(struct pol *p, const char *name)
{
	struct pol_worker_conf c = pol_find(p, name)->conf;

	c.advise_only = true;
	ck_assert_int_eq(pol_worker_put(p, &c), 0);
}

/* Room that advice would make is not there: what is advised to end goes on costing. */
START_TEST(advice_makes_no_room)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct life l[] = {
		{.name = "loser", .multiple = 0, .cost = 2.5, .good = 1},
		{.name = "star", .multiple = 6, .cost = 1.0, .good = 1},
	};
	int64_t worst = 0;

	begin(true);
	fleet_add(p, "loser", false);
	fleet_add(p, "star", false);
	advise(p, "loser");
	for (int64_t h = 0; h < 24 * 20; h++) {
		struct pol_fleet f;

		live(p, l, 2, T0 + h * HOUR, 1, &notes);
		pol_fleet_get(p, T0 + (h + 1) * HOUR, &f);
		worst = NV_MAX(worst, f.plan_per_day_nano);
	}
	ck_assert_int_le(worst, 100 * NV_MONEY_SCALE);
	ck_assert_uint_gt(count_of(&notes, POL_PAUSE, "loser") +
				  count_of(&notes, POL_OPTIMIZE_INTERVAL, "loser") +
				  count_of(&notes, POL_KILL, "loser"),
		0);
	pol_free(p);
}
END_TEST

/* Growth that is only advised takes nothing from those that may grow. */
START_TEST(advice_takes_no_room)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct life l[] = {
		{.name = "idol", .multiple = 12, .cost = 1.0, .good = 1},
		{.name = "star", .multiple = 6, .cost = 1.0, .good = 1},
	};
	struct pol_standing st;

	begin(true);
	fleet_add(p, "idol", false);
	fleet_add(p, "star", false);
	advise(p, "idol");
	live(p, l, 2, T0, 24 * 20, &notes);
	ck_assert_int_eq(pol_standing_get(p, "star", &st), 0);
	ck_assert_uint_ge(st.instances, 3);
	ck_assert_uint_gt(count_of(&notes, POL_SCALE_UP, "idol"), 0);
	pol_free(p);
}
END_TEST

/* Limits are given out anew when they may have been lifted meanwhile. */
START_TEST(limits_after_advice)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct life l = {.name = "a", .multiple = 1.2, .cost = 0.5, .good = 1};
	struct pol_conf conf;

	begin(true);
	fleet_add(p, "a", false);
	live(p, &l, 1, T0, 24, &notes);
	ck_assert_uint_ge(notes.limits, 2);
	pol_conf_get(p, &conf);
	conf.advise_only = true;
	ck_assert_int_eq(pol_conf_set(p, &conf), 0);
	begin(true);
	live(p, &l, 1, T0 + DAY, 1, &notes);
	ck_assert_uint_eq(notes.limits, 0);
	conf.advise_only = false;
	ck_assert_int_eq(pol_conf_set(p, &conf), 0);
	live(p, &l, 1, T0 + DAY + HOUR, 1, &notes);
	ck_assert_uint_eq(notes.limits, 2); /* its own, and the fleet's */
	pol_limits_forget(p);
	live(p, &l, 1, T0 + DAY + 2 * HOUR, 1, &notes);
	ck_assert_uint_eq(notes.limits, 4);
	pol_free(p);
}
END_TEST

/* Thirty days at the floor begin when it is deployed, not when it was declared. */
START_TEST(floor_begins_with_deployment)
{
	struct pol *p = fleet_new(POL_MARGINAL, 1000);
	struct life l = {.name = "a", .multiple = 0, .cost = 2, .good = 1};
	struct pol_standing st = {.state = POL_ST_RUNNING, .instances = 1, .live = 1};

	begin(false);
	fleet_add(p, "a", true);
	notes.pol = p;
	for (int64_t h = 0; h < 24 * 40; h += 6)
		ck_assert_int_eq(pol_evaluate(p, T0 + h * HOUR, note, &notes), 0);
	st.run_interval_s = 4 * HOUR;
	ck_assert_int_eq(pol_standing_put(p, "a", T0 + 40 * DAY, &st), 0);
	live(p, &l, 1, T0 + 40 * DAY, 24 * 8, &notes);
	ck_assert_uint_eq(count_of(&notes, POL_RETIRE, "a"), 0);
	pol_free(p);
}
END_TEST

/* Nobody knows what it will cost: a person is asked. */
START_TEST(unknown_cost_asks)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct pol_worker_conf c;

	begin(false);
	fleet_add(p, "a", true);
	c = pol_find(p, "a")->conf;
	c.has_expected_roi = true;
	c.expected_roi_ppm = 2000000;
	c.expected_cost_nano = 0;
	ck_assert_int_eq(pol_worker_put(p, &c), 0);
	notes.pol = p;
	ck_assert_int_eq(pol_evaluate(p, T0, note, &notes), 0);
	ck_assert_uint_eq(notes.n, 1);
	ck_assert_int_eq(notes.d[0].action, POL_DEPLOY);
	ck_assert(notes.d[0].needs_approval);
	pol_free(p);
}
END_TEST

/* Below volume 1 it is judged with more hope; the threshold that is logged says so, and
 * what waits is not withdrawn for it. */
START_TEST(hope_below_one_holds)
{
	struct pol *p = fleet_new(POL_MARGINAL, 5000);
	struct life l = {.name = "a", .multiple = 1.0, .cost = 6, .good = 1};
	struct pol_standing st = {.state = POL_ST_RUNNING,
		.instances = 1,
		.live = 1,
		.run_interval_s = 4 * HOUR};
	size_t ups = 0;

	begin(false);
	fleet_add(p, "a", false);
	ck_assert_int_eq(pol_standing_put(p, "a", T0 + 1, &st), 0);
	/* It was never allowed more. */
	pol_find(p, "a")->x_held = 0.25;
	live(p, &l, 1, T0, 24 * 14, &notes);
	for (size_t i = 0; i < notes.n; i++) {
		const struct pol_decision *d = &notes.d[i];

		if (d->action == POL_CANCEL)
			ck_assert_str_ne(d->why.rule, "fallen");
		if (d->impact_nano <= 0 || d->action == POL_CANCEL)
			continue;
		ck_assert_str_eq(d->why.rule, "marginal");
		ck_assert_double_ge(d->why.value, d->why.limit - 0.05);
		ups++;
	}
	ck_assert_uint_gt(ups, 0);
	pol_free(p);
}
END_TEST

/* Without cost there is no evidence of what a unit of money returns. */
START_TEST(no_cost_does_not_grow)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);

	begin(true);
	fleet_add(p, "a", false);
	notes.pol = p;
	for (int64_t h = 0; h < 24 * 10; h++) {
		int64_t ts = T0 + h * HOUR;

		fact(p, POL_RUN, "a", ts, 0, true, 0);
		fact(p, POL_REVENUE, "a", ts, 20 * NV_MONEY_SCALE, true, ts);
		notes.now = ts + HOUR;
		ck_assert_int_eq(pol_evaluate(p, notes.now, note, &notes), 0);
	}
	ck_assert_uint_eq(notes.n, 0);
	pol_free(p);
}
END_TEST

/* A worker's own number of runs is waited for. */
START_TEST(runs_of_its_own)
{
	static const struct {
		const char *what;
		double multiple;
		enum pol_action never;
	} cases[] = {{"loser", 0, POL_KILL}, {"star", 8, POL_SCALE_UP}};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct pol *p = fleet_new(POL_MARGINAL, 1000);
		struct life l = {
			.name = "a", .multiple = cases[i].multiple, .cost = 2, .good = 1};
		struct pol_worker_conf c;

		begin(true);
		fleet_add(p, "a", false);
		c = pol_find(p, "a")->conf;
		c.min_runs = 5000;
		ck_assert_int_eq(pol_worker_put(p, &c), 0);
		live(p, &l, 1, T0, 24 * 20, &notes);
		ck_assert_msg(
			count_of(&notes, cases[i].never, "a") == 0, "%s", cases[i].what);
		c.min_runs = UINT32_MAX;
		ck_assert_int_eq(pol_worker_put(p, &c), 0);
		live(p, &l, 1, T0 + 20 * DAY, 24 * 20, &notes);
		ck_assert_msg(
			count_of(&notes, cases[i].never, "a") > 0, "%s", cases[i].what);
		pol_free(p);
	}
}
END_TEST

/* What was asked for rests on what ran: a person's change is not undone by a yes. */
START_TEST(changed_by_hand)
{
	struct life l;
	int64_t at;
	struct pol *p = asking(&l, &at);
	struct pol_standing st;
	struct pol_decision d;
	struct pol_why why;
	int64_t ts;

	ck_assert_int_eq(pol_open_get(p, "a", &d, &ts), 0);
	ck_assert(pol_recheck(p, &d, at, &why));
	ck_assert_int_eq(pol_standing_get(p, "a", &st), 0);
	st.run_interval_s = HOUR * 9 / 10;
	ck_assert_int_eq(pol_standing_put(p, "a", at, &st), 0);
	ck_assert(!pol_recheck(p, &d, at, &why));
	ck_assert_str_eq(why.rule, "changed_by_hand");
	pol_free(p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pol_waiting");
	TCase *tc = tcase_create("pol_waiting");

	tcase_add_test(tc, breaker_while_it_waits);
	tcase_add_test(tc, advice_makes_no_room);
	tcase_add_test(tc, advice_takes_no_room);
	tcase_add_test(tc, limits_after_advice);
	tcase_add_test(tc, floor_begins_with_deployment);
	tcase_add_test(tc, unknown_cost_asks);
	tcase_add_test(tc, hope_below_one_holds);
	tcase_add_test(tc, no_cost_does_not_grow);
	tcase_add_test(tc, runs_of_its_own);
	tcase_add_test(tc, changed_by_hand);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
