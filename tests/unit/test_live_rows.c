/* The rows of the gateway's picture: both halves joined, what counts as a change, who is
 * gone, and what a broken answer does (nothing). */
#include "live_rows.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define OK_BEGIN "{\"ok\":true,\"data\":{\"workers\":["
#define OK_END   "],\"currency\":\"USD\"}}"

static struct nv_ctl_worker workers[600];

static struct nv_fleet
fleet_of(size_t from, size_t to, const char *state)
{
	struct nv_fleet fleet = {.workers = workers, .n_workers = to - from};

	for (size_t i = from; i < to; i++) {
		struct nv_ctl_worker *w = &workers[i - from];

		*w = (struct nv_ctl_worker){.group = "g", .retry_in_ms = -1};
		(void)snprintf(w->worker, sizeof(w->worker), "w%zu", i);
		(void)snprintf(w->state, sizeof(w->state), "%s", state);
	}
	return fleet;
}

/* Until it is done: whether rows have changed, or negative. */
static int
build(struct gw_rows *t, const struct nv_fleet *fleet, const char *metrics)
{
	bool changed;
	int rc;

	gw_rows_begin(t, fleet, metrics, NULL);
	while ((rc = gw_rows_step(t, &changed)) == 0)
		;
	return rc < 0 ? rc : changed;
}

static size_t
shown(const struct gw_rows *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->rows[i].text != NULL;
	return n;
}

START_TEST(test_only_changes_change)
{
	struct gw_rows t;
	struct nv_fleet fleet = fleet_of(0, 100, "running");

	ck_assert_int_eq(gw_rows_init(&t), 0);
	ck_assert_int_eq(build(&t, &fleet, NULL), 1);
	ck_assert_uint_eq(shown(&t), 100);
	ck_assert_uint_eq(t.generation, 1);
	ck_assert_int_eq(build(&t, &fleet, NULL), 0);
	ck_assert_uint_eq(t.generation, 1);
	(void)snprintf(workers[42].state, sizeof(workers[42].state), "paused");
	ck_assert_int_eq(build(&t, &fleet, NULL), 1);
	for (size_t i = 0; i < t.n; i++)
		ck_assert_uint_eq(t.rows[i].changed, i == 42 ? 2 : 1);
	ck_assert_str_eq(t.rows[42].state, "paused");
	ck_assert_int_eq(json_integer_value(json_object_get(t.counts, "paused")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(t.counts, "total")), 100);
	gw_rows_fini(&t);
}
END_TEST

START_TEST(test_both_halves)
{
	struct gw_rows t;
	struct nv_fleet fleet = fleet_of(0, 2, "running");
	const char *metrics = OK_BEGIN
		"{\"worker\":\"w1\",\"metrics\":{\"cost\":\"1.00\"},\"resources\":"
		"{\"cpu_percent\":2.5,\"rss_bytes\":4096},\"last_error\":\"a } ] \\\" "
		"b\"},"
		"{\"worker\":\"old\",\"group\":\"g\",\"desired\":{\"state\":\"stopped\"}"
		"}" OK_END;

	ck_assert_int_eq(gw_rows_init(&t), 0);
	ck_assert_int_eq(build(&t, &fleet, metrics), 1);
	ck_assert_uint_eq(shown(&t), 3);
	for (size_t i = 0; i < t.n; i++) {
		const json_t *row = t.rows[i].json;

		if (strcmp(t.rows[i].worker, "w1") == 0) {
			ck_assert_int_eq(
				json_integer_value(json_object_get(row, "memory_bytes")),
				4096);
			ck_assert_str_eq(
				json_string_value(json_object_get(row, "last_error")),
				"a } ] \" b");
		} else {
			ck_assert(json_is_null(json_object_get(row, "memory_bytes")));
		}
		ck_assert_str_eq(t.rows[i].state, strcmp(t.rows[i].worker, "old") == 0
							  ? "unconfigured"
							  : "running");
	}
	/* The engine's half goes away: null, and no stray. */
	ck_assert_int_eq(build(&t, &fleet, NULL), 1);
	ck_assert_uint_eq(shown(&t), 2);
	/* It is back, as it was. */
	ck_assert_int_eq(build(&t, &fleet, metrics), 1);
	ck_assert_uint_eq(shown(&t), 3);
	/* novasupd's goes away. */
	ck_assert_int_eq(build(&t, NULL, metrics), 1);
	ck_assert_uint_eq(shown(&t), 2);
	ck_assert_int_eq(build(&t, NULL, NULL), 1);
	ck_assert_uint_eq(shown(&t), 0);
	gw_rows_fini(&t);
}
END_TEST

