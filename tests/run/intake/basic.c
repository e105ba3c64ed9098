/* What the intake promises without anything being killed: valid lines are events, bad
 * ones are quarantined with their reason and stop nothing, ends of file close streams,
 * acks come after the commit, credits go to the named worker, and a second engine goes on
 * where the first one stood. */
#include "nv_clock.h"
#include "nv_fd.h"
#include "seen.h"
#include "supd.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const workers[] = {"w0", "w1", "w2", "w3"};
static const char yaml[] = "currency: USD\nprices:\n  cpu_second: $0\n  gib_hour: $0\n";

static void
say(const struct supd *s, size_t stream, const char *text, size_t bytes)
{
	if (nv_write_full(s->streams[stream].pipe_write, text, bytes) != 0)
		die("the pipe does not take a line: %s", strerror(errno));
}

static void
say_line(const struct supd *s, size_t stream, const char *text)
{
	say(s, stream, text, strlen(text));
	say(s, stream, "\n", 1);
}

/* Everything said is in the ledger once the streams are closed. */
static void
settle(struct supd *s)
{
	for (size_t i = 0; i < s->n_streams; i++)
		supd_stream_end(s, i);
	if (!supd_pump_until(s, supd_all_dropped, NULL, SUPD_PATIENCE_MS))
		die("the engine does not close the streams");
}

/* Reads control lines until `want` is among them. */
static bool
hears(const struct supd_stream *st, const char *want, int timeout_ms)
{
	char buf[65536];
	size_t n = 0;
	int64_t end = nv_mono_ms() + timeout_ms;

	while (n < sizeof(buf) - 1) {
		struct pollfd pfd = {.fd = st->ctl_read, .events = POLLIN};
		int64_t left = end - nv_mono_ms();

		if (left <= 0 || poll(&pfd, 1, (int)left) <= 0)
			return false;
		ssize_t got = read(st->ctl_read, buf + n, sizeof(buf) - 1 - n);

		if (got <= 0)
			return false;
		n += (size_t)got;
		buf[n] = '\0';
		if (strstr(buf, want))
			return true;
	}
	return false;
}

/* ---- bad lines ---- */

#define TEXT(text) text, sizeof(text) - 1

static const struct {
	const char *line;
	size_t bytes;
	const char *reason;
} bad_lines[] = {
	{TEXT("hello"), "not a JSON object"},
	{TEXT(""), "an empty line"},
	{TEXT("{\"event\":\"cost\",\"amount\":\"1\0\"}"), "a NUL byte"},
	{TEXT("\0\0\0"), "a NUL byte"},
	{TEXT("{\"event\":\"cost\",\"amount\":NaN}"), "unexpected character"},
	{TEXT("{\"event\":\"cost\",\"amount\":1e400}"), "too large"},
	{TEXT("{\"event\":\"cost\",\"amount\":-1}"), "amount is negative"},
	{TEXT("{\"event\":\"cost\",\"amount\":\"-0.5\"}"), "amount is negative"},
	{TEXT("{\"event\":\"cost\",\"amount\":9200000000}"), "below 9200000000"},
	{TEXT("{\"event\":\"cost\",\"amount\":\"0.0000000001\"}"),
		"more than 9 decimals"},
	{TEXT("{\"event\":\"cost\"}"), "amount is missing"},
	{TEXT("{\"event\":\"spend\",\"amount\":1}"), "not an event Nova knows"},
	{TEXT("{\"amount\":1}"), "event is missing"},
	{TEXT("{\"event\":\"cost\",\"amount\":1,\"amount\":2}"), "the same key twice"},
	{TEXT("{\"event\":\"cost\",\"amount\":1,\"currency\":\"XYZ\"}"),
		"XYZ is neither a code of ISO 4217 nor declared"},
	{TEXT("{\"event\":\"cost\",\"amount\":1,\"currency\":\"$\"}"),
		"currency is not a code"},
	{TEXT("{\"event\":\"revenue\",\"amount\":1,\"agent\":\"No Body\"}"),
		"not a worker's name"},
	{TEXT("{\"event\":\"run\",\"ok\":\"yes\"}"), "ok must be true or false"},
	{TEXT("{\"event\":\"ready\",\"x\":\"\xff\"}"), "not UTF-8"},
	{TEXT("\x89PNG\r\x1a"), "not a JSON object"},
};

