/* Control lines as nova-runner reads them. */
#include "control.h"
#include "nv_money.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct rn_control
parse(const char *text)
{
	struct rn_control c;
	struct nv_err err = {0};
	int rc = rn_control_parse(text, strlen(text), &c, &err);

	ck_assert_msg(rc == 0, "%s: %s", text, err.text);
	return c;
}

START_TEST(kinds)
{
	ck_assert_int_eq(
		parse("{\"control\":\"ack\",\"id\":\"x\"}").kind, RN_CONTROL_ACK);
	ck_assert_int_eq(parse("{\"control\":\"pause\"}").kind, RN_CONTROL_PAUSE);
	ck_assert_int_eq(
		parse(" {\"x\":{}, \"control\" : \"resume\"} ").kind, RN_CONTROL_RESUME);
	ck_assert_int_eq(parse("{\"control\":\"later\"}").kind, RN_CONTROL_OTHER);
	ck_assert_int_eq(parse("{\"control\":\"a name far longer than any that is "
			       "known\"}")
				 .kind,
		RN_CONTROL_OTHER);
}
END_TEST

START_TEST(stop_has_a_grace)
{
	ck_assert_int_eq(parse("{\"control\":\"stop\"}").grace_ms, -1);
	ck_assert_int_eq(parse("{\"control\":\"stop\",\"grace_ms\":0}").grace_ms, 0);
	ck_assert(!parse("{\"control\":\"stop\",\"now\":false}").now);
	ck_assert(parse("{\"control\":\"stop\",\"now\":true}").now);
	ck_assert_int_eq(
		parse("{\"control\":\"stop\",\"grace_ms\":10000}").grace_ms, 10000);
}
END_TEST

START_TEST(params_are_kept_as_text)
{
	static const struct {
		const char *params;
		int64_t interval_ms;
	} cases[] = {
		{"{}", 0},
		{"{\"a\": [1, \"x\"]}", 0},
		{"{\"run_interval\":\"90s\"}", 90000},
		{"{\"run_interval\":\"1h30m\"}", 5400000},
		{"{\"run_interval\":60}", 60000},
		{"{\"run_interval\":0.5}", 500},
		{"{\"run_interval\":null}", 0},
		{"{\"deep\":{\"run_interval\":5}}", 0},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char line[256];

		(void)snprintf(line, sizeof(line),
			"{\"control\":\"params\",\"params\":%s}", cases[i].params);
		struct rn_control c = parse(line);

		ck_assert_int_eq(c.kind, RN_CONTROL_PARAMS);
		ck_assert_str_eq(c.params, cases[i].params);
		ck_assert_int_eq(c.run_interval_ms, cases[i].interval_ms);
	}
	struct rn_control c =
		parse("{\"control\":\"params\",\"params\":{\"run_interval\":"
		      "\"5s\"},\"run_interval_ms\":250,\"variant\":\"B\"}");

	ck_assert_int_eq(c.run_interval_ms, 250);
	ck_assert_str_eq(c.variant, "B");
}
END_TEST

START_TEST(splits)
{
	struct rn_control c =
		parse("{\"control\":\"split\",\"split\":\"a:700000,b:300000\"}");

	ck_assert_int_eq(c.kind, RN_CONTROL_SPLIT);
	ck_assert_uint_eq(c.split.n, 2);
	ck_assert_str_eq(c.split.arms[1].name, "b");
	ck_assert_uint_eq(c.split.arms[1].share_ppm, 300000);
	c = parse("{\"control\":\"split\",\"split\":\"\"}");
	ck_assert_int_eq(c.kind, RN_CONTROL_SPLIT);
	ck_assert_uint_eq(c.split.n, 0);
}
END_TEST

