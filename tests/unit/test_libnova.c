/* libnova: what it writes, what it refuses, what it hears. */
#include "nova.h"
#include "run_suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct nova_worker *w;
static int events[2];
static int control[2];

static void
setup(void)
{
	ck_assert_int_eq(pipe2(events, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(control, O_CLOEXEC), 0);
	ck_assert_int_eq(nova_worker_open_fds(events[1], control[0], &w), 0);
}

static void
teardown(void)
{
	nova_worker_close(w);
	nova_worker_close(NULL);
	for (int i = 0; i < 2; i++) {
		(void)close(events[i]);
		(void)close(control[i]);
	}
}

static const char *
written(void)
{
	static char text[65536];
	ssize_t n = read(events[0], text, sizeof(text) - 1);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

static void
nothing_written(void)
{
	char byte;

	ck_assert_int_eq(fcntl(events[0], F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_eq(read(events[0], &byte, 1), -1);
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(fcntl(events[0], F_SETFL, 0), 0);
}

static void
tell(const char *text)
{
	ck_assert_int_eq(write(control[1], text, strlen(text)), (ssize_t)strlen(text));
}

START_TEST(ready_descriptor)
{
	struct nova_worker *own = NULL;
	char number[16];
	char text[8];
	int fds[2];

	ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
	(void)snprintf(number, sizeof(number), "%d", events[1]);
	ck_assert_int_eq(setenv("NOVA_EVENT_FD", number, 1), 0);
	(void)snprintf(number, sizeof(number), "%d", fds[1]);
	ck_assert_int_eq(setenv("NOVA_READY_FD", number, 1), 0);
	ck_assert_int_eq(nova_worker_open(&own), 0);
	ck_assert_int_eq(nova_worker_ready(own), 0);
	ck_assert_str_eq(written(), "{\"event\":\"ready\"}\n");
	/* One newline, and the end. */
	ck_assert_int_eq(read(fds[0], text, sizeof(text)), 1);
	ck_assert_int_eq(text[0], '\n');
	ck_assert_int_eq(read(fds[0], text, sizeof(text)), 0);
	/* A second time it is an event only: the number may be another file's by now. */
	ck_assert_int_eq(dup2(control[1], fds[1]), fds[1]);
	ck_assert_int_eq(nova_worker_ready(own), 0);
	ck_assert_str_eq(written(), "{\"event\":\"ready\"}\n");
	ck_assert_int_eq(fcntl(fds[1], F_GETFD), 0);
	nova_worker_close(own);
	(void)close(fds[0]);
	(void)close(fds[1]);
	(void)unsetenv("NOVA_EVENT_FD");
	(void)unsetenv("NOVA_READY_FD");
}
END_TEST

START_TEST(simple_events)
{
	ck_assert_int_eq(nova_worker_ready(w), 0);
	ck_assert_str_eq(written(), "{\"event\":\"ready\"}\n");
	ck_assert_int_eq(nova_worker_heartbeat(w, NULL), 0);
	ck_assert_str_eq(written(), "{\"event\":\"heartbeat\"}\n");
	ck_assert_int_eq(
		nova_worker_heartbeat(w, "a \"b\"\n\\\x7f\x01 \xc3\xa9 \xff"), 0);
	ck_assert_str_eq(written(), "{\"event\":\"heartbeat\",\"status\":\"a "
				    "\\\"b\\\"\\u000a\\\\\\u007f\\u0001 "
				    "\xc3\xa9 \\ufffd\"}\n");
	ck_assert_int_eq(nova_worker_progress(w, 7, NULL), 0);
	ck_assert_str_eq(written(), "{\"event\":\"heartbeat\",\"progress\":7}\n");
	ck_assert_int_eq(nova_worker_progress(w, INT64_MAX, "on"), 0);
	ck_assert_str_eq(written(),
		"{\"event\":\"heartbeat\",\"progress\":9223372036854775807,"
		"\"status\":\"on\"}\n");
	ck_assert_int_eq(nova_worker_run(w, true, -1, NULL, NULL), 0);
	ck_assert_str_eq(written(), "{\"event\":\"run\",\"ok\":true}\n");
	ck_assert_int_eq(nova_worker_run(w, false, 12, "exit 3", NULL), 0);
	ck_assert_str_eq(written(), "{\"event\":\"run\",\"ok\":false,\"duration_ms\":12,"
				    "\"error\":\"exit 3\"}\n");
	ck_assert_int_eq(nova_worker_send(w, "{\"event\":\"ready\",\"x\":1}"), 0);
	ck_assert_str_eq(written(), "{\"event\":\"ready\",\"x\":1}\n");
}
END_TEST

START_TEST(money_events)
{
	typedef int money_fn(
		struct nova_worker *, const char *, const struct nova_event_options *);
	static const struct {
		money_fn *fn;
		const char *event;
	} cases[] = {
		{nova_worker_cost, "cost"},
		{nova_worker_revenue, "revenue"},
		{nova_worker_refund, "refund"},
		{nova_worker_dispute, "dispute"},
		{nova_worker_fee, "fee"},
		{nova_worker_payout, "payout"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char expected[128];

		ck_assert_int_eq(cases[i].fn(w, "12.345678901", NULL), 0);
		(void)snprintf(expected, sizeof(expected),
			"{\"event\":\"%s\",\"amount\":\"12.345678901\"}\n",
			cases[i].event);
		ck_assert_str_eq(written(), expected);
		ck_assert_int_eq(cases[i].fn(w, "-1", NULL), -EINVAL);
	}
	const struct nova_event_options all = {.id = "i",
		.at = "2026-11-22T10:00:00Z",
		.note = "n",
		.ack = true,
		.currency = "EUR",
		.category = "c",
		.vendor = "v",
		.source = "s",
		.external_id = "e",
		.agent = "a",
		.variant = "B"};

	ck_assert_int_eq(nova_worker_revenue(w, "1", &all), 0);
	ck_assert_str_eq(written(),
		"{\"event\":\"revenue\",\"amount\":\"1\",\"id\":\"i\","
		"\"at\":\"2026-11-22T10:00:00Z\",\"ack\":true,\"currency\":\"EUR\","
		"\"category\":\"c\",\"vendor\":\"v\",\"source\":\"s\",\"external_id\":"
		"\"e\","
		"\"agent\":\"a\",\"variant\":\"B\",\"note\":\"n\"}\n");
}
END_TEST

START_TEST(usage_events)
{
	struct nova_usage u = {.provider = "anthropic",
		.model = "claude-haiku-4-5",
		.input_tokens = 1000,
		.output_tokens = 0,
		.cache_read_tokens = -1,
		.cache_write_tokens = 7};

	ck_assert_int_eq(nova_worker_usage(w, &u, NULL), 0);
	ck_assert_str_eq(written(),
		"{\"event\":\"usage\",\"gen_ai.provider.name\":\"anthropic\","
		"\"gen_ai.request.model\":\"claude-haiku-4-5\","
		"\"gen_ai.usage.input_tokens\":1000,\"gen_ai.usage.output_tokens\":0,"
		"\"gen_ai.usage.cache_creation.input_tokens\":7}\n");
	u.output_tokens = -2;
	ck_assert_int_eq(nova_worker_usage(w, &u, NULL), -EINVAL);
	u = (struct nova_usage){.provider = "x"};
	ck_assert_int_eq(nova_worker_usage(w, &u, NULL), -EINVAL);
	ck_assert_int_eq(nova_worker_usage(w, NULL, NULL), -EINVAL);
	nothing_written();
}
END_TEST

START_TEST(metrics_speak_json_in_any_locale)
{
	/* Not every machine has these; where none is there, C is what is tested. */
	(void)(setlocale(LC_ALL, "de_DE.UTF-8") || setlocale(LC_ALL, "fr_FR.UTF-8"));
	ck_assert_int_eq(nova_worker_metric(w, "m", -1.5, NULL), 0);
	ck_assert_str_eq(
		written(), "{\"event\":\"metric\",\"name\":\"m\",\"value\":-1.5}\n");
	ck_assert_int_eq(nova_worker_metric(w, "m", 1e300, NULL), 0);
	ck_assert_str_eq(written(), "{\"event\":\"metric\",\"name\":\"m\",\"value\":"
				    "1.0000000000000001e+300}\n");
	ck_assert_int_eq(nova_worker_metric(w, "m", 42, NULL), 0);
	ck_assert_str_eq(
		written(), "{\"event\":\"metric\",\"name\":\"m\",\"value\":42}\n");
	ck_assert_int_eq(nova_worker_metric(w, "m", (double)NAN, NULL), -EINVAL);
	ck_assert_int_eq(nova_worker_metric(w, "m", -(double)INFINITY, NULL), -EINVAL);
	ck_assert_int_eq(nova_worker_metric(w, NULL, 1, NULL), -EINVAL);
	(void)setlocale(LC_ALL, "C");
	nothing_written();
}
END_TEST

START_TEST(amounts)
{
	static const struct {
		const char *text;
		int rc;
		int64_t nano;
	} cases[] = {
		{"0", 0, 0},
		{"0.05", 0, 50000000},
		{"12.345678901", 0, 12345678901},
		{"1.000000000000", 0, 1000000000},
		{"0.0000000001", -EDOM, 0},
		{"9199999999.999999999", 0, 9199999999999999999},
		{"9200000000", -ERANGE, 0},
		{"99999999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"5.", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"01", -EINVAL, 0},
		{"1e2", -EINVAL, 0},
		{"1,5", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"$1", -EINVAL, 0},
		{"NaN", -EINVAL, 0},
		{NULL, -EINVAL, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t nano = 0;
		int rc = nova_amount_parse(cases[i].text, &nano);

		ck_assert_msg(rc == cases[i].rc, "%s: rc %d", cases[i].text, rc);
		ck_assert_int_eq(nano, cases[i].nano);
		ck_assert_int_eq(nova_worker_cost(w, cases[i].text, NULL), cases[i].rc);
	}
	char buf[NOVA_AMOUNT_BYTES];

	ck_assert_int_eq(nova_amount_text(12500000000, buf), 0);
	ck_assert_str_eq(buf, "12.5");
	ck_assert_int_eq(nova_amount_text(0, buf), 0);
	ck_assert_str_eq(buf, "0");
	ck_assert_int_eq(nova_amount_text(100 * INT64_C(1000000000), buf), 0);
	ck_assert_str_eq(buf, "100");
	ck_assert_int_eq(nova_amount_text(1, buf), 0);
	ck_assert_str_eq(buf, "0.000000001");
	ck_assert_int_eq(nova_amount_text(INT64_MAX, buf), 0);
	ck_assert_str_eq(buf, "9223372036.854775807");
	ck_assert_int_eq(nova_amount_text(-1, buf), -ERANGE);
}
END_TEST

START_TEST(lines_have_a_limit)
{
	char note[5000];
	struct nova_event_options o = {.note = note};
	size_t frame = strlen("{\"event\":\"cost\",\"amount\":\"1\",\"note\":\"\"}\n");

	memset(note, 'x', sizeof(note));
	note[NOVA_LINE_BYTES_MAX - frame] = '\0';
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), 0);
	ck_assert_uint_eq(strlen(written()), NOVA_LINE_BYTES_MAX);
	memset(note, 'x', sizeof(note));
	note[NOVA_LINE_BYTES_MAX - frame + 1] = '\0';
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EMSGSIZE);
	memset(note, '\x01', 4000);
	note[4000] = '\0';
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EMSGSIZE);
	ck_assert_int_eq(nova_worker_heartbeat(w, note), -EMSGSIZE);
	memset(note, ' ', sizeof(note));
	note[4096] = '\0';
	ck_assert_int_eq(nova_worker_send(w, note), -EMSGSIZE);
	ck_assert_int_eq(nova_worker_send(w, "a\nb"), -EINVAL);
	ck_assert_int_eq(nova_worker_send(w, ""), -EINVAL);
	nothing_written();
}
END_TEST

START_TEST(identifiers_are_checked)
{
	char id[NOVA_ID_BYTES_MAX + 2];
	struct nova_event_options o = {.id = id};

	memset(id, 'i', sizeof(id));
	id[NOVA_ID_BYTES_MAX] = '\0';
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), 0);
	(void)written();
	id[NOVA_ID_BYTES_MAX] = 'i';
	id[NOVA_ID_BYTES_MAX + 1] = '\0';
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EINVAL);
	o = (struct nova_event_options){.id = ""};
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EINVAL);
	o = (struct nova_event_options){.ack = true};
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EINVAL);
	o = (struct nova_event_options){.id = "a\xff"};
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EILSEQ);
	o = (struct nova_event_options){.external_id = "\xc0\x80"};
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EILSEQ);
	o = (struct nova_event_options){.source = "\xed\xa0\x80"};
	ck_assert_int_eq(nova_worker_cost(w, "1", &o), -EILSEQ);
	nothing_written();
}
END_TEST

