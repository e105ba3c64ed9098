/* Counts from the ledger's events: nothing falls, the same ledger gives the same counts
 * however it is read, and a cache that does not fit is not used. */
#include "count.h"
#include "eng_fixture.h"
#include "nv_fd.h"
#include "run_suite.h"

#include <fcntl.h>

#define GLOBAL "currencies: {EUR: 1.10 USD}\n"

static const char *const workers[] = {"worker: email\ncommand: [a]\n",
	"worker: web\ncommand: [a]\nkind: service\n", NULL};

static struct eng_fixture f;

static void
setup(void)
{
	eng_fixture_make_dir(&f);
	eng_fixture_open(&f, GLOBAL, workers);
}

static void
teardown(void)
{
	eng_count_close(&f.eng);
	eng_fixture_close(&f);
	eng_fixture_remove_in(f.dir);
}

/* ---- making events ---- */

static void
put(const char *worker, enum led_kind kind, uint32_t flags, const char *line)
{
	struct eng_worker *w = eng_worker_find(&f.eng, worker);
	struct eng_txn txn;

	eng_txn_begin(&f.eng, &txn);
	struct led_event ev = {.kind = kind,
		.flags = flags,
		.worker = eng_txn_worker(&f.eng, &txn, w),
		.claimed_ns = txn.now_ns,
		.received_ns = txn.now_ns,
		.line = line,
		.line_bytes = strlen(line)};

	ck_assert_int_eq(eng_txn_event(&f.eng, &txn, w, &ev, NULL), 0);
	eng_txn_commit(&f.eng, &txn);
}

static json_int_t
track(const char *args)
{
	char request[400];

	(void)snprintf(
		request, sizeof request, "{\"verb\":\"track\",\"args\":{%s}}", args);
	const json_t *data = eng_fixture_ask(&f, request);

	ck_assert_msg(data != NULL, "%s", args);
	return json_integer_value(json_object_get(data, "seq"));
}

static void
correct(json_int_t seq)
{
	char request[200];

	(void)snprintf(request, sizeof request,
		"{\"verb\":\"ledger.correct\",\"args\":{\"seq\":%lld,\"reason\":\"no\"}}",
		(long long)seq);
	ck_assert_ptr_nonnull(eng_fixture_ask(&f, request));
}

/* ---- looking ---- */

/* The count of a key; name: its parts with a '/' between. */
static nv_i128
count_of(const struct eng_counted *c, struct eng_count_key want, const char *name)
{
	for (uint32_t i = 0; i < c->keys.n; i++) {
		struct eng_count_key key;
		char text[400];

		eng_counted_key(c, i, &key);
		(void)snprintf(text, sizeof text, "%.*s", (int)key.name_bytes, key.name);
		size_t first = strlen(text);

		if (first < key.name_bytes)
			(void)snprintf(text + first, sizeof text - first, "/%.*s",
				(int)(key.name_bytes - first - 1), key.name + first + 1);
		if (key.kind == want.kind && key.worker == want.worker &&
			key.currency == want.currency && key.field == want.field &&
			key.back == want.back && strcmp(text, name) == 0)
			return c->rows[i].n;
	}
	return -1;
}

static void
ck_same(const struct eng_counted *a, const struct eng_counted *b)
{
	ck_assert_uint_eq(a->seq, b->seq);
	ck_assert_uint_eq(a->keys.n, b->keys.n);
	ck_assert_uint_eq(a->words.n, b->words.n);
	for (uint32_t i = 0; i < a->keys.n; i++) {
		ck_assert_uint_eq(a->keys.keys[i].a, b->keys.keys[i].a);
		ck_assert_uint_eq(a->keys.keys[i].b, b->keys.keys[i].b);
		ck_assert(a->rows[i].n == b->rows[i].n);
		ck_assert_uint_eq(a->rows[i].seq, b->rows[i].seq);
	}
	ck_assert_mem_eq(a->names, b->names, sizeof a->names);
}

#define USAGE \
	"{\"event\":\"usage\",\"gen_ai.provider.name\":\"anthropic\"," \
	"\"gen_ai.request.model\":\"m\\u00e9\",\"gen_ai.usage.input_tokens\":100," \
	"\"gen_ai.usage.output_tokens\":7,\"gen_ai.usage.cache_read.input_tokens\":40}"

