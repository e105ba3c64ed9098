/* Bytes into lines of a log, however they are cut. */
#include "format.h"
#include "run_suite.h"

#include <string.h>

static const struct log_form form = {"T", 3, 7};
static const struct log_form bare = {NULL, 1, 1};

static const char *
lines(const struct log_form *f, const char *raw, size_t bytes, bool at_end, size_t room,
	bool must, size_t *ret_took, bool *ret_full)
{
	static char text[200000];
	struct nv_buf out;

	nv_buf_init(&out, sizeof(text));
	*ret_took = log_format(&out, f, raw, bytes, at_end, room, must, ret_full);
	(void)memcpy(text, out.data ? out.data : "", out.bytes + 1);
	nv_buf_fini(&out);
	return text;
}

START_TEST(test_whole_lines)
{
	static const struct {
		const char *raw;
		bool at_end;
		const char *out;
		size_t took;
	} cases[] = {
		{"", false, "", 0},
		{"", true, "", 0},
		{"a\n", false, "T #3.7 a\n", 2},
		{"a\nb", false, "T #3.7 a\n", 2},
		{"a\nb", true, "T #3.7 a\nT #3.7 b\n", 3},
		{"\n\n", false, "T #3.7 \nT #3.7 \n", 2},
		{"half", false, "", 0},
	};
	size_t took;
	bool full;

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		ck_assert_str_eq(lines(&form, cases[i].raw, strlen(cases[i].raw),
					 cases[i].at_end, SIZE_MAX, false, &took, &full),
			cases[i].out);
		ck_assert_uint_eq(took, cases[i].took);
		ck_assert(!full);
	}
	ck_assert_str_eq(
		lines(&bare, "a\n", 2, false, SIZE_MAX, false, &took, &full), "#1.1 a\n");
}
END_TEST

START_TEST(test_room)
{
	size_t took;
	bool full;

	/* "#1.1 a\n" has 7 bytes. */
	ck_assert_str_eq(
		lines(&bare, "a\nb\n", 4, false, 7, false, &took, &full), "#1.1 a\n");
	ck_assert(full && took == 2);
	ck_assert_str_eq(lines(&bare, "a\nb\n", 4, false, 14, false, &took, &full),
		"#1.1 a\n#1.1 b\n");
	ck_assert(!full && took == 4);
	ck_assert_str_eq(lines(&bare, "a\n", 2, false, 6, false, &took, &full), "");
	ck_assert(full && took == 0);
	ck_assert_str_eq(
		lines(&bare, "a\n", 2, false, 6, true, &took, &full), "#1.1 a\n");
	ck_assert(!full && took == 2);
}
END_TEST

START_TEST(test_long_lines_are_split)
{
	static char raw[LOG_LINE_BYTES_MAX * 2 + 10];
	size_t took;
	bool full;

	memset(raw, 'x', sizeof(raw));
	/* It may still end here. */
	(void)lines(&bare, raw, LOG_LINE_BYTES_MAX, false, SIZE_MAX, false, &took, &full);
	ck_assert_uint_eq(took, 0);
	raw[LOG_LINE_BYTES_MAX] = '\n';
	const char *text = lines(
		&bare, raw, LOG_LINE_BYTES_MAX + 1, false, SIZE_MAX, false, &took, &full);

	ck_assert_uint_eq(took, LOG_LINE_BYTES_MAX + 1);
	ck_assert_ptr_null(strstr(text, "[cut]"));
	raw[LOG_LINE_BYTES_MAX] = 'x';
	text = lines(
		&bare, raw, LOG_LINE_BYTES_MAX + 1, false, SIZE_MAX, false, &took, &full);
	ck_assert_uint_eq(took, LOG_LINE_BYTES_MAX);
	ck_assert_str_eq(text + 5 + LOG_LINE_BYTES_MAX, " [cut]\n");
	text = lines(&bare, raw, sizeof(raw), true, SIZE_MAX, false, &took, &full);
	ck_assert_uint_eq(took, sizeof(raw));
	ck_assert_str_eq(text + strlen(text) - 16, "#1.1 xxxxxxxxxx\n");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("log format");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, test_whole_lines);
	tcase_add_test(tc, test_room);
	tcase_add_test(tc, test_long_lines_are_split);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
