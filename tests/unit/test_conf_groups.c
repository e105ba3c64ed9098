/* `groups`, and what of a worker concerns them: what is read, and what is refused. */
#include "conf_fixture.h"

/* Workers a, b, c: kind service, in the file of their name; what follows their head. */
static const char *
parse(struct fixture *f, const char *groups, const char *a, const char *b, const char *c)
{
	const char *const more[] = {a, b, c};
	static const char *const names[] = {"a", "b", "c"};

	fixture_init(f, groups);
	for (size_t i = 0; i < NV_LEN(more); i++) {
		char file[20];
		char text[1000];

		if (!more[i])
			continue;
		(void)snprintf(file, sizeof(file), "%s.yaml", names[i]);
		(void)snprintf(text, sizeof(text),
			"worker: %s\nkind: %s\ncommand: [x]\n%s\n", names[i],
			strstr(more[i], "# task") ? "task" : "service", more[i]);
		fixture_worker(f, file, text);
	}
	(void)fixture_parse(f);
	return fixture_errors(f);
}

START_TEST(test_all_settings)
{
	struct fixture f;
	const char *errors = parse(&f,
		"groups:\n"
		"  top: {strategy: rest_for_one, auto_shutdown: all_significant}\n"
		"  web:\n"
		"    description: pages\n"
		"    strategy: one_for_all\n"
		"    intensity: 3\n"
		"    period: 1m\n"
		"    parent: top\n"
		"    restart: transient\n"
		"    auto_shutdown: any_significant\n"
		"    significant: true\n"
		"    shutdown: brutal_kill\n"
		"    order: [b, a]\n"
		"  label: {description: only a name}\n"
		"  empty:\n",
		"group: web\nrestart: transient\nsignificant: true\n"
		"success_codes: [0, 3, 255]",
		"group: web\nstop: {grace: infinity}\ncrashes: {max: 2}", "group: label");

	ck_assert_msg(f.rc == 0, "%s", errors);
	const struct nv_conf_group *g = nv_config_group(f.config, "web");

	ck_assert_str_eq(g->description, "pages");
	ck_assert_int_eq(g->strategy, NV_STRATEGY_ONE_FOR_ALL);
	ck_assert_uint_eq(g->intensity, 3);
	ck_assert_int_eq(g->period_ms, 60000);
	ck_assert_str_eq(g->parent, "top");
	ck_assert_int_eq(g->restart, NV_RESTART_TRANSIENT);
	ck_assert_int_eq(g->auto_shutdown, NV_AUTO_ANY);
	ck_assert(g->significant);
	ck_assert_int_eq(g->shutdown_ms, 0);
	ck_assert_uint_eq(g->n_order, 2);
	ck_assert_str_eq(g->order[1], "a");
	g = nv_config_group(f.config, "top");
	ck_assert_uint_eq(g->intensity, 1);
	ck_assert_int_eq(g->period_ms, 5000);
	ck_assert_int_eq(g->shutdown_ms, NV_INFINITY_MS);
	ck_assert_int_eq(nv_config_group(f.config, "label")->strategy, NV_STRATEGY_NONE);
	ck_assert_ptr_nonnull(nv_config_group(f.config, "empty"));
	ck_assert_ptr_null(nv_config_group(f.config, "none"));
	const struct nv_conf_worker *a = nv_config_worker(f.config, "a");
	const struct nv_conf_worker *b = nv_config_worker(f.config, "b");

	ck_assert(a->significant && !b->significant);
	ck_assert(!a->crashes_own && b->crashes_own);
	ck_assert(nv_conf_is_success(a->success, 255) &&
		  nv_conf_is_success(a->success, 0) &&
		  !nv_conf_is_success(a->success, 1));
	ck_assert(
		nv_conf_is_success(b->success, 0) && !nv_conf_is_success(b->success, 3));
	ck_assert_int_eq(b->stop_grace_ms, NV_INFINITY_MS);
	ck_assert_str_eq(fixture_show(&f, "groups.web.shutdown").value, "brutal_kill");
	ck_assert_str_eq(fixture_show(&f, "groups.top.shutdown").value, "infinity");
	ck_assert_str_eq(fixture_show(&f, "groups.web.order").value, "[b, a]");
	ck_assert_str_eq(fixture_show(&f, "groups.web.period").origin, "nova.yaml:7");
	ck_assert_str_eq(fixture_show(&f, "groups.web.period").value, "1m");
	ck_assert_ptr_nonnull(strstr(fixture_show(&f, "groups").value,
		"web: {description: pages, strategy: one_for_all, intensity: 3, "));
	ck_assert_str_eq(
		fixture_show(&f, "workers.a.success_codes").value, "[0, 3, 255]");
	ck_assert_str_eq(fixture_show(&f, "workers.b.stop.grace").value, "infinity");
	fixture_fini(&f);
}
END_TEST

