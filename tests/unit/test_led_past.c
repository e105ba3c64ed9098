/* What was imported: rows at random times of the past, in random order and over many
 * commits, some taken back and some corrected, next to money of today. Every window by
 * their own time is what a naive sum says, and no window of commit time knows of them.
 * LED_SEED repeats a run. */
#include "led_random.h"
#include "run_suite.h"

enum { ROWS = 3000, WORKERS = 3, CURRENCIES = 2, WINDOWS = 300 };

#define SPAN (400 * DAY)

struct past_row {
	uint32_t worker;
	uint32_t currency;
	int64_t at_ns;
	nv_i128 cost; /* as it counts: negative when it was taken back */
	nv_i128 revenue;
	uint64_t seq;
};
static struct past_row rows[ROWS];
static uint32_t workers[WORKERS];
static uint32_t currencies[CURRENCIES];

static void
add_row(struct led_batch *b, struct past_row *row)
{
	struct led_event ev = plain_event(LED_IMPORTED, workers[below(WORKERS)], "{}");
	char id[40];
	bool cost = below(2);
	bool back = below(10) == 0;
	int64_t nano = 1 + below(1000000);

	(void)snprintf(id, sizeof(id), "other:%d", (int)(row - rows));
	set_id(&ev, id);
	set_category(&ev, cost ? "model" : "shop");
	row->worker = ev.worker;
	row->currency = currencies[below(CURRENCIES)];
	row->at_ns = ev.claimed_ns = T0 - (int64_t)(random_u64() % SPAN);
	ck_assert_int_eq(
		led_batch_post(b, &ev, cost ? LED_CODE_PAST_COST : LED_CODE_PAST_REVENUE,
			NULL, 0, nano, row->currency),
		0);
	if (back) {
		uint32_t debit = ev.legs[0].debit;

		ev.legs[0].debit = ev.legs[0].credit;
		ev.legs[0].credit = debit;
		ev.legs[0].code |= LED_CODE_REVERSAL;
	}
	*(cost ? &row->cost : &row->revenue) = back ? -nano : nano;
	ck_assert_int_eq(led_batch_event(b, &ev, &row->seq), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), 1);
}

