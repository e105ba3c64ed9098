/* nova-runner: runs a task worker's command every interval and tells the engine how each
 * run went. One per instance of a task worker, started by novasupd.
 *
 * Owns: the schedule, the run and everything the run starts, the event pipe's queue of
 * this process. Must never: run two at once, leave a process behind, lose or tear an
 * event line, start a run while paused, without budget, or while its own events cannot be
 * written (no ledger, no spending). */
#include "args.h"
#include "control.h"
#include "env.h"
#include "fds.h"
#include "nv_cli.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_money.h"
#include "nv_title.h"
#include "nv_units.h"
#include "run.h"
#include "sched.h"
#include "variant.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

#define EVENTS_BYTES_MAX ((size_t)256 << 10)
#define LOG_BYTES_MAX    ((size_t)8 << 20)
#define TITLE_MS_MAX     INT64_C(30000)
#define SKIP_SAY_MS      INT64_C(60000)
#define STOP_MS_MIN      INT64_C(500) /* to reap what was killed, and to report it */
#define HASTE_GRACE_MS   INT64_C(2000)

static struct {
	struct rn_args args;
	struct ev_loop *loop;
	ev_signal on_term;
	ev_signal on_int;
	ev_signal on_child;
	ev_io control_io;
	ev_timer slot;
	ev_timer beat;
	ev_timer title;
	ev_timer stop_step;
	struct rn_sink events;
	struct rn_sink log;
	struct nv_buf control;
	bool control_skip; /* inside a line that was too long */
	struct rn_sched sched;
	struct rn_run run;
	struct rn_gate gate;
	uint64_t incarnation; /* makes run ids unique for ever */
	uint64_t runs;
	uint64_t ok;
	int64_t started_ms;
	bool paused;
	bool broke; /* the budget is spent */
	char remaining[64];
	struct rn_variant variant;
	struct rn_variant begun; /* as it was when the next run was announced */
	uint64_t announced;      /* the run that was, by number */
	bool stopping;
	int signals; /* how often TERM or INT has come */
	int64_t stop_grace_ms;
	int64_t stop_deadline_ms;
	int64_t skipped; /* slots, since it was last said */
	int64_t skip_said_ms;
	int exit_code;
} rn;

static void consider(void);

static void
arm(ev_timer *timer, int64_t after_ms)
{
	ev_timer_stop(rn.loop, timer);
	ev_now_update(rn.loop);
	ev_timer_set(timer, (double)NV_MAX(after_ms, 0) / 1000.0, 0);
	ev_timer_start(rn.loop, timer);
}

static void
show_title(void)
{
	char up[NV_UNITS_BYTES];

	nv_title_set("nova: %s#%u up %s runs %" PRIu64 " ok %" PRIu64 "%s",
		rn.args.worker, rn.args.instance,
		nv_duration_show((nv_mono_ms() - rn.started_ms) / 1000 * 1000, up),
		rn.runs, rn.ok,
		rn.stopping ? " stopping"
		: rn.paused ? " paused"
		: rn.broke  ? " no budget"
			    : "");
}

/* ---- events ---- */

static void begin_stop(const char *why, int64_t grace_ms);

static void
put_events(struct nv_buf *lines)
{
	int rc = lines->error;

	if (rc == 0 && lines->bytes > 0)
		rc = rn_sink_put(&rn.events, lines->data, lines->bytes);
	/* No run starts while events wait, so the queue cannot fill up; but a loss would
	 * be money, so never without a word. */
	if (rc < 0 && rc != rn.events.error)
		nv_error("event not delivered (%s): %s", strerror(-rc),
			lines->data ? lines->data : "");
	nv_buf_fini(lines);
	if (rn.events.error && !rn.stopping) {
		nv_error(
			"the event pipe is closed (%s): nobody keeps the books, stopping",
			strerror(-rn.events.error));
		rn.exit_code = NV_EXIT_FAILED;
		begin_stop("the event pipe is closed", rn.args.grace_ms);
	}
}

