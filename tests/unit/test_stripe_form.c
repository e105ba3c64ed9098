/* Parameters as Stripe's forms. */
#include "run_suite.h"
#include "stripe_form.h"

#include <check.h>
#include <errno.h>

static const struct {
	const char *json;
	const char *form; /* NULL: refused */
} cases[] = {
	{"{}", ""},
	{"{\"a\":1}", "a=1"},
	{"{\"a\":-9007199254740993}", "a=-9007199254740993"},
	{"{\"a\":true,\"b\":false,\"c\":null,\"d\":\"\"}", "a=true&b=false&c=&d="},
	{"{\"a\":{\"b\":[1,{\"c\":\"x y\"}]}}", "a[b][0]=1&a[b][1][c]=x%20y"},
	{"{\"a\":[]}", "a="},
	{"{\"a\":\"\\u00fc&=+%\"}", "a=%C3%BC%26%3D%2B%25"},
	{"{\"\\u00fc&\":1}", "%C3%BC%26=1"},
	{"{\"a\":1.5}", NULL},
	{"{\"a\":1e3}", NULL},
	{"{\"a[b]\":1}", NULL},
	{"{\"a\":{\"b]\":1}}", NULL},
	{"{\"\":1}", NULL},
	{"[1]", NULL},
	{"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}",
		"a[a][a][a][a][a][a][a]=1"},
	{"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}"
	 "}}",
		NULL},
};

START_TEST(parameters_become_a_form)
{
	struct nv_err err = {0};
	struct nv_buf buf;
	json_t *params = json_loads(cases[_i].json, 0, NULL);

	ck_assert_ptr_nonnull(params);
	nv_buf_init(&buf, STRIPE_FORM_BYTES_MAX);
	int rc = stripe_form(&buf, params, &err);

	if (cases[_i].form) {
		ck_assert_msg(rc == 0, "%s", err.text);
		ck_assert_str_eq(buf.data ? buf.data : "", cases[_i].form);
	} else {
		ck_assert_int_eq(rc, -EINVAL);
		ck_assert(err.text[0]);
	}
	nv_buf_fini(&buf);
	json_decref(params);
}
END_TEST

START_TEST(a_form_has_a_limit)
{
	struct nv_err err = {0};
	struct nv_buf buf;
	json_t *params = json_pack("{s:s}", "a", "0123456789");

	nv_buf_init(&buf, 8);
	ck_assert_int_eq(stripe_form(&buf, params, &err), -E2BIG);
	nv_buf_fini(&buf);
	json_decref(params);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stripe_form");
	TCase *tc = tcase_create("form");

	tcase_add_loop_test(
		tc, parameters_become_a_form, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, a_form_has_a_limit);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
