/* The gate inside an engine, line by line: answers, settling, ends; and as a property
 *over random histories with restarts: for every cap, always,
 *
 *	spent + reserved <= limit + what was spent beyond reservations since the last
 *	                            reservation under this cap
 *
 * and nothing is reserved that nobody holds, in memory or in the ledger. */
#include "eng_fixture.h"

#include "book.h"
#include "gate.h"

#include <time.h>

static const char *const workers[] = {
	"worker: a\ncommand: [x]\ngroup: g\nexpected: {cost_per_run: $0.10}\n",
	"worker: b\nkind: service\ncommand: [x]\ngroup: g\nbudget: {hourly: $2}\n",
	"worker: c\nkind: service\ncommand: [x]\n"
	"budget: {total: $4, operations: {llm: $1.5, mail: $1}}\n",
	NULL};

#define GLOBAL \
	"max_daily_budget: $7\nmax_hourly_budget: $6\n" \
	"prices: {cpu_second: $0, gib_hour: $0}\ncurrencies: {EUR: 2 USD}\n" \
	"groups: {g: {budget: {daily: $3}}}\n"

#define STREAMS 6 /* two of each worker */

static struct eng_fixture f;
static struct eng_stream streams[STREAMS];
static struct eng_instance instances[STREAMS];
static uint64_t next_stream;
static char answers[8192]; /* since the last say() */

static struct eng_worker *
worker(size_t i)
{
	static const char *const names[] = {"a", "b", "c"};

	return eng_worker_find(&f.eng, names[i]);
}

static void
stream_open(size_t i)
{
	struct eng_stream *s = &streams[i];

	memset(s, 0, sizeof *s);
	s->eng = &f.eng;
	s->worker = worker(i / 2);
	s->inst = &instances[i];
	instances[i] = (struct eng_instance){.worker = s->worker, .instance = 1};
	s->rec = (struct led_stream){.stream_id = ++next_stream << 24 | 1,
		.instance = 1,
		.generation = 1,
		.state = LED_STREAM_OPEN,
		.opened_ns = nv_wall_ns()};
	nv_buf_init(&s->acks, 65536);
}

/* One commit with these lines of one stream, the last of it when `end`. */
static void
say_all(size_t i, const char *const *lines, size_t n, bool end)
{
	struct eng_stream *s = &streams[i];
	struct eng_txn txn;

	eng_txn_begin(&f.eng, &txn);
	eng_gate_expire(&f.eng, &txn);
	for (size_t k = 0; k < n; k++) {
		s->rec.lines++;
		eng_book_line(&f.eng, &txn, s, s->rec.offset, lines[k], strlen(lines[k]),
			false);
		s->rec.offset += strlen(lines[k]) + 1;
	}
	if (end) {
		eng_gate_stream_over(&f.eng, &txn, s->worker, s->rec.stream_id);
		s->rec.state = LED_STREAM_CLOSED;
	}
	s->rec.worker = eng_txn_worker(&f.eng, &txn, s->worker);
	eng_txn_stream(&f.eng, &txn, &s->rec);
	eng_txn_commit(&f.eng, &txn);
	(void)snprintf(answers, sizeof answers, "%.*s", (int)s->acks.bytes,
		s->acks.data ? s->acks.data : "");
	nv_buf_clear(&s->acks);
	if (end) {
		nv_buf_fini(&s->acks);
		stream_open(i);
	}
}

static const char *
say(size_t i, const char *line)
{
	say_all(i, &line, 1, false);
	return answers;
}

static void
open_streams(void)
{
	for (size_t i = 0; i < STREAMS; i++) {
		nv_buf_fini(&streams[i].acks);
		stream_open(i);
	}
}

