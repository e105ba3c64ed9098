/* The intake under SIGKILL: the real engine is killed thousands of times while eight
 * kinds of worker write, and every line must be in the ledger exactly once.
 *
 *   time  at a random moment
 *   sys   at each system call boundary in turn (ptrace)
 *   step  at a random instruction after a system call boundary (ptrace, single steps)
 *   naive the control: an intake that reads into its own memory must lose lines under the
 *         same kills, or this test could not see a loss
 */
#include "naive.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "seen.h"
#include "supd.h"
#include "tap.h"
#include "writers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const char yaml[] = "currency: USD\nmax_daily_budget: $1000000000\n"
			   "prices:\n  cpu_second: $0\n  gib_hour: $0\n";

enum mode { MODE_TIME, MODE_SYS, MODE_STEP, MODE_NAIVE };
static const char *const mode_names[] = {"time", "sys", "step", "naive"};

struct torture {
	struct supd s;
	struct writers *w;
	enum mode mode;
	unsigned seed;
	char dir[400];
	char stop_file[450];
	size_t stream_of[WR_COUNT];
	pid_t writer[WR_COUNT];
	uint32_t generation; /* of the dying worker */
	uint64_t starts;
	uint64_t kills;
	uint64_t start_sweep; /* where the next kill is, in boundaries from exec */
	uint64_t work_sweep;  /* ... from being ready */
	uint64_t steps_made;
	uint64_t ended_early; /* the engine ended by itself: must not happen */
	uint8_t *acked;       /* ids heard back */
	uint64_t n_acked;
	char control[8192]; /* a control line's beginning */
	size_t control_bytes;
};

static uint32_t
rnd(struct torture *t, uint32_t below)
{
	return (uint32_t)rand_r(&t->seed) % below;
}

/* ---- writers ---- */

static void
start_writer(struct torture *t, enum writer_kind kind, uint32_t generation)
{
	size_t pipe_bytes = kind % 2 ? 0 : (size_t)1 << 20;
	size_t i = supd_stream_add(&t->s, writer_worker(kind), 1, generation, pipe_bytes);

	t->stream_of[kind] = i;
	t->writer[kind] = writer_start(t->w, &t->s, kind, i, (uint32_t)rand_r(&t->seed));
	t->s.streams[i].pid = t->writer[kind];
	supd_journal_start(&t->s, i);
	t->starts++;
}

static size_t
streams_held(const struct torture *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->s.n_streams; i++)
		n += !t->s.streams[i].dropped;
	return n;
}

/* The dying worker comes again, as novasupd would have it; but not so often that all an
 * engine does in its short life is to take streams over. */
static void
revive(struct torture *t)
{
	int status;

	if (t->writer[WR_DYING] > 0 &&
		waitpid(t->writer[WR_DYING], &status, WNOHANG) == t->writer[WR_DYING]) {
		supd_stream_end(&t->s, t->stream_of[WR_DYING]);
		supd_journal_exit(&t->s, t->stream_of[WR_DYING], 256, true, 0);
		t->writer[WR_DYING] = -1;
	}
	if (t->writer[WR_DYING] < 0 && streams_held(t) < WR_COUNT + 6 &&
		t->s.n_streams < SUPD_STREAMS_MAX)
		start_writer(t, WR_DYING, ++t->generation);
}

