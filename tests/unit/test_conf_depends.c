/* `depends_on`: what it reads, what it refuses, and cycles. */
#include "conf_fixture.h"

/* Up to four workers, named a, b, c, d; what follows the head of each. */
static const char *
parse(struct fixture *f, const char *const more[4])
{
	static const char *const names[4] = {"a", "b", "c", "d"};

	fixture_init(f, "");
	for (size_t i = 0; i < 4 && more[i]; i++) {
		char file[20];
		char text[4096];

		(void)snprintf(file, sizeof(file), "%s.yaml", names[i]);
		(void)snprintf(text, sizeof(text),
			"worker: %s\nkind: service\ncommand: [x]\n%s", names[i], more[i]);
		fixture_worker(f, file, text);
	}
	(void)fixture_parse(f);
	return fixture_errors(f);
}

START_TEST(test_forms)
{
	static const struct {
		const char *text;
		enum nv_depend_condition condition;
		bool restart;
		const char *shown;
	} rows[] = {
		{"depends_on: [b]", NV_DEPEND_READY, false, "{b: ready}"},
		{"depends_on: {b: started}", NV_DEPEND_STARTED, false, "{b: started}"},
		{"depends_on: {b: ready}", NV_DEPEND_READY, false, "{b: ready}"},
		{"depends_on: {b: completed}", NV_DEPEND_COMPLETED, false,
			"{b: completed}"},
		{"depends_on: {b: {}}", NV_DEPEND_READY, false, "{b: ready}"},
		{"depends_on: {b: {condition: started}}", NV_DEPEND_STARTED, false,
			"{b: started}"},
		{"depends_on: {b: {on_restart: ignore}}", NV_DEPEND_READY, false,
			"{b: ready}"},
		{"depends_on: {b: {condition: started, on_restart: restart}}",
			NV_DEPEND_STARTED, true,
			"{b: {condition: started, on_restart: restart}}"},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		struct fixture f;
		const char *errors = parse(
			&f, (const char *const[4]){rows[i].text, "restart: transient"});

		ck_assert_msg(f.rc == 0, "%s: %s", rows[i].text, errors);
		const struct nv_conf_worker *a = nv_config_worker(f.config, "a");

		ck_assert_uint_eq(a->n_depends, 1);
		ck_assert_str_eq(a->depends[0].worker, "b");
		ck_assert_int_eq(a->depends[0].condition, rows[i].condition);
		ck_assert_int_eq(a->depends[0].restart, rows[i].restart);
		struct fixture_shown s = fixture_show(&f, "workers.a.depends_on");

		ck_assert_str_eq(s.value, rows[i].shown);
		ck_assert_str_eq(s.origin, "a.yaml:4");
		fixture_fini(&f);
	}
}
END_TEST