START_TEST(budgets)
{
	static const struct {
		const char *remaining;
		bool known;
		int64_t nano;
	} cases[] = {
		{"\"12.34\"", true, 12340000000},
		{"\"0\"", true, 0},
		{"\"-3\"", true, -3000000000},
		{"0.000000001", true, 1},
		{"99999999999999999999", true, NV_MONEY_MAX},
		{"-99999999999999999999", true, -1},
		{"null", false, 0},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char line[256];

		(void)snprintf(line, sizeof(line),
			"{\"control\":\"budget\",\"remaining\":%s,\"currency\":\"USD\"}",
			cases[i].remaining);
		struct rn_control c = parse(line);

		ck_assert_int_eq(c.budget_known, cases[i].known);
		ck_assert_int_eq(c.remaining_nano, cases[i].nano);
	}
}
END_TEST

START_TEST(bad_lines_say_why)
{
	static const char *const cases[] = {"", "pause", "{}", "{\"control\":5}",
		"{\"control\":null}", "{\"control\":\"pause\"", "[\"pause\"]",
		"{\"control\":\"pause\",\"control\":\"resume\"}",
		"{\"control\":\"params\"}", "{\"control\":\"params\",\"params\":[]}",
		"{\"control\":\"params\",\"params\":{\"run_interval\":\"often\"}}",
		"{\"control\":\"params\",\"params\":{\"run_interval\":0}}",
		"{\"control\":\"params\",\"params\":{\"run_interval\":-5}}",
		"{\"control\":\"params\",\"params\":{\"run_interval\":[]}}",
		"{\"control\":\"params\",\"params\":{\"run_interval\":NaN}}",
		"{\"control\":\"params\",\"params\":{},\"run_interval_ms\":0}",
		"{\"control\":\"params\",\"params\":{},\"variant\":7}",
		"{\"control\":\"split\"}", "{\"control\":\"split\",\"split\":7}",
		"{\"control\":\"split\",\"split\":\"a:1\"}", "{\"control\":\"budget\"}",
		"{\"control\":\"budget\",\"remaining\":\"\"}",
		"{\"control\":\"budget\",\"remaining\":\"ten\"}",
		"{\"control\":\"budget\",\"remaining\":true}",
		"{\"control\":\"budget\",\"remaining\":NaN}",
		"{\"control\":\"stop\",\"grace_ms\":\"soon\"}",
		"{\"control\":\"stop\",\"grace_ms\":-1}",
		"{\"control\":\"stop\",\"now\":1}"};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct rn_control c = {.kind = RN_CONTROL_STOP};
		struct nv_err err = {0};
		int rc = rn_control_parse(cases[i], strlen(cases[i]), &c, &err);

		ck_assert_msg(rc == -EINVAL, "%s: rc %d", cases[i], rc);
		ck_assert_msg(err.text[0], "%s: no reason", cases[i]);
		ck_assert_int_eq(c.kind, RN_CONTROL_STOP); /* untouched */
	}
}
END_TEST

START_TEST(params_too_long_are_refused)
{
	char line[RN_PARAMS_BYTES + 64];
	struct rn_control c;

	int head = snprintf(
		line, sizeof(line), "{\"control\":\"params\",\"params\":{\"a\":\"");
	size_t fill = RN_PARAMS_BYTES - strlen("{\"a\":\"\"}") - 1;

	memset(line + head, 'x', fill);
	memcpy(line + head + fill, "\"}}", 4);
	ck_assert_int_eq(rn_control_parse(line, strlen(line), &c, NULL), 0);
	ck_assert_uint_eq(strlen(c.params), RN_PARAMS_BYTES - 1);
	memcpy(line + head + fill, "x\"}}", 5);
	ck_assert_int_eq(rn_control_parse(line, strlen(line), &c, NULL), -EINVAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("runner_control");
	TCase *t = tcase_create("all");

	tcase_add_test(t, kinds);
	tcase_add_test(t, stop_has_a_grace);
	tcase_add_test(t, params_are_kept_as_text);
	tcase_add_test(t, budgets);
	tcase_add_test(t, splits);
	tcase_add_test(t, bad_lines_say_why);
	tcase_add_test(t, params_too_long_are_refused);
	suite_add_tcase(s, t);
	return run_suite(s);
}
