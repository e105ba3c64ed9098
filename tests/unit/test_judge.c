/* The decision core inside the engine: a month of a fleet lies in the ledger, and an
 * engine that opens it decides. What it knows is the same whether it has lived through it
 * or has read it again; what it decides is recorded whole, and done once. */
#include "past_fixture.h"

#include "feed.h"
#include "judge.h"
#include "judge_text.h"

#define GLOBAL \
	"max_daily_budget: $200\napproval_above: $50\n" \
	"autonomous: {enabled: true, interval: 1h}\n" \
	"prices: {cpu_second: $0, gib_hour: $0}\n"
#define GLOBAL_ASK \
	"max_daily_budget: $200\napproval_above: $5\n" \
	"autonomous: {enabled: true, interval: 1h}\n" \
	"prices: {cpu_second: $0, gib_hour: $0}\n"
#define GLOBAL_OFF \
	"max_daily_budget: $200\napproval_above: $50\n" \
	"autonomous: {enabled: false, interval: 1h}\n" \
	"prices: {cpu_second: $0, gib_hour: $0}\n"

static const char *const workers[] = {
	"worker: winner\ncommand: [a]\nrun_interval: 1h\ninstances: {start: 1, max: 8}\n"
	"expected: {sale: $20}\n",
	"worker: loser\ncommand: [a]\nrun_interval: 30m\nexpected: {sale: $20}\n",
	"worker: weak\ncommand: [a]\nrun_interval: 1h\nexpected: {sale: $20}\n"
	"params: {run_interval: {range: 30m..4h}}\n",
	"worker: sick\ncommand: [a]\nrun_interval: 20m\nexpected: {sale: $20}\n",
	"worker: trial\ncommand: [a]\nrun_interval: 1h\ninstances: {start: 0, max: 2}\n"
	"expected: {cost_per_run: $0.10, sale: $20, roi: 200%}\n",
	"worker: wild\ncommand: [a]\nrun_interval: 1h\ninstances: {start: 0, max: 2}\n"
	"expected: {cost_per_run: $0.10, sale: $20, roi: 100%}\n",
	NULL};

#define USD(cents) ((int64_t)(cents) * (NV_MONEY_SCALE / 100))

static const struct past_worker fleet[] = {
	{"winner", 1, USD(50), 4, USD(2000), 7200, 0},
	{"loser", 2, USD(100), 0, 0, 0, 0},
	{"weak", 1, USD(100), 27, USD(2000), 7200, 0},
	{"sick", 3, USD(10), 24, USD(2000), 7200, 6},
};

static struct eng_fixture f;
static char past_dir[] = "/tmp/nova-past.XXXXXX";

/* Once; each test has a copy. */
static void
make_past(void)
{
	ck_assert_ptr_nonnull(mkdtemp(past_dir));
	past_make(past_dir, fleet, NV_LEN(fleet), 30 * 24, nv_wall_ns());
}

static void
remove_past(void)
{
	eng_fixture_remove_in(past_dir);
}

static void
setup(void)
{
	char from[128];
	char to[128];

	eng_fixture_make_dir(&f);
	(void)snprintf(from, sizeof from, "%s/ledger", past_dir);
	(void)snprintf(to, sizeof to, "%s/ledger", f.dir);
	past_copy(from, to);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

/* As after a kill. */
static void
forget_cache(void)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/decide.cache", f.dir);
	(void)unlink(path);
}

static void
analyse(void)
{
	struct nv_err err = {0};

	ck_assert_msg(eng_decide_analyse(&f.eng, false, NULL, &err) == 0, "%s", err.text);
}

static const struct eng_desire *
desire(const char *worker)
{
	return &eng_worker_find(&f.eng, worker)->desire;
}

