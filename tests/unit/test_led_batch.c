/* What a batch accepts and what it does: totals, ids, streams, states, names, clocks. */
#include "led_open.h"
#include "run_suite.h"
#include "store.h"

static void
reopen(void)
{
	led_close(led);
	led = open_with(0);
}

START_TEST(empty)
{
	struct led_totals t = window(led, NULL, 0, INT64_MAX);
	struct led_stats s = stats(led);
	struct led_batch *b = begin(led, T0);

	ck_assert_uint_eq(t.events, 0);
	ck_assert_uint_eq(s.events + s.batches + s.quarantined + s.streams, 0);
	commit(b); /* nothing in it: nothing is written */
	ck_assert_uint_eq(stats(led).batches, 0);
	led_batch_abort(NULL);
	led_view_end(NULL);
	ck_assert_uint_eq(verify_clean(), 0);
}
END_TEST

START_TEST(totals_of_each_kind)
{
	static const struct {
		enum led_kind kind;
		enum led_code code;
		int64_t nano;
	} moves[] = {
		{LED_COST, LED_CODE_COST, 20000000},
		{LED_COMPUTE, LED_CODE_COST, 1},
		{LED_REVENUE, LED_CODE_REVENUE, 50 * NV_MONEY_SCALE},
		{LED_REFUND, LED_CODE_REFUND, 5 * NV_MONEY_SCALE},
		{LED_FEE, LED_CODE_FEE, 300000000},
		{LED_DISPUTE, LED_CODE_DISPUTE, 10 * NV_MONEY_SCALE},
		{LED_DISPUTE, LED_CODE_DISPUTE_WON, 4 * NV_MONEY_SCALE},
		{LED_DISPUTE, LED_CODE_DISPUTE_LOST, 6 * NV_MONEY_SCALE},
		{LED_PAYOUT, LED_CODE_PAYOUT, 30 * NV_MONEY_SCALE},
	};
	struct led_batch *b = begin(led, T0);
	uint32_t w = led_batch_worker_id(b, "w1");
	uint32_t usd = led_batch_currency_id(b, "USD");

	for (size_t i = 0; i < NV_LEN(moves); i++) {
		struct led_event ev = plain_event(moves[i].kind, w, "{}");

		ck_assert_int_eq(led_batch_post(b, &ev, moves[i].code, "stripe", 6,
					 moves[i].nano, usd),
			0);
		add(b, &ev);
	}
	struct led_event run = plain_event(LED_RUN, w, "{}");

	run.flags = LED_F_OK;
	run.duration_ms = 1500;
	add(b, &run);
	run.flags = 0;
	add(b, &run);
	struct led_event died = plain_event(LED_EXIT, w, "{}");

	add(b, &died);
	died.flags = LED_F_CRASH;
	add(b, &died);
	ck_assert_int_eq(led_batch_heartbeats(b, w, 3), 0);
	ck_assert_int_eq(led_batch_heartbeats(b, w, 4), 0);
	ck_assert_int_eq(led_batch_quarantine(b, 0, 0, w, "not JSON", "x", 1), 0);
	commit(b);
	for (int round = 0; round < 2; round++) {
		struct led_totals t = window(led, "w1", 0, INT64_MAX);

		ck_assert_money_eq(t.cost, 20000001);
		ck_assert_money_eq(t.revenue, (nv_i128)50 * NV_MONEY_SCALE);
		ck_assert_money_eq(t.refunds, (nv_i128)5 * NV_MONEY_SCALE);
		ck_assert_money_eq(t.fees, 300000000);
		ck_assert_money_eq(t.disputes, (nv_i128)6 * NV_MONEY_SCALE);
		ck_assert_money_eq(t.payouts, (nv_i128)30 * NV_MONEY_SCALE);
		ck_assert_uint_eq(t.runs_ok, 1);
		ck_assert_uint_eq(t.runs_failed, 1);
		ck_assert_uint_eq(t.run_ms, 3000);
		ck_assert_uint_eq(t.crashes, 1);
		ck_assert_uint_eq(t.heartbeats, 7);
		ck_assert_uint_eq(t.rejected, 1);
		ck_assert_uint_eq(t.events, 13);
		ck_assert_uint_eq(t.seq_last, 13);
		reopen();
	}
}
END_TEST

