/* JSON helpers: amounts, percentages, text from outside, arguments. */
#include "nv_json.h"
#include "run_suite.h"

#include <errno.h>
#include <string.h>

static const char *
line_of(json_t *value)
{
	static char text[4000];
	char *line = nv_json_line(value);

	ck_assert_ptr_nonnull(line);
	(void)snprintf(text, sizeof text, "%s", line);
	free(line);
	json_decref(value);
	return text;
}

START_TEST(test_makers)
{
	ck_assert_str_eq(line_of(nv_json_money(0)), "\"0.00\"");
	ck_assert_str_eq(line_of(nv_json_money(1)), "\"0.000000001\"");
	ck_assert_str_eq(line_of(nv_json_money(-INT64_C(12340000000))), "\"-12.34\"");
	ck_assert_str_eq(line_of(nv_json_money((nv_i128)NV_MONEY_MAX * 1000)),
		"\"9199999999999.999999\"");
	ck_assert_str_eq(line_of(nv_json_percent(false, 5)), "null");
	ck_assert_str_eq(line_of(nv_json_percent(true, 2120000)), "212.0");
	ck_assert_str_eq(line_of(nv_json_percent(true, -1000000)), "-100.0");
	ck_assert_str_eq(line_of(nv_json_percent(true, 333333)), "33.3");
	ck_assert_str_eq(line_of(nv_json_percent(true, 333500)), "33.4");
	ck_assert_str_eq(line_of(nv_json_time(0)), "null");
	ck_assert_str_eq(line_of(nv_json_time(INT64_C(1763820309123000000))),
		"\"2025-11-22T14:05:09.123Z\"");
}
END_TEST

static const struct {
	const char *bytes;
	size_t n;
	const char *json;
} texts[] = {
	{"", 0, "\"\""},
	{"plain", 5, "\"plain\""},
	{"a\0b", 3, "\"a\\u0000b\""},
	{"\xc3\xa9", 2, "\"\xc3\xa9\""},
	{"\xc3", 1, "\"\xef\xbf\xbd\""},
	{"a\xff\xfe z", 5, "\"a\xef\xbf\xbd\xef\xbf\xbd z\""},
	{"\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xf0\x9f\x98\x80", 4, "\"\xf0\x9f\x98\x80\""},
	{"\xf0\x9f\x98", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\"\\\n\x1b", 4, "\"\\\"\\\\\\n\\u001B\""},
};

START_TEST(test_text)
{
	ck_assert_str_eq(
		line_of(nv_json_text(texts[_i].bytes, texts[_i].n)), texts[_i].json);
}
END_TEST

START_TEST(test_arguments)
{
	json_t *o = json_pack("{s:s, s:i, s:b, s:n, s:f, s:s, s:s%, s:I}", "name", "abc",
		"n", 7, "on", 1, "nothing", "real", 1.5, "money", "12.34", "zero", "a\0b",
		(size_t)3, "minus", (json_int_t)-1);
	const char *text = NULL;
	uint64_t n = 99;
	bool on = false;
	int64_t nano = 0;
	struct nv_err err = {0};

	ck_assert_ptr_nonnull(o);
	ck_assert_int_eq(nv_json_get_str(o, "name", 3, &text, &err), 0);
	ck_assert_str_eq(text, "abc");
	ck_assert_int_eq(nv_json_get_str(o, "name", 2, &text, &err), -EINVAL);
	ck_assert_str_eq(err.text, "name has 3 bytes, at most 2 are allowed");
	ck_assert_int_eq(nv_json_get_str(o, "zero", 10, &text, &err), -EINVAL);
	ck_assert_int_eq(nv_json_get_str(o, "n", 10, &text, &err), -EINVAL);
	ck_assert_str_eq(err.text, "n is a number, expected a string");
	ck_assert_int_eq(nv_json_get_str(o, "nothing", 10, &text, &err), -ENOENT);
	ck_assert_int_eq(nv_json_need_str(o, "nothing", 10, &text, &err), -EINVAL);
	ck_assert_str_eq(err.text, "nothing is missing");
	ck_assert_int_eq(nv_json_get_u64(o, "n", 0, 7, &n, &err), 0);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(nv_json_get_u64(o, "n", 8, 9, &n, &err), -EINVAL);
	ck_assert_str_eq(err.text, "n is 7, expected 8 to 9");
	ck_assert_int_eq(nv_json_get_u64(o, "minus", 0, 9, &n, &err), -EINVAL);
	ck_assert_int_eq(nv_json_get_u64(o, "real", 0, 9, &n, &err), -EINVAL);
	ck_assert_int_eq(nv_json_get_u64(o, "absent", 0, 9, &n, &err), -ENOENT);
	ck_assert_uint_eq(n, 7);
	ck_assert_int_eq(nv_json_get_bool(o, "on", &on, &err), 0);
	ck_assert(on);
	ck_assert_int_eq(nv_json_get_bool(o, "n", &on, &err), -EINVAL);
	ck_assert_int_eq(nv_json_get_money(o, "money", &nano, &err), 0);
	ck_assert_int_eq(nano, INT64_C(12340000000));
	ck_assert_int_eq(nv_json_get_money(o, "name", &nano, &err), -EINVAL);
	json_decref(o);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_json");
	TCase *c = tcase_create("json");

	tcase_add_test(c, test_makers);
	tcase_add_loop_test(c, test_text, 0, NV_LEN(texts));
	tcase_add_test(c, test_arguments);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