START_TEST(a_closed_pipe_is_an_error_and_no_signal)
{
	(void)signal(SIGPIPE, SIG_DFL);
	(void)close(events[0]);
	events[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(nova_worker_ready(w), -EPIPE);
	ck_assert_int_eq(nova_worker_ready(w), -EPIPE);
	sigset_t pending;

	ck_assert_int_eq(sigpending(&pending), 0);
	ck_assert_int_eq(sigismember(&pending, SIGPIPE), 0);
}
END_TEST

#define THREADS      8
#define THREAD_LINES 200

static void *
write_many(void *arg)
{
	char note[3000];
	struct nova_event_options o = {.note = note};
	size_t bytes = *(const size_t *)arg;

	memset(note, 'a' + (char)(bytes % 26), bytes);
	note[bytes] = '\0';
	for (int i = 0; i < THREAD_LINES; i++)
		ck_assert_int_eq(nova_worker_cost(w, "1", &o), 0);
	return NULL;
}

START_TEST(threads_do_not_mix_their_lines)
{
	pthread_t threads[THREADS];
	size_t sizes[THREADS];
	FILE *f = fdopen(dup(events[0]), "r");
	char line[NOVA_LINE_BYTES_MAX + 2];

	ck_assert_ptr_nonnull(f);
	for (size_t i = 0; i < THREADS; i++) {
		sizes[i] = 300 * i + i;
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, write_many, &sizes[i]), 0);
	}
	for (int i = 0; i < THREADS * THREAD_LINES; i++) {
		ck_assert_ptr_nonnull(fgets(line, sizeof(line), f));
		const char *note = strstr(line, "\"note\":\"");

		ck_assert_ptr_nonnull(note);
		note += strlen("\"note\":\"");
		size_t same = note[0] == '"' ? 0 : strspn(note, (char[]){note[0], '\0'});

		ck_assert_str_eq(note + same, "\"}\n");
		ck_assert_int_eq((int)(same % 301), 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	(void)fclose(f);
}
END_TEST

START_TEST(control_lines)
{
	struct nova_control c;

	ck_assert_int_eq(nova_worker_control(w, &c, 0), 0);
	tell("{\"control\":\"pause\"}\n{\"control\":\"resume\"}\n"
	     "{\"control\":\"params\",\"params\":{\"a\":[\"}\",{}]}}\n"
	     "{\"control\":\"budget\",\"remaining\":\"12.34\",\"currency\":\"USD\"}\n"
	     "{\"control\":\"budget\",\"remaining\":\"0.00\"}\n"
	     "{\"control\":\"budget\",\"remaining\":\"-0.01\"}\n"
	     "{\"control\":\"stop\",\"grace_ms\":10000}\n"
	     "{\"control\":\"ack\",\"id\":\"x\\u00e9\\\"\"}\n"
	     "{\"control\":\"later\"}\n\ngarbage\n{\"a\":1}\n{\"control\":\"pa");
	ck_assert_int_eq(nova_worker_control(w, &c, -1), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_PAUSE);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_RESUME);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_PARAMS);
	ck_assert_str_eq(c.params, "{\"a\":[\"}\",{}]}");
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_BUDGET);
	ck_assert_str_eq(c.remaining, "12.34");
	ck_assert_str_eq(c.currency, "USD");
	ck_assert(!c.spent);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert(c.spent);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert(c.spent);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_STOP);
	ck_assert_int_eq(c.grace_ms, 10000);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_ACK);
	ck_assert_str_eq(c.id, "x\xc3\xa9\"");
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_OTHER);
	ck_assert_str_eq(c.line, "{\"control\":\"later\"}");
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 0);
	tell("use\"}\n");
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_PAUSE);
	(void)close(control[1]);
	control[1] = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(nova_worker_control(w, &c, -1), -EPIPE);
}
END_TEST

