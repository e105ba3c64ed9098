/* What the core decides, in fleets whose truth is known. */
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

/* It never sells: throttled, then killed with two proofs, not before 20 runs, three days
 * and four typical sales' worth (80 units). */
START_TEST(loser_is_killed_when_it_is_proven)
{
	struct pol *p = fleet_new(POL_STRICT, 1000);
	struct life l = {.name = "a", .multiple = 0, .cost = 4, .good = 1};

	begin(true);
	fleet_add(p, "a", false);
	live(p, &l, 1, T0, 24 * 30, &notes);
	const struct pol_decision *kill = first_of(&notes, POL_KILL);

	ck_assert_ptr_nonnull(kill);
	ck_assert_uint_eq(count_of(&notes, POL_KILL, "a"), 1);
	ck_assert(!kill->needs_approval);
	ck_assert_double_gt(kill->confidence, 0.95);
	ck_assert_double_ge(kill->why.e, 20);
	ck_assert_int_gt(kill->why.cost_nano, 80 * NV_MONEY_SCALE);
	ck_assert_uint_ge(kill->why.runs_ok, 20);
	ck_assert_uint_ge(kill->risk, 20);
	/* One more sale would have been less sure. */
	ck_assert_double_lt(kill->why.one_more_sale_p, kill->why.p);
	ck_assert_uint_eq(count_of(&notes, POL_SCALE_UP, "a"), 0);
	/* Nothing is said about it any more. */
	size_t n = notes.n;

	live(p, &l, 1, T0 + 30 * DAY, 24 * 10, &notes);
	ck_assert_uint_eq(notes.n, n);
	pol_free(p);
}
END_TEST

START_TEST(not_killed)
{
	static const struct {
		const char *what;
		double multiple;
		double cost;
		double good;
	} cases[] = {
		{"breaks even", 1.1, 4, 1},
		{"costs nothing", 0, 0, 1},
		{"nothing but failed runs", 0, 4, 0},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct pol *p = fleet_new(POL_STRICT, 1000);
		struct life l = {.name = "a",
			.multiple = cases[i].multiple,
			.cost = cases[i].cost,
			.good = cases[i].good};

		begin(true);
		fleet_add(p, "a", false);
		live(p, &l, 1, T0, 24 * 60, &notes);
		ck_assert_msg(count_of(&notes, POL_KILL, "a") == 0, "%s", cases[i].what);
		pol_free(p);
	}
}
END_TEST

/* Nothing but failures: stopped within hours, tried again after 6, 12, 24, 48, 48 h. */
START_TEST(breaker_and_probes)
{
	struct pol *p = fleet_new(POL_MARGINAL, 1000);
	struct life l = {.name = "a", .multiple = 3, .cost = 0.1, .good = 0};
	int64_t pauses[5];
	size_t n = 0;

	begin(true);
	fleet_add(p, "a", false);
	notes.pol = p;
	for (int64_t h = 0; h < 24 * 9 && n < 5; h++) {
		size_t had = notes.n;

		live(p, &l, 1, T0 + h * HOUR, 1, &notes);
		for (size_t i = had; i < notes.n && n < 5; i++) {
			if (notes.d[i].action == POL_PAUSE) {
				ck_assert_str_eq(notes.d[i].why.rule, "breaker");
				pauses[n++] = T0 + (h + 1) * HOUR;
			}
		}
	}
	ck_assert_uint_eq(n, 5);
	/* The hold, and the three to four hours until three runs have failed again. */
	for (unsigned i = 0; i < 4; i++) {
		int64_t held = (pauses[i + 1] - pauses[i]) / HOUR - (6 << NV_MIN(i, 3u));

		ck_assert_int_ge(held, 2);
		ck_assert_int_le(held, 5);
	}
	pol_free(p);
}
END_TEST

/* A run that costs ten times as much as in the week before. */
START_TEST(breaker_of_cost)
{
	struct pol *p = fleet_new(POL_MARGINAL, 1000);
	struct life l = {.name = "a", .multiple = 3, .cost = 0.1, .good = 1};

	begin(true);
	fleet_add(p, "a", false);
	live(p, &l, 1, T0, 24 * 8, &notes);
	ck_assert_uint_eq(count_of(&notes, POL_PAUSE, "a"), 0);
	l.cost = 1;
	live(p, &l, 1, T0 + 8 * DAY, 12, &notes);
	const struct pol_decision *d = first_of(&notes, POL_PAUSE);

	ck_assert_ptr_nonnull(d);
	ck_assert_str_eq(d->reasons[0], "cost>3x");
	pol_free(p);
}
END_TEST

