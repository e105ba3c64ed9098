/* Reports over one history that a person can follow: every figure is reckoned by hand.
 * Two currencies, refunds and disputes months later, a payout, a conversion, a
 * correction. */
#include "eng_fixture.h"
#include "period.h"
#include "reports.h"
#include "run_suite.h"

#define GLOBAL "timezone: UTC\ncurrencies: {EUR: 1.10 USD}\n"

static struct eng_fixture f;
static struct led *led;
static struct led_batch *batch;
static uint64_t last_seq;

static int64_t
at(const char *text)
{
	int64_t ns = 0;

	ck_assert_int_eq(nv_rfc3339_parse(text, strlen(text), &ns), 0);
	return ns;
}

static void
on(const char *day)
{
	char text[40];
	struct nv_err err = {0};

	if (batch)
		ck_assert_msg(led_batch_commit(batch, &err) == 0, "%s", err.text);
	batch = NULL;
	if (!day)
		return;
	(void)snprintf(text, sizeof text, "%sT12:00:00Z", day);
	ck_assert_int_eq(led_batch_begin(led, at(text), &batch, &err), 0);
}

static struct led_event
event(enum led_kind kind, const char *worker, const char *id)
{
	struct led_event ev = {.kind = kind,
		.claimed_ns = 1,
		.received_ns = 1,
		.line = "{}",
		.line_bytes = 2};

	ev.worker = worker ? led_batch_worker_id(batch, worker) : 0;
	ev.id = id;
	ev.id_bytes = id ? strlen(id) : 0;
	return ev;
}

static void
leg(struct led_event *ev, enum led_code code, int64_t units, const char *currency)
{
	ck_assert_int_eq(
		led_batch_post(batch, ev, code, "stripe", 6, units * NV_MONEY_SCALE,
			led_batch_currency_id(batch, currency)),
		0);
}

static void
add(const struct led_event *ev)
{
	int rc = led_batch_event(batch, ev, &last_seq);

	ck_assert_msg(rc == 0, "%d", rc);
}

static void
plain(enum led_kind kind, enum led_code code, const char *worker, const char *id,
	int64_t units, const char *category)
{
	struct led_event ev = event(kind, worker, id);

	ev.category = category;
	ev.category_bytes = category ? strlen(category) : 0;
	leg(&ev, code, units, "USD");
	add(&ev);
}

/* Something that comes back of a sale, if anybody knows that. */
static void
back(enum led_kind kind, enum led_code code, const char *worker, const char *of,
	int64_t units)
{
	struct led_event ev = event(kind, worker, NULL);
	struct led_sale sale = {0};

	ev.of = of;
	ev.of_bytes = strlen(of);
	if (led_batch_sale(batch, ev.worker, ev.worker, of, strlen(of), &sale) == 0)
		ev.ref = sale.seq;
	leg(&ev, code, units, "USD");
	add(&ev);
}

static void
winter(void)
{
	struct led_event ev;

	on("2024-01-10");
	ev = event(LED_REVENUE, "alpha", "s1");
	leg(&ev, LED_CODE_REVENUE, 100, "USD");
	leg(&ev, LED_CODE_FEE, 3, "USD");
	add(&ev);
	plain(LED_COST, LED_CODE_COST, "alpha", NULL, 10, "llm");
	on("2024-01-20");
	ev = event(LED_REVENUE, "alpha", "s2");
	leg(&ev, LED_CODE_REVENUE, 50, "EUR");
	add(&ev);
	on("2024-02-05");
	plain(LED_REVENUE, LED_CODE_REVENUE, "beta", "s3", 200, "shop");
	plain(LED_COST, LED_CODE_COST, "beta", NULL, 300, "ads");
	on("2024-02-10");
	back(LED_REFUND, LED_CODE_REFUND, "alpha", "s1", 40);
	back(LED_DISPUTE, LED_CODE_DISPUTE, "beta", "s3", 80);
}

