/* What is in force of a worker's variants, parameters and interval; what may be turned;
 * and the ledger's form of it. */
#include "run_suite.h"

#include "eng_fixture.h"
#include "tune.h"

static const char *const workers[] = {
	"worker: t\ncommand: [x]\nkind: task\nrun_interval: 60s\n"
	"variants: [a, b]\n"
	"params: {Style: {choices: [plain, question, 7]}, run_interval: {range: "
	"30s..10m}, "
	"n: {range: 1..10}}\n",
	"worker: s\ncommand: [x]\nkind: service\nparams: {x: {choices: [p, q]}}\n", NULL};

static struct eng_fixture fx;

static void
setup(void)
{
	eng_fixture_make_dir(&fx);
}

static void
teardown(void)
{
	eng_fixture_close(&fx);
	eng_fixture_remove_in(fx.dir);
}

static struct eng_worker *
open_worker(const char *name)
{
	eng_fixture_open(&fx, "policy: classic\n", workers);
	return eng_worker_find(&fx.eng, name);
}

START_TEST(splits)
{
	struct eng_worker *w = open_worker("t");
	const double shares[2] = {7, 3};
	const double none[2] = {0, 0};
	const double minus[2] = {1, -1};
	struct nv_split split;
	struct nv_err err = {0};
	char text[NV_SPLIT_BYTES];

	eng_tune_split(w, &split);
	ck_assert_str_eq(nv_split_text(&split, text), "a:500000,b:500000");
	ck_assert_int_eq(eng_tune_shares(w, &w->desire, shares, 2, &err), 0);
	eng_tune_split(w, &split);
	ck_assert_str_eq(nv_split_text(&split, text), "a:700000,b:300000");
	ck_assert_int_eq(eng_tune_shares(w, &w->desire, shares, 1, &err), -EINVAL);
	ck_assert_int_eq(eng_tune_shares(w, &w->desire, none, 2, &err), -EINVAL);
	ck_assert_int_eq(eng_tune_shares(w, &w->desire, minus, 2, &err), -EINVAL);
	/* Of variants that are not declared any more nothing is left. */
	(void)snprintf(w->desire.split.arms[1].name, NV_NAME_MAX, "old");
	eng_tune_split(w, &split);
	ck_assert_str_eq(nv_split_text(&split, text), "a:500000,b:500000");
	w = eng_worker_find(&fx.eng, "s");
	eng_tune_split(w, &split);
	ck_assert_uint_eq(split.n, 0);
	ck_assert_int_eq(eng_tune_shares(w, &w->desire, shares, 2, &err), -EINVAL);
}
END_TEST

START_TEST(params_and_interval)
{
	struct eng_worker *w = open_worker("t");
	char params[ENG_PARAMS_BYTES];
	struct nv_err err = {0};

	ck_assert_str_eq(eng_tune_params(w, params),
		"{\"Style\":\"plain\",\"run_interval\":\"1m\",\"n\":1}");
	ck_assert_int_eq(eng_tune_interval(w, &w->desire, 90000, &err), 0);
	ck_assert_int_eq(eng_tune_param(w, &w->desire, "Style", "7", &err), 0);
	ck_assert_int_eq(eng_tune_param(w, &w->desire, "n", "2.5", &err), 0);
	ck_assert_str_eq(eng_tune_params(w, params),
		"{\"Style\":7,\"run_interval\":\"1m30s\",\"n\":2.5}");
	ck_assert_int_eq(eng_worker_interval_ms(w), 90000);
	ck_assert_int_eq(eng_tune_param(w, &w->desire, "run_interval", "5m", &err), 0);
	ck_assert_int_eq(eng_worker_interval_ms(w), 300000);
	ck_assert_int_eq(eng_tune_interval(w, &w->desire, 60000, &err), 0);
	ck_assert_int_eq(w->desire.run_interval_ms, 0); /* the configured one */
	struct eng_desire before = w->desire;
	static const char *const bad[][2] = {{"Style", "loud"}, {"style", "plain"},
		{"n", "11"}, {"n", "0.9"}, {"n", "x"}, {"run_interval", "1s"},
		{"run_interval", "90"}};

	for (size_t i = 0; i < NV_LEN(bad); i++)
		ck_assert_msg(eng_tune_param(w, &w->desire, bad[i][0], bad[i][1], &err) ==
				      -EINVAL,
			"%s=%s", bad[i][0], bad[i][1]);
	ck_assert_int_eq(eng_tune_interval(w, &w->desire, 1000, &err), -EINVAL);
	ck_assert_mem_eq(&before, &w->desire, sizeof before);
	w = eng_worker_find(&fx.eng, "s");
	ck_assert_int_eq(eng_tune_interval(w, &w->desire, 1000, &err), -EINVAL);
}
END_TEST

