/* What people read: safe text, widths, amounts, counts, percentages. */
#include "nv_clock.h"
#include "out.h"
#include "run_suite.h"
#include "value.h"

#include <string.h>

static const char *
safe(const char *text, size_t bytes, bool keep)
{
	static struct nv_buf buf;

	nv_buf_fini(&buf);
	nv_buf_init(&buf, 65536);
	ctl_safe(&buf, text, bytes, keep);
	return buf.data ? buf.data : "";
}

START_TEST(test_safe)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{"", ""},
		{"plain", "plain"},
		{"a\tb", "a b"},
		{"a\nb", "a\\nb"},
		{"\x1b[2J", "\\x1b[2J"},
		{"\a\b\r\x7f", "\\x07\\x08\\x0d\\x7f"},
		{"\xc2\x9b"
		 "31m",
			"\\u{9b}31m"},
		{"\xc2\xa0", "\xc2\xa0"},
		{"\xe2\x80\xae"
		 "x",
			"\\u{202e}x"},
		{"\xe2\x81\xa6"
		 "x",
			"\\u{2066}x"},
		{"\xe2\x80\x8e", "\\u{200e}"},
		{"\xe2\x80\xa8", "\\u{2028}"},
		{"\xff", "\xef\xbf\xbd"},
		{"\x9b"
		 "2J",
			"\xef\xbf\xbd"
			"2J"},
		{"\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
		{"\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac"},
		{"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
		{"\xf0\x9f\x98", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++)
		ck_assert_str_eq(
			safe(rows[i].in, strlen(rows[i].in), false), rows[i].out);
	ck_assert_str_eq(safe("a\nb", 3, true), "a\nb");
	ck_assert_str_eq(safe("a\0b", 3, true), "a\\x00b");
}
END_TEST

/* Whatever bytes come in, nothing that moves a cursor goes out. */
START_TEST(test_safe_every_pair)
{
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			char in[3] = {(char)a, (char)b, 'x'};
			const char *out = safe(in, 3, false);

			for (const char *c = out; *c; c++) {
				unsigned char u = (unsigned char)*c;

				ck_assert(u >= 0x20 && u != 0x7f);
			}
			for (size_t at = 0; out[at];) {
				size_t len = nv_utf8_len(out + at, strlen(out + at));

				ck_assert(len > 0);
				ck_assert(!(len == 2 && (unsigned char)out[at] == 0xc2 &&
					    (unsigned char)out[at + 1] < 0xa0));
				at += len;
			}
		}
	}
}
END_TEST

START_TEST(test_width)
{
	static const struct {
		const char *text;
		unsigned width;
	} rows[] = {
		{"", 0},
		{"abc", 3},
		{"\xc3\xa9", 1},                 /* e acute */
		{"e\xcc\x81", 1},                /* e and a combining acute */
		{"\xe6\x97\xa5\xe6\x9c\xac", 4}, /* two ideographs */
		{"\xf0\x9f\x98\x80", 2},         /* a face */
		{"\xef\xbd\xb1", 1},             /* halfwidth katakana */
		{"\xef\xbc\xa1", 2},             /* fullwidth A */
		{"a\xe2\x80\x8b"
		 "b",
			2}, /* zero width space */
		{"\xe2\x80\xa6", 1},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		size_t bytes = strlen(rows[i].text);

		ck_assert_uint_eq(ctl_width(rows[i].text, bytes), rows[i].width);
		ck_assert_uint_eq(ctl_fit(rows[i].text, bytes, rows[i].width), bytes);
	}
	/* Never half a wide character. */
	ck_assert_uint_eq(ctl_fit("\xe6\x97\xa5\xe6\x9c\xac", 6, 3), 3);
	ck_assert_uint_eq(ctl_fit("\xe6\x97\xa5", 3, 1), 0);
	ck_assert_uint_eq(ctl_fit("abc", 3, 2), 2);
}
END_TEST

START_TEST(test_nano)
{
	static const char *const bad[] = {"", "-", ".", "1.0000000000", "1e3", " 1", "1 ",
		"+1", "--1", "1.2.3", "0x1", "NaN",
		"999999999999999999999999999999999999999999"};
	static const struct {
		const char *text;
		const char *shown;
	} good[] = {
		{"0", "$0.00"},
		{"12.34", "$12.34"},
		{"-3.00", "-$3.00"},
		{"1234567.895", "$1,234,567.90"},
		{"0.000000001", "$0.000000001"},
		{"12345678901234567890.00", "$12,345,678,901,234,567,890.00"},
	};
	nv_i128 v;

	for (size_t i = 0; i < NV_LEN(bad); i++)
		ck_assert_msg(!nv_sum_parse(bad[i], &v), "\"%s\"", bad[i]);
	for (size_t i = 0; i < NV_LEN(good); i++) {
		char shown[NV_MONEY_BYTES];

		ck_assert(nv_sum_parse(good[i].text, &v));
		ck_assert_str_eq(nv_money_show(v, "USD", shown), good[i].shown);
	}
}
END_TEST

