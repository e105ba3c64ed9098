/* Random histories against a model so simple that it is obviously right: a list of
 * everything that was said, added up by walking it. The ledger is closed and opened again
 * in between; at the end verify must agree too. LED_SEED repeats a run, LED_EVENTS sets
 * its length. */
#include "led_fixture.h"
#include "run_suite.h"

#include <time.h>

enum {
	WORKERS = 7,
	CURRENCIES = 3,
	STREAMS = 5,
	PARTIES = 4,
	CATEGORIES = 6,
	IDS = 5000
};

static const char *const currencies[CURRENCIES] = {"USD", "EUR", "JPY"};
static const char *const parties[PARTIES] = {"openai", "stripe", "a b", ""};
static const char *const categories[CATEGORIES] = {
	"", "llm", "email", "x:y", "\xc3\xa9", "ads"};

struct fact {       /* one event, heartbeat or rejected line */
	int64_t at; /* of the commit */
	int64_t nano[2];
	uint16_t code[2];
	uint8_t worker; /* 1.. */
	uint8_t currency;
	uint8_t category;
	uint8_t party;
	uint8_t kind; /* 0 = rejected */
	bool ok;
	uint32_t count; /* heartbeats, run_ms */
};

static struct fact *facts;
static size_t n_facts;
static size_t facts_cap;
static uint64_t random_state;
static uint64_t seq_last;
static uint64_t n_rejected;
static uint64_t n_duplicates;
static uint64_t offsets[STREAMS];
static uint64_t id_seqs[IDS]; /* 0 = not used */

static uint64_t
random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t
below(uint32_t n)
{
	return (uint32_t)(random_u64() % n);
}

static struct fact *
new_fact(void)
{
	if (n_facts == facts_cap) {
		facts_cap = facts_cap ? facts_cap * 2 : 1024;
		facts = reallocarray(facts, facts_cap, sizeof(*facts));
		ck_assert_ptr_nonnull(facts);
	}
	facts[n_facts] = (struct fact){0};
	return &facts[n_facts++];
}

/* ---- saying something ---- */

static void
worker_name_of(uint32_t worker, char name[NV_NAME_MAX])
{
	(void)snprintf(name, NV_NAME_MAX, "w%u", (unsigned)worker);
}

static void
random_money(struct led_batch *b, struct led_event *ev, struct fact *f)
{
	static const struct {
		enum led_kind kind;
		enum led_code codes[2];
	} moves[] = {
		{LED_COST, {LED_CODE_COST, 0}},
		{LED_COST, {LED_CODE_COST, 0}},
		{LED_REVENUE, {LED_CODE_REVENUE, 0}},
		{LED_REVENUE, {LED_CODE_REVENUE, LED_CODE_FEE}},
		{LED_REFUND, {LED_CODE_REFUND, 0}},
		{LED_FEE, {LED_CODE_FEE, 0}},
		{LED_DISPUTE, {LED_CODE_DISPUTE, LED_CODE_FEE}},
		{LED_DISPUTE, {LED_CODE_DISPUTE_WON, 0}},
		{LED_DISPUTE, {LED_CODE_DISPUTE_LOST, 0}},
		{LED_PAYOUT, {LED_CODE_PAYOUT, 0}},
	};
	uint32_t m = below(NV_LEN(moves));

	f->currency = (uint8_t)below(CURRENCIES);
	f->party = (uint8_t)below(PARTIES);
	f->category = (uint8_t)below(CATEGORIES);
	ev->kind = moves[m].kind;
	set_category(ev, categories[f->category]);
	for (int i = 0; i < 2 && moves[m].codes[i]; i++) {
		f->code[i] = moves[m].codes[i];
		f->nano[i] =
			(int64_t)(random_u64() %
				  (below(50) ? 100000000000u : (uint64_t)NV_MONEY_MAX)) +
			1;
		ck_assert_int_eq(
			led_batch_post(b, ev, moves[m].codes[i], parties[f->party],
				strlen(parties[f->party]), f->nano[i],
				led_batch_currency_id(b, currencies[f->currency])),
			0);
	}
}