static void
status_text(char *buf, size_t bytes)
{
	int64_t now_ms = nv_mono_ms();
	char text[NV_UNITS_BYTES];

	if (rn.run.state != RN_RUN_IDLE)
		(void)snprintf(buf, bytes, "run %" PRIu64 " %s", rn.run.number,
			rn.run.state == RN_RUN_ALIVE ? "in progress" : "is being ended");
	else if (rn.stopping)
		(void)snprintf(buf, bytes, "stopping");
	else if (rn.paused)
		(void)snprintf(buf, bytes, "paused");
	else if (rn.broke)
		(void)snprintf(buf, bytes, "no budget left: waiting");
	else if (rn.gate.state == RN_GATE_REFUSED)
		(void)snprintf(buf, bytes, "waiting for budget: %s", rn.gate.reason);
	else if (rn.gate.state == RN_GATE_ASKED)
		(void)snprintf(buf, bytes, "asking for its budget");
	else if (rn.sched.next_ms <= now_ms)
		(void)snprintf(buf, bytes, "next run now");
	else
		(void)snprintf(buf, bytes, "next run in %s",
			nv_duration_show(
				NV_MAX((rn.sched.next_ms - now_ms + 999) / 1000, 0) *
					1000,
				text));
}

/* A sign of life is worth something only now: while older lines wait, none is added. */
static void
put_heartbeat(void)
{
	struct nv_buf line;
	char status[RN_GATE_REASON_BYTES + 40];

	if (!rn_sink_is_empty(&rn.events))
		return;
	status_text(status, sizeof(status));
	nv_buf_init(&line, EVENTS_BYTES_MAX);
	rn_event_heartbeat(&line, status);
	put_events(&line);
}

static void
on_events_change(struct rn_sink *sink)
{
	(void)sink;
	struct nv_buf none = {0};

	put_events(&none); /* sees an error */
	consider();
}

static void
on_log_change(struct rn_sink *sink)
{
	(void)sink;
	rn_run_on_log(&rn.run);
	consider();
}

/* ---- runs ---- */

static void
say_skipped(int64_t skipped, const char *why)
{
	int64_t now_ms = nv_mono_ms();

	rn.skipped += skipped;
	if (rn.skipped == 0 || now_ms - rn.skip_said_ms < SKIP_SAY_MS)
		return;
	nv_warn("%" PRId64 " start%s skipped: %s", rn.skipped, rn.skipped == 1 ? "" : "s",
		why);
	rn.skipped = 0;
	rn.skip_said_ms = now_ms;
}

static void
on_run_done(struct rn_run *run, const struct rn_outcome *o)
{
	struct rn_run_report report = {
		.run_id = run->id,
		.variant = rn_variant_of(&rn.begun, run->id),
		.at_wall_ns = o->ended_wall_ns,
		.ok = o->ok,
		.duration_ms = o->duration_ms,
		.error = o->error[0] ? o->error : NULL,
	};
	struct rn_result result;
	struct nv_err err = {0};
	struct nv_buf lines;
	int rc = o->last ? rn_result_parse(o->last, o->last_bytes, &result, &err) : 0;

	nv_buf_init(&lines, EVENTS_BYTES_MAX);
	if (rc > 0)
		rn_event_result(&lines, &result, &report);
	if (rc < 0) {
		nv_warn("run %" PRIu64 ": its result line is not valid, column %u: %s",
			run->number, err.column, err.text);
		rn_event_bad_result(&lines, o->last, o->last_bytes, err.text, &report);
	}
	rn_event_run(&lines, &report);
	rn.runs++;
	rn.ok += o->ok ? 1 : 0;
	if (!o->ok)
		nv_warn("run %" PRIu64 " failed: %s", run->number, o->error);
	put_events(&lines);
	say_skipped(rn_sched_skip(&rn.sched, nv_mono_ms()),
		"a run took longer than the interval");
	show_title();
	consider();
}

static void
set_number(struct rn_env *env, const char *name, int64_t value)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	rn_env_set(env, name, text);
}

static void
set_run_id(char *buf, size_t bytes, uint64_t number)
{
	(void)snprintf(buf, bytes, "%s.%u.%016" PRIx64 ".%" PRIu64, rn.args.worker,
		rn.args.instance, rn.incarnation, number);
}

/* The next run gets its id, and with it its variant. In an experiment the stream says so
 * first: what the command itself writes to the event pipe is then known to be its. */
