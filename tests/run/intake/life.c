/* Signs of life, what a worker uses and what it costs, and a worker that does not listen.
 */
#include "nv_clock.h"
#include "nv_fd.h"
#include "seen.h"
#include "supd.h"
#include "tap.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char *const workers[] = {"mute", "talker", "burner"};
static const char yaml[] = "currency: USD\nprices:\n  cpu_second: $1\n  gib_hour: $0\n"
			   "sample: 100ms\n";

static void
say_line(const struct supd *s, size_t stream, const char *text)
{
	char line[4096];
	int n = snprintf(line, sizeof(line), "%s\n", text);

	if (nv_write_full(s->streams[stream].pipe_write, line, (size_t)n) != 0)
		die("the pipe does not take a line: %s", strerror(errno));
}

static void
start_engine(struct supd *s)
{
	unsigned readies = s->readies;

	supd_engine_start(s);
	if (!supd_pump_until(s, supd_is_ready, &readies, SUPD_PATIENCE_MS))
		die("the engine does not get ready: status %d, %s",
			supd_engine_wait(s, 1000), s->trouble);
}

static bool
is_killed(const struct supd *s, const void *arg)
{
	return s->streams[*(const size_t *)arg].killed > 0;
}

static void
settle(struct supd *s)
{
	for (size_t i = 0; i < s->n_streams; i++)
		supd_stream_end(s, i);
	if (!supd_pump_until(s, supd_all_dropped, NULL, SUPD_PATIENCE_MS))
		die("the engine does not close the streams");
}

/* ---- watchdog ---- */

/* A sign of life with each look at the channel; the wait is for the mute one's end. */
static void
test_watchdog(struct supd *s)
{
	size_t mute = supd_stream_add(s, "mute", 1, 1, 0);
	size_t talker = supd_stream_add(s, "talker", 1, 1, 0);
	int64_t began = nv_mono_ms();
	bool killed = false;

	start_engine(s);
	while (!killed && nv_mono_ms() - began < SUPD_PATIENCE_MS) {
		say_line(s, talker, "{\"event\":\"metric\",\"name\":\"x\",\"value\":1}");
		killed = supd_pump_until(s, is_killed, &mute, 50);
	}
	tap_ok(killed, "a worker that gives no sign of life is ended (%" PRId64 " ms)",
		nv_mono_ms() - began);
	tap_ok(nv_mono_ms() - began >= 1000, "but not before its timeout");
	tap_ok(s->streams[talker].killed == 0, "any event is a sign of life");
	settle(s);
	tap_ok(s->streams[mute].killed == 1, "it is ended once");
	supd_engine_kill(s);
}

/* ---- pauses ---- */

static bool
has_desires(const struct supd *s, const void *arg)
{
	return s->desire_ends > *(const unsigned *)arg;
}

/* All that was said on its control pipe by now. */
static const char *
told(const struct supd *s, size_t stream)
{
	static char text[4096];
	ssize_t n = read(s->streams[stream].ctl_read, text, sizeof(text) - 1);

	text[NV_MAX(n, 0)] = '\0';
	return text;
}

/* novasupd pauses who has been without an engine for long, and lets them go on when
 * there is one that is ready. One that dies before shall not have let them go on. */
static void
test_pause(struct supd *s)
{
	size_t stream = supd_stream_add(s, "talker", 1, 2, 0);
	const struct timespec moment = {.tv_nsec = 10000000};
	unsigned readies = s->readies;
	unsigned ends = s->desire_ends;
	int64_t began = nv_mono_ms();
	int left = 1;

	say_line(s, stream, "{\"event\":\"metric\",\"name\":\"x\",\"value\":1}");
	s->unsynced = true;
	supd_engine_start(s);
	s->unsynced = false;
	while (left > 0 && nv_mono_ms() - began < SUPD_PATIENCE_MS) {
		(void)nanosleep(&moment, NULL);
		if (ioctl(s->streams[stream].pipe_read, FIONREAD, &left) != 0)
			die("FIONREAD: %s", strerror(errno));
	}
	tap_ok(left == 0, "an engine that starts reads what was said");
	tap_ok(!strstr(told(s, stream), "resume"), "but lets nobody go on");
	supd_engine_send(s, NV_MSG_ENG_SYNCED, NULL, 0);
	if (!supd_pump_until(s, supd_is_ready, &readies, SUPD_PATIENCE_MS) ||
		!supd_pump_until(s, has_desires, &ends, SUPD_PATIENCE_MS))
		die("the engine does not get ready");
	tap_ok(strstr(told(s, stream), "resume"), "one that is ready does");
	supd_engine_kill(s);
}

