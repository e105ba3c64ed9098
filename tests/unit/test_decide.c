/* Decisions on a real ledger: proposed, approved, denied, expired, executed once, and
 * all of it again after the process is killed anywhere in between. */
#include "eng_fixture.h"
#include "nv_fd.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GLOBAL \
	"max_daily_budget: $100\n" \
	"policy: classic\n" \
	"autonomous: {enabled: true, interval: 1h, cooldown: 1h}\n" \
	"prices: {cpu_second: $0, gib_hour: $0}\n"
#define GLOBAL_OFF \
	"max_daily_budget: $100\n" \
	"policy: classic\nautonomous: {enabled: false, interval: 1h}\n"

static const char *const workers[] = {
	"worker: auto\ncommand: [a]\nrun_interval: 86400ms\n",
	"worker: big\ncommand: [a]\nrun_interval: 60s\n", "worker: loser\ncommand: [a]\n",
	"worker: manual\ncommand: [a]\nautonomous: false\n", NULL};

static struct eng_fixture f;

static void
setup(void)
{
	eng_fixture_make_dir(&f);
	eng_fixture_open(&f, GLOBAL, workers);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

static void
restart(void)
{
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
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

static size_t
n_decisions(const char *worker, const char *state)
{
	struct led_view *v = NULL;
	size_t n = 0;
	size_t i;
	json_t *row;

	ck_assert_int_eq(led_view_begin(f.eng.led, &v, NULL), 0);
	json_t *list = eng_json_decisions(&f.eng, v, worker, 0, 1000);

	led_view_end(v);
	json_array_foreach(list, i, row) n +=
		strcmp(eng_fixture_text(row, "state"), state) == 0;
	json_decref(list);
	return n;
}

static uint64_t
open_id(const char *worker)
{
	const struct eng_history *h = eng_worker_find(&f.eng, worker)->history;

	return h && h->open ? h->open->id : 0;
}

START_TEST(test_automatic)
{
	eng_fixture_runs(&f, "auto", 20, true, "0.05", "0.20");
	analyse();
	ck_assert_uint_eq(desire("auto")->instances, 2);
	ck_assert_int_eq(strncmp(desire("auto")->by, "decision ", 9), 0);
	ck_assert_uint_gt(desire("auto")->epoch, 0);
	ck_assert_uint_eq(n_decisions("auto", "executed"), 1);
	/* Not again every cycle, and not again after more runs but no cooldown. */
	analyse();
	eng_fixture_runs(&f, "auto", 40, true, "0.05", "0.20");
	analyse();
	ck_assert_uint_eq(n_decisions("auto", "executed"), 1);
	restart();
	ck_assert_uint_eq(desire("auto")->instances, 2);
	analyse();
	ck_assert_uint_eq(n_decisions("auto", "executed"), 1);
	verify();
}
END_TEST

START_TEST(test_kill_is_remembered)
{
	eng_fixture_runs(&f, "loser", 20, true, "0.05", "0");
	analyse();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_KILLED);
	restart();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_KILLED);
	ck_assert_uint_gt(desire("loser")->epoch, 0);
	ck_assert_uint_eq(eng_desire_instances(eng_worker_find(&f.eng, "loser")), 0);
	/* Its configuration goes and comes back: killed it stays. */
	const char *const without[] = {workers[0], NULL};

	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, without);
	ck_assert_ptr_null(eng_worker_find(&f.eng, "loser")->conf);
	ck_assert_int_eq((int64_t)eng_worker_find(&f.eng, "loser")->totals.cost,
		INT64_C(1000000000)); /* its money stays known */
	restart();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_KILLED);
	/* start is not enough, deploy is */
	ck_assert_ptr_null(eng_fixture_ask(&f,
		"{\"verb\":\"workers.set\",\"args\":{\"workers\":[\"loser\"],"
		"\"action\":\"start\"}}"));
	ck_assert_ptr_nonnull(eng_fixture_ask(
		&f, "{\"verb\":\"deploy\",\"args\":{\"worker\":\"loser\"}}"));
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_RUNNING);
	/* The old loss does not kill it again. */
	analyse();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_RUNNING);
	verify();
}
END_TEST