static void
announce_run(void)
{
	struct rn_run *run = &rn.run;
	struct nv_buf line;

	if (rn.announced == rn.runs + 1)
		return;
	rn.announced = rn.runs + 1;
	run->number = rn.announced;
	set_run_id(run->id, sizeof(run->id), run->number);
	rn.begun = rn.variant;
	if (rn.begun.split.n == 0)
		return;
	nv_buf_init(&line, EVENTS_BYTES_MAX);
	rn_event_begin(&line, run->id, rn_variant_of(&rn.begun, run->id));
	put_events(&line);
}

static void
start_run(void)
{
	struct rn_run *run = &rn.run;
	struct rn_env env;

	rn_gate_take(&rn.gate);
	rn_env_init(&env, environ);
	rn_env_set(&env, "NOVA_CONTROL_FD", NULL); /* this process reads it */
	set_number(&env, "NOVA_EVENT_FD", RN_EVENT_FD);
	rn_env_set(&env, "NOVA_WORKER", rn.args.worker);
	set_number(&env, "NOVA_INSTANCE", rn.args.instance);
	set_number(&env, "NOVA_RUN_INTERVAL_MS", rn.sched.interval_ms);
	rn_env_set(&env, "NOVA_RUN_ID", run->id);
	set_number(&env, "NOVA_RUN", (int64_t)run->number);
	rn_variant_env(&rn.begun, run->id, &env);
	if (rn.remaining[0])
		rn_env_set(&env, "NOVA_BUDGET_REMAINING", rn.remaining);
	rn_sched_start(&rn.sched);
	if (env.error)
		nv_error("run %" PRIu64 ": no memory for its environment", run->number);
	rn_run_start(run, rn.args.command, env.list, RN_EVENT_FD, rn.args.timeout_ms,
		rn.args.grace_ms);
	rn_env_fini(&env);
}

static void
put_question(bool reserve)
{
	char run[sizeof(rn.run.id)];
	struct nv_buf line;

	set_run_id(run, sizeof(run), rn.gate.number);
	nv_buf_init(&line, EVENTS_BYTES_MAX);
	if (reserve)
		rn_event_reserve(&line, rn.gate.id, run);
	else
		rn_event_release(&line, rn.gate.id);
	put_events(&line);
}

/* Paused, without budget or stopping: what was reserved is for others. */
static void
drop_gate(void)
{
	if (rn_gate_drop(&rn.gate))
		put_question(false);
}

/* Is there money for the next run? Otherwise a control line or the timer calls again. */
static bool
pass_gate(int64_t now_ms)
{
	char run_id[sizeof(rn.run.id)];

	set_run_id(run_id, sizeof(run_id), rn.runs + 1);
	enum rn_gate_move move = rn_gate_want(&rn.gate, run_id, rn.runs + 1, now_ms);

	if (move == RN_GATE_GO)
		return true;
	if (move == RN_GATE_SAY)
		put_question(true);
	if (!rn.stopping)
		arm(&rn.slot, rn.gate.again_ms - now_ms);
	return false;
}

static void finish_stop(void);

/* May a run start, and when? Called after everything that can change the answer. */
static void
consider(void)
{
	int64_t now_ms = nv_mono_ms();

	ev_timer_stop(rn.loop, &rn.slot);
	if (rn.run.state != RN_RUN_IDLE)
		return;
	if (rn.stopping) {
		finish_stop();
		return;
	}
	if (rn.paused || rn.broke) {
		drop_gate();
		return; /* a control line calls again */
	}
	if (!rn_sink_is_empty(&rn.events) || rn.log.pending.bytes > LOG_BYTES_MAX / 2)
		return; /* so does the pipe, when it takes lines again */
	if (now_ms < rn.sched.next_ms) {
		arm(&rn.slot, rn.sched.next_ms - now_ms);
		return;
	}
	if (!pass_gate(now_ms))
		return;
	announce_run();
	if (rn.stopping || !rn_sink_is_empty(&rn.events))
		return; /* the run's own lines must not overtake it */
	start_run();
	show_title();
}

/* What was held back does not make up for it: the next run is at the next slot. */
static void
release(const char *why)
{
	if (rn.run.state == RN_RUN_IDLE && rn.runs > 0)
		say_skipped(rn_sched_skip(&rn.sched, nv_mono_ms()), why);
	consider();
}

static void
on_slot(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
	consider();
}

/* ---- stop ---- */