/* The newest decision about a worker; NULL = none. Borrowed until the next call. */
static const json_t *
newest(const char *worker)
{
	static json_t *list;
	char request[200];

	(void)snprintf(request, sizeof request,
		"{\"verb\":\"decisions\",\"args\":{\"worker\":\"%s\"}}", worker);
	json_decref(list);
	list = json_incref(json_object_get(eng_fixture_ask(&f, request), "decisions"));
	return json_array_get(list, json_array_size(list) - 1);
}

static size_t
n_decisions(void)
{
	return json_array_size(json_object_get(
		eng_fixture_ask(&f, "{\"verb\":\"decisions\",\"args\":{}}"),
		"decisions"));
}

static void
problem(void *arg, const char *text)
{
	(void)arg;
	ck_abort_msg("verify: %s", text);
}

static void
verify(void)
{
	char path[128];
	uint64_t checked = 0;

	(void)snprintf(path, sizeof path, "%s/ledger", f.dir);
	ck_assert_int_eq(led_verify_contained(path, problem, NULL, &checked), 0);
}

static double
number(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	ck_assert_msg(json_is_number(v), "no number \"%s\"", key);
	return json_number_value(v);
}

START_TEST(test_decides)
{
	eng_fixture_open(&f, GLOBAL, workers);
	analyse();
	const json_t *d = newest("winner");

	ck_assert_msg(d != NULL, "the winner does not grow");
	ck_assert_str_eq(eng_fixture_text(d, "type"), "scale_up");
	ck_assert_str_eq(eng_fixture_text(d, "state"), "executed");
	ck_assert_str_eq(eng_fixture_text(d, "policy"), "strict");
	ck_assert_uint_eq(desire("winner")->instances, 2);
	d = newest("loser");
	ck_assert_msg(d != NULL, "the loser lives on");
	ck_assert_str_eq(eng_fixture_text(d, "type"), "kill");
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_KILLED);
	ck_assert(number(d, "probability") > 0.95);
	ck_assert(number(d, "e_value") >= 20);
	d = newest("sick");
	ck_assert_msg(d != NULL, "the sick one goes on");
	ck_assert_str_eq(eng_fixture_text(d, "type"), "pause");
	ck_assert_int_eq(desire("sick")->want, ENG_WANT_PAUSED);
	d = newest("trial");
	ck_assert_msg(d != NULL, "no trial");
	ck_assert_str_eq(eng_fixture_text(d, "type"), "deploy");
	ck_assert_int_eq(desire("trial")->want, ENG_WANT_RUNNING);
	ck_assert_uint_eq(desire("trial")->instances, 1);
	ck_assert_msg(!newest("wild"), "a promise of 100%% is below min_roi");
	d = newest("weak");
	ck_assert_msg(d != NULL, "the weak one keeps its volume");
	ck_assert_str_eq(eng_fixture_text(d, "type"), "optimize_interval");
	ck_assert_int_gt(desire("weak")->run_interval_ms, 3600000);
	/* Nothing of it comes twice. */
	size_t n = n_decisions();

	analyse();
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	analyse();
	ck_assert_uint_eq(n_decisions(), n);
	verify();
}
END_TEST

static void
forecast_at(unsigned days, char at[NV_RFC3339_BYTES])
{
	char request[100];

	(void)snprintf(request, sizeof request,
		"{\"verb\":\"forecast\",\"args\":{\"days\":%u}}", days);
	const json_t *o = eng_fixture_ask(&f, request);

	ck_assert_int_eq((int)number(o, "days"), (int)days);
	(void)snprintf(at, NV_RFC3339_BYTES, "%s", eng_fixture_text(o, "as_of"));
}

