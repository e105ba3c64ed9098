/* Amounts as the old API says them: half to even, from exact decimals; and cells that a
 * spreadsheet does not take for a formula. */
#include "compat.h"
#include "nv_csv.h"
#include "run_suite.h"

#include <string.h>

START_TEST(cents)
{
	static const struct {
		const char *decimal;
		const char *cents;
	} cases[] = {{"0.00", "0.00"}, {"0.005", "0.00"}, {"0.015", "0.02"},
		{"0.005000001", "0.01"}, {"-0.005", "0.00"}, {"-0.015", "-0.02"},
		{"-0.005000001", "-0.01"}, {"12.345", "12.34"}, {"12.355", "12.36"},
		{"0.994999999", "0.99"}, {"0.995", "1.00"}, {"9.999", "10.00"},
		{"-12.30", "-12.30"}, {"123456789012345678.125", "123456789012345678.12"},
		{"1", "1.00"}, {"", "0.00"}, {"nonsense", "0.00"}, {"1e9", "0.00"},
		{"1.2.3", "0.00"}, {"0.1234567891", "0.00"}};
	char buf[GW_CENTS_BYTES];

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		json_t *o = json_pack("{s:s}", "a", cases[i].decimal);

		ck_assert_str_eq(
			gw_compat_cents(gw_compat_nano(o, "a"), buf), cases[i].cents);
		json_decref(o);
	}
	ck_assert(gw_compat_nano(NULL, "a") == 0);
}
END_TEST

START_TEST(percents)
{
	static const struct {
		int64_t a;
		int64_t b;
		const char *text;
	} cases[] = {{1, 3, "33.33"}, {2, 3, "66.67"}, {1, 0, "null"}, {1, -1, "null"},
		{-1, 3, "-33.33"}, {0, 5, "0.00"}, {1, 80000, "0.00"}, {3, 80000, "0.00"},
		{1, 20000, "0.00"}, {3, 20000, "0.02"},
		{INT64_MAX, 1, "922337203685477580700.00"}};
	char buf[GW_CENTS_BYTES];

	for (size_t i = 0; i < NV_LEN(cases); i++)
		ck_assert_str_eq(
			gw_compat_percent(cases[i].a, cases[i].b, buf), cases[i].text);
	/* The largest sums there are. */
	ck_assert_str_eq(gw_compat_cents(NV_SUM_MAX, buf), "1000000000000000000.00");
	ck_assert_str_eq(gw_compat_percent(NV_SUM_MAX, 1, buf),
		"100000000000000000000000000000.00");
}
END_TEST

START_TEST(other_currencies)
{
	static const struct {
		const char *amount;
		const char *currency;
		const char *cents; /* NULL: there is no rate */
	} cases[] = {{"12.34", "USD", "12.34"}, {"1000.00", "JPY", "6.70"},
		{"-1000.00", "JPY", "-6.70"}, {"0.000000001", "EUR", "0.00"},
		{"500.00", "NOK", NULL}, {"1.00", "usd", NULL}, {"1.00", NULL, NULL},
		{"9223372036.854775807", "EUR", "10145709240.54"}};
	json_t *pnl = json_pack("{s:[{s:s,s:s},{s:s,s:s},{s:s,s:s},{s:s,s:n}]}",
		"currencies", "currency", "USD", "rate", "1.00", "currency", "EUR",
		"rate", "1.10", "currency", "JPY", "rate", "0.0067", "currency", "NOK",
		"rate");
	char buf[GW_CENTS_BYTES];

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		json_t *ev = json_pack("{s:s, s:s*}", "amount", cases[i].amount,
			"currency", cases[i].currency);
		nv_i128 nano = -7;
		bool known = gw_compat_base(pnl, ev, &nano);

		ck_assert_int_eq(known, cases[i].cents != NULL);
		if (known)
			ck_assert_str_eq(gw_compat_cents(nano, buf), cases[i].cents);
		else
			ck_assert(nano == -7);
		json_decref(ev);
	}
	json_decref(pnl);
}
END_TEST

/* What tokens have cost stands among the costs, and nothing else does. */
START_TEST(recent)
{
	struct gw_compat_facts facts = {.timestamp = "now"};
	struct nv_buf b;

	facts.data[0] = json_pack("{s:{s:s}}", "agent", "worker", "w");
	facts.data[1] = json_pack("{s:[{s:s,s:s,s:s},{s:s,s:s,s:s},{s:s},{s:s,s:s,s:s}]}",
		"events", "kind", "cost", "amount", "1.00", "currency", "USD", "kind",
		"usage", "amount", "0.25", "currency", "USD", "kind", "usage", "kind",
		"revenue", "amount", "9.00", "currency", "USD");
	facts.data[2] = json_pack(
		"{s:[{s:s, s:s}]}", "currencies", "currency", "USD", "rate", "1.00");
	ck_assert(facts.data[0] && facts.data[1] && facts.data[2]);
	nv_buf_init(&b, 65536);
	gw_compat_agent(&b, &facts);
	json_t *o = json_loads(b.data, 0, NULL);
	const json_t *costs = json_object_get(o, "recent_costs");
	const json_t *sales = json_object_get(o, "recent_revenue");

	ck_assert_msg(json_array_size(costs) == 3, "%s", b.data);
	ck_assert(json_is_null(json_object_get(json_array_get(costs, 0), "cost")));
	ck_assert(json_number_value(json_object_get(json_array_get(costs, 1), "cost")) ==
		  0.25);
	ck_assert(json_number_value(json_object_get(json_array_get(costs, 2), "cost")) ==
		  1.);
	ck_assert_uint_eq(json_array_size(sales), 1);
	json_decref(o);
	nv_buf_fini(&b);
	for (size_t i = 0; i < 3; i++)
		json_decref(facts.data[i]);
}
END_TEST

START_TEST(cells)
{
	static const struct {
		const char *text;
		const char *cell;
	} cases[] = {{"", ""}, {"plain", "plain"}, {"a,b", "\"a,b\""},
		{"say \"x\"", "\"say \"\"x\"\"\""}, {"two\nlines", "\"two\nlines\""},
		{"=1+1", "'=1+1"}, {"+1", "'+1"}, {"-1", "'-1"},
		{"@SUM(A1)", "'@SUM(A1)"}, {"\t=1", "'\t=1"},
		{"=\"a\",1", "\"'=\"\"a\"\",1\""}, {"a=1", "a=1"}, {"\"", "\"\"\"\""}};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct nv_buf b;

		nv_buf_init(&b, 100);
		nv_csv_put_text(&b, cases[i].text);
		ck_assert_str_eq(b.data ? b.data : "", cases[i].cell);
		nv_buf_fini(&b);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gw_compat");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, cents);
	tcase_add_test(tc, percents);
	tcase_add_test(tc, recent);
	tcase_add_test(tc, cells);
	tcase_add_test(tc, other_currencies);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