START_TEST(test_approval)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	analyse();
	uint64_t id = open_id("big");

	ck_assert_uint_gt(id, 0);
	ck_assert_uint_eq(desire("big")->instances, 1);
	ck_assert_int_eq((int64_t)eng_reserved_pending(&f.eng), INT64_C(72000000000));
	/* One open decision, also after a restart and further cycles. */
	restart();
	ck_assert_uint_eq(open_id("big"), id);
	analyse();
	ck_assert_uint_eq(n_decisions("big", "pending"), 1);
	ck_assert_int_eq(
		eng_decide_approve(&f.eng, id + 1000, "uid 7", &json, &err), -ENOENT);
	ck_assert_msg(eng_decide_approve(&f.eng, id, "uid 7", &json, &err) == 0, "%s",
		err.text);
	ck_assert_str_eq(eng_fixture_text(json, "decided_by"), "uid 7");
	json_decref(json);
	ck_assert_uint_eq(desire("big")->instances, 2);
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 7", &json, &err), -EALREADY);
	ck_assert_int_eq(
		eng_decide_deny(&f.eng, id, "uid 7", NULL, &json, &err), -EALREADY);
	ck_assert_uint_eq(desire("big")->instances, 2);
	ck_assert_int_eq((int64_t)eng_reserved_pending(&f.eng), 0);
	verify();
}
END_TEST

START_TEST(test_denied_for_a_week)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	analyse();
	ck_assert_int_eq(
		eng_decide_deny(&f.eng, open_id("big"), "uid 0", "too much", &json, &err),
		0);
	ck_assert_str_eq(eng_fixture_text(json, "state"), "denied");
	json_decref(json);
	analyse();
	restart();
	analyse();
	ck_assert_uint_eq(open_id("big"), 0);
	ck_assert_uint_eq(n_decisions("big", "denied"), 1);
	ck_assert_uint_eq(n_decisions("big", "pending"), 0);
	/* Only that: a kill is another question. */
	struct eng_history *h = eng_worker_find(&f.eng, "big")->history;

	ck_assert_int_eq(h->denied_until_ns[POL_KILL], 0);
	ck_assert_int_gt(h->denied_until_ns[POL_SCALE_UP],
		nv_wall_ns() + INT64_C(6) * 86400 * NV_NS_PER_SEC);
	verify();
}
END_TEST

START_TEST(test_void_when_it_does_not_hold)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	analyse();
	uint64_t id = open_id("big");

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0"); /* ROI falls to 150% */
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 0", &json, &err), -ESTALE);
	ck_assert_ptr_nonnull(strstr(err.text, "does not hold any more"));
	ck_assert_uint_eq(desire("big")->instances, 1);
	ck_assert_uint_eq(n_decisions("big", "void"), 1);
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 0", &json, &err), -EALREADY);
	verify();
}
END_TEST

START_TEST(test_void_when_changed_by_a_person)
{
	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	analyse();
	uint64_t id = open_id("big");
	char request[200];

	ck_assert_ptr_nonnull(
		eng_fixture_ask(&f, "{\"verb\":\"workers.scale\",\"args\":{\"worker\":"
				    "\"big\",\"instances\":3}}"));
	(void)snprintf(request, sizeof request,
		"{\"verb\":\"approve\",\"args\":{\"id\":%llu}}", (unsigned long long)id);
	ck_assert_ptr_null(eng_fixture_ask(&f, request));
	ck_assert_uint_eq(desire("big")->instances, 3);
	ck_assert_uint_eq(n_decisions("big", "void"), 1);
}
END_TEST