static const struct {
	const char *groups, *a, *b, *says;
} bad[] = {
	{"groups: [web]", NULL, NULL,
		"nova.yaml:1:9: groups: expected a map such as {web: {strategy: "
		"one_for_all}}"},
	{"groups: {Web: {}}", NULL, NULL,
		"nova.yaml:1:10: groups: expected a name of a-z, 0-9, _, . and -, found "
		"\"Web\""},
	{"groups: {web: 3}", NULL, NULL,
		"nova.yaml:1:15: groups.web: expected a map of settings, found a single "
		"value"},
	{"groups: {web: {}, web: {}}", NULL, NULL,
		"nova.yaml:1:19: groups.web: repeated; first on line 1"},
	{"groups: {web: {strategie: one_for_all}}", NULL, NULL,
		"nova.yaml:1:16: groups.web.strategie: unknown key; did you mean "
		"\"strategy\"?"},
	{"groups: {web: {strategy: all_for_one}}", NULL, NULL,
		"nova.yaml:1:26: groups.web.strategy: expected one of none, one_for_one, "
		"one_for_all, rest_for_one, simple_one_for_one, found "
		"\"all_for_one\"; did you mean \"one_for_one\"?"},
	{"groups: {web: {strategy: one_for_one, intensity: 1001}}", NULL, NULL,
		"nova.yaml:1:50: groups.web.intensity: 1001 is above the maximum 1000"},
	{"groups: {web: {strategy: one_for_one, period: 500ms}}", NULL, NULL,
		"nova.yaml:1:47: groups.web.period: 500ms is below the minimum 1s"},
	{"groups: {web: {strategy: one_for_one, period: 1s1ms}}", NULL, NULL,
		"nova.yaml:1:10: groups.web.period: expected whole seconds"},
	{"groups: {web: {strategy: one_for_one, shutdown: never}}", NULL, NULL,
		"nova.yaml:1:49: groups.web.shutdown: expected a duration such as 90s, "
		"infinity or brutal_kill, found \"never\""},
	{"groups: {web: {intensity: 3}}", NULL, NULL,
		"nova.yaml:1:27: groups.web.intensity: needs a `strategy`; without one "
		"the group is a label"},
	{"groups: {web: {strategy: one_for_one, parent: top}}", NULL, NULL,
		"nova.yaml:1:10: groups.web.parent: there is no such group: top"},
	{"groups: {web: {strategy: one_for_one, parent: web}}", NULL, NULL,
		"nova.yaml:1:10: groups.web.parent: a cycle through web"},
	{"groups: {web: {strategy: one_for_one, parent: top}, top: {}}", NULL, NULL,
		"nova.yaml:1:10: groups.web.parent: has no strategy: top"},
	{"groups: {w: {strategy: one_for_one, parent: t}, t: {strategy: "
	 "simple_one_for_one}}",
		"group: t", NULL,
		"nova.yaml:1:10: groups.w.parent: is a simple_one_for_one: t"},
	{"groups: {t: {strategy: simple_one_for_one}}", NULL, NULL,
		"nova.yaml:1:10: groups.t.strategy: simple_one_for_one takes exactly one "
		"worker"},
	{"groups: {t: {strategy: simple_one_for_one}}", "group: t", "group: t",
		"nova.yaml:1:10: groups.t.strategy: simple_one_for_one takes exactly one "
		"worker"},
	{"groups: {t: {strategy: simple_one_for_one, auto_shutdown: any_significant}}",
		"group: t", NULL,
		"nova.yaml:1:10: groups.t.auto_shutdown: a simple_one_for_one has no "
		"significant children"},
	{"groups: {w: {strategy: one_for_one, significant: true}}", NULL, NULL,
		"nova.yaml:1:10: groups.w.significant: needs restart: transient or "
		"temporary"},
	{"groups: {w: {strategy: one_for_one, significant: true, restart: transient}}",
		NULL, NULL, "nova.yaml:1:10: groups.w.significant: needs a parent"},
	{"groups: {t: {strategy: one_for_one}, w: {strategy: one_for_one, parent: t, "
	 "significant: true, restart: transient}}",
		NULL, NULL,
		"nova.yaml:1:38: groups.w.significant: auto_shutdown is never in t"},
	{"groups: {w: {strategy: one_for_one, order: a}}", "group: w", NULL,
		"nova.yaml:1:44: groups.w.order: expected a list of names such as [db, "
		"api], found a single value"},
	{"groups: {w: {strategy: one_for_one, order: [a, a]}}", "group: w", NULL,
		"nova.yaml:1:48: groups.w.order: is listed twice"},
	{"groups: {w: {strategy: one_for_one, order: [a]}}", "group: x", NULL,
		"nova.yaml:1:10: groups.w.order: is no child of it: a"},
	{"groups: {w: {strategy: one_for_one}, a: {strategy: one_for_one, parent: w}}",
		"group: w", NULL, "a.yaml:1:9: worker: group w has a group a too"},
	{"", "significant: true", NULL,
		"a.yaml:1:9: significant: needs restart: transient or temporary"},
	{"groups: {w: {strategy: one_for_one}}",
		"group: w\nsignificant: true\nrestart: temporary", NULL,
		"a.yaml:1:9: significant: needs a group with a strategy and "
		"auto_shutdown: any_significant or all_significant; w is none"},
	{"", "success_codes: 3", NULL,
		"a.yaml:4:16: success_codes: expected a list of exit codes such as [0, "
		"3], found a single value"},
	{"", "success_codes: [3] # task", NULL,
		"a.yaml:4:16: success_codes: needs kind: service"},
	{"", "success_codes: []", NULL, "a.yaml:4:16: success_codes: the list is empty"},
	{"", "success_codes: [0, 256]", NULL,
		"a.yaml:4:20: success_codes: expected an exit code, 0..255"},
	{"", "stop: {grace: brutal_kill}", NULL,
		"a.yaml:4:15: stop.grace: expected a duration such as 90s, or infinity, "
		"found \"brutal_kill\""},
};

START_TEST(test_bad)
{
	struct fixture f;
	const char *errors = parse(&f, bad[_i].groups, bad[_i].a, bad[_i].b, NULL);

	ck_assert_str_eq(errors, bad[_i].says);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_many_and_deep)
{
	static char text[100000];
	struct fixture f;
	size_t at = (size_t)snprintf(text, sizeof(text), "groups:\n");

	for (int i = 0; i < 34; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
			i ? "  g%d: {strategy: one_for_one, parent: g%d}\n"
			  : "  g%d: {strategy: one_for_one}\n",
			i, i - 1);
	(void)parse(&f, text, NULL, NULL, NULL);
	ck_assert_int_eq(f.rc, -EINVAL);
	ck_assert_ptr_nonnull(strstr(fixture_errors(&f), "deeper than 32 groups"));
	fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_groups");
	TCase *tc = tcase_create("groups");

	tcase_add_test(tc, test_all_settings);
	tcase_add_loop_test(tc, test_bad, 0, NV_LEN(bad));
	tcase_add_test(tc, test_many_and_deep);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