/* The fleet's forecast is given again for a while, under the time it was made at. */
START_TEST(test_forecast_again)
{
	char first[NV_RFC3339_BYTES];
	char again[NV_RFC3339_BYTES];

	eng_fixture_open(&f, GLOBAL, workers);
	analyse();
	forecast_at(7, first);
	f.eng.decide->outlook_until_ns = INT64_MAX; /* it took long */
	do
		forecast_at(7, again);
	while (nv_wall_ns() < f.eng.decide->outlook_ns + 2 * NV_NS_PER_MS);
	ck_assert_str_eq(again, first);
	/* Another number of days is another question, and a new configuration another
	 * answer. */
	forecast_at(30, again);
	ck_assert_str_ne(again, first);
	f.eng.decide->outlook_until_ns = INT64_MAX;
	eng_decide_config(&f.eng);
	ck_assert_int_eq(f.eng.decide->outlook_until_ns, 0);
}
END_TEST

START_TEST(test_record_is_whole)
{
	static const char *const numbers[] = {"probability", "e_value", "confidence",
		"evidence", "risk", "value", "limit_value", "shadow_price"};
	static const char *const inputs[] = {"runs_ok", "runs_failed", "sales",
		"exposure", "sales_eff", "sale_mean", "refund_share", "volume",
		"volume_to", "mature", "half_life_d", "ledger_seq"};
	static const char *const texts[] = {"rule", "threshold", "finding", "reason",
		"expected", "risk_band", "cost_impact", "expected_profit"};

	eng_fixture_open(&f, GLOBAL, workers);
	analyse();
	const json_t *d = newest("winner");

	for (size_t i = 0; i < NV_LEN(numbers); i++)
		(void)number(d, numbers[i]);
	for (size_t i = 0; i < NV_LEN(texts); i++)
		ck_assert_msg(eng_fixture_text(d, texts[i])[0], "%s is empty", texts[i]);
	const json_t *in = json_object_get(d, "inputs");

	for (size_t i = 0; i < NV_LEN(inputs); i++)
		(void)number(in, inputs[i]);
	ck_assert_int_eq(json_array_size(json_object_get(d, "marginal")), 3);
	ck_assert_int_eq(json_array_size(json_object_get(d, "roi_range_percent")), 3);
	ck_assert(json_is_object(json_object_get(d, "instead")));
	ck_assert_int_eq(
		(int)number(json_object_get(d, "model"), "version"), POL_MODEL_VERSION);
	ck_assert_int_gt((int)number(in, "ledger_seq"), 0);
	/* In plain words. */
	char request[100];

	(void)snprintf(request, sizeof request,
		"{\"verb\":\"explain\",\"args\":{\"id\":%lld}}",
		(long long)json_integer_value(json_object_get(d, "id")));
	const char *text = eng_fixture_text(eng_fixture_ask(&f, request), "text");

	ck_assert_msg(strstr(text, "scale_up winner from 1 to 2 instances, because"),
		"%s", text);
	ck_assert_msg(strstr(text, "with a probability of"), "%s", text);
	ck_assert_msg(strstr(text, "It was carried out at"), "%s", text);
}
END_TEST

START_TEST(test_approval)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	struct eng_worker *w = eng_worker_find(&f.eng, "winner");

	ck_assert_msg(w->history && w->history->open, "nothing waits");
	uint64_t id = w->history->open->id;

	ck_assert_uint_eq(w->desire.instances, 1);
	ck_assert_int_gt((int64_t)eng_reserved_pending(&f.eng), 0);
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL_ASK, workers);
	struct pol_decision waits;
	int64_t since_s;

	/* The core knows that it waits, also without its cache. */
	ck_assert_int_eq(
		pol_open_get(eng_judge_pol(&f.eng), "winner", &waits, &since_s), 0);
	eng_fixture_close(&f);
	forget_cache();
	eng_fixture_open(&f, GLOBAL_ASK, workers);
	ck_assert_int_eq(
		pol_open_get(eng_judge_pol(&f.eng), "winner", &waits, &since_s), 0);
	ck_assert_int_eq(waits.action, POL_SCALE_UP);
	analyse();
	w = eng_worker_find(&f.eng, "winner");
	ck_assert_msg(w->history->open && w->history->open->id == id, "it waits, once");
	ck_assert_msg(eng_decide_approve(&f.eng, id, "uid 7", &json, &err) == 0, "%s",
		err.text);
	ck_assert_str_eq(eng_fixture_text(json, "decided_by"), "uid 7");
	ck_assert_str_eq(eng_fixture_text(json, "state"), "executed");
	json_decref(json);
	ck_assert_uint_eq(w->desire.instances, 2);
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 7", &json, &err), -EALREADY);
	ck_assert_int_eq(
		eng_decide_deny(&f.eng, id, "uid 7", NULL, &json, &err), -EALREADY);
	analyse();
	ck_assert_uint_eq(w->desire.instances, 2);
	verify();
}
END_TEST