START_TEST(test_expires)
{
	struct nv_err err = {0};
	json_t *json = NULL;

	eng_fixture_runs(&f, "big", 20, true, "0.05", "0.25");
	analyse();
	struct eng_history *h = eng_worker_find(&f.eng, "big")->history;
	uint64_t id = h->open->id;

	h->open->expires_ns = nv_wall_ns() - 1;
	ck_assert_int_eq(eng_decide_approve(&f.eng, id, "uid 0", &json, &err), -EALREADY);
	ck_assert_uint_eq(n_decisions("big", "expired"), 1);
	ck_assert_uint_eq(desire("big")->instances, 1);
	ck_assert_int_eq((int64_t)eng_reserved_pending(&f.eng), 0);
	verify();
}
END_TEST

START_TEST(test_advice_once)
{
	eng_fixture_runs(&f, "manual", 20, true, "0.05", "0");
	analyse();
	analyse();
	restart();
	analyse();
	ck_assert_int_eq(desire("manual")->want, ENG_WANT_RUNNING);
	ck_assert_uint_eq(n_decisions("manual", "advised"), 1);
	/* Another advice is another one. */
	eng_fixture_runs(&f, "manual", 20, true, "0.001", "10");
	analyse();
	analyse();
	ck_assert_uint_eq(n_decisions("manual", "advised"), 2);
	ck_assert_uint_eq(desire("manual")->instances, 1);
}
END_TEST

START_TEST(test_switched_off)
{
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL_OFF, workers);
	eng_fixture_runs(&f, "loser", 20, true, "0.05", "0");
	analyse();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_RUNNING);
	ck_assert_uint_eq(n_decisions("loser", "advised"), 1);
	const json_t *data = eng_fixture_ask(
		&f, "{\"verb\":\"autonomous.set\",\"args\":{\"enabled\":true}}");

	ck_assert(json_is_true(json_object_get(data, "enabled")));
	/* The person's word outlives a restart, and beats the file. */
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL_OFF, workers);
	ck_assert(f.eng.autonomous);
	analyse();
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_KILLED);
	verify();
}
END_TEST

START_TEST(test_dry_run_changes_nothing)
{
	eng_fixture_runs(&f, "loser", 20, true, "0.05", "0");
	const json_t *data = eng_fixture_ask(
		&f, "{\"verb\":\"autonomous.run\",\"args\":{\"dry_run\":true}}");
	size_t i;
	json_t *row;
	bool seen = false;

	json_array_foreach(json_object_get(data, "decisions"), i, row)
	{
		if (strcmp(eng_fixture_text(row, "worker"), "loser") != 0)
			continue;
		seen = true;
		ck_assert_str_eq(eng_fixture_text(row, "type"), "kill");
		ck_assert(json_is_null(json_object_get(row, "id")));
	}
	ck_assert(seen);
	ck_assert_int_eq(desire("loser")->want, ENG_WANT_RUNNING);
	ck_assert_uint_eq(n_decisions("loser", "executed"), 0);
}
END_TEST

START_TEST(test_sick_is_paused_and_tried_again)
{
	struct eng_worker *w = eng_worker_find(&f.eng, "auto");

	eng_fixture_runs(&f, "auto", 6, false, "0.05", "0");
	analyse();
	ck_assert_int_eq(desire("auto")->want, ENG_WANT_PAUSED);
	analyse();
	ck_assert_int_eq(desire("auto")->want, ENG_WANT_PAUSED);
	w->desire.since_ns -= INT64_C(3601) * NV_NS_PER_SEC;
	analyse();
	ck_assert_int_eq(desire("auto")->want, ENG_WANT_RUNNING);
	/* The runs before the pause are not held against it again. */
	analyse();
	ck_assert_int_eq(desire("auto")->want, ENG_WANT_RUNNING);
	ck_assert_uint_eq(w->history->n_pauses, 1);
	verify();
}
END_TEST

