/* Money: what is read, what is refused, exactness against 128-bit arithmetic. */
#include "nv_money.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *text;
	int64_t nano;
	bool rounded;
} good[] = {
	{"0", 0, false},
	{"-0", 0, false},
	{"-0.0e5", 0, false},
	{"0.05", 50000000, false},
	{"5e-2", 50000000, false},
	{"3e-05", 30000, false},
	{"1", 1000000000, false},
	{"12.345678901", INT64_C(12345678901), false},
	{"12.3456789010000000000000", INT64_C(12345678901), false},
	{"0.30000000000000004", 300000000, true},
	{"0.0000000005", 0, true}, /* half to even: down to 0 */
	{"0.0000000015", 2, true}, /* half to even: up to 2 */
	{"0.0000000025", 2, true}, /* half to even: down to 2 */
	{"0.00000000250000000001", 3, true},
	{"0.0000000004999", 0, true},
	{"1e-400", 0, true},
	{"0e400", 0, false},
	{"0.0e999999999999", 0, false},
	{"1e9", INT64_C(1000000000000000000), false},
	{"9.199999999999999999e9", INT64_C(9199999999999999999), false},
	{"9199999999.999999999", INT64_C(9199999999999999999), false},
	{"-2.5", -2500000000, false},
	{"0.1e1", 1000000000, false},
	{"100e-2", 1000000000, false},
	{"0.00000000000000000000001e23", 1000000000, false},
	{"100000000000000000000000e-23", 1000000000, false},
};

static const struct {
	const char *text;
	int rc;
} bad[] = {
	{"", -EINVAL},
	{"-", -EINVAL},
	{"+1", -EINVAL},
	{" 1", -EINVAL},
	{"1 ", -EINVAL},
	{"01", -EINVAL},
	{"-01", -EINVAL},
	{"1.", -EINVAL},
	{".5", -EINVAL},
	{"1e", -EINVAL},
	{"1e+", -EINVAL},
	{"1e1.5", -EINVAL},
	{"0x10", -EINVAL},
	{"1,000", -EINVAL},
	{"1_000", -EINVAL},
	{"NaN", -EINVAL},
	{"nan", -EINVAL},
	{"Infinity", -EINVAL},
	{"inf", -EINVAL},
	{"-Infinity", -EINVAL},
	{"$1", -EINVAL},
	{"1\xc2\xa0", -EINVAL},
	{"1e400", -ERANGE},
	{"1e99999999999999999999", -ERANGE},
	{"9.2e9", -ERANGE},
	{"9200000000", -ERANGE},
	{"9200000000.000000000", -ERANGE},
	{"-9200000000", -ERANGE},
	{"9223372036.854775807", -ERANGE},
	{"9223372036.8547758075", -ERANGE}, /* rounding up from INT64_MAX */
	{"9199999999.9999999995", -ERANGE}, /* rounds up to the limit */
	{"99999999999999999999999999999999", -ERANGE},
};

START_TEST(test_good)
{
	int64_t nano = 1;
	bool rounded = !good[_i].rounded;
	size_t bytes = strlen(good[_i].text);

	ck_assert_int_eq(
		nv_money_parse(good[_i].text, bytes, NV_DECIMAL_ROUND, &nano, &rounded),
		0);
	ck_assert_msg(nano == good[_i].nano, "%s is %lld, not %lld", good[_i].text,
		(long long)nano, (long long)good[_i].nano);
	ck_assert_int_eq(rounded, good[_i].rounded);
	ck_assert_int_eq(
		nv_money_parse(good[_i].text, bytes, NV_DECIMAL_EXACT, &nano, NULL),
		good[_i].rounded ? -EDOM : 0);
}
END_TEST

START_TEST(test_bad)
{
	int64_t nano = 42;
	int rc = nv_money_parse(
		bad[_i].text, strlen(bad[_i].text), NV_DECIMAL_ROUND, &nano, NULL);

	ck_assert_msg(rc == bad[_i].rc, "\"%s\" gives %d, not %d", bad[_i].text, rc,
		bad[_i].rc);
	ck_assert_int_eq(nano, 42);
}
END_TEST