START_TEST(a_line_too_long_is_left_out)
{
	char *big = malloc(40001);
	struct nova_control c;

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', 40000);
	memcpy(big + 39999, "\n", 2);
	tell(big);
	tell("{\"control\":\"pause\"}\n");
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_PAUSE);
	free(big);
}
END_TEST

START_TEST(acks_are_waited_for)
{
	struct nova_control c;

	ck_assert_int_eq(nova_worker_wait_ack(w, "a", 0), -ETIMEDOUT);
	ck_assert_int_eq(nova_worker_wait_ack(w, "", 0), -EINVAL);
	ck_assert_int_eq(nova_worker_wait_ack(w, NULL, 0), -EINVAL);
	tell("{\"control\":\"ack\",\"id\":\"b\"}\n{\"control\":\"pause\"}\n"
	     "{\"control\":\"ack\",\"id\":\"a\"}\n{\"control\":\"stop\"}\n");
	ck_assert_int_eq(nova_worker_wait_ack(w, "a", 1000), 0);
	ck_assert_int_eq(nova_worker_wait_ack(w, "b", 1000), 0); /* kept meanwhile */
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_PAUSE);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_STOP);
	ck_assert_int_eq(nova_worker_wait_ack(w, "a", 10), -ETIMEDOUT);
}
END_TEST

