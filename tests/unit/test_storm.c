/* Storms: the bucket, incidents step by step, and random histories. The seed is printed
 * when one fails; a run of one seed is repeated with NOVA_TEST_SEED. */
#include "nv_buf.h"
#include "run_suite.h"
#include "storm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sup_storm_policy policy = {
	.rate = 10, .burst = 3, .workers = 3, .within_ms = 1000, .canary_ms = 500};

static struct sup_storm s;
static int64_t now;

static void
begin(void)
{
	now = 5000;
	sup_storm_init(&s, &policy, now);
}

static enum sup_storm_answer
ask(uint64_t instance, bool crashed, int64_t *ret_wait_ms)
{
	return sup_storm_ask(&s, &policy, instance, crashed, now, ret_wait_ms);
}

static enum sup_storm_news
crash(uint64_t worker)
{
	return sup_storm_crash(&s, &policy, worker, worker * 100, now);
}

static enum sup_storm_what
timer(uint32_t held, uint32_t coming, uint32_t *ret_n)
{
	return sup_storm_timer(&s, &policy, held, coming, now, ret_n);
}

START_TEST(test_bucket)
{
	int64_t wait;

	begin();
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask(1, true, &wait), SUP_STORM_GO);
	/* Then one each 100 ms, in the order of asking. */
	for (int i = 1; i <= 5; i++) {
		ck_assert_int_eq(ask(1, true, &wait), SUP_STORM_LATER);
		ck_assert_int_eq(wait, i * 100);
	}
	now += 500; /* the promised ones are used up */
	ck_assert_int_eq(ask(1, true, &wait), SUP_STORM_LATER);
	ck_assert_int_eq(wait, 100);
	now += 1000000000; /* it never holds more than the burst */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ask(1, false, &wait), SUP_STORM_GO);
	ck_assert_int_eq(ask(1, false, &wait), SUP_STORM_LATER);
	now -= 50; /* a clock that stands still or goes back gives nothing */
	ck_assert_int_eq(ask(1, false, &wait), SUP_STORM_LATER);
	ck_assert_int_eq(wait, 200);
}
END_TEST

START_TEST(test_different_workers_only)
{
	begin();
	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(crash(1), SUP_STORM_NOTHING);
	ck_assert_int_eq(crash(2), SUP_STORM_NOTHING);
	now += 1001; /* both are too old */
	ck_assert_int_eq(crash(3), SUP_STORM_NOTHING);
	now += 1000;
	ck_assert_int_eq(crash(4), SUP_STORM_NOTHING);
	ck_assert_int_eq(crash(5), SUP_STORM_OPENED); /* 3 is just within */
	ck_assert_uint_eq(s.id, 1);
	ck_assert_uint_eq(s.n_workers, 3);
	ck_assert_int_eq(s.state, SUP_STORM_OPEN);
	ck_assert_int_eq(s.deadline_ms, now + 100);
	ck_assert_int_eq(crash(5), SUP_STORM_NOTHING);
	ck_assert_int_eq(crash(6), SUP_STORM_NOTHING);
	ck_assert_uint_eq(s.n_workers, 4);
}
END_TEST

START_TEST(test_off)
{
	struct sup_storm_policy off = policy;

	off.workers = 0;
	begin();
	for (uint64_t k = 1; k < 2000; k++)
		ck_assert_int_eq(sup_storm_crash(&s, &off, k, k, now), SUP_STORM_NOTHING);
	ck_assert(!sup_storm_adopt(&s, &off, now));
	for (uint64_t k = 1; k <= 3; k++)
		(void)crash(k);
	ck_assert_int_eq(s.state, SUP_STORM_OPEN);
	ck_assert(sup_storm_adopt(&s, &off, now));
	ck_assert_int_eq(s.state, SUP_STORM_QUIET);
	ck_assert_int_eq(s.deadline_ms, INT64_MAX);
	off.burst = 1;
	ck_assert(!sup_storm_adopt(&s, &off, now));
	int64_t wait;

	ck_assert_int_eq(sup_storm_ask(&s, &off, 1, true, now, &wait), SUP_STORM_GO);
	ck_assert_int_eq(sup_storm_ask(&s, &off, 1, true, now, &wait), SUP_STORM_LATER);
}
END_TEST

static void
open_one(void)
{
	begin();
	for (uint64_t k = 1; k <= 3; k++)
		(void)crash(k);
	ck_assert_int_eq(s.state, SUP_STORM_OPEN);
}

