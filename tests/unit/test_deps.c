/* The rules of dependencies: when a condition holds, and what breaks it. */
#include "deps.h"
#include "run_suite.h"

#include <string.h>

#define ST NV_DEPEND_STARTED
#define RE NV_DEPEND_READY
#define CO NV_DEPEND_COMPLETED

/* wanted, processes, up, finished */
static const struct {
	struct sup_deps_view view;
	bool started;
	bool ready;
	bool completed;
} holds[] = {
	{{0, 0, 0, 0}, false, false, false},
	{{0, 1, 1, 0}, false, false, false}, /* on its way down */
	{{1, 0, 0, 0}, false, false, false},
	{{1, 1, 0, 0}, true, false, false},
	{{1, 1, 1, 0}, true, true, false},
	{{2, 1, 1, 0}, true, false, false},
	{{2, 2, 2, 0}, true, true, false},
	{{2, 3, 3, 0}, true, true, false}, /* one more than wanted is still ending */
	{{1, 0, 0, 1}, false, false, true},
	{{2, 1, 1, 1}, true, false, false},
	{{2, 0, 0, 2}, false, false, true},
	{{0, 0, 0, 1}, false, false, false},
};

START_TEST(test_holds)
{
	for (size_t i = 0; i < NV_LEN(holds); i++) {
		const struct sup_deps_view *v = &holds[i].view;

		ck_assert_msg(sup_deps_holds(ST, v) == holds[i].started, "row %zu", i);
		ck_assert_msg(sup_deps_holds(RE, v) == holds[i].ready, "row %zu", i);
		ck_assert_msg(sup_deps_holds(CO, v) == holds[i].completed, "row %zu", i);
	}
}
END_TEST

static const struct {
	enum nv_depend_condition condition;
	enum sup_inst_state from;
	enum sup_inst_state to;
	struct sup_deps_view after;
	bool breaks;
} breaks[] = {
	{ST, SUP_INST_STOPPING, SUP_INST_BACKOFF, {1, 0, 0, 0}, true},
	{ST, SUP_INST_STOPPING, SUP_INST_STARTING, {1, 1, 0, 0}, true}, /* replaced */
	{ST, SUP_INST_STOPPING, SUP_INST_STARTING, {2, 2, 1, 0}, false},
	{ST, SUP_INST_STOPPING, SUP_INST_STOPPED, {0, 0, 0, 0}, true},
	{ST, SUP_INST_STOPPING, SUP_INST_BACKOFF, {2, 1, 1, 0}, false},
	{ST, SUP_INST_UP, SUP_INST_STOPPING, {1, 1, 0, 0}, false}, /* not yet */
	{ST, SUP_INST_STARTING, SUP_INST_UP, {1, 1, 1, 0}, false},
	{ST, SUP_INST_BACKOFF, SUP_INST_STARTING, {1, 1, 0, 0}, false},
	{RE, SUP_INST_UP, SUP_INST_STOPPING, {1, 1, 0, 0}, true},
	{RE, SUP_INST_UP, SUP_INST_STOPPING, {0, 1, 0, 0}, true}, /* switched off */
	{RE, SUP_INST_UP, SUP_INST_STOPPING, {2, 2, 1, 0}, true},
	{RE, SUP_INST_UP, SUP_INST_STOPPING, {1, 2, 1, 0}, false}, /* scaled down */
	{RE, SUP_INST_STARTING, SUP_INST_STOPPING, {1, 1, 0, 0}, false},
	{RE, SUP_INST_STOPPING, SUP_INST_BACKOFF, {1, 0, 0, 0}, false}, /* was before */
	{CO, SUP_INST_FINISHED, SUP_INST_STARTING, {1, 1, 0, 0}, true},
	{CO, SUP_INST_FINISHED, SUP_INST_STOPPED, {0, 0, 0, 0}, false},
	{CO, SUP_INST_UP, SUP_INST_STOPPING, {1, 1, 0, 0}, false},
};

START_TEST(test_breaks)
{
	for (size_t i = 0; i < NV_LEN(breaks); i++)
		ck_assert_msg(sup_deps_breaks(breaks[i].condition, breaks[i].from,
				      breaks[i].to, &breaks[i].after) == breaks[i].breaks,
			"row %zu", i);
}
END_TEST

START_TEST(test_text)
{
	static const struct {
		enum nv_depend_condition condition;
		struct sup_deps_view view;
		const char *why;
		const char *text;
	} rows[] = {
		{RE, {1, 1, 0, 0}, "", "waits for db: ready"},
		{RE, {2, 2, 1, 0}, "", "waits for db: ready (1 of 2)"},
		{ST, {2, 0, 0, 0}, "", "waits for db: started"},
		{CO, {3, 0, 0, 1}, "halted",
			"waits for db: completed (1 of 3); it is "
			"halted"},
		{RE, {0, 0, 0, 0}, "stopped", "waits for db: ready; it is stopped"},
	};
	char buf[200];
	char small[8];

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		sup_deps_text(buf, sizeof(buf), "db", rows[i].condition, &rows[i].view,
			rows[i].why);
		ck_assert_str_eq(buf, rows[i].text);
	}
	sup_deps_text(small, sizeof(small), "db", RE, &rows[0].view, "");
	ck_assert_str_eq(small, "waits f");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("deps");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_holds);
	tcase_add_test(tc, test_breaks);
	tcase_add_test(tc, test_text);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
