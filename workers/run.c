/* The life of one run: see run.h. */
#include "run.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_units.h"
#include "spawn.h"
#include "tree.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOG_HIGH_BYTES      ((size_t)64 << 10) /* read no more while this much waits */
#define DRAIN_BYTES_MAX     ((size_t)2 << 20)
#define KILL_AGAIN_MS_MIN   INT64_C(20)
#define KILL_AGAIN_MS_MAX   INT64_C(2000)
#define SAY_AGAIN_MS        INT64_C(60000)
#define UNKILLABLE_FIRST_MS INT64_C(5000)
#define LEFTOVER_GRACE_MS   INT64_C(5000)

void
rn_run_init(struct rn_run *run, struct ev_loop *loop, struct rn_sink *log,
	rn_run_done_fn *on_done, void *owner)
{
	*run = (struct rn_run){.owner = owner,
		.loop = loop,
		.log = log,
		.on_done = on_done,
		.out_fd = -1};
	nv_buf_init(&run->line, RN_RESULT_BYTES_MAX);
	nv_buf_init(&run->last, RN_RESULT_BYTES_MAX);
}

static void
stop_watching(struct rn_run *run)
{
	if (run->out_fd >= 0)
		ev_io_stop(run->loop, &run->out);
	nv_fd_close(&run->out_fd);
	ev_timer_stop(run->loop, &run->step);
}

void
rn_run_fini(struct rn_run *run)
{
	if (!run->loop)
		return;
	stop_watching(run);
	nv_buf_fini(&run->line);
	nv_buf_fini(&run->last);
}

/* ---- output ---- */

static bool
is_blank(const struct nv_buf *buf)
{
	for (size_t i = 0; i < buf->bytes; i++) {
		char c = buf->data[i];

		if (c != ' ' && c != '\t' && c != '\r')
			return false;
	}
	return true;
}

static void
line_done(struct rn_run *run)
{
	if (run->line_too_long || !is_blank(&run->line)) {
		struct nv_buf swap = run->last;

		run->last = run->line;
		run->line = swap;
		run->last_too_long = run->line_too_long;
	}
	nv_buf_clear(&run->line);
	run->line_too_long = false;
}

static void
keep_lines(struct rn_run *run, const char *text, size_t bytes)
{
	while (bytes > 0) {
		const char *newline = memchr(text, '\n', bytes);
		size_t part = newline ? (size_t)(newline - text) : bytes;

		if (!run->line_too_long) {
			nv_buf_add(&run->line, text, part);
			run->line_too_long = run->line.error != 0;
		}
		if (newline) {
			line_done(run);
			part++;
		}
		text += part;
		bytes -= part;
	}
}

/* A log that takes nothing more (its reader is gone) must not keep a run from
 * working; what is lost is counted and said. */
static void
pass_on(struct rn_run *run, const char *text, size_t bytes)
{
	if (rn_sink_put(run->log, text, bytes) < 0)
		run->log_lost_bytes += bytes;
	run->mid_line = text[bytes - 1] != '\n';
}

/* Read what there is, at most `max` bytes. False at end of file. */
static bool
read_output(struct rn_run *run, size_t max)
{
	char text[16384];

	for (size_t got = 0; got < max;) {
		ssize_t n = read(run->out_fd, text, sizeof(text));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		keep_lines(run, text, (size_t)n);
		pass_on(run, text, (size_t)n);
		got += (size_t)n;
	}
	return true;
}

static void
on_output(struct ev_loop *loop, ev_io *w, int revents)
{
	struct rn_run *run = w->data;

	(void)revents;
	/* At end of file the watcher would fire without end. */
	if (!read_output(run, LOG_HIGH_BYTES) ||
		run->log->pending.bytes >= LOG_HIGH_BYTES)
		ev_io_stop(loop, w);
}

void
rn_run_on_log(struct rn_run *run)
{
	if (run->out_fd >= 0)
		ev_io_start(run->loop, &run->out);
}