static void
test_bad_lines(struct supd *s)
{
	size_t st = supd_stream_add(s, "w0", 1, 1, 0);
	struct seen_worker w = {0};
	unsigned readies = s->readies;
	char *long_line = malloc(1 << 20);
	uint64_t missing = 0;

	if (!long_line)
		die("no memory");
	supd_engine_start(s);
	if (!supd_pump_until(s, supd_is_ready, &readies, SUPD_PATIENCE_MS))
		die("the engine does not get ready");
	for (size_t i = 0; i < NV_LEN(bad_lines); i++) {
		say(s, st, bad_lines[i].line, bad_lines[i].bytes);
		say(s, st, "\n", 1);
		say_line(s, st, "{\"event\":\"cost\",\"amount\":\"0.01\"}");
	}
	/* A megabyte in one line; its inside looks like lines that count. */
	memset(long_line, 'x', 1 << 20);
	for (size_t i = 4090; i + 100 < 1 << 20; i += 997)
		memcpy(long_line + i, TEXT("{\"event\":\"cost\",\"amount\":\"100\"}"));
	say(s, st, long_line, 1 << 20);
	say_line(s, st, "");
	say_line(s, st, "{\"event\":\"cost\",\"amount\":\"0.01\"}");
	free(long_line);
	settle(s);
	seen_worker(s->state_dir, "w0", &w);
	for (size_t i = 0; i < NV_LEN(bad_lines); i++) {
		if (seen_rejected(s->state_dir, bad_lines[i].reason) == 0) {
			tap_note("no line was rejected as: %s", bad_lines[i].reason);
			missing++;
		}
	}
	tap_ok(missing == 0, "each bad line is in quarantine with its reason");
	tap_ok(seen_rejected(s->state_dir, "longer than 4096 bytes") == 1,
		"a line of a megabyte is one rejected line");
	tap_ok(w.totals.rejected == NV_LEN(bad_lines) + 1, "%llu lines rejected",
		(unsigned long long)w.totals.rejected);
	tap_ok(w.totals.cost == (nv_i128)(NV_LEN(bad_lines) + 1) * 10000000,
		"the line after each bad one counts, and nothing else does");
}

/* ---- lines that end the stream ---- */

static void
test_ends(struct supd *s)
{
	size_t whole = supd_stream_add(s, "w1", 1, 1, 0);
	size_t cut = supd_stream_add(s, "w1", 2, 1, 0);
	size_t empty = supd_stream_add(s, "w1", 3, 1, 0);
	struct seen_worker w = {0};

	say(s, whole, TEXT("{\"event\":\"revenue\",\"amount\":\"2.5\"}"));
	say_line(s, cut, "{\"event\":\"revenue\",\"amount\":\"1\"}");
	say(s, cut, TEXT("{\"event\":\"revenue\",\"amount\":\"10"));
	(void)empty;
	settle(s);
	seen_worker(s->state_dir, "w1", &w);
	tap_ok(w.totals.revenue == INT64_C(3500000000),
		"a last line without newline counts when it is whole");
	tap_ok(seen_rejected(
		       s->state_dir, "the worker ended in the middle of this line") == 1,
		"a line cut off by the end is in quarantine, and says so");
	tap_ok(s->bad_closes == 0, "every stream is closed at its memfd's size");
}

/* ---- acks, duplicates, credits, life ---- */

