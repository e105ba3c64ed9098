/* The file that deploy writes: whatever the words and settings are, the configuration
 * reads back exactly them, or they are refused. */
#include "ctl.h"
#include "nv_config.h"
#include "out.h"
#include "run_suite.h"
#include "words.h"
#include "worker_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *words[CTL_WORDS_MAX];
static size_t n_words;
static struct nv_err err;

static void
clear(void)
{
	while (n_words > 0)
		free(words[--n_words]);
	err = (struct nv_err){0};
}

START_TEST(test_split)
{
	static const struct {
		const char *text;
		const char *words[5];
	} rows[] = {
		{"", {NULL}},
		{"  ", {NULL}},
		{"a", {"a", NULL}},
		{" a  b\tc ", {"a", "b", "c", NULL}},
		{"'a b' \"c d\"", {"a b", "c d", NULL}},
		{"a'b'c\"d\"", {"abcd", NULL}},
		{"'' x", {"", "x", NULL}},
		{"a\\ b", {"a b", NULL}},
		{"\"a\\\"b\\\\c\\n\"", {"a\"b\\c\\n", NULL}},
		{"'a\"b'", {"a\"b", NULL}},
		{"'$HOME | x'", {"$HOME | x", NULL}},
		{"--x=1 -y", {"--x=1", "-y", NULL}},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		size_t n = 0;

		clear();
		ck_assert_int_eq(ctl_words_split(rows[i].text, words, &n_words, &err), 0);
		for (; rows[i].words[n]; n++) {
			ck_assert_uint_lt(n, n_words);
			ck_assert_str_eq(words[n], rows[i].words[n]);
		}
		ck_assert_uint_eq(n, n_words);
	}
	clear();
}
END_TEST

START_TEST(test_split_refused)
{
	static const char *const bad[] = {"'a", "\"a", "\"a\\\"", "a | b", "a > f", "$X",
		"`x`", "a;b", "a & b", "a*", "x?"};

	for (size_t i = 0; i < NV_LEN(bad); i++) {
		clear();
		ck_assert_msg(ctl_words_split(bad[i], words, &n_words, &err) == -EINVAL,
			"%s", bad[i]);
		ck_assert_int_gt((int)strlen(err.text), 0);
	}
	clear();
	char many[2 * CTL_WORDS_MAX + 16];

	for (size_t i = 0; i < sizeof(many) - 1; i++)
		many[i] = i % 2 ? ' ' : 'w';
	many[sizeof(many) - 1] = '\0';
	ck_assert_int_eq(ctl_words_split(many, words, &n_words, &err), -EINVAL);
	ck_assert_uint_eq(n_words, CTL_WORDS_MAX);
	clear();
}
END_TEST

static int
set(void *arg, const char *key, const char *value, struct nv_err *e)
{
	return ctl_worker_file_set(arg, key, value, e);
}

START_TEST(test_pairs)
{
	static const struct {
		const char *text;
		const char *json; /* NULL: refused */
	} rows[] = {
		{"", "{}"},
		{"a=1", "{\"a\":\"1\"}"},
		{"a=1,b=2,", "{\"a\":\"1\",\"b\":\"2\"}"},
		{"a=", "{\"a\":\"\"}"},
		{"a=b=c", "{\"a\":\"b=c\"}"},
		{"a=[1,2],b={x: 1, y: 2}", "{\"a\":\"[1,2]\",\"b\":\"{x: 1, y: 2}\"}"},
		{"a='x,y',b=\"p,q\"", "{\"a\":\"'x,y'\",\"b\":\"\\\"p,q\\\"\"}"},
		{"a.b.c=1,a.b.d=2", "{\"a\":{\"b\":{\"c\":\"1\",\"d\":\"2\"}}}"},
		{"a=1,a=2", NULL},
		{"a=1,a.b=2", NULL},
		{"a.b=1,a=2", NULL},
		{"=1", NULL},
		{"a", NULL},
		{"a,b=1", NULL},
		{",a=1", NULL},
		{"a..b=1", NULL},
		{".a=1", NULL},
		{"a.=1", NULL},
		{"a b=1", NULL},
		{"a:\n=1", NULL},
		{"worker=x", NULL},
		{"command=x", NULL},
	};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		json_t *settings = json_object();
		int rc = ctl_pairs_each(rows[i].text, set, settings, &err);

		ck_assert_msg((rc == 0) == (rows[i].json != NULL), "%s: %s", rows[i].text,
			err.text);
		if (rc == 0) {
			char *text = json_dumps(settings, JSON_COMPACT);

			ck_assert_str_eq(text, rows[i].json);
			free(text);
		}
		json_decref(settings);
	}
}
END_TEST

static struct nv_config *
read_back(const char *text, struct nv_conf_errors *errs)
{
	char main_name[] = "/t/nova.yaml";
	char main_text[] = "currency: USD\n";
	char file_name[] = "/t/workers.d/w.yaml";
	char *copy = strdup(text);
	struct nv_conf_source list[] = {
		{NV_SOURCE_MAIN, main_name, main_text, strlen(main_text)},
		{NV_SOURCE_WORKER, file_name, copy, strlen(copy)}};
	struct nv_conf_sources sources = {.dir = "/t", .list = list, .n = 2};
	struct nv_config *config = NULL;

	(void)nv_config_parse(&sources, &config, errs);
	free(copy);
	return config;
}