START_TEST(test_outcome)
{
	struct eng_worker *w = eng_worker_find(&f.eng, "auto");
	const json_t *data;
	char request[200];

	eng_fixture_runs(&f, "auto", 20, true, "0.05", "0.20");
	analyse();
	uint64_t id = w->history->last->id;

	w->history->last->executed_ns -= INT64_C(7200) * NV_NS_PER_SEC;
	eng_fixture_runs(&f, "auto", 20, true, "0.05", "0.20");
	f.eng.desires_sent = true;
	/* The tick of the loop sees that it is due. */
	for (int i = 0; i < 40 && w->history->last; i++)
		ev_run(f.eng.loop, EVRUN_ONCE);
	ck_assert_ptr_null(w->history->last);
	(void)snprintf(request, sizeof request,
		"{\"verb\":\"explain\",\"args\":{\"id\":%llu}}", (unsigned long long)id);
	data = eng_fixture_ask(&f, request);
	ck_assert_ptr_nonnull(data);
	ck_assert_ptr_nonnull(
		json_object_get(json_object_get(data, "decision"), "outcome"));
	ck_assert_ptr_nonnull(strstr(eng_fixture_text(data, "text"), "Outcome: "));
	restart();
	ck_assert_ptr_null(eng_worker_find(&f.eng, "auto")->history->last);
	ck_assert_int_gt(eng_worker_find(&f.eng, "auto")->changed_ns, 0);
	verify();
}
END_TEST

/* ---- budgets ---- */

#define CAPPED "max_daily_budget: $10\nprices: {cpu_second: $0, gib_hour: $0}\n"

static const char *const capped[] = {"worker: a\ncommand: [a]\nbudget: {daily: $2}\n",
	"worker: b\ncommand: [a]\n",
	"worker: c\ncommand: [a]\nbudget: {per_run: $0.10}\n", NULL};

START_TEST(test_daily_caps)
{
	struct eng_worker *a;
	struct eng_worker *b;

	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	a = eng_worker_find(&f.eng, "a");
	b = eng_worker_find(&f.eng, "b");
	eng_fixture_runs(&f, "a", 3, true, "0.50", "0");
	eng_fixture_turn(&f);
	ck_assert(!a->budget_paused); /* 1.50, the next run fits exactly */
	eng_fixture_runs(&f, "a", 1, true, "0.20", "0");
	eng_fixture_turn(&f);
	ck_assert_msg(a->budget_paused, "1.70 spent, a run may cost 0.50");
	ck_assert(!b->budget_paused);
	ck_assert_str_eq(eng_worker_state(a), "paused");
	eng_fixture_runs(&f, "b", 1, true, "8.30", "0");
	eng_fixture_turn(&f);
	ck_assert(b->budget_paused);
	ck_assert_ptr_nonnull(strstr(b->budget_reason, "daily budget of the fleet"));
	/* It follows from the ledger: a restart changes nothing. */
	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	ck_assert(eng_worker_find(&f.eng, "a")->budget_paused);
	ck_assert(eng_worker_find(&f.eng, "b")->budget_paused);
	ck_assert_int_eq(eng_worker_find(&f.eng, "b")->desire.want, ENG_WANT_RUNNING);
	/* The day ends. */
	a = eng_worker_find(&f.eng, "a");
	for (struct eng_worker *w = f.eng.workers; w; w = w->next)
		w->day_base_cost = w->totals.cost;
	eng_enforce(&f.eng);
	ck_assert(!a->budget_paused);
	verify();
}
END_TEST

START_TEST(test_one_large_bill)
{
	struct eng_worker *a;

	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	a = eng_worker_find(&f.eng, "a");
	for (int i = 0; i < 5; i++) {
		eng_fixture_runs(&f, "a", 1, true, i == 2 ? "5.00" : "0.01", "0");
		eng_fixture_turn(&f);
	}
	ck_assert(a->budget_paused);
	/* The next day it has room for its usual runs, and makes them. */
	a->day_base_cost = a->totals.cost;
	eng_enforce(&f.eng);
	ck_assert_msg(!a->budget_paused, "%s", a->budget_reason);
}
END_TEST

