/* What an outsider tried to break the money with: approvals past a budget, runs charged
 * with what they did not cause, kills that come undone, amounts that nobody can mean. */
#include "eng_fixture.h"
#include "readers.h"
#include "report.h"

#include <signal.h>
#include <sys/wait.h>

#define GLOBAL(budget) \
	"max_daily_budget: " budget "\n" \
	"policy: classic\n" \
	"autonomous: {enabled: true, interval: 1h, cooldown: 1h}\n" \
	"prices: {cpu_second: $0, gib_hour: $0}\n"

static const char *const workers[] = {"worker: big\ncommand: [a]\nrun_interval: 60s\n",
	"worker: c\ncommand: [a]\nbudget: {per_run: $0.50}\n", NULL};

static struct eng_fixture f;

static void
setup(void)
{
	eng_fixture_make_dir(&f);
	eng_fixture_open(&f, GLOBAL("$100"), workers);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

/* What main.c does when novasupd hands over a new configuration. */
static void
reload_with(const char *global, const char *const *list)
{
	struct nv_err err = {0};
	struct fixture old = f.conf;

	fixture_init(&f.conf, global);
	for (size_t i = 0; list[i]; i++) {
		char name[64];

		(void)snprintf(name, sizeof name, "workers.d/%zu.yaml", i);
		fixture_worker(&f.conf, name, list[i]);
	}
	ck_assert_msg(fixture_parse(&f.conf) == 0, "%s", fixture_errors(&f.conf));
	f.eng.config = f.conf.config;
	ck_assert_msg(eng_fleet_load(&f.eng, &err) == 0, "%s", err.text);
	eng_decide_config(&f.eng);
	fixture_fini(&old);
}

static void
reload(const char *global)
{
	reload_with(global, workers);
}

static struct eng_worker *
worker(const char *name)
{
	return eng_worker_find(&f.eng, name);
}

static void
run_once(const char *name, const char *cost)
{
	eng_fixture_runs(&f, name, 1, true, cost, "0");
	eng_fixture_turn(&f);
}

/* ---- approvals and budgets ---- */

START_TEST(test_approval_after_the_budget_was_lowered)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	ck_assert_int_eq(eng_decide_analyse(&f.eng, false, NULL, &err), 0);
	uint64_t id = worker("big")->history->open->id;

	/* It costs 24.00 a day as it runs, and would cost 72.00 more. */
	reload(GLOBAL("$50"));
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 0", &json, &err), -ESTALE);
	ck_assert_ptr_nonnull(strstr(err.text, "daily budget"));
	ck_assert_uint_eq(worker("big")->desire.instances, 1);
}
END_TEST

START_TEST(test_approval_that_fits_exactly)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	ck_assert_int_eq(eng_decide_analyse(&f.eng, false, NULL, &err), 0);
	uint64_t id = worker("big")->history->open->id;

	reload(GLOBAL("$96"));
	ck_assert_msg(eng_decide_approve(&f.eng, id, "uid 0", &json, &err) == 0, "%s",
		err.text);
	json_decref(json);
	ck_assert_uint_eq(worker("big")->desire.instances, 2);
}
END_TEST

/* While its budget holds it, it waits; when somebody ends it, nothing is reserved for it.
 */
START_TEST(test_killed_while_it_waits)
{
	struct nv_err err = {0};

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	ck_assert_int_eq(eng_decide_analyse(&f.eng, false, NULL, &err), 0);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"c\","
		"\"amount\":\"100\"}}"));
	eng_fixture_turn(&f);
	ck_assert(worker("big")->budget_paused);
	eng_act_clock(&f.eng, nv_wall_ns());
	ck_assert_ptr_nonnull(worker("big")->history->open);
	ck_assert_ptr_nonnull(
		eng_fixture_ask(&f, "{\"verb\":\"kill\",\"args\":{\"worker\":\"big\"}}"));
	eng_act_clock(&f.eng, nv_wall_ns());
	ck_assert_ptr_null(worker("big")->history->open);
	ck_assert_int_eq((int64_t)eng_reserved_pending(&f.eng), 0);
}
END_TEST

/* The fleet's budget has room for one run of each of them, then of two, then of one: what
 * is promised to some is not given to others. */
