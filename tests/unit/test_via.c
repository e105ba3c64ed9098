/* Whom a program asked stands with the fact in the ledger, beside the account that asked
 * the engine, for every verb with which a person acts. */
#include "eng_fixture.h"
#include "nv_json.h"
#include "run_suite.h"

#define VIA "dashboard:anna"

static const char *const workers[] = {
	"worker: email\ncommand: [a]\ninstances: {start: 2, min: 1, max: 4}\n"
	"params:\n  style: {choices: [plain, question]}\n",
	NULL};

static struct eng_fixture f;

static void
setup(void)
{
	eng_fixture_make_dir(&f);
	eng_fixture_open(&f,
		"max_daily_budget: $1000\npolicy: classic\n"
		"autonomous: {enabled: true, interval: 1h}\n",
		workers);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

/* In this order: each one changes something. */
static const struct {
	const char *verb;
	const char *args;
} acts[] = {
	{"workers.set", "\"action\":\"pause\",\"workers\":[\"email\"]"},
	{"workers.set", "\"action\":\"resume\""},
	{"workers.scale", "\"worker\":\"email\",\"instances\":3"},
	{"workers.tune", "\"worker\":\"email\",\"params\":{\"style\":\"question\"}"},
	{"undeploy", "\"worker\":\"email\""}, {"deploy", "\"worker\":\"email\""},
	{"kill", "\"worker\":\"email\",\"reason\":\"too loud\""},
	{"autonomous.set", "\"enabled\":false"},
	{"track", "\"kind\":\"cost\",\"worker\":\"email\",\"amount\":\"2\",\"id\":\"a\""},
	{"track",
		"\"kind\":\"grant\",\"worker\":\"email\",\"amount\":\"5\",\"id\":\"g\""},
	{"ledger.correct", NULL}, /* of the cost */
};

static json_t *
last_event(void)
{
	json_t *list = json_object_get(
		eng_fixture_ask(&f, "{\"verb\":\"events\",\"args\":{\"limit\":1}}"),
		"events");

	ck_assert_uint_eq(json_array_size(list), 1);
	return json_array_get(list, 0);
}

START_TEST(test_kept)
{
	unsigned long long cost_seq = 0;

	for (size_t i = 0; i < NV_LEN(acts); i++) {
		char args[300];
		char request[500];

		if (acts[i].args)
			(void)snprintf(args, sizeof args, "%s", acts[i].args);
		else
			(void)snprintf(args, sizeof args,
				"\"seq\":%llu,\"reason\":\"typo\"", cost_seq);
		(void)snprintf(request, sizeof request,
			"{\"verb\":\"%s\",\"args\":{%s,\"via\":\"" VIA "\"}}",
			acts[i].verb, args);
		ck_assert_msg(eng_fixture_ask(&f, request) != NULL, "%s", request);
		const json_t *event = last_event();
		const char *line = eng_fixture_text(event, "line");

		ck_assert_msg(
			strstr(line, "uid 0 for " VIA) != NULL, "%s: %s", request, line);
		if (strcmp(eng_fixture_text(event, "kind"), "cost") == 0)
			cost_seq = (unsigned long long)json_integer_value(
				json_object_get(event, "seq"));
	}
	/* It is what the worker is shown with, and survives a restart. */
	for (int again = 0; again < 2; again++) {
		json_t *o = json_object_get(
			eng_fixture_ask(&f, "{\"verb\":\"agent\",\"args\":{\"worker\":"
					    "\"email\"}}"),
			"agent");

		ck_assert_str_eq(eng_fixture_text(json_object_get(o, "desired"), "by"),
			"uid 0 for " VIA);
		ck_assert_str_eq(eng_fixture_text(o, "reason"),
			"killed by uid 0 for " VIA ": too loud");
		eng_fixture_close(&f);
		eng_fixture_open(
			&f, "max_daily_budget: $1000\npolicy: classic\n", workers);
	}
}
END_TEST

/* The longest there can be: nothing of a person's reason is lost. */
START_TEST(test_longest)
{
	char via[ENG_VIA_BYTES + 1];
	char why[151];
	char request[500];
	char wanted[400];

	memset(via, 'v', sizeof via - 1);
	via[sizeof via - 1] = '\0';
	memset(why, 'w', sizeof why - 1);
	why[sizeof why - 1] = '\0';
	(void)snprintf(request, sizeof request,
		"{\"verb\":\"kill\",\"args\":{\"worker\":\"email\",\"reason\":\"%s\","
		"\"via\":\"%s\"}}",
		why, via);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f, request));
	(void)snprintf(wanted, sizeof wanted, "killed by uid 0 for %s: %s", via, why);
	ck_assert_str_eq(eng_worker_find(&f.eng, "email")->desire.reason, wanted);
	eng_fixture_close(&f);
	eng_fixture_open(&f, "policy: classic\n", workers);
	ck_assert_str_eq(eng_worker_find(&f.eng, "email")->desire.reason, wanted);
}
END_TEST

static const char *const bad[] = {"", "two words", "<b>", "a\\\"b", "a\\nb", "\xc3\xa4",
	"12345678901234567890123456789012345678901234567890123456789012345678901234567890"
	"1"};

START_TEST(test_refused)
{
	for (size_t i = 0; i < NV_LEN(bad); i++) {
		char request[300];

		(void)snprintf(request, sizeof request,
			"{\"verb\":\"workers.set\",\"args\":{\"action\":\"pause\","
			"\"via\":\"%s\"}}",
			bad[i]);
		ck_assert_msg(eng_fixture_ask(&f, request) == NULL, "%s", request);
	}
	ck_assert(!eng_fixture_ask(&f, "{\"verb\":\"workers.set\",\"args\":{\"action\":"
				       "\"pause\",\"via\":7}}"));
	/* Who only asks is nobody's business. */
	ck_assert(!eng_fixture_ask(
		&f, "{\"verb\":\"approvals\",\"args\":{\"via\":\"a\"}}"));
	ck_assert_str_eq(eng_worker_state(eng_worker_find(&f.eng, "email")), "running");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("via");
	TCase *tc = tcase_create("via");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, test_kept);
	tcase_add_test(tc, test_longest);
	tcase_add_test(tc, test_refused);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