START_TEST(test_round_trip)
{
	char *const hostile[] = {(char[]){"plain"}, (char[]){""}, (char[]){"a b"},
		(char[]){"# no comment"}, (char[]){"key: value"}, (char[]){"- item"},
		(char[]){"[x, y]"}, (char[]){"{a: b}"}, (char[]){"'\"\\"},
		(char[]){"\n\t\x01"}, (char[]){"*alias"}, (char[]){"&anchor"},
		(char[]){"!!tag"}, (char[]){"%YAML"}, (char[]){"---"}, (char[]){"null"},
		(char[]){"\xe6\x97\xa5"}, (char[]){"0x1F"}, (char[]){"yes"}};
	json_t *settings = json_object();
	struct nv_conf_errors errs = {0};

	ck_assert_int_eq(
		ctl_pairs_each("description=x: \"y\" # z,budget.daily=$5,"
			       "instances.max=4,kind=service,run_interval=1h30m,"
			       "env.REGION=eu west,env.EMPTY=,secrets=[a_key, b_key]",
			set, settings, &err),
		0);
	char *text = ctl_worker_file_text("g", "w", hostile, NV_LEN(hostile), settings);
	struct nv_config *config = read_back(text, &errs);

	ck_assert_msg(config != NULL, "%s: %s", errs.n ? errs.list[0].text : "", text);
	const struct nv_conf_worker *w = nv_config_worker(config, "w");

	ck_assert_ptr_nonnull(w);
	for (size_t i = 0; i < NV_LEN(hostile); i++)
		ck_assert_str_eq(w->argv[i], hostile[i]);
	ck_assert_ptr_null(w->argv[NV_LEN(hostile)]);
	ck_assert_str_eq(w->group, "g");
	ck_assert_str_eq(w->description, "x: \"y\" # z");
	ck_assert_int_eq(w->budget_daily_nano, 5 * NV_MONEY_SCALE);
	ck_assert_uint_eq(w->instances_max, 4);
	ck_assert_int_eq(w->kind, NV_KIND_SERVICE);
	ck_assert_int_eq(w->run_interval_ms, 5400000);
	ck_assert_uint_eq(w->n_secrets, 2);
	ck_assert_uint_eq(w->n_env, 2);
	nv_config_free(config);
	nv_conf_errors_fini(&errs);
	json_decref(settings);
	free(text);
}
END_TEST

START_TEST(test_refused_by_the_configuration)
{
	char *const command[] = {(char[]){"x"}};
	json_t *settings = json_object();
	struct nv_conf_errors errs = {0};

	ck_assert_int_eq(ctl_pairs_each("run_intreval=30s", set, settings, &err), 0);
	char *text = ctl_worker_file_text("g", "w", command, 1, settings);

	ck_assert_ptr_null(read_back(text, &errs));
	ck_assert_uint_ge(errs.n, 1);
	ck_assert_ptr_nonnull(strstr(errs.list[0].text, "run_interval"));
	nv_conf_errors_fini(&errs);
	json_decref(settings);
	free(text);
}
END_TEST

START_TEST(test_instances)
{
	static const struct {
		const char *word;
		int rc;
		const char *worker;
		uint32_t instance;
	} cases[] = {
		{"w", 0, "w", 0},
		{"w#1", 0, "w", 1},
		{"mail.out-2_x#4294967295", 0, "mail.out-2_x", UINT32_MAX},
		{"w#4294967296", -EINVAL, NULL, 0},
		{"w#0", -EINVAL, NULL, 0},
		{"w#", -EINVAL, NULL, 0},
		{"w#1x", -EINVAL, NULL, 0},
		{"w# 1", -EINVAL, NULL, 0},
		{"w#1#2", -EINVAL, NULL, 0},
		{"#1", -EINVAL, NULL, 0},
		{"W", -EINVAL, NULL, 0},
		{"../w", -EINVAL, NULL, 0},
		{"", -EINVAL, NULL, 0},
		{"0123456789012345678901234567890123456789012345678901234567890123",
			-EINVAL, NULL, 0},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		char worker[NV_NAME_MAX];
		uint32_t instance;

		ck_assert_msg(ctl_instance_split(cases[i].word, worker, &instance) ==
				      cases[i].rc,
			"%s", cases[i].word);
		if (cases[i].rc < 0)
			continue;
		ck_assert_str_eq(worker, cases[i].worker);
		ck_assert_uint_eq(instance, cases[i].instance);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_deploy");
	TCase *tc = tcase_create("deploy");

	tcase_add_test(tc, test_split);
	tcase_add_test(tc, test_split_refused);
	tcase_add_test(tc, test_instances);
	tcase_add_test(tc, test_pairs);
	tcase_add_test(tc, test_round_trip);
	tcase_add_test(tc, test_refused_by_the_configuration);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