START_TEST(test_values)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:f, s:n, s:I, s:I, s:s, s:s, s:s}", "m",
		"1234.5", "odd", "lots", "neg", "-0.5", "p", 212.34, "np", "n",
		(json_int_t)-1234567, "z", (json_int_t)0, "t", "2026-11-22T14:05:09.123Z",
		"bad", "yesterday", "ps", "12.5");
	char buf[CTL_VALUE_BYTES];

	ck_assert_ptr_nonnull(o);
	ck_assert_str_eq(ctl_money(o, "m", "USD", buf), "$1,234.50");
	ck_assert_str_eq(ctl_money(o, "m", "EUR", buf), "1,234.50 EUR");
	ck_assert_str_eq(ctl_money(o, "m", "", buf), "$1,234.50");
	ck_assert_str_eq(ctl_money(o, "odd", "USD", buf), "lots");
	ck_assert_str_eq(ctl_money(o, "none", "USD", buf), "-");
	ck_assert_int_eq(ctl_money_style(o, "neg"), CTL_RED);
	ck_assert_int_eq(ctl_money_style(o, "m"), CTL_GREEN);
	ck_assert_int_eq(ctl_money_style(o, "none"), CTL_PLAIN);
	ck_assert_str_eq(ctl_percent(o, "p", buf), "212.3%");
	ck_assert_str_eq(ctl_percent(o, "np", buf), "-");
	ck_assert_str_eq(ctl_percent(o, "ps", buf), "12.5%");
	ck_assert_str_eq(ctl_count(o, "n", buf), "-1,234,567");
	ck_assert_str_eq(ctl_count(o, "z", buf), "0");
	ck_assert_str_eq(ctl_count(o, "m", buf), "-");
	ck_assert_str_eq(ctl_when(o, "t", buf), "2026-11-22 14:05:09Z");
	ck_assert_str_eq(ctl_when(o, "bad", buf), "-");
	ck_assert_str_eq(ctl_ago(o, "none", buf), "-");
	ck_assert_str_eq(ctl_str(o, "n"), "");
	ck_assert_str_eq(ctl_str(NULL, "n"), "");
	ck_assert_int_eq(ctl_int(o, "n"), -1234567);
	json_decref(o);
}
END_TEST

/* The words for a time so many seconds from now, asked for within the same second. */
static void
ago_of(int64_t seconds, char *buf)
{
	char text[NV_RFC3339_BYTES];
	int64_t began_ns;

	do {
		began_ns = nv_wall_ns();
		nv_rfc3339(began_ns + seconds * NV_NS_PER_SEC, text);
		json_t *o = json_pack("{s:s}", "t", text);

		(void)ctl_ago(o, "t", buf);
		json_decref(o);
	} while (nv_wall_ns() - began_ns > NV_NS_PER_SEC / 2);
}

START_TEST(test_ago)
{
	char buf[CTL_VALUE_BYTES];

	ago_of(-90, buf);
	ck_assert_str_eq(buf, "1m30s ago");
	ago_of(3600, buf);
	ck_assert_str_eq(buf, "in 59m59s");
}
END_TEST

START_TEST(test_extremes)
{
	json_t *o = json_pack(
		"{s:I, s:I}", "min", (json_int_t)INT64_MIN, "max", (json_int_t)INT64_MAX);
	char buf[CTL_VALUE_BYTES];

	ck_assert_str_eq(ctl_count(o, "min", buf), "-9,223,372,036,854,775,808");
	ck_assert_str_eq(ctl_count(o, "max", buf), "9,223,372,036,854,775,807");
	json_decref(o);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_text");
	TCase *tc = tcase_create("text");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_safe);
	tcase_add_test(tc, test_safe_every_pair);
	tcase_add_test(tc, test_width);
	tcase_add_test(tc, test_nano);
	tcase_add_test(tc, test_values);
	tcase_add_test(tc, test_ago);
	tcase_add_test(tc, test_extremes);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