static void
end_writers(struct torture *t)
{
	t->w->stop = true;
	int fd = open(t->stop_file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		die("cannot stop the shell: %s", strerror(errno));
	(void)close(fd);
}

/* Writers that wait for room in a pipe end only while an engine reads. */
static void
reap_writers(struct torture *t)
{
	for (int kind = 0; kind < WR_COUNT; kind++) {
		int status;

		if (t->writer[kind] <= 0)
			continue;
		while (waitpid(t->writer[kind], &status, WNOHANG) == 0)
			supd_pump(&t->s, 5);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			die("a writer failed: %s, status %d", writer_worker(kind),
				status);
		supd_stream_end(&t->s, t->stream_of[kind]);
		supd_journal_exit(&t->s, t->stream_of[kind], 0, false, 0);
	}
}

static uint64_t
shell_lines(const struct torture *t)
{
	char path[512];
	char *text;
	size_t bytes;
	uint64_t n;

	(void)snprintf(path, sizeof(path), "%s.count", t->stop_file);
	if (nv_read_file_at(AT_FDCWD, path, 100, &text, &bytes) != 0)
		die("the shell has left no count");
	n = strtoull(text, NULL, 10);
	free(text);
	return n;
}

/* ---- acks ---- */

static void
take_ack(struct torture *t, const char *line)
{
	static const char head[] = "{\"control\":\"ack\",\"id\":\"";

	if (strncmp(line, head, sizeof(head) - 1) != 0)
		return; /* another control line */
	uint64_t n = strtoull(line + sizeof(head) - 1, NULL, 10);

	if (n >= WR_ACKED_MAX)
		die("an ack for an id nobody said: %s", line);
	t->n_acked += !t->acked[n];
	t->acked[n] = 1;
}

static void
hear_acks(struct torture *t)
{
	const struct supd_stream *st = &t->s.streams[t->stream_of[WR_ACKED]];

	for (;;) {
		ssize_t n = read(st->ctl_read, t->control + t->control_bytes,
			sizeof(t->control) - t->control_bytes);

		if (n <= 0)
			return;
		t->control_bytes += (size_t)n;
		char *line = t->control;
		char *end = t->control + t->control_bytes;

		for (char *nl; (nl = memchr(line, '\n', (size_t)(end - line)));
			line = nl + 1) {
			*nl = '\0';
			take_ack(t, line);
		}
		t->control_bytes = (size_t)(end - line);
		memmove(t->control, line, t->control_bytes);
		if (t->control_bytes == sizeof(t->control))
			die("a control line without an end");
	}
}

/* ---- kills ---- */

/* Half of them during start and recovery, half while it works. */
static void
life_time(struct torture *t)
{
	static const uint32_t max_us[] = {3000, 15000, 15000, 40000};
	unsigned readies = t->s.readies;

	if (rnd(t, 2) &&
		!supd_pump_until(&t->s, supd_is_ready, &readies, SUPD_PATIENCE_MS))
		die("the engine does not get ready");
	uint32_t us = rnd(t, max_us[rnd(t, NV_LEN(max_us))]);
	int64_t end = nv_mono_ns() + (int64_t)us * 1000;

	while (nv_mono_ns() < end)
		supd_pump(&t->s, (int)NV_MIN((end - nv_mono_ns()) / NV_NS_PER_MS, 2));
}

/* One stop of the traced engine later; false when it has ended. */
static bool
trace_on(struct torture *t, enum __ptrace_request request)
{
	pid_t pid = t->s.engine_pid;
	int status;
	int sig = 0;

	for (;;) {
		if (ptrace(request, pid, NULL, (void *)(intptr_t)sig) != 0)
			return false;
		while (waitpid(pid, &status, __WALL) < 0)
			if (errno != EINTR)
				die("waitpid: %s", strerror(errno));
		if (!WIFSTOPPED(status)) {
			t->ended_early++;
			t->s.engine_pid = -1;
			return false;
		}
		sig = WSTOPSIG(status);
		if (sig == (SIGTRAP | 0x80) || sig == SIGTRAP)
			return true;
	}
}

static void
trace_options(struct torture *t, enum __ptrace_request request)
{
	if (ptrace(request, t->s.engine_pid, NULL,
		    (void *)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) != 0)
		die("ptrace: %s", strerror(errno));
}

/* From exec on: the start and the recovery. */
static void
trace_from_exec(struct torture *t)
{
	int status;

	if (waitpid(t->s.engine_pid, &status, __WALL) < 0 || !WIFSTOPPED(status))
		die("the engine does not stop at exec");
	trace_options(t, PTRACE_SETOPTIONS);
}

/* From the moment it is ready: reading, committing, closing. */
static bool
trace_from_ready(struct torture *t)
{
	unsigned readies = t->s.readies;
	int status;

	supd_engine_start(&t->s);
	if (!supd_pump_until(&t->s, supd_is_ready, &readies, SUPD_PATIENCE_MS))
		die("the engine does not get ready");
	trace_options(t, PTRACE_SEIZE);
	if (ptrace(PTRACE_INTERRUPT, t->s.engine_pid, NULL, NULL) != 0 ||
		waitpid(t->s.engine_pid, &status, __WALL) < 0)
		die("ptrace: %s", strerror(errno));
	return WIFSTOPPED(status);
}

/* The sweeps: every boundary in turn, of the start and of the work. */
#define START_FROM 400
#define START_TO   1500
#define WORK_TO    400

static void
life_traced(struct torture *t)
{
	bool from_exec = t->mode == MODE_SYS && t->kills % 4 == 0;
	uint64_t *sweep = from_exec ? &t->start_sweep : &t->work_sweep;
	uint64_t boundaries = t->mode == MODE_SYS ? *sweep : 1 + rnd(t, WORK_TO);

	t->s.traced = from_exec;
	if (from_exec) {
		supd_engine_start(&t->s);
		trace_from_exec(t);
	} else if (!trace_from_ready(t)) {
		t->ended_early++;
		t->s.engine_pid = -1;
		return;
	}
	if (++*sweep > (from_exec ? START_TO : WORK_TO))
		*sweep = 1;
	for (uint64_t i = 0; i < boundaries; i++)
		if (!trace_on(t, PTRACE_SYSCALL))
			return;
	if (t->mode == MODE_STEP) {
		uint32_t steps = 1 + rnd(t, rnd(t, 8) ? 300 : 4000);

		for (uint32_t i = 0; i < steps && trace_on(t, PTRACE_SINGLESTEP); i++)
			t->steps_made++;
	}
}

static void
one_life(struct torture *t)
{
	if (t->mode == MODE_TIME) {
		supd_engine_start(&t->s);
		life_time(t);
	} else {
		life_traced(t);
	}
	if (t->s.engine_pid > 0) {
		supd_engine_kill(&t->s);
		t->kills++;
	} else {
		supd_engine_gone(&t->s);
	}
	hear_acks(t);
	revive(t);
}

/* ---- the oracle ---- */

struct tally {
	struct torture *t;
	struct led_view *view;
	uint32_t worker_id[WR_COUNT];
	uint64_t lines[WR_COUNT];
	uint64_t next[WR_COUNT]; /* numbered: the number that must come */
	uint64_t next_shared[WR_SHARED_PROCS];
	uint64_t wrong; /* out of order, double or missing */
	uint64_t starts;
	uint64_t exits;
	uint8_t *have[2]; /* owned: numbers of the dying, of the acknowledged */
};

static uint64_t
number_in(const struct led_event *ev, const char *key)
{
	const char *p = memmem(ev->line, ev->line_bytes, key, strlen(key));

	return p ? strtoull(p + strlen(key), NULL, 10) : UINT64_MAX;
}

static void
tally_cost(struct tally *y, const struct led_event *ev, enum writer_kind kind)
{
	uint64_t n = number_in(ev, "\"n\":");
	uint64_t *next = &y->next[kind];

	y->lines[kind]++;
	switch (kind) {
	case WR_SAME:
	case WR_SHELL:
		return;
	case WR_ACKED:
	case WR_DYING: /* one stream after another: in any order */
		if (n >= WR_ACKED_MAX || y->have[kind == WR_ACKED][n])
			y->wrong++;
		else
			y->have[kind == WR_ACKED][n] = 1;
		return;
	case WR_SHARED:
		next = &y->next_shared[number_in(ev, "\"k\":") % WR_SHARED_PROCS];
		break;
	default:
		break;
	}
	/* The ledger's order is the pipe's order: a number that is not the next one is
	 * either lost, doubled or misplaced. */
	if (n != *next) {
		if (y->wrong++ < 5)
			tap_note("%s: %" PRIu64 " came where %" PRIu64 " was due",
				writer_worker(kind), n, *next);
	}
	*next = n + 1;
}

static int
tally_event(void *arg, const struct led_event *ev)
{
	struct tally *y = arg;

	y->starts += ev->kind == LED_START;
	y->exits += ev->kind == LED_EXIT;
	if (ev->kind != LED_COST)
		return 0;
	for (int kind = 0; kind < WR_COUNT; kind++)
		if (y->worker_id[kind] == ev->worker)
			tally_cost(y, ev, kind);
	return 0;
}

static void
tally_all(void *arg, struct led_view *view)
{
	struct tally *y = arg;

	for (int kind = 0; kind < WR_COUNT; kind++)
		y->worker_id[kind] = led_view_worker_id(view, writer_worker(kind));
	if (led_view_events(view, 1, false, tally_event, y) != 0)
		die("the events cannot be read");
}

static uint64_t
written(const struct torture *t, enum writer_kind kind)
{
	uint64_t n = 0;

	if (kind == WR_SHELL)
		return shell_lines(t);
	if (kind != WR_SHARED)
		return t->w->of[kind].lines;
	for (int k = 0; k < WR_SHARED_PROCS; k++)
		n += t->w->shared[k].lines;
	return n;
}

static uint64_t
acked_but_missing(const struct torture *t, const struct tally *y)
{
	uint64_t n = 0;

	for (size_t i = 0; i < WR_ACKED_MAX; i++)
		n += t->acked[i] && !y->have[1][i];
	return n;
}

/* Money, from the running totals that the engine shows. */
static bool
money_agrees(const struct torture *t, enum writer_kind kind, uint64_t lines)
{
	int64_t nano = kind == WR_SAME ? 20000000 : kind == WR_SHELL ? 3 : 1;
	struct seen_worker seen = {0};

	seen_worker(t->s.state_dir, writer_worker(kind), &seen);
	return seen.totals.cost == (nv_i128)lines * nano &&
	       seen.totals.rejected == t->w->of[kind].rejects &&
	       (kind != WR_ACKED || seen.totals.heartbeats == t->w->of[kind].beats);
}

static void
judge(struct torture *t)
{
	struct tally y = {
		.t = t, .have = {calloc(1, WR_ACKED_MAX), calloc(1, WR_ACKED_MAX)}};
	const char *mode = mode_names[t->mode];
	uint64_t lost = 0;
	uint64_t doubled = 0;
	uint64_t all = 0;
	bool money = true;

	if (!y.have[0] || !y.have[1])
		die("no memory");
	seen_view(t->s.state_dir, tally_all, &y);
	for (int kind = 0; kind < WR_COUNT; kind++) {
		uint64_t n = written(t, kind);

		all += n;
		lost += n > y.lines[kind] ? n - y.lines[kind] : 0;
		doubled += y.lines[kind] > n ? y.lines[kind] - n : 0;
		if (n != y.lines[kind] || !money_agrees(t, kind, n)) {
			tap_note("%s: %" PRIu64 " lines written, %" PRIu64
				 " in the ledger%s",
				writer_worker(kind), n, y.lines[kind],
				n == y.lines[kind] ? "; figures disagree" : "");
			money = false;
		}
	}
	tap_ok(t->kills > 0 && t->ended_early == 0,
		"%s: killed %" PRIu64 " times in %" PRIu64 " incarnations%s", mode,
		t->kills, t->starts,
		t->ended_early ? ", but it ended by itself as well" : "");
	tap_ok(lost == 0 && doubled == 0 && y.wrong == 0,
		"%s: of %" PRIu64 " lines %" PRIu64 " lost, %" PRIu64 " doubled, %" PRIu64
		" misplaced",
		mode, all, lost, doubled, y.wrong);
	tap_ok(money, "%s: costs, rejects and heartbeats add up", mode);
	tap_ok(y.starts == t->starts && y.exits == t->starts,
		"%s: every start and exit of the journal once", mode);
	tap_ok(acked_but_missing(t, &y) == 0 && t->n_acked > 0,
		"%s: nothing acknowledged is lost (%" PRIu64 " acks heard)", mode,
		t->n_acked);
	tap_ok(t->s.bad_closes == 0, "%s: every stream is closed at its memfd's size",
		mode);
	tap_ok(seen_sound(t->s.state_dir), "%s: chain and derived tables are sound",
		mode);
	free(y.have[0]);
	free(y.have[1]);
}

/* ---- one mode ---- */

static void
open_torture(struct torture *t, enum mode mode, unsigned seed, const char *engine,
	const char *dir)
{
	const char *names[WR_COUNT];

	for (int kind = 0; kind < WR_COUNT; kind++)
		names[kind] = writer_worker(kind);
	memset(t, 0, sizeof(*t));
	t->mode = mode;
	t->seed = seed + (unsigned)mode;
	(void)snprintf(t->dir, sizeof(t->dir), "%s/%s", dir, mode_names[mode]);
	(void)snprintf(t->stop_file, sizeof(t->stop_file), "%s/stop", t->dir);
	if (mkdir(t->dir, 0755) != 0 || setenv("STOP", t->stop_file, 1) != 0)
		die("cannot make %s: %s", t->dir, strerror(errno));
	t->acked = calloc(1, WR_ACKED_MAX);
	if (!t->acked)
		die("no memory");
	supd_init(&t->s, t->dir, engine, yaml, names, WR_COUNT);
	t->w = writers_new();
	t->start_sweep = START_FROM;
	t->work_sweep = 1;
	for (int kind = 0; kind < WR_COUNT; kind++)
		start_writer(t, kind, 1);
	t->generation = 1;
}

static void
close_torture(struct torture *t)
{
	supd_fini(&t->s);
	writers_free(t->w);
	free(t->acked);
}

static void
torture(struct torture *t, double seconds)
{
	int64_t end = nv_mono_ns() + (int64_t)(seconds * 1e9);

	while (nv_mono_ns() < end)
		one_life(t);
	/* The last engine lives: it must drain everything and say so by its exit. */
	t->s.traced = false;
	end_writers(t);
	supd_engine_start(&t->s);
	reap_writers(t);
	if (!supd_pump_until(&t->s, supd_all_dropped, NULL, SUPD_PATIENCE_MS))
		die("the last engine does not close the streams");
	hear_acks(t);
	int status = supd_engine_stop(&t->s, SUPD_DRAIN_MS, SUPD_PATIENCE_MS);

	tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		"%s: the last engine closes every stream and exits 0",
		mode_names[t->mode]);
	judge(t);
}