START_TEST(experiments)
{
	struct eng_worker *w = open_worker("t");
	static const char *const values[] = {"question", "7"};
	struct nv_split split;
	struct nv_err err = {0};
	char text[NV_SPLIT_BYTES];

	ck_assert_int_eq(eng_tune_experiment(w, &w->desire, "Style", values, 2, &err), 0);
	eng_tune_split(w, &split);
	ck_assert_str_eq(nv_split_text(&split, text),
		"Style;style.1:500000:%22question%22,style.2:500000:7");
	/* Chosen here: what is in force and its neighbours. */
	ck_assert_int_eq(eng_tune_try(w, &w->desire, "Style", &err), 0);
	ck_assert_uint_eq(w->desire.split.n, 3);
	ck_assert_str_eq(w->desire.split.arms[0].value, "\"plain\"");
	ck_assert_int_eq(eng_tune_param(w, &w->desire, "n", "4", &err), 0);
	ck_assert_int_eq(eng_tune_try(w, &w->desire, "n", &err), 0);
	ck_assert_str_eq(nv_split_text(&w->desire.split, text),
		"n;n.1:333334:4,n.2:333333:6,n.3:333333:3");
	/* Setting the parameter ends it, and another one does not. */
	ck_assert_int_eq(eng_tune_param(w, &w->desire, "Style", "7", &err), 0);
	ck_assert_uint_eq(w->desire.split.n, 3);
	ck_assert_int_eq(eng_tune_param(w, &w->desire, "n", "6", &err), 0);
	ck_assert_uint_eq(w->desire.split.n, 0);
	ck_assert_int_eq(eng_tune_try(w, &w->desire, "run_interval", &err), -EINVAL);
	ck_assert_int_eq(eng_tune_try(w, &w->desire, "none", &err), -EINVAL);
	w = eng_worker_find(&fx.eng, "s");
	ck_assert_int_eq(eng_tune_try(w, &w->desire, "x", &err), -EINVAL); /* a service */
}
END_TEST

START_TEST(kept_in_the_ledger)
{
	struct eng_worker *w = open_worker("t");
	struct eng_desire d = w->desire;
	struct eng_desire back;
	struct nv_err err = {0};

	ck_assert_int_eq(eng_tune_try(w, &d, "Style", &err), 0);
	d.run_interval_ms = 45000;
	NV_CLEANUP_FREE char *line = eng_desire_encode(w, &d, 0);

	ck_assert_ptr_nonnull(line);
	ck_assert_msg(
		eng_desire_decode(line, strlen(line), &back, &err) == 0, "%s", err.text);
	ck_assert_mem_eq(&back.split, &d.split, sizeof d.split);
	ck_assert_int_eq(back.run_interval_ms, 45000);
	static const char bad[] =
		"{\"want\":\"running\",\"instances\":1,\"split\":\"a:5\"}";

	ck_assert_int_eq(eng_desire_decode(bad, strlen(bad), &back, &err), -EINVAL);
	/* Nothing of it in a desire of an earlier version. */
	static const char old[] = "{\"want\":\"running\",\"instances\":1}";

	ck_assert_int_eq(eng_desire_decode(old, strlen(old), &back, &err), 0);
	ck_assert_uint_eq(back.split.n, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tune");
	TCase *tc = tcase_create("tune");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, splits);
	tcase_add_test(tc, params_and_interval);
	tcase_add_test(tc, experiments);
	tcase_add_test(tc, kept_in_the_ledger);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