static const struct {
	const char *more[4];
	const char *says;
} bad[] = {
	{{"depends_on: {B: }"},
		"a.yaml:4:14: depends_on: expected a worker's name, found "
		"\"B\""},
	{{"depends_on: b"}, "a.yaml:4:13: depends_on: expected a list such as [db] or a "
			    "map such as {db: ready}, found a single value"},
	{{"depends_on:"},
		"a.yaml:4:12: depends_on: expected a list such as [db] or a map "
		"such as {db: ready}, found nothing"},
	{{"depends_on: [b, b]", ""}, "a.yaml:4:17: depends_on: b is listed twice"},
	{{"depends_on: {b: ready, b: started}", ""},
		"a.yaml:4:24: depends_on: b is listed twice"},
	{{"depends_on: [B]"}, "a.yaml:4:14: depends_on: expected a worker's name, found "
			      "\"B\""},
	{{"depends_on: [[b]]"},
		"a.yaml:4:14: depends_on: expected a worker's name, found "
		"a list"},
	{{"depends_on: [~]"}, "a.yaml:4:14: depends_on: expected a worker's name, found "
			      "nothing"},
	{{"depends_on: {b: up}", ""},
		"a.yaml:4:17: depends_on.b: expected started, ready or completed or "
		"{condition: ..., on_restart: ignore or restart}, found \"up\""},
	{{"depends_on: {b: }", ""},
		"a.yaml:4:17: depends_on.b: expected started, ready or completed or "
		"{condition: ..., on_restart: ignore or restart}, found nothing"},
	{{"depends_on: {b: {condition: up}}", ""},
		"a.yaml:4:29: depends_on.b: expected started, ready or completed, found "
		"\"up\""},
	{{"depends_on: {b: {on_restart: yes}}", ""},
		"a.yaml:4:30: depends_on.b: expected ignore or restart, found \"yes\""},
	{{"depends_on: {b: {conditon: ready}}", ""},
		"a.yaml:4:18: depends_on.b.conditon: unknown key; did you mean "
		"\"condition\"?"},
	{{"depends_on: {b: {zzzzzz: ready}}", ""},
		"a.yaml:4:18: depends_on.b.zzzzzz: unknown key; known here: condition, "
		"on_restart"},
	{{"depends_on: {b: {condition: ready, condition: ready}}", ""},
		"a.yaml:4:36: depends_on.b.condition: repeated; first on line 4"},
	{{"depends_on: [qqqqq]", ""}, "a.yaml:4:14: depends_on.qqqqq: there is no such "
				      "worker"},
	{{"depends_on: {b: completed}", ""},
		"a.yaml:4:14: depends_on.b: it never completes: `completed` needs a "
		"worker with kind: service and restart: transient or temporary"},
	{{"depends_on: [a]"}, "a.yaml:4:14: depends_on.a: a cycle: a -> a"},
	{{"depends_on: [b]", "depends_on: [a]"},
		"b.yaml:4:14: depends_on.a: a cycle: a -> b -> a"},
	{{"depends_on: [b]", "depends_on: [c]", "depends_on: [d]", "depends_on: [b]"},
		"d.yaml:4:14: depends_on.b: a cycle: b -> c -> d -> b"},
	{{"depends_on: [b, c]", "depends_on: [a]", "depends_on: [a]"},
		"b.yaml:4:14: depends_on.a: a cycle: a -> b -> a\n"
		"c.yaml:4:14: depends_on.a: a cycle: a -> c -> a"},
};

START_TEST(test_refused)
{
	struct fixture f;
	const char *errors = parse(&f, bad[_i].more);

	ck_assert_msg(f.rc == -EINVAL, "%s is taken", bad[_i].more[0]);
	ck_assert_str_eq(errors, bad[_i].says);
	fixture_fini(&f);
}
END_TEST

/* A diamond is no cycle, and an edge may lead anywhere in the order of names. */
START_TEST(test_diamond)
{
	struct fixture f;
	const char *errors = parse(&f, (const char *const[4]){"depends_on: [b, c]",
					       "depends_on: [d]", "depends_on: [d]", ""});

	ck_assert_msg(f.rc == 0, "%s", errors);
	fixture_fini(&f);
}
END_TEST

START_TEST(test_too_many)
{
	char text[2000] = "depends_on: [";
	struct fixture f;

	for (int i = 0; i < 65; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%sw%d",
			i ? ", " : "", i);
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "]");
	ck_assert_str_eq(parse(&f, (const char *const[4]){text}),
		"a.yaml:4:13: depends_on: 65 entries, at most 64 are allowed");
	fixture_fini(&f);
}
END_TEST

/* A chain of every length is walked without recursion; its end closes it. */
START_TEST(test_long_cycle)
{
	struct fixture f;
	char file[20];
	char text[200];

	fixture_init(&f, "");
	for (int i = 0; i < 200; i++) {
		(void)snprintf(file, sizeof(file), "w%03d.yaml", i);
		(void)snprintf(text, sizeof(text),
			"worker: w%03d\ncommand: [x]\ndepends_on: [w%03d]\n", i,
			(i + 1) % 200);
		fixture_worker(&f, file, text);
	}
	ck_assert_int_eq(fixture_parse(&f), -EINVAL);
	const char *errors = fixture_errors(&f);

	ck_assert_msg(strstr(errors, "w199.yaml:3:14: depends_on.w000: a cycle: w000 -> "
				     "w001 -> ") == errors &&
			      strstr(errors, " -> ... -> w000"),
		"%s", errors);
	ck_assert_uint_eq(f.errs.n, 1);
	fixture_fini(&f);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_depends");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_forms);
	tcase_add_loop_test(tc, test_refused, 0, NV_LEN(bad));
	tcase_add_test(tc, test_diamond);
	tcase_add_test(tc, test_too_many);
	tcase_add_test(tc, test_long_cycle);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