START_TEST(star_grows)
{
	static const enum pol_mode modes[] = {POL_STRICT, POL_MARGINAL};

	for (size_t i = 0; i < NV_LEN(modes); i++) {
		struct pol *p = fleet_new(modes[i], 100);
		struct life l = {.name = "a", .multiple = 7, .cost = 0.5, .good = 1};
		struct pol_standing st;

		begin(true);
		fleet_add(p, "a", false);
		live(p, &l, 1, T0, 24 * 40, &notes);
		const struct pol_decision *d = first_of(&notes, POL_SCALE_UP);

		ck_assert_ptr_nonnull(d);
		ck_assert_uint_eq(d->to_instances, 2); /* a canary */
		ck_assert_double_gt(d->confidence, d->why.limit);
		ck_assert_int_gt(d->expected_profit_nano, 0);
		/* 24 runs a day more; three runs of what was declared count, too */
		ck_assert_int_gt(d->impact_nano, 10 * NV_MONEY_SCALE);
		ck_assert_int_le(d->impact_nano, 12 * NV_MONEY_SCALE);
		ck_assert_int_eq(pol_standing_get(p, "a", &st), 0);
		ck_assert_uint_ge(st.instances, 4);
		/* At most doubled, at least a day between. */
		for (size_t k = 0; k < notes.n; k++)
			ck_assert(
				notes.d[k].action != POL_SCALE_UP ||
				notes.d[k].to_instances <= 2 * notes.d[k].from_instances);
		pol_free(p);
	}
}
END_TEST

/* ROI 100%: good money, but strict grows only above 300%. */
START_TEST(strict_holds_where_marginal_grows)
{
	for (int strict = 0; strict < 2; strict++) {
		struct pol *p = fleet_new(strict ? POL_STRICT : POL_MARGINAL, 100);
		struct life l = {.name = "a", .multiple = 2.5, .cost = 0.5, .good = 1};

		begin(true);
		fleet_add(p, "a", false);
		live(p, &l, 1, T0, 24 * 60, &notes);
		ck_assert_int_eq(count_of(&notes, POL_SCALE_UP, "a") > 0, !strict);
		pol_free(p);
	}
}
END_TEST

/* What runs never plans above the budget: three stars that each want all of it. */
START_TEST(budget_holds)
{
	struct pol *p = fleet_new(POL_MARGINAL, 60);
	struct life l[3] = {{.name = "a", .multiple = 6, .cost = 0.5, .good = 1},
		{.name = "b", .multiple = 7, .cost = 0.5, .good = 1},
		{.name = "c", .multiple = 8, .cost = 0.5, .good = 1}};
	struct pol_fleet f;

	begin(true);
	for (unsigned i = 0; i < 3; i++)
		fleet_add(p, l[i].name, false);
	for (unsigned d = 0; d < 40; d++) {
		live(p, l, 3, T0 + d * DAY, 24, &notes);
		pol_fleet_get(p, T0 + (d + 1) * DAY - 1, &f);
		ck_assert_int_le(f.plan_per_day_nano, f.budget_nano);
		ck_assert_int_le(f.spent_today_nano, f.budget_nano);
	}
	ck_assert_int_gt(f.plan_per_day_nano, f.budget_nano / 2);
	ck_assert_uint_gt(notes.limits, 0);
	pol_free(p);
}
END_TEST

/* The fleet as it is found costs more than there is: cut at the first look. */
START_TEST(too_dear_from_the_start)
{
	struct pol *p = fleet_new(POL_MARGINAL, 5);
	struct pol_fleet f;

	begin(true);
	for (unsigned i = 0; i < 6; i++) {
		char name[8];

		(void)snprintf(name, sizeof name, "w%u", i);
		fleet_add(p, name, false); /* 2.40 a day each */
	}
	notes.pol = p;
	notes.now = T0;
	ck_assert_int_eq(pol_evaluate(p, T0, note, &notes), 0);
	pol_fleet_get(p, T0, &f);
	ck_assert_int_le(f.plan_per_day_nano, 5 * NV_MONEY_SCALE);
	ck_assert_uint_gt(notes.n, 0);
	ck_assert_str_eq(notes.d[0].why.rule, "budget_short");
	pol_free(p);
}
END_TEST

