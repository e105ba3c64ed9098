/* Which alerts there are, by what novactl prints. */
#include "conf_fixture.h"
#include "rules.h"

static char said[8000];
static struct fixture fixture;

static void
setup(void)
{
	fixture_init(&fixture, "budget_warn: 80%\nalerts: {crash_rate: 5}\n");
	fixture_worker(&fixture, "w.yaml",
		"worker: w\ncommand: [x]\nroi: {min: 150%, min_runs: 20}\n");
	ck_assert_msg(fixture_parse(&fixture) == 0, "%s", fixture_errors(&fixture));
}

static void
teardown(void)
{
	fixture_fini(&fixture);
}

static void
note(void *arg, const struct alert_notice *notice)
{
	static const char *const words[] = {"raised", "again", "over"};

	(void)arg;
	(void)snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s %s %s\n",
		words[notice->event], alert_severity_name(notice->alert.severity),
		notice->alert.key);
}

static void
one_look(struct alert_book *book, struct alert_memory *memory, enum alert_source source,
	const char *json, int64_t now_ms)
{
	struct alert_facts facts = {.trouble = "", .now_ms = now_ms};
	json_t *object = json_loads(json, 0, NULL);

	ck_assert_msg(object != NULL, "%s", json);
	facts.of[source] = object;
	said[0] = '\0';
	alert_book_begin(book);
	unsigned sources = alert_rules(&facts, fixture.config, memory, book);

	ck_assert_uint_eq(sources, 1u << source | 1u << ALERT_FROM_OWN);
	alert_book_end(book, sources, now_ms, 0, note, NULL);
	json_decref(object);
}

#define WORKER(rest) "{\"workers\":[{\"worker\":\"w\"," rest "}]}"
#define METRICS(runs, roi) \
	"\"state\":\"running\",\"metrics\":{\"runs\":" runs ",\"profit\":\"-1.00\"," \
	"\"currency\":\"USD\",\"roi_percent\":" roi "}"
#define CAP(used) \
	"{\"currency\":\"USD\",\"caps\":[{\"scope\":\"fleet\",\"subject\":\"\"," \
	"\"period\":" \
	"\"day\",\"limit\":\"10\",\"spent\":\"8\",\"reserved\":\"0\",\"percent_" \
	"used\":" used "}]}"
#define NOVA(rest) "{\"nova\":{\"engine_state\":\"ready\"" rest "},\"processes\":[]}"

