/* Gumroad's sales and pings as event lines: amounts, refunds as running totals, disputes,
 * what was never charged, and what is not a sale. */
#include "map.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SALE(more) \
	"{\"id\":\"FO8-xY_a==\",\"price\":1000,\"gumroad_fee\":60,\"currency_symbol\":" \
	"\"$\"," \
	"\"created_at\":\"2026-11-01T08:10:40Z\",\"product_id\":\"p==\"" more "}"
#define HEAD(event, suffix) \
	"{\"event\":\"" event "\",\"id\":\"gumroad:FO8-xY_a==" suffix \
	"\",\"source\":\"gumroad\""
#define OF ",\"of\":\"gumroad:FO8-xY_a==\""
#define REVENUE \
	HEAD("revenue", "") \
	",\"at\":\"2026-11-01T08:10:40Z\",\"amount\":\"10.00\",\"currency\":\"USD\"," \
	"\"fee\":\"0.60\",\"external_id\":\"FO8-xY_a==\",\"product\":\"p==\"," \
	"\"currency_symbol\":\"$\"}"

static const struct {
	const char *sale;
	const char *lines; /* NULL: -EINVAL */
	struct map_gumroad_known known;
	int64_t refunded_cents, disputed_cents;
	bool note;
} cases[] = {
	{SALE(), "[" REVENUE "]", {0}, 0, 0, false},
	{SALE(",\"refunded\":true,\"amount_refundable_in_currency\":\"0\""),
		"[" REVENUE "," HEAD("refund", ":refunded:1000") OF
		",\"total\":\"10.00\",\"currency\":\"USD\"}]",
		{0}, 1000, 0, false},
	{SALE(",\"partially_refunded\":true,\"amount_refundable_in_currency\":\"6.99\""),
		"[" REVENUE "," HEAD("refund", ":refunded:301") OF
		",\"total\":\"3.01\",\"currency\":\"USD\"}]",
		{0}, 301, 0, false},
	{SALE(",\"disputed\":true,\"chargedback\":true"),
		"[" REVENUE "," HEAD("dispute", ":dispute:opened") OF
		",\"amount\":\"10.00\",\"currency\":\"USD\",\"status\":\"opened\"}]",
		{0}, 0, 1000, false},
	/* Over what was left. */
	{SALE(",\"disputed\":true,\"chargedback\":true,\"partially_refunded\":true,"
	      "\"amount_refundable_in_currency\":\"4\""),
		"[" REVENUE "," HEAD("refund", ":refunded:600") OF
		",\"total\":\"6.00\",\"currency\":\"USD\"}," HEAD(
			"dispute", ":dispute:opened") OF
		",\"amount\":\"4.00\",\"currency\":\"USD\",\"status\":\"opened\"}]",
		{0}, 600, 400, false},
	/* It was said before, with what was left then: not once more. */
	{SALE(",\"disputed\":true,\"chargedback\":true"), "[" REVENUE "]",
		{.disputed = true}, 0, 1000, false},
	{SALE(",\"disputed\":true,\"dispute_won\":true"),
		"[" REVENUE "," HEAD("dispute", ":dispute:opened") OF
		",\"amount\":\"10.00\",\"currency\":\"USD\",\"status\":\"opened\"}," HEAD(
			"dispute", ":dispute:won") OF ",\"status\":\"won\"}]",
		{0}, 0, 0, false},
	{SALE(",\"disputed\":true,\"dispute_won\":true"),
		"[" REVENUE "," HEAD("dispute", ":dispute:won") OF
		",\"status\":\"won\"}]",
		{.disputed = true}, 0, 0, false},
	/* All was given back before: nothing is left to dispute. */
	{SALE(",\"refunded\":true,\"disputed\":true"),
		"[" REVENUE "," HEAD("refund", ":refunded:1000") OF
		",\"total\":\"10.00\",\"currency\":\"USD\"}]",
		{0}, 1000, 0, false},
	/* Never charged. */
	{"{\"id\":\"a\",\"price\":0}", "[]", {0}, 0, 0, true},
	{SALE(",\"is_preorder_authorization\":true"), "[]", {0}, 0, 0, true},
	{SALE(",\"free_trial_ends_on\":\"Nov 30\",\"recurring_charge\":false"), "[]", {0},
		0, 0, true},
	{SALE(",\"free_trial_ends_on\":\"Nov 30\",\"recurring_charge\":true"),
		"[" REVENUE "]", {0}, 0, 0, false},
	{SALE(",\"is_gift_receiver_purchase\":true"), "[]", {0}, 0, 0, true},
	{SALE(",\"is_gift_sender_purchase\":true"), "[" REVENUE "]", {0}, 0, 0, false},
	/* Not sales. */
	{"[]", NULL, {0}, 0, 0, false},
	{"{\"price\":1}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"\",\"price\":1}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a b\",\"price\":1}", NULL, {0}, 0, 0, false},
	{"{\"id\":7,\"price\":1}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a\"}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a\",\"price\":-1}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a\",\"price\":\"1000\"}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a\",\"price\":9.99}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a\",\"price\":9223372036854775807}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a\",\"price\":1,\"gumroad_fee\":-1}", NULL, {0}, 0, 0, false},
	{"{\"id\":\"a\",\"price\":1,\"gumroad_fee\":9223372036854775807}", NULL, {0}, 0,
		0, false},
	{SALE(",\"affiliate\":{\"amount\":\"two\"}"), NULL, {0}, 0, 0, false},
	{SALE(",\"partially_refunded\":true"), NULL, {0}, 0, 0, false},
	{SALE(",\"partially_refunded\":true,\"amount_refundable_in_currency\":\"x\""),
		NULL, {0}, 0, 0, false},
	{SALE(",\"partially_refunded\":true,\"amount_refundable_in_currency\":\"10.01\""),
		NULL, {0}, 0, 0, false},
};

