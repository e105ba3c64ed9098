/* The command line of novactl: what is taken, what is refused and how. */
#include "ctl.h"
#include "run_suite.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct ctl_args args;
static struct nv_err err;

/* The words live until the next call, as argv does. */
static int
parse(char *const *words)
{
	static char kept[32][128];
	char *argv[32] = {kept[0]};
	int argc = 1;

	for (; words[argc - 1]; argc++) {
		(void)snprintf(kept[argc], sizeof(kept[argc]), "%s", words[argc - 1]);
		argv[argc] = kept[argc];
	}
	ctl_args_fini(&args);
	err = (struct nv_err){0};
	return ctl_args_parse(&args, argc, argv, &err);
}

#define WORDS(...) ((char *const[]){__VA_ARGS__, NULL})
#define W(text)    ((char[]){text})

START_TEST(test_verbs)
{
	ck_assert_int_eq(parse(WORDS(W("status"))), 0);
	ck_assert_str_eq(args.verb->name, "status");
	ck_assert_int_eq(parse(WORDS(W("workers"), W("start"), W("a"), W("b"))), 0);
	ck_assert_str_eq(args.verb->name, "workers start");
	ck_assert_int_eq(args.n_words, 2);
	ck_assert_str_eq(args.words[1], "b");
	ck_assert_ptr_null(args.words[2]);
	ck_assert_int_eq(parse(WORDS(W("workers"))), 0);
	ck_assert_ptr_null(args.verb);
	ck_assert_str_eq(args.family, "workers");
}
END_TEST

START_TEST(test_globals_anywhere)
{
	ck_assert_int_eq(parse(WORDS(W("--json"), W("status"))), 0);
	ck_assert(args.json);
	ck_assert_int_eq(parse(WORDS(W("workers"), W("--run-dir"), W("/r"), W("stop"),
				 W("--state-dir=/s"), W("a"))),
		0);
	ck_assert_str_eq(args.run_dir, "/r");
	ck_assert_str_eq(args.state_dir, "/s");
	ck_assert_str_eq(args.verb->name, "workers stop");
	ck_assert_int_eq(args.n_words, 1);
}
END_TEST

START_TEST(test_verb_option_wins_after_the_verb)
{
	ck_assert_int_eq(parse(WORDS(W("--config"), W("/etc/n.yaml"), W("deploy"), W("g"),
				 W("w"), W("--config"), W("a=1"), W("--config=b=2"))),
		0);
	ck_assert_str_eq(args.config, "/etc/n.yaml");
	ck_assert_str_eq(ctl_opt_nth(&args, "config", 0), "a=1");
	ck_assert_str_eq(ctl_opt_nth(&args, "config", 1), "b=2");
	ck_assert_ptr_null(ctl_opt_nth(&args, "config", 2));
	ck_assert_str_eq(ctl_opt(&args, "config"), "b=2");
	ck_assert_ptr_null(ctl_opt(&args, "command"));
}
END_TEST

START_TEST(test_letters_and_rest)
{
	int64_t n = 0;

	ck_assert_int_eq(parse(WORDS(W("logs"), W("-f"), W("-n"), W("7"), W("w"))), 0);
	ck_assert_ptr_nonnull(ctl_opt(&args, "follow"));
	ck_assert_int_eq(ctl_opt_number(&args, "lines", 0, 10, 3, &n, &err), 0);
	ck_assert_int_eq(n, 7);
	ck_assert_int_eq(parse(WORDS(W("logs"), W("-n8"), W("w"))), 0);
	ck_assert_str_eq(ctl_opt(&args, "lines"), "8");
	ck_assert_int_eq(
		parse(WORDS(W("deploy"), W("g"), W("w"), W("--"), W("-x"), W("--json"))),
		0);
	ck_assert(args.has_rest && !args.json);
	ck_assert_int_eq(args.n_before_rest, 2);
	ck_assert_int_eq(args.n_words, 4);
	ck_assert_str_eq(args.words[3], "--json");
	/* A negative number is an argument, for the verb to refuse. */
	ck_assert_int_eq(parse(WORDS(W("track"), W("cost"), W("w"), W("-5"))), 0);
	ck_assert_str_eq(args.words[2], "-5");
}
END_TEST