static void
test_ids(struct supd *s)
{
	size_t st = supd_stream_add(s, "w2", 1, 1, 0);
	struct seen_worker w2 = {0};
	struct seen_worker w3 = {0};
	struct seen_worker stranger = {0};

	say_line(s, st, "{\"event\":\"ready\"}");
	say_line(s, st,
		"{\"event\":\"cost\",\"amount\":1,\"id\":\"a\\\"1\",\"ack\":true}");
	tap_ok(hears(&s->streams[st], "{\"control\":\"ack\",\"id\":\"a\\\"1\"}\n",
		       SUPD_PATIENCE_MS),
		"an ack comes, with the id");
	tap_ok(seen_events(s->state_dir, LED_COST, "w2", NULL) == 1,
		"what is acknowledged is in the ledger");
	say_line(s, st,
		"{\"event\":\"cost\",\"amount\":1,\"id\":\"a\\\"1\",\"ack\":true}");
	tap_ok(hears(&s->streams[st], "{\"control\":\"ack\",\"id\":\"a\\\"1\"}\n",
		       SUPD_PATIENCE_MS),
		"the same again is acknowledged again");
	say_line(s, st, "{\"event\":\"cost\",\"amount\":2,\"id\":\"a\\\"1\"}");
	say_line(s, st,
		"{\"event\":\"revenue\",\"amount\":5,\"agent\":\"w3\",\"source\":"
		"\"shop\"}");
	say_line(s, st, "{\"event\":\"revenue\",\"amount\":7,\"agent\":\"someone.new\"}");
	say_line(s, st, "{\"event\":\"heartbeat\",\"status\":\"busy\"}");
	say_line(s, st, "{\"event\":\"run\",\"ok\":true,\"duration_ms\":12}");
	say_line(s, st, "{\"event\":\"run\",\"ok\":false,\"error\":\"broken\"}");
	say_line(s, st, "{\"event\":\"cost\",\"amount\":0.1,\"currency\":\"usd\"}");
	say_line(s, st,
		"{\"event\":\"usage\",\"gen_ai.request.model\":\"no such model\","
		"\"gen_ai.usage.input_tokens\":5}");
	settle(s);
	seen_worker(s->state_dir, "w2", &w2);
	seen_worker(s->state_dir, "w3", &w3);
	seen_worker(s->state_dir, "someone.new", &stranger);
	tap_ok(w2.totals.cost == INT64_C(1100000000), "a repeated id changes nothing");
	tap_ok(seen_rejected(s->state_dir, "id is known already, with other content") ==
			1,
		"the same id with other content is rejected");
	tap_ok(w3.totals.revenue == INT64_C(5000000000) && w2.totals.revenue == 0,
		"`agent` credits the named worker");
	tap_ok(stranger.totals.revenue == INT64_C(7000000000),
		"a worker nobody configured keeps its money");
	tap_ok(w2.totals.heartbeats == 1 && w2.totals.runs_ok == 1 &&
			w2.totals.runs_failed == 1,
		"heartbeats and runs are counted");
	tap_ok(s->streams[st].ready == 1, "`ready` is passed on");
	tap_ok(seen_events(s->state_dir, LED_USAGE, "w2", NULL) == 1,
		"usage without a price is kept");
}

/* ---- journal ---- */

static void
test_journal(struct supd *s)
{
	size_t st = supd_stream_add(s, "w3", 1, 4, 0);
	struct seen_worker w = {0};

	supd_journal_start(s, st);
	supd_journal_exit(s, st, 256, true, 1000);
	supd_journal_line(s,
		"{\"event\":\"state\",\"worker\":\"w3\",\"instance\":1,\"state\":"
		"\"halted\",\"reason\":\"6 crashes in 1h\",\"at\":1763820000.1}");
	supd_journal_line(s, "not a lifecycle line");
	settle(s);
	(void)supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
	seen_worker(s->state_dir, "w3", &w);
	tap_ok(seen_events(s->state_dir, LED_START, "w3", NULL) == 1 &&
			seen_events(s->state_dir, LED_EXIT, "w3", NULL) == 1 &&
			seen_events(s->state_dir, LED_STATE, "w3", "halted") == 1,
		"starts, exits and states of the journal are events");
	tap_ok(w.totals.crashes == 1, "a crash is counted");
	tap_ok(seen_rejected(s->state_dir, "not a JSON object") >= 1,
		"a bad line of the journal stops nothing");
}

/* One question to the engine's socket; the answer's line. */
static void
ask(const struct supd *s, const char *question, char *answer, size_t answer_bytes)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	size_t n = 0;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(
		addr.sun_path, sizeof(addr.sun_path), "%s/engine.sock", s->run_dir);
	if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0 ||
		nv_write_full(fd, question, strlen(question)) != 0)
		die("the engine does not answer: %s", strerror(errno));
	while (n + 1 < answer_bytes && !memchr(answer, '\n', n)) {
		ssize_t got = read(fd, answer + n, answer_bytes - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
	}
	answer[n] = '\0';
	(void)close(fd);
}