/* Amounts past 64 bits add up exactly. */
START_TEST(balances_are_wide)
{
	struct led_batch *b = begin(led, T0);

	for (int i = 0; i < 5; i++)
		add_cost(b, "w1", NV_MONEY_MAX, NULL);
	commit(b);
	struct led_totals t = window(led, "w1", 0, INT64_MAX);

	ck_assert_money_eq(t.cost, (nv_i128)NV_MONEY_MAX * 5);
}
END_TEST

START_TEST(windows)
{
	/* Minutes 0, 0, 1, 90, a day later. */
	static const int64_t at[] = {0, 30 * SEC, 60 * SEC, 90 * MIN, DAY + 5 * SEC};

	for (size_t i = 0; i < NV_LEN(at); i++) {
		struct led_batch *b = begin(led, T0 + at[i]);

		add_cost(b, "w1", 1 << i, NULL);
		add_cost(b, "w2", 1000, NULL);
		commit(b);
	}
	static const struct {
		int64_t from;
		int64_t to;
		int64_t cost;
	} cases[] = {
		{0, INT64_MAX, 31},
		{INT64_MIN, INT64_MAX, 31},
		{T0, T0 + DAY, 15},
		{T0 + DAY, INT64_MAX, 16},
		{T0, T0 + MIN, 3},
		{T0 + 30 * SEC, T0 + MIN, 3}, /* edges are whole minutes */
		{T0, T0 + 61 * SEC, 7},
		{T0 + MIN, T0 + 2 * MIN, 4},
		{T0 + 2 * MIN, T0 + 90 * MIN, 0},
		{T0 + 90 * MIN, T0 + 91 * MIN, 8},
		{T0 + 2 * DAY, INT64_MAX, 0},
		{T0 + DAY, T0, 0}, /* ends before it starts */
		{0, T0, 0},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct led_totals t = window(led, "w1", cases[i].from, cases[i].to);

		ck_assert_msg(t.cost == cases[i].cost, "case %zu", i);
	}
	ck_assert_money_eq(window(led, NULL, 0, INT64_MAX).cost, 5031);
	ck_assert_uint_eq(window(led, NULL, T0, T0 + MIN).events, 4);
	struct led_view *v = view(led);
	struct led_totals t;

	ck_assert_int_eq(led_view_window(v, 99, 1, 0, INT64_MAX, &t), -ENOENT);
	ck_assert_int_eq(led_view_window(v, 1, 0, 0, INT64_MAX, &t), 0);
	ck_assert_uint_eq(t.events, 5);
	ck_assert_money_eq(t.cost, 0);
	led_view_end(v);
}
END_TEST

START_TEST(clock_going_back)
{
	struct led_batch *b = begin(led, T0 + DAY);

	add_cost(b, "w1", 1, NULL);
	commit(b);
	b = begin(led, T0); /* the clock was set back: still counted, not in the past */
	add_cost(b, "w1", 2, NULL);
	commit(b);
	ck_assert_money_eq(window(led, "w1", 0, T0 + HOUR).cost, 0);
	ck_assert_money_eq(window(led, "w1", T0 + DAY, INT64_MAX).cost, 3);
	reopen();
	b = begin(led, 0);
	add_cost(b, "w1", 4, NULL);
	commit(b);
	ck_assert_money_eq(window(led, "w1", T0 + DAY, INT64_MAX).cost, 7);
}
END_TEST

/* ---- ids ---- */

struct id_case {
	const char *worker;
	const char *said_by;
	const char *id;
	int64_t nano;
	const char *category;
	const char *line;
	int rc; /* 0 new, 1 duplicate, -EEXIST */
};

