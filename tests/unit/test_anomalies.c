/* The watch for anomalies on a ledger of ten days: who is paused, what is recorded, and
 * that a person's word ends it. */
#include "anomalies.h"
#include "eng_fixture.h"

#define HOUR_NS (INT64_C(3600) * NV_NS_PER_SEC)
#define HOURS   240

static const char *const workers[] = {"worker: spends\ncommand: [a]\n",
	"worker: silent\ncommand: [a]\n", "worker: refunds\ncommand: [a]\n",
	"worker: steady\ncommand: [a]\n", NULL};

static struct eng_fixture f;

static void
add(struct led_batch *b, uint32_t worker, enum led_kind kind, enum led_code code,
	int64_t nano, int64_t at_ns)
{
	struct led_event ev = {.kind = kind,
		.flags = kind == LED_RUN ? LED_F_OK : 0,
		.worker = worker,
		.claimed_ns = at_ns,
		.received_ns = at_ns,
		.line = "{}",
		.line_bytes = 2};
	uint64_t seq;

	if (code != 0)
		ck_assert_int_eq(led_batch_post(b, &ev, code, NULL, 0, nano,
					 led_batch_currency_id(b, "USD")),
			0);
	ck_assert_int_eq(led_batch_event(b, &ev, &seq), 0);
}

/* Each hour: two runs of $1, and one sale of $10; but for what each is called after. */
static void
hour(struct led *led, int ago, int64_t at_ns)
{
	struct nv_err err = {0};
	struct led_batch *b;

	ck_assert_msg(led_batch_begin(led, at_ns, &b, &err) == 0, "%s", err.text);
	for (int i = 0; workers[i]; i++) {
		static const char *const names[] = {
			"spends", "silent", "refunds", "steady"};
		uint32_t w = led_batch_worker_id(b, names[i]);
		int64_t times = i == 0 && ago == 0 ? 30 : 2;

		for (int k = 0; k < times; k++) {
			add(b, w, LED_COST, LED_CODE_COST, NV_MONEY_SCALE, at_ns);
			add(b, w, LED_RUN, 0, 0, at_ns);
		}
		if (i != 1 || ago > 12)
			add(b, w, LED_REVENUE, LED_CODE_REVENUE, 10 * NV_MONEY_SCALE,
				at_ns);
		if (i == 2 && ago < 4)
			add(b, w, LED_REFUND, LED_CODE_REFUND, 10 * NV_MONEY_SCALE,
				at_ns);
	}
	ck_assert_msg(led_batch_commit(b, &err) == 0, "%s", err.text);
}

static void
start(const char *global)
{
	struct led_options opt = {.map_bytes = (uint64_t)64 << 20, .boot_id = 1};
	struct nv_err err = {0};
	struct led *led;
	char path[128];
	int64_t now_ns = nv_wall_ns() - NV_NS_PER_SEC;

	eng_fixture_make_dir(&f);
	(void)snprintf(path, sizeof path, "%s/ledger", f.dir);
	ck_assert_msg(led_open(path, &opt, &led, &err) == 0, "%s", err.text);
	for (int ago = HOURS; ago >= 0; ago--)
		hour(led, ago, now_ns - ago * HOUR_NS);
	led_close(led);
	eng_fixture_open(&f, global, workers);
}

static void
teardown(void)
{
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

static const struct eng_desire *
desire(const char *worker)
{
	return &eng_worker_find(&f.eng, worker)->desire;
}

/* "spends:cost:open ..." of all, sorted by worker. */
static const char *
listed(const char *request)
{
	static char text[400];
	const json_t *list = json_object_get(eng_fixture_ask(&f, request), "anomalies");
	const json_t *row;
	size_t i;

	text[0] = '\0';
	json_array_foreach(list, i, row)
	{
		size_t n = strlen(text);

		(void)snprintf(text + n, sizeof text - n, "%s%s:%s:%s", n ? " " : "",
			eng_fixture_text(row, "worker"), eng_fixture_text(row, "anomaly"),
			eng_fixture_text(row, "state"));
	}
	return text;
}

#define OPEN_ONES "refunds:refunds:open silent:silence:open spends:cost:open"
#define LOOK      "{\"verb\":\"anomalies\",\"args\":{\"look\":true,\"all\":true}}"

START_TEST(test_paused_once)
{
	start("storm: {workers: none}\n");
	ck_assert_str_eq(listed(LOOK), OPEN_ONES);
	ck_assert_int_eq(desire("steady")->want, ENG_WANT_RUNNING);
	for (int i = 0; i < 3; i++) {
		const struct eng_desire *d =
			desire(((const char *[]){"spends", "silent", "refunds"})[i]);

		ck_assert_int_eq(d->want, ENG_WANT_PAUSED);
		ck_assert_str_eq(d->by, "anomaly");
		ck_assert_ptr_nonnull(strstr(d->reason, "a person may resume it"));
	}
	uint64_t epoch = desire("spends")->epoch;

	/* Seen again it is the same, also by the next engine. */
	ck_assert_str_eq(listed(LOOK), OPEN_ONES);
	eng_fixture_close(&f);
	eng_fixture_open(&f, "storm: {workers: none}\n", workers);
	ck_assert_str_eq(listed(LOOK), OPEN_ONES);
	ck_assert_uint_eq(desire("spends")->epoch, epoch);
}
END_TEST

START_TEST(test_a_person_ends_it)
{
	start("storm: {workers: none}\n");
	ck_assert_str_eq(listed(LOOK), OPEN_ONES);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f,
		"{\"verb\":\"workers.set\",\"args\":{\"workers\":[\"spends\"],\"action\":"
		"\"resume\"}}"));
	/* The same hour does not count again. */
	ck_assert_str_eq(listed(LOOK), "refunds:refunds:open silent:silence:open "
				       "spends:cost:ended");
	ck_assert_str_eq(listed("{\"verb\":\"anomalies\"}"),
		"refunds:refunds:open silent:silence:open");
	ck_assert_int_eq(desire("spends")->want, ENG_WANT_RUNNING);
	ck_assert_str_eq(listed(LOOK), "refunds:refunds:open silent:silence:open "
				       "spends:cost:ended");
}
END_TEST

START_TEST(test_alert_only)
{
	start("storm: {workers: none}\nanomaly: {action: alert}\n");
	ck_assert_str_eq(listed(LOOK), OPEN_ONES);
	ck_assert_int_eq(desire("spends")->want, ENG_WANT_RUNNING);
	/* It ends by itself when it is as usual again. */
	eng_fixture_runs(&f, "silent", 1, true, "1", "10");
	ck_assert_str_eq(listed(LOOK), "refunds:refunds:open silent:silence:ended "
				       "spends:cost:open");
}
END_TEST

START_TEST(test_off)
{
	start("storm: {workers: none}\n"
	      "anomaly: {cost: none, refunds: none, silence: 0}\n");
	ck_assert_str_eq(listed(LOOK), "");
}
END_TEST

START_TEST(test_above)
{
	start("storm: {workers: none}\nanomaly: {above: $1000}\n");
	ck_assert_str_eq(listed(LOOK), "silent:silence:open");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("anomalies");
	TCase *tc = tcase_create("anomalies");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_paused_once);
	tcase_add_test(tc, test_a_person_ends_it);
	tcase_add_test(tc, test_alert_only);
	tcase_add_test(tc, test_off);
	tcase_add_test(tc, test_above);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