/* Opened, one is tried, it lives, the others follow, closed. */
START_TEST(test_the_good_way)
{
	int64_t wait;
	uint32_t n;

	open_one();
	ck_assert_int_eq(ask(100, true, &wait), SUP_STORM_HOLD);
	ck_assert_int_eq(ask(900, false, &wait), SUP_STORM_GO); /* ended well */
	ck_assert_int_eq(timer(1, 2, &n), SUP_STORM_WAIT);
	now = s.deadline_ms;
	ck_assert_int_eq(timer(0, 2, &n), SUP_STORM_WAIT); /* none is due yet */
	now = s.deadline_ms;
	ck_assert_int_eq(timer(3, 0, &n), SUP_STORM_PICK);
	sup_storm_try(&s, &policy, 200, now);
	ck_assert_int_eq(ask(200, true, &wait), SUP_STORM_GO);
	ck_assert_int_eq(ask(100, true, &wait), SUP_STORM_HOLD);
	ck_assert_int_eq(s.deadline_ms, now + 500);
	now += 499;
	ck_assert_int_eq(timer(2, 0, &n), SUP_STORM_WAIT);
	now += 1;
	ck_assert_int_eq(timer(2, 0, &n), SUP_STORM_ALIVE);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(ask(100, true, &wait), SUP_STORM_GO);
	ck_assert_int_eq(ask(300, true, &wait), SUP_STORM_HOLD);
	for (uint32_t k = 1; k < 40; k++) {
		now = s.deadline_ms;
		ck_assert_int_eq(timer(1000, 0, &n), SUP_STORM_RELEASE);
		ck_assert_uint_eq(n, UINT32_C(1) << NV_MIN(k, 20));
	}
	now = s.deadline_ms;
	ck_assert_int_eq(timer(0, 0, &n), SUP_STORM_CLOSED);
	ck_assert_int_eq(s.state, SUP_STORM_QUIET);
	ck_assert_int_eq(s.deadline_ms, INT64_MAX);
	ck_assert_int_eq(crash(1), SUP_STORM_NOTHING); /* counted from zero */
}
END_TEST

START_TEST(test_canaries_that_die_are_waited_for_longer_each_time)
{
	static const int64_t waits[] = {
		200, 400, 800, 1600, 3200, 6000, 6000, 6000, 6000};
	uint32_t n;

	open_one();
	for (size_t i = 0; i < NV_LEN(waits); i++) {
		now = s.deadline_ms;
		ck_assert_int_eq(timer(3, 0, &n), SUP_STORM_PICK);
		sup_storm_try(&s, &policy, 100, now);
		ck_assert_int_eq(
			sup_storm_crash(&s, &policy, 2, 200, now), SUP_STORM_NOTHING);
		ck_assert_int_eq(crash(1), SUP_STORM_CANARY_DIED);
		ck_assert_int_eq(s.state, SUP_STORM_OPEN);
		ck_assert_int_eq(s.deadline_ms - now, waits[i]);
	}
	ck_assert_uint_eq(s.failed, NV_LEN(waits));
	ck_assert_uint_eq(s.id, 1);
}
END_TEST

START_TEST(test_a_canary_that_leaves_proves_nothing)
{
	uint32_t n;

	open_one();
	now = s.deadline_ms;
	sup_storm_try(&s, &policy, 100, now);
	ck_assert(!sup_storm_left(&s, 200, now));
	ck_assert(sup_storm_left(&s, 100, now));
	ck_assert(!sup_storm_left(&s, 100, now));
	ck_assert_int_eq(timer(2, 0, &n), SUP_STORM_PICK); /* at once */
	ck_assert_uint_eq(s.failed, 0);
	ck_assert_int_eq(timer(0, 0, &n), SUP_STORM_CLOSED); /* all were taken away */
}
END_TEST

START_TEST(test_too_many_on_the_ramp)
{
	uint32_t n;

	open_one();
	now = s.deadline_ms;
	sup_storm_try(&s, &policy, 100, now);
	now = s.deadline_ms;
	ck_assert_int_eq(timer(2, 0, &n), SUP_STORM_ALIVE);
	now += 10;
	ck_assert_int_eq(crash(7), SUP_STORM_NOTHING);
	ck_assert_int_eq(crash(8), SUP_STORM_NOTHING);
	ck_assert_int_eq(crash(7), SUP_STORM_NOTHING);
	ck_assert_int_eq(crash(9), SUP_STORM_BACK);
	ck_assert_int_eq(s.state, SUP_STORM_OPEN);
	ck_assert_uint_eq(s.id, 1);
	ck_assert_uint_eq(s.failed, 1);
	ck_assert_uint_eq(s.n_workers, 6);
}
END_TEST

START_TEST(test_more_workers_than_are_remembered)
{
	begin();
	for (uint64_t k = 1; k <= 5000; k++)
		(void)crash(k);
	ck_assert_uint_eq(s.n_recent, SUP_STORM_WORKERS_MAX);
	ck_assert_uint_eq(s.n_workers, 5000);
}
END_TEST

