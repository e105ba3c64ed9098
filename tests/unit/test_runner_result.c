/* Result lines and the event lines made of them. */
#include "nv_name.h"
#include "result.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct rn_run_report report = {.run_id = "w.1.00000000000000ff.12",
	.variant = "",
	.at_wall_ns = INT64_C(1763820000123456789),
	.ok = true,
	.duration_ms = 5};

#define HEAD(event, suffix) \
	"{\"event\":\"" event "\",\"id\":\"w.1.00000000000000ff.12." suffix \
	"\",\"run\":\"w.1.00000000000000ff.12\",\"at\":1763820000.123"

/* A run of 5 ms. */
#define REVENUE HEAD("revenue", "revenue") ",\"run_at\":1763820000.118"

/* The lines of a result, or NULL when it is none, or "!" when it is not valid. */
static char *
lines_of(const char *text)
{
	struct rn_result r;
	struct nv_err err = {0};
	struct nv_buf out;
	int rc = rn_result_parse(text, strlen(text), &r, &err);

	if (rc <= 0) {
		ck_assert_msg(rc == 0 || err.text[0], "%s: no reason", text);
		return rc == 0 ? NULL : strdup("!");
	}
	nv_buf_init(&out, 65536);
	rn_event_result(&out, &r, &report);
	char *lines = out.data ? nv_buf_take(&out) : strdup("");

	nv_buf_fini(&out);
	return lines;
}

START_TEST(results_become_events)
{
	static const struct {
		const char *text;
		const char *lines;
	} cases[] = {
		{"{\"revenue\": \"1.00\", \"cost\": 0.05}",
			REVENUE ",\"amount\":\"1.00\"}\n" HEAD(
				"cost", "cost") ",\"amount\":0.05}\n"},
		{"{\"cost\":3e-05}", HEAD("cost", "cost") ",\"amount\":3e-05}\n"},
		{"{\"cost\":NaN}", HEAD("cost", "cost") ",\"amount\":NaN}\n"},
		{"{\"revenue\":-1}", REVENUE ",\"amount\":-1}\n"},
		{"{\"revenue\":\"soon\"}", REVENUE ",\"amount\":\"soon\"}\n"},
		{"{\"revenue\":1,\"currency\":\"EUR\",\"source\":\"s\",\"external_id\":"
		 "\"e\",\"vendor\":\"v\",\"x\":[]}",
			REVENUE ",\"amount\":1,\"currency\":\"EUR\","
				"\"source\":\"s\",\"external_id\":"
				"\"e\"}\n"},
		{"{\"cost\":1e-400}", HEAD("cost", "cost") ",\"amount\":1e-400}\n"},
		{"{\"revenue\":0,\"cost\":0.000}", ""},
		{"{\"revenue\":\"0\",\"cost\":-0.0e5}", ""},
		{"{\"revenue\":null,\"cost\":null}", NULL},
		{"{\"other\":1}", NULL},
		{"", NULL},
		{"text", NULL},
		{"{\"broken\":", NULL},
		{"{\"revenue\":", "!"},
		{"{\"cost\":1,\"cost\":1}", "!"},
		{"{\"cost\":true}", "!"},
		{"{\"cost\":{}}", "!"},
		{"{\"cost\":1,\"source\":5}", "!"},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char *lines = lines_of(cases[i].text);

		ck_assert_msg((lines == NULL) == (cases[i].lines == NULL), "%s: %s",
			cases[i].text, lines ? lines : "none");
		if (lines)
			ck_assert_str_eq(lines, cases[i].lines);
		free(lines);
	}
}
END_TEST

START_TEST(members_have_limits)
{
	char text[2048];
	char *lines;

	/* 128 bytes of amount, 512 of any other text: with their quotes. */
	memset(text, '1', sizeof(text));
	memcpy(text, "{\"cost\":", 8);
	memcpy(text + 8 + 128, "}", 2);
	lines = lines_of(text);
	ck_assert_ptr_nonnull(strstr(lines, "\"amount\":111"));
	free(lines);
	memset(text + 8, '1', 129);
	memcpy(text + 8 + 129, "}", 2);
	lines = lines_of(text);
	ck_assert_str_eq(lines, "!");
	free(lines);

	memcpy(text, "{\"cost\":1,\"vendor\":\"", 20);
	memset(text + 20, 'v', 510);
	memcpy(text + 20 + 510, "\"}", 3);
	lines = lines_of(text);
	ck_assert_ptr_nonnull(strstr(lines, "vvvv"));
	free(lines);
	memcpy(text + 20 + 510, "v\"}", 4);
	lines = lines_of(text);
	ck_assert_str_eq(lines, "!");
	free(lines);
}
END_TEST

