/* Sales that become somebody's later, refunds that are said one by one and as totals: the
 * messages of many sales in a random order, repeated at random, in batches of which some
 * are lost with everything in them. Whatever the order, every sale ends as its agent's,
 * and what came back of it is the greater of the sum of its refunds and its greatest
 * total. LED_SEED repeats a run, LED_EVENTS sets its length. */
#include "led_random.h"
#include "run_suite.h"

enum { MESSAGES_MAX = 12, BATCH_MAX = 40 };

enum what { SALE, SALE_NAMED, REFUND, TOTAL };
struct message {
	enum what what;
	uint32_t sale;
	uint32_t n; /* of its kind */
	int64_t nano;
};
struct known {
	int64_t gross;
	int64_t back; /* what has come back when all is said */
};

static struct message *messages;
static uint32_t n_messages;
static struct known *sales;
static uint32_t n_sales;

static void
say(enum what what, uint32_t sale, uint32_t n, int64_t nano)
{
	messages[n_messages++] = (struct message){what, sale, n, nano};
}

static void
make_sale(uint32_t sale)
{
	int64_t sum = 0;
	int64_t most = 0;
	uint32_t refunds = below(4);
	uint32_t totals = below(4);
	int64_t gross = 1000 + below(1000);

	sales[sale] = (struct known){.gross = gross};
	say(SALE, sale, 0, gross);
	say(SALE_NAMED, sale, 0, gross);
	for (uint32_t i = 0; i < refunds; i++) {
		int64_t nano = 1 + below(300);

		sum += nano;
		say(REFUND, sale, i, nano);
	}
	for (uint32_t i = 0; i < totals; i++) {
		int64_t nano = 1 + below(1000);

		most = NV_MAX(most, nano);
		say(TOTAL, sale, i, nano);
	}
	sales[sale].back = NV_MAX(sum, most);
}

static void
shuffle(void)
{
	for (uint32_t i = n_messages; i > 1; i--) {
		uint32_t k = below(i);
		struct message m = messages[i - 1];

		messages[i - 1] = messages[k];
		messages[k] = m;
	}
}

/* ---- what the engine does of each ---- */

static void
on_worker(void *arg, uint32_t worker)
{
	ck_assert_uint_ne(worker, 0);
	++*(unsigned *)arg;
}

static void
tell_sale(struct led_batch *b, const struct message *m, struct led_event *ev,
	const char *name, uint32_t nobody)
{
	struct led_sale sale;
	unsigned moved = 0;
	uint64_t seq;
	int rc = led_batch_sale(b, ev->said_by, ev->worker, name, strlen(name), &sale);

	ck_assert(rc == 0 || rc == -ENOENT);
	ck_assert_int_eq(led_batch_post(b, ev, LED_CODE_REVENUE, "stripe", 6, m->nano,
				 led_batch_currency_id(b, "USD")),
		0);
	if (rc == -ENOENT) {
		ck_assert_int_eq(led_batch_event(b, ev, &seq), 0);
	} else if (m->what == SALE_NAMED && sale.worker == nobody) {
		ev->id = NULL;
		ev->id_bytes = 0;
		ck_assert_int_eq(
			led_batch_move(b, sale.seq, ev, on_worker, &moved, &seq), 0);
		ck_assert_uint_gt(moved, 1);
	} else {
		ck_assert_int_eq(led_batch_again(b, ev), 0);
	}
}

static void
tell_back(struct led_batch *b, const struct message *m, struct led_event *ev,
	const char *of, uint32_t currency)
{
	struct led_sale sale = {0};
	int rc = led_batch_sale(b, ev->said_by, ev->worker, of, strlen(of), &sale);

	ck_assert(rc == 0 || rc == -ENOENT);
	if (rc == 0) {
		ev->ref = sale.seq;
		ev->worker = sale.worker;
	} else {
		ck_assert_int_eq(led_batch_waiting(
					 b, ev->said_by, of, strlen(of), currency, &sale),
			0);
	}
	int64_t nano = m->what == REFUND ? m->nano : m->nano - sale.refunded;

	if (nano > 0)
		ck_assert_int_eq(led_batch_post(b, ev, LED_CODE_REFUND, "stripe", 6, nano,
					 currency),
			0);
	if (m->what == TOTAL)
		ev->flags |= LED_F_TOTAL;
	else
		ck_assert_int_eq(led_batch_take_ahead(b, ev, sale.ahead), 0);
	rc = led_batch_event(b, ev, NULL);
	ck_assert_msg(rc == 0 || rc == 1, "refund: %d", rc);
}

static void
tell(struct led_batch *b, const struct message *m)
{
	static const char letters[] = {'s', 's', 'r', 't'};
	char id[40];
	char of[40];
	uint32_t nobody = led_batch_worker_id(b, "nova.stripe");
	uint32_t agent = led_batch_worker_id(b, "agent");
	struct led_event ev = plain_event(LED_REFUND, nobody, "{}");

	(void)snprintf(of, sizeof(of), "stripe:s%u.0", m->sale);
	(void)snprintf(id, sizeof(id), "stripe:%c%u.%u", letters[m->what], m->sale, m->n);
	ev.said_by = led_batch_worker_id(b, "nova.platforms");
	ev.claimed_ns = ev.received_ns = now;
	ev.id = id;
	ev.id_bytes = strlen(id);
	if (m->what == SALE || m->what == SALE_NAMED) {
		ev.kind = LED_REVENUE;
		ev.worker = m->what == SALE ? nobody : agent;
		tell_sale(b, m, &ev, id, nobody);
		return;
	}
	ev.of = of;
	ev.of_bytes = strlen(of);
	tell_back(b, m, &ev, of, led_batch_currency_id(b, "USD"));
}

/* ---- histories ---- */

