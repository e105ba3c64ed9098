/* What is packed comes out again, whatever runs of zeros and others it is made of, and
 * never takes more room than is promised. */
#include "run_suite.h"
#include "state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 200000

static uint8_t data[BYTES_MAX];
static uint8_t back[BYTES_MAX];

static void
check(size_t bytes)
{
	size_t max = sup_state_packed_max(bytes);
	uint8_t *packed = malloc(max + 1);
	const uint8_t *rest = NULL;

	ck_assert_ptr_nonnull(packed);
	packed[max] = 0xa5;
	size_t n = sup_state_pack(packed, data, bytes);

	ck_assert_uint_le(n, max);
	ck_assert_uint_eq(packed[max], 0xa5);
	memset(back, 0xff, bytes);
	ck_assert_int_eq(sup_state_unpack(back, bytes, packed, n, &rest), 0);
	ck_assert_ptr_eq(rest, packed + n);
	ck_assert_mem_eq(back, data, bytes);
	if (n > 0)
		ck_assert_int_eq(
			sup_state_unpack(back, bytes, packed, n - 1, &rest), -EBADMSG);
	free(packed);
}

/* Runs of every length up to a word and more, at every place in a word. */
START_TEST(test_runs)
{
	for (size_t zeros = 0; zeros < 20; zeros++) {
		for (size_t others = 0; others < 20; others++) {
			size_t period = zeros + others;

			for (size_t i = 0; i < 200; i++)
				data[i] = period && i % period >= zeros ? 7 : 0;
			for (size_t bytes = 180; bytes < 200; bytes++)
				check(bytes);
		}
	}
	check(0);
}
END_TEST

/* A run is counted in 16 bits. */
START_TEST(test_long_runs)
{
	for (int value = 0; value < 2; value++) {
		memset(data, value, sizeof(data));
		for (size_t bytes = UINT16_MAX - 9; bytes < UINT16_MAX + 9; bytes++)
			check(bytes);
		check(sizeof(data));
	}
}
END_TEST

START_TEST(test_random)
{
	unsigned seed = 1;

	for (int round = 0; round < 300; round++) {
		size_t bytes = 1 + (size_t)rand_r(&seed) % 3000;
		int rarity = 1 + rand_r(&seed) % 40;

		for (size_t i = 0; i < bytes; i++)
			data[i] = rand_r(&seed) % rarity ? 0 : (uint8_t)rand_r(&seed);
		check(bytes);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("state_pack");
	TCase *tc = tcase_create("pack");

	tcase_add_test(tc, test_runs);
	tcase_add_test(tc, test_long_runs);
	tcase_add_test(tc, test_random);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
