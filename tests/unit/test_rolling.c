/* Rolling restarts: step by step, and random worlds in which capacity must hold. The seed
 * is printed when one fails; a run of one seed is repeated with NOVA_TEST_SEED. */
#include "nv_buf.h"
#include "rolling.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANY 16

static struct sup_roll r;
static struct sup_roll_one one[MANY];
static struct sup_roll_view view = {.one = one, .n = MANY};
static int64_t now;

static void
begin(uint32_t wanted, uint32_t surge, uint32_t unavailable, uint32_t abort_after)
{
	const struct sup_roll_policy policy = {.surge = surge,
		.max_unavailable = unavailable,
		.abort_after = abort_after,
		.pause_ms = 100};

	memset(&r, 0, sizeof(r));
	memset(one, 0, sizeof(one));
	now = 1000;
	view.wanted = wanted;
	for (uint32_t k = 0; k < wanted; k++)
		one[k] = (struct sup_roll_one){true, 10};
	sup_roll_start(&r, &policy, wanted);
}

/* "3-4" to be restarted, "" nothing. */
static const char *
step(void)
{
	static char text[40];
	uint32_t from;
	uint32_t to;

	text[0] = '\0';
	if (sup_roll_step(&r, &view, now, &from, &to)) {
		(void)snprintf(text, sizeof(text), "%u-%u", from, to);
		for (uint32_t k = from; k <= to; k++)
			one[k - 1].up = false;
	}
	return text;
}

static void
come_up(uint32_t number)
{
	one[number - 1] = (struct sup_roll_one){true, now};
}

START_TEST(test_one_by_one_with_one_more)
{
	char text[200];

	begin(2, 1, 0, 1);
	ck_assert_str_eq(step(), "");
	ck_assert_uint_eq(r.surge, 1);
	sup_roll_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "0 of 2 replaced; 1 more is tried first");
	come_up(3);
	ck_assert_str_eq(step(), "");
	ck_assert_int_eq(r.deadline_ms, now + 100);
	now += 99;
	ck_assert_str_eq(step(), "");
	now += 1;
	ck_assert_str_eq(step(), "1-1");
	ck_assert_str_eq(step(), "");
	ck_assert_int_eq(r.deadline_ms, INT64_MAX);
	come_up(1);
	now += 100;
	ck_assert_str_eq(step(), "2-2");
	sup_roll_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "1 of 2 replaced; instance 2 is replaced");
	come_up(2);
	now += 100;
	ck_assert_str_eq(step(), "");
	ck_assert_int_eq(r.phase, SUP_ROLL_DONE);
	ck_assert_uint_eq(r.surge, 0);
	sup_roll_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "2 of 2 replaced");
}
END_TEST

START_TEST(test_several_at_a_time)
{
	begin(5, 0, 2, 1);
	ck_assert_str_eq(step(), "1-2");
	come_up(1);
	now += 200;
	ck_assert_str_eq(step(), "");
	come_up(2);
	now += 100;
	ck_assert_str_eq(step(), "3-4");
	come_up(3);
	come_up(4);
	now += 100;
	ck_assert_str_eq(step(), "5-5");
	come_up(5);
	now += 100;
	ck_assert_str_eq(step(), "");
	ck_assert_int_eq(r.phase, SUP_ROLL_DONE);
	begin(5, 2, 1, 1);
	ck_assert_uint_eq(r.surge, 2);
	come_up(6);
	come_up(7);
	now += 100;
	ck_assert_str_eq(step(), "1-3");
	begin(1, 5, 0, 1); /* never more additional ones than there are */
	ck_assert_uint_eq(r.surge, 1);
}
END_TEST

START_TEST(test_a_new_one_that_fails_aborts)
{
	char text[300];

	begin(3, 1, 0, 1);
	sup_roll_failed(&r, 2, 3, "exit 1"); /* an old one */
	ck_assert_int_eq(r.phase, SUP_ROLL_SURGE);
	sup_roll_failed(&r, 4, 3, "exit 3");
	ck_assert_int_eq(r.phase, SUP_ROLL_ABORTED);
	ck_assert_str_eq(step(), "");
	ck_assert_uint_eq(r.surge, 0); /* all the old ones are up */
	sup_roll_text(&r, text, sizeof(text));
	ck_assert_str_eq(text, "0 of 3 replaced; aborted: new instance 4 failed: exit 3");

	begin(3, 1, 0, 3);
	sup_roll_failed(&r, 4, 3, "x");
	sup_roll_failed(&r, 4, 3, "x");
	ck_assert_int_eq(r.phase, SUP_ROLL_SURGE);
	come_up(4);
	now += 100;
	ck_assert_str_eq(step(), "1-1");
	sup_roll_failed(&r, 1, 3, "signal 9");
	ck_assert_int_eq(r.phase, SUP_ROLL_ABORTED);
	ck_assert_str_eq(step(), "");
	ck_assert_uint_eq(r.surge, 1); /* 1 is down: the additional one stands in */
	come_up(1);
	ck_assert_str_eq(step(), "");
	ck_assert_uint_eq(r.surge, 0);
}
END_TEST