START_TEST(a_sale)
{
	json_t *sale = json_loads(cases[_i].sale, 0, NULL);
	struct map_gumroad m = {0};
	struct nv_err err = {0};
	int rc = map_gumroad_sale(sale, &cases[_i].known, &m, &err);

	ck_assert_ptr_nonnull(sale);
	if (!cases[_i].lines) {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert_str_ne(err.text, "");
	} else {
		char *text = nv_json_line(m.lines);

		ck_assert_msg(rc == 0, "%s", err.text);
		ck_assert_str_eq(text, cases[_i].lines);
		ck_assert_int_eq(m.refunded, cases[_i].refunded_cents * 10000000);
		ck_assert_int_eq(m.disputed, cases[_i].disputed_cents * 10000000);
		ck_assert_int_eq(m.note != NULL, cases[_i].note);
		free(text);
		map_gumroad_fini(&m);
	}
	json_decref(sale);
}
END_TEST

/* A sale with what belongs to it: an amount the buyer sees, in whatever writing. */
static const struct {
	const char *symbol, *full, *left;
	int64_t price, refunded; /* cents; refunded -1: not known */
} parts[] = {
	{"$", NULL, "6", 1000, 400},
	{"$", NULL, "1,234.50", 200000, 76550},
	{"\xe2\x82\xac", "8", "6", 1000, 250},
	{"\xe2\x82\xac", "8,00", "2,00", 1000, 750},
	{"\xe2\x82\xac", "1.234,50", "617,25", 133333, 66666},
	{"\xc2\xa5", "1,500", "500", 1001, 667},
	{"\xc2\xa5", NULL, "500", 1000, -1},
	{"\xc2\xa5", "0", "0", 1000, -1},
};

START_TEST(refunds_in_parts)
{
	json_t *sale = json_pack("{s:s, s:I, s:s, s:b, s:s}", "id", "a", "price",
		(json_int_t)parts[_i].price, "currency_symbol", parts[_i].symbol,
		"partially_refunded", 1, "amount_refundable_in_currency", parts[_i].left);
	struct map_gumroad_known known = {.full = parts[_i].full};
	struct map_gumroad m = {0};
	struct nv_err err = {0};

	ck_assert_msg(map_gumroad_sale(sale, &known, &m, &err) == 0, "%s", err.text);
	ck_assert_int_eq(m.note != NULL, parts[_i].refunded < 0);
	ck_assert(!m.full_now);
	ck_assert_int_eq(m.refunded / 10000000, NV_MAX(parts[_i].refunded, 0));
	map_gumroad_fini(&m);
	json_decref(sale);
}
END_TEST