static void
make_history(void)
{
	track("\"kind\":\"cost\",\"worker\":\"email\",\"amount\":\"2.50\",\"source\":"
	      "\"llm\"");
	json_int_t wrong =
		track("\"kind\":\"cost\",\"worker\":\"email\",\"amount\":\"1.25\"");

	correct(wrong);
	track("\"kind\":\"revenue\",\"worker\":\"email\",\"amount\":\"10\",\"source\":"
	      "\"shop\"");
	track("\"kind\":\"revenue\",\"worker\":\"web\",\"amount\":\"3\",\"currency\":"
	      "\"EUR\"");
	put("email", LED_START, 0, "{\"event\":\"start\"}");
	put("email", LED_EXIT, LED_F_CRASH,
		"{\"event\":\"exit\",\"cause\":\"crash\",\"cpu_us\":1500}");
	put("email", LED_EXIT, 0,
		"{\"event\":\"exit\",\"cause\":\"stop\",\"cpu_us\":500}");
	put("email", LED_EXIT, 0, "not json");
	put("web", LED_USAGE, LED_F_UNPRICED, USAGE);
	put("web", LED_USAGE, 0, USAGE);
	put("web", LED_DECISION, 0,
		"{\"type\":\"pause\",\"step\":\"proposed\",\"state\":\"pending\"}");
	put("web", LED_DECISION, 0,
		"{\"type\":\"pause\",\"step\":\"approved\",\"state\":\"executed\"}");
	put("web", LED_DECISION, 0,
		"{\"type\":\"pause\",\"step\":\"executed\",\"state\":\"executed\"}");
	put("web", LED_DECISION, 0,
		"{\"type\":\"pause\",\"step\":\"outcome\",\"state\":\"executed\"}");
	put("web", LED_DECISION, 0,
		"{\"type\":\"kill\",\"step\":\"proposed\",\"state\":\"advised\"}");
	put("web", LED_DECISION, 0,
		"{\"type\":\"kill\",\"step\":\"denied\",\"state\":\"denied\"}");
}

START_TEST(counts_what_was_booked)
{
	struct eng_counted c = {0};
	uint32_t email;
	uint32_t web;

	make_history();
	email = eng_worker_find(&f.eng, "email")->id;
	web = eng_worker_find(&f.eng, "web")->id;
	ck_assert_int_eq(eng_counted_read(&c, f.eng.led, UINT64_MAX), 0);
	const struct {
		struct eng_count_key key;
		const char *name;
		int64_t n;
	} cases[] = {
		{{.kind = ENG_COUNT_MONEY, .worker = email, .currency = 1}, "",
			3750000000},
		{{.kind = ENG_COUNT_MONEY, .worker = email, .currency = 1, .back = true},
			"", 1250000000},
		{{.kind = ENG_COUNT_MONEY, .worker = email, .currency = 1, .field = 1},
			"", 10000000000},
		{{.kind = ENG_COUNT_MONEY, .worker = web, .currency = 2, .field = 1}, "",
			3000000000},
		{{.kind = ENG_COUNT_CATEGORY, .currency = 1}, "llm", 2500000000},
		{{.kind = ENG_COUNT_SOURCE, .currency = 1}, "shop", 10000000000},
		{{.kind = ENG_COUNT_STARTS, .worker = email}, "", 1},
		{{.kind = ENG_COUNT_EXITS, .worker = email}, "crash", 1},
		{{.kind = ENG_COUNT_EXITS, .worker = email}, "stop", 1},
		{{.kind = ENG_COUNT_EXITS, .worker = email}, "unknown", 1},
		{{.kind = ENG_COUNT_CPU_US, .worker = email}, "", 2000},
		{{.kind = ENG_COUNT_USAGE}, "anthropic/m\303\251", 2},
		{{.kind = ENG_COUNT_UNPRICED}, "anthropic/m\303\251", 1},
		{{.kind = ENG_COUNT_TOKENS, .field = ENG_TOKEN_INPUT},
			"anthropic/m\303\251", 200},
		{{.kind = ENG_COUNT_TOKENS, .field = ENG_TOKEN_OUTPUT},
			"anthropic/m\303\251", 14},
		{{.kind = ENG_COUNT_TOKENS, .field = ENG_TOKEN_CACHE_READ},
			"anthropic/m\303\251", 80},
		{{.kind = ENG_COUNT_DECISIONS}, "pause/executed", 1},
		{{.kind = ENG_COUNT_DECISIONS}, "kill/advised", 1},
		{{.kind = ENG_COUNT_DECISIONS}, "kill/denied", 1},
		{{.kind = ENG_COUNT_DECISIONS}, "pause/pending", -1},
	};

	for (size_t i = 0; i < NV_LEN(cases); i++) {
		nv_i128 n = count_of(&c, cases[i].key, cases[i].name);

		ck_assert_msg(n == cases[i].n, "case %zu: %lld, expected %lld", i,
			(long long)n, (long long)cases[i].n);
	}
	ck_assert_uint_eq(eng_counted_exits(&c, email), 3);
	ck_assert_uint_eq(eng_counted_exits(&c, web), 0);
	eng_counted_fini(&c);
}
END_TEST