static const struct {
	enum alert_source source;
	const char *facts;
	const char *said; /* "" : nothing */
} cases[] = {
	{ALERT_FROM_STATUS, "{}", "raised critical engine\n"},
	{ALERT_FROM_STATUS, NOVA(""), ""},
	{ALERT_FROM_STATUS, NOVA(",\"emergency_stop\":null"), ""},
	{ALERT_FROM_STATUS, NOVA(",\"emergency_stop\":\"a fire, by uid 0\""),
		"raised critical emergency_stop\n"},
	{ALERT_FROM_STATUS, "{\"nova\":{\"engine_state\":\"backoff\"}}",
		"raised critical engine\n"},
	{ALERT_FROM_STATUS, "{\"nova\":{\"engine_state\":\"gone\",\"stopping\":true}}",
		""},
	{ALERT_FROM_STATUS,
		"{\"nova\":{\"engine_state\":\"ready\"},\"processes\":[{\"name\":\"nova."
		"stripe\","
		"\"state\":\"backoff\",\"restarts\":3},{\"name\":\"keeper\",\"state\":"
		"\"up\"}]}",
		"raised error process:nova.stripe\n"},
	{ALERT_FROM_STATUS,
		"{\"nova\":{\"engine_state\":\"ready\"},\"incident\":{\"reason\":\"a "
		"storm\"}}",
		"raised critical incident\n"},
	{ALERT_FROM_WORKERS, WORKER("\"state\":\"running\""), ""},
	{ALERT_FROM_WORKERS, WORKER("\"state\":\"halted\",\"trouble\":\"6 crashes\""),
		"raised error halted:w\n"},
	{ALERT_FROM_WORKERS,
		WORKER("\"state\":\"backoff\",\"crashes_in_window\":5,\"window_s\":3600."
		       "0"),
		"raised warning crash_rate:w\n"},
	{ALERT_FROM_WORKERS,
		WORKER("\"state\":\"backoff\",\"crashes_in_window\":4,\"window_s\":3600."
		       "0"),
		""},
	{ALERT_FROM_WORKERS,
		WORKER("\"state\":\"backoff\",\"crashes_in_window\":1,\"window_s\":60.0"),
		""},
	{ALERT_FROM_WORKERS, WORKER(METRICS("20", "150.0")), ""},
	{ALERT_FROM_WORKERS, WORKER(METRICS("20", "149.9")),
		"raised warning low_roi:w\n"},
	{ALERT_FROM_WORKERS, WORKER(METRICS("20", "-0.1")),
		"raised error negative_roi:w\n"},
	{ALERT_FROM_WORKERS, WORKER(METRICS("19", "-100.0")), ""},
	{ALERT_FROM_WORKERS, WORKER(METRICS("20", "null")), ""},
	{ALERT_FROM_WORKERS, WORKER("\"unpriced\":{\"events\":0,\"model\":null}"), ""},
	{ALERT_FROM_WORKERS, WORKER("\"unpriced\":{\"events\":1,\"model\":\"gpt-99\"}"),
		"raised error unpriced:w\n"},
	/* Whose configuration is not known. */
	{ALERT_FROM_WORKERS, "{\"workers\":[{\"worker\":\"v\"," METRICS("20", "-5") "}]}",
		""},
	{ALERT_FROM_BUDGET, CAP("79.9"), ""},
	{ALERT_FROM_BUDGET, CAP("80.0"), "raised warning budget:fleet::day\n"},
	{ALERT_FROM_BUDGET, CAP("100.0"), "raised critical budget:fleet::day\n"},
	{ALERT_FROM_BUDGET, CAP("null"), ""},
	{ALERT_FROM_APPROVALS,
		"{\"approvals\":[{\"id\":284,\"state\":\"pending\",\"type\":\"scale_up\","
		"\"worker\":\"w\",\"reason\":\"r\",\"expires\":\"soon\"},"
		"{\"id\":285,\"state\":\"denied\"}]}",
		"raised warning approval:284\n"},
	{ALERT_FROM_ANOMALIES,
		"{\"anomalies\":[{\"worker\":\"w\",\"anomaly\":\"cost\",\"state\":"
		"\"open\","
		"\"reason\":\"3 times\"}]}",
		"raised error anomaly:w:cost\n"},
	{ALERT_FROM_DOCTOR,
		"{\"checks\":[{\"check\":\"ledger\",\"result\":\"ok\"},{\"check\":"
		"\"clock\","
		"\"result\":\"warn\"}]}",
		""},
	{ALERT_FROM_DOCTOR,
		"{\"checks\":[{\"check\":\"disk of the ledger\",\"result\":\"fail\"}]}",
		"raised critical ledger:disk of the ledger\n"},
	{ALERT_FROM_DOCTOR, "{\"checks\":[{\"check\":\"clone3\",\"result\":\"fail\"}]}",
		"raised error doctor:clone3\n"},
	{ALERT_FROM_PLATFORMS,
		"{\"platforms\":[{\"platform\":\"stripe\",\"state\":\"no_key\","
		"\"problem\":"
		"\"no key\"},{\"platform\":\"gumroad\",\"state\":\"ok\"},{\"platform\":"
		"\"scrape\",\"state\":\"off\"}]}",
		"raised error platform:stripe\n"},
	{ALERT_FROM_PLATFORMS,
		"{\"platforms\":[{\"platform\":\"stripe\",\"state\":\"ok\",\"outbox\":{"
		"\"unknown\":2}}]}",
		"raised error outbox:stripe\n"},
	/* Nonsense raises nothing. */
	{ALERT_FROM_WORKERS, "{\"workers\":[7,null,{\"metrics\":[]}]}", ""},
	{ALERT_FROM_BUDGET, "[]", ""},
	{ALERT_FROM_DOCTOR, "{\"checks\":{\"a\":1}}", ""},
};