/* ---- the end ---- */

static void
exit_text(int status, char *buf, size_t buf_bytes)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		(void)snprintf(buf, buf_bytes, "signal %d (%s)", WTERMSIG(status),
			name ? name : "?");
	} else {
		(void)snprintf(buf, buf_bytes, "exit %d", WEXITSTATUS(status));
	}
}

static void
describe(const struct rn_run *run, struct rn_outcome *o)
{
	bool good = WIFEXITED(run->status) && WEXITSTATUS(run->status) == 0;
	char how[NV_UNITS_BYTES];

	if (run->cause == RN_RUN_TIMEOUT)
		(void)nv_duration_show(run->timeout_ms, how);
	else
		exit_text(run->status, how, sizeof(how));
	o->ok = good && run->cause != RN_RUN_TIMEOUT;
	if (run->cause == RN_RUN_TIMEOUT)
		(void)snprintf(o->error, sizeof(o->error), "timed out after %s", how);
	else if (!good && run->cause == RN_RUN_STOP)
		(void)snprintf(o->error, sizeof(o->error),
			"stopped before it was finished (%s)", how);
	else if (!good)
		(void)snprintf(o->error, sizeof(o->error), "%s", how);
}

static void
finish(struct rn_run *run)
{
	struct rn_outcome o = {
		.duration_ms = run->ended_ms - run->started_ms,
		.ended_wall_ns = run->ended_wall_ns,
	};

	/* Nobody writes any more: what is in the pipe is all there is. */
	(void)read_output(run, DRAIN_BYTES_MAX);
	stop_watching(run);
	line_done(run);
	if (run->mid_line)
		pass_on(run, "\n", 1);
	if (run->log_lost_bytes > 0)
		nv_warn("run %" PRIu64 ": %" PRIu64
			" bytes of its output could not be written to the log",
			run->number, run->log_lost_bytes);
	describe(run, &o);
	if (!run->last_too_long) {
		o.last = run->last.data;
		o.last_bytes = run->last.bytes;
	}
	run->state = RN_RUN_IDLE;
	run->on_done(run, &o);
}

static void
arm(struct rn_run *run, int64_t after_ms)
{
	ev_timer_stop(run->loop, &run->step);
	ev_now_update(run->loop);
	ev_timer_set(&run->step, (double)after_ms / 1000.0, 0);
	ev_timer_start(run->loop, &run->step);
}

static void
kill_all(struct rn_run *run)
{
	char names[200];
	int64_t now_ms = nv_mono_ms();
	int n = rn_tree_signal(SIGKILL, names, sizeof(names));

	if (run->state != RN_RUN_KILLED) {
		run->state = RN_RUN_KILLED;
		run->kill_since_ms = now_ms;
		run->kill_again_ms = KILL_AGAIN_MS_MIN;
		run->kill_said_ms = now_ms + UNKILLABLE_FIRST_MS - SAY_AGAIN_MS;
	}
	if (now_ms - run->kill_said_ms >= SAY_AGAIN_MS && n > 0) {
		nv_warn("run %" PRIu64 ": %d processes have not died %" PRId64
			" s after KILL: %s; no new run until they have",
			run->number, n, (now_ms - run->kill_since_ms) / 1000, names);
		run->kill_said_ms = now_ms;
	}
	if (n < 0)
		nv_warn("run %" PRIu64 ": cannot read /proc: %s", run->number,
			strerror(-n));
	arm(run, run->kill_again_ms);
	run->kill_again_ms = NV_MIN(run->kill_again_ms * 5 / 4, KILL_AGAIN_MS_MAX);
}

static void
ask_all(struct rn_run *run, int64_t grace_ms, char *names, size_t names_bytes, int *ret_n)
{
	if (grace_ms <= 0) {
		kill_all(run);
		return;
	}
	int n = rn_tree_signal(SIGTERM, names, names_bytes);

	if (ret_n)
		*ret_n = n;
	run->state = RN_RUN_ASKED;
	arm(run, grace_ms);
}

