/* Which instances shall run after a change of their number. */
#include "park.h"
#include "run_suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 12

static bool parked[SLOTS];
static struct sup_park p = {.parked = parked, .n = SLOTS};

/* The numbers that shall run, as "1 3 4". */
static const char *
running(uint32_t wanted)
{
	static char text[100];
	size_t used = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < SLOTS; i++) {
		if (wanted > 0 && i < wanted + p.n_parked && !parked[i])
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%u",
				used ? " " : "", i + 1);
	}
	return text;
}

static const struct {
	uint32_t now;
	uint32_t hints[4];
	size_t n_hints;
	const char *running;
} steps[] = {
	{4, {0}, 0, "1 2 3 4"},
	{3, {0}, 0, "1 2 3"}, /* nothing is said: the youngest */
	{4, {0}, 0, "1 2 3 4"},
	{3, {2}, 1, "1 3 4"},
	{2, {2, 9, 0, 1}, 4,
		"3 4"},       /* parked already, not wanted, no number: passed over */
	{3, {0}, 0, "1 3 4"}, /* the lowest parked one is used again */
	{2, {0}, 0, "1 3"},
	{5, {0}, 0, "1 2 3 4 5"},
	{3, {4, 2}, 2, "1 3 5"},
	{1, {5}, 1, "1"}, /* a hint, and then the youngest */
	{0, {1}, 1, ""},
	{3, {0}, 0, "1 2 3"}, /* forgotten */
	{2, {3}, 1, "1 2"},
	{4, {0}, 0, "1 2 3 4"},
};

START_TEST(test_steps)
{
	uint32_t before = 0;

	for (size_t i = 0; i < NV_LEN(steps); i++) {
		sup_park_change(
			&p, before, steps[i].now, steps[i].hints, steps[i].n_hints);
		ck_assert_msg(strcmp(running(steps[i].now), steps[i].running) == 0,
			"step %zu: %s", i, running(steps[i].now));
		before = steps[i].now;
	}
}
END_TEST

START_TEST(test_random)
{
	uint64_t random = 88172645463325252u;
	uint32_t before = 0;

	memset(parked, 0, sizeof(parked));
	p.n_parked = 0;
	for (int round = 0; round < 30000; round++) {
		uint32_t hints[4];
		bool was[SLOTS];
		uint32_t kept = 0;
		uint32_t n = 0;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		uint32_t now = (uint32_t)(random % 9);

		for (uint32_t i = 0; i < 4; i++)
			hints[i] = (uint32_t)(random >> (8 * i + 8)) % 14;
		for (uint32_t i = 0; i < SLOTS; i++)
			was[i] = before > 0 && i < before + p.n_parked && !parked[i];
		sup_park_change(&p, before, now, hints, 4);
		for (uint32_t i = 0; i < SLOTS; i++) {
			bool is = now > 0 && i < now + p.n_parked && !parked[i];

			n += is;
			kept += is && was[i];
			ck_assert(!parked[i] || i < now + p.n_parked);
		}
		/* As many as are wanted, and nobody is exchanged for another one. */
		ck_assert_uint_eq(n, now);
		ck_assert_uint_eq(kept, NV_MIN(before, now));
		before = now;
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("park");
	TCase *tc = tcase_create("all");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_steps);
	tcase_add_test(tc, test_random);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