#define NAIVE_KILLS_MIN 40 /* on a slow machine, too: some of them lose something */

/* The same writers and kills with an intake that reads into its own memory. */
static void
control(struct torture *t, double seconds)
{
	int64_t end = nv_mono_ns() + (int64_t)(seconds * 1e9);
	uint64_t n_written = 0;
	uint64_t n_stored;

	while (nv_mono_ns() < end || t->kills < NAIVE_KILLS_MIN) {
		pid_t pid = naive_start(&t->s);
		struct timespec ts = {.tv_nsec = (long)rnd(t, 20000) * 1000};

		(void)nanosleep(&ts, NULL);
		naive_kill(pid);
		t->kills++;
	}
	end_writers(t);
	pid_t pid = naive_start(&t->s);

	for (int kind = 0; kind < WR_COUNT; kind++) {
		int status;

		if (waitpid(t->writer[kind], &status, 0) != t->writer[kind])
			die("waitpid: %s", strerror(errno));
		supd_stream_end(&t->s, t->stream_of[kind]);
	}
	naive_wait(pid);
	for (int kind = 0; kind < WR_COUNT; kind++)
		if (kind != WR_ACKED)
			n_written += written(t, kind);
	/* Without ids, of which each line is said twice, and without dirt. */
	n_stored = seen_events(t->s.state_dir, LED_COST, NULL, NULL) -
		   seen_events(t->s.state_dir, LED_COST, NULL, "\"id\"") -
		   seen_events(t->s.state_dir, LED_COST, NULL, ":-1}") -
		   seen_events(t->s.state_dir, LED_COST, NULL, "1e400") -
		   seen_events(t->s.state_dir, LED_COST, NULL, "yyyy");
	tap_ok(n_stored < n_written,
		"control: naive reads lose: %" PRIu64 " of %" PRIu64
		" lines after %" PRIu64 " kills",
		n_written - n_stored, n_written, t->kills);
}

int
main(int argc, char **argv)
{
	static struct torture t;
	const char *env = getenv("NOVA_TORTURE_SECONDS");
	const char *seed_env = getenv("NOVA_TORTURE_SEED");
	double seconds = env ? strtod(env, NULL) : 48;
	unsigned seed =
		seed_env ? (unsigned)strtoul(seed_env, NULL, 10) : (unsigned)nv_wall_ns();

	if (argc != 3)
		die("usage: intake_torture_driver ENGINE EMPTY_DIRECTORY");
	(void)signal(SIGPIPE, SIG_IGN);
	tap_note("seed %u: NOVA_TORTURE_SEED=%u for the same again", seed, seed);
	for (int mode = MODE_TIME; mode <= MODE_STEP; mode++) {
		open_torture(&t, mode, seed, argv[1], argv[2]);
		torture(&t, seconds * 0.3);
		close_torture(&t);
	}
	open_torture(&t, MODE_NAIVE, seed, argv[1], argv[2]);
	control(&t, seconds * 0.1);
	close_torture(&t);
	return tap_end();
}