static void
random_event(struct led_batch *b, int64_t now)
{
	char line[80];
	char id[16];
	char name[NV_NAME_MAX];
	struct fact *f = new_fact();
	uint32_t stream = below(STREAMS);
	uint32_t id_number = below(20) ? IDS : below(IDS);

	f->at = now;
	f->worker = (uint8_t)(1 + below(WORKERS));
	worker_name_of(f->worker, name);
	(void)snprintf(
		line, sizeof(line), "{\"n\":%llu}", (unsigned long long)random_u64());
	struct led_event ev = plain_event(LED_METRIC, led_batch_worker_id(b, name), line);

	ev.stream = stream + 1;
	ev.stream_offset = offsets[stream];
	offsets[stream] += ev.line_bytes + 1;
	ev.claimed_ns = now - (int64_t)below(1000000000);
	ev.received_ns = now;
	switch (below(8)) {
	case 0:
		ev.kind = LED_RUN;
		f->ok = below(3) != 0;
		ev.flags = f->ok ? LED_F_OK : 0;
		f->count = below(100000);
		ev.duration_ms = f->count;
		break;
	case 1:
		ev.kind = LED_EXIT;
		f->ok = below(2) != 0;
		ev.flags = f->ok ? 0 : LED_F_CRASH;
		break;
	default:
		random_money(b, &ev, f);
	}
	f->kind = (uint8_t)ev.kind;
	if (id_number < IDS) {
		(void)snprintf(id, sizeof(id), "id-%u", (unsigned)id_number);
		set_id(&ev, id);
		ev.said_by = 1; /* one name space for all, so that ids meet */
	}
	uint64_t seq = 0;
	int rc = led_batch_event(b, &ev, &seq);

	if (id_number < IDS && id_seqs[id_number]) {
		/* Other content nearly always; the same content names the first one. */
		ck_assert(rc == -EEXIST || (rc == 1 && seq == id_seqs[id_number]));
		n_duplicates += rc == 1;
		n_facts--;
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_uint_eq(seq, ++seq_last);
	if (id_number < IDS)
		id_seqs[id_number] = seq;
}

/* The same event twice under one id: stored once. */
static void
said_twice(struct led_batch *b, int64_t now)
{
	char id[32];
	uint64_t first = 0;
	uint64_t second = 0;
	struct fact *f = new_fact();
	struct led_event ev = plain_event(LED_METRIC, led_batch_worker_id(b, "w1"), "{}");

	(void)snprintf(id, sizeof(id), "twice-%llu", (unsigned long long)seq_last);
	f->at = now;
	f->worker = 1;
	random_money(b, &ev, f);
	f->kind = (uint8_t)ev.kind;
	set_id(&ev, id);
	ck_assert_int_eq(led_batch_event(b, &ev, &first), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, &second), 1);
	ck_assert_uint_eq(first, ++seq_last);
	ck_assert_uint_eq(second, first);
	n_duplicates++;
}

static void
random_rest(struct led_batch *b, int64_t now)
{
	char name[NV_NAME_MAX];
	uint32_t worker = 1 + below(WORKERS);

	worker_name_of(worker, name);
	if (below(2)) {
		struct fact *f = new_fact();

		*f = (struct fact){.at = now,
			.worker = (uint8_t)worker,
			.kind = LED_HEARTBEAT,
			.count = below(20)};
		ck_assert_int_eq(
			led_batch_heartbeats(b, led_batch_worker_id(b, name), f->count),
			0);
	}
	if (below(3) == 0) {
		uint32_t stream = below(STREAMS);
		struct fact *f = new_fact();

		*f = (struct fact){.at = now, .worker = (uint8_t)worker};
		ck_assert_int_eq(
			led_batch_quarantine(b, stream + 1, offsets[stream],
				led_batch_worker_id(b, name), "bad", "\0x\xff", 3),
			0);
		offsets[stream] += 4;
		n_rejected++;
	}
}

static void
random_batch(struct led *led, int64_t now, uint32_t events_max)
{
	struct led_batch *b = begin(led, now);
	uint32_t n = below(events_max);

	for (uint32_t i = 0; i < n; i++) {
		if (below(200) == 0)
			said_twice(b, now);
		else
			random_event(b, now);
	}
	random_rest(b, now);
	for (uint32_t i = 0; i < STREAMS; i++) {
		struct led_stream row = {.stream_id = i + 1,
			.offset = offsets[i],
			.state = LED_STREAM_OPEN};

		ck_assert_int_eq(led_batch_stream(b, &row), 0);
	}
	commit(b);
}

/* ---- the model's answers ---- */

static void
count_code(struct led_totals *t, uint16_t code, int64_t nano)
{
	switch ((enum led_code)code) {
	case LED_CODE_COST:
		t->cost += nano;
		break;
	case LED_CODE_REVENUE:
		t->revenue += nano;
		break;
	case LED_CODE_REFUND:
		t->refunds += nano;
		break;
	case LED_CODE_FEE:
		t->fees += nano;
		break;
	case LED_CODE_DISPUTE:
		t->disputes += nano;
		break;
	case LED_CODE_DISPUTE_WON:
		t->disputes -= nano;
		break;
	case LED_CODE_PAYOUT:
		t->payouts += nano;
		break;
	case LED_CODE_DISPUTE_LOST:
	default:
		break;
	}
}