static int
add_id(struct led_batch *b, const struct id_case *c, uint64_t *ret_seq)
{
	struct led_event ev =
		plain_event(LED_REVENUE, led_batch_worker_id(b, c->worker), c->line);

	if (c->said_by)
		ev.said_by = led_batch_worker_id(b, c->said_by);
	set_category(&ev, c->category);
	set_id(&ev, c->id);
	ck_assert_int_eq(
		led_batch_post(b, &ev, LED_CODE_REVENUE, c->category, strlen(c->category),
			c->nano, led_batch_currency_id(b, "USD")),
		0);
	return led_batch_event(b, &ev, ret_seq);
}

START_TEST(ids)
{
	static const struct id_case cases[] = {
		{"w1", NULL, "a", 100, "s", "{1}", 0},
		{"w1", NULL, "a", 100, "s", "{1}", 1},
		{"w1", NULL, "a", 100, "s", "{2}", 1}, /* same money, other words */
		{"w1", NULL, "a", 101, "s", "{1}", 1}, /* same words: priced anew */
		{"w1", NULL, "a", 101, "s", "{2}", -EEXIST},
		{"w1", NULL, "a", 100, "t", "{2}", -EEXIST},
		{"w2", NULL, "a", 100, "s", "{1}", 0}, /* another's id */
		{"w1", NULL, "b", 100, "s", "{1}", 0},
		{"w1", "p", "a", 100, "s", "{1}", 0}, /* said by a platform worker */
		{"w2", "p", "a", 100, "s", "{1}",
			-EEXIST}, /* ... that now credits another */
		{"w1", "p", "a", 100, "s", "{1}", 1},
	};

	/* All in one batch, then each in its own, then in a ledger opened anew. */
	for (int round = 0; round < 3; round++) {
		struct led_batch *b = begin(led, T0);

		for (size_t i = 0; i < NV_LEN(cases); i++) {
			uint64_t seq = 0;
			int rc = add_id(b, &cases[i], &seq);
			int expected = cases[i].rc == 0 && round > 0 ? 1 : cases[i].rc;

			ck_assert_msg(
				rc == expected, "round %d case %zu: %d", round, i, rc);
			if (rc >= 0)
				ck_assert_uint_gt(seq, 0);
			if (round == 1) {
				commit(b);
				b = begin(led, T0);
			}
		}
		commit(b);
		if (round == 1)
			reopen();
	}
	ck_assert_uint_eq(stats(led).events, 4);
	/* 4, then 8 and 8: what was new the first time is a duplicate afterwards. */
	ck_assert_uint_eq(stats(led).duplicates_refused, 20);
	ck_assert_money_eq(window(led, NULL, 0, INT64_MAX).revenue, 400);
}
END_TEST

START_TEST(ids_of_an_aborted_batch_are_free)
{
	static const struct id_case c = {"w1", NULL, "a", 100, "s", "{1}", 0};
	struct led_batch *b = begin(led, T0);
	uint64_t seq;

	ck_assert_int_eq(add_id(b, &c, &seq), 0);
	led_batch_abort(b);
	b = begin(led, T0);
	ck_assert_int_eq(add_id(b, &c, &seq), 0);
	ck_assert_uint_eq(seq, 1);
	commit(b);
}
END_TEST

/* A metric has no legs: only the very same line is the same. */
START_TEST(ids_without_money)
{
	struct led_batch *b = begin(led, T0);
	struct led_event ev =
		plain_event(LED_METRIC, led_batch_worker_id(b, "w1"), "{5}");
	uint64_t seq;

	set_id(&ev, "m");
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 1);
	ev.line = "{6}";
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), -EEXIST);
	commit(b);
}
END_TEST

/* ---- streams ---- */

static struct led_event
stream_event(struct led_batch *b, uint64_t stream, uint64_t offset)
{
	struct led_event ev =
		plain_event(LED_METRIC, led_batch_worker_id(b, "w1"), "{12345}");

	ev.stream = stream;
	ev.stream_offset = offset;
	return ev;
}

static int
commit_at(struct led_batch *b, uint64_t stream, uint64_t offset,
	enum led_stream_state state)
{
	struct led_stream row = {.stream_id = stream, .offset = offset, .state = state};
	struct nv_err err = {0};

	ck_assert_int_eq(led_batch_stream(b, &row), 0);
	int rc = led_batch_commit(b, &err);