/* What an engine that is gone knew, the next one tells. */
static void
test_recall(struct supd *s)
{
	char answer[65536];
	char path[64];
	char *title;
	size_t bytes;
	unsigned readies = s->readies;

	supd_engine_start(s);
	if (!supd_pump_until(s, supd_is_ready, &readies, SUPD_PATIENCE_MS))
		die("the engine does not get ready");
	ask(s, "{\"verb\":\"workers.metrics\",\"args\":{\"worker\":\"w3\"}}\n", answer,
		sizeof(answer));
	tap_ok(strstr(answer, "halted: 6 crashes in 1h") != NULL,
		"a new engine knows who was halted, and why");
	/* The title is set before the answer, with the end of the start. */
	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", s->engine_pid);
	if (nv_read_file_at(AT_FDCWD, path, 4096, &title, &bytes) != 0)
		die("%s cannot be read", path);
	tap_ok(strstr(title, "nova: engine 4 workers, 0 streams, spent ") == title,
		"its title tells what it does: %s", title);
	free(title);
	(void)supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
}

/* ---- hand-over ---- */

/* Said while there is no engine; closed by one that was killed before it was told. */
static void
test_hand_over(struct supd *s)
{
	struct seen_worker w = {0};
	size_t st = supd_stream_add(s, "w0", 9, 1, 0);
	unsigned readies = s->readies;
	int status;

	for (int i = 0; i < 1000; i++)
		say_line(s, st, "{\"event\":\"fee\",\"amount\":\"0.001\"}");
	supd_engine_start(s);
	(void)supd_pump_until(s, supd_is_ready, &readies, SUPD_PATIENCE_MS);
	supd_engine_kill(s);
	say_line(s, st, "{\"event\":\"fee\",\"amount\":\"0.001\"}");
	supd_engine_start(s);
	settle(s);
	status = supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
	seen_worker(s->state_dir, "w0", &w);
	tap_ok(w.totals.fees == INT64_C(1001000000),
		"what was said without an engine is booked once");
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		"an engine that has closed everything exits 0");

	st = supd_stream_add(s, "w0", 9, 2, 0);
	supd_engine_start(s);
	say_line(s, st, "{\"event\":\"fee\",\"amount\":\"0.001\"}");
	status = supd_engine_stop(s, 300, SUPD_PATIENCE_MS);
	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) != 0,
		"an engine that must leave a stream open does not exit 0");
	supd_reboot(s);
	supd_engine_start(s);
	(void)supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
	tap_ok(seen_events(s->state_dir, LED_STATE, "w0", "stream_lost") == 1,
		"a stream nobody holds any more is closed with a note");
}

/* novasupd dies: the channel closes, writers go on for a moment. */
static void
test_orphan(struct supd *s)
{
	size_t st = supd_stream_add(s, "w0", 10, 1, 0);
	unsigned readies = s->readies;
	struct seen_worker w = {0};
	int64_t began = nv_mono_ms();

	supd_engine_start(s);
	(void)supd_pump_until(s, supd_is_ready, &readies, SUPD_PATIENCE_MS);
	nv_fd_close(&s->chan);
	say_line(s, st, "{\"event\":\"payout\",\"amount\":\"3\"}");
	supd_stream_end(s, st);
	int status = supd_engine_wait(s, SUPD_PATIENCE_MS);

	seen_worker(s->state_dir, "w0", &w);
	tap_ok(status >= 0 && w.totals.payouts == INT64_C(3000000000),
		"without novasupd the pipes are drained, then the engine ends (%lld ms)",
		(long long)(nv_mono_ms() - began));
	/* It was only the channel that broke: the same novasupd starts another engine. */
	supd_engine_start(s);
	supd_journal_line(s, "{\"event\":\"state\",\"worker\":\"w1\",\"instance\":1,"
			     "\"state\":\"cooldown\",\"reason\":\"x\",\"at\":1}");
	status = supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
	tap_ok(status == 0 && seen_events(s->state_dir, LED_STATE, "w1", "cooldown") == 1,
		"the journal goes on with the next engine");
	supd_reboot(s);
}

int
main(int argc, char **argv)
{
	static struct supd s;

	if (argc != 3)
		die("usage: intake_basic ENGINE EMPTY_DIRECTORY");
	(void)signal(SIGPIPE, SIG_IGN);
	supd_init(&s, argv[2], argv[1], yaml, workers, NV_LEN(workers));
	test_bad_lines(&s);
	test_ends(&s);
	test_ids(&s);
	test_journal(&s);
	test_recall(&s);
	test_hand_over(&s);
	test_orphan(&s);
	tap_ok(seen_sound(s.state_dir), "the ledger verifies");
	supd_fini(&s);
	return tap_end();
}