static void
correct_row(struct led_batch *b, struct past_row *row)
{
	struct led_event ev = plain_event(LED_CORRECTION, 0, "{\"reason\":\"wrong\"}");

	ck_assert_int_eq(led_batch_correct(b, row->seq, &ev), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
	row->cost = row->revenue = 0;
}

static void
add_today(struct led_batch *b)
{
	struct led_event ev = plain_event(LED_COST, workers[below(WORKERS)], "{}");

	ck_assert_int_eq(
		led_batch_post(b, &ev, LED_CODE_COST, "v", 1, 1, currencies[0]), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
}

static void
make_history(struct led *led)
{
	struct led_batch *b = NULL;

	for (uint32_t i = 0; i < ROWS; i++) {
		if (i % 100 == 0) {
			if (b)
				commit(b);
			now += below(3) ? MIN : HOUR;
			b = begin(led, now);
			for (uint32_t w = 0; w < WORKERS; w++)
				workers[w] = led_batch_worker_id(
					b, (const char *[]){"a", "b", "c"}[w]);
			for (uint32_t c = 0; c < CURRENCIES; c++)
				currencies[c] = led_batch_currency_id(
					b, (const char *[]){"USD", "EUR"}[c]);
		}
		add_row(b, &rows[i]);
		if (below(20) == 0)
			add_today(b);
		if (below(20) == 0) {
			struct past_row *wrong = &rows[below(i + 1)];

			if (wrong->cost != 0 || wrong->revenue != 0)
				correct_row(b, wrong);
		}
	}
	commit(b);
}

/* Edges of a quarter of an hour, as the view has them. */
static void
check_window(struct led_view *v, uint32_t worker, uint32_t currency, int64_t from_ns,
	int64_t to_ns)
{
	const int64_t quarter = 15 * MIN;
	struct led_totals expected = {0};
	struct led_totals found;

	for (uint32_t i = 0; i < ROWS; i++) {
		int64_t start = rows[i].at_ns - rows[i].at_ns % quarter;

		if ((worker && rows[i].worker != worker) ||
			rows[i].currency != currency || start + quarter <= from_ns ||
			start >= to_ns)
			continue;
		expected.cost += rows[i].cost;
		expected.revenue += rows[i].revenue;
	}
	int rc = led_view_past(v, worker, currency, from_ns, to_ns, &found);

	ck_assert(rc == 0 || rc == -ENOENT);
	check_money(&found, &expected);
}

static void
check_all(struct led *led)
{
	struct led_view *v = view(led);
	struct led_totals today;
	struct led_totals none = {0};
	int64_t first_ns = 0;
	int64_t least_ns = INT64_MAX;

	for (uint32_t i = 0; i < WINDOWS; i++) {
		int64_t a = T0 - SPAN - DAY + (int64_t)(random_u64() % (SPAN + 2 * DAY));
		int64_t b = below(3) ? a + (int64_t)(random_u64() % (40 * DAY))
				     : a + (int64_t)(random_u64() % (2 * HOUR));

		check_window(v, below(2) ? workers[below(WORKERS)] : 0,
			currencies[below(CURRENCIES)], a, b);
	}
	check_window(v, 0, currencies[0], 0, INT64_MAX);
	check_window(v, workers[1], currencies[1], INT64_MIN, INT64_MAX);
	ck_assert_int_eq(
		led_view_past(v, 0, currencies[0], T0 + DAY, INT64_MAX, &today), -ENOENT);
	ck_assert_int_eq(led_view_past(v, 0, 77, 0, INT64_MAX, &today), -ENOENT);
	for (uint32_t i = 0; i < ROWS; i++) {
		if (rows[i].currency == currencies[0])
			least_ns = NV_MIN(
				least_ns, rows[i].at_ns - rows[i].at_ns % (15 * MIN));
	}
	ck_assert_int_eq(led_view_past_first(v, 0, currencies[0], &first_ns), 0);
	ck_assert_int_eq(first_ns, least_ns);
	ck_assert_int_eq(led_view_past_first(v, 0, 77, &first_ns), -ENOENT);
	/* By the time of the commit there is only what happened here. */
	(void)led_view_window(v, 0, currencies[1], 0, INT64_MAX, &today);
	check_money(&today, &none);
	(void)led_view_window(v, 0, currencies[0], 0, INT64_MAX, &today);
	ck_assert(today.cost > 0 && today.cost < ROWS && today.revenue == 0);
	led_view_end(v);
}

START_TEST(windows)
{
	begin_run(0);
	struct led *led = open_with(0);

	make_history(led);
	check_all(led);
	led_close(led);
	verify_clean();
	led = open_with(0);
	check_all(led);
	led_close(led);
	remove_dir();
}
END_TEST

/* Only events of this kind hold such a posting, one each, and nothing before 1970. */
START_TEST(refusals)
{
	begin_run(1);
	struct led *led = open_with(0);
	struct led_batch *b = begin(led, now);
	uint32_t worker = led_batch_worker_id(b, "a");
	uint32_t usd = led_batch_currency_id(b, "USD");
	struct led_event ev = plain_event(LED_COST, worker, "{}");
	struct led_totals t;

	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_PAST_COST, NULL, 0, 5, usd), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), -EINVAL);
	ev.kind = LED_IMPORTED;
	ev.claimed_ns = -DAY; /* counts as of the beginning of time */
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_PAST_COST, NULL, 0, 5, usd), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), -EINVAL);
	ev = plain_event(LED_IMPORTED, worker, "{}");
	ck_assert_int_eq(led_batch_post(b, &ev, LED_CODE_COST, "v", 1, 5, usd), 0);
	ck_assert_int_eq(led_batch_event(b, &ev, NULL), -EINVAL);
	ev = plain_event(LED_IMPORTED, 0, "{}");
	ck_assert_int_eq(
		led_batch_post(b, &ev, LED_CODE_PAST_REVENUE, NULL, 0, 5, usd), -EINVAL);
	commit(b);
	struct led_view *v = view(led);

	ck_assert_int_eq(led_view_past(v, worker, usd, 0, MIN, &t), 0);
	ck_assert_money_eq(t.cost, 5);
	led_view_end(v);
	led_close(led);
	verify_clean();
	remove_dir();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_past");
	TCase *tc = tcase_create("led_past");

	tcase_set_timeout(tc, 200);
	tcase_add_test(tc, windows);
	tcase_add_test(tc, refusals);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
