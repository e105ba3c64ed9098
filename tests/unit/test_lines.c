/* Bytes into lines, however they are cut. */
#include "lines.h"
#include "run_suite.h"

#include <string.h>

struct got {
	char text[1 << 16];
	size_t bytes;
	unsigned n;
	unsigned cut;
};

static void
take(void *arg, const char *text, size_t bytes, bool cut)
{
	struct got *g = arg;

	ck_assert_uint_le(g->bytes + bytes + 1, sizeof(g->text));
	memcpy(g->text + g->bytes, text, bytes);
	g->bytes += bytes;
	g->text[g->bytes++] = cut ? '>' : '|';
	g->n++;
	g->cut += cut;
}

static struct got got;
static struct log_lines lines;

static void
fresh(void)
{
	memset(&got, 0, sizeof(got));
	memset(&lines, 0, sizeof(lines));
}

START_TEST(test_any_fragments)
{
	static const char input[] = "one\ntwo\n\nfour and more\nlast";

	for (size_t size = 1; size < sizeof(input); size++) {
		fresh();
		for (size_t at = 0; at < sizeof(input) - 1; at += size)
			log_lines_push(&lines, input + at,
				NV_MIN(size, sizeof(input) - 1 - at), take, &got);
		ck_assert_uint_eq(got.n, 4);
		log_lines_end(&lines, take, &got);
		log_lines_end(&lines, take, &got);
		ck_assert_uint_eq(got.n, 5);
		ck_assert_int_eq(
			memcmp(got.text, "one|two||four and more|last|", got.bytes), 0);
	}
}
END_TEST

START_TEST(test_long_lines_are_cut)
{
	static char input[LOG_LINE_BYTES_MAX * (size_t)2 + 10];
	static const struct {
		size_t bytes;
		unsigned n;
		unsigned cut;
	} rows[] = {{LOG_LINE_BYTES_MAX - 1, 1, 0}, {LOG_LINE_BYTES_MAX, 1, 0},
		{LOG_LINE_BYTES_MAX + 1, 2, 1}, {LOG_LINE_BYTES_MAX * (size_t)2, 2, 1},
		{LOG_LINE_BYTES_MAX * (size_t)2 + 1, 3, 2}};

	for (size_t k = 0; k < NV_LEN(rows); k++) {
		fresh();
		memset(input, 'x', sizeof(input));
		input[rows[k].bytes] = '\n';
		log_lines_push(&lines, input, rows[k].bytes + 1, take, &got);
		ck_assert_uint_eq(got.n, rows[k].n);
		ck_assert_uint_eq(got.cut, rows[k].cut);
		ck_assert_uint_eq(got.bytes, rows[k].bytes + rows[k].n);
		ck_assert_uint_eq(lines.bytes, 0);
	}
}
END_TEST

START_TEST(test_nul_bytes_are_bytes)
{
	fresh();
	log_lines_push(&lines, "a\0b\n", 4, take, &got);
	ck_assert_uint_eq(got.bytes, 4);
	ck_assert_int_eq(memcmp(got.text, "a\0b|", 4), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lines");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_any_fragments);
	tcase_add_test(tc, test_long_lines_are_cut);
	tcase_add_test(tc, test_nul_bytes_are_bytes);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
