/* Budgets of the fleet, of groups, workers and operations: read, shown, refused. */
#include "conf_fixture.h"

static const char *
parse(struct fixture *f, const char *fleet, const char *budget)
{
	char text[1000];

	fixture_init(f, fleet);
	(void)snprintf(text, sizeof(text), "worker: a\ncommand: [x]\n%s\n", budget);
	fixture_worker(f, "a.yaml", text);
	(void)fixture_parse(f);
	return fixture_errors(f);
}

START_TEST(test_read)
{
	struct fixture f;
	const char *errors = parse(&f,
		"max_daily_budget: $20/day\nmax_hourly_budget: $5/hour\nbudget_warn: "
		"75%\npacing: true\n"
		"groups:\n  sales: {budget: {hourly: $1/hour, daily: $10}}\n"
		"  web: {strategy: one_for_one, budget: {daily: 3 USD}}\n",
		"budget: {per_run: $0.5, hourly: 2 USD, daily: $4, total: $9, "
		"operations: {mail.out: 0.20 USD, llm: $1/day}}");

	ck_assert_msg(f.rc == 0, "%s", errors);
	const struct nv_conf_worker *w = nv_config_worker(f.config, "a");
	const struct nv_conf_group *sales = nv_config_group(f.config, "sales");
	const struct nv_conf_group *web = nv_config_group(f.config, "web");

	ck_assert_int_eq(f.config->max_hourly_budget_nano, 5 * NV_MONEY_SCALE);
	ck_assert_int_eq(f.config->budget_warn_ppm, 750000);
	ck_assert(f.config->pacing);
	ck_assert_int_eq(sales->budget_hourly_nano, NV_MONEY_SCALE);
	ck_assert_int_eq(sales->budget_daily_nano, 10 * NV_MONEY_SCALE);
	ck_assert_int_eq(web->budget_hourly_nano, -1);
	ck_assert_int_eq(web->budget_daily_nano, 3 * NV_MONEY_SCALE);
	ck_assert_int_eq(w->budget_hourly_nano, 2 * NV_MONEY_SCALE);
	ck_assert_uint_eq(w->n_operations, 2);
	ck_assert_str_eq(w->operations[0].name, "llm");
	ck_assert_int_eq(w->operations[0].daily_nano, NV_MONEY_SCALE);
	ck_assert_str_eq(w->operations[1].name, "mail.out");
	ck_assert_str_eq(fixture_show(&f, "workers.a.budget.operations").value,
		"{llm: $1.00/day, mail.out: $0.20/day}");
	ck_assert_str_eq(fixture_show(&f, "groups.sales.budget.daily").value, "$10.00");
	fixture_fini(&f);
}
END_TEST

START_TEST(test_defaults)
{
	struct fixture f;

	ck_assert_str_eq(parse(&f, "groups: {g: {}}\n", ""), "");
	ck_assert_int_eq(f.config->max_hourly_budget_nano, -1);
	ck_assert_int_eq(f.config->budget_warn_ppm, 800000);
	ck_assert(!f.config->pacing);
	ck_assert_int_eq(nv_config_group(f.config, "g")->budget_daily_nano, -1);
	ck_assert_int_eq(nv_config_worker(f.config, "a")->budget_hourly_nano, -1);
	ck_assert_uint_eq(nv_config_worker(f.config, "a")->n_operations, 0);
	fixture_fini(&f);
	ck_assert_str_eq(
		parse(&f, "max_daily_budget: none\nbudget_warn: none\n", ""), "");
	ck_assert_int_eq(f.config->max_daily_budget_nano, -1);
	ck_assert_int_eq(f.config->budget_warn_ppm, 0);
	ck_assert_str_eq(fixture_show(&f, "max_daily_budget").value, "none");
	fixture_fini(&f);
}
END_TEST

static const struct {
	const char *fleet, *budget, *says; /* NULL: it is good */
} rules[] = {
	{"max_hourly_budget: $100\n", "", NULL},
	{"max_hourly_budget: $100.01\n", "",
		"nova.yaml:1:20: max_hourly_budget: $100.01 is above max_daily_budget, "
		"$100.00: it could never be reached"},
	{"max_daily_budget: none\nmax_hourly_budget: $1000\n", "", NULL},
	{"groups: {g: {budget: {hourly: $2, daily: $1}}}\n", "",
		"nova.yaml:1:31: groups.g.budget.hourly: $2.00 is above budget.daily, "
		"$1.00: it could never be reached"},
	{"groups: {g: {budget: {daily: 0 USD}}}\n", "", NULL},
	{"groups: {g: {budget: $2}}\n", "",
		"nova.yaml:1:22: groups.g.budget: expected a map of settings, found a "
		"single value"},
	{"groups: {g: {budget: {total: $2}}}\n", "",
		"nova.yaml:1:23: groups.g.budget.total: unknown key"},
	{"budget_warn: 101%\n", "", "nova.yaml:1:14: budget_warn: 101% is above"},
	{"budget_warn: 0%\n", "", "nova.yaml:1:14: budget_warn: 0% is below"},
	{"pacing: maybe\n", "", "nova.yaml:1:9: pacing: expected true or false"},
	{"max_hourly_budget: $5/day\n", "",
		"nova.yaml:1:20: max_hourly_budget: expected an amount"},
	{"max_daily_budget: $5/hour\n", "",
		"nova.yaml:1:19: max_daily_budget: expected an amount"},
	{"", "budget: {hourly: $3, daily: $2}",
		"a.yaml:3:18: budget.hourly: $3.00 is above budget.daily, $2.00"},
	{"", "budget: {operations: [llm]}",
		"a.yaml:3:22: budget.operations: expected a map such as {llm: $1/day}"},
	{"", "budget: {operations: {LLM: $1}}",
		"a.yaml:3:23: budget.operations: expected a name of a-z"},
	{"", "budget: {operations: {llm: }}",
		"a.yaml:3:28: budget.operations.llm: expected text, found nothing"},
	{"", "budget: {operations: {llm: cheap}}",
		"a.yaml:3:28: budget.operations.llm: expected an amount"},
	{"", "budget: {operations: {llm: $1, llm: $2}}",
		"a.yaml:3:32: budget.operations.llm: repeated; first on line 3"},
	{"", "budget: {operations: {}}", NULL},
};

START_TEST(test_rules)
{
	struct fixture f;
	const char *errors = parse(&f, rules[_i].fleet, rules[_i].budget);

	if (rules[_i].says)
		ck_assert_msg(strstr(errors, rules[_i].says), "%d: %s", _i, errors);
	else
		ck_assert_msg(f.rc == 0, "%d: %s", _i, errors);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_reload_restarts_nothing)
{
	struct fixture f;
	struct fixture g;

	ck_assert_str_eq(parse(&f, "", ""), "");
	ck_assert_str_eq(
		parse(&g, "", "budget: {hourly: $1, operations: {llm: $1}}"), "");
	ck_assert(nv_config_worker(f.config, "a")->restart_hash ==
		  nv_config_worker(g.config, "a")->restart_hash);
	fixture_fini(&f);
	fixture_fini(&g);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_budget");
	TCase *c = tcase_create("conf_budget");

	tcase_add_test(c, test_read);
	tcase_add_test(c, test_defaults);
	tcase_add_loop_test(c, test_rules, 0, (int)NV_LEN(rules));
	tcase_add_test(c, test_reload_restarts_nothing);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
