/* The command line of nova-runner, and the environment it hands on. */
#include "args.h"
#include "env.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <string.h>

static int
parse(struct rn_args *a, struct nv_err *err, const char *const *words)
{
	static char copies[24][64];
	static char *argv[25];
	int argc = 0;

	for (; words[argc]; argc++) {
		size_t bytes = strlen(words[argc]) + 1;

		ck_assert_uint_le(bytes, sizeof(copies[0]));
		memcpy(copies[argc], words[argc], bytes);
		argv[argc] = copies[argc];
	}
	argv[argc] = NULL;
	return rn_args_parse(argc, argv, a, err);
}

START_TEST(all_options)
{
	const char *const words[] = {"nova-runner", "--worker", "email_agent",
		"--instance", "3", "--interval-ms", "60000", "--timeout-ms", "0",
		"--heartbeat-ms", "500", "--grace-ms", "0", "--", "sh", "-c", "--worker",
		NULL};
	struct rn_args a;
	struct nv_err err = {0};

	ck_assert_msg(parse(&a, &err, words) == 0, "%s", err.text);
	ck_assert_str_eq(a.worker, "email_agent");
	ck_assert_uint_eq(a.instance, 3);
	ck_assert_int_eq(a.interval_ms, 60000);
	ck_assert_int_eq(a.timeout_ms, 0);
	ck_assert_int_eq(a.heartbeat_ms, 500);
	ck_assert_int_eq(a.grace_ms, 0);
	ck_assert_str_eq(a.command[0], "sh");
	ck_assert_str_eq(a.command[2], "--worker");
	ck_assert_ptr_null(a.command[3]);
}
END_TEST

START_TEST(a_command_needs_no_dashes_before_it)
{
	const char *const words[] = {"nova-runner", "--worker=w", "--interval-ms=1",
		"cmd", "--grace-ms", "x", NULL};
	struct rn_args a;

	ck_assert_int_eq(parse(&a, NULL, words), 0);
	ck_assert_str_eq(a.command[0], "cmd");
	ck_assert_str_eq(a.command[1], "--grace-ms");
	ck_assert_uint_eq(a.instance, 1);
	ck_assert_int_eq(a.grace_ms, 10000);
}
END_TEST

START_TEST(environment)
{
	char a[] = "A=1";
	char ab[] = "AB=2";
	char odd[] = "ODD";
	char *from[] = {a, ab, odd, NULL};
	struct rn_env env;

	rn_env_init(&env, from);
	rn_env_set(&env, "A", "x=y");
	rn_env_set(&env, "NEW", "");
	rn_env_set(&env, "AB", NULL);
	rn_env_set(&env, "MISSING", NULL);
	ck_assert_int_eq(env.error, 0);
	ck_assert_uint_eq(env.n, 3);
	ck_assert_str_eq(env.list[0], "ODD");
	ck_assert_str_eq(env.list[1], "A=x=y");
	ck_assert_str_eq(env.list[2], "NEW=");
	ck_assert_ptr_null(env.list[3]);
	rn_env_fini(&env);
	rn_env_fini(&env);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("runner_args");
	TCase *t = tcase_create("all");

	tcase_add_test(t, all_options);
	tcase_add_test(t, a_command_needs_no_dashes_before_it);
	tcase_add_test(t, environment);
	suite_add_tcase(s, t);
	return run_suite(s);
}