START_TEST(the_same_in_any_steps)
{
	struct eng_counted whole = {0};
	struct eng_counted steps = {0};
	struct eng_counted kept = {0};
	char path[160];
	int rc;

	make_history();
	(void)snprintf(path, sizeof path, "%s/counts", f.dir);
	ck_assert_int_eq(eng_counted_read(&whole, f.eng.led, UINT64_MAX), 0);
	for (unsigned i = 0; (rc = eng_counted_read(&steps, f.eng.led, 1)) == 1; i++) {
		/* Kept and taken again after every step. */
		ck_assert_int_eq(eng_counted_save(&steps, f.eng.led, path), 0);
		eng_counted_fini(&steps);
		ck_assert_int_eq(eng_counted_load(&steps, f.eng.led, path), 0);
		ck_assert_uint_eq(steps.seq, i + 1);
	}
	ck_assert_int_eq(rc, 0);
	ck_same(&whole, &steps);
	ck_assert_int_eq(eng_counted_load(&kept, f.eng.led, "/nonexistent/x"), -ENOENT);
	eng_counted_fini(&whole);
	eng_counted_fini(&steps);
}
END_TEST

START_TEST(a_damaged_cache_is_not_used)
{
	struct eng_counted c = {0};
	struct eng_counted again = {0};
	char path[160];
	char *data = NULL;
	size_t bytes = 0;

	make_history();
	(void)snprintf(path, sizeof path, "%s/counts", f.dir);
	ck_assert_int_eq(eng_counted_read(&c, f.eng.led, UINT64_MAX), 0);
	ck_assert_int_eq(eng_counted_save(&c, f.eng.led, path), 0);
	ck_assert_int_eq(nv_read_file_at(AT_FDCWD, path, 1 << 20, &data, &bytes), 0);
	for (size_t i = 0; i < bytes; i += 7) {
		NV_CLEANUP_FD fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

		data[i] = (char)(data[i] ^ 0x10);
		ck_assert_int_eq(nv_write_full(fd, data, bytes), 0);
		data[i] = (char)(data[i] ^ 0x10);
		ck_assert_int_eq(eng_counted_load(&again, f.eng.led, path), -EBADMSG);
		ck_assert_uint_eq(again.keys.n, 0);
	}
	for (size_t cut = 0; cut < bytes; cut += 13) {
		NV_CLEANUP_FD fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

		ck_assert_int_eq(nv_write_full(fd, data, cut), 0);
		ck_assert_int_eq(eng_counted_load(&again, f.eng.led, path), -EBADMSG);
	}
	free(data);
	eng_counted_fini(&c);
}
END_TEST

START_TEST(names_are_bounded)
{
	struct eng_counted c = {0};

	for (int i = 0; i < ENG_COUNT_NAMES_MAX + 20; i++) {
		char args[160];

		(void)snprintf(args, sizeof args,
			"\"kind\":\"cost\",\"worker\":\"email\",\"amount\":\"1\","
			"\"source\":\"c%d\"",
			i);
		track(args);
	}
	ck_assert_int_eq(eng_counted_read(&c, f.eng.led, UINT64_MAX), 0);
	ck_assert_uint_le(c.words.n, ENG_COUNT_NAMES_MAX + 1);
	ck_assert(
		count_of(&c,
			(struct eng_count_key){.kind = ENG_COUNT_CATEGORY, .currency = 1},
			ENG_COUNT_OTHER) == 20 * (nv_i128)NV_MONEY_SCALE);
	eng_counted_fini(&c);
}
END_TEST

/* ---- the verb ---- */

static json_t *
figures(void)
{
	json_t *data = eng_fixture_ask(&f, "{\"verb\":\"figures\"}");

	ck_assert_ptr_nonnull(data);
	return data;
}

static const json_t *
row_of(const json_t *data, const char *worker)
{
	size_t i;
	const json_t *row;

	json_array_foreach(json_object_get(data, "workers"), i, row)
	{
		if (strcmp(eng_fixture_text(row, "worker"), worker) == 0)
			return row;
	}
	ck_abort_msg("no worker %s", worker);
}