static void
spring(void)
{
	struct led_event ev;

	on("2024-03-01");
	back(LED_DISPUTE, LED_CODE_DISPUTE_WON, "beta", "s3", 80);
	back(LED_REFUND, LED_CODE_REFUND, "beta", "s3", 20);
	on("2024-03-15");
	plain(LED_PAYOUT, LED_CODE_PAYOUT, NULL, "p1", 100, NULL);
	plain(LED_REVENUE, LED_CODE_REVENUE, "alpha", "s4", 30, "shop");
	back(LED_DISPUTE, LED_CODE_DISPUTE, "alpha", "s1", 60);
	on("2024-03-20");
	back(LED_DISPUTE, LED_CODE_DISPUTE_LOST, "alpha", "s1", 60);
	on("2024-03-25");
	plain(LED_REFUND, LED_CODE_REFUND, "beta", NULL, 5, NULL);
	back(LED_REFUND, LED_CODE_REFUND, "beta", "x9", 7);
	on("2024-04-01");
	ev = event(LED_CONVERSION, NULL, "c1");
	ck_assert_int_eq(led_batch_convert(batch, &ev, "stripe", 6, 20 * NV_MONEY_SCALE,
				 led_batch_currency_id(batch, "EUR"), 22 * NV_MONEY_SCALE,
				 led_batch_currency_id(batch, "USD")),
		0);
	add(&ev);
	on("2024-04-02");
	plain(LED_REVENUE, LED_CODE_REVENUE, "alpha", "s5", 11, "shop");
	uint64_t wrong = last_seq;

	on("2024-05-02");
	ev = event(LED_CORRECTION, "alpha", "k1");
	ck_assert_int_eq(led_batch_correct(batch, wrong, &ev), 0);
	add(&ev);
	on("2024-05-10");
	back(LED_DISPUTE, LED_CODE_DISPUTE, "alpha", "s4", 10);
	plain(LED_GRANT, LED_CODE_GRANT, "alpha", "g1", 20, NULL);
	on(NULL);
}