static void
track(const char *kind, const char *worker, const char *amount, const char *currency)
{
	char request[300];

	(void)snprintf(request, sizeof request,
		"{\"verb\":\"track\",\"args\":{\"kind\":\"%s\",\"worker\":\"%s\","
		"\"amount\":\"%s\",\"currency\":\"%s\"}}",
		kind, worker, amount, currency);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f, request));
	eng_fixture_turn(&f);
}

/* What nobody can count is held against no budget: the worker waits for the rate, and
 * then everything is right without a change of the ledger. */
START_TEST(test_costs_without_a_rate)
{
	const struct eng_worker *a;
	const struct eng_worker *b;

	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	a = eng_worker_find(&f.eng, "a");
	b = eng_worker_find(&f.eng, "b"); /* has no cap of its own */
	track("revenue", "b", "50", "GBP");
	ck_assert(!b->budget_paused);
	ck_assert_str_eq(b->uncounted.codes, "GBP");
	ck_assert_str_eq(b->uncounted.costs, "");
	track("cost", "b", "1.50", "EUR");
	ck_assert(b->budget_paused && !a->budget_paused);
	ck_assert_str_eq(b->budget_reason,
		"costs in EUR cannot be counted: declare its rate under currencies:");
	ck_assert_str_eq(b->uncounted.codes, "GBP, EUR");
	ck_assert(b->totals.cost == 0 && b->totals.revenue == 0);
	track("cost", "b", "1", "JPY"); /* the reason follows */
	ck_assert_ptr_nonnull(strstr(b->budget_reason, "costs in EUR, JPY cannot"));
	/* A restart knows it again. */
	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	ck_assert(eng_worker_find(&f.eng, "b")->budget_paused);
	eng_fixture_close(&f);
	eng_fixture_open(&f,
		CAPPED "currencies: {EUR: 2 USD, JPY: 0.01 USD, GBP: 3 USD}\n", capped);
	b = eng_worker_find(&f.eng, "b");
	ck_assert_msg(!b->budget_paused, "%s", b->budget_reason);
	ck_assert_str_eq(b->uncounted.codes, "");
	ck_assert(b->totals.cost == (nv_i128)3010000000);
	ck_assert(b->totals.revenue == (nv_i128)150 * NV_MONEY_SCALE);
	ck_assert(eng_spent_today(&f.eng) == (nv_i128)3010000000);
	verify();
}
END_TEST

START_TEST(test_many_currencies)
{
	static const char *const codes[] = {"AED", "AFN", "ALL", "AMD", "AOA", "ARS",
		"AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD", "BIF", "BMD", "BND"};
	const struct eng_worker *b;

	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	b = eng_worker_find(&f.eng, "b");
	for (size_t i = 0; i < NV_LEN(codes); i++)
		track("cost", "b", "1", codes[i]);
	ck_assert_str_eq(b->uncounted.costs,
		"AED, AFN, ALL, AMD, AOA, ARS, AUD, AWG, AZN, BAM, BBD, BDT, ...");
	ck_assert_ptr_nonnull(strstr(b->budget_reason, "under currencies:"));
}
END_TEST

