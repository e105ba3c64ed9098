/* The double-entry rules: which accounts each movement of money touches. */
#include "entry.h"
#include "run_suite.h"

#include <string.h>

static void
check_posting(
	enum led_code code, const char *debit, const char *credit, bool needs_worker)
{
	const struct led_rule *rule = led_rule(code);
	char name[LED_ACCOUNT_MAX + 1];

	ck_assert_ptr_nonnull(rule);
	(void)led_role_account(
		rule->debit, led_role_of_party(rule->debit) ? "stripe" : "w1", name);
	ck_assert_str_eq(name, debit);
	(void)led_role_account(
		rule->credit, led_role_of_party(rule->credit) ? "stripe" : "w1", name);
	ck_assert_str_eq(name, credit);
	ck_assert_int_eq(rule->needs_worker, needs_worker);
	ck_assert(led_account_valid(name, strlen(name)));
}

START_TEST(postings)
{
	check_posting(
		LED_CODE_COST, "Expenses:Compute:w1", "Liabilities:Vendors:stripe", true);
	check_posting(
		LED_CODE_REVENUE, "Assets:Platform:stripe", "Income:Sales:w1", true);
	check_posting(LED_CODE_FEE, "Expenses:Fees:w1", "Assets:Platform:stripe", true);
	check_posting(
		LED_CODE_REFUND, "Income:Refunds:w1", "Assets:Platform:stripe", true);
	check_posting(LED_CODE_DISPUTE, "Assets:Disputed:stripe",
		"Assets:Platform:stripe", true);
	check_posting(LED_CODE_DISPUTE_WON, "Assets:Platform:stripe",
		"Assets:Disputed:stripe", true);
	check_posting(LED_CODE_DISPUTE_LOST, "Expenses:Chargebacks:w1",
		"Assets:Disputed:stripe", true);
	check_posting(LED_CODE_PAYOUT, "Assets:Bank", "Assets:Platform:stripe", false);
	ck_assert_ptr_null(led_rule((enum led_code)0));
	ck_assert_ptr_null(led_rule((enum led_code)(LED_CODE_MAX + 1)));
}
END_TEST

START_TEST(parties)
{
	static const struct {
		const char *party;
		const char *clean;
	} cases[] = {
		{"openai", "openai"},
		{"", "Unnamed"},
		{"open ai", "open_ai"},
		{"a:b;c\"d", "a_b_c_d"},
		{"x\ty\nz", "x_y_z"},
		{"B&H.co-uk_1+2@3/4", "B&H.co-uk_1+2@3/4"},
		{"Caf\xc3\xa9", "Caf\xc3\xa9"},
		{"bad\xff\xfe", "bad__"},
		{"0123456789012345678901234567890123456789012345678901234567890123456789",
			"012345678901234567890123456789012345678901234567890123456789012"
			"3"},
		/* 63 bytes and a sequence of two: it does not fit whole, so not at all.
		 */
		{"012345678901234567890123456789012345678901234567890123456789012\xc3"
		 "\xa9",
			"01234567890123456789012345678901234567890123456789012345678901"
			"2"},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char clean[LED_PARTY_MAX + 1];
		char name[LED_ACCOUNT_MAX + 1];
		size_t n = led_party_clean(cases[i].party, strlen(cases[i].party), clean);

		ck_assert_str_eq(clean, cases[i].clean);
		ck_assert_uint_eq(n, strlen(clean));
		n = led_role_account(LED_ROLE_VENDOR, clean, name);
		ck_assert(led_account_valid(name, n));
	}
	char clean[LED_PARTY_MAX + 1];

	ck_assert_uint_eq(led_party_clean("a\0b", 3, clean), 3);
	ck_assert_str_eq(clean, "a_b");
}
END_TEST

START_TEST(account_names)
{
	static const char *const bad[] = {"", ":", "a:", ":a", "a::b", "a b", "a\nb"};
	char longest[LED_ACCOUNT_MAX + 2];

	for (size_t i = 0; i < NV_LEN(bad); i++)
		ck_assert_msg(!led_account_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
	ck_assert(led_account_valid("Equity:Budget:Pool", 18));
	memset(longest, 'x', sizeof(longest));
	ck_assert(led_account_valid(longest, LED_ACCOUNT_MAX));
	ck_assert(!led_account_valid(longest, LED_ACCOUNT_MAX + 1));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_entry");
	TCase *tc = tcase_create("entry");

	tcase_add_test(tc, postings);
	tcase_add_test(tc, parties);
	tcase_add_test(tc, account_names);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
