/* The list of ISO 4217: its form, its order, and what must and must not be in it. */
#include "nv_iso4217.h"
#include "nv_money.h"
#include "run_suite.h"

#include <string.h>

START_TEST(test_list)
{
	const char *list = nv_iso4217_list();
	char before[4] = "";
	char code[4] = "";

	ck_assert_uint_eq(strlen(list), (size_t)NV_ISO4217_CODES * 4);
	for (; *list; list += 4) {
		memcpy(code, list, 3);
		ck_assert_int_eq(list[3], ' ');
		ck_assert_uint_eq(strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3);
		ck_assert(nv_currency_valid(code));
		ck_assert_msg(strcmp(before, code) < 0, "%s before %s", before, code);
		ck_assert(nv_iso4217_active(code));
		memcpy(before, code, sizeof before);
	}
}
END_TEST

START_TEST(test_codes)
{
	static const char *const yes[] = {"AED", "CHF", "EUR", "GBP", "INR", "JPY", "SLE",
		"USD", "VED", "XAF", "XAU", "XCG", "ZAR", "ZMW", "ZWG"};
	static const char *const no[] = {"", "US", "USDC", "usd", "XQZ", "XXX", "XTS",
		"DEM", "HRK", "SLL", "ZWL", "ANG", "BGN", "AAA", "ZZZ", "US\n"};

	for (size_t i = 0; i < NV_LEN(yes); i++)
		ck_assert_msg(nv_iso4217_active(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < NV_LEN(no); i++)
		ck_assert_msg(!nv_iso4217_active(no[i]), "%s", no[i]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("nv_iso4217");
	TCase *t = tcase_create("all");

	tcase_add_test(t, test_list);
	tcase_add_test(t, test_codes);
	suite_add_tcase(s, t);
	return run_suite(s);
}