START_TEST(test_per_run_cap)
{
	struct eng_worker *c;

	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	c = eng_worker_find(&f.eng, "c");
	eng_fixture_turn(&f);
	eng_fixture_runs(&f, "c", 1, true, "0.10", "0");
	eng_fixture_turn(&f);
	ck_assert_int_eq(c->desire.want, ENG_WANT_RUNNING);
	eng_fixture_runs(&f, "c", 1, true, "0.11", "0");
	eng_fixture_turn(&f);
	ck_assert_int_eq(c->desire.want, ENG_WANT_PAUSED);
	ck_assert_str_eq(c->desire.by, "budget");
	eng_fixture_close(&f);
	eng_fixture_open(&f, CAPPED, capped);
	c = eng_worker_find(&f.eng, "c");
	ck_assert_int_eq(c->desire.want, ENG_WANT_PAUSED);
	/* Policy leaves it alone; a person resumes it. */
	analyse();
	ck_assert_int_eq(c->desire.want, ENG_WANT_PAUSED);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"workers.set\",\"args\":{\"workers\":[\"c\"],"
		"\"action\":\"resume\"}}"));
	eng_fixture_turn(&f);
	ck_assert_int_eq(c->desire.want, ENG_WANT_RUNNING);
}
END_TEST

START_TEST(test_held)
{
	struct nv_eng_held held = {.worker = "auto", .uid = 12, .wall_ns = nv_wall_ns()};

	eng_fleet_held(&f.eng, &held);
	ck_assert_int_eq(desire("auto")->want, ENG_WANT_STOPPED);
	ck_assert_str_eq(desire("auto")->by, "uid 12");
	restart();
	ck_assert_int_eq(desire("auto")->want, ENG_WANT_STOPPED);
	/* An older wish does not undo a newer one. */
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"workers.set\",\"args\":{\"workers\":[\"auto\"],"
		"\"action\":\"start\"}}"));
	eng_fleet_held(&f.eng, &held);
	ck_assert_int_eq(desire("auto")->want, ENG_WANT_RUNNING);
}
END_TEST

/* ---- killed in the middle ---- */

/* What a child does until it is killed: run, propose, approve, again and again. It tells
 * through the pipe when it has done the first of it. */
static void
child(int told)
{
	for (;; nv_fd_close(&told)) {
		struct nv_err err = {0};
		json_t *json = NULL;
		struct eng_worker *big = eng_worker_find(&f.eng, "big");
		uint64_t id = open_id("big");

		if (id == 0) {
			struct eng_history *h = eng_history_of(big);

			memset(h->denied_until_ns, 0, sizeof h->denied_until_ns);
			big->changed_ns = 0; /* no cooldown: as fast as it goes */
			big->desire.instances = 1;
			eng_fixture_runs(&f, "big", 20, true, "0.0001", "0.01");
			(void)eng_decide_analyse(&f.eng, false, NULL, &err);
		} else if (id % 3 == 0) {
			(void)eng_decide_deny(&f.eng, id, "uid 1", NULL, &json, &err);
		} else {
			(void)eng_decide_approve(&f.eng, id, "uid 1", &json, &err);
		}
		json_decref(json);
	}
}

struct chain {
	uint64_t id;
	unsigned proposed;
	unsigned approved;
	unsigned denied;
	unsigned executed;
	unsigned desires;
};

struct chains {
	struct chain list[20000];
	size_t n;
};

static struct chain *
chain_of(struct chains *cs, uint64_t id)
{
	for (size_t i = cs->n; i-- > 0;) {
		if (cs->list[i].id == id)
			return &cs->list[i];
	}
	ck_assert_uint_lt(cs->n, NV_LEN(cs->list));
	cs->list[cs->n] = (struct chain){.id = id};
	return &cs->list[cs->n++];
}

static int
see(void *arg, const struct led_event *ev)
{
	struct chains *cs = arg;

	if (ev->kind == LED_DESIRE && ev->ref != 0)
		chain_of(cs, ev->ref)->desires++;
	if (ev->kind != LED_DECISION)
		return 0;
	json_t *o = json_loadb(ev->line, ev->line_bytes, 0, NULL);
	struct chain *c = chain_of(cs, ev->ref ? ev->ref : ev->seq);
	const char *step = eng_fixture_text(o, "step");

	c->proposed += strcmp(step, "proposed") == 0;
	c->approved += strcmp(step, "approved") == 0;
	c->denied += strcmp(step, "denied") == 0;
	c->executed += strcmp(step, "executed") == 0;
	json_decref(o);
	return 0;
}