	ck_assert_msg((rc != 0) == (err.text[0] != '\0'), "%d %s", rc, err.text);
	return rc;
}

START_TEST(streams)
{
	struct led_batch *b = begin(led, T0);
	struct led_event ev = stream_event(b, 5, 0);

	add(b, &ev);
	ck_assert_int_eq(led_batch_commit(b, NULL), -EINVAL); /* without its offset */
	b = begin(led, T0);
	ev = stream_event(b, 5, 0);
	add(b, &ev);
	ck_assert_int_eq(
		commit_at(b, 5, 6, LED_STREAM_OPEN), -EINVAL); /* before its end */
	ck_assert_uint_eq(stats(led).batches, 0);
	b = begin(led, T0);
	ev = stream_event(b, 5, 0);
	add(b, &ev);
	ck_assert_int_eq(commit_at(b, 5, 8, LED_STREAM_OPEN), 0);
	b = begin(led, T0);
	ev = stream_event(b, 5, 0); /* the same bytes again */
	add(b, &ev);
	ck_assert_int_eq(commit_at(b, 5, 16, LED_STREAM_OPEN), -EINVAL);
	b = begin(led, T0);
	ck_assert_int_eq(commit_at(b, 5, 7, LED_STREAM_OPEN), -EINVAL); /* back */
	b = begin(led, T0);
	ck_assert_int_eq(led_batch_quarantine(b, 5, 8, 0, "bad", "x", 1), 0);
	ck_assert_int_eq(commit_at(b, 5, 10, LED_STREAM_CLOSED), 0);
	b = begin(led, T0);
	ck_assert_int_eq(
		commit_at(b, 5, 10, LED_STREAM_OPEN), -EINVAL); /* it is closed */
	b = begin(led, T0);
	ck_assert_int_eq(commit_at(b, 5, 11, LED_STREAM_CLOSED), -EINVAL);
	b = begin(led, T0);
	ck_assert_int_eq(
		commit_at(b, 5, 10, LED_STREAM_CLOSED), 0); /* booked its CPU, say */
	struct led_view *v = view(led);
	struct led_stream row;

	ck_assert_int_eq(led_view_stream(v, 5, &row), 0);
	ck_assert_uint_eq(row.offset, 10);
	ck_assert_int_eq(row.state, LED_STREAM_CLOSED);
	ck_assert_int_eq(led_view_stream(v, 6, &row), -ENOENT);
	led_view_end(v);
	ck_assert_uint_eq(stats(led).events, 1);
	ck_assert_uint_eq(stats(led).streams, 1);
}
END_TEST

/* One journal line can be two events; what the engine says itself has no offset. */
START_TEST(two_events_of_a_line)
{
	struct led_batch *b = begin(led, T0);
	struct led_event ev = stream_event(b, 5, 0);

	ev.kind = LED_EXIT;
	add(b, &ev);
	ev.kind = LED_STATE;
	add(b, &ev);
	ev.kind = LED_DECISION;
	ev.stream = 6;
	add(b, &ev);
	ck_assert_int_eq(commit_at(b, 5, 8, LED_STREAM_OPEN), 0);
}
END_TEST

START_TEST(quarantine)
{
	static char big[100000];
	struct led_batch *b = begin(led, T0);

	memset(big, 'x', sizeof(big));
	ck_assert_int_eq(led_batch_quarantine(b, 0, 0, 0, "first", NULL, 0), 0);
	ck_assert_int_eq(led_batch_quarantine(b, 0, 7, led_batch_worker_id(b, "w1"),
				 "too long", big, sizeof(big)),
		0);
	ck_assert_int_eq(
		led_batch_quarantine(b, 0, 0, 99, "no such worker", "", 0), -EINVAL);
	commit(b);
	struct led_totals t = window(led, "w1", 0, INT64_MAX);

	ck_assert_uint_eq(t.rejected, 1);
	ck_assert_uint_eq(window(led, NULL, 0, INT64_MAX).rejected, 2);
	ck_assert_uint_eq(stats(led).quarantined, 2);
}
END_TEST