START_TEST(the_verb_says_it)
{
	make_history();
	ck_assert(json_is_null(json_object_get(figures(), "counts")));
	ck_assert_ptr_null(json_object_get(row_of(figures(), "email"), "money"));
	ck_assert_int_eq(eng_count_open(&f.eng), 0);
	/* What was there before the start is read by the loop. */
	ck_assert(json_is_null(json_object_get(figures(), "counts")));
	while (json_is_null(json_object_get(figures(), "counts")))
		ev_run(f.eng.loop, EVRUN_ONCE);
	json_t *data = figures();
	const json_t *row = row_of(data, "email");
	const json_t *cost = json_object_get(
		json_object_get(json_object_get(row, "money"), "USD"), "cost");

	ck_assert_str_eq(json_string_value(json_array_get(cost, 0)), "3.75");
	ck_assert_str_eq(json_string_value(json_array_get(cost, 1)), "1.25");
	ck_assert_str_eq(eng_fixture_text(row, "cost"), "2.50");
	ck_assert_str_eq(eng_fixture_text(row, "profit"), "7.50");
	ck_assert_int_eq(json_integer_value(json_object_get(
				 json_object_get(data, "counts"), "behind")),
		0);
	/* In base currency: 10.00 + 3 EUR at 1.10 */
	ck_assert_str_eq(
		eng_fixture_text(
			json_object_get(json_object_get(data, "windows"), "today"),
			"revenue"),
		"13.30");
	/* What comes afterwards is in the next answer. */
	track("\"kind\":\"cost\",\"worker\":\"email\",\"amount\":\"0.25\"");
	cost = json_object_get(
		json_object_get(
			json_object_get(row_of(figures(), "email"), "money"), "USD"),
		"cost");
	ck_assert_str_eq(json_string_value(json_array_get(cost, 0)), "4.00");
}
END_TEST

/* Who came second to the ledger is in the row of all others when there is room for one.
 */
START_TEST(the_rest_is_one_row)
{
	make_history();
	ck_assert_int_eq(eng_count_open(&f.eng), 0);
	while (json_is_null(json_object_get(figures(), "counts")))
		ev_run(f.eng.loop, EVRUN_ONCE);
	json_t *data =
		eng_fixture_ask(&f, "{\"verb\":\"figures\",\"args\":{\"workers\":1}}");
	const json_t *other = row_of(data, "_other");

	ck_assert_uint_eq(json_array_size(json_object_get(data, "workers")), 2);
	ck_assert_str_eq(eng_fixture_text(row_of(data, "email"), "cost"), "2.50");
	/* In the money's own currency, and in the base one. */
	ck_assert_str_eq(
		json_string_value(json_array_get(
			json_object_get(
				json_object_get(json_object_get(other, "money"), "EUR"),
				"revenue"),
			0)),
		"3.00");
	ck_assert_str_eq(eng_fixture_text(other, "revenue"), "3.30");
	ck_assert_ptr_null(
		eng_fixture_ask(&f, "{\"verb\":\"figures\",\"args\":{\"workers\":0}}"));
}
END_TEST

START_TEST(the_next_engine_goes_on)
{
	char path[160];

	make_history();
	ck_assert_int_eq(eng_count_open(&f.eng), 0);
	while (json_is_null(json_object_get(figures(), "counts")))
		ev_run(f.eng.loop, EVRUN_ONCE);
	uint64_t seq = f.eng.count->all.seq;

	eng_count_close(&f.eng);
	(void)snprintf(path, sizeof path, "%s/counts.cache", f.dir);
	ck_assert_int_eq(access(path, R_OK), 0);
	ck_assert_int_eq(eng_count_open(&f.eng), 0);
	ck_assert_uint_eq(f.eng.count->all.seq, seq);
	/* Nothing to read: it can say so at once. */
	ck_assert(!json_is_null(json_object_get(figures(), "counts")));
}
END_TEST

START_TEST(commits_are_measured)
{
	ck_assert_int_eq(eng_count_open(&f.eng), 0);
	eng_count_committed(&f.eng, 400000);
	eng_count_committed(&f.eng, 500000);
	eng_count_committed(&f.eng, 500001);
	eng_count_committed(&f.eng, 60 * NV_NS_PER_SEC);
	const struct eng_commits *c = &f.eng.count->commits;

	ck_assert_uint_eq(c->upto[0], 2);
	ck_assert_uint_eq(c->upto[1], 1);
	ck_assert_uint_eq(c->upto[ENG_COMMIT_BOUNDS], 1);
	ck_assert_uint_eq(c->n, 4);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("count");
	TCase *t = tcase_create("counts");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, counts_what_was_booked);
	tcase_add_test(t, the_same_in_any_steps);
	tcase_add_test(t, a_damaged_cache_is_not_used);
	tcase_add_test(t, names_are_bounded);
	tcase_add_test(t, the_verb_says_it);
	tcase_add_test(t, the_rest_is_one_row);
	tcase_add_test(t, the_next_engine_goes_on);
	tcase_add_test(t, commits_are_measured);
	suite_add_tcase(s, t);
	return run_suite(s);
}