START_TEST(test_denied)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	uint64_t id = eng_worker_find(&f.eng, "winner")->history->open->id;

	ck_assert_int_eq(eng_decide_deny(&f.eng, id, "uid 1", "no", &json, &err), 0);
	json_decref(json);
	for (int i = 0; i < 2; i++) {
		analyse();
		ck_assert_str_eq(eng_fixture_text(newest("winner"), "state"), "denied");
		eng_fixture_close(&f);
		eng_fixture_open(&f, GLOBAL_ASK, workers);
	}
	ck_assert_uint_eq(desire("winner")->instances, 1);
}
END_TEST

START_TEST(test_void_when_it_does_not_hold)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	uint64_t id = eng_worker_find(&f.eng, "winner")->history->open->id;

	/* A fortune is spent on nothing meanwhile. */
	eng_fixture_runs(&f, "winner", 40, true, "50", "0");
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 1", &json, &err), -ESTALE);
	ck_assert_uint_eq(desire("winner")->instances, 1);
	ck_assert_str_eq(eng_fixture_text(newest("winner"), "state"), "void");
}
END_TEST

START_TEST(test_void_under_another_policy)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	uint64_t id = eng_worker_find(&f.eng, "winner")->history->open->id;

	eng_fixture_close(&f);
	eng_fixture_open(&f, "policy: classic\n" GLOBAL_ASK, workers);
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 1", &json, &err), -ESTALE);
	ck_assert_msg(strstr(err.text, "another policy"), "%s", err.text);
}
END_TEST

START_TEST(test_advice_once)
{
	eng_fixture_open(&f, GLOBAL_OFF, workers);
	analyse();
	size_t n = n_decisions();

	ck_assert_uint_gt(n, 2);
	ck_assert_str_eq(eng_fixture_text(newest("loser"), "state"), "advised");
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_RUNNING);
	for (int i = 0; i < 2; i++) {
		eng_fixture_close(&f);
		eng_fixture_open(&f, GLOBAL_OFF, workers);
		analyse();
		ck_assert_uint_eq(n_decisions(), n);
	}
}
END_TEST

/* Limits by decision are in force exactly where decisions are. */
START_TEST(test_limits_follow)
{
	const char *advised[NV_LEN(workers)];
	struct nv_err err = {0};

	eng_fixture_open(&f, GLOBAL, workers);
	analyse();
	ck_assert(f.eng.fleet_limited);
	ck_assert(eng_worker_find(&f.eng, "weak")->limited);
	for (int on = 0; on < 2; on++) {
		ck_assert_int_eq(eng_autonomous_set(&f.eng, on, "uid 1", &err), 0);
		analyse();
		ck_assert_int_eq(f.eng.fleet_limited, on);
		ck_assert_int_eq(eng_worker_find(&f.eng, "weak")->limited, on);
	}
	eng_fixture_close(&f);
	memcpy(advised, workers, sizeof advised);
	advised[2] = "worker: weak\ncommand: [a]\nrun_interval: 1h\nautonomous: false\n"
		     "expected: {sale: $20}\n";
	eng_fixture_open(&f, GLOBAL, advised);
	analyse();
	ck_assert(!eng_worker_find(&f.eng, "weak")->limited);
	ck_assert(eng_worker_find(&f.eng, "winner")->limited);
}
END_TEST