static void
leave(void)
{
	if (!rn_sink_is_empty(&rn.events)) {
		const char *at = rn.events.pending.data;
		const char *end = at + rn.events.pending.bytes;

		/* The pipe stayed full to the end: in the log at least. */
		while (at < end) {
			const char *newline = memchr(at, '\n', (size_t)(end - at));
			size_t bytes =
				newline ? (size_t)(newline - at) : (size_t)(end - at);

			nv_error("event not delivered: %.*s", (int)bytes, at);
			at += bytes + 1;
		}
		rn.exit_code = NV_EXIT_FAILED;
	}
	ev_break(rn.loop, EVBREAK_ALL);
}

/* The run is over; its events must still reach the pipe. */
static void
finish_stop(void)
{
	if (rn_sink_is_empty(&rn.events) || rn.events.error ||
		nv_mono_ms() >= rn.stop_deadline_ms)
		leave();
}

/* The time is over. A machine that kept us from running may have brought all rungs at
 * once: what was killed a moment ago is still to be reaped, and reported. */
static void
give_up(void)
{
	int64_t killed_ms = nv_mono_ms() - rn.run.kill_since_ms;

	if (killed_ms < STOP_MS_MIN) {
		arm(&rn.stop_step, STOP_MS_MIN - killed_ms);
		return;
	}
	nv_error("run %" PRIu64 " does not end; leaving it to novasupd", rn.run.number);
	rn.exit_code = NV_EXIT_FAILED;
	leave();
}

/* The ladder inside the grace we were given: half of it for the run to finish by
 * itself, then TERM, and KILL early enough that its events still get out. */
static void
on_stop_step(struct ev_loop *loop, ev_timer *w, int revents)
{
	int64_t left_ms = rn.stop_deadline_ms - nv_mono_ms();

	(void)loop;
	(void)w;
	(void)revents;
	if (rn.run.state == RN_RUN_ALIVE)
		rn_run_end(&rn.run, RN_RUN_STOP,
			rn.stop_grace_ms > 0 ? NV_MAX(left_ms * 7 / 10, 0) : 0);
	else if (rn.run.state == RN_RUN_IDLE)
		finish_stop();
	else if (left_ms <= 0)
		rn_run_end(&rn.run, RN_RUN_STOP, 0);
	if (left_ms > 0)
		arm(&rn.stop_step, left_ms);
	else if (rn.run.state != RN_RUN_IDLE)
		give_up();
}

static void
begin_stop(const char *why, int64_t grace_ms)
{
	int64_t deadline_ms = nv_mono_ms() + NV_MAX(grace_ms * 95 / 100, STOP_MS_MIN);

	if (rn.stopping && deadline_ms >= rn.stop_deadline_ms)
		return;
	if (!rn.stopping)
		nv_info("stopping: %s; %s", why,
			rn.run.state == RN_RUN_IDLE ? "no run in progress"
						    : "one run in progress");
	rn.stopping = true;
	rn.stop_deadline_ms = deadline_ms;
	rn.stop_grace_ms = grace_ms;
	show_title();
	/* From the loop, never from here: the caller may be inside a run's end. */
	arm(&rn.stop_step, rn.run.state == RN_RUN_IDLE ? 0 : grace_ms / 2);
}

static void
on_stop_signal(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)loop;
	(void)revents;
	rn.signals++;
	begin_stop(w->signum == SIGINT ? "interrupted" : "asked to by signal",
		rn.args.grace_ms);
	if (rn.signals > 1)
		rn_run_end(&rn.run, RN_RUN_STOP, rn.signals > 2 ? 0 : HASTE_GRACE_MS);
}

static void
on_child(struct ev_loop *loop, ev_signal *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
	rn_run_on_child(&rn.run);
}

/* ---- control ---- */

static void
on_params(const struct rn_control *c)
{
	rn_variant_control(&rn.variant, c);
	if (c->run_interval_ms > 0)
		rn_sched_set_interval(&rn.sched, c->run_interval_ms, nv_mono_ms());
	consider();
}