/* ---- states ---- */

static int
see_state(void *arg, const char *key, const void *value, size_t bytes)
{
	char *out = arg;
	size_t n = strlen(out);

	(void)snprintf(
		out + n, 200 - n, "%s=%.*s;", key, (int)bytes, (const char *)value);
	return 0;
}

START_TEST(states)
{
	struct led_batch *b = begin(led, T0);
	char all[200] = "";
	const void *value;
	size_t bytes;

	ck_assert_int_eq(led_batch_state_put(b, "desire/w1", "{1}", 3), -EINVAL);
	struct led_event ev =
		plain_event(LED_DESIRE, led_batch_worker_id(b, "w1"), "{1}");

	add(b, &ev);
	ck_assert_int_eq(led_batch_state_put(b, "desire/w1", "{2}", 3), -EINVAL);
	ck_assert_int_eq(led_batch_state_put(b, "", "{1}", 3), -EINVAL);
	ck_assert_int_eq(led_batch_state_put(b, "desire/w1", "{1}", 3), 0);
	ck_assert_int_eq(led_batch_state_put(b, "desire/w2", "{1}", 3), 0);
	ck_assert_int_eq(led_batch_state_put(b, "decision/1", "{1}", 3), 0);
	ev.line = "{22}";
	ev.line_bytes = 4;
	add(b, &ev);
	ck_assert_int_eq(led_batch_state_put(b, "desire/w1", "{22}", 4), 0);
	commit(b);
	for (int round = 0; round < 2; round++) {
		struct led_view *v = view(led);

		ck_assert_int_eq(led_view_state(v, "desire/w1", &value, &bytes), 0);
		ck_assert_mem_eq(value, "{22}", 4);
		ck_assert_int_eq(led_view_state(v, "desire/w3", &value, &bytes), -ENOENT);
		all[0] = '\0';
		ck_assert_int_eq(led_view_states(v, "desire/", see_state, all), 0);
		ck_assert_str_eq(all, "desire/w1={22};desire/w2={1};");
		led_view_end(v);
		reopen();
	}
}
END_TEST

/* ---- names ---- */

START_TEST(names)
{
	struct led_batch *b = begin(led, T0);
	char name[NV_NAME_MAX];

	ck_assert_uint_eq(led_batch_worker_id(b, "w1"), 1);
	ck_assert_uint_eq(led_batch_worker_id(b, "w1"), 1);
	ck_assert_uint_eq(led_batch_worker_id(b, "Not A Name"), 0);
	ck_assert_uint_eq(led_batch_currency_id(b, "usd"), 0);
	ck_assert_uint_eq(led_batch_account_id(b, "a::b"), 0);
	led_batch_abort(b);
	b = begin(led, T0);
	ck_assert_uint_eq(led_batch_worker_id(b, "w2"), 1); /* the abort took w1 back */
	ck_assert_uint_eq(led_batch_currency_id(b, "EUR"), 1);
	ck_assert_uint_eq(led_batch_account_id(b, "Equity:Opening"), 1);
	commit(b); /* names alone are worth a batch */
	reopen();
	struct led_view *v = view(led);

	ck_assert_uint_eq(led_view_n_workers(v), 1);
	ck_assert_uint_eq(led_view_n_currencies(v), 1);
	ck_assert_uint_eq(led_view_worker_id(v, "w2"), 1);
	ck_assert_uint_eq(led_view_worker_id(v, "w1"), 0);
	ck_assert_int_eq(led_view_worker_name(v, 1, name), 0);
	ck_assert_str_eq(name, "w2");
	ck_assert_int_eq(led_view_worker_name(v, 2, name), -ENOENT);
	led_view_end(v);
	b = begin(led, T0);
	ck_assert_uint_eq(led_batch_worker_id(b, "w2"), 1);
	ck_assert_uint_eq(led_batch_worker_id(b, "w3"), 2);
	led_batch_abort(b);
}
END_TEST