START_TEST(test_no_terminator)
{
	/* Only the given bytes count. */
	const char text[] = {'1', '.', '5', '7'};
	int64_t nano;

	ck_assert_int_eq(nv_money_parse(text, 3, NV_DECIMAL_EXACT, &nano, NULL), 0);
	ck_assert_int_eq(nano, 1500000000);
	ck_assert_int_eq(
		nv_money_parse("1\0", 2, NV_DECIMAL_EXACT, &nano, NULL), -EINVAL);
}
END_TEST

/* xorshift: the same numbers every time. */
static uint64_t
next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* digits * 10^shift in whole units of 10^-9, rounded half to even, by division. */
static int
by_division(unsigned __int128 digits, int shift, int64_t *ret, bool *ret_rounded)
{
	unsigned __int128 rest = 0;
	unsigned __int128 unit = 1;

	for (; shift > 0 && digits > 0; shift--) {
		if (digits > (unsigned __int128)NV_MONEY_MAX)
			return -ERANGE;
		digits *= 10;
	}
	for (; shift < 0 && unit < (unsigned __int128)1 << 100; shift++)
		unit *= 10;
	if (unit > 1) {
		rest = digits % unit;
		digits /= unit;
	}
	if (shift < 0) { /* far below half a unit */
		*ret_rounded = digits > 0 || rest > 0;
		*ret = 0;
		return 0;
	}
	*ret_rounded = rest > 0;
	if (rest * 2 > unit || (rest * 2 == unit && digits % 2 == 1))
		digits++;
	if (digits > (unsigned __int128)NV_MONEY_MAX)
		return -ERANGE;
	*ret = (int64_t)digits;
	return 0;
}

START_TEST(test_random)
{
	uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

	for (int i = 0; i < 300000; i++) {
		char text[128];
		char whole[32];
		unsigned __int128 digits = 0;
		unsigned n = 1 + (unsigned)(next(&seed) % 27);
		unsigned point = 1 + (unsigned)(next(&seed) % n);
		int exponent = (int)(next(&seed) % 41) - 20;
		int64_t nano = -1;
		int64_t expected = -1;
		bool rounded = false;
		bool expected_rounded = false;

		for (unsigned k = 0; k < n; k++) {
			whole[k] = (char)('0' + next(&seed) % 10);
			/* Ties are rare by chance alone. */
			if (next(&seed) % 4 == 0)
				whole[k] = k + 1 == n ? '5' : '0';
		}
		if (point > 1 && whole[0] == '0')
			whole[0] = '1';
		for (unsigned k = 0; k < n; k++)
			digits = digits * 10 + (unsigned)(whole[k] - '0');
		(void)snprintf(text, sizeof(text), "%.*s%s%.*se%d", (int)point, whole,
			point < n ? "." : "", (int)(n - point), whole + point, exponent);
		int rc = nv_money_parse(
			text, strlen(text), NV_DECIMAL_ROUND, &nano, &rounded);
		int expected_rc = by_division(digits, exponent - (int)(n - point) + 9,
			&expected, &expected_rounded);

		/* Every ck_assert writes to a pipe: only when it matters. */
		if (rc != expected_rc)
			ck_abort_msg("%s: %d, by division %d", text, rc, expected_rc);
		if (rc < 0)
			continue;
		if (nano != expected || rounded != expected_rounded)
			ck_abort_msg("%s: %lld %d, by division %lld %d", text,
				(long long)nano, rounded, (long long)expected,
				expected_rounded);
		char shown[NV_MONEY_BYTES];
		int64_t again;

		nv_money_text(nano, shown);
		if (nv_money_parse(shown, strlen(shown), NV_DECIMAL_EXACT, &again, NULL) <
				0 ||
			again != nano)
			ck_abort_msg("%s is not read back", shown);
	}
}
END_TEST