/* A command that does so does it in every run: counted, and said once a minute. */
static void
say_leftovers(struct rn_run *run, int n, const char *names)
{
	int64_t now_ms = nv_mono_ms();

	run->leftover_runs++;
	if (run->leftover_said_ms && now_ms - run->leftover_said_ms < SAY_AGAIN_MS)
		return;
	nv_warn("run %" PRIu64 " left %d process%s behind: %s; ending %s (%" PRIu64
		" such run%s)",
		run->number, n, n == 1 ? "" : "es", names, n == 1 ? "it" : "them",
		run->leftover_runs, run->leftover_runs == 1 ? "" : "s");
	run->leftover_runs = 0;
	run->leftover_said_ms = now_ms;
}

/* The leader is dead; is anything left of what it started? */
static void
check_leftovers(struct rn_run *run)
{
	if (rn_tree_is_empty()) {
		finish(run);
		return;
	}
	if (run->state != RN_RUN_ALIVE)
		return; /* already being ended */
	char names[200] = "";
	int n = 0;

	ask_all(run, NV_MIN(run->grace_ms, LEFTOVER_GRACE_MS), names, sizeof(names), &n);
	if (n > 0)
		say_leftovers(run, n, names);
}

void
rn_run_on_child(struct rn_run *run)
{
	if (rn_tree_reap(run->leader, &run->status)) {
		run->leader = 0;
		run->ended_ms = nv_mono_ms();
		run->ended_wall_ns = nv_wall_ns();
	}
	if (run->state != RN_RUN_IDLE && run->leader == 0)
		check_leftovers(run);
}

static void
on_step(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct rn_run *run = w->data;

	(void)loop;
	(void)revents;
	if (run->state == RN_RUN_ALIVE) {
		rn_run_end(run, RN_RUN_TIMEOUT, run->grace_ms);
		return;
	}
	/* A child of a child that died is no SIGCHLD of ours until its parent is gone:
	 * look again. */
	rn_run_on_child(run);
	if (run->state != RN_RUN_IDLE)
		kill_all(run);
}

void
rn_run_end(struct rn_run *run, enum rn_run_cause cause, int64_t grace_ms)
{
	if (run->state == RN_RUN_IDLE || run->state == RN_RUN_KILLED)
		return;
	if (run->cause == RN_RUN_BY_ITSELF && run->leader > 0)
		run->cause = cause;
	ask_all(run, grace_ms, NULL, 0, NULL);
}

void
rn_run_start(struct rn_run *run, char *const argv[], char *const envp[], int event_fd,
	int64_t timeout_ms, int64_t grace_ms)
{
	struct nv_err err = {0};

	NV_ASSERT(run->state == RN_RUN_IDLE);
	nv_buf_clear(&run->line);
	nv_buf_clear(&run->last);
	run->line_too_long = run->last_too_long = run->mid_line = false;
	run->log_lost_bytes = 0;
	run->cause = RN_RUN_BY_ITSELF;
	run->timeout_ms = timeout_ms;
	run->grace_ms = grace_ms;
	run->started_ms = nv_mono_ms();
	int rc = rn_spawn(argv, envp, event_fd, &run->leader, &run->out_fd, &err);

	if (rc < 0) {
		struct rn_outcome o = {.ended_wall_ns = nv_wall_ns()};

		(void)snprintf(
			o.error, sizeof(o.error), "could not start: %.250s", err.text);
		run->on_done(run, &o);
		return;
	}
	run->state = RN_RUN_ALIVE;
	ev_init(&run->step, on_step);
	run->step.data = run;
	ev_io_init(&run->out, on_output, run->out_fd, EV_READ);
	run->out.data = run;
	ev_io_start(run->loop, &run->out);
	if (timeout_ms > 0)
		arm(run, timeout_ms);
}