START_TEST(test_emergency_stop)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	size_t n = n_decisions();
	uint64_t id = eng_worker_find(&f.eng, "winner")->history->open->id;

	f.eng.brake.on = true;
	ck_assert_int_lt(eng_decide_analyse(&f.eng, false, NULL, &err), 0);
	ck_assert_int_lt(eng_decide_approve(&f.eng, id, "uid 1", &json, &err), 0);
	f.eng.brake.on = false;
	ck_assert_uint_eq(n_decisions(), n);
	ck_assert_uint_eq(desire("winner")->instances, 1);
}
END_TEST

START_TEST(test_money_without_a_rate)
{
	eng_fixture_open(&f, GLOBAL, workers);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"revenue\",\"worker\":\"loser\","
		"\"amount\":\"5000\",\"currency\":\"GBP\"}}"));
	analyse();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_RUNNING);
	ck_assert(!newest("loser"));
}
END_TEST

static void
sale_at(const char *worker, int64_t at_ns, int64_t nano)
{
	struct past p = {.led = f.eng.led, .now_ns = at_ns};
	struct nv_err err = {0};

	ck_assert_int_eq(led_batch_begin(p.led, at_ns, &p.batch, &err), 0);
	p.usd = led_batch_currency_id(p.batch, "USD");
	past_event(&p, led_batch_worker_id(p.batch, worker), LED_REVENUE,
		LED_CODE_REVENUE, nano, 0, false);
	ck_assert_int_eq(led_batch_commit(p.batch, &err), 0);
}

/* Nobody answers: it expires by the wall clock, once, and is asked anew only when it is
 * judged anew. A clock that has jumped back expires nothing and decides nothing twice. */
START_TEST(test_expiry)
{
	const int64_t hour = INT64_C(3600) * NV_NS_PER_SEC;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	const struct eng_worker *w = eng_worker_find(&f.eng, "winner");
	int64_t now_ns = nv_wall_ns();
	size_t n = n_decisions();

	eng_act_clock(&f.eng, now_ns - 240 * hour);
	eng_act_clock(&f.eng, now_ns + 47 * hour);
	ck_assert(w->history->open != NULL);
	eng_act_clock(&f.eng, now_ns + 49 * hour);
	ck_assert(w->history->open == NULL);
	ck_assert_str_eq(eng_fixture_text(newest("winner"), "state"), "expired");
	ck_assert_str_eq(eng_fixture_text(newest("winner"), "decided_by"), "clock");
	ck_assert_int_eq((int64_t)eng_reserved_pending(&f.eng), 0);
	eng_act_clock(&f.eng, now_ns + 49 * hour);
	ck_assert_uint_eq(n_decisions(), n);
	ck_assert_uint_eq(desire("winner")->instances, 1);
	verify();
}
END_TEST

