/* Values with units: accepted, one past accepted, hostile. */
#include "nv_units.h"
#include "run_suite.h"

#include <errno.h>
#include <string.h>

START_TEST(test_durations)
{
	static const struct {
		const char *text;
		int64_t ms;
		int rc;
	} rows[] = {
		{"0", 0, 0},
		{"0s", 0, 0},
		{"250ms", 250, 0},
		{"90s", 90000, 0},
		{"5m", 300000, 0},
		{"1h30m", 5400000, 0},
		{"7d", 604800000, 0},
		{"2w", 1209600000, 0},
		{"1d2h3m4s5ms", 93784005, 0},
		{"36600d", INT64_C(36600) * 86400000, 0},
		{"36601d", 0, -ERANGE},
		{"9223372036854775807d", 0, -ERANGE},
		{"9223372036854775808s", 0, -EINVAL},
		{"", 0, -EINVAL},
		{"60", 0, -EINVAL},
		{"s", 0, -EINVAL},
		{"-5s", 0, -EINVAL},
		{"1.5h", 0, -EINVAL},
		{"1 h", 0, -EINVAL},
		{"5s ", 0, -EINVAL},
		{"30m1h", 0, -EINVAL},
		{"1h1h", 0, -EINVAL},
		{"1y", 0, -EINVAL},
		{"1S", 0, -EINVAL},
		{"1h30", 0, -EINVAL},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		int64_t ms = -1;
		struct nv_err err = {.text = ""};
		int rc = nv_duration_parse(rows[i].text, &ms, &err);

		ck_assert_msg(rc == rows[i].rc, "\"%s\" gives %d", rows[i].text, rc);
		ck_assert_int_eq(ms, rc == 0 ? rows[i].ms : -1);
		ck_assert_int_eq(rc == 0, err.text[0] == '\0');
	}
}
END_TEST

START_TEST(test_sizes)
{
	static const struct {
		const char *text;
		uint64_t bytes;
		int rc;
	} rows[] = {
		{"0B", 0, 0},
		{"4096B", 4096, 0},
		{"4KiB", 4096, 0},
		{"256MiB", 268435456, 0},
		{"256 MiB", 268435456, 0},
		{"10MB", 10000000, 0},
		{"1kB", 1000, 0},
		{"1KB", 1000, 0},
		{"2GiB", UINT64_C(2147483648), 0},
		{"3TB", UINT64_C(3000000000000), 0},
		{"8388607TiB", UINT64_C(8388607) << 40, 0},
		{"8388608TiB", 0, -ERANGE},
		{"99999999999999999999B", 0, -EINVAL},
		{"", 0, -EINVAL},
		{"256", 0, -EINVAL},
		{"256M", 0, -EINVAL},
		{"-1MiB", 0, -EINVAL},
		{"1.5GiB", 0, -EINVAL},
		{"1mib", 0, -EINVAL},
		{"1MiB ", 0, -EINVAL},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		uint64_t bytes = 1;
		int rc = nv_size_parse(rows[i].text, &bytes, NULL);

		ck_assert_msg(rc == rows[i].rc, "\"%s\" gives %d", rows[i].text, rc);
		ck_assert_uint_eq(bytes, rc == 0 ? rows[i].bytes : 1);
	}
}
END_TEST

START_TEST(test_percents)
{
	static const struct {
		const char *text;
		int64_t ppm;
		int rc;
	} rows[] = {
		{"0%", 0, 0},
		{"-0%", 0, 0},
		{"150%", 1500000, 0},
		{"-50%", -500000, 0},
		{"12.5%", 125000, 0},
		{"0.0001%", 1, 0},
		{"0.00001%", 0, -EINVAL},
		{"1e2%", 1000000, 0},
		{"%", 0, -EINVAL},
		{"", 0, -EINVAL},
		{"150", 0, -EINVAL},
		{"150 %", 0, -EINVAL},
		{"150%%", 0, -EINVAL},
		{"%150", 0, -EINVAL},
		{"nan%", 0, -EINVAL},
		{"9200000000%", 0, -EINVAL},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		int64_t ppm = 7;
		int rc = nv_percent_parse(rows[i].text, &ppm, NULL);

		ck_assert_msg(rc == rows[i].rc, "\"%s\" gives %d", rows[i].text, rc);
		ck_assert_int_eq(ppm, rc == 0 ? rows[i].ppm : 7);
	}
}
END_TEST

