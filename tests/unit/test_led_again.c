/* What is said again, put right or kept waiting: texts borrowed from the same batch, the
 * amount that may stand in a refund's place, a cost repeated when its reservation is
 * spent, and many refunds of one sale that nobody knows. */
#include "led_open.h"
#include "run_suite.h"

#include <errno.h>
#include <malloc.h>

#define UNIT INT64_C(1000000000)

static struct led_event
movement(struct led_batch *b, enum led_kind kind, enum led_code code, int64_t nano,
	const char *currency)
{
	struct led_event ev = plain_event(kind, led_batch_worker_id(b, "w"), "{}");

	ck_assert_int_eq(led_batch_post(b, &ev, code, "shop", 4, nano,
				 led_batch_currency_id(b, currency)),
		0);
	return ev;
}

static uint64_t
sale(struct led_batch *b, const char *id, int64_t nano)
{
	struct led_event ev = movement(b, LED_REVENUE, LED_CODE_REVENUE, nano, "USD");

	set_id(&ev, id);
	return add(b, &ev);
}

static uint64_t
refund(struct led_batch *b, const char *of, int64_t nano, const char *currency)
{
	struct led_sale found = {0};
	struct led_event ev = movement(b, LED_REFUND, LED_CODE_REFUND, nano, currency);

	ev.of = of;
	ev.of_bytes = strlen(of);
	if (led_batch_sale(b, ev.worker, ev.worker, of, ev.of_bytes, &found) == 0)
		ev.ref = found.seq;
	return add(b, &ev);
}

START_TEST(borrowed_texts_stay)
{
	static const char source[] = "a platform with a name of some length";
	struct led_batch *b = begin(led, T0);
	struct led_event first = movement(b, LED_REVENUE, LED_CODE_REVENUE, UNIT, "USD");
	struct led_event found;

	/* What is given back to the heap does not look as before. */
	(void)mallopt(M_PERTURB, 0x5a);
	set_category(&first, source);
	uint64_t seq = add(b, &first);

	for (int i = 0; i < 5000; i++) {
		struct led_event ev =
			movement(b, LED_REFUND, LED_CODE_REFUND, UNIT, "USD");

		ck_assert_int_eq(led_batch_lookup(b, seq, &found), 0);
		ev.category = found.category;
		ev.category_bytes = found.category_bytes;
		uint64_t mine = add(b, &ev);

		ck_assert_int_eq(led_batch_lookup(b, mine, &found), 0);
		ck_assert_uint_eq(found.category_bytes, sizeof(source) - 1);
		ck_assert_mem_eq(found.category, source, sizeof(source) - 1);
	}
	commit(b);
}
END_TEST

START_TEST(a_refund_put_right_fits_its_sale)
{
	struct led_batch *b = begin(led, T0);
	struct led_event ev;
	uint64_t large = refund(b, "late", 100 * UNIT, "USD");
	uint64_t other = refund(b, "late", 10 * UNIT, "EUR");

	(void)sale(b, "late", 50 * UNIT); /* neither fits */
	(void)sale(b, "s", 50 * UNIT);
	uint64_t small = refund(b, "s", 30 * UNIT, "USD");

	commit(b);
	b = begin(led, T0 + SEC);
	ck_assert_int_eq(led_batch_replace(b, large, 80 * UNIT, &ev), -ERANGE);
	ck_assert_int_eq(led_batch_replace(b, large, 50 * UNIT, &ev), 0);
	ck_assert_int_eq(led_batch_replace(b, other, 5 * UNIT, &ev), -EDOM);
	ck_assert_int_eq(led_batch_replace(b, small, 50 * UNIT + 1, &ev), -ERANGE);
	ck_assert_int_eq(led_batch_replace(b, small, 50 * UNIT, &ev), 0);

	struct led_event back = plain_event(LED_CORRECTION, 0, "{}");

	ck_assert_int_eq(led_batch_correct(b, small, &back), 0);
	(void)add(b, &back);
	ck_assert_int_eq(led_batch_replace(b, small, 50 * UNIT + 1, &ev), -ERANGE);
	ck_assert_int_eq(led_batch_replace(b, small, 50 * UNIT, &ev), 0);
	(void)add(b, &ev);
	commit(b);
}
END_TEST

