/* The text formats of metrics: exact numbers, escaped labels, the end of a page. */
#include "metrics_text.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *value;
	const char *shown;
} labels[] = {
	{"plain", "plain"},
	{"", ""},
	{"a\"b", "a\\\"b"},
	{"back\\slash", "back\\\\slash"},
	{"two\nlines", "two\\nlines"},
	{"x\"} 1\nnova_profit 99", "x\\\"} 1\\nnova_profit 99"},
	{"gr\303\274n", "gr\303\274n"},
	{"cut \303", "cut \357\277\275"},
	{"\xff\xfe", "\357\277\275\357\277\275"},
	{"\x1b[31mred", "\x1b[31mred"},
	{"tab\there", "tab\there"},
};

START_TEST(labels_are_escaped)
{
	struct gw_text t;
	char expected[300];

	gw_text_init(&t, false, 4096);
	gw_text_family(&t, "nova_x", GW_GAUGE, "x.");
	gw_text_sample(&t, GW_WITH({"worker", labels[_i].value}), "1");
	ck_assert_int_eq(gw_text_end(&t), 0);
	(void)snprintf(expected, sizeof expected,
		"# HELP nova_x x.\n# TYPE nova_x gauge\nnova_x{worker=\"%s\"} 1\n",
		labels[_i].shown);
	ck_assert_str_eq(t.buf.data, expected);
	gw_text_fini(&t);
}
END_TEST

START_TEST(a_long_label_is_cut_between_characters)
{
	struct gw_text t;
	char value[3 * GW_LABEL_BYTES_MAX];

	for (size_t i = 0; i + 2 < sizeof value; i += 3)
		memcpy(value + i, "\342\202\254", 3);
	value[sizeof value - 1] = '\0';
	gw_text_init(&t, false, 4096);
	gw_text_family(&t, "nova_x", GW_GAUGE, "x.");
	gw_text_sample(&t, GW_WITH({"worker", value}), "1");
	ck_assert_ptr_null(strstr(t.buf.data, "\357\277\275"));
	const char *from = strchr(t.buf.data, '"') + 1;

	ck_assert_int_eq(strchr(from, '"') - from, GW_LABEL_BYTES_MAX / 3 * 3);
	gw_text_fini(&t);
}
END_TEST

START_TEST(both_formats)
{
	static const char *const pages[] = {
		"# HELP nova_a_total Say \"a\\\\b\\n\".\n# TYPE nova_a_total counter\n"
		"nova_a_total{x=\"1\",y=\"2\"} 18446744073709551615\n"
		"nova_a_total 5\n"
		"# HELP nova_build_info b.\n# TYPE nova_build_info gauge\n"
		"nova_build_info{version=\"1\"} 1\n",
		"# HELP nova_a Say \\\"a\\\\b\\n\\\".\n# TYPE nova_a counter\n"
		"nova_a_total{x=\"1\",y=\"2\"} 18446744073709551615\n"
		"nova_a_total 5 # {decision_id=\"41\"} 1\n"
		"# HELP nova_build b.\n# TYPE nova_build info\n"
		"nova_build_info{version=\"1\"} 1\n# EOF\n"};

	for (int open = 0; open < 2; open++) {
		struct gw_text t;

		gw_text_init(&t, open, 4096);
		gw_text_family(&t, "nova_a", GW_COUNTER, "Say \"a\\b\n\".");
		gw_text_count(&t, GW_WITH({"x", "1"}, {"y", "2"}), UINT64_MAX);
		gw_text_exemplar(&t, NULL, 0, 5, &(struct gw_label){"decision_id", "41"});
		gw_text_family(&t, "nova_build", GW_INFO, "b.");
		gw_text_count(&t, GW_WITH({"version", "1"}), 1);
		ck_assert_int_eq(gw_text_end(&t), 0);
		ck_assert_str_eq(t.buf.data, pages[open]);
		gw_text_fini(&t);
	}
}
END_TEST