static void
count_fact(struct led_totals *t, const struct fact *f, uint32_t currency)
{
	if (f->kind == 0) {
		t->rejected++;
		return;
	}
	if (f->kind == LED_HEARTBEAT) {
		t->heartbeats += f->count;
		return;
	}
	t->events++;
	if (f->kind == LED_RUN) {
		if (f->ok)
			t->runs_ok++;
		else
			t->runs_failed++;
		t->run_ms += f->count;
	}
	t->crashes += f->kind == LED_EXIT && !f->ok;
	for (int i = 0; i < 2 && f->currency == currency; i++)
		count_code(t, f->code[i], f->nano[i]);
}

static void
check_window(
	struct led_view *v, uint32_t worker, uint32_t currency, int64_t from, int64_t to)
{
	struct led_totals expected = {0};
	struct led_totals got;
	char name[NV_NAME_MAX];

	for (size_t i = 0; i < n_facts; i++) {
		const struct fact *f = &facts[i];

		if (f->at >= from && f->at < to && (worker == 0 || f->worker == worker))
			count_fact(&expected, f, currency);
	}
	worker_name_of(worker, name);
	uint32_t id = worker ? led_view_worker_id(v, name) : 0;

	/* One that has no event yet has no id, and 0 would ask for the whole fleet. */
	if (worker && id == 0) {
		ck_assert_uint_eq(expected.events, 0);
		return;
	}
	int rc = led_view_window(
		v, id, led_view_currency_id(v, currencies[currency]), from, to, &got);

	ck_assert(rc == 0 || rc == -ENOENT);
	ck_assert_money_eq(got.cost, expected.cost);
	ck_assert_money_eq(got.revenue, expected.revenue);
	ck_assert_money_eq(got.refunds, expected.refunds);
	ck_assert_money_eq(got.fees, expected.fees);
	ck_assert_money_eq(got.disputes, expected.disputes);
	ck_assert_money_eq(got.payouts, expected.payouts);
	ck_assert_uint_eq(got.runs_ok, expected.runs_ok);
	ck_assert_uint_eq(got.runs_failed, expected.runs_failed);
	ck_assert_uint_eq(got.run_ms, expected.run_ms);
	ck_assert_uint_eq(got.crashes, expected.crashes);
	ck_assert_uint_eq(got.heartbeats, expected.heartbeats);
	ck_assert_uint_eq(got.events, expected.events);
	ck_assert_uint_eq(got.rejected, expected.rejected);
}

struct category_table {
	nv_i128 nano[WORKERS + 1][CURRENCIES][CATEGORIES];
	uint64_t events[WORKERS + 1][CURRENCIES][CATEGORIES];
	struct led_view *v;
};

static unsigned
index_of(const char *const *list, unsigned n, const char *text)
{
	unsigned i = 0;

	while (i < n && strcmp(list[i], text) != 0)
		i++;
	ck_assert_uint_lt(i, n);
	return i;
}

static int
take_category(void *arg, uint32_t worker, uint32_t currency, const char *name,
	nv_i128 nano, uint64_t events)
{
	struct category_table *t = arg;
	char worker_name[NV_NAME_MAX] = "";
	char code[NV_CURRENCY_BYTES] = "";
	ck_assert_int_eq(led_view_worker_name(t->v, worker, worker_name), 0);
	ck_assert_int_eq(led_view_currency_code(t->v, currency, code), 0);
	unsigned c = index_of(currencies, CURRENCIES, code);
	unsigned k = index_of(categories, CATEGORIES, name);
	unsigned w = (unsigned)(worker_name[1] - '0');

	ck_assert_uint_eq(t->events[w][c][k], 0); /* told once */
	t->nano[w][c][k] = nano;
	t->events[w][c][k] = events;
	return 0;
}

static void
check_categories(struct led_view *v, enum led_code code, int64_t from, int64_t to)
{
	static struct category_table expected;
	static struct category_table got;

	memset(&expected, 0, sizeof(expected));
	memset(&got, 0, sizeof(got));
	got.v = v;
	for (size_t i = 0; i < n_facts; i++) {
		const struct fact *f = &facts[i];

		for (int k = 0; k < 2 && f->at >= from && f->at < to; k++) {
			if (f->code[k] != code)
				continue;
			expected.nano[f->worker][f->currency][f->category] += f->nano[k];
			expected.events[f->worker][f->currency][f->category]++;
		}
	}
	ck_assert_int_eq(
		led_view_categories(v, 0, code, from, to, take_category, &got), 0);
	ck_assert_mem_eq(expected.nano, got.nano, sizeof(got.nano));
	ck_assert_mem_eq(expected.events, got.events, sizeof(got.events));
}