START_TEST(abort_leaves_nothing)
{
	struct led_batch *b = begin(led, T0);

	add_cost(b, "w1", 5, "a");
	led_batch_abort(b);
	ck_assert_uint_eq(stats(led).batches, 0);
	b = begin(led, T0);
	struct led_event ev = plain_event(LED_METRIC, 1, "{}");

	ck_assert_int_eq(
		led_batch_event(b, &ev, NULL), -EINVAL); /* worker 1 is unknown */
	add_cost(b, "w2", 7, "a");
	commit(b);
	ck_assert_money_eq(window(led, NULL, 0, INT64_MAX).cost, 7);
}
END_TEST

START_TEST(posts_refused)
{
	struct led_batch *b = begin(led, T0);
	struct led_event ev = plain_event(LED_COST, 0, "{}");
	uint32_t usd = led_batch_currency_id(b, "USD");

	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, "v", 1, 1, usd), -EINVAL);
	ck_assert_int_eq(
		led_batch_post(b, &ev, LED_CODE_REFUND, "v", 1, 1, usd), -EINVAL);
	ev.worker = led_batch_worker_id(b, "w1");
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, "v", 1, 0, usd), -EINVAL);
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, "v", 1, -1, usd), -EINVAL);
	ck_assert_int_eq(
		led_batch_post(b, &ev, LED_CODE_COST, "v", 1, 1, usd + 1), -EINVAL);
	ck_assert_int_eq(
		led_batch_post(b, &ev, (enum led_code)99, "v", 1, 1, usd), -EINVAL);
	for (int i = 0; i < LED_LEGS_MAX; i++)
		ck_assert_int_eq(
			led_batch_post(b, &ev, LED_CODE_COST, NULL, 0, 1, usd), 0);
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, NULL, 0, 1, usd), -E2BIG);
	add(b, &ev);
	commit(b);
}
END_TEST

/* ---- categories ---- */

struct category_sum {
	const char *category;
	nv_i128 nano;
	uint64_t events;
	unsigned calls;
};

static int
see_category(void *arg, uint32_t worker, uint32_t currency, const char *category,
	nv_i128 nano, uint64_t events)
{
	struct category_sum *sum = arg;

	ck_assert_uint_gt(worker, 0);
	ck_assert_uint_eq(currency, 1);
	if (strcmp(category, sum->category) == 0) {
		sum->nano += nano;
		sum->events += events;
		sum->calls++;
	}
	return 0;
}

static struct category_sum
category(uint32_t worker, enum led_code code, int64_t from, int64_t to, const char *name)
{
	struct category_sum sum = {.category = name};
	struct led_view *v = view(led);

	ck_assert_int_eq(
		led_view_categories(v, worker, code, from, to, see_category, &sum), 0);
	led_view_end(v);
	return sum;
}

START_TEST(categories)
{
	static const char *const kinds[] = {"llm", "", "email", "llm"};

	for (unsigned i = 0; i < 8; i++) {
		struct led_batch *b = begin(led, T0 + (int64_t)i * 30 * MIN);
		struct led_event ev = plain_event(
			LED_COST, led_batch_worker_id(b, i % 2 ? "w2" : "w1"), "{}");
		uint32_t usd = led_batch_currency_id(b, "USD");

		if (kinds[i % 4][0])
			set_category(&ev, kinds[i % 4]);
		ck_assert_int_eq(
			led_batch_post(b, &ev, LED_CODE_COST, "v", 1, 1 << i, usd), 0);
		add(b, &ev);
		commit(b);
	}
	/* w1: llm 1, email 4, llm 16, email 64; w2: none 2, llm 8, none 32, llm 128. */
	ck_assert_money_eq(category(1, LED_CODE_COST, 0, INT64_MAX, "llm").nano, 17);
	ck_assert_money_eq(category(2, LED_CODE_COST, 0, INT64_MAX, "llm").nano, 136);
	ck_assert_money_eq(category(2, LED_CODE_COST, 0, INT64_MAX, "").nano, 34);
	struct category_sum all = category(0, LED_CODE_COST, 0, INT64_MAX, "llm");

	ck_assert_money_eq(all.nano, 153);
	ck_assert_uint_eq(all.events, 4);
	ck_assert_uint_eq(all.calls, 2);
	/* The second hour: events 2 and 3. */
	ck_assert_money_eq(
		category(0, LED_CODE_COST, T0 + HOUR, T0 + 2 * HOUR, "llm").nano, 8);
	ck_assert_money_eq(
		category(0, LED_CODE_COST, T0 + HOUR, T0 + 2 * HOUR, "email").nano, 4);
	ck_assert_uint_eq(category(0, LED_CODE_REVENUE, 0, INT64_MAX, "llm").calls, 0);
	ck_assert_uint_eq(category(3, LED_CODE_COST, 0, INT64_MAX, "llm").calls, 0);
}
END_TEST

