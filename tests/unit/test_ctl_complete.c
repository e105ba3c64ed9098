/* Words that a shell takes into a command line: names of a fleet, whoever answered. */
#include "complete.h"
#include "run_suite.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *typed;
	const char *word;
	const char *what;
	const char *line; /* "": left out */
} words[] = {
	{"", "seller", "running", "seller\trunning\n"},
	{"se", "seller-2.eu_1", "running", "seller-2.eu_1\trunning\n"},
	{"", "silent:seller/1@2=3,4%+", "", "silent:seller/1@2=3,4%+\t\n"},
	{"so", "seller", "running", ""},
	{"", "\xc3\xa9t\xc3\xa9", "summer", "\xc3\xa9t\xc3\xa9\tsummer\n"},
	{"", "$(id)", "x", ""},
	{"", "`id`", "x", ""},
	{"", "a;id", "x", ""},
	{"", "a|id", "x", ""},
	{"", "a&", "x", ""},
	{"", "a b", "x", ""},
	{"", "a\nb", "x", ""},
	{"", "a\tb", "x", ""},
	{"", "a\x1b[2J", "x", ""},
	{"", "a'", "x", ""},
	{"", "a\"", "x", ""},
	{"", "a\\", "x", ""},
	{"", ">a", "x", ""},
	{"", "~root", "x", ""},
	{"", "!1", "x", ""},
	{"", "*", "x", ""},
	{"", "seller", "a\nrm\tb\x1b[2J", "seller\ta rm b [2J\n"},
};

START_TEST(word)
{
	char *said = NULL;
	size_t bytes = 0;
	const struct ctl_completion to = {
		.typed = words[_i].typed, .out = open_memstream(&said, &bytes)};

	ck_assert_ptr_nonnull(to.out);
	ctl_complete_word(&to, words[_i].word, strlen(words[_i].word), words[_i].what);
	ck_assert_int_eq(fclose(to.out), 0);
	ck_assert_str_eq(said, words[_i].line);
	free(said);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_complete");
	TCase *tc = tcase_create("words");

	tcase_add_loop_test(tc, word, 0, NV_LEN(words));
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