/* Some batches are lost before they are on the disk, and said again. */
static struct led *
tell_all(struct led *led)
{
	for (uint32_t at = 0; at < n_messages;) {
		uint32_t wanted = 1 + below(BATCH_MAX);
		uint32_t n = NV_MIN(wanted, n_messages - at);
		struct led_batch *b = begin(led, now += SEC);

		for (uint32_t i = 0; i < n; i++)
			tell(b, &messages[at + i]);
		for (uint32_t i = below(4); i > 0 && at > 0; i--)
			tell(b, &messages[below(at)]); /* told again */
		if (below(5) == 0) {
			led_batch_abort(b);
			continue;
		}
		commit(b);
		at += n;
		if (below(20) == 0) {
			led_close(led);
			led = open_with(0);
		}
	}
	return led;
}

static nv_i128
sum_of(struct led_view *v, const char *worker, bool refunds)
{
	struct led_totals t;
	uint32_t id = worker ? led_view_worker_id(v, worker) : 0;

	ck_assert(!worker || id != 0);
	ck_assert_int_eq(
		led_view_window(v, id, led_view_currency_id(v, "USD"), 0, INT64_MAX, &t),
		0);
	return refunds ? t.refunds : t.revenue;
}

static void
check_all(struct led *led)
{
	struct led_view *v = view(led);
	uint32_t speaker = led_view_worker_id(v, "nova.platforms");
	uint32_t agent = led_view_worker_id(v, "agent");
	nv_i128 gross = 0;
	nv_i128 back = 0;

	for (uint32_t i = 0; i < n_sales; i++) {
		struct led_sale got;
		char of[40];

		(void)snprintf(of, sizeof(of), "stripe:s%u.0", i);
		ck_assert_int_eq(
			led_view_sale_find(v, speaker, agent, of, strlen(of), &got), 0);
		ck_assert_uint_eq(got.worker, agent);
		ck_assert_int_eq(got.gross, sales[i].gross);
		ck_assert_int_eq(got.refunded, sales[i].back);
		ck_assert(!got.corrected);
		gross += sales[i].gross;
		back += sales[i].back;
	}
	ck_assert_money_eq(sum_of(v, "agent", false), gross);
	ck_assert_money_eq(sum_of(v, "nova.stripe", false), 0);
	ck_assert_money_eq(sum_of(v, NULL, false), gross);
	/* What came before its sale was known stays with whom it was booked on. */
	ck_assert_money_eq(sum_of(v, NULL, true), back);
	led_view_end(v);
}

START_TEST(orders)
{
	begin_run(31);
	n_sales = (uint32_t)setting("LED_EVENTS", 3000) / 5;
	n_messages = 0;
	messages = calloc((size_t)n_sales * MESSAGES_MAX, sizeof(*messages));
	sales = calloc(n_sales, sizeof(*sales));
	ck_assert(messages && sales);
	for (uint32_t i = 0; i < n_sales; i++)
		make_sale(i);
	shuffle();
	struct led *led = tell_all(open_with(0));

	check_all(led);
	led_close(led);
	verify_clean();
	remove_dir();
	free(messages);
	free(sales);
}
END_TEST

/* One sale that has been through everything moves as a whole. */
START_TEST(disputes_move)
{
	static const struct {
		enum led_code code;
		int64_t nano;
	} steps[] = {{LED_CODE_DISPUTE, 50}, {LED_CODE_DISPUTE_LOST, 30},
		{LED_CODE_DISPUTE_WON, 5}, {LED_CODE_REFUND, 20}, {LED_CODE_DISPUTE, 4}};
	const struct message sale = {SALE, 0, 0, 1000};
	const struct message named = {SALE_NAMED, 0, 0, 1000};
	struct led_sale before;
	struct led_sale after;

	begin_run(32);
	struct led *led = open_with(0);
	struct led_batch *b = begin(led, now);

	tell(b, &sale);
	uint32_t speaker = led_batch_worker_id(b, "nova.platforms");
	uint32_t nobody = led_batch_worker_id(b, "nova.stripe");

	for (size_t i = 0; i < NV_LEN(steps); i++) {
		struct led_event ev = plain_event(
			steps[i].code == LED_CODE_REFUND ? LED_REFUND : LED_DISPUTE,
			nobody, "{}");

		ev.said_by = speaker;
		ev.ref = 1;
		ev.of = "stripe:s0.0";
		ev.of_bytes = strlen(ev.of);
		ck_assert_int_eq(led_batch_post(b, &ev, steps[i].code, "stripe", 6,
					 steps[i].nano, led_batch_currency_id(b, "USD")),
			0);
		ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
	}
	ck_assert_int_eq(
		led_batch_sale(b, speaker, nobody, "stripe:s0.0", 11, &before), 0);
	commit(b);
	b = begin(led, now += SEC);
	tell(b, &named);
	ck_assert_int_eq(
		led_batch_sale(b, speaker, nobody, "stripe:s0.0", 11, &after), 0);
	ck_assert_uint_ne(after.worker, nobody);
	ck_assert_int_eq(after.refunded, before.refunded);
	ck_assert_int_eq(after.disputed, before.disputed);
	ck_assert_int_eq(after.won, before.won);
	ck_assert_int_eq(after.lost, before.lost);
	/* A person still cannot undo how a dispute has ended. */
	struct led_event undo = plain_event(LED_CORRECTION, nobody, "{}");
	uint64_t lost = 3;

	ck_assert_int_eq(led_batch_correct(b, lost, &undo), -EBUSY);
	commit(b);
	led_close(led);
	verify_clean();
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_back");
	TCase *tc = tcase_create("led_back");

	tcase_set_timeout(tc, 200);
	tcase_add_test(tc, orders);
	tcase_add_test(tc, disputes_move);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
