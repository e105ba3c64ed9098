/* The same sales and refunds in another order, refunds before their sales among them,
 * come to the same sums and leave the same of each sale. LED_SEED repeats a run. */
#include "led_random.h"
#include "run_suite.h"

enum { WORKERS = 5 };

struct said {
	uint32_t sale; /* number */
	uint32_t worker;
	bool is_sale;
	int64_t nano;
};
enum { SAID = 6000 };
static struct said said[SAID];
static uint32_t n_said;

static void
say_all(const char *what, struct led_totals ret[WORKERS + 1], int64_t *lefts)
{
	struct led *led = open_with(1);
	struct led_batch *b = NULL;

	for (uint32_t i = 0; i < n_said; i++) {
		const struct said *f = &said[i];
		char id[24];
		char name[24];

		if (!b)
			b = begin(led, now += SEC);
		(void)snprintf(name, sizeof(name), "w%u", f->worker);
		(void)snprintf(id, sizeof(id), "x%u", f->sale);
		struct led_event ev = plain_event(f->is_sale ? LED_REVENUE : LED_REFUND,
			led_batch_worker_id(b, name), what);
		struct led_sale sale;

		ev.external = f->is_sale ? id : NULL;
		ev.external_bytes = f->is_sale ? strlen(id) : 0;
		ev.of = f->is_sale ? NULL : id;
		ev.of_bytes = f->is_sale ? 0 : strlen(id);
		if (!f->is_sale && led_batch_sale(b, ev.worker, ev.worker, id, strlen(id),
					   &sale) == 0)
			ev.ref = sale.seq;
		ck_assert_int_eq(
			led_batch_post(b, &ev,
				f->is_sale ? LED_CODE_REVENUE : LED_CODE_REFUND, "stripe",
				6, f->nano, led_batch_currency_id(b, "USD")),
			0);
		ck_assert_int_eq(led_batch_event(b, &ev, NULL), 0);
		if (below(100) == 0) {
			commit(b);
			b = NULL;
		}
	}
	if (b)
		commit(b);
	struct led_view *v = view(led);

	for (uint32_t w = 1; w <= WORKERS; w++) {
		char name[24];

		(void)snprintf(name, sizeof(name), "w%u", w);
		(void)led_view_window(v, led_view_worker_id(v, name),
			led_view_currency_id(v, "USD"), 0, INT64_MAX, &ret[w]);
	}
	for (uint32_t i = 0; i < n_said; i++) {
		char id[24];
		struct led_sale sale;

		(void)snprintf(id, sizeof(id), "x%u", said[i].sale);
		ck_assert_int_eq(led_view_sale_find(v, 1, 1, id, strlen(id), &sale), 0);
		lefts[said[i].sale] = led_sale_left(&sale);
	}
	struct led_stats s;

	ck_assert_int_eq(led_view_stats(v, &s), 0);
	ck_assert_uint_eq(s.unmatched, 0);
	led_view_end(v);
	led_close(led);
	verify_clean();
	remove_dir();
}

START_TEST(any_order)
{
	static int64_t lefts[2][SAID + 1];
	struct led_totals totals[2][WORKERS + 1];
	uint32_t number = 0;

	begin_run(2);
	while (n_said + 5 < SAID) {
		struct said sale = {++number, 1 + below(WORKERS), true, some_amount()};
		int64_t left = sale.nano;

		said[n_said++] = sale;
		for (uint32_t n = below(4); n > 0 && left > 0; n--) {
			int64_t nano = 1 + (int64_t)(random_u64() % (uint64_t)left);

			said[n_said++] = (struct said){number, sale.worker, false, nano};
			left -= nano;
		}
	}
	say_all("{}", totals[0], lefts[0]);
	for (uint32_t i = n_said - 1; i > 0; i--) {
		uint32_t j = below(i + 1);
		struct said t = said[i];

		said[i] = said[j];
		said[j] = t;
	}
	make_dir();
	say_all("{}", totals[1], lefts[1]);
	for (uint32_t w = 1; w <= WORKERS; w++) {
		check_money(&totals[0][w], &totals[1][w]);
		ck_assert_uint_eq(totals[0][w].events, totals[1][w].events);
	}
	ck_assert_mem_eq(lefts[0], lefts[1], sizeof(lefts[0]));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_order");
	TCase *tc = tcase_create("order");

	tcase_set_timeout(tc, 240);
	tcase_add_test(tc, any_order);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