/* What was booked by mistake and taken back has never been, for the core as well. */
START_TEST(test_corrections)
{
	struct pol_judgement before;
	struct pol_judgement wrong;
	struct pol_judgement after;
	struct eng_txn txn;
	uint64_t seq = 0;

	eng_fixture_open(&f, GLOBAL_OFF, workers);
	int64_t now_s = nv_wall_ns() / NV_NS_PER_SEC;

	ck_assert_int_eq(pol_judge(eng_judge_pol(&f.eng), "winner", now_s, &before), 0);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"winner\","
		"\"amount\":\"3000\"}}"));
	ck_assert_int_eq(pol_judge(eng_judge_pol(&f.eng), "winner", now_s, &wrong), 0);
	ck_assert_int_eq(
		wrong.why.cost_nano, before.why.cost_nano + 3000 * NV_MONEY_SCALE);
	struct led_view *v = NULL;
	struct led_stats stats;

	ck_assert_int_eq(led_view_begin(f.eng.led, &v, NULL), 0);
	ck_assert_int_eq(led_view_stats(v, &stats), 0);
	led_view_end(v);
	struct led_event ev = {.kind = LED_CORRECTION, .line = "{}", .line_bytes = 2};

	eng_txn_begin(&f.eng, &txn);
	ev.claimed_ns = ev.received_ns = txn.now_ns;
	ck_assert_int_eq(led_batch_correct(txn.batch, stats.events, &ev), 0);
	ck_assert_int_eq(
		eng_txn_event(&f.eng, &txn, eng_worker_find(&f.eng, "winner"), &ev, &seq),
		0);
	eng_txn_commit(&f.eng, &txn);
	ck_assert_int_eq(pol_judge(eng_judge_pol(&f.eng), "winner", now_s, &after), 0);
	ck_assert_int_eq(after.why.cost_nano, before.why.cost_nano);
	ck_assert(after.p_above_scale == before.p_above_scale);
}
END_TEST

/* A week and the delay of sales later: what was expected, what came, was it true. */
START_TEST(test_outcomes)
{
	const int64_t day = INT64_C(86400) * NV_NS_PER_SEC;

	eng_fixture_open(&f, GLOBAL, workers);
	analyse();
	int64_t decided_ns = nv_wall_ns();

	eng_fixture_runs(&f, "winner", 10, true, "0.50", "0");
	sale_at("winner", decided_ns + day, USD(6000));
	eng_outcome_run(&f.eng, decided_ns + day / 2);
	ck_assert_ptr_null(json_object_get(newest("winner"), "outcome"));
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers); /* it is remembered that they are due */
	eng_outcome_run(&f.eng, decided_ns + 60 * day);
	const json_t *o = json_object_get(newest("winner"), "outcome");

	ck_assert_msg(json_is_true(json_object_get(o, "claim_came_true")), "%s",
		eng_fixture_text(o, "summary"));
	ck_assert_str_eq(eng_fixture_text(o, "cost"), "5.00");
	ck_assert_str_eq(eng_fixture_text(o, "earned"), "60.00");
	ck_assert_msg(strstr(eng_fixture_text(o, "summary"), "above 300% was true"), "%s",
		eng_fixture_text(o, "summary"));
	o = json_object_get(newest("loser"), "outcome");
	ck_assert(json_is_true(json_object_get(o, "claim_came_true")));
	/* The trial has not run: there is nothing to hold its claim against. */
	o = json_object_get(newest("trial"), "outcome");
	ck_assert(json_is_null(json_object_get(o, "claim_came_true")));
	o = eng_fixture_ask(&f, "{\"verb\":\"decisions.calibration\"}");
	ck_assert_int_eq((int)number(o, "claims"), 2);
	ck_assert_int_eq((int)number(o, "came_true"), 2);
	ck_assert_int_eq((int)number(o, "not_measurable"), 1);
	ck_assert_str_eq(eng_fixture_text(o, "verdict"), "too few");
	/* Once. */
	size_t n = f.eng.decide->outcomes.n;

	ck_assert_uint_eq(n, 0);
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	ck_assert_uint_eq(f.eng.decide->outcomes.n, 0);
	verify();
}
END_TEST

START_TEST(test_dry_run)
{
	eng_fixture_open(&f, GLOBAL, workers);
	json_t *data = json_incref(eng_fixture_ask(
		&f, "{\"verb\":\"autonomous.run\",\"args\":{\"dry_run\":true}}"));
	const json_t *rows = json_object_get(data, "decisions");
	size_t i;
	json_t *row;

	ck_assert_uint_eq(json_array_size(rows), 6);
	json_array_foreach(rows, i, row)
	{
		const json_t *j = json_object_get(row, "judgement");

		(void)number(j, "p_below_kill");
		(void)number(j, "p_above_scale");
		(void)number(j, "multiple");
		if (strcmp(eng_fixture_text(row, "worker"), "loser") == 0)
			ck_assert_str_eq(eng_fixture_text(row, "type"), "kill");
	}
	(void)number(json_object_get(data, "fleet"), "multiple");
	json_decref(data);
	ck_assert_uint_eq(n_decisions(), 0);
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_RUNNING);
	/* The core has not noticed: it decides the same afterwards. */
	analyse();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_KILLED);
}
END_TEST