START_TEST(test_the_fleet_shares_what_is_left)
{
	static const char *const three[] = {"worker: x\nkind: service\ncommand: [a]\n",
		"worker: y\nkind: service\ncommand: [a]\n",
		"worker: z\nkind: service\ncommand: [a]\n", NULL};

	reload_with(GLOBAL("$10"), three);
	run_once("x", "1.00");
	run_once("y", "1.00");
	run_once("z", "1.00");
	run_once("x", "1.00");
	run_once("x", "1.00");
	run_once("x", "1.00");
	ck_assert(!worker("x")->budget_paused && !worker("y")->budget_paused);
	ck_assert_msg(!worker("z")->budget_paused, "6 spent, 3 promised");
	run_once("z", "1.50"); /* 7.50; a run of z is 1.25 on the average */
	ck_assert(!worker("x")->budget_paused && !worker("y")->budget_paused);
	ck_assert(worker("z")->budget_paused);
	ck_assert_ptr_nonnull(
		strstr(worker("z")->budget_reason, "for others' next runs"));
	run_once("y", "1.00"); /* 8.50 */
	ck_assert(!worker("x")->budget_paused && worker("y")->budget_paused);
	/* One that is stopped needs nothing: its share goes to the next. */
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"workers.set\",\"args\":{\"workers\":[\"x\"],"
		"\"action\":\"stop\"}}"));
	eng_fixture_turn(&f);
	ck_assert(!worker("y")->budget_paused && worker("z")->budget_paused);
}
END_TEST

/* The clock was a month ahead for one commit. Nothing is spent twice, and nobody is told
 * that the day will end. */
START_TEST(test_clock_that_was_ahead)
{
	const int64_t month_ns = INT64_C(30) * 86400 * NV_NS_PER_SEC;
	struct led_batch *b = NULL;
	struct nv_err err = {0};
	struct led_event ev = {.kind = LED_STATE, .line = "{}", .line_bytes = 2};

	reload(GLOBAL("$1"));
	ck_assert_int_eq(
		led_batch_begin(f.eng.led, nv_wall_ns() + month_ns, &b, &err), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
	ck_assert_int_eq(led_batch_commit(b, &err), 0);
	eng_enforce_rebase(&f.eng);
	run_once("big", "1.00");
	ck_assert(worker("big")->budget_paused);
	ck_assert_ptr_nonnull(
		strstr(worker("big")->budget_reason, "behind the ledger's last entry"));
	ck_assert_int_eq((int64_t)eng_spent_today(&f.eng), NV_MONEY_SCALE);
}
END_TEST

/* ---- what a run is charged with ---- */

START_TEST(test_a_bill_entered_by_hand_is_no_run)
{
	struct eng_worker *c = worker("c");

	eng_fixture_turn(&f);
	run_once("c", "0.10");
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"c\","
		"\"amount\":\"20.00\",\"source\":\"hosting\"}}"));
	run_once("c", "0.10");
	ck_assert_msg(c->desire.want == ENG_WANT_RUNNING, "%s", c->desire.reason);
	run_once("c", "0.51");
	ck_assert_int_eq(c->desire.want, ENG_WANT_PAUSED);
}
END_TEST

static void
book_compute(struct eng_worker *w, struct led_stream *rec, uint64_t cpu_us)
{
	struct eng_txn txn;

	eng_txn_begin(&f.eng, &txn);
	eng_resource_book(&f.eng, &txn, w, rec, cpu_us, 0);
	eng_txn_stream(&f.eng, &txn, rec);
	eng_txn_commit(&f.eng, &txn);
}

/* A minute's CPU time of ten runs is booked in one piece: each run bears a tenth. */
START_TEST(test_compute_is_shared_by_its_runs)
{
	struct eng_worker *c = worker("c");
	struct led_stream rec = {.stream_id = 77, .state = LED_STREAM_OPEN};

	reload("prices: {cpu_second: $0.04, gib_hour: $0}\n");
	run_once("c", "0.10");
	rec.worker = c->id;
	uint64_t cpu_us = 0;

	for (int minute = 0; minute < 3; minute++) {
		for (int i = 0; i < 10; i++)
			run_once("c", "0.10");
		book_compute(c, &rec, cpu_us += UINT64_C(60000000)); /* 2.40 */
		run_once("c", "0.10");
		ck_assert_msg(c->desire.want == ENG_WANT_RUNNING, "%s", c->desire.reason);
	}
	/* One run of a minute: it is all its own. */
	book_compute(c, &rec, cpu_us += UINT64_C(60000000));
	run_once("c", "0.10");
	ck_assert_int_eq(c->desire.want, ENG_WANT_PAUSED);
}
END_TEST

#define WITH_EUR(rate) \
	"prices: {cpu_second: $0, gib_hour: $0}\ncurrencies: {EUR: {rate: " rate \
	" USD}}\n"

START_TEST(test_a_new_rate_is_no_run)
{
	struct eng_worker *c = worker("c");

	reload(WITH_EUR("1.0"));
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":\"c\","
		"\"amount\":\"30.00\",\"currency\":\"EUR\"}}"));
	run_once("c", "0.10");
	reload(WITH_EUR("1.2"));
	run_once("c", "0.10");
	ck_assert_msg(c->desire.want == ENG_WANT_RUNNING, "%s", c->desire.reason);
}
END_TEST