START_TEST(test_rule)
{
	struct alert_book *book = alert_book_new();
	struct alert_memory *memory = alert_memory_new();

	one_look(book, memory, cases[_i].source, cases[_i].facts, 1000);
	ck_assert_msg(strcmp(said, cases[_i].said) == 0, "case %d: \"%s\"", _i, said);
	alert_memory_free(memory);
	alert_book_free(book);
}
END_TEST

START_TEST(test_quarantine_while_it_grows)
{
	struct alert_book *book = alert_book_new();
	struct alert_memory *memory = alert_memory_new();
	int64_t t = 1000000;
	const char *five = WORKER("\"rejected_events\":5");
	const char *six = WORKER("\"rejected_events\":6");

	/* What lay there before is no news. */
	one_look(book, memory, ALERT_FROM_WORKERS, five, t);
	ck_assert_str_eq(said, "");
	one_look(book, memory, ALERT_FROM_WORKERS, six, t + 1);
	ck_assert_str_eq(said, "raised warning quarantine:w\n");
	/* The next process knows what this one knew. */
	ck_assert(alert_memory_changed(memory));
	json_t *saved = alert_memory_save(memory);

	ck_assert(!alert_memory_changed(memory));
	alert_memory_free(memory);
	memory = alert_memory_new();
	ck_assert_int_eq(alert_memory_load(memory, saved), 0);
	json_decref(saved);
	one_look(book, memory, ALERT_FROM_WORKERS, six, t + 3600000);
	ck_assert_str_eq(said, "");
	one_look(book, memory, ALERT_FROM_WORKERS, six, t + 3600002);
	one_look(book, memory, ALERT_FROM_WORKERS, six, t + 3600003);
	ck_assert_str_eq(said, "over warning quarantine:w\n");
	alert_memory_free(memory);
	alert_book_free(book);
}
END_TEST

/* Each engine counts from none. */
START_TEST(test_unpriced_of_another_engine)
{
	static const char *const counts[] = {"1", "5", "3", "3"};
	struct alert_memory *memory = alert_memory_new();

	for (size_t i = 0; i < NV_LEN(counts); i++) {
		struct alert_book *book = alert_book_new();
		char facts[200];

		(void)snprintf(facts, sizeof(facts),
			WORKER("\"unpriced\":{\"events\":%s,\"model\":\"m\"}"),
			counts[i]);
		one_look(book, memory, ALERT_FROM_WORKERS, facts,
			(int64_t)(i + 1) * 2 * 3600000);
		ck_assert_str_eq(said, i < 3 ? "raised error unpriced:w\n" : "");
		alert_book_free(book);
	}
	alert_memory_free(memory);
}
END_TEST

START_TEST(test_nothing_can_be_known)
{
	struct alert_book *book = alert_book_new();
	struct alert_memory *memory = alert_memory_new();
	struct alert_facts facts = {.trouble = "novactl does not answer", .now_ms = 5};

	said[0] = '\0';
	alert_book_begin(book);
	unsigned sources = alert_rules(&facts, fixture.config, memory, book);

	alert_book_end(book, sources, 5, 0, note, NULL);
	ck_assert_str_eq(said, "raised critical nova\n");
	alert_memory_free(memory);
	alert_book_free(book);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("alert_rules");
	TCase *tc = tcase_create("rules");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, test_rule, 0, NV_LEN(cases));
	tcase_add_test(tc, test_quarantine_while_it_grows);
	tcase_add_test(tc, test_unpriced_of_another_engine);
	tcase_add_test(tc, test_nothing_can_be_known);
	suite_add_tcase(s, tc);
	return run_suite(s);
}