static void
on_budget(const struct rn_control *c)
{
	bool was = rn.broke;

	rn.broke = c->budget_known && c->remaining_nano <= 0;
	(void)snprintf(rn.remaining, sizeof(rn.remaining), "%s", c->remaining);
	if (rn.broke != was)
		nv_info(rn.broke ? "the budget is spent (%s left): no run starts until "
				   "it rises"
				 : "there is budget again (%s left)",
			c->budget_known ? c->remaining : "no cap");
	if (was && !rn.broke)
		release("there was no budget");
	else if (rn.broke)
		consider();
}

/* The answer to a question, or whether to ask at all. */
static void
on_gate(const struct rn_control *c)
{
	int64_t now_ms = nv_mono_ms();

	if (c->kind == RN_CONTROL_GATE) {
		rn_gate_set(&rn.gate, c->ask, now_ms);
	} else if (c->kind == RN_CONTROL_RESERVED) {
		(void)rn_gate_reserved(&rn.gate, c->id, c->amount);
	} else if (rn_gate_refused(&rn.gate, c->id, c->reason,
			   c->retry_ms < 0 ? RN_GATE_ANSWER_MS : c->retry_ms, now_ms)) {
		nv_info("the next run waits: %s", c->reason);
		put_heartbeat(); /* says so */
	}
	consider();
}

static void
on_control_line(const char *line, size_t bytes)
{
	struct rn_control c;
	struct nv_err err = {0};

	if (bytes == 0)
		return;
	if (rn_control_parse(line, bytes, &c, &err) < 0) {
		nv_warn("a control line was not understood, column %u: %s", err.column,
			err.text);
		return;
	}
	switch (c.kind) {
	case RN_CONTROL_PAUSE:
		rn.paused = true;
		consider();
		break;
	case RN_CONTROL_RESUME:
		rn.paused = false;
		release("the worker was paused");
		break;
	case RN_CONTROL_PARAMS:
		on_params(&c);
		break;
	case RN_CONTROL_SPLIT:
		rn_variant_control(&rn.variant, &c);
		break;
	case RN_CONTROL_BUDGET:
		on_budget(&c);
		break;
	case RN_CONTROL_STOP:
		begin_stop("asked to", c.grace_ms >= 0 ? c.grace_ms : rn.args.grace_ms);
		if (c.now) /* the signal may have come first, with all its patience */
			arm(&rn.stop_step, 0);
		break;
	case RN_CONTROL_RESERVED:
	case RN_CONTROL_REFUSED:
	case RN_CONTROL_GATE:
		on_gate(&c);
		break;
	case RN_CONTROL_ACK:
	case RN_CONTROL_OTHER:
		break;
	}
	show_title();
}

static void
take_control_lines(void)
{
	const char *newline;

	while (rn.control.bytes > 0 &&
		(newline = memchr(rn.control.data, '\n', rn.control.bytes))) {
		size_t bytes = (size_t)(newline - rn.control.data);

		if (rn.control_skip)
			rn.control_skip = false;
		else
			on_control_line(rn.control.data, bytes);
		nv_buf_consume(&rn.control, bytes + 1);
	}
	if (rn.control.bytes >= RN_CONTROL_BYTES_MAX) {
		if (!rn.control_skip)
			nv_warn("a control line is longer than %zu bytes: left out",
				RN_CONTROL_BYTES_MAX);
		rn.control_skip = true;
		nv_buf_clear(&rn.control);
	}
}

/* One read for each readiness: the descriptor blocks, because its other holders expect
 * it to. False at end of file. */
static bool
read_control(void)
{
	char text[4096];
	ssize_t n = read(RN_CONTROL_FD, text, sizeof(text));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	if (n == 0)
		return false;
	nv_buf_add(&rn.control, text, (size_t)n);
	take_control_lines();
	return true;
}

static void
on_control(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)revents;
	if (!read_control())
		ev_io_stop(loop, w); /* nobody commands any more; the work goes on */
}

/* ---- main ---- */

static void
on_beat(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
	put_heartbeat();
	show_title();
}

static void
on_title(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
	show_title();
}

static void
watch_signal(ev_signal *w, void (*fn)(struct ev_loop *, ev_signal *, int), int sig)
{
	ev_signal_init(w, fn, sig);
	ev_signal_start(rn.loop, w);
}