START_TEST(test_save_load)
{
	struct sup_storm back;
	struct nv_buf buf;

	open_one();
	sup_storm_try(&s, &policy, 100, now);
	(void)crash(9);
	nv_buf_init(&buf, 1 << 20);
	sup_storm_save(&s, &buf);
	ck_assert_int_eq(buf.error, 0);
	memset(&back, 0, sizeof(back));
	ck_assert_int_eq(sup_storm_load(&back, buf.data, buf.bytes), 0);
	ck_assert_mem_eq(&back, &s, sizeof(s));
	for (size_t n = 0; n < buf.bytes; n++)
		ck_assert_int_eq(sup_storm_load(&back, buf.data, n), -EBADMSG);
	nv_buf_puts(&buf, "x");
	ck_assert_int_eq(sup_storm_load(&back, buf.data, buf.bytes), -EBADMSG);
	buf.data[0]++; /* of another version */
	ck_assert_int_eq(sup_storm_load(&back, buf.data, buf.bytes - 1), -EBADMSG);
	buf.data[0]--;
	buf.data[4] = SUP_STORM_STATES;
	ck_assert_int_eq(sup_storm_load(&back, buf.data, buf.bytes - 1), -EBADMSG);
	ck_assert_mem_eq(&back, &s, sizeof(s));
	nv_buf_fini(&buf);
}
END_TEST

START_TEST(test_keys)
{
	ck_assert_uint_ne(sup_storm_key("a", 1), sup_storm_key("a", 2));
	ck_assert_uint_ne(sup_storm_key("a", 1), sup_storm_key("b", 1));
	ck_assert_uint_eq(sup_storm_key("a", 1), sup_storm_key("a", 1));
}
END_TEST

/* ---- random histories ---- */

#define WORLDS 20000
#define EVENTS 200
#define MANY   40

static struct sim {
	uint64_t seed;
	uint64_t random;
	struct sup_storm_policy p;
	struct one {
		enum { UP, RESTS, HELD, WAITS, AWAY } state;
		bool crashed;
		int64_t due_ms;
	} each[MANY];
	unsigned incidents;
	unsigned closed;
} sim;

static uint64_t
rnd(uint64_t below)
{
	sim.random ^= sim.random << 13;
	sim.random ^= sim.random >> 7;
	sim.random ^= sim.random << 17;
	return below > 1 ? sim.random % below : 0;
}

#define HOLDS(cond) \
	do { \
		if (!(cond)) \
			ck_abort_msg("%s; NOVA_TEST_SEED=%llu", #cond, \
				(unsigned long long)sim.seed); \
	} while (0)

static unsigned
count_of(int state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MANY; i++)
		n += (int)sim.each[i].state == state && sim.each[i].crashed;
	return n;
}

static void
start_one(unsigned i)
{
	struct one *o = &sim.each[i];
	bool is_canary = s.state == SUP_STORM_CANARY && s.canary == i + 1;

	/* Nothing that crashed is started while an incident is open, but its canary. */
	HOLDS(!o->crashed || s.state == SUP_STORM_QUIET || s.state == SUP_STORM_RAMP ||
		is_canary || o->state == WAITS);
	o->state = UP;
	o->crashed = false;
}

static void
ask_for(unsigned i)
{
	struct one *o = &sim.each[i];
	int64_t wait = 0;

	switch (sup_storm_ask(&s, &sim.p, i + 1, o->crashed, now, &wait)) {
	case SUP_STORM_GO:
		start_one(i);
		break;
	case SUP_STORM_LATER:
		HOLDS(wait > 0 && wait <= MANY * 1000);
		o->state = WAITS;
		o->due_ms = now + wait;
		break;
	case SUP_STORM_HOLD:
		HOLDS(o->crashed && s.state != SUP_STORM_QUIET);
		o->state = HELD;
		break;
	}
}

static void
release(uint32_t n)
{
	for (unsigned i = 0; i < MANY && n > 0; i++) {
		if (sim.each[i].state == HELD) {
			ask_for(i);
			n--;
		}
	}
}