START_TEST(test_text)
{
	static const struct {
		int64_t nano;
		const char *text;
		const char *usd;
		const char *eur;
	} rows[] = {
		{0, "0.00", "$0.00", "0.00 EUR"},
		{1, "0.000000001", "$0.000000001", "0.000000001 EUR"},
		{-3000000000, "-3.00", "-$3.00", "-3.00 EUR"},
		{12340000000, "12.34", "$12.34", "12.34 EUR"},
		{12345000000, "12.345", "$12.34", "12.34 EUR"}, /* half to even */
		{12355000000, "12.355", "$12.36", "12.36 EUR"},
		{12355000001, "12.355000001", "$12.36", "12.36 EUR"},
		{9999999, "0.009999999", "$0.009999999", "0.009999999 EUR"},
		{10000000, "0.01", "$0.01", "0.01 EUR"},
		{INT64_C(1234567890000000), "1234567.89", "$1,234,567.89",
			"1,234,567.89 EUR"},
		{999995000000, "999.995", "$1,000.00", "1,000.00 EUR"},
	};
	char buf[NV_MONEY_BYTES];

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		ck_assert_str_eq(nv_money_text(rows[i].nano, buf), rows[i].text);
		ck_assert_str_eq(nv_money_show(rows[i].nano, "USD", buf), rows[i].usd);
		ck_assert_str_eq(nv_money_show(rows[i].nano, "EUR", buf), rows[i].eur);
	}
	nv_i128 least = (nv_i128)1 << 126;

	least = -least -
		least; /* the smallest of all: its magnitude has no positive twin */
	ck_assert_str_eq(
		nv_money_text(least, buf), "-170141183460469231731687303715.884105728");
	ck_assert_str_eq(nv_money_show(least, "USD", buf),
		"-$170,141,183,460,469,231,731,687,303,715.88");
	(void)nv_money_show(least, "ABCDEFG", buf);
	ck_assert_uint_lt(strlen(buf), NV_MONEY_BYTES);
}
END_TEST

START_TEST(test_currency)
{
	static const char *const yes[] = {"USD", "EUR", "USDC", "X1234AB"};
	static const char *const no[] = {
		"", "US", "usd", "1SD", "ABCDEFGH", "U-D", "US ", "\xc3\x84U"};

	for (size_t i = 0; i < NV_LEN(yes); i++)
		ck_assert(nv_currency_valid(yes[i]));
	for (size_t i = 0; i < NV_LEN(no); i++)
		ck_assert(!nv_currency_valid(no[i]));
}
END_TEST

START_TEST(test_mul_div)
{
	ck_assert_int_eq(nv_mul_div(10, 3, 4), 8); /* 7.5 */
	ck_assert_int_eq(nv_mul_div(-10, 3, 4), -8);
	ck_assert_int_eq(nv_mul_div(1, 1, 3), 0);
	ck_assert_int_eq(
		nv_mul_div(NV_MONEY_MAX, NV_MONEY_MAX, NV_MONEY_MAX), NV_MONEY_MAX);
	ck_assert_int_eq(nv_mul_div(INT64_MAX, 1, 1), INT64_MAX);
}
END_TEST

START_TEST(test_roi)
{
	int64_t ppm = 7;

	ck_assert(!nv_roi_ppm(100, 0, &ppm));
	ck_assert(!nv_roi_ppm(100, -5, &ppm));
	ck_assert_int_eq(ppm, 7);
	ck_assert(nv_roi_ppm(400, 100, &ppm));
	ck_assert_int_eq(ppm, 3000000);
	ck_assert(nv_roi_ppm(0, 100, &ppm));
	ck_assert_int_eq(ppm, -1000000);
	ck_assert(nv_roi_ppm(((nv_i128)1) << 120, 1, &ppm));
	ck_assert_int_eq(ppm, INT64_MAX);
	ck_assert(nv_roi_ppm(-(((nv_i128)1) << 120), 1, &ppm));
	ck_assert_int_eq(ppm, INT64_MIN);
	ck_assert(nv_roi_ppm(NV_MONEY_MAX, 1, &ppm));
	ck_assert_int_eq(ppm, INT64_MAX);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_money");
	TCase *tc = tcase_create("nv_money");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, test_good, 0, (int)NV_LEN(good));
	tcase_add_loop_test(tc, test_bad, 0, (int)NV_LEN(bad));
	tcase_add_test(tc, test_no_terminator);
	tcase_add_test(tc, test_random);
	tcase_add_test(tc, test_text);
	tcase_add_test(tc, test_currency);
	tcase_add_test(tc, test_mul_div);
	tcase_add_test(tc, test_roi);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