static bool
is_paused(const struct supd *s, const void *arg)
{
	return strcmp(s->desire.worker, arg) == 0 && s->desire.paused;
}

static bool
is_stopped(const struct supd *s, const void *arg)
{
	return strcmp(s->desire.worker, arg) == 0 && s->desire.instances == 0;
}

/* A person has stopped it by way of novasupd; before that was heard a budget paused it.
 */
static void
test_held(struct supd *s)
{
	struct nv_eng_held held = {.worker = "dear", .uid = 7};
	size_t stream = supd_stream_add(s, "dear", 1, 1, 0);
	uint8_t body[256];
	struct nv_wr w;

	start_engine(s);
	held.wall_ns = nv_wall_ns();
	say_line(s, stream, "{\"event\":\"cost\",\"amount\":\"1\"}");
	say_line(s, stream, "{\"event\":\"run\",\"ok\":true,\"duration_ms\":1}");
	tap_ok(supd_pump_until(s, is_paused, held.worker, SUPD_PATIENCE_MS),
		"a run that is too dear pauses its worker");
	nv_wr_init(&w, body, sizeof(body));
	(void)nv_eng_held_encode(&w, &held);
	supd_engine_send(s, NV_MSG_ENG_HELD, body, w.bytes);
	tap_ok(supd_pump_until(s, is_stopped, held.worker, SUPD_PATIENCE_MS),
		"who was stopped by a person before is stopped all the same");
	settle(s);
	supd_engine_kill(s);
}

/* ---- ready ---- */

static bool
is_ready_twice(const struct supd *s, const void *arg)
{
	return s->streams[*(const size_t *)arg].ready > 1;
}

static bool
is_ready_once(const struct supd *s, const void *arg)
{
	return s->streams[*(const size_t *)arg].ready > 0;
}

/* The word was committed and perhaps lost on its way: the next engine says it again. */
static void
test_ready_again(struct supd *s)
{
	size_t waits = supd_stream_add(s, "awaited", 1, 1, 0);
	size_t silent = supd_stream_add(s, "awaited", 2, 1, 0);

	start_engine(s);
	say_line(s, waits, "{\"event\":\"ready\"}");
	tap_ok(supd_pump_until(s, is_ready_once, &waits, SUPD_PATIENCE_MS),
		"`ready` is passed on");
	supd_engine_kill(s);
	start_engine(s);
	tap_ok(supd_pump_until(s, is_ready_twice, &waits, SUPD_PATIENCE_MS),
		"the next engine says it again");
	tap_ok(s->streams[silent].ready == 0, "and only of those that said so");
	settle(s);
	supd_engine_kill(s);
}

/* ---- compute cost ---- */