START_TEST(a_fee_is_not_the_amount)
{
	struct led_batch *b = begin(led, T0);
	/* A sale of 0 with a fee: its fee is all that has moved. */
	struct led_event ev = movement(b, LED_REVENUE, LED_CODE_FEE, UNIT, "USD");
	uint64_t seq = add(b, &ev);

	ck_assert_int_eq(led_batch_replace(b, seq, 2 * UNIT, &ev), -EINVAL);
	commit(b);
}
END_TEST

START_TEST(a_cost_is_known_when_its_reservation_is_spent)
{
	struct led_batch *b = begin(led, T0);
	struct led_event ev = plain_event(LED_RESERVE, led_batch_worker_id(b, "w"), "{}");
	uint32_t usd = led_batch_currency_id(b, "USD");
	uint64_t pend = 0;
	uint64_t seq = 0;
	int64_t settled = 0;

	set_id(&ev, "r");
	ck_assert_int_eq(led_batch_reserve(b, &ev, UNIT, usd, T0 + 3600 * SEC, &pend), 0);
	ev = movement(b, LED_COST, LED_CODE_COST, UNIT, "USD");
	ev.line = "{\"at\":1}";
	ev.line_bytes = strlen(ev.line);
	set_id(&ev, "c");
	ck_assert_int_eq(led_batch_settle(b, &ev, pend, UNIT, usd, &settled), 0);
	ck_assert_int_eq(settled, UNIT);
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 0);
	ev = movement(b, LED_COST, LED_CODE_COST, UNIT, "USD");
	ev.line = "{\"at\":2}";
	ev.line_bytes = strlen(ev.line);
	set_id(&ev, "c");
	ck_assert_int_eq(led_batch_settle(b, &ev, pend, UNIT, usd, &settled), -ENOENT);
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 1);
	/* Another amount is another cost. */
	ev.legs[0].nano++;
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), -EEXIST);
	commit(b);
}
END_TEST

/* A worker that writes "unknown" where the sale should be; far too many for a batch to
 * look at all that came before. */
START_TEST(many_wait_for_one_name)
{
	for (int i = 0; i < 400; i++) {
		struct led_batch *b = begin(led, T0 + i * SEC);

		for (int n = 0; n < 250; n++)
			(void)refund(b, "unknown", UNIT, "USD");
		commit(b);
	}
	struct led_batch *b = begin(led, T0 + 1000 * SEC);
	struct led_sale found;

	(void)refund(b, "unknown", 2 * UNIT, "USD");
	uint64_t seq = sale(b, "unknown", 5 * UNIT);

	commit(b);
	/* The first ones came first. */
	b = begin(led, T0 + 1001 * SEC);
	ck_assert_int_eq(
		led_batch_sale(b, led_batch_worker_id(b, "w"), 0, "unknown", 7, &found),
		0);
	ck_assert_uint_eq(found.seq, seq);
	ck_assert_int_eq(found.refunded, 5 * UNIT);
	struct led_event back = plain_event(LED_CORRECTION, 0, "{}");

	ck_assert_int_eq(led_batch_correct(b, 5, &back), 0);
	(void)add(b, &back);
	ck_assert_int_eq(led_batch_correct(b, 6, &back), 0);
	(void)add(b, &back);
	ck_assert_int_eq(
		led_batch_sale(b, led_batch_worker_id(b, "w"), 0, "unknown", 7, &found),
		0);
	/* The fifth had been matched, the sixth waited. */
	ck_assert_int_eq(found.refunded, 4 * UNIT);
	commit(b);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_again");
	TCase *tc = tcase_create("again");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, borrowed_texts_stay);
	tcase_add_test(tc, a_refund_put_right_fits_its_sale);
	tcase_add_test(tc, a_fee_is_not_the_amount);
	tcase_add_test(tc, a_cost_is_known_when_its_reservation_is_spent);
	tcase_add_test(tc, many_wait_for_one_name);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