START_TEST(no_budget)
{
	struct pol *p = fleet_new(POL_MARGINAL, 0);
	struct life l = {.name = "a", .multiple = 9, .cost = 0.5, .good = 1};

	begin(true);
	fleet_add(p, "a", false);
	live(p, &l, 1, T0, 24 * 10, &notes);
	for (size_t i = 0; i < notes.n; i++)
		ck_assert_int_le(notes.d[i].impact_nano, 0);
	struct pol_standing st;

	ck_assert_int_eq(pol_standing_get(p, "a", &st), 0);
	ck_assert_int_eq(st.state, POL_ST_PAUSED_BY_POLICY);
	pol_free(p);
}
END_TEST

/* ---- approvals ---- */

/* A star whose next step costs more than may be given unasked; the open decision. */
static struct pol *
asking(struct life *l, int64_t *ret_at)
{
	struct pol *p = fleet_new(POL_MARGINAL, 1000);

	*l = (struct life){.name = "a", .multiple = 8, .cost = 3, .good = 1};
	begin(true);
	fleet_add(p, "a", false);
	struct pol_decision d;
	int64_t ts;

	for (int64_t h = 0; h < 24 * 20; h++) {
		live(p, l, 1, T0 + h * HOUR, 1, &notes);
		*ret_at = T0 + (h + 1) * HOUR;
		if (pol_open_get(p, "a", &d, &ts) == 0) {
			ck_assert(d.needs_approval);
			ck_assert_int_gt(d.impact_nano, 50 * NV_MONEY_SCALE);
			return p;
		}
	}
	ck_abort_msg("it never asked");
}

START_TEST(asks_and_is_granted)
{
	struct life l;
	int64_t at;
	struct pol *p = asking(&l, &at);
	struct pol_decision d;
	struct pol_why why;
	struct pol_fleet f;
	int64_t ts;

	ck_assert_int_eq(pol_open_get(p, "a", &d, &ts), 0);
	pol_fleet_get(p, at, &f);
	ck_assert_int_eq(f.pending_nano, d.impact_nano); /* kept while it waits */
	ck_assert(pol_recheck(p, &d, at + HOUR, &why));
	ck_assert_int_eq(pol_answer(p, "a", POL_GRANTED, at), 0);
	do_it(p, &d, at);
	ck_assert_int_eq(pol_open_get(p, "a", &d, &ts), -ENOENT);
	ck_assert_int_eq(pol_answer(p, "a", POL_APPLIED, at), -ENOENT);
	/* What a person agreed to is no unasked rise. */
	pol_fleet_get(p, at, &f);
	ck_assert_int_eq(f.pending_nano, 0);
	pol_free(p);
}
END_TEST

START_TEST(denied_is_left_alone_for_a_week)
{
	struct life l;
	int64_t at;
	struct pol *p = asking(&l, &at);
	struct pol_decision d;
	int64_t ts;

	ck_assert_int_eq(pol_answer(p, "a", POL_DENIED, at), 0);
	size_t n = notes.n;

	live(p, &l, 1, at, 24 * 7 - 1, &notes);
	for (size_t i = n; i < notes.n; i++)
		ck_assert_int_ne(notes.d[i].action, POL_SCALE_UP);
	live(p, &l, 1, at + 7 * DAY - HOUR, 24 * 2, &notes);
	ck_assert_int_eq(pol_open_get(p, "a", &d, &ts), 0);
	pol_free(p);
}
END_TEST

START_TEST(expires_and_asks_anew)
{
	struct life l;
	int64_t at;
	struct pol *p = asking(&l, &at);

	size_t n = notes.n;

	live(p, &l, 1, at, 60, &notes);
	ck_assert_uint_gt(notes.n, n);
	ck_assert_int_eq(notes.d[n].action, POL_CANCEL);
	ck_assert_str_eq(notes.d[n].why.rule, "expired");
	pol_free(p);
}
END_TEST