static void
clock_on(void)
{
	uint32_t n;
	enum sup_storm_state before = s.state;

	now += 1 + (int64_t)rnd(400);
	for (unsigned i = 0; i < MANY; i++) {
		struct one *o = &sim.each[i];

		if (o->state == RESTS && now >= o->due_ms)
			ask_for(i);
		else if (o->state == WAITS && now >= o->due_ms)
			start_one(i);
	}
	if (now < s.deadline_ms)
		return;
	switch (sup_storm_timer(&s, &sim.p, count_of(HELD), count_of(RESTS), now, &n)) {
	case SUP_STORM_WAIT:
		HOLDS(s.deadline_ms > now);
		break;
	case SUP_STORM_PICK:
		for (unsigned k = (unsigned)rnd(MANY), i = 0; i < MANY; i++) {
			unsigned at = (k + i) % MANY;

			if (sim.each[at].state != HELD)
				continue;
			sup_storm_try(&s, &sim.p, at + 1, now);
			ask_for(at);
			HOLDS(sim.each[at].state == UP);
			break;
		}
		HOLDS(s.state == SUP_STORM_CANARY);
		break;
	case SUP_STORM_ALIVE:
		HOLDS(before == SUP_STORM_CANARY);
		release(n);
		break;
	case SUP_STORM_RELEASE:
		HOLDS(s.state == SUP_STORM_RAMP);
		release(n);
		break;
	case SUP_STORM_CLOSED:
		HOLDS(count_of(HELD) == 0 && s.state == SUP_STORM_QUIET);
		sim.closed++;
		break;
	}
}

static void
end_one(unsigned i, bool crashed)
{
	struct one *o = &sim.each[i];
	enum sup_storm_state before = s.state;

	o->state = RESTS;
	o->crashed = crashed;
	o->due_ms = now + (int64_t)rnd(300);
	if (!crashed) {
		(void)sup_storm_left(&s, i + 1, now);
		return;
	}
	/* Two instances a worker. */
	enum sup_storm_news news = sup_storm_crash(&s, &sim.p, i / 2 + 1, i + 1, now);

	sim.incidents += news == SUP_STORM_OPENED;
	HOLDS((news == SUP_STORM_OPENED) ==
		(before == SUP_STORM_QUIET && s.state == SUP_STORM_OPEN));
	HOLDS(sim.p.workers > 0 || s.state == SUP_STORM_QUIET);
}

static void
check_saved(void)
{
	struct sup_storm back = {0};
	struct nv_buf buf;

	nv_buf_init(&buf, 1 << 20);
	sup_storm_save(&s, &buf);
	HOLDS(buf.error == 0 && sup_storm_load(&back, buf.data, buf.bytes) == 0);
	s = back; /* and goes on from there */
	nv_buf_fini(&buf);
}

static void
run_world(uint64_t seed)
{
	memset(&sim.each, 0, sizeof(sim.each));
	sim.seed = seed;
	sim.random = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
	sim.p = (struct sup_storm_policy){.rate = 1 + (uint32_t)rnd(50),
		.burst = 1 + (uint32_t)rnd(50),
		.workers = rnd(8) ? 2 + (uint32_t)rnd(8) : 0,
		.within_ms = 100 + (int64_t)rnd(3000),
		.canary_ms = 100 + (int64_t)rnd(1000)};
	now = (int64_t)rnd(100000);
	sup_storm_init(&s, &sim.p, now);
	for (unsigned e = 0; e < EVENTS; e++) {
		unsigned i = (unsigned)rnd(MANY);

		if (rnd(40) == 0)
			for (unsigned k = 0; k < MANY; k++)
				if (sim.each[k].state == UP && rnd(3))
					end_one(k, true);
		if (sim.each[i].state == UP && rnd(2))
			end_one(i, rnd(4) > 0);
		if (rnd(20) == 0)
			check_saved();
		clock_on();
	}
	/* When the cause is gone all of them come back, and the incident ends. */
	for (unsigned e = 0; e < 3000 && (s.state != SUP_STORM_QUIET || e < 500); e++)
		clock_on();
	HOLDS(s.state == SUP_STORM_QUIET);
	for (unsigned i = 0; i < MANY; i++)
		HOLDS(sim.each[i].state == UP || sim.each[i].state == WAITS);
}

START_TEST(test_worlds)
{
	const char *one = getenv("NOVA_TEST_SEED");

	for (uint64_t seed = 1; seed <= (one ? 1 : WORLDS); seed++)
		run_world(one ? strtoull(one, NULL, 10) : seed);
	/* The worlds are no quiet ones. */
	ck_assert(one || (sim.incidents > WORLDS / 2 && sim.closed > WORLDS / 2));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("storm");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_bucket);
	tcase_add_test(tc, test_different_workers_only);
	tcase_add_test(tc, test_off);
	tcase_add_test(tc, test_the_good_way);
	tcase_add_test(tc, test_canaries_that_die_are_waited_for_longer_each_time);
	tcase_add_test(tc, test_a_canary_that_leaves_proves_nothing);
	tcase_add_test(tc, test_too_many_on_the_ramp);
	tcase_add_test(tc, test_more_workers_than_are_remembered);
	tcase_add_test(tc, test_save_load);
	tcase_add_test(tc, test_keys);
	tcase_add_test(tc, test_worlds);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