/* The mean of all it ever cost says little of the next run: a worker with a bill in its
 * past begins the day, also after a restart that forgot its single runs. */
START_TEST(test_an_old_bill_after_a_restart)
{
	static const char *const capped[] = {
		"worker: c\ncommand: [a]\nbudget: {daily: $2}\n", NULL};

	eng_fixture_runs(&f, "c", 1, true, "50.00", "0");
	eng_fixture_runs(&f, "c", 4, true, "0.01", "0");
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL("$100"), capped);
	ck_assert(worker("c")->budget_paused);
	worker("c")->day_base_cost = worker("c")->totals.cost; /* the next day */
	eng_enforce(&f.eng);
	ck_assert_msg(!worker("c")->budget_paused, "%s", worker("c")->budget_reason);
	/* What it does spend counts as ever. */
	run_once("c", "1.99");
	ck_assert(worker("c")->budget_paused);
}
END_TEST

/* ---- kills ---- */

START_TEST(test_only_deploy_ends_a_kill)
{
	ck_assert_ptr_nonnull(
		eng_fixture_ask(&f, "{\"verb\":\"kill\",\"args\":{\"worker\":\"c\"}}"));
	(void)eng_fixture_ask(&f, "{\"verb\":\"undeploy\",\"args\":{\"worker\":\"c\"}}");
	(void)eng_fixture_ask(&f, "{\"verb\":\"workers.set\",\"args\":{\"workers\":"
				  "[\"c\"],\"action\":\"start\"}}");
	ck_assert_int_eq(worker("c")->desire.want, ENG_WANT_KILLED);
	ck_assert_ptr_nonnull(
		eng_fixture_ask(&f, "{\"verb\":\"deploy\",\"args\":{\"worker\":\"c\"}}"));
	ck_assert_int_eq(worker("c")->desire.want, ENG_WANT_RUNNING);
}
END_TEST

/* ---- amounts nobody can mean ---- */

#define WITH_XBT \
	"currency: VND\nmax_daily_budget: 1000 VND\n" \
	"approval_above: 10 VND\n" \
	"prices: {cpu_second: 0 VND, gib_hour: 0 VND}\n" \
	"currencies: {XBT: {rate: 1700000000.5 VND}}\n"

/* Satoshis taken for bitcoins, again and again: a figure that stops, not the engine. */
START_TEST(test_absurd_amounts)
{
	struct nv_err err = {0};

	const char *const vietnamese[] = {workers[0], NULL};

	reload_with(WITH_XBT, vietnamese);
	for (int i = 0; i < 30; i++) {
		ck_assert_ptr_nonnull(eng_fixture_ask(&f,
			"{\"verb\":\"track\",\"args\":{\"kind\":\"cost\",\"worker\":"
			"\"big\",\"amount\":\"9000000000\",\"currency\":\"XBT\"}}"));
		ck_assert_ptr_nonnull(eng_fixture_ask(&f,
			"{\"verb\":\"track\",\"args\":{\"kind\":\"revenue\",\"worker\":"
			"\"big\",\"amount\":\"9000000000\",\"currency\":\"XBT\"}}"));
	}
	eng_fixture_runs(&f, "big", 20, true, "0", "0");
	eng_fixture_turn(&f);
	ck_assert_int_eq(eng_decide_analyse(&f.eng, false, NULL, &err), 0);
	ck_assert_str_eq(
		eng_fixture_text(
			json_object_get(
				eng_fixture_ask(&f, "{\"verb\":\"summary\"}"), "today"),
			"cost"),
		"1000000000000000000.00");
}
END_TEST

/* ---- periods ---- */

/* Categories are kept by the quarter of an hour, which is where every zone's day begins:
 * the answer says what it speaks of. */
START_TEST(test_category_period_is_what_was_summed)
{
	reload("timezone: Asia/Kolkata\nprices: {cpu_second: $0, gib_hour: $0}\n");
	run_once("c", "0.10");
	const json_t *data = eng_fixture_ask(&f,
		"{\"verb\":\"costs\",\"args\":{\"period\":\"today\",\"by\":\"category\"}"
		"}");
	const char *from = eng_fixture_text(json_object_get(data, "period"), "from");

	/* Midnight in Kolkata is half past six in the evening UTC. */
	ck_assert_msg(strstr(from, "T18:30:00") != NULL, "%s", from);
	data = eng_fixture_ask(&f, "{\"verb\":\"costs\",\"args\":{\"period\":\"today\"}"
				   "}");
	from = eng_fixture_text(json_object_get(data, "period"), "from");
	ck_assert_msg(strstr(from, "T18:30:00") != NULL, "%s", from);
}
END_TEST

/* ---- lists ---- */