/* ---- the same ledger, the same core ---- */

static void
same_judgement(struct pol *a, struct pol *b, int64_t now_s)
{
	ck_assert_uint_eq(pol_workers(a), pol_workers(b));

	for (size_t i = 0; i < pol_workers(a); i++) {
		const char *name = pol_worker_name(a, i);
		struct pol_judgement x;
		struct pol_judgement y;

		ck_assert_int_eq(pol_judge(a, name, now_s, &x), 0);
		ck_assert_int_eq(pol_judge(b, name, now_s, &y), 0);
		ck_assert_msg(x.p_below_kill == y.p_below_kill, "%s: %.17g, %.17g", name,
			x.p_below_kill, y.p_below_kill);
		ck_assert(x.p_above_scale == y.p_above_scale);
		ck_assert_msg(x.why.exposure == y.why.exposure, "%s: %.17g, %.17g", name,
			x.why.exposure, y.why.exposure);
		ck_assert(x.why.roi_percent[1] == y.why.roi_percent[1]);
		ck_assert_int_eq(x.standing.state, y.standing.state);
		ck_assert_uint_eq(x.standing.instances, y.standing.instances);
		ck_assert_int_eq(x.why.cost_nano, y.why.cost_nano);
		ck_assert_uint_eq(x.why.sales, y.why.sales);
	}
}

/* A core made anew from the ledger by the time of the living one. */
static void
rebuild(struct eng_feed *feed, int64_t now_s)
{
	struct nv_err err = {0};

	ck_assert_int_eq(eng_feed_init(feed, f.eng.config, false, &err), 0);
	for (;;) {
		int64_t next_s = eng_feed_next_judgement(feed);
		bool due = next_s > 0 && next_s <= now_s;
		int rc = eng_feed_run(feed, f.eng.led, 1000,
			due ? next_s * NV_NS_PER_SEC : INT64_MAX, &err);

		ck_assert_msg(rc >= 0, "%s", err.text);
		if (rc == 1 || (next_s == 0 && eng_feed_next_judgement(feed) > 0))
			continue;
		if (!due)
			return;
		ck_assert_int_eq(pol_evaluate(feed->pol, next_s, NULL, NULL), 0);
		feed->judged_s = next_s;
	}
}

START_TEST(test_rebuilt_is_the_same)
{
	struct eng_feed feed;
	int64_t now_s;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	eng_fixture_runs(&f, "winner", 3, true, "0.50", "20");
	for (int i = 0; i < 2; i++) {
		struct pol *living = eng_judge_pol(&f.eng);

		ck_assert_ptr_nonnull(living);
		now_s = nv_wall_ns() / NV_NS_PER_SEC;
		rebuild(&feed, now_s);
		same_judgement(living, feed.pol, now_s);
		eng_feed_fini(&feed);
		/* And after a start from the cache. */
		eng_fixture_close(&f);
		eng_fixture_open(&f, GLOBAL_ASK, workers);
	}
}
END_TEST

static void
damage(const char *name, size_t at, size_t cut)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", f.dir, name);
	file = fopen(path, "r+");
	ck_assert_ptr_nonnull(file);
	if (cut)
		ck_assert_int_eq(ftruncate(fileno(file), (off_t)cut), 0);
	(void)fseek(file, (long)at, SEEK_SET);
	int c = fgetc(file);

	(void)fseek(file, (long)at, SEEK_SET);
	(void)fputc(c ^ 1, file);
	(void)fclose(file);
}

