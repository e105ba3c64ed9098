/* The two hash tables: find what was added, keep the order, forget newest first. */
#include "map.h"
#include "run_suite.h"

#include <stdio.h>
#include <string.h>

enum { N = 5000 };

START_TEST(pairs)
{
	struct led_map m = {0};
	bool is_new;

	ck_assert_uint_eq(led_map_find(&m, 1, 2), LED_MAP_NONE);
	for (uint64_t round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < N; i++) {
			ck_assert_uint_eq(led_map_add(&m, i % 7, i << 20, &is_new), i);
			ck_assert(is_new);
			ck_assert_uint_eq(led_map_add(&m, i % 7, i << 20, &is_new), i);
			ck_assert(!is_new);
		}
		for (uint32_t i = 0; i < N; i++) {
			ck_assert_uint_eq(led_map_find(&m, i % 7, i << 20), i);
			ck_assert_uint_eq(led_map_find(&m, 7, i << 20), LED_MAP_NONE);
		}
		led_map_clear(&m);
		ck_assert_uint_eq(led_map_find(&m, 0, 0), LED_MAP_NONE);
	}
	led_map_fini(&m);
}
END_TEST

static size_t
text_of(unsigned i, char *buf, size_t buf_bytes)
{
	/* Lengths from 0 on, so that every tail of the hash is taken. */
	int n = i == 0 ? 0 : snprintf(buf, buf_bytes, "%0*u", (int)(i % 40) + 1, i);

	return (size_t)n;
}

START_TEST(texts)
{
	struct led_texts t = {0};
	char buf[64];
	bool is_new;
	size_t n;

	for (unsigned i = 0; i < N; i++) {
		n = text_of(i, buf, sizeof(buf));
		ck_assert_uint_eq(led_texts_add(&t, buf, n, &is_new), i);
		ck_assert(is_new);
	}
	/* Taken back in steps; what is left is still found, what is gone is not. */
	for (unsigned left = N; left >= 1000; left -= 1000) {
		led_texts_truncate(&t, left);
		for (unsigned i = 0; i < N; i += 37) {
			n = text_of(i, buf, sizeof(buf));
			ck_assert_uint_eq(
				led_texts_find(&t, buf, n), i < left ? i : LED_MAP_NONE);
		}
	}
	for (unsigned i = t.n; i < N; i++) {
		n = text_of(i, buf, sizeof(buf));
		ck_assert_uint_eq(led_texts_add(&t, buf, n, &is_new), i);
		size_t bytes;
		const char *text = led_texts_get(&t, i, &bytes);

		ck_assert_uint_eq(bytes, n);
		ck_assert_mem_eq(text, buf, n);
	}
	led_texts_clear(&t);
	ck_assert_uint_eq(led_texts_find(&t, "1", 1), LED_MAP_NONE);
	led_texts_fini(&t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("led_map");
	TCase *tc = tcase_create("map");

	tcase_add_test(tc, pairs);
	tcase_add_test(tc, texts);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
