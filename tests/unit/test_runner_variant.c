/* The variant and the parameters of a run. */
#include "run_suite.h"
#include "variant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *
find(const struct rn_env *env, const char *name)
{
	size_t bytes = strlen(name);

	for (size_t i = 0; i < env->n; i++) {
		if (strncmp(env->list[i], name, bytes) == 0 && env->list[i][bytes] == '=')
			return env->list[i] + bytes + 1;
	}
	return NULL;
}

START_TEST(params_with)
{
	static const struct {
		const char *params, *name, *value, *want;
	} cases[] = {
		{"{}", "a", "1", "{\"a\":1}"},
		{"{\"a\":0}", "a", "1", "{\"a\":1}"},
		{"{\"a\":0,\"b\":{\"a\":[2]}}", "a", "\"x\"",
			"{\"b\":{\"a\":[2]},\"a\":\"x\"}"},
		{" { \"b\" : \"q\\\"\\u00e9\" } ", "a", "true",
			"{\"b\":\"q\\\"\\u00e9\",\"a\":true}"},
		{"no object", "a", "1", "{\"a\":1}"},
		{"{\"b\":1,", "a", "1", "{\"a\":1}"},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		struct nv_buf out;

		nv_buf_init(&out, 4096);
		rn_params_with(&out, cases[i].params, cases[i].name, cases[i].value);
		ck_assert_int_eq(out.error, 0);
		ck_assert_str_eq(out.data, cases[i].want);
		nv_buf_fini(&out);
	}
}
END_TEST

START_TEST(from_the_environment)
{
	struct rn_variant v;
	struct nv_err err = {0};

	ck_assert_int_eq(unsetenv("NOVA_SPLIT"), 0);
	ck_assert_int_eq(rn_variant_init(&v, &err), 0);
	ck_assert_str_eq(rn_variant_of(&v, "run"), "");
	ck_assert_int_eq(setenv("NOVA_SPLIT", "a:1000000,b:0", 1), 0);
	ck_assert_int_eq(rn_variant_init(&v, &err), 0);
	ck_assert_str_eq(rn_variant_of(&v, "run"), "a");
	ck_assert_int_eq(setenv("NOVA_SPLIT", "a:1", 1), 0);
	ck_assert_int_eq(rn_variant_init(&v, &err), -EINVAL);
	ck_assert_uint_eq(v.split.n, 0);
}
END_TEST

START_TEST(environment_of_a_run)
{
	char split[] = "NOVA_SPLIT=x";
	char old[] = "NOVA_VARIANT=old";
	char params[] = "NOVA_PARAMS={\"n\":1}";
	char *from[] = {split, old, params, NULL};
	struct rn_variant v = {0};
	struct rn_env env;

	ck_assert_int_eq(setenv("NOVA_PARAMS", "{\"n\":1}", 1), 0);
	rn_env_init(&env, from);
	rn_variant_env(&v, "w.1.2", &env);
	ck_assert_ptr_null(find(&env, "NOVA_SPLIT"));
	ck_assert_str_eq(find(&env, "NOVA_VARIANT"), "old"); /* as it was started */
	ck_assert_str_eq(find(&env, "NOVA_PARAMS"), "{\"n\":1}");
	ck_assert_int_eq(nv_split_parse("n;n.1:0:1,n.2:1000000:2", &v.split, NULL), 0);
	rn_variant_env(&v, "w.1.2", &env);
	ck_assert_str_eq(find(&env, "NOVA_VARIANT"), "n.2");
	ck_assert_str_eq(find(&env, "NOVA_PARAMS"), "{\"n\":2}");
	ck_assert_int_eq(env.error, 0);
	rn_env_fini(&env);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("runner_variant");
	TCase *tc = tcase_create("runner_variant");

	tcase_add_test(tc, params_with);
	tcase_add_test(tc, from_the_environment);
	tcase_add_test(tc, environment_of_a_run);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