struct trial_balance {
	nv_i128 debits;
	nv_i128 credits;
	nv_i128 openai; /* owed to one vendor, in the first currency */
	struct led_view *v;
};

static int
take_balance(void *arg, uint32_t id, const char *name, uint32_t currency, nv_i128 debits,
	nv_i128 credits)
{
	struct trial_balance *t = arg;

	(void)id;
	if (currency != led_view_currency_id(t->v, currencies[0]))
		return 0;
	t->debits += debits;
	t->credits += credits;
	if (strcmp(name, "Liabilities:Vendors:openai") == 0)
		t->openai = credits - debits;
	return 0;
}

static void
check_balances(struct led_view *v)
{
	struct trial_balance t = {.v = v};
	nv_i128 moved = 0;
	nv_i128 openai = 0;

	for (size_t i = 0; i < n_facts; i++) {
		for (int k = 0; k < 2 && facts[i].currency == 0; k++) {
			moved += facts[i].nano[k];
			if (facts[i].party == 0 && facts[i].code[k] == LED_CODE_COST)
				openai += facts[i].nano[k];
		}
	}
	ck_assert_int_eq(led_view_balances(v, take_balance, &t), 0);
	ck_assert_money_eq(t.debits, moved);
	ck_assert_money_eq(t.credits, moved);
	ck_assert_money_eq(t.openai, openai);
}

static int64_t
some_time(int64_t now)
{
	int64_t span = now - T0 + 2 * DAY;
	int64_t at = T0 - DAY + (int64_t)(random_u64() % (uint64_t)span);

	return at / MIN * MIN;
}

static void
check_all(struct led *led, int64_t now)
{
	struct led_view *v = view(led);
	struct led_stats s;

	for (int i = 0; i < 3; i++) {
		int64_t from = some_time(now);
		int64_t to = below(3) ? some_time(now) : INT64_MAX;

		check_window(v, below(WORKERS + 1), below(CURRENCIES), from, to);
		check_window(v, 0, below(CURRENCIES), 0, to);
	}
	int64_t hour = some_time(now) / HOUR * HOUR;

	check_categories(v, LED_CODE_COST, 0, hour);
	check_categories(
		v, (enum led_code)(1 + below(LED_CODE_DISPUTE_LOST)), hour, INT64_MAX);
	check_balances(v);
	ck_assert_int_eq(led_view_stats(v, &s), 0);
	ck_assert_uint_eq(s.events, seq_last);
	ck_assert_uint_eq(s.quarantined, n_rejected);
	ck_assert_uint_eq(s.duplicates_refused, n_duplicates);
	led_view_end(v);
}

static int64_t
some_step(void)
{
	switch (below(10)) {
	case 0:
		return below(3) * DAY + below(86400) * SEC;
	case 1:
		return below(7200) * SEC;
	default:
		return below(90) * SEC;
	}
}

static uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static void
run(uint32_t events_max, uint64_t events)
{
	int64_t now = T0;

	make_dir();
	struct led *led = open_with(1);

	while (seq_last < events) {
		random_batch(led, now, events_max);
		if (below(seq_last < 20000 ? 12 : 200) == 0) {
			check_all(led, now);
			led_close(led);
			led = open_with(1);
		}
		now += some_step();
	}
	check_all(led, now);
	led_close(led);
	ck_assert_uint_eq(verify_clean(), seq_last);
	remove_dir();
}

#ifdef __OPTIMIZE__
enum { EVENTS_DEFAULT = 2000000 };
#else
enum { EVENTS_DEFAULT = 100000 };
#endif

static void
seed(uint64_t salt)
{
	uint64_t value = setting("LED_SEED", (uint64_t)time(NULL));

	(void)printf("LED_SEED=%llu\n", (unsigned long long)value);
	random_state = (value + salt) * UINT64_C(0x9e3779b97f4a7c15) | 1;
}

START_TEST(large_batches)
{
	seed(1);
	run(3000, setting("LED_EVENTS", EVENTS_DEFAULT));
}
END_TEST

START_TEST(small_batches)
{
	seed(2);
	run(5, setting("LED_EVENTS", EVENTS_DEFAULT) / 100);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_model");
	TCase *tc = tcase_create("model");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, large_batches);
	tcase_add_test(tc, small_batches);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