/* While a person thinks, the market goes. */
START_TEST(void_when_it_does_not_hold_any_more)
{
	struct life l;
	int64_t at;
	struct pol *p = asking(&l, &at);
	struct pol_decision d;
	struct pol_why why;
	int64_t ts;

	ck_assert_int_eq(pol_open_get(p, "a", &d, &ts), 0);
	for (unsigned h = 0; h < 24 * 12; h++) {
		fact(p, POL_RUN, "a", at + h * HOUR, 0, true, 0);
		fact(p, POL_COST, "a", at + h * HOUR, 12 * NV_MONEY_SCALE, true, 0);
	}
	ck_assert(!pol_recheck(p, &d, at + 14 * DAY, &why));
	/* By hand: the same, whatever the figures. */
	struct pol_standing st = {.state = POL_ST_PAUSED_BY_PERSON, .instances = 1};

	ck_assert_int_eq(pol_standing_put(p, "a", at + 15 * DAY, &st), 0);
	ck_assert(!pol_recheck(p, &d, at + 15 * DAY, &why));
	ck_assert_str_eq(why.rule, "changed_by_hand");
	pol_free(p);
}
END_TEST

/* Steps of less than 50 a day each; those of a day together are more. */
START_TEST(no_salami)
{
	struct pol *p = fleet_new(POL_MARGINAL, 1000);
	struct life l = {.name = "a", .multiple = 8, .cost = 1.5, .good = 1};

	begin(true);
	fleet_add(p, "a", false); /* 36 a day at volume 1 */
	live(p, &l, 1, T0, 36, &notes);
	struct pol_worker *w = pol_find(p, "a");

	ck_assert_uint_eq(count_of(&notes, POL_SCALE_UP, "a"), 1);
	ck_assert(!first_of(&notes, POL_SCALE_UP)->needs_approval);
	/* As if a second small one had come the same day. */
	w->rises[0] =
		(struct pol_rise){.ts = T0 + 36 * HOUR, .nano = 20 * NV_MONEY_SCALE};
	w->up_ts = 0;
	w->changed_ts = 0;
	w->st.instances = 1;
	w->st.live = 1;
	w->x_held = 1;
	notes.n = 0;
	live(p, &l, 1, T0 + 36 * HOUR, 7, &notes);
	ck_assert_uint_ge(count_of(&notes, POL_SCALE_UP, "a"), 1);
	ck_assert(first_of(&notes, POL_SCALE_UP)->needs_approval);
	pol_free(p);
}
END_TEST

/* ---- who may be touched ---- */

START_TEST(advice_only)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct life l = {.name = "a", .multiple = 8, .cost = 0.5, .good = 1};
	struct pol_conf conf;
	struct pol_decision d;
	int64_t ts;

	pol_conf_get(p, &conf);
	conf.advise_only = true;
	ck_assert_int_eq(pol_conf_set(p, &conf), 0);
	begin(true);
	fleet_add(p, "a", false);
	live(p, &l, 1, T0, 24 * 10, &notes);
	ck_assert_uint_gt(notes.n, 0);
	for (size_t i = 0; i < notes.n; i++)
		ck_assert(notes.d[i].advice);
	ck_assert_int_eq(pol_open_get(p, "a", &d, &ts), -ENOENT);
	pol_free(p);
}
END_TEST

START_TEST(a_person_has_the_last_word)
{
	static const enum pol_state states[] = {
		POL_ST_PAUSED_BY_PERSON, POL_ST_STOPPED, POL_ST_KILLED};

	for (size_t i = 0; i < NV_LEN(states); i++) {
		struct pol *p = fleet_new(POL_MARGINAL, 100);
		struct pol_standing st = {.state = states[i], .instances = 1};

		begin(true);
		fleet_add(p, "a", false);
		ck_assert_int_eq(pol_standing_put(p, "a", T0 + 1, &st), 0);
		notes.pol = p;
		for (unsigned h = 0; h < 24 * 40; h++)
			ck_assert_int_eq(pol_evaluate(p, T0 + h * HOUR, note, &notes), 0);
		for (size_t k = 0; k < notes.n; k++)
			ck_assert_int_eq(notes.d[k].action, POL_RETIRE);
		pol_free(p);
	}
}
END_TEST