static void
watch(void)
{
	watch_signal(&rn.on_term, on_stop_signal, SIGTERM);
	watch_signal(&rn.on_int, on_stop_signal, SIGINT);
	watch_signal(&rn.on_child, on_child, SIGCHLD);
	ev_io_init(&rn.control_io, on_control, RN_CONTROL_FD, EV_READ);
	ev_io_start(rn.loop, &rn.control_io);
	ev_timer_init(&rn.slot, on_slot, 0, 0);
	ev_timer_init(&rn.stop_step, on_stop_step, 0, 0);
	if (rn.args.heartbeat_ms > 0) {
		double every = (double)rn.args.heartbeat_ms / 1000.0;

		ev_timer_init(&rn.beat, on_beat, every, every);
		ev_timer_start(rn.loop, &rn.beat);
	}
	ev_timer_init(&rn.title, on_title, 1, (double)TITLE_MS_MAX / 1000.0);
	ev_timer_start(rn.loop, &rn.title);
}

static int
setup(struct nv_err *err)
{
	int rc = rn_fds_check(err);

	if (rc < 0)
		return rc;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return nv_err_set(err, -errno, "subreaper: %s", strerror(errno));
	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write() */
	/* Not the default loop: that one reaps every child by itself. */
	rn.loop = ev_loop_new(EVFLAG_AUTO);
	if (!rn.loop)
		return nv_err_set(err, -ENOMEM, "cannot make an event loop");
	rc = rn_sink_init(&rn.events, rn.loop, RN_EVENT_FD, EVENTS_BYTES_MAX,
		on_events_change, NULL);
	if (rc == 0)
		rc = rn_sink_init(&rn.log, rn.loop, STDOUT_FILENO, LOG_BYTES_MAX,
			on_log_change, NULL);
	if (rc < 0)
		return nv_err_set(err, rc, "descriptor: %s", strerror(-rc));
	if (getrandom(&rn.incarnation, sizeof(rn.incarnation), 0) !=
		(ssize_t)sizeof(rn.incarnation))
		return nv_err_set(err, -EIO, "getrandom: %s", strerror(errno));
	if (rn_variant_init(&rn.variant, err) < 0) /* the engine says it again */
		nv_warn("NOVA_SPLIT is not understood: %s; no experiment", err->text);
	nv_buf_init(&rn.control, RN_CONTROL_BYTES_MAX + 4096);
	rn_run_init(&rn.run, rn.loop, &rn.log, on_run_done, NULL);
	rn.started_ms = nv_mono_ms();
	rn.skip_said_ms = rn.started_ms - SKIP_SAY_MS;
	rn_sched_init(&rn.sched, rn.args.interval_ms, rn.started_ms);
	rn.gate.ask = rn.args.ask_budget;
	watch();
	return 0;
}

static void
put_ready(void)
{
	static const char ready[] = "{\"event\":\"ready\"}\n";
	struct nv_buf line;

	nv_buf_init(&line, EVENTS_BYTES_MAX);
	nv_buf_puts(&line, ready);
	put_events(&line);
	put_heartbeat();
}

/* A pause or an empty budget may wait in the pipe already: before the first run. */
static void
read_waiting_control(void)
{
	struct pollfd p = {.fd = RN_CONTROL_FD, .events = POLLIN};

	for (int i = 0; i < 64 && poll(&p, 1, 0) == 1; i++) {
		if (!read_control()) {
			ev_io_stop(rn.loop, &rn.control_io);
			return;
		}
	}
}

int
main(int argc, char **argv)
{
	struct nv_err err = {0};

	nv_title_init(argc, argv);
	nv_log_init("nova-runner");
	if (rn_args_parse(argc, argv, &rn.args, &err) < 0)
		return nv_cli_fail("nova-runner", &err);
	if (rn.args.help)
		return nv_cli_say(rn_args_usage);
	if (rn.args.version)
		return nv_cli_say_version("nova-runner");
	int rc = setup(&err);

	if (rc < 0) {
		nv_error("%s", err.text);
		return rc == -EBADF ? NV_EXIT_USAGE : NV_EXIT_FAILED;
	}
	put_ready();
	read_waiting_control();
	consider();
	show_title();
	ev_run(rn.loop, 0);
	rn_run_fini(&rn.run);
	rn_sink_fini(&rn.events);
	rn_sink_fini(&rn.log);
	nv_buf_fini(&rn.control);
	ev_loop_destroy(rn.loop);
	return rn.exit_code;
}