/* Damaged, cut off, of an event that is not there: read again, never believed. */
START_TEST(test_cache_is_only_a_cache)
{
	static const struct {
		size_t at;
		size_t cut;
	} damages[] = {{0, 0}, {30, 0}, {70, 0}, {200, 0}, {5000, 0}, {10, 50}, {10, 20}};
	struct eng_feed feed;
	struct nv_err err = {0};
	char path[128];
	int64_t now_s;

	eng_fixture_open(&f, GLOBAL_ASK, workers);
	analyse();
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL_ASK, workers);
	(void)snprintf(path, sizeof path, "%s/decide.cache", f.dir);
	ck_assert_int_eq(eng_feed_init(&feed, f.eng.config, false, &err), 0);
	ck_assert_msg(eng_feed_load(&feed, f.eng.led, path, &err) == 0, "%s", err.text);
	ck_assert_uint_gt(feed.seq, 1000);
	eng_feed_fini(&feed);
	struct pol *living = eng_judge_pol(&f.eng);

	now_s = nv_wall_ns() / NV_NS_PER_SEC;
	for (size_t i = 0; i < NV_LEN(damages); i++) {
		ck_assert_int_eq(eng_feed_init(&feed, f.eng.config, false, &err), 0);
		while (eng_feed_run(&feed, f.eng.led, UINT64_MAX, INT64_MAX, &err) == 1)
			;
		ck_assert_int_eq(eng_feed_save(&feed, f.eng.led, path), 0);
		eng_feed_fini(&feed);
		damage("decide.cache", damages[i].at, damages[i].cut);
		ck_assert_int_eq(eng_feed_init(&feed, f.eng.config, false, &err), 0);
		ck_assert_int_eq(eng_feed_load(&feed, f.eng.led, path, &err), -EBADMSG);
		eng_feed_fini(&feed);
	}
	rebuild(&feed, now_s);
	same_judgement(living, feed.pol, now_s);
	eng_feed_fini(&feed);
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL_ASK, workers); /* with the damaged one */
	same_judgement(eng_judge_pol(&f.eng), eng_judge_pol(&f.eng), now_s);
}
END_TEST

/* What one more sale changes is the claim of a kill; of another claim it says nothing. */
START_TEST(test_one_more_sale)
{
	struct pol_decision d = {.action = POL_KILL,
		.why = {.p = 0.98, .one_more_sale_p = 0.7, .next_best = "other"}};
	struct eng_judge_text text;

	eng_judge_text(&d, "USD", &text);
	ck_assert_str_eq(
		text.instead, "with one more sale its probability would be 70.0%");
	d.action = POL_SCALE_UP;
	eng_judge_text(&d, "USD", &text);
	ck_assert_str_eq(text.instead,
		"the next best use of the money is other, which returns 0.00 a unit");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("judge");
	TCase *c = tcase_create("judge");

	tcase_set_timeout(c, 120);
	tcase_add_unchecked_fixture(c, make_past, remove_past);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_decides);
	tcase_add_test(c, test_forecast_again);
	tcase_add_test(c, test_record_is_whole);
	tcase_add_test(c, test_approval);
	tcase_add_test(c, test_denied);
	tcase_add_test(c, test_void_when_it_does_not_hold);
	tcase_add_test(c, test_void_under_another_policy);
	tcase_add_test(c, test_advice_once);
	tcase_add_test(c, test_limits_follow);
	tcase_add_test(c, test_emergency_stop);
	tcase_add_test(c, test_money_without_a_rate);
	tcase_add_test(c, test_expiry);
	tcase_add_test(c, test_corrections);
	tcase_add_test(c, test_outcomes);
	tcase_add_test(c, test_dry_run);
	tcase_add_test(c, test_rebuilt_is_the_same);
	tcase_add_test(c, test_cache_is_only_a_cache);
	tcase_add_test(c, test_one_more_sale);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