static size_t
listed(const char *name, size_t limit, uint64_t *ret_last_id)
{
	struct led_view *v = NULL;

	ck_assert_int_eq(led_view_begin(f.eng.led, &v, NULL), 0);
	json_t *list = eng_json_decisions(&f.eng, v, name, 0, limit);
	size_t n = json_array_size(list);

	led_view_end(v);
	*ret_last_id = n == 0 ? 0
			      : (uint64_t)json_integer_value(json_object_get(
					json_array_get(list, n - 1), "id"));
	json_decref(list);
	return n;
}

START_TEST(test_the_newest_decisions)
{
	struct nv_err err = {0};
	uint64_t ids[3] = {0};
	uint64_t id = 0;

	reload(GLOBAL("$500"));
	for (int i = 0; i < 3; i++) {
		json_t *json = NULL;
		struct eng_worker *w = worker("big");

		eng_fixture_runs(&f, "big", 20, true, "0.04", "0.25");
		ck_assert_int_eq(eng_decide_analyse(&f.eng, false, NULL, &err), 0);
		ck_assert_ptr_nonnull(w->history->open);
		ids[i] = w->history->open->id;
		ck_assert_int_eq(
			eng_decide_deny(&f.eng, ids[i], "uid 0", NULL, &json, &err), 0);
		json_decref(json);
		w->history->denied_until_ns[POL_SCALE_UP] = 0;
	}
	ck_assert_uint_eq(listed(NULL, 100, &id), 3);
	ck_assert_uint_eq(id, ids[2]);
	ck_assert_uint_eq(listed("big", 2, &id), 2);
	ck_assert_uint_eq(id, ids[2]);
	ck_assert_uint_eq(listed("bi", 100, &id), 0);
	ck_assert_uint_eq(listed("c", 100, &id), 0);
}
END_TEST

/* ---- who else reads ---- */

/* A process that reads the ledger's state of now, until it is killed. */
static pid_t
reader(void)
{
	int ready[2];
	char byte = 0;

	ck_assert_int_eq(pipe(ready), 0);
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct led_options opt = {.read_only = true};
		struct nv_err err = {0};
		struct led *led;
		struct led_view *v;
		char path[128];

		(void)snprintf(path, sizeof path, "%s/ledger", f.dir);
		if (led_open(path, &opt, &led, &err) < 0 ||
			led_view_begin(led, &v, &err) < 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

START_TEST(test_readers)
{
	int pid = 0;
	uint64_t txn = 0;
	uint32_t dead = 0;

	run_once("c", "0.10");
	ck_assert_int_eq(led_readers_oldest(f.eng.led, &pid, &txn), -ENOENT);
	pid_t first = reader();

	run_once("c", "0.10");
	pid_t second = reader();

	ck_assert_int_eq(led_readers_oldest(f.eng.led, &pid, &txn), 0);
	ck_assert_int_eq(pid, first);
	eng_readers_look(&f.eng, 1);
	eng_readers_look(
		&f.eng, 1 + ENG_READERS_SLOW_NS); /* a warning: seen in the log */
	(void)kill(first, SIGKILL);
	ck_assert_int_eq(waitpid(first, NULL, 0), first);
	/* Its place is free again, and the other one is the oldest now. */
	ck_assert_int_eq(led_readers_check(f.eng.led, &dead), 0);
	ck_assert_uint_eq(dead, 1);
	uint64_t first_txn = txn;

	ck_assert_int_eq(led_readers_oldest(f.eng.led, &pid, &txn), 0);
	ck_assert_int_eq(pid, second);
	ck_assert_uint_gt(txn, first_txn);
	(void)kill(second, SIGKILL);
	ck_assert_int_eq(waitpid(second, NULL, 0), second);
	eng_readers_look(&f.eng, 2 + ENG_READERS_SLOW_NS);
	ck_assert_int_eq(led_readers_oldest(f.eng.led, &pid, &txn), -ENOENT);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("money");
	TCase *c = tcase_create("money");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_approval_after_the_budget_was_lowered);
	tcase_add_test(c, test_approval_that_fits_exactly);
	tcase_add_test(c, test_killed_while_it_waits);
	tcase_add_test(c, test_the_fleet_shares_what_is_left);
	tcase_add_test(c, test_clock_that_was_ahead);
	tcase_add_test(c, test_a_bill_entered_by_hand_is_no_run);
	tcase_add_test(c, test_compute_is_shared_by_its_runs);
	tcase_add_test(c, test_a_new_rate_is_no_run);
	tcase_add_test(c, test_an_old_bill_after_a_restart);
	tcase_add_test(c, test_only_deploy_ends_a_kill);
	tcase_add_test(c, test_absurd_amounts);
	tcase_add_test(c, test_category_period_is_what_was_summed);
	tcase_add_test(c, test_the_newest_decisions);
	tcase_add_test(c, test_readers);
	suite_add_tcase(s, c);
	return run_suite(s);
}