/* Claims open the gate and nothing else; three trials at a time. */
START_TEST(catalogue)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	char name[8];

	begin(true);
	for (unsigned i = 0; i < 6; i++) {
		struct pol_worker_conf c;

		(void)snprintf(name, sizeof name, "w%u", i);
		fleet_add(p, name, true);
		pol_worker_conf_init(&c);
		c = pol_find(p, name)->conf;
		c.has_expected_roi = i > 0;
		c.expected_roi_ppm = i == 1 ? 1499999 : 1500000;
		ck_assert_int_eq(pol_worker_put(p, &c), 0);
	}
	notes.pol = p;
	notes.now = T0;
	ck_assert_int_eq(pol_evaluate(p, T0, note, &notes), 0);
	ck_assert_uint_eq(notes.n, 3);
	for (size_t i = 0; i < notes.n; i++) {
		ck_assert_int_eq(notes.d[i].action, POL_DEPLOY);
		ck_assert_str_ne(notes.d[i].worker, "w0");
		ck_assert_str_ne(notes.d[i].worker, "w1");
	}
	pol_free(p);
}
END_TEST

/* A clock that goes back changes nothing until it has passed what it was. */
START_TEST(clock_back)
{
	struct pol *p = fleet_new(POL_MARGINAL, 100);
	struct life l = {.name = "a", .multiple = 0, .cost = 4, .good = 1};

	begin(true);
	fleet_add(p, "a", false);
	live(p, &l, 1, T0, 24 * 2, &notes);
	size_t n = notes.n;

	for (int64_t ts = T0; ts < T0 + 2 * DAY; ts += HOUR)
		ck_assert_int_eq(pol_evaluate(p, ts, note, &notes), 0);
	ck_assert_uint_le(notes.n, n + 1);
	ck_assert_int_eq(pol_evaluate(p, -1, note, &notes), -EINVAL);
	pol_free(p);
}
END_TEST

/* Classic mode on facts: the rule of the configuration, nothing else. */
START_TEST(classic_on_facts)
{
	static const struct {
		double multiple;
		enum pol_action action;
	} cases[] = {{0.5, POL_KILL}, {2, POL_NONE}, {3.6, POL_NONE}, {6, POL_SCALE_UP}};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct pol *p = fleet_new(POL_CLASSIC, 1000);

		begin(false);
		fleet_add(p, "a", false);
		for (unsigned k = 0; k < 25; k++) {
			fact(p, POL_RUN, "a", T0 + k * 600, 0, true, 0);
			fact(p, POL_COST, "a", T0 + k * 600, NV_MONEY_SCALE, true, 0);
		}
		fact(p, POL_REVENUE, "a", T0 + DAY / 2, pol_nano(25 * cases[i].multiple),
			true, T0);
		notes.pol = p;
		ck_assert_int_eq(pol_evaluate(p, T0 + DAY, note, &notes), 0);
		ck_assert_uint_eq(notes.n, cases[i].action != POL_NONE);
		if (notes.n)
			ck_assert_int_eq(notes.d[0].action, cases[i].action);
		pol_free(p);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pol_rules");
	TCase *tc = tcase_create("pol_rules");

	tcase_add_test(tc, loser_is_killed_when_it_is_proven);
	tcase_add_test(tc, not_killed);
	tcase_add_test(tc, breaker_and_probes);
	tcase_add_test(tc, breaker_of_cost);
	tcase_add_test(tc, star_grows);
	tcase_add_test(tc, strict_holds_where_marginal_grows);
	tcase_add_test(tc, budget_holds);
	tcase_add_test(tc, too_dear_from_the_start);
	tcase_add_test(tc, no_budget);
	tcase_add_test(tc, asks_and_is_granted);
	tcase_add_test(tc, denied_is_left_alone_for_a_week);
	tcase_add_test(tc, expires_and_asks_anew);
	tcase_add_test(tc, void_when_it_does_not_hold_any_more);
	tcase_add_test(tc, no_salami);
	tcase_add_test(tc, advice_only);
	tcase_add_test(tc, a_person_has_the_last_word);
	tcase_add_test(tc, catalogue);
	tcase_add_test(tc, clock_back);
	tcase_add_test(tc, classic_on_facts);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