START_TEST(money_comes_back)
{
	const struct nova_event_options sale = {.fee = "0.59", .run = "r1"};
	const struct nova_event_options back = {.of = "ch_1", .status = "won"};

	ck_assert_int_eq(nova_worker_revenue(w, "10", &sale), 0);
	ck_assert_str_eq(written(),
		"{\"event\":\"revenue\",\"amount\":\"10\",\"fee\":\"0.59\","
		"\"run\":\"r1\"}\n");
	ck_assert_int_eq(nova_worker_dispute(w, "4", &back), 0);
	ck_assert_str_eq(written(),
		"{\"event\":\"dispute\",\"amount\":\"4\",\"of\":\"ch_1\","
		"\"status\":\"won\"}\n");
}
END_TEST

START_TEST(money_is_asked_for)
{
	const struct nova_event_options o = {
		.operation = "llm", .currency = "EUR", .category = "not said"};
	const struct nova_event_options spent = {.operation = "llm", .reservation = "c1"};
	struct nova_refusal no;
	struct nova_control c;

	tell("{\"control\":\"reserved\",\"id\":\"other\"}\n{\"control\":\"pause\"}\n"
	     "{\"control\":\"reserved\",\"id\":\"c1\",\"amount\":\"0.10\"}\n");
	ck_assert_int_eq(nova_worker_reserve(w, "c1", "0.10", &o, 1000, NULL), 1);
	ck_assert_str_eq(written(),
		"{\"event\":\"reserve\",\"amount\":\"0.10\",\"id\":\"c1\","
		"\"currency\":\"EUR\",\"operation\":\"llm\"}\n");
	ck_assert_int_eq(nova_worker_cost(w, "0.07", &spent), 0);
	ck_assert_str_eq(written(),
		"{\"event\":\"cost\",\"amount\":\"0.07\",\"operation\":\"llm\","
		"\"reservation\":\"c1\"}\n");
	ck_assert_int_eq(nova_worker_release(w, "c1"), 0);
	ck_assert_str_eq(written(), "{\"event\":\"release\",\"of\":\"c1\"}\n");
	tell("{\"control\":\"refused\",\"id\":\"c2\",\"reason\":\"used up\","
	     "\"retry_after_s\":30}\n");
	ck_assert_int_eq(nova_worker_reserve(w, "c2", "1", NULL, 1000, &no), 0);
	ck_assert_str_eq(no.reason, "used up");
	ck_assert_int_eq(no.retry_ms, 30000);
	/* What was not waited for is a control line as any other. */
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_RESERVED);
	ck_assert_str_eq(c.id, "other");
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_PAUSE);
	ck_assert_int_eq(nova_worker_reserve(w, "c3", "1", NULL, 1, NULL), -ETIMEDOUT);
	ck_assert_int_eq(nova_worker_reserve(w, "", "1", NULL, 1, NULL), -EINVAL);
	ck_assert_int_eq(nova_worker_reserve(w, "c4", "x", NULL, 1, NULL), -EINVAL);
	ck_assert_int_eq(nova_worker_release(w, NULL), -EINVAL);
}
END_TEST