/* ---- walks ---- */

struct seqs {
	uint64_t seen[16];
	unsigned n;
	unsigned stop_after;
};

static int
see_event(void *arg, const struct led_event *ev)
{
	struct seqs *s = arg;

	s->seen[s->n++] = ev->seq;
	return s->n == s->stop_after ? 42 : 0;
}

START_TEST(walks)
{
	struct led_batch *b = begin(led, T0);

	for (int i = 0; i < 10; i++)
		add_cost(b, "w1", 1, NULL);
	commit(b);
	struct led_view *v = view(led);
	struct seqs s = {0};

	ck_assert_int_eq(led_view_events(v, 8, false, see_event, &s), 0);
	ck_assert_uint_eq(s.n, 3);
	ck_assert_uint_eq(s.seen[0], 8);
	s = (struct seqs){.stop_after = 2};
	ck_assert_int_eq(led_view_events(v, 0, true, see_event, &s), 42);
	ck_assert_uint_eq(s.seen[0], 10);
	ck_assert_uint_eq(s.seen[1], 9);
	s = (struct seqs){0};
	ck_assert_int_eq(led_view_events(v, 3, true, see_event, &s), 0);
	ck_assert_uint_eq(s.n, 3);
	ck_assert_uint_eq(s.seen[2], 1);
	s = (struct seqs){0};
	ck_assert_int_eq(led_view_events(v, 11, false, see_event, &s), 0);
	ck_assert_uint_eq(s.n, 0);
	ck_assert_int_eq(led_view_event(v, 4, see_event, &s), 0);
	ck_assert_int_eq(led_view_event(v, 11, see_event, &s), -ENOENT);
	led_view_end(v);
}
END_TEST

START_TEST(too_many_categories)
{
	char name[32];

	for (unsigned done = 0; done <= LED_OPEN_NAMES_MAX + 1000;) {
		struct led_batch *b = begin(led, T0);
		uint32_t usd = led_batch_currency_id(b, "USD");

		for (int i = 0; i < 5000; i++, done++) {
			struct led_event ev =
				plain_event(LED_COST, led_batch_worker_id(b, "w1"), "{}");

			(void)snprintf(name, sizeof(name), "c%u", done);
			set_category(&ev, name);
			ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, name,
						 strlen(name), 1, usd),
				0);
			add(b, &ev);
		}
		commit(b);
	}
	struct category_sum other = category(1, LED_CODE_COST, 0, INT64_MAX, "(other)");

	ck_assert_uint_gt(other.events, 1000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_batch");
	TCase *tc = tcase_create("batch");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, empty);
	tcase_add_test(tc, totals_of_each_kind);
	tcase_add_test(tc, balances_are_wide);
	tcase_add_test(tc, windows);
	tcase_add_test(tc, clock_going_back);
	tcase_add_test(tc, ids);
	tcase_add_test(tc, ids_of_an_aborted_batch_are_free);
	tcase_add_test(tc, ids_without_money);
	tcase_add_test(tc, streams);
	tcase_add_test(tc, two_events_of_a_line);
	tcase_add_test(tc, quarantine);
	tcase_add_test(tc, states);
	tcase_add_test(tc, names);
	tcase_add_test(tc, abort_leaves_nothing);
	tcase_add_test(tc, posts_refused);
	tcase_add_test(tc, categories);
	tcase_add_test(tc, walks);
	tcase_add_test(tc, too_many_categories);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
