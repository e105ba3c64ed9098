/* RFC 3339 times, both ways. */
#include "nv_clock.h"
#include "run_suite.h"

#include <errno.h>
#include <string.h>

#define NS NV_NS_PER_SEC

static const struct {
	const char *text;
	int64_t ns;
	int rc;
} rows[] = {
	{"1970-01-01T00:00:00Z", 0, 0},
	{"1985-04-12T23:20:50.52Z", INT64_C(482196050520000000), 0},
	{"1996-12-19T16:39:57-08:00", INT64_C(851042397) * NS, 0},
	{"1990-12-31T23:59:60Z", INT64_C(662688000) * NS, 0},
	{"1990-12-31T15:59:60-08:00", INT64_C(662688000) * NS, 0},
	{"1937-01-01T12:00:27.87+00:20", 0, -ERANGE},
	{"2026-11-22T14:05:09.123Z", INT64_C(1795356309123000000), 0},
	{"2026-11-22t14:05:09.123z", INT64_C(1795356309123000000), 0},
	{"2026-11-22 14:05:09.123Z", INT64_C(1795356309123000000), 0},
	{"2026-11-22T15:05:09.123456789+01:00", INT64_C(1795356309123456789), 0},
	{"2024-02-29T00:00:00Z", INT64_C(1709164800) * NS, 0},
	{"2000-02-29T00:00:00Z", INT64_C(951782400) * NS, 0},
	{"2261-12-31T23:59:59.999999999Z", INT64_C(9214646399999999999), 0},
	{"2026-01-01T00:00:00+23:59", INT64_C(1767139260) * NS, 0},
	{"2262-01-01T00:00:00Z", 0, -ERANGE},
	{"1969-12-31T23:59:59Z", 0, -ERANGE},
	{"1970-01-01T00:00:00+00:01", 0, -ERANGE},
	{"9999-12-31T23:59:59Z", 0, -ERANGE},
	{"2023-02-29T00:00:00Z", 0, -EINVAL},
	{"2100-02-29T00:00:00Z", 0, -EINVAL},
	{"2026-00-01T00:00:00Z", 0, -EINVAL},
	{"2026-13-01T00:00:00Z", 0, -EINVAL},
	{"2026-04-31T00:00:00Z", 0, -EINVAL},
	{"2026-01-00T00:00:00Z", 0, -EINVAL},
	{"2026-01-01T24:00:00Z", 0, -EINVAL},
	{"2026-01-01T00:60:00Z", 0, -EINVAL},
	{"2026-01-01T00:00:61Z", 0, -EINVAL},
	{"2026-01-01T00:00:00", 0, -EINVAL},
	{"2026-01-01T00:00:00.Z", 0, -EINVAL},
	{"2026-01-01T00:00:00.0123456789Z", 0, -EINVAL},
	{"2026-01-01T00:00:00+24:00", 0, -EINVAL},
	{"2026-01-01T00:00:00+01:60", 0, -EINVAL},
	{"2026-01-01T00:00:00+0100", 0, -EINVAL},
	{"2026-01-01T00:00Z", 0, -EINVAL},
	{"2026-01-01", 0, -EINVAL},
	{"26-01-01T00:00:00Z", 0, -EINVAL},
	{"2026-1-1T00:00:00Z", 0, -EINVAL},
	{"2026-01-01T00:00:00Z ", 0, -EINVAL},
	{" 2026-01-01T00:00:00Z", 0, -EINVAL},
	{"-026-01-01T00:00:00Z", 0, -EINVAL},
	{"", 0, -EINVAL},
};

START_TEST(test_parse)
{
	int64_t ns = -7;
	int rc = nv_rfc3339_parse(rows[_i].text, strlen(rows[_i].text), &ns);

	ck_assert_msg(rc == rows[_i].rc, "\"%s\" gives %d", rows[_i].text, rc);
	ck_assert_msg(ns == (rc == 0 ? rows[_i].ns : -7), "\"%s\" is %lld", rows[_i].text,
		(long long)ns);
}
END_TEST

START_TEST(test_prefixes)
{
	static const char text[] = "2026-11-22T15:05:09.123456789+01:00";
	int64_t ns;

	/* Every prefix is refused; a NUL inside too. */
	for (size_t n = 0; n < sizeof(text) - 1; n++)
		ck_assert_int_eq(nv_rfc3339_parse(text, n, &ns), -EINVAL);
	ck_assert_int_eq(nv_rfc3339_parse(text, sizeof(text), &ns), -EINVAL);
	ck_assert_int_eq(nv_rfc3339_parse("2026-11-22\00015:05:09Z", 20, &ns), -EINVAL);
}
END_TEST

START_TEST(test_show)
{
	char buf[NV_RFC3339_BYTES];
	int64_t ns;

	ck_assert_str_eq(nv_rfc3339(0, buf), "1970-01-01T00:00:00.000Z");
	ck_assert_str_eq(nv_rfc3339(-1, buf), "1969-12-31T23:59:59.999Z");
	ck_assert_str_eq(nv_rfc3339(INT64_C(1795356309123999999), buf),
		"2026-11-22T14:05:09.123Z");
	(void)nv_rfc3339(INT64_MAX, buf);
	(void)nv_rfc3339(INT64_MIN, buf);
	for (int64_t day = 0; day < 366 * 290; day++) {
		int64_t at = day * 86400 * NS + 45296789 * NV_NS_PER_MS;

		nv_rfc3339(at, buf);
		if (nv_rfc3339_parse(buf, strlen(buf), &ns) < 0 || ns != at)
			ck_abort_msg("%s is not read back", buf);
	}
}
END_TEST

START_TEST(test_clocks)
{
	int64_t a = nv_mono_ns();
	int64_t b = nv_mono_ns();

	ck_assert_int_le(a, b);
	ck_assert_int_le(b / NV_NS_PER_MS, nv_mono_ms());
	ck_assert_int_gt(nv_wall_ns(), INT64_C(1700000000) * NS);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_clock");
	TCase *tc = tcase_create("nv_clock");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_parse, 0, (int)NV_LEN(rows));
	tcase_add_test(tc, test_prefixes);
	tcase_add_test(tc, test_show);
	tcase_add_test(tc, test_clocks);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