#define KILLS 40

START_TEST(test_killed_anywhere)
{
	static struct chains cs;
	struct led_view *v = NULL;
	unsigned executed = 0;
	const char *global =
		"max_daily_budget: $100000\napproval_above: $0\n"
		"policy: classic\nautonomous: {enabled: true, interval: 1h}\n";
	unsigned seed = (unsigned)time(NULL);
	const char *fixed = getenv("NOVA_TEST_SEED");

	if (fixed)
		seed = (unsigned)fixed[0] * 7919U;
	eng_fixture_close(&f);
	for (int round = 0; round < KILLS; round++) {
		char end;
		int told[2];

		ck_assert_int_eq(pipe2(told, O_CLOEXEC), 0);
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			leave_check(told[1]);
			eng_fixture_open(&f, global, workers);
			child(told[1]);
		}
		nv_fd_close(&told[1]);
		/* Any time within the first 120 ms, at start as well; every other time of
		 * what comes after a first step, however long that takes here. */
		struct timespec wait = {.tv_nsec = (long)(rand_r(&seed) % 120000000U)};

		if (round % 2)
			ck_assert_int_eq(read(told[0], &end, 1), 0);
		nv_fd_close(&told[0]);
		(void)nanosleep(&wait, NULL);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	}
	eng_fixture_open(&f, global, workers);
	/* Whatever is open can be answered, or is void because the instances are not
	 * what it was asked for (the child pretends to have one). */
	uint64_t id = open_id("big");
	json_t *json = NULL;

	if (id != 0) {
		int rc = eng_decide_deny(&f.eng, id, "uid 1", NULL, &json, NULL);

		ck_assert_msg(rc == 0 || rc == -EALREADY, "deny: %d", rc);
	}
	json_decref(json);
	ck_assert_int_eq(led_view_begin(f.eng.led, &v, NULL), 0);
	cs.n = 0;
	ck_assert_int_eq(led_view_events(v, 1, false, see, &cs), 0);
	led_view_end(v);
	for (size_t i = 0; i < cs.n; i++) {
		const struct chain *c = &cs.list[i];

		ck_assert_uint_eq(c->proposed, 1);
		ck_assert_uint_le(c->executed, 1);
		ck_assert_uint_eq(c->desires, c->executed);
		ck_assert_uint_eq(c->approved, c->executed);
		ck_assert_uint_le(c->denied + c->executed, 1);
		executed += c->executed;
	}
	(void)fprintf(stderr, "# %zu decisions, %u executed, %d kills\n", cs.n, executed,
		KILLS);
	ck_assert_uint_gt(cs.n, 0);
	verify();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("decide");
	TCase *c = tcase_create("decisions");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_automatic);
	tcase_add_test(c, test_kill_is_remembered);
	tcase_add_test(c, test_approval);
	tcase_add_test(c, test_denied_for_a_week);
	tcase_add_test(c, test_void_when_it_does_not_hold);
	tcase_add_test(c, test_void_when_changed_by_a_person);
	tcase_add_test(c, test_expires);
	tcase_add_test(c, test_advice_once);
	tcase_add_test(c, test_switched_off);
	tcase_add_test(c, test_dry_run_changes_nothing);
	tcase_add_test(c, test_sick_is_paused_and_tried_again);
	tcase_add_test(c, test_outcome);
	tcase_add_test(c, test_daily_caps);
	tcase_add_test(c, test_one_large_bill);
	tcase_add_test(c, test_costs_without_a_rate);
	tcase_add_test(c, test_many_currencies);
	tcase_add_test(c, test_per_run_cap);
	tcase_add_test(c, test_held);
	tcase_add_test(c, test_killed_anywhere);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
