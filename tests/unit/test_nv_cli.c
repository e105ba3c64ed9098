/* What is wrong with the options of a program, in words. */
#include "nv_cli.h"
#include "run_suite.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

static const struct option known[] = {{"config", required_argument, NULL, 'c'},
	{"check", no_argument, NULL, 'k'}, {"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0}};

/* What is said of one word; "" when it is fine. */
static const char *
said(const char *word)
{
	static struct nv_err err;
	static char kept[200];
	char name[] = "program";
	char *argv[] = {name, kept, NULL};
	int opt;

	err = (struct nv_err){0};
	(void)snprintf(kept, sizeof(kept), "%s", word);
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(2, argv, "+:h", known, NULL)) != -1) {
		if (opt != '?' && opt != ':')
			continue;
		ck_assert_int_eq(nv_cli_wrong(argv, known, opt, &err), -EINVAL);
		return err.text;
	}
	return "";
}

START_TEST(test_wrong)
{
	static const struct {
		const char *word;
		const char *said;
	} cases[] = {{"--check", ""}, {"-h", ""}, {"--config=x", ""},
		{"--config", "the option --config needs a value"},
		{"--check=1", "the option --check takes no value"},
		{"--chekc", "unknown option \"--chekc\": did you mean \"--check\"?"},
		{"--confg=x", "unknown option \"--confg\": did you mean \"--config\"?"},
		{"--nonsense", "unknown option \"--nonsense\": see --help"},
		{"--c", "unknown option \"--c\": see --help"},
		{"-x", "unknown option \"-x\": see --help"},
		{"-\x01", "unknown option \"-?\": see --help"}};

	for (size_t i = 0; i < NV_LEN(cases); i++)
		ck_assert_msg(strcmp(said(cases[i].word), cases[i].said) == 0,
			"%s: expected \"%s\", said \"%s\"", cases[i].word, cases[i].said,
			said(cases[i].word));
}
END_TEST

START_TEST(test_long_words_are_cut)
{
	char word[180];

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	memcpy(word, "--", 2);
	ck_assert_uint_lt(strlen(said(word)), 120);
}
END_TEST

static int
started(char *a, char *b)
{
	static const char *const own[] = {"--replay", NULL};
	char name[] = "nova-x";
	char *argv[] = {name, a, b, NULL};

	return nv_cli_started("nova-x", "usage: nova-x\n", own, 1 + !!a + !!b, argv);
}

START_TEST(test_started)
{
	char help[] = "--help";
	char version[] = "--version";
	char replay[] = "--replay";
	char wrong[] = "--repaly";
	char word[] = "word";

	ck_assert_int_eq(started(NULL, NULL), -1);
	ck_assert_int_eq(started(replay, NULL), -1);
	ck_assert_int_eq(started(replay, word), -1);
	ck_assert_int_eq(started(help, NULL), NV_EXIT_OK);
	ck_assert_int_eq(started(version, NULL), NV_EXIT_OK);
	ck_assert_int_eq(started(help, word), NV_EXIT_USAGE);
	ck_assert_int_eq(started(wrong, NULL), NV_EXIT_USAGE);
	ck_assert_int_eq(started(word, NULL), NV_EXIT_USAGE);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("nv_cli");
	TCase *tc = tcase_create("nv_cli");

	tcase_add_test(tc, test_wrong);
	tcase_add_test(tc, test_long_words_are_cut);
	tcase_add_test(tc, test_started);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