static const struct {
	int64_t value;
	int64_t scale;
	const char *shown;
} numbers[] = {
	{0, 1000000, "0"},
	{1, 1, "1"},
	{-7, 1, "-7"},
	{1, 1000000, "0.000001"},
	{-1500000, 1000000, "-1.5"},
	{2125000, 1000000, "2.125"},
	{10000000, 1000000, "10"},
	{INT64_MAX, 1000000000, "9223372036.854775807"},
	{INT64_MIN, 1000000000, "-9223372036.854775808"},
};

START_TEST(numbers_are_exact)
{
	struct gw_text t;
	char expected[80];

	gw_text_init(&t, false, 4096);
	gw_text_family(&t, "n", GW_GAUGE, "n.");
	gw_text_scaled(&t, NULL, 0, numbers[_i].value, numbers[_i].scale);
	(void)snprintf(expected, sizeof expected, "\nn %s\n", numbers[_i].shown);
	ck_assert_ptr_nonnull(strstr(t.buf.data, expected));
	gw_text_fini(&t);
}
END_TEST

START_TEST(a_histogram_adds_up)
{
	static const int64_t le[] = {500, 2500000};
	static const uint64_t counts[] = {3, 4};
	struct gw_text t;

	gw_text_init(&t, true, 4096);
	gw_text_family(&t, "nova_h_seconds", GW_HISTOGRAM, "h.");
	gw_text_histogram(&t, le, counts, 2, 5, 61000000);
	ck_assert_int_eq(gw_text_end(&t), 0);
	ck_assert_str_eq(t.buf.data,
		"# HELP nova_h_seconds h.\n# TYPE nova_h_seconds histogram\n"
		"nova_h_seconds_bucket{le=\"0.0005\"} 3\n"
		"nova_h_seconds_bucket{le=\"2.5\"} 4\n"
		"nova_h_seconds_bucket{le=\"+Inf\"} 5\n"
		"nova_h_seconds_sum 61\nnova_h_seconds_count 5\n# EOF\n");
	gw_text_fini(&t);
}
END_TEST

START_TEST(a_page_has_a_ceiling)
{
	struct gw_text t;

	gw_text_init(&t, true, 100);
	gw_text_family(&t, "nova_x", GW_GAUGE, "x.");
	for (int i = 0; i < 20; i++)
		gw_text_count(&t, NULL, 0, 1);
	ck_assert_int_eq(gw_text_end(&t), -ENOBUFS);
	gw_text_fini(&t);
}
END_TEST

static const struct {
	const char *accept;
	bool open;
} accepts[] = {
	{NULL, false},
	{"", false},
	{"*/*", false},
	{"text/plain", false},
	{"application/openmetrics-text", true},
	{"application/openmetrics-text; version=1.0.0; charset=utf-8", true},
	{"application/openmetrics-text;version=0.0.1", false},
	{"application/openmetrics-text;version=1.0.0;q=0.5,text/"
	 "plain;version=0.0.4;q=0.4",
		true},
	{"application/openmetrics-text;version=1.0.0;q=0.3,text/plain;q=0.4", false},
	{"application/openmetrics-text;version=1.0.0;q=0,*/*;q=0", false},
	{"application/openmetrics-text;q=1.0, */*;q=0.1", true},
	{";;;,,,q=", false},
	{"text/plain;q=9999999999999", false},
};

START_TEST(accept_chooses)
{
	ck_assert_int_eq(gw_text_wants_open(accepts[_i].accept), accepts[_i].open);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("metrics text");
	TCase *t = tcase_create("text");

	tcase_add_loop_test(t, labels_are_escaped, 0, NV_LEN(labels));
	tcase_add_test(t, a_long_label_is_cut_between_characters);
	tcase_add_test(t, both_formats);
	tcase_add_loop_test(t, numbers_are_exact, 0, NV_LEN(numbers));
	tcase_add_test(t, a_histogram_adds_up);
	tcase_add_test(t, a_page_has_a_ceiling);
	tcase_add_loop_test(t, accept_chooses, 0, NV_LEN(accepts));
	suite_add_tcase(s, t);
	return run_suite(s);
}