static pid_t
start_burner(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("no fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (volatile uint64_t i = 0;; i++)
		;
}

struct cost_query {
	const char *worker;
	nv_i128 at_least;
};

static bool
costs_at_least(const struct supd *s, const void *arg)
{
	const struct cost_query *q = arg;
	struct seen_worker w = {0};

	seen_worker(s->state_dir, q->worker, &w);
	return w.totals.cost >= q->at_least;
}

/* Samples book part of it, engines die, the exit tells the whole: the sum is the whole.
 */
static void
test_compute(struct supd *s)
{
	size_t st = supd_stream_add(s, "burner", 1, 1, 0);
	struct cost_query q = {.worker = "burner", .at_least = 1};
	struct seen_worker w = {0};
	pid_t pid = start_burner();
	int64_t end = nv_mono_ms() + SUPD_PATIENCE_MS;
	bool booked = false;

	s->streams[st].pid = pid;
	supd_journal_start(s, st);
	for (int round = 0; round < 3; round++) {
		start_engine(s);
		/* A reload books what was used so far; until a sample has seen some. */
		booked = false;
		while (!booked && nv_mono_ms() < end) {
			supd_reload(s);
			booked = supd_pump_until(s, costs_at_least, &q, 100);
		}
		seen_worker(s->state_dir, "burner", &w);
		q.at_least = w.totals.cost + 1;
		supd_engine_kill(s);
	}
	tap_ok(booked, "CPU time is booked while the worker runs");
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	start_engine(s);
	supd_journal_exit(s, st, 9, true, 100000000);
	settle(s);
	(void)supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
	seen_worker(s->state_dir, "burner", &w);
	tap_ok(w.totals.cost == INT64_C(100000000000),
		"samples, three killed engines and the exit add up to 100 CPU seconds");
	tap_ok(seen_events(s->state_dir, LED_COMPUTE, "burner", NULL) >= 2,
		"in more than one event");
}

/* ---- a worker that does not listen ---- */

#define ACKS 20000

static void
test_deaf(struct supd *s)
{
	size_t st = supd_stream_add(s, "talker", 2, 1, 0);
	struct seen_worker w = {0};
	pid_t pid;

	start_engine(s);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		int fd = supd_become_writer(s, st);

		for (int i = 0; i < ACKS; i++)
			if (dprintf(fd,
				    "{\"event\":\"refund\",\"amount\":\"0.01\",\"id\":\"%"
				    "d\","
				    "\"ack\":true}\n",
				    i) < 0)
				_exit(1);
		_exit(0);
	}
	settle(s);
	(void)waitpid(pid, NULL, 0);
	(void)supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);
	seen_worker(s->state_dir, "talker", &w);
	tap_ok(w.totals.refunds == (nv_i128)ACKS * 10000000,
		"acks nobody reads do not hold up the events");
}

/* ---- a large fleet ---- */

#define MANY 1500u

static void
test_many(struct supd *s)
{
	struct rlimit files;
	struct seen_worker w = {0};

	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max < MANY * 6) {
		tap_ok(true, "%u streams # SKIP the limit of open files is too low",
			MANY);
		return;
	}
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	supd_reboot(s);
	start_engine(s);
	for (unsigned i = 0; i < MANY; i++) {
		size_t st = supd_stream_add(s, "burner", i + 1, 2, 0);

		s->streams[st].pid = 0;
		say_line(s, st, "{\"event\":\"payout\",\"amount\":\"0.01\"}");
	}
	supd_engine_kill(s);
	start_engine(s);
	settle(s);
	int status = supd_engine_stop(s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);

	seen_worker(s->state_dir, "burner", &w);
	tap_ok(w.totals.payouts == (nv_i128)MANY * 10000000 && status == 0,
		"%u streams at a time, handed over again after a kill", MANY);
}

int
main(int argc, char **argv)
{
	static struct supd s;
	char path[512];

	if (argc != 3)
		die("usage: intake_life_driver ENGINE EMPTY_DIRECTORY");
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(path, sizeof(path), "%s/workers.d", argv[2]);
	if (nv_mkdir_p(path, 0755) != 0)
		die("cannot make %s", path);
	for (size_t i = 0; i < 2; i++) {
		char text[256];

		(void)snprintf(path, sizeof(path), "%s/workers.d/watched-%s.yaml",
			argv[2], workers[i]);
		(void)snprintf(text, sizeof(text),
			"worker: %s\ncommand: [/bin/true]\nkind: service\n"
			"heartbeat: {timeout: 1s}\n",
			workers[i]);
		supd_write_file(path, text);
	}
	(void)snprintf(path, sizeof(path), "%s/workers.d/awaited.yaml", argv[2]);
	supd_write_file(path, "worker: awaited\ncommand: [/bin/true]\nkind: service\n"
			      "ready: event\n");
	(void)snprintf(path, sizeof(path), "%s/workers.d/dear.yaml", argv[2]);
	supd_write_file(path, "worker: dear\ncommand: [/bin/true]\nkind: service\n"
			      "budget: {per_run: $0.5}\n");
	supd_init(&s, argv[2], argv[1], yaml, workers + 2, 1);
	test_watchdog(&s);
	test_pause(&s);
	test_held(&s);
	test_ready_again(&s);
	test_compute(&s);
	test_deaf(&s);
	test_many(&s);
	tap_ok(seen_sound(s.state_dir), "the ledger verifies");
	supd_fini(&s);
	return tap_end();
}