static void
check_one_line(struct nv_buf *out)
{
	ck_assert_int_eq(out->error, 0);
	ck_assert_uint_le(out->bytes, RN_EVENT_BYTES_MAX);
	ck_assert_ptr_eq(memchr(out->data, '\n', out->bytes), out->data + out->bytes - 1);
	nv_buf_clear(out);
}

START_TEST(no_line_is_too_long)
{
	char *long_text = malloc(100001);
	struct rn_run_report failed = report;
	char id[RN_RUN_ID_BYTES];
	struct nv_buf out;

	ck_assert_ptr_nonnull(long_text);
	memset(id, 'i', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	failed.run_id = id;
	char variant[NV_NAME_MAX];

	memset(variant, 'v', sizeof(variant) - 1);
	variant[sizeof(variant) - 1] = '\0';
	failed.variant = variant;
	failed.ok = false;
	nv_buf_init(&out, 65536);
	static const char bytes[] = {'x', '"', '\x01', '\xff', '\n', '\\'};

	for (size_t i = 0; i < sizeof(bytes); i++) {
		memset(long_text, bytes[i], 100000);
		long_text[100000] = '\0';
		failed.error = long_text;
		rn_event_run(&out, &failed);
		check_one_line(&out);
		rn_event_begin(&out, id, variant);
		check_one_line(&out);
		rn_event_heartbeat(&out, long_text);
		check_one_line(&out);
		rn_event_bad_result(&out, long_text, 100000, long_text, &failed);
		check_one_line(&out);
	}
	nv_buf_fini(&out);
	free(long_text);
}
END_TEST

START_TEST(runs_are_told)
{
	struct rn_run_report failed = report;
	struct nv_buf out;

	failed.ok = false;
	failed.error = "exit 3 \"\xff";
	nv_buf_init(&out, 65536);
	rn_event_run(&out, &report);
	rn_event_run(&out, &failed);
	rn_event_heartbeat(&out, "next run in 5s");
	ck_assert_str_eq(out.data,
		HEAD("run", "run") ",\"ok\":true,\"duration_ms\":5}\n" HEAD(
			"run", "run") ",\"ok\":false,\"duration_ms\":5,\"error\":\"exit "
				      "3 \\\"\\ufffd\"}\n"
				      "{\"event\":\"heartbeat\",\"status\":\"next run in "
				      "5s\"}\n");
	nv_buf_fini(&out);
}
END_TEST

START_TEST(variants_are_told)
{
	static const char line[] = "{\"revenue\":1,\"cost\":2}";
	struct rn_run_report its = report;
	struct rn_result r;
	struct nv_err err;
	struct nv_buf out;

	its.variant = "b";
	nv_buf_init(&out, 65536);
	rn_event_begin(&out, its.run_id, its.variant);
	ck_assert_int_eq(rn_result_parse(line, strlen(line), &r, &err), 1);
	rn_event_result(&out, &r, &its);
	rn_event_run(&out, &its);
	ck_assert_str_eq(out.data,
		"{\"event\":\"begin\",\"run\":\"w.1.00000000000000ff.12\","
		"\"variant\":\"b\"}\n" HEAD("revenue",
			"revenue") ",\"variant\":"
				   "\"b\",\"run_at\":1763820000.118,\"amount\":1}\n" HEAD(
					   "cost",
					   "cost") ",\"variant\":\"b\","
						   "\"amount\":2}\n" HEAD("run",
							   "run") ",\"variant\":\"b\","
								  "\"ok\":true,"
								  "\"duration_ms\":5}\n");
	nv_buf_fini(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("runner_result");
	TCase *t = tcase_create("all");

	tcase_add_test(t, results_become_events);
	tcase_add_test(t, members_have_limits);
	tcase_add_test(t, variants_are_told);
	tcase_add_test(t, no_line_is_too_long);
	tcase_add_test(t, runs_are_told);
	suite_add_tcase(s, t);
	return run_suite(s);
}
