/* What the random tests of the ledger share: a generator whose seed is printed, amounts,
 * and sums compared. LED_SEED repeats a run. */
#ifndef LED_RANDOM_H
#define LED_RANDOM_H

#include "led_fixture.h"

#include <time.h>

static uint64_t random_state;
static int64_t now;

static inline uint64_t
random_u64(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static inline uint32_t
below(uint32_t n)
{
	return (uint32_t)(random_u64() % n);
}

static inline int64_t
some_amount(void)
{
	return (int64_t)(1 + random_u64() %
				     (below(20) ? 100000000000u : 9000000000000000000u) %
				     NV_MONEY_MAX);
}

static inline void
check_money(const struct led_totals *a, const struct led_totals *b)
{
	ck_assert_money_eq(a->cost, b->cost);
	ck_assert_money_eq(a->revenue, b->revenue);
	ck_assert_money_eq(a->refunds, b->refunds);
	ck_assert_money_eq(a->fees, b->fees);
	ck_assert_money_eq(a->disputes, b->disputes);
	ck_assert_money_eq(a->payouts, b->payouts);
	ck_assert_money_eq(a->grants, b->grants);
}

static inline uint64_t
setting(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 10) : otherwise;
}

static inline void
begin_run(uint64_t salt)
{
	uint64_t value = setting("LED_SEED", (uint64_t)time(NULL));

	(void)printf("LED_SEED=%llu\n", (unsigned long long)value);
	random_state = (value + salt) * UINT64_C(0x9e3779b97f4a7c15) | 1;
	now = T0;
	make_dir();
}

#endif