START_TEST(test_wishes_that_change_meanwhile)
{
	begin(4, 1, 0, 1);
	come_up(5);
	now += 100;
	ck_assert_str_eq(step(), "1-1");
	come_up(1);
	now += 100;
	view.wanted = 2; /* scaled down: 3 and 4 need not be replaced */
	ck_assert_str_eq(step(), "2-2");
	come_up(2);
	now += 100;
	ck_assert_str_eq(step(), "");
	ck_assert_int_eq(r.phase, SUP_ROLL_DONE);

	begin(2, 1, 0, 1);
	view.wanted = 0;
	ck_assert_str_eq(step(), "");
	ck_assert_int_eq(r.phase, SUP_ROLL_ABORTED);
	ck_assert_str_eq(r.why, "the worker was stopped");
	ck_assert_uint_eq(r.surge, 0);

	begin(2, 1, 0, 1);
	sup_roll_abort(&r, "uid 0 asked for it");
	ck_assert_int_eq(r.phase, SUP_ROLL_ABORTED);
	sup_roll_abort(&r, "again");
	ck_assert_str_eq(r.why, "uid 0 asked for it");
}
END_TEST

static void
same(const struct sup_roll *roll, const struct nv_buf *saved)
{
	struct nv_buf buf;

	nv_buf_init(&buf, 10000);
	sup_roll_save(roll, &buf);
	ck_assert_uint_eq(buf.bytes, saved->bytes);
	ck_assert_mem_eq(buf.data, saved->data, buf.bytes);
	nv_buf_fini(&buf);
}

START_TEST(test_save_load)
{
	struct sup_roll back = {0};
	struct nv_buf buf;

	begin(3, 1, 1, 2);
	come_up(4);
	now += 100;
	(void)step();
	nv_buf_init(&buf, 10000);
	sup_roll_save(&r, &buf);
	ck_assert_int_eq(sup_roll_load(&back, buf.data, buf.bytes), 0);
	same(&back, &buf);
	for (size_t n = 0; n < buf.bytes; n++)
		ck_assert_int_eq(sup_roll_load(&back, buf.data, n), -EBADMSG);
	buf.data[4] = SUP_ROLL_PHASES;
	ck_assert_int_eq(sup_roll_load(&back, buf.data, buf.bytes), -EBADMSG);
	buf.data[4] = (char)back.phase;
	same(&back, &buf);
	nv_buf_fini(&buf);
}
END_TEST

/* ---- random worlds ---- */

#define WORLDS 100000

static uint64_t seed;
static uint64_t state;

static uint64_t
rnd(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below > 1 ? state % below : 0;
}

#define HOLDS(cond) \
	do { \
		if (!(cond)) \
			ck_abort_msg("%s; NOVA_TEST_SEED=%llu", #cond, \
				(unsigned long long)seed); \
	} while (0)

static bool replaced[MANY];

static unsigned
count_up(uint32_t upto)
{
	unsigned n = 0;

	for (uint32_t k = 0; k < upto; k++)
		n += one[k].up;
	return n;
}

static void
run_world(void)
{
	uint32_t wanted = 1 + (uint32_t)rnd(8);
	uint32_t surge = (uint32_t)rnd(4);
	uint32_t unavailable = (uint32_t)rnd(3) + (surge == 0);
	uint32_t failing = (uint32_t)rnd(3) == 0 ? 3 : 0; /* one in so many new ones */
	unsigned e;

	begin(wanted, surge, unavailable, 1 + (uint32_t)rnd(3));
	memset(replaced, 0, sizeof(replaced));
	for (e = 0; e < 2000 && (sup_roll_active(&r) || r.surge > 0); e++) {
		uint32_t from;
		uint32_t to;

		now += 1 + (int64_t)rnd(60);
		for (uint32_t k = 0; k < wanted + r.surge; k++) {
			if (one[k].up || rnd(3))
				continue;
			if (failing && rnd(failing) == 0)
				sup_roll_failed(&r, k + 1, wanted, "exit 1");
			else
				come_up(k + 1);
		}
		while (sup_roll_step(&r, &view, now, &from, &to)) {
			for (uint32_t k = from; k <= to; k++) {
				HOLDS(k <= wanted && !replaced[k - 1]);
				one[k - 1].up = false;
				replaced[k - 1] = true;
			}
			/* Never fewer than promised: nothing failed so far. */
			HOLDS(r.failures > 0 ||
				count_up(wanted + r.surge) + unavailable >= wanted);
		}
		if (r.surge == 0) /* not wanted: gone */
			memset(&one[wanted], 0, (MANY - wanted) * sizeof(one[0]));
		if (sup_roll_active(&r) && rnd(400) == 0)
			sup_roll_abort(&r, "a person");
	}
	HOLDS(!sup_roll_active(&r) && r.surge == 0);
	HOLDS(r.phase == SUP_ROLL_ABORTED || r.phase == SUP_ROLL_DONE);
	HOLDS(failing || r.phase == SUP_ROLL_DONE || strcmp(r.why, "a person") == 0);
	for (uint32_t k = 0; k < wanted && r.phase == SUP_ROLL_DONE; k++)
		HOLDS(replaced[k] && one[k].up);
	/* Aborted at its first failure it has touched one batch. */
	if (r.phase == SUP_ROLL_ABORTED && r.first == 1 && r.count == 0)
		for (uint32_t k = 0; k < wanted; k++)
			HOLDS(!replaced[k]);
}

START_TEST(test_worlds)
{
	const char *given = getenv("NOVA_TEST_SEED");

	for (seed = 1; seed <= (given ? 1 : WORLDS); seed++) {
		if (given)
			seed = strtoull(given, NULL, 10);
		state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
		run_world();
		if (given)
			break;
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rolling");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, test_one_by_one_with_one_more);
	tcase_add_test(tc, test_several_at_a_time);
	tcase_add_test(tc, test_a_new_one_that_fails_aborts);
	tcase_add_test(tc, test_wishes_that_change_meanwhile);
	tcase_add_test(tc, test_save_load);
	tcase_add_test(tc, test_worlds);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
