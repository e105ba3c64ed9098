/* overview and sparklines say what pnl, timeline, budget, approvals and decisions say of
 * the same moment: over random histories, in several zones and currencies, at changes of
 * the clocks, with workers that are gone, and after every commit. */
#include "eng_fixture.h"
#include "nv_json.h"
#include "run_suite.h"
#include "spark.h"

#define SEC     NV_NS_PER_SEC
#define HOUR    (3600 * SEC)
#define DAY     (24 * HOUR)
#define N       4000
#define SPAN_S  (INT64_C(80) * 86400)
#define TO_UNIT INT64_C(1000000)

static const char *const names[] = {"alpha", "beta", "idle", "old"};
static const char *const codes[] = {"USD", "EUR", "GBP"}; /* GBP has no rate */
static const char *const zones[] = {
	"UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"};

static struct eng_fixture f;
static uint64_t seed;

static uint64_t
rnd(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* ---- a past ---- */

static void
write_event(struct led_batch *b, int64_t at_ns)
{
	static const struct {
		enum led_kind kind;
		enum led_code code;
	} kinds[] = {{LED_COST, LED_CODE_COST}, {LED_COST, LED_CODE_COST},
		{LED_REVENUE, LED_CODE_REVENUE}, {LED_FEE, LED_CODE_FEE},
		{LED_REFUND, LED_CODE_REFUND}};
	size_t kind = rnd(NV_LEN(kinds));
	static const unsigned whose[] = {0, 0, 0, 1, 3};
	const char *name = names[whose[rnd(NV_LEN(whose))]];
	struct led_event ev = {.kind = kinds[kind].kind,
		.worker = led_batch_worker_id(b, name),
		.claimed_ns = at_ns,
		.received_ns = at_ns,
		.line = "{}",
		.line_bytes = 2};

	ck_assert_int_eq(led_batch_post(b, &ev, kinds[kind].code, NULL, 0,
				 (int64_t)(1 + rnd(100000)) * TO_UNIT,
				 led_batch_currency_id(b, codes[rnd(NV_LEN(codes))])),
		0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
}

/* Thicker towards its end: the last day has a few in each hour. */
static void
write_past(int64_t to_ns)
{
	struct led_options opt = {.map_bytes = (uint64_t)64 << 20, .boot_id = 1};
	struct nv_err err = {0};
	struct led *led = NULL;
	char path[128];

	(void)snprintf(path, sizeof path, "%s/ledger", f.dir);
	ck_assert_msg(led_open(path, &opt, &led, &err) == 0, "%s", err.text);
	for (int i = 0; i < N; i += 20) {
		struct led_batch *b = NULL;
		int64_t left_s = SPAN_S / N * (N - i) / N * (N - i);
		int64_t at_ns = to_ns - left_s * SEC;

		ck_assert_int_eq(led_batch_begin(led, at_ns, &b, &err), 0);
		for (int k = 0; k < 20; k++)
			write_event(b, at_ns);
		ck_assert_msg(led_batch_commit(b, &err) == 0, "%s", err.text);
	}
	led_close(led);
}

static void
open_in(const char *zone)
{
	static const char *const workers[] = {
		"worker: alpha\ncommand: [a]\ngroup: sales\n",
		"worker: beta\ncommand: [a]\n", "worker: idle\ncommand: [a]\n", NULL};
	char global[200];

	(void)snprintf(global, sizeof global,
		"timezone: %s\nmax_daily_budget: $5000\ncurrencies: {EUR: 1.08 USD}\n",
		zone);
	eng_fixture_open(&f, global, workers);
}

/* ---- questions at a time of the test's choice ---- */

static json_t *
ask_at(eng_verb_fn *verb, int64_t now_ns, json_t *args)
{
	struct eng_call call = {.eng = &f.eng, .args = args, .now_ns = now_ns};
	int rc = verb(&call);

	ck_assert_msg(rc == 0, "%s", call.err.text);
	json_decref(args);
	if (!call.text)
		return call.data;
	json_t *o = json_loads(call.text, 0, NULL);

	ck_assert_msg(o != NULL, "%.200s", call.text);
	free(call.text);
	return o;
}

static int64_t
money(const json_t *o, const char *key)
{
	int64_t nano = 0;

	ck_assert_msg(nv_json_get_money(o, key, &nano, NULL) == 0, "no %s", key);
	return nano;
}

static int64_t
amount(const json_t *text)
{
	const char *s = json_string_value(text);
	int64_t nano = 0;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(nv_money_parse(s, strlen(s), NV_DECIMAL_EXACT, &nano, NULL), 0);
	return nano;
}

static void
same_figures(const json_t *a, const json_t *b, const char *what)
{
	static const char *const keys[] = {"cost", "revenue", "refunds", "disputes",
		"fees", "net_revenue", "profit", "roi_percent"};

	for (size_t i = 0; i < NV_LEN(keys); i++) {
		json_t *x = json_object_get(a, keys[i]);
		json_t *y = json_object_get(b, keys[i]);

		ck_assert_ptr_nonnull(x);
		ck_assert_msg(json_equal(x, y), "%s: %s is %s, not %s", what, keys[i],
			json_is_string(x) ? json_string_value(x) : "?",
			json_is_string(y) ? json_string_value(y) : "?");
	}
}

static void
same_money(const json_t *overview, int64_t now_ns)
{
	static const struct {
		const char *key;
		const char *period;
	} windows[] = {{"today", "today"}, {"week", "7d"}, {"month", "30d"}};
	bool foreign = false;

	for (size_t i = 0; i < NV_LEN(windows); i++) {
		const char *key = windows[i].key;
		json_t *row = json_object_get(json_object_get(overview, "money"), key);
		json_t *was = json_object_get(json_object_get(overview, "previous"), key);
		json_t *pnl = ask_at(eng_verb_pnl, now_ns,
			json_pack("{s:s}", "period", windows[i].period));
		json_t *back = ask_at(eng_verb_timeline, now_ns,
			json_pack("{s:O, s:O, s:s}", "from", json_object_get(was, "from"),
				"to", json_object_get(was, "to"), "by", "year"));

		same_figures(row, json_object_get(pnl, "total"), key);
		same_figures(was, json_object_get(back, "total"), key);
		ck_assert(json_equal(json_object_get(row, "from"),
			json_object_get(json_object_get(pnl, "period"), "from")));
		/* The time before ends where this one begins, but yesterday earlier. */
		if (i > 0)
			ck_assert_str_eq(eng_fixture_text(was, "to"),
				eng_fixture_text(row, "from"));
		foreign = json_object_get(pnl, "unconverted") != NULL;
		if (i == 2 && foreign)
			ck_assert(json_equal(json_object_get(overview, "unconverted"),
				json_object_get(pnl, "unconverted")));
		json_decref(pnl);
		json_decref(back);
	}
	if (!foreign)
		ck_assert_uint_eq(
			json_array_size(json_object_get(overview, "unconverted")), 0);
}

static void
same_hour(const json_t *hour, const json_t *row)
{
	ck_assert_int_eq(money(hour, "revenue"), money(row, "revenue"));
	ck_assert_int_eq(money(hour, "cost"), money(row, "cost"));
	ck_assert_int_eq(money(hour, "profit"), money(row, "profit"));
}

/* In the last hour is all that is booked since, by a clock that was ahead, too. */
static void
same_hours(const json_t *overview, int64_t now_ns)
{
	const json_t *hours = json_object_get(overview, "hours");
	json_t *first = json_object_get(json_array_get(hours, 0), "at");
	json_t *last = json_object_get(json_array_get(hours, 23), "at");
	json_t *t = ask_at(eng_verb_timeline, now_ns,
		json_pack("{s:O, s:O, s:s}", "from", first, "to", last, "by", "hour"));
	const json_t *rows = json_object_get(t, "rows");

	ck_assert_uint_eq(json_array_size(hours), 24);
	ck_assert_uint_eq(json_array_size(rows), 23);
	for (size_t i = 0; i < 23; i++) {
		const json_t *hour = json_array_get(hours, i);
		const json_t *row = json_array_get(rows, i);

		ck_assert_str_eq(
			eng_fixture_text(hour, "at"), eng_fixture_text(row, "from"));
		same_hour(hour, row);
	}
	json_decref(t);
	t = ask_at(eng_verb_timeline, now_ns,
		json_pack("{s:O, s:s}", "from", last, "by", "year"));
	same_hour(json_array_get(hours, 23), json_object_get(t, "total"));
	json_decref(t);
}

static void
same_sparks(int64_t now_ns)
{
	json_t *o = ask_at(eng_verb_sparklines, now_ns, json_object());
	const json_t *workers = json_object_get(o, "workers");
	int64_t from_ns = eng_spark_from(now_ns);
	const char *name;
	json_t *line;

	ck_assert_int_eq(json_integer_value(json_object_get(o, "step_s")), 3600);
	/* Every third hour: which ones differs from one time to the next. */
	json_object_foreach((json_t *)(uintptr_t)workers, name, line)
	{
		ck_assert_uint_eq(json_array_size(line), ENG_SPARK_HOURS);
		for (size_t i = (size_t)(now_ns / SEC % 3); i < ENG_SPARK_HOURS; i += 3) {
			char from[NV_RFC3339_BYTES];
			char to[NV_RFC3339_BYTES];
			int64_t at = from_ns + (int64_t)i * ENG_SPARK_STEP_NS;
			int64_t end = i + 1 < ENG_SPARK_HOURS ? at + ENG_SPARK_STEP_NS
							      : now_ns + 1000 * DAY;
			json_t *t = ask_at(eng_verb_timeline, now_ns,
				json_pack("{s:s, s:s, s:s, s:s}", "target", name, "from",
					nv_rfc3339(at, from), "to", nv_rfc3339(end, to),
					"by", "year"));

			ck_assert_msg(
				amount(json_array_get(line, i)) ==
					money(json_object_get(t, "total"), "profit"),
				"%s at %s: %s, not %s", name, from,
				json_string_value(json_array_get(line, i)),
				eng_fixture_text(json_object_get(t, "total"), "profit"));
			json_decref(t);
		}
	}
	ck_assert_uint_eq(json_object_size(workers), 4);
	json_decref(o);
}

static void
same_at(int64_t now_ns)
{
	json_t *o = ask_at(eng_verb_overview, now_ns, json_object());

	same_money(o, now_ns);
	same_hours(o, now_ns);
	json_decref(o);
	same_sparks(now_ns);
}

START_TEST(test_same)
{
	int64_t now_ns = nv_wall_ns();

	seed = 1234567 + (uint64_t)_i;
	eng_fixture_make_dir(&f);
	write_past(now_ns - 90 * SEC);
	open_in(zones[_i]);
	same_at(now_ns);
	/* Hours that were read before are kept, and move on. */
	same_sparks(now_ns + HOUR);
	same_sparks(now_ns + 3 * HOUR);
	same_sparks(now_ns - 2 * HOUR); /* the clock was set back */
	same_sparks(now_ns + 100 * HOUR);
	for (int i = 0; i < 3; i++) {
		eng_fixture_runs(&f, "alpha", 1, true, "0.25", "3");
		eng_fixture_runs(&f, "idle", 1, true, "0.5", "0");
		same_at(nv_wall_ns());
		same_sparks(now_ns + 5 * HOUR);
	}
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

/* Days and hours of any length: the day's first and last minute, a month's, and around
 * both changes of the clocks. */
START_TEST(test_edges)
{
	static const int64_t nights[] = {
		1704067200, /* 2024-01-01 UTC */
		1710054000, /* 2024-03-10T07:00Z: New York goes forward */
		1712415600, /* 2024-04-06T15:00Z: Lord Howe goes back by half an hour */
		1730613600, /* 2024-11-03T06:00Z: New York goes back */
	};
	static const size_t night_zones[] = {4, 1, 3, 1}; /* every n-th of them */
	int64_t night_ns = nights[_i] * SEC;

	seed = 7654321 + (uint64_t)_i;
	/* In UTC, and where the clocks change that night. */
	for (size_t z = 0; z < NV_LEN(zones); z += night_zones[_i]) {
		eng_fixture_make_dir(&f);
		write_past(night_ns + 30 * HOUR);
		open_in(zones[z]);
		static const int64_t offsets_s[] = {-1, 0, 1800, 7201, 86399};

		for (size_t i = 0; i < NV_LEN(offsets_s); i++)
			/* What ends now, to the nanosecond, is asked "until now". */
			same_at(night_ns + offsets_s[i] * SEC + 1);
		eng_fixture_close(&f);
		eng_fixture_remove_in(f.dir);
	}
}
END_TEST

/* ---- the parts that are not sums ---- */

START_TEST(test_young)
{
	eng_fixture_make_dir(&f);
	open_in("UTC");
	json_t *o = eng_fixture_ask(&f, "{\"verb\":\"overview\"}");
	json_t *budget = json_object_get(o, "budget");
	json_t *burn = json_object_get(budget, "burn");

	ck_assert_int_eq(
		money(json_object_get(json_object_get(o, "money"), "month"), "profit"),
		0);
	ck_assert(json_is_null(json_object_get(
		json_object_get(json_object_get(o, "money"), "today"), "roi_percent")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "hours")), 24);
	ck_assert(json_is_null(json_object_get(budget, "forecast")));
	ck_assert_uint_ge(json_array_size(burn), 2);
	ck_assert(json_is_null(json_object_get(o, "stop")));
	ck_assert_uint_eq(json_array_size(json_object_get(o, "approvals")), 0);
	ck_assert_uint_eq(json_array_size(json_object_get(o, "decisions")), 0);
	o = eng_fixture_ask(&f, "{\"verb\":\"sparklines\",\"args\":{\"hours\":3}}");
	ck_assert_uint_eq(
		json_array_size(json_object_get(json_object_get(o, "workers"), "alpha")),
		3);
	ck_assert(!eng_fixture_ask(
		&f, "{\"verb\":\"sparklines\",\"args\":{\"hours\":25}}"));
	ck_assert(!eng_fixture_ask(&f, "{\"verb\":\"overview\",\"args\":{\"x\":1}}"));
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

START_TEST(test_budget)
{
	int64_t now_ns = nv_wall_ns();

	seed = 42;
	eng_fixture_make_dir(&f);
	write_past(now_ns - 90 * SEC);
	open_in("UTC");
	json_t *o = ask_at(eng_verb_overview, now_ns, json_object());
	json_t *budget = json_object_get(o, "budget");
	json_t *burn = json_object_get(budget, "burn");
	json_t *forecast = json_object_get(budget, "forecast");
	json_t *status = ask_at(eng_verb_autonomous_status, now_ns, json_object());
	json_t *same = json_object_get(status, "budget");
	static const char *const keys[] = {
		"daily", "spent", "reserved", "remaining", "percent_used"};

	for (size_t i = 0; i < NV_LEN(keys); i++)
		ck_assert(json_equal(json_object_get(budget, keys[i]),
			json_object_get(same, keys[i])));
	/* From zero at midnight to what is spent. */
	ck_assert_int_eq(money(json_array_get(burn, 0), "spent"), 0);
	ck_assert_int_eq(money(json_array_get(burn, json_array_size(burn) - 1), "spent"),
		money(budget, "spent"));
	for (size_t i = 1; i < json_array_size(burn); i++)
		ck_assert_int_ge(money(json_array_get(burn, i), "spent"),
			money(json_array_get(burn, i - 1), "spent"));
	ck_assert(json_is_object(forecast));
	ck_assert_int_ge(money(forecast, "p10"), money(budget, "spent"));
	ck_assert_int_ge(money(forecast, "p50"), money(forecast, "p10"));
	ck_assert_int_ge(money(forecast, "p90"), money(forecast, "p50"));
	json_decref(status);
	json_decref(o);
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

/* The same lists as the verbs of their own, newest last; and the emergency stop. */
START_TEST(test_lists)
{
	static const char *const workers[] = {"worker: alpha\ncommand: [a]\n"
					      "instances: {start: 2, min: 1, max: 50}\n",
		NULL};

	eng_fixture_make_dir(&f);
	eng_fixture_open(&f,
		"max_daily_budget: $1000\npolicy: classic\n"
		"autonomous: {enabled: true, interval: 1h}\napproval_above: $0.01\n",
		workers);
	eng_fixture_runs(&f, "alpha", 60, true, "0.01", "3");
	ck_assert(eng_fixture_ask(&f, "{\"verb\":\"autonomous.run\"}"));
	json_t *o = json_deep_copy(eng_fixture_ask(&f, "{\"verb\":\"overview\"}"));
	json_t *approvals = json_object_get(
		eng_fixture_ask(&f, "{\"verb\":\"approvals\"}"), "approvals");

	ck_assert_uint_eq(json_array_size(approvals), 1);
	ck_assert(json_equal(approvals, json_object_get(o, "approvals")));
	json_t *decisions = json_object_get(
		eng_fixture_ask(&f, "{\"verb\":\"decisions\",\"args\":{\"limit\":12}}"),
		"decisions");

	ck_assert_uint_ge(json_array_size(decisions), 1);
	ck_assert(json_equal(decisions, json_object_get(o, "decisions")));
	ck_assert(
		json_is_true(json_object_get(json_object_get(o, "autonomy"), "enabled")));
	ck_assert_str_eq(
		eng_fixture_text(json_object_get(o, "autonomy"), "policy"), "classic");
	json_decref(o);
	f.eng.brake = (struct nv_brake){
		.on = true, .uid = 7, .wall_ns = nv_wall_ns(), .reason = "a <b>"};
	o = json_object_get(eng_fixture_ask(&f, "{\"verb\":\"overview\"}"), "stop");
	ck_assert_str_eq(eng_fixture_text(o, "by"), "uid 7");
	ck_assert_str_eq(eng_fixture_text(o, "reason"), "a <b>");
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

/* Newest first by way of the worker's own minutes: the same as picked from all. */
START_TEST(test_own_events)
{
	int64_t now_ns = nv_wall_ns();

	seed = 99;
	eng_fixture_make_dir(&f);
	write_past(now_ns - 90 * SEC);
	open_in("UTC");
	eng_fixture_runs(&f, "alpha", 3, true, "0.25", "3");
	eng_fixture_runs(&f, "beta", 2, true, "0.25", "3");
	eng_fixture_runs(&f, "alpha", 1, true, "0.25", "3");
	json_t *all = json_incref(json_object_get(
		eng_fixture_ask(&f, "{\"verb\":\"events\",\"args\":{\"limit\":10000}}"),
		"events"));

	ck_assert_uint_gt(json_array_size(all), N);
	for (size_t i = 0; i < NV_LEN(names); i++) {
		static const unsigned limits[] = {1, 7, 10000};

		for (size_t k = 0; k < NV_LEN(limits); k++) {
			char request[200];
			size_t left;

			(void)snprintf(request, sizeof request,
				"{\"verb\":\"events\",\"args\":{\"worker\":\"%s\","
				"\"limit\":%u}}",
				names[i], limits[k]);
			const json_t *own =
				json_object_get(eng_fixture_ask(&f, request), "events");

			left = json_array_size(own);
			for (size_t n = json_array_size(all); n-- > 0;) {
				const json_t *ev = json_array_get(all, n);
				const char *whose =
					json_string_value(json_object_get(ev, "worker"));

				if (!whose || strcmp(whose, names[i]) != 0)
					continue;
				if (left == 0) {
					ck_assert_uint_eq(
						json_array_size(own), limits[k]);
					break;
				}
				ck_assert(json_equal(ev, json_array_get(own, --left)));
			}
			ck_assert_uint_eq(left, 0);
		}
	}
	json_decref(all);
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

/* Rows are written as text: whatever a worker says stays inside its string, and figures
 * are those of the parts. */
START_TEST(test_rows)
{
	static const char hostile[] = "\"},{\"worker\":\"x\" \\ <script> \n\t\x01 "
				      "\xff\xfe \xed\xa0\x80 \xc3\xa4";
	static const char *const verbs[] = {"workers.metrics", "agents"};

	eng_fixture_make_dir(&f);
	open_in("UTC");
	eng_fixture_runs(&f, "alpha", 3, true, "0.25", "3");
	eng_fixture_runs(&f, "alpha", 1, false, "0.000000001", "0");
	struct eng_worker *w = eng_worker_find(&f.eng, "alpha");

	(void)snprintf(w->status, sizeof w->status, "%s", hostile);
	(void)snprintf(w->last_error, sizeof w->last_error, "%s", hostile);
	(void)snprintf(w->desire.reason, sizeof w->desire.reason, "%s", hostile);
	w->heartbeat_ns = 1700000000123456789;
	for (size_t i = 0; i < NV_LEN(verbs); i++) {
		char request[100];

		(void)snprintf(request, sizeof request, "{\"verb\":\"%s\"}", verbs[i]);
		json_t *o = json_deep_copy(eng_fixture_ask(&f, request));
		const json_t *list = json_object_get(o, i == 0 ? "workers" : "agents");
		const json_t *row = json_array_get(list, 0);
		const json_t *metrics = json_object_get(row, "metrics");
		json_t *text = nv_json_str(hostile);

		ck_assert_uint_eq(json_array_size(list), 3);
		ck_assert_str_eq(eng_fixture_text(row, "worker"), "alpha");
		ck_assert(json_equal(json_object_get(row, "last_status"), text));
		ck_assert(json_equal(json_object_get(row, "last_error"), text));
		ck_assert(json_equal(
			json_object_get(json_object_get(row, "desired"), "reason"),
			text));
		ck_assert_str_eq(eng_fixture_text(row, "last_heartbeat"),
			"2023-11-14T22:13:20.123Z");
		ck_assert_str_eq(eng_fixture_text(metrics, "cost"), "0.750000001");
		ck_assert_str_eq(eng_fixture_text(metrics, "profit"), "8.249999999");
		ck_assert(json_real_value(json_object_get(metrics, "roi_percent")) ==
			  1100.0);
		ck_assert_int_eq(
			json_integer_value(json_object_get(metrics, "failed")), 1);
		ck_assert(json_is_null(json_object_get(
			json_object_get(json_array_get(list, 2), "metrics"),
			"roi_percent")));
		json_decref(text);
		json_decref(o);
	}
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("overview");
	TCase *tc = tcase_create("overview");

	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(tc, test_same, 0, NV_LEN(zones));
	tcase_add_loop_test(tc, test_edges, 0, 4);
	tcase_add_test(tc, test_young);
	tcase_add_test(tc, test_budget);
	tcase_add_test(tc, test_lists);
	tcase_add_test(tc, test_rows);
	tcase_add_test(tc, test_own_events);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