START_TEST(affiliates_and_fees)
{
	json_t *sale = json_loads(
		SALE(",\"affiliate\":{\"email\":\"a@b\",\"amount\":\"$2.5\"}"), 0, NULL);
	struct map_gumroad m = {0};
	struct nv_err err = {0};

	ck_assert_msg(map_gumroad_sale(sale, NULL, &m, &err) == 0, "%s", err.text);
	ck_assert_int_eq(m.gross, INT64_C(10000000000));
	ck_assert_int_eq(m.fee, INT64_C(3100000000));
	ck_assert_str_eq(map_text(json_array_get(m.lines, 0), "fee"), "3.10");
	ck_assert(m.full_now);
	map_gumroad_fini(&m);
	json_decref(sale);
}
END_TEST

static const char *
look(void *arg, const char *key)
{
	(void)arg;
	if (strcmp(key, "SPRING") == 0)
		return "seller";
	return strcmp(key, "p==") == 0 ? "maker" : strcmp(key, "x") == 0 ? "BAD" : NULL;
}

static const struct {
	const char *more, *agent;
} agents[] = {
	{"", "maker"},
	{",\"offer_code\":{\"code\":\"SPRING\"}", "seller"},
	{",\"offer_code\":{\"code\":\"x\"}", "maker"},
	{",\"custom_fields\":{\"agent_id\":\"writer\"},\"offer_code\":{\"code\":"
	 "\"SPRING\"}",
		"writer"},
	{",\"custom_fields\":{\"agent_id\":\"No Name\"}", "maker"},
	{",\"custom_fields\":{\"agent_id\":\"nova.stripe\"}", "maker"},
	{",\"custom_fields\":{\"agent_id\":7}", "maker"},
};

START_TEST(whose_sale_it_is)
{
	char text[512];

	(void)snprintf(text, sizeof(text),
		"{\"id\":\"a\",\"price\":1,\"product_id\":\"p==\"%s}", agents[_i].more);
	json_t *sale = json_loads(text, 0, NULL);

	ck_assert_str_eq(map_gumroad_agent(sale, look, NULL), agents[_i].agent);
	(void)json_object_del(sale, "custom_fields");
	(void)json_object_del(sale, "offer_code");
	ck_assert_ptr_null(map_gumroad_agent(sale, NULL, NULL));
	json_decref(sale);
}
END_TEST

static void
field(struct map_gumroad_ping *ping, const char *key, const char *value)
{
	map_gumroad_ping_field(ping, key, strlen(key), value, strlen(value));
}

START_TEST(a_ping)
{
	struct map_gumroad_ping ping = {0};
	struct nv_err err = {0};
	json_t *line = NULL;

	ck_assert_int_eq(map_gumroad_ping_fact(&ping, &line, &err), -EINVAL);
	field(&ping, "price", "1");
	field(&ping, "sale_id", "FO8==");
	field(&ping, "url_params%5Bagent_id%5D", "writer");
	/* Custom fields of the product, which come later, stand over nothing. */
	field(&ping, "sale_id", "other");
	field(&ping, "url_params[agent_id]", "thief");
	ck_assert_int_eq(map_gumroad_ping_fact(&ping, &line, &err), 0);
	char *text = nv_json_line(line);

	ck_assert_str_eq(text,
		"{\"event\":\"webhook\",\"id\":\"gumroad:sale:FO8==\",\"provider\":"
		"\"gumroad\",\"type\":\"sale\",\"object\":\"FO8==\",\"agent\":"
		"\"writer\"}");
	free(text);
	json_decref(line);

	ping = (struct map_gumroad_ping){0};
	field(&ping, "resource_name", "cancellation");
	field(&ping, "sale_id", "with blank");
	field(&ping, "subscription_id", "S1==");
	field(&ping, "test", "true");
	ck_assert_int_eq(map_gumroad_ping_fact(&ping, &line, &err), 0);
	ck_assert_str_eq(map_text(line, "id"), "gumroad:cancellation:S1==");
	ck_assert_ptr_nonnull(map_text(line, "note"));
	ck_assert(ping.test);
	json_decref(line);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("map_gumroad");
	TCase *tcase = tcase_create("all");
	SRunner *runner = srunner_create(suite);

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, a_sale, 0, NV_LEN(cases));
	tcase_add_loop_test(tcase, refunds_in_parts, 0, NV_LEN(parts));
	tcase_add_test(tcase, affiliates_and_fees);
	tcase_add_loop_test(tcase, whose_sale_it_is, 0, NV_LEN(agents));
	tcase_add_test(tcase, a_ping);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