START_TEST(commands_outlast_answers_nobody_wanted)
{
	struct nova_control c;

	tell("{\"control\":\"stop\"}\n");
	for (int i = 0; i < 200; i++)
		tell("{\"control\":\"ack\",\"id\":\"other\"}\n");
	ck_assert_int_eq(nova_worker_wait_ack(w, "mine", 10), -ETIMEDOUT);
	ck_assert_int_eq(nova_worker_control(w, &c, 0), 1);
	ck_assert_int_eq(c.kind, NOVA_CONTROL_STOP);
}
END_TEST

START_TEST(opened_by_its_environment)
{
	struct nova_worker *other;
	char number[16];

	ck_assert_int_eq(unsetenv("NOVA_EVENT_FD"), 0);
	ck_assert_int_eq(nova_worker_open(&other), -EBADF);
	ck_assert_int_eq(setenv("NOVA_EVENT_FD", "999", 1), 0);
	ck_assert_int_eq(nova_worker_open(&other), -EBADF);
	ck_assert_int_eq(setenv("NOVA_EVENT_FD", "3x", 1), 0);
	ck_assert_int_eq(nova_worker_open(&other), -EBADF);
	(void)snprintf(number, sizeof(number), "%d", events[1]);
	ck_assert_int_eq(setenv("NOVA_EVENT_FD", number, 1), 0);
	ck_assert_int_eq(setenv("NOVA_WORKER", "w", 1), 0);
	ck_assert_int_eq(setenv("NOVA_INSTANCE", "2", 1), 0);
	ck_assert_int_eq(setenv("NOVA_GENERATION", "junk", 1), 0);
	ck_assert_int_eq(setenv("NOVA_PARAMS", "{\"a\":1}", 1), 0);
	ck_assert_int_eq(setenv("NOVA_RUN_INTERVAL_MS", "60000", 1), 0);
	ck_assert_int_eq(nova_worker_open(&other), 0);
	ck_assert_str_eq(nova_worker_name(other), "w");
	ck_assert_str_eq(nova_worker_params(other), "{\"a\":1}");
	ck_assert_str_eq(nova_worker_variant(other), "");
	ck_assert_str_eq(nova_worker_run_id(other), "");
	ck_assert_int_eq(nova_worker_instance(other), 2);
	ck_assert_int_eq(nova_worker_generation(other), 0);
	ck_assert_int_eq(nova_worker_run_interval_ms(other), 60000);
	ck_assert_int_eq(nova_worker_control_fd(other), -1);
	struct nova_control c;

	ck_assert_int_eq(nova_worker_control(other, &c, 0), -ENOTCONN);
	ck_assert_int_eq(nova_worker_wait_ack(other, "a", 0), -ENOTCONN);
	nova_worker_close(other);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("libnova");
	TCase *t = tcase_create("all");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, simple_events);
	tcase_add_test(t, ready_descriptor);
	tcase_add_test(t, money_events);
	tcase_add_test(t, usage_events);
	tcase_add_test(t, metrics_speak_json_in_any_locale);
	tcase_add_test(t, amounts);
	tcase_add_test(t, lines_have_a_limit);
	tcase_add_test(t, identifiers_are_checked);
	tcase_add_test(t, a_closed_pipe_is_an_error_and_no_signal);
	tcase_add_test(t, threads_do_not_mix_their_lines);
	tcase_add_test(t, control_lines);
	tcase_add_test(t, a_line_too_long_is_left_out);
	tcase_add_test(t, acks_are_waited_for);
	tcase_add_test(t, money_comes_back);
	tcase_add_test(t, money_is_asked_for);
	tcase_add_test(t, commands_outlast_answers_nobody_wanted);
	tcase_add_test(t, opened_by_its_environment);
	suite_add_tcase(s, t);
	return run_suite(s);
}