static void
setup(void)
{
	static const char *const workers[] = {
		"worker: alpha\ncommand: [a]\ngroup: sales\n",
		"worker: beta\ncommand: [a]\n", NULL};
	struct led_options opt = {.map_bytes = (uint64_t)64 << 20, .boot_id = 1};
	struct nv_err err = {0};
	char path[128];

	eng_fixture_make_dir(&f);
	(void)snprintf(path, sizeof path, "%s/ledger", f.dir);
	ck_assert_msg(led_open(path, &opt, &led, &err) == 0, "%s", err.text);
	winter();
	spring();
	led_close(led);
	eng_fixture_open(&f, GLOBAL, workers);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

static json_t *
ask(const char *verb, const char *args)
{
	char request[400];

	(void)snprintf(
		request, sizeof request, "{\"verb\":\"%s\",\"args\":{%s}}", verb, args);
	json_t *data = eng_fixture_ask(&f, request);

	ck_assert_msg(data != NULL, "%s", request);
	return data;
}

/* The row with this key (of a list under `list`), or the object itself. */
static const json_t *
row(const json_t *data, const char *list, const char *name, const char *key)
{
	size_t i;
	json_t *r;

	json_array_foreach(json_object_get(data, list), i, r)
	{
		if (strcmp(eng_fixture_text(r, name), key) == 0)
			return r;
	}
	ck_abort_msg("no row %s", key);
	return NULL;
}

/* "revenue 155.00, fees 3.00" */
static void
expect(const json_t *o, const char *want)
{
	char text[300];
	char *rest = text;
	const char *part;

	(void)snprintf(text, sizeof text, "%s", want);
	while ((part = strsep(&rest, ","))) {
		char key[40];
		char amount[40];

		ck_assert_int_eq(sscanf(part, " %39s %39s", key, amount), 2);
		const char *got = eng_fixture_text(o, key);

		ck_assert_msg(strcmp(got, amount) == 0, "%s is %s, expected %s", key, got,
			amount);
	}
}

static double
percent(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

START_TEST(test_pnl)
{
	json_t *d = ask("pnl", "\"period\":\"2024\"");

	expect(json_object_get(d, "total"),
		"revenue 385.00, refunds 72.00, disputes 70.00, fees 3.00, net_revenue "
		"240.00, cost 310.00, profit -70.00");
	expect(row(d, "costs", "key", "ads"), "cost 300.00");
	ck_assert(percent(row(d, "costs", "key", "ads"), "share_percent") == 96.8);
	ck_assert(percent(row(d, "costs", "key", "llm"), "share_percent") == 3.2);
	expect(row(d, "currencies", "currency", "EUR"),
		"rate 1.10, revenue 50.00, profit 50.00, base_profit 55.00");
	expect(row(d, "currencies", "currency", "USD"), "revenue 330.00");
	d = ask("pnl", "\"period\":\"2024\",\"by\":\"month\"");
	expect(row(d, "rows", "key", "2024-01"), "revenue 155.00, profit 142.00");
	expect(row(d, "rows", "key", "2024-02"), "disputes 80.00, profit -220.00");
	expect(row(d, "rows", "key", "2024-03"),
		"refunds 32.00, disputes -20.00, profit 18.00");
	expect(row(d, "rows", "key", "2024-04"), "profit 11.00");
	expect(row(d, "rows", "key", "2024-05"), "revenue -11.00, profit -21.00");
	expect(row(d, "rows", "key", "2024-12"), "profit 0.00");
	ck_assert_uint_eq(json_array_size(json_object_get(d, "rows")), 12);
	d = ask("pnl", "\"period\":\"2024\",\"by\":\"worker\",\"limit\":1");
	expect(row(d, "rows", "key", "alpha"), "profit 62.00");
	ck_assert_uint_eq(json_array_size(json_object_get(d, "rows")), 1);
	expect(json_object_get(d, "omitted"), "profit -132.00, cost 300.00");
	d = ask("pnl", "\"period\":\"2024\",\"by\":\"source\",\"target\":\"sales\"");
	expect(row(d, "rows", "key", "shop"), "revenue 30.00");
	expect(json_object_get(d, "total"), "profit 62.00");
}
END_TEST

START_TEST(test_performers)
{
	json_t *d = ask("performers", "\"period\":\"2024\",\"limit\":1");

	ck_assert_str_eq(
		eng_fixture_text(json_array_get(json_object_get(d, "rows"), 0), "key"),
		"alpha");
	ck_assert(percent(row(d, "rows", "key", "alpha"), "roi_percent") == 620.0);
	d = ask("performers", "\"period\":\"2024\",\"bottom\":true,\"order\":\"roi\"");
	ck_assert_str_eq(
		eng_fixture_text(json_array_get(json_object_get(d, "rows"), 0), "key"),
		"beta");
	ck_assert(percent(row(d, "rows", "key", "beta"), "roi_percent") == -44.0);
	ck_assert_ptr_null(eng_fixture_ask(
		&f, "{\"verb\":\"performers\",\"args\":{\"order\":\"luck\"}}"));
	d = ask("roi", "\"by\":\"worker\"");
	ck_assert_str_eq(
		eng_fixture_text(json_array_get(json_object_get(d, "rows"), 0), "key"),
		"alpha");
}
END_TEST

START_TEST(test_cohorts)
{
	json_t *d = ask("cohorts", "\"period\":\"2024\"");

	expect(row(d, "rows", "key", "2024-01"),
		"revenue 155.00, refunds 40.00, disputes 60.00, fees 3.00, net_revenue "
		"52.00");
	ck_assert(
		percent(row(d, "rows", "key", "2024-01"), "taken_back_percent") == 64.5);
	expect(row(d, "rows", "key", "2024-02"),
		"revenue 200.00, refunds 20.00, disputes 0.00");
	expect(row(d, "rows", "key", "2024-03"),
		"revenue 30.00, refunds 0.00, disputes 10.00");
	expect(row(d, "rows", "key", "2024-04"), "revenue 0.00");
	expect(row(d, "rows", "key", "2024-05"), "revenue 0.00, disputes 0.00");
	expect(json_object_get(d, "total"),
		"revenue 385.00, refunds 60.00, disputes 70.00");
	expect(json_object_get(d, "without_sale"), "refunds 12.00, disputes 0.00");
	d = ask("cohorts", "\"period\":\"2024\",\"target\":\"beta\"");
	expect(json_object_get(d, "total"),
		"revenue 200.00, refunds 20.00, disputes 0.00");
	expect(json_object_get(d, "without_sale"), "refunds 12.00, disputes 0.00");
}
END_TEST

START_TEST(test_cashflow)
{
	json_t *d = ask("cashflow", "\"period\":\"2024-03\",\"older\":30");

	expect(json_object_get(d, "total"),
		"in 30.00, refunds 32.00, disputes -20.00, out 12.00, net 18.00, payouts "
		"100.00");
	expect(row(d, "positions", "class", "platform"),
		"opening 232.00, closing 150.00");
	expect(row(d, "positions", "class", "disputed"), "opening 80.00, closing 0.00");
	expect(row(d, "positions", "class", "bank"), "opening 0.00, closing 100.00");
	expect(row(d, "positions", "class", "vendors"),
		"opening -310.00, closing -310.00, change 0.00");
	expect(json_object_get(d, "uncleared"), "platform 140.00, disputed 10.00");
	d = ask("cashflow", "\"period\":\"2024-04\",\"by\":\"week\"");
	expect(row(d, "positions", "class", "platform"),
		"opening 150.00, closing 161.00");
	d = ask("cashflow", "\"period\":\"all\"");
	for (size_t i = 0; i < 4; i++)
		expect(json_array_get(json_object_get(d, "positions"), i),
			"opening 0.00");
	expect(row(d, "positions", "class", "platform"), "closing 140.00");
	expect(row(d, "positions", "class", "disputed"), "closing 10.00");
	const json_t *eur = row(d, "positions_by_currency", "currency", "EUR");

	expect(row(eur, "positions", "class", "platform"), "closing 30.00");
}
END_TEST

/* Money that came out of another currency came when it was converted. */
START_TEST(test_uncleared_conversion)
{
	struct nv_err err = {0};
	struct led_event ev;

	led = f.eng.led;
	ck_assert_int_eq(led_batch_begin(led, nv_wall_ns(), &batch, &err), 0);
	ev = event(LED_REVENUE, "alpha", "s6");
	leg(&ev, LED_CODE_REVENUE, 10, "EUR");
	add(&ev);
	ev = event(LED_CONVERSION, "alpha", "c2");
	ck_assert_int_eq(led_batch_convert(batch, &ev, "stripe", 6, 10 * NV_MONEY_SCALE,
				 led_batch_currency_id(batch, "EUR"), 11 * NV_MONEY_SCALE,
				 led_batch_currency_id(batch, "USD")),
		0);
	add(&ev);
	uint64_t wrong = last_seq;

	on(NULL);
	json_t *d = ask("cashflow", "\"period\":\"today\",\"older\":30");

	expect(row(d, "positions", "class", "platform"), "closing 151.00");
	/* What left in euros was the oldest of them: 20 are as old as before, not 30. */
	expect(json_object_get(d, "uncleared"), "platform 129.00");
	ck_assert_int_eq(led_batch_begin(led, nv_wall_ns(), &batch, &err), 0);
	ev = event(LED_CORRECTION, "alpha", "k2");
	ck_assert_int_eq(led_batch_correct(batch, wrong, &ev), 0);
	add(&ev);
	on(NULL);
	d = ask("cashflow", "\"period\":\"today\",\"older\":30");
	expect(json_object_get(d, "uncleared"), "platform 140.00");
}
END_TEST

START_TEST(test_reinvest)
{
	json_t *d = ask("reinvest", "\"period\":\"2024\",\"target\":\"alpha\"");

	expect(d, "settled_profit 62.00, share 43.40, granted 20.00, reinvest 23.40, "
		  "taken_back_without_sale 0.00");
	expect(json_object_get(d, "settled"), "revenue 185.00, refunds 40.00");
	/* The grant of May counts for the money of winter too. */
	d = ask("reinvest", "\"period\":\"2024-01\",\"target\":\"alpha\"");
	expect(d, "settled_profit 42.00, share 29.40, granted 20.00, reinvest 9.40");
	/* What came back without a sale is gone as well; a loss gives nothing. */
	d = ask("reinvest", "\"period\":\"2024\"");
	expect(d, "taken_back_without_sale 12.00, settled_profit -70.00, share 0.00, "
		  "reinvest 0.00");
	/* Nothing of today has settled. */
	ck_assert_ptr_null(eng_fixture_ask(
		&f, "{\"verb\":\"reinvest\",\"args\":{\"period\":\"today\"}}"));
	d = ask("reinvest", "");
	expect(d, "settled_profit 0.00, reinvest 0.00");
}
END_TEST

START_TEST(test_quality)
{
	json_t *d = ask("quality", "");

	ck_assert_int_eq(json_integer_value(json_object_get(d, "unmatched")), 1);
	ck_assert_int_eq(json_integer_value(json_object_get(
				 row(d, "workers", "worker", "beta"), "unmatched")),
		1);
	expect(row(d, "workers", "worker", "alpha"), "uncleared 10.00");
	expect(row(d, "workers", "worker", "beta"), "uncleared 0.00");
}
END_TEST

/* Of more rows than asked for, the earlier ones are one: it still adds up. */
START_TEST(test_folding)
{
	json_t *d = ask("timeline", "\"period\":\"2024\",\"by\":\"hour\",\"limit\":7000");

	ck_assert_int_eq(
		json_integer_value(json_object_get(d, "folded")), 366 * 24 - 7000);
	ck_assert_uint_eq(json_array_size(json_object_get(d, "rows")), 7001);
	expect(json_array_get(json_object_get(d, "rows"), 0), "profit -18.00");
	expect(json_object_get(d, "total"), "profit -70.00");
	d = ask("timeline",
		"\"from\":\"2014-01-01\",\"to\":\"2025-01-01\",\"by\":\"hour\"");
	ck_assert_uint_eq(json_array_size(json_object_get(d, "rows")), 10001);
	expect(json_object_get(d, "total"), "profit -70.00");
	ck_assert_ptr_null(eng_fixture_ask(&f, "{\"verb\":\"timeline\",\"args\":{"
					       "\"from\":\"1971-01-01\",\"by\":"
					       "\"hour\"}}"));
	ck_assert_ptr_null(eng_fixture_ask(
		&f, "{\"verb\":\"timeline\",\"args\":{\"limit\":10001}}"));
	ck_assert_ptr_null(eng_fixture_ask(
		&f, "{\"verb\":\"timeline\",\"args\":{\"by\":\"worker\"}}"));
}
END_TEST

/* What is booked while the clock is behind the ledger is in no figure "until now" lost.
 */
START_TEST(test_clock_ahead)
{
	const int64_t month_ns = INT64_C(30) * 86400 * NV_NS_PER_SEC;
	struct nv_err err = {0};

	led = f.eng.led;
	ck_assert_int_eq(led_batch_begin(led, nv_wall_ns() + month_ns, &batch, &err), 0);
	plain(LED_COST, LED_CODE_COST, "beta", NULL, 8, "ads");
	on(NULL);
	expect(json_object_get(ask("pnl", "\"period\":\"today\""), "total"), "cost 8.00");
	expect(ask("costs", "\"period\":\"today\",\"by\":\"category\""), "total 8.00");
	expect(row(ask("cashflow", "\"period\":\"7d\""), "positions", "class", "vendors"),
		"change -8.00, closing -318.00");
}
END_TEST

static const struct {
	nv_i128 parts[4];
	size_t n;
	bool some;
	unsigned tenths[4];
} shares[] = {
	{{1, 1, 1}, 3, true, {334, 333, 333}},
	{{1}, 1, true, {1000}},
	{{0, 5, 0}, 3, true, {0, 1000, 0}},
	{{1, 999999}, 2, true, {0, 1000}},
	{{2, 1, 2, 1}, 4, true, {333, 167, 333, 167}},
	{{(nv_i128)1 << 90, (nv_i128)1 << 90}, 2, true, {500, 500}},
	{{0, 0}, 2, false, {0}},
	{{5, -1}, 2, false, {0}},
	{{0}, 0, false, {0}},
};

START_TEST(test_shares)
{
	unsigned tenths[4] = {0};
	unsigned sum = 0;

	ck_assert(eng_shares(shares[_i].parts, shares[_i].n, tenths) == shares[_i].some);
	for (size_t i = 0; i < shares[_i].n && shares[_i].some; i++) {
		ck_assert_uint_eq(tenths[i], shares[_i].tenths[i]);
		sum += tenths[i];
	}
	ck_assert(!shares[_i].some || sum == 1000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("reports_known");
	TCase *c = tcase_create("history");
	TCase *pure = tcase_create("pure");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_pnl);
	tcase_add_test(c, test_performers);
	tcase_add_test(c, test_cohorts);
	tcase_add_test(c, test_uncleared_conversion);
	tcase_add_test(c, test_cashflow);
	tcase_add_test(c, test_reinvest);
	tcase_add_test(c, test_quality);
	tcase_add_test(c, test_folding);
	tcase_add_test(c, test_clock_ahead);
	suite_add_tcase(suite, c);
	tcase_add_loop_test(pure, test_shares, 0, NV_LEN(shares));
	suite_add_tcase(suite, pure);
	return run_suite(suite);
}