START_TEST(test_amounts)
{
	static const struct {
		const char *text;
		int64_t nano;
		const char *currency;
		int rc;
	} rows[] = {
		{"$10", INT64_C(10000000000), "USD", 0},
		{"$0.50", 500000000, "USD", 0},
		{"10.00 USD", INT64_C(10000000000), "USD", 0},
		{"12 EUR", INT64_C(12000000000), "EUR", 0},
		{"1 USDC", 1000000000, "USDC", 0},
		{"$0.0000116", 11600, "USD", 0},
		{"$-3", -3000000000, "USD", 0},
		{"$0.0000000001", 0, "", -EDOM},
		{"$9200000000", 0, "", -ERANGE},
		{"$", 0, "", -EINVAL},
		{"", 0, "", -EINVAL},
		{"10", 0, "", -EINVAL},
		{"10USD", 0, "", -EINVAL},
		{"10 usd", 0, "", -EINVAL},
		{"10  USD", 0, "", -EINVAL},
		{"10 ABCDEFGH", 0, "", -EINVAL},
		{"USD 10", 0, "", -EINVAL},
		{"$1,000", 0, "", -EINVAL},
		{"$ 10", 0, "", -EINVAL},
		{"$10 USD", 0, "", -EINVAL},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		int64_t nano = 7;
		char currency[NV_CURRENCY_BYTES] = "";
		struct nv_err err = {.text = ""};
		int rc = nv_amount_parse(rows[i].text, &nano, currency, &err);

		ck_assert_msg(rc == rows[i].rc, "\"%s\" gives %d", rows[i].text, rc);
		ck_assert_str_eq(currency, rows[i].currency);
		ck_assert_int_eq(rc == 0, err.text[0] == '\0');
		if (rc == 0)
			ck_assert_int_eq(nano, rows[i].nano);
	}
}
END_TEST

START_TEST(test_show)
{
	char buf[NV_UNITS_BYTES];

	ck_assert_str_eq(nv_duration_show(-1, buf), "0ms");
	ck_assert_str_eq(nv_duration_show(0, buf), "0ms");
	ck_assert_str_eq(nv_duration_show(250, buf), "250ms");
	ck_assert_str_eq(nv_duration_show(90000, buf), "1m30s");
	ck_assert_str_eq(nv_duration_show(5400000, buf), "1h30m");
	ck_assert_str_eq(nv_duration_show(266400000, buf), "3d2h");
	ck_assert_str_eq(nv_duration_show(3600000, buf), "1h");
	(void)nv_duration_show(INT64_MAX, buf);
	ck_assert_str_eq(nv_size_show(0, buf), "0 B");
	ck_assert_str_eq(nv_size_show(1023, buf), "1023 B");
	ck_assert_str_eq(nv_size_show(268435456, buf), "256.0 MiB");
	(void)nv_size_show(UINT64_MAX, buf);
	ck_assert_str_eq(nv_percent_show(2120000, buf), "212%");
	ck_assert_str_eq(nv_percent_show(125000, buf), "12.5%");
	ck_assert_str_eq(nv_percent_show(-1000000, buf), "-100%");
	ck_assert_str_eq(nv_percent_show(499, buf), "0%");
	ck_assert_str_eq(nv_percent_show(500, buf), "0.1%");
	ck_assert_str_eq(nv_percent_show(-499, buf), "0%");
	ck_assert_str_eq(nv_percent_show(999500, buf), "100%");
	(void)nv_percent_show(INT64_MIN, buf);
	(void)nv_percent_show(INT64_MAX, buf);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_units");
	TCase *tc = tcase_create("nv_units");

	tcase_add_test(tc, test_durations);
	tcase_add_test(tc, test_sizes);
	tcase_add_test(tc, test_percents);
	tcase_add_test(tc, test_amounts);
	tcase_add_test(tc, test_show);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