START_TEST(test_refused)
{
	const struct {
		char *const *words;
		const char *text;
	} rows[] = {
		{WORDS(W("statsu")), "did you mean \"status\""},
		{WORDS(W("workers"), W("stpo")), "did you mean \"workers stop\""},
		{WORDS(W("costs"), W("--preiod=7d")), "did you mean \"--period\""},
		{WORDS(W("costs"), W("--period")), "needs a value"},
		{WORDS(W("status"), W("--json=yes")), "takes no value"},
		{WORDS(W("status"), W("-z")), "unknown option \"-z\""},
		{WORDS(W("status"), W("-\x1b")), "unknown option \"-?\""},
		{WORDS(W("agent")), "an argument is missing"},
		{WORDS(W("agent"), W("a"), W("b")), "one argument too many"},
		{WORDS(W("")), "unknown verb \"\""},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		ck_assert_int_eq(parse(rows[i].words), -EINVAL);
		ck_assert_msg(strstr(err.text, rows[i].text), "\"%s\" is not in \"%s\"",
			rows[i].text, err.text);
	}
}
END_TEST

START_TEST(test_numbers)
{
	static const char *const bad[] = {
		"", "x", "1x", " 1", "-1", "+1", "11", "1.0", "99999999999999999999"};
	int64_t n = -7;

	for (size_t i = 0; i < NV_LEN(bad); i++) {
		char text[64];

		(void)snprintf(text, sizeof(text), "--lines=%s", bad[i]);
		ck_assert_int_eq(parse(WORDS(W("logs"), text, W("w"))), 0);
		ck_assert_int_eq(
			ctl_opt_number(&args, "lines", 0, 10, 3, &n, &err), -EINVAL);
		ck_assert_int_eq(n, -7);
	}
	ck_assert_int_eq(parse(WORDS(W("logs"), W("w"))), 0);
	ck_assert_int_eq(ctl_opt_number(&args, "lines", 0, 10, 3, &n, &err), 0);
	ck_assert_int_eq(n, 3);
}
END_TEST

START_TEST(test_too_many_options)
{
	char *argv[CTL_GIVEN_MAX + 8] = {W("novactl"), W("events")};
	static char follow[] = "-f";

	for (size_t i = 2; i < NV_LEN(argv); i++)
		argv[i] = follow;
	ck_assert_int_eq(ctl_args_parse(&args, (int)NV_LEN(argv), argv, &err), -EINVAL);
	ck_assert_ptr_nonnull(strstr(err.text, "more than"));
}
END_TEST

/* The table itself: names are unique, options too, and none hides --json. */
START_TEST(test_table)
{
	for (size_t i = 0; i < ctl_n_verbs; i++) {
		const struct ctl_verb *v = &ctl_verbs[i];

		ck_assert_ptr_nonnull(v->run);
		ck_assert_int_gt((int)strlen(v->summary), 0);
		for (size_t k = i + 1; k < ctl_n_verbs; k++)
			ck_assert_str_ne(v->name, ctl_verbs[k].name);
		for (size_t k = 0; v->options[k].name; k++) {
			ck_assert_str_ne(v->options[k].name, "json");
			ck_assert_str_ne(v->options[k].name, "run-dir");
			for (size_t m = k + 1; v->options[m].name; m++) {
				ck_assert_str_ne(v->options[k].name, v->options[m].name);
				ck_assert(!v->options[k].letter ||
					  v->options[k].letter != v->options[m].letter);
			}
		}
		ck_assert_ptr_null(v->options[CTL_OPTIONS_MAX - 1].name);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_args");
	TCase *tc = tcase_create("args");

	tcase_add_test(tc, test_verbs);
	tcase_add_test(tc, test_globals_anywhere);
	tcase_add_test(tc, test_verb_option_wins_after_the_verb);
	tcase_add_test(tc, test_letters_and_rest);
	tcase_add_test(tc, test_refused);
	tcase_add_test(tc, test_numbers);
	tcase_add_test(tc, test_too_many_options);
	tcase_add_test(tc, test_table);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