START_TEST(test_gone_and_tidied)
{
	struct gw_rows t;
	struct nv_fleet fleet = fleet_of(0, 500, "running");
	uint64_t order;

	ck_assert_int_eq(gw_rows_init(&t), 0);
	ck_assert_int_eq(build(&t, &fleet, NULL), 1);
	order = t.order;
	fleet = fleet_of(0, 400, "running");
	ck_assert_int_eq(build(&t, &fleet, NULL), 1);
	ck_assert_uint_eq(shown(&t), 400);
	ck_assert_uint_eq(t.n, 500);
	ck_assert_uint_eq(t.rows[499].changed, 2);
	ck_assert_uint_eq(t.order, order);
	fleet = fleet_of(0, 100, "running");
	ck_assert_int_eq(build(&t, &fleet, NULL), 1);
	ck_assert_uint_eq(t.n, 100);
	ck_assert_uint_ne(t.order, order);
	fleet = fleet_of(50, 300, "paused");
	ck_assert_int_eq(build(&t, &fleet, NULL), 1);
	ck_assert_uint_eq(shown(&t), 250);
	for (size_t i = 0; i < t.n; i++)
		ck_assert_int_eq(
			json_integer_value(json_object_get(t.index, t.rows[i].worker)),
			(json_int_t)i);
	gw_rows_fini(&t);
}
END_TEST

START_TEST(test_broken_answers)
{
	static const char *const broken[] = {"", "{}", "{\"ok\":true}", OK_BEGIN,
		OK_BEGIN "{", OK_BEGIN "{\"worker\":\"a\"", OK_BEGIN "{\"worker\":\"a\"}",
		OK_BEGIN "{\"worker\":\"a\"} ]", OK_BEGIN "{\"worker\":\"a\"},",
		OK_BEGIN "{\"worker\":\"a\",}]", OK_BEGIN "{\"worker\":\"\"}]",
		OK_BEGIN "{\"name\":\"a\"}]", OK_BEGIN "[]]", OK_BEGIN "1]",
		OK_BEGIN "{\"worker\":\"a\",\"x\":\"}]",
		OK_BEGIN "{\"worker\":\"a\",\"x\":\"\\\"}]"};
	struct gw_rows t;
	struct nv_fleet fleet = fleet_of(0, 3, "running");

	ck_assert_int_eq(gw_rows_init(&t), 0);
	ck_assert_int_eq(build(&t, &fleet, OK_BEGIN OK_END), 1);
	fleet = fleet_of(0, 3, "paused");
	for (size_t i = 0; i < NV_LEN(broken); i++) {
		ck_assert_msg(build(&t, &fleet, broken[i]) == -EBADMSG, "%s", broken[i]);
		ck_assert_uint_eq(shown(&t), 3);
		ck_assert_str_eq(t.rows[0].state, "running");
	}
	ck_assert_int_eq(build(&t, &fleet, OK_BEGIN OK_END), 1);
	ck_assert_str_eq(t.rows[0].state, "paused");
	gw_rows_fini(&t);
}
END_TEST

START_TEST(test_same)
{
	static const struct {
		const char *a;
		const char *b;
		bool same;
	} cases[] = {
		{"{\"x\":1,\"uptime_s\":1.5}", "{\"x\":1,\"uptime_s\":9}", true},
		{"{\"x\":1,\"uptime_s\":1.5}", "{\"x\":2,\"uptime_s\":1.5}", false},
		{"{\"uptime_s\":1.5}", "{\"uptime_s\":null}", false},
		{"{\"uptime_s\":1.5}", "{\"other\":1.5}", false},
		{"{\"as_of\":\"a\",\"l\":[1,{\"for_s\":1}]}",
			"{\"as_of\":\"b\",\"l\":[1,{\"for_s\":2}]}", true},
		{"{\"l\":[1,2]}", "{\"l\":[1]}", false},
		{"{\"l\":[1,2]}", "{\"l\":[2,1]}", false},
		{"{\"a\":\"1.00\"}", "{\"a\":\"1.000\"}", false},
		{"{\"a\":1}", "{\"a\":1,\"b\":null}", false},
		{"[]", "{}", false},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		json_t *a = json_loads(cases[i].a, 0, NULL);
		json_t *b = json_loads(cases[i].b, 0, NULL);

		ck_assert_msg(gw_rows_same(a, b) == cases[i].same, "%s %s", cases[i].a,
			cases[i].b);
		ck_assert(gw_rows_same(b, a) == cases[i].same);
		json_decref(a);
		json_decref(b);
	}
	ck_assert(gw_rows_same(NULL, NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("live_rows");
	TCase *tc = tcase_create("rows");

	tcase_add_test(tc, test_only_changes_change);
	tcase_add_test(tc, test_both_halves);
	tcase_add_test(tc, test_gone_and_tidied);
	tcase_add_test(tc, test_broken_answers);
	tcase_add_test(tc, test_same);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