static void
setup(void)
{
	eng_fixture_make_dir(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	open_streams();
}

static void
teardown(void)
{
	for (size_t i = 0; i < STREAMS; i++)
		nv_buf_fini(&streams[i].acks);
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

#define USD(x)              ((nv_i128)((x)*1000000000.0 + 0.5)) /* test literals only */
#define ck_says(line, what) ck_assert_msg(strstr(line, what), "%s", answers)

/* ---- one by one ---- */

START_TEST(test_run)
{
	ck_says(say(0, "{\"event\":\"reserve\",\"id\":\"r1\",\"run\":\"r1\"}"),
		"{\"control\":\"reserved\",\"id\":\"r1\",\"amount\":\"0.10\"");
	ck_assert(eng_gate_reserved(&f.eng, worker(0)) == USD(0.1));
	/* Asked again, it is the same. */
	ck_says(say(0, "{\"event\":\"reserve\",\"id\":\"r1\",\"run\":\"r1\"}"),
		"\"reserved\"");
	ck_assert(eng_gate_reserved(&f.eng, NULL) == USD(0.1));
	(void)say(0, "{\"event\":\"cost\",\"amount\":\"0.04\"}");
	ck_assert(eng_gate_reserved(&f.eng, worker(0)) == USD(0.06));
	/* Another instance's cost is not its. */
	(void)say(1, "{\"event\":\"cost\",\"amount\":\"0.01\"}");
	ck_assert(eng_gate_reserved(&f.eng, worker(0)) == USD(0.06));
	(void)say(0, "{\"event\":\"cost\",\"amount\":\"0.09\",\"id\":\"x\"}");
	(void)say(0, "{\"event\":\"cost\",\"amount\":\"0.09\",\"id\":\"x\"}"); /* twice */
	ck_assert(eng_gate_reserved(&f.eng, worker(0)) == 0);
	(void)say(0, "{\"event\":\"run\",\"ok\":true}");
	ck_assert_uint_eq(f.eng.gate->n_open, 0);
	ck_assert(worker(0)->totals.cost == USD(0.14));
	/* Its run has cost 0.13; the next one reserves that. */
	ck_says(say(0, "{\"event\":\"reserve\",\"id\":\"r2\",\"run\":\"r2\"}"),
		"\"amount\":\"0.13\"");
	/* What has ended cannot be had again. */
	(void)say(0, "{\"event\":\"run\",\"ok\":true}");
	ck_says(say(0, "{\"event\":\"reserve\",\"id\":\"r1\",\"run\":\"r1\"}"),
		"\"refused\",\"id\":\"r1\",\"reason\":\"this id was used before\"");
}
END_TEST

START_TEST(test_percentile_of_runs)
{
	char line[100];

	for (int i = 0; i < 60; i++) {
		(void)snprintf(line, sizeof line,
			"{\"event\":\"reserve\",\"id\":\"r%d\",\"run\":\"r%d\"}", i, i);
		ck_says(say(0, line), "\"reserved\"");
		/* Every tenth of the last fifty costs 0.02, one costs 0.05, others 0.01.
		 */
		(void)snprintf(line, sizeof line,
			"{\"event\":\"cost\",\"amount\":\"0.0%d\"}",
			i == 30       ? 5
			: i % 10 == 0 ? 2
				      : 1);
		(void)say(0, line);
		(void)say(0, "{\"event\":\"run\",\"ok\":true}");
	}
	nv_i128 amount;
	nv_i128 usual;

	eng_gate_estimate(worker(0), &amount, &usual);
	ck_assert(amount == USD(0.02));
	ck_assert(usual == USD(0.01));
}
END_TEST

START_TEST(test_operations_currencies_and_release)
{
	ck_says(say(4, "{\"event\":\"reserve\",\"id\":\"m1\",\"amount\":0.4,"
		       "\"currency\":\"EUR\",\"operation\":\"mail\"}"),
		"\"amount\":\"0.40\",\"currency\":\"EUR\"");
	ck_assert(eng_gate_reserved(&f.eng, worker(2)) == USD(0.8));
	ck_says(say(5, "{\"event\":\"reserve\",\"id\":\"m2\",\"amount\":\"0.30\","
		       "\"operation\":\"mail\"}"),
		"its daily budget for mail");
	ck_says(say(5, "{\"event\":\"reserve\",\"id\":\"m3\",\"amount\":\"0.30\","
		       "\"operation\":\"llm\"}"),
		"\"reserved\"");
	(void)say(4, "{\"event\":\"cost\",\"amount\":\"0.1\",\"currency\":\"EUR\","
		     "\"operation\":\"mail\",\"reservation\":\"m1\"}");
	ck_assert(eng_gate_reserved(&f.eng, worker(2)) == USD(0.9));
	/* In another currency it is plain. */
	(void)say(4, "{\"event\":\"cost\",\"amount\":\"0.1\",\"reservation\":\"m1\"}");
	ck_assert(eng_gate_reserved(&f.eng, worker(2)) == USD(0.9));
	(void)say(4, "{\"event\":\"release\",\"of\":\"m1\"}");
	ck_assert(eng_gate_reserved(&f.eng, worker(2)) == USD(0.3));
	(void)say(4, "{\"event\":\"release\",\"of\":\"m1\"}"); /* twice: nothing */
	(void)say(4, "{\"event\":\"release\",\"of\":\"never\"}");
	ck_assert_uint_eq(streams[4].rec.rejected, 0);
	/* What cannot be weighed is refused; what is no question is rejected. */
	(void)say(4, "{\"event\":\"reserve\",\"id\":\"m4\",\"amount\":1,"
		     "\"currency\":\"JPY\"}");
	(void)say(4, "{\"event\":\"reserve\",\"id\":\"m5\"}");
	(void)say(4, "{\"event\":\"reserve\",\"amount\":1}");
	ck_assert_uint_eq(streams[4].rec.rejected, 3);
	ck_assert(eng_gate_reserved(&f.eng, NULL) == USD(0.3));
}
END_TEST

/* A run does not say what it will call: it waits while one kind of call has nothing left,
 * also when that was spent in the same commit. */
START_TEST(test_run_and_operations)
{
	static const char *const lines[] = {
		"{\"event\":\"cost\",\"amount\":\"1\",\"operation\":\"mail\"}",
		"{\"event\":\"run\",\"ok\":true}",
		"{\"event\":\"reserve\",\"id\":\"r2\",\"run\":\"r2\"}"};

	ck_says(say(4, "{\"event\":\"reserve\",\"id\":\"r1\",\"run\":\"r1\"}"),
		"\"reserved\"");
	say_all(4, lines, NV_LEN(lines), false);
	ck_says(answers, "its daily budget for mail of $1.00 is used up");
	(void)say(4, "{\"event\":\"cost\",\"amount\":\"1\",\"operation\":\"other\"}");
	ck_says(say(4, "{\"event\":\"reserve\",\"id\":\"m\",\"amount\":1,"
		       "\"operation\":\"llm\"}"),
		"\"reserved\"");
}
END_TEST

START_TEST(test_ends_with_its_stream_and_its_time)
{
	(void)say(2, "{\"event\":\"reserve\",\"id\":\"x\",\"amount\":1}");
	say_all(2, NULL, 0, true);
	ck_assert(eng_gate_reserved(&f.eng, NULL) == 0);
	(void)say(
		2, "{\"event\":\"reserve\",\"id\":\"y\",\"amount\":1,\"expires\":0.001}");
	struct timespec wait = {.tv_nsec = 2000000};

	(void)nanosleep(&wait, NULL); /* past its time, however long that takes */
	say_all(0, NULL, 0, false);
	ck_assert(eng_gate_reserved(&f.eng, NULL) == 0);
	ck_assert_int_eq(led_next_expiry(f.eng.led), INT64_MAX);
}
END_TEST

START_TEST(test_paused_and_limits)
{
	struct nv_err err = {0};

	ck_assert_int_eq(eng_gate_limit_set(&f.eng, worker(1), 500000000, &err), 0);
	ck_says(say(2, "{\"event\":\"reserve\",\"id\":\"x\",\"amount\":0.6}"),
		"its daily limit by decision");
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	open_streams();
	ck_says(say(2, "{\"event\":\"reserve\",\"id\":\"x\",\"amount\":0.6}"),
		"its daily limit by decision");
	ck_assert_int_eq(eng_gate_limit_set(&f.eng, NULL, 100000000, &err), 0);
	ck_says(say(0, "{\"event\":\"reserve\",\"id\":\"z\",\"amount\":0.2}"),
		"the daily limit of the fleet by decision");
	ck_assert_int_eq(eng_gate_limit_set(&f.eng, NULL, -1, &err), 0);
	ck_assert_int_eq(eng_gate_limit_set(&f.eng, worker(1), -1, &err), 0);
	ck_says(say(2, "{\"event\":\"reserve\",\"id\":\"x\",\"amount\":0.6}"),
		"\"reserved\"");
	worker(1)->desire.want = ENG_WANT_PAUSED;
	ck_says(say(3, "{\"event\":\"reserve\",\"id\":\"y\",\"amount\":0.1}"),
		"it shall not run now");
}
END_TEST

START_TEST(test_restart)
{
	(void)say(0, "{\"event\":\"reserve\",\"id\":\"r1\",\"run\":\"r1\"}");
	(void)say(4, "{\"event\":\"reserve\",\"id\":\"m\",\"amount\":1,"
		     "\"operation\":\"llm\"}");
	(void)say(4, "{\"event\":\"cost\",\"amount\":\"0.25\",\"reservation\":\"m\"}");
	struct eng_stream kept[STREAMS];

	memcpy(kept, streams, sizeof kept);
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	memcpy(streams, kept, sizeof kept);
	for (size_t i = 0; i < STREAMS; i++)
		streams[i].worker = worker(i / 2);
	ck_assert(eng_gate_reserved(&f.eng, worker(0)) == USD(0.1));
	ck_assert(eng_gate_reserved(&f.eng, worker(2)) == USD(0.75));
	ck_says(say(0, "{\"event\":\"reserve\",\"id\":\"r1\",\"run\":\"r1\"}"),
		"\"reserved\"");
	ck_assert(eng_gate_reserved(&f.eng, worker(0)) == USD(0.1));
	(void)say(0, "{\"event\":\"cost\",\"amount\":\"0.10\"}");
	(void)say(0, "{\"event\":\"run\",\"ok\":true}");
	ck_assert(eng_gate_reserved(&f.eng, worker(0)) == 0);
}
END_TEST

/* ---- random histories ---- */

struct held { /* what the model thinks is reserved */
	size_t stream;
	char id[32];
	bool run;
	bool open;
	int64_t left;
	int64_t expires_ns; /* 0 = long after this test */
};
#define HELD_MAX 4000
static struct held held[HELD_MAX];
static size_t n_held;
static uint64_t seed;
static nv_i128 slack[64]; /* of each cap, by its place in the table */

static uint64_t
draw(uint64_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % below;
}

static struct held *
find_held(size_t stream, bool run)
{
	size_t n = 0;
	struct held *found = NULL;

	for (size_t i = 0; i < n_held; i++) {
		struct held *h = &held[i];

		if (h->open && h->stream == stream && h->run == run && draw(++n) == 0)
			found = h;
	}
	return found;
}

static bool
counts(const struct eng_cap *cap, size_t stream)
{
	const struct eng_purse *p = streams[stream].worker->purse;

	for (size_t i = 0; i < p->n_caps; i++) {
		if (p->caps[i] == cap)
			return true;
	}
	return false;
}

/* A cost of which `settled` was reserved; a reservation that came through. */
static void
model_cost(size_t stream, nv_i128 beyond)
{
	ck_assert_uint_le(f.eng.caps->n, NV_LEN(slack));
	for (size_t i = 0; i < f.eng.caps->n; i++) {
		if (counts(&f.eng.caps->list[i], stream))
			slack[i] += beyond;
	}
}

static void
model_reserved(size_t stream)
{
	for (size_t i = 0; i < f.eng.caps->n; i++) {
		const struct eng_cap *cap = &f.eng.caps->list[i];

		if (cap->scope != ENG_CAP_OPERATION && counts(cap, stream))
			slack[i] = 0;
	}
}

static void
check_all(void)
{
	nv_i128 sum[3] = {0};

	for (size_t i = 0; i < n_held; i++) {
		if (held[i].open)
			sum[held[i].stream / 2] += held[i].left;
	}
	for (size_t i = 0; i < 3; i++)
		ck_assert_msg(eng_gate_reserved(&f.eng, worker(i)) == sum[i],
			"worker %zu: %lld, not %lld", i,
			(long long)eng_gate_reserved(&f.eng, worker(i)),
			(long long)sum[i]);
	for (size_t i = 0; i < f.eng.caps->n; i++) {
		const struct eng_cap *cap = &f.eng.caps->list[i];

		ck_assert_msg(cap->limit < 0 ||
				      cap->spent + cap->reserved <= cap->limit + slack[i],
			"cap %zu (%s): %lld spent, %lld reserved of %lld", i,
			cap->subject, (long long)cap->spent, (long long)cap->reserved,
			(long long)cap->limit);
	}
}

static int
add_pend(void *arg, const struct led_pend *pend)
{
	*(nv_i128 *)arg += pend->left;
	return 0;
}

static void
check_ledger(void)
{
	struct led_view *v;
	nv_i128 sum = 0;

	ck_assert_int_eq(led_view_begin(f.eng.led, &v, NULL), 0);
	ck_assert_int_eq(led_view_pends(v, 0, add_pend, &sum), 0);
	led_view_end(v);
	ck_assert(sum == eng_gate_reserved(&f.eng, NULL));
}

static void
step_reserve(size_t s)
{
	bool run = s < 2 && !find_held(s, true);
	struct held *h = &held[n_held];
	char line[200];
	const char *amount;
	int64_t nano = 0;

	*h = (struct held){.stream = s, .run = run, .open = true};
	(void)snprintf(h->id, sizeof h->id, "h%zu", n_held++);
	if (run)
		(void)snprintf(line, sizeof line,
			"{\"event\":\"reserve\",\"id\":\"%s\",\"run\":\"%s\"}", h->id,
			h->id);
	else
		(void)snprintf(line, sizeof line,
			"{\"event\":\"reserve\",\"id\":\"%s\",\"amount\":\"0.%02u\"%s}",
			h->id, 1 + (unsigned)draw(60),
			draw(3) == 0 ? ",\"operation\":\"llm\"" : "");
	(void)say(s, line);
	amount =
		strstr(answers, "\"reserved\"") ? strstr(answers, "\"amount\":\"") : NULL;
	if (!amount) {
		h->open = false;
		ck_says(answers, "\"refused\"");
		return;
	}
	amount += strlen("\"amount\":\"");
	ck_assert_int_eq(nv_money_parse(amount, strcspn(amount, "\""), NV_DECIMAL_EXACT,
				 &nano, NULL),
		0);
	h->left = nano;
	model_reserved(s);
}

static void
step_cost(size_t s)
{
	struct held *h = s < 2 ? find_held(s, true) : find_held(s, false);
	/* Heavy tail: one in twenty costs ten times as much. */
	unsigned cents = (1 + (unsigned)draw(9)) * (draw(20) == 0 ? 10 : 1);
	int64_t nano = (int64_t)cents * 10000000;
	char line[200];
	char name[64] = "";

	if (h && !h->run)
		(void)snprintf(name, sizeof name, ",\"reservation\":\"%s\"", h->id);
	(void)snprintf(line, sizeof line, "{\"event\":\"cost\",\"amount\":\"%u.%02u\"%s}",
		cents / 100, cents % 100, name);
	int64_t settled = h ? NV_MIN(nano, h->left) : 0;

	model_cost(s, nano - settled);
	(void)say(s, line);
	if (h)
		h->left -= settled;
}

static void
step_end(size_t s)
{
	struct held *h = find_held(s, s < 2);
	char line[100] = "{\"event\":\"run\",\"ok\":true}";

	if (!h)
		return;
	h->open = false;
	if (!h->run || draw(3) == 0)
		(void)snprintf(line, sizeof line, "{\"event\":\"release\",\"of\":\"%s\"}",
			h->id);
	(void)say(s, line);
}

static void
step_stream_ends(size_t s)
{
	for (size_t i = 0; i < n_held; i++) {
		if (held[i].stream == s)
			held[i].open = false;
	}
	say_all(s, NULL, 0, true);
}

static nv_i128 day_began[3]; /* each worker's costs before the day of the model */

static void
set_day(void)
{
	for (size_t i = 0; i < 3; i++) {
		worker(i)->day_base_cost = day_began[i];
		worker(i)->purse->hour_base_cost = day_began[i];
	}
	eng_caps_recount(&f.eng);
}

static void
step_restart(void)
{
	struct eng_stream kept[STREAMS];

	memcpy(kept, streams, sizeof kept);
	eng_fixture_close(&f);
	eng_fixture_open(&f, GLOBAL, workers);
	memcpy(streams, kept, sizeof kept);
	for (size_t i = 0; i < STREAMS; i++)
		streams[i].worker = worker(i / 2);
	set_day();
	check_ledger();
}

/* Another day: what is spent begins anew, what is reserved stays. */
static void
step_day(void)
{
	for (size_t i = 0; i < 3; i++)
		day_began[i] = worker(i)->totals.cost;
	set_day();
}

START_TEST(test_random_histories)
{
	const char *wanted = getenv("NOVA_TEST_SEED");
	const char *steps = getenv("NOVA_TEST_STEPS");
	size_t n = steps ? (size_t)strtoull(steps, NULL, 10) : 1500;

	seed = wanted ? strtoull(wanted, NULL, 10) : (uint64_t)nv_wall_ns() | 1;
	(void)printf("# NOVA_TEST_SEED=%llu\n", (unsigned long long)seed);
	(void)fflush(stdout);
	for (size_t i = 0; i < n && n_held < HELD_MAX; i++) {
		size_t s = draw(STREAMS);
		uint64_t what = draw(100);

		if (what < 45)
			step_reserve(s);
		else if (what < 75)
			step_cost(s);
		else if (what < 93)
			step_end(s);
		else if (what < 97)
			step_stream_ends(s);
		else if (what < 99)
			step_day();
		else if (draw(3) == 0)
			step_restart();
		check_all();
		if (i % 50 == 0)
			check_ledger();
	}
	for (size_t s = 0; s < STREAMS; s++)
		step_stream_ends(s);
	check_all();
	check_ledger();
	ck_assert_uint_eq(f.eng.gate->n_open, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("gate");
	TCase *c = tcase_create("gate");

	tcase_set_timeout(c, 300);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, test_run);
	tcase_add_test(c, test_percentile_of_runs);
	tcase_add_test(c, test_operations_currencies_and_release);
	tcase_add_test(c, test_run_and_operations);
	tcase_add_test(c, test_ends_with_its_stream_and_its_time);
	tcase_add_test(c, test_paused_and_limits);
	tcase_add_test(c, test_restart);
	tcase_add_test(c, test_random_histories);
	suite_add_tcase(suite, c);
	return run_suite(suite);
}
