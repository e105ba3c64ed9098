/* novasupd proper: sets up, runs the loop, and keeps the order of start and end:
 * logger, engine, agents; agents, engine (drained), logger. */
#include "fdstore.h"
#include "fdtable.h"
#include "journal.h"
#include "memwatch.h"
#include "notify.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_title.h"
#include "nv_version.h"
#include "outsider.h"
#include "reexec.h"
#include "reload.h"
#include "resume.h"
#include "secret.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DRAIN_MS           30000 /* for the engine to store what the pipes hold */
#define LOGGER_STOP_MS     5000
#define DRAIN_TRIES_MAX    50
#define STEADY_MS          1000
#define ORPHAN_LOOK_S      0.02 /* without a keeper: until the next look who is dead */
#define BURIALS_PER_PASS   64
#define BURIED_MAX         2048 /* then they go first: their descriptors are many */
#define BURY_AFTER_S       0.002
#define OUTSIDERS_AFTER_MS 50 /* one look for all restarts of so long */
/* Twice as many while one ends and the next begins: then the table grows. */
#define FDS_PER_INSTANCE 10
#define FDS_OF_OURS      256
#define SECOND_STOP_MS   300 /* sooner it is the same request, sent to a whole group */

/* ---- the end of the fleet, step by step ---- */

static void
arm_patience(struct sup *sup)
{
	int64_t left_ms = NV_MAX(sup->drain_until_ms - nv_mono_ms(), 0);

	ev_timer_stop(sup->loop, &sup->drain_timer);
	ev_timer_set(&sup->drain_timer, (double)left_ms / 1000, 0.);
	ev_timer_start(sup->loop, &sup->drain_timer);
}

static void
enter(struct sup *sup, enum sup_phase phase, int64_t patience_ms)
{
	sup->phase = phase;
	sup->drain_until_ms = nv_mono_ms() + patience_ms;
	sup_state_fleet(sup);
	sup_state_commit();
	if (patience_ms > 0)
		arm_patience(sup);
}

static void
stop_logger(struct sup *sup)
{
	enter(sup, SUP_STOPPING_LOGGER, LOGGER_STOP_MS);
	sup_probelink_stop(sup);
	sup_loggerlink_stop(sup);
	sup_link_expect_end(&sup->logger);
	sup_advance(sup);
}

static void
end_drain(struct sup *sup)
{
	unsigned lost = sup->streams.n_streams;

	if (sup->engine.child.pid != 0)
		sup_link_kill(&sup->engine);
	sup_link_expect_end(&sup->engine);
	if (lost > 0) {
		nv_error("%u event streams could not be stored and are lost: %s", lost,
			sup->engine_reason[0] ? sup->engine_reason
					      : sup->engine.last_exit);
		sup->exit_code = NV_EXIT_FAILED;
	}
	stop_logger(sup);
}

/* The engine is told to store everything and end; one that dies meanwhile is followed by
 * another, since what is in the pipes dies with us. */
static void
drain(struct sup *sup)
{
	struct sup_link *e = &sup->engine;

	/* Without a keeper nobody can know how it ended: then it has stored all that two
	 * of them found. */
	bool stored = sup->keeper_gone ? sup->drain_attempts > 1
				       : sup->drain_attempts > 0 && e->last_status == 0;

	if (e->child.pid == 0 && !e->wanted && sup->streams.n_streams == 0 && stored) {
		sup->all_stored = true;
		stop_logger(sup);
		return;
	}
	if (e->child.pid == 0 && !e->wanted) {
		if (sup->drain_attempts >= DRAIN_TRIES_MAX) {
			end_drain(sup);
			return;
		}
		sup_link_want(e);
		return;
	}
	if (e->state == SUP_LINK_UP && sup->engine_spoke) {
		sup->drain_attempts++;
		sup_state_fleet(sup);
		sup_enginelink_stop(sup, DRAIN_MS);
		sup_link_expect_end(e);
	}
}

static void
begin_drain(struct sup *sup)
{
	nv_info("no agent is left; the engine stores what they said");
	sup_incarnations_bury(sup, UINT_MAX);
	enter(sup, SUP_DRAINING, DRAIN_MS);
	/* An engine that never came up, and nothing that it would have to store. */
	if (sup->streams.n_streams == 0 && sup_journal_bytes(sup->journal) == 0 &&
		!sup->engine_spoke)
		end_drain(sup);
}

static void
on_patience(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct sup *sup = t->data;

	(void)loop;
	(void)revents;
	if (sup->phase == SUP_DRAINING) {
		nv_error("the engine has not stored everything within %d s",
			DRAIN_MS / 1000);
		end_drain(sup);
	} else if (sup->phase == SUP_STOPPING_LOGGER) {
		nv_error("the logger does not end; killing it");
		sup_link_kill(&sup->logger);
		sup_link_kill(&sup->probe);
	}
}

/* Once: everything is as the ledger wants it. */
static void
announce_ready(struct sup *sup)
{
	sup->was_ready = true;
	sup_state_fleet(sup);
	nv_info("ready: engine pid=%d, logger pid=%d, %s", (int)sup->engine.child.pid,
		(int)sup->logger.child.pid,
		sup->cgroups.usable ? "cgroup v2" : sup->cgroups.why_not);
	sup_notify(sup, "READY=1\nSTATUS=running");
	if (sup->ready_fd >= 0 && write(sup->ready_fd, "\n", 1) < 0)
		nv_warn("the ready descriptor: %s", strerror(errno));
	int done = nv_fd_steal(&sup->ready_fd);

	sup_state_fleet(sup);
	sup_state_commit(); /* before its number means another one */
	nv_fd_close(&done);
}

void
sup_advance(struct sup *sup)
{
	switch (sup->phase) {
	case SUP_RUNNING:
		if (sup->engine_ready && !sup->was_ready)
			announce_ready(sup);
		break;
	case SUP_STOPPING_AGENTS:
		if (sup_workers_live(sup) == 0)
			begin_drain(sup);
		break;
	case SUP_DRAINING:
		drain(sup);
		break;
	case SUP_STOPPING_LOGGER:
		if (sup->logger.child.pid == 0 && sup->engine.child.pid == 0 &&
			sup->probe.child.pid == 0) {
			sup->phase = SUP_DONE;
			ev_break(sup->loop, EVBREAK_ALL);
		}
		break;
	case SUP_DONE:
		break;
	}
}

void
sup_shutdown(struct sup *sup, const char *by)
{
	int64_t now = nv_mono_ms();

	if (sup->stop_requests > 0 && now - sup->last_stop_ms < SECOND_STOP_MS)
		return;
	sup->last_stop_ms = now;
	sup->stop_requests++;
	if (sup->stop_requests == 1) {
		nv_info("stopping: asked by %s", by);
		sup_notify(sup, "STOPPING=1\nSTATUS=stopping the agents");
		sup_notify_stopping(sup);
		enter(sup, SUP_STOPPING_AGENTS, 0);
		ev_timer_stop(sup->loop, &sup->away_timer);
		sup_workers_apply(sup);
		sup_groups_stop(sup);
	} else if (sup->phase == SUP_STOPPING_AGENTS) {
		nv_warn("stopping at once: asked again by %s", by);
		sup_state_fleet(sup);
		sup_workers_haste(sup);
	} else if (sup->phase == SUP_DRAINING && sup->stop_requests > 2) {
		end_drain(sup);
	} else if (sup->phase == SUP_DRAINING) {
		nv_warn("the engine still stores %u streams; once more gives them up",
			sup->streams.n_streams);
	}
	sup_advance(sup);
}

/* ---- loop ---- */

static void
on_exits(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sup *sup = w->data;
	eventfd_t n;

	(void)loop;
	(void)revents;
	(void)eventfd_read(sup->shared->exits_fd, &n); /* how many is in the ring */
	sup->orphans_ended += sup_children_collect();
}

static void
on_orphaned(struct ev_loop *loop, ev_timer *t, int revents)
{
	(void)loop;
	(void)t;
	(void)revents;
	sup_children_poll();
}

/* The keeper is gone, and its death ended every agent's main process. */
static void
look_for_keeper(struct sup *sup)
{
	if (sup->keeper_gone || getppid() == sup->shared->keeper_pid)
		return;
	nv_error("the keeper was killed: ending every process of the fleet");
	sup->keeper_gone = true;
	ev_timer_start(sup->loop, &sup->orphan_timer);
}

static void
reload(struct sup *sup)
{
	static char text[15000];

	if (sup_reload(sup, text, sizeof(text)) < 0)
		nv_error("reload: %s", text);
}

/* What the keeper was asked for and we have not obeyed, also if it was before our time.
 */
static void
obey(struct sup *sup)
{
	static const char *const names[] = {"SIGTERM", "SIGINT"};

	for (int i = SUP_ASKED_TERM; i <= SUP_ASKED_INT; i++) {
		while (sup->asked[i] < atomic_load(&sup->shared->asked[i])) {
			sup->asked[i]++;
			sup_shutdown(sup, names[i]);
		}
	}
	if (sup->asked[SUP_ASKED_HUP] < atomic_load(&sup->shared->asked[SUP_ASKED_HUP])) {
		sup->asked[SUP_ASKED_HUP] =
			atomic_load(&sup->shared->asked[SUP_ASKED_HUP]);
		reload(sup);
	}
	sup_state_fleet(sup);
}

static void
on_signal(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sup *sup = w->data;
	struct signalfd_siginfo info;

	(void)loop;
	(void)revents;
	while (read(sup->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		look_for_keeper(sup);
		if (!sup->keeper_gone && (pid_t)info.ssi_pid == sup->shared->keeper_pid)
			obey(sup);
		else if (info.ssi_signo == SIGHUP)
			reload(sup);
		else
			sup_shutdown(
				sup, info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
	}
}

static void
on_inotify(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sup *sup = w->data;
	_Alignas(struct inotify_event) char buf[4096];

	(void)loop;
	(void)revents;
	for (;;) {
		ssize_t n = read(sup->inotify_fd, buf, sizeof(buf));

		if (n <= 0)
			return;
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(buf + at);

			at += (ssize_t)(sizeof(*e) + e->len);
			if (!(e->mask & IN_IGNORED) && !sup_brake_watch_event(sup, e))
				sup_incarnation_watch_event(sup, e->wd);
		}
	}
}

static void
on_more_starts(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct sup *sup = t->data;

	(void)loop;
	(void)revents;
	sup->more_starts = false;
	sup_workers_apply(sup);
}

static void
on_bury(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct sup *sup = t->data;

	(void)loop;
	(void)revents;
	sup_incarnations_bury(sup, BURIALS_PER_PASS);
	if (sup->buried || sup->outsiders_ms == 0)
		return;
	int64_t wait_ms = sup->outsiders_ms + OUTSIDERS_AFTER_MS - nv_mono_ms();

	if (wait_ms <= 0) {
		/* What they leave comes to the keeper now: look once more. */
		sup->outsiders_ms = sup_outsider_kill(sup) ? nv_mono_ms() : 0;
		wait_ms = OUTSIDERS_AFTER_MS;
	}
	if (sup->outsiders_ms == 0)
		return;
	ev_timer_set(t, (double)wait_ms / 1000, 0.);
	ev_timer_start(sup->loop, t);
}

/* Nobody waits for it: when starts have ceased for a moment, a few in each pass. */
static void
bury_soon(struct sup *sup, bool started)
{
	bool later = (started || sup->more_starts) && sup->n_buried < BURIED_MAX;

	if (!sup->buried || (!later && ev_is_active(&sup->bury_timer)))
		return;
	ev_timer_stop(sup->loop, &sup->bury_timer);
	ev_timer_set(&sup->bury_timer, later ? BURY_AFTER_S : 0., 0.);
	ev_timer_start(sup->loop, &sup->bury_timer);
}

static void
on_prepare(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct sup *sup = w->data;

	(void)loop;
	(void)revents;
	bool started = sup->starts_left < SUP_STARTS_PER_PASS;

	sup->starts_left = SUP_STARTS_PER_PASS;
	sup_instances_look(sup);
	sup_gate_run(sup);
	sup_state_commit();
	sup_enginelink_news(sup);
	sup_control_check_waiters(sup);
	sup_groups_collect(sup);
	sup_groups_keep(sup);
	sup_workers_collect(sup);
	sup_advance(sup);
	sup_reexec_renew(sup);
	bury_soon(sup, started || sup->starts_left < SUP_STARTS_PER_PASS);
	sup_state_storm(sup);
	sup_state_commit();
}

/* Seconds; another time only for a test: shorter where it waits for the end of it, longer
 * where nothing may happen while it looks. */
static double
seconds(int64_t ms, const char *of_a_test)
{
	const char *text = getenv(of_a_test);
	long test_ms = text ? strtol(text, NULL, 10) : 0;

	return (double)(test_ms > 0 ? test_ms : ms) / 1000;
}

static void
set_tick(struct sup *sup, bool slow)
{
	double tick_s = seconds(SUP_TICK_MS, "NOVA_TEST_TICK_MS");

	sup->tick_slow = slow;
	ev_timer_stop(sup->loop, &sup->tick_timer);
	ev_timer_set(&sup->tick_timer, slow ? tick_s * SUP_SLOW_TICKS : tick_s, 0.);
	ev_timer_start(sup->loop, &sup->tick_timer);
}

void
sup_tick_soon(struct sup *sup)
{
	if (sup->tick_slow)
		set_tick(sup, false);
}

static void
on_tick(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct sup *sup = t->data;
	unsigned up = 0;
	unsigned wanted = 0;

	(void)loop;
	(void)revents;
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		up += w->conf->system ? 0 : sup_worker_up(w);
		wanted += w->conf->system ? 0 : sup_worker_wanted(w);
	}
	nv_title_set("nova: supervisor, %u of %u agents up%s", up, wanted,
		sup->phase != SUP_RUNNING ? ", stopping"
		: sup->brake.on           ? ", emergency stop"
		: sup->engine_pause       ? ", paused: no ledger"
		: sup->engine_ready       ? ""
					  : ", engine not ready");
	bool slow = sup->tick_slow;
	bool busy = sup_memory_tick(sup);

	busy |= sup_link_tick(&sup->logger, slow);
	busy |= sup_link_tick(&sup->engine, slow);
	busy |= sup_link_tick(&sup->probe, slow);
	set_tick(sup, !busy);
}

/* ---- set up ---- */

static int
open_descriptors(struct sup *sup, struct nv_err *err)
{
	sigset_t mask;

	(void)sigemptyset(&mask);
	(void)sigaddset(&mask, SIGTERM);
	(void)sigaddset(&mask, SIGINT);
	(void)sigaddset(&mask, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	sup->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	sup->inotify_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	sup->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (sup->log_table_fd < 0) /* else it has outlived the last novasupd */
		sup->log_table_fd = memfd_create("nova-log-table", MFD_CLOEXEC);
	if (sup->null_fd < 0 || sup->signal_fd < 0 || sup->log_table_fd < 0)
		return nv_err_set(err, -errno, "basic descriptors: %s", strerror(errno));
	return 0;
}

/* Take what there is, before anything is opened: the table of a fleet that goes on may be
 * fuller than the keeper's limit. Children get back what the user set. */
static void
raise_limit(struct rlimit nofile)
{
	nofile.rlim_cur = nofile.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &nofile); /* else starts fail, with the reason */
}

static int
make_directories(const struct sup *sup, struct nv_err *err)
{
	const struct {
		const char *path;
		mode_t mode;
	} dirs[] = {{sup->paths.state_dir, 0750}, {sup->paths.log_dir, 0750}};

	for (size_t i = 0; i < NV_LEN(dirs); i++) {
		int rc = nv_mkdir_p(dirs[i].path, dirs[i].mode);

		if (rc < 0)
			return nv_err_set(err, rc, "%s: %s", dirs[i].path, strerror(-rc));
	}
	if (strlen(sup->paths.state_dir) >= sizeof(((struct nv_eng_hello *)0)->state_dir))
		return nv_err_set(err, -ENAMETOOLONG, "%s: longer than %zu bytes",
			sup->paths.state_dir,
			sizeof(((struct nv_eng_hello *)0)->state_dir) - 1);
	sup_secret_remove_all(sup->paths.run_dir);
	return 0;
}

static void
start_watchers(struct sup *sup)
{
	ev_io_init(&sup->signal_io, on_signal, sup->signal_fd, EV_READ);
	ev_io_init(&sup->inotify_io, on_inotify, sup->inotify_fd, EV_READ);
	ev_timer_init(&sup->tick_timer, on_tick, 0.2, 0.);
	ev_timer_init(&sup->drain_timer, on_patience, 0., 0.);
	ev_timer_init(&sup->more_timer, on_more_starts, 0., 0.);
	ev_io_init(&sup->exits_io, on_exits, sup->shared->exits_fd, EV_READ);
	ev_timer_init(&sup->orphan_timer, on_orphaned, 0., ORPHAN_LOOK_S);
	ev_timer_init(&sup->bury_timer, on_bury, 0., 0.);
	ev_prepare_init(&sup->prepare, on_prepare);
	sup->signal_io.data = sup->inotify_io.data = sup->tick_timer.data = sup;
	sup->drain_timer.data = sup->more_timer.data = sup->prepare.data = sup;
	sup->bury_timer.data = sup;
	sup->exits_io.data = sup;
	ev_io_start(sup->loop, &sup->signal_io);
	ev_io_start(sup->loop, &sup->exits_io);
	if (sup->inotify_fd >= 0)
		ev_io_start(sup->loop, &sup->inotify_io);
	ev_timer_start(sup->loop, &sup->tick_timer);
	ev_prepare_start(sup->loop, &sup->prepare);
}

/* Room for what a large fleet will need, before it is started. */
static void
reserve_fds(const struct nv_config *config)
{
	unsigned n = 0;

	for (size_t i = 0; i < config->n_workers; i++)
		n += NV_MIN(config->workers[i].instances_start, SUP_INSTANCES_MAX);
	n = NV_MIN(n, SUP_INSTANCES_MAX) * FDS_PER_INSTANCE + FDS_OF_OURS;
	if (n > SUP_FDS_AT_START)
		sup_fds_reserve(n);
}

static void
on_steady(struct ev_loop *loop, ev_timer *t, int revents)
{
	struct sup *sup = t->data;

	(void)loop;
	(void)revents;
	atomic_store(&sup->shared->steady, 1);
}

static int
begin_loop(struct sup *sup, struct nv_err *err)
{
	sup->loop = ev_loop_new(EVFLAG_NOENV);
	if (!sup->loop)
		return nv_err_set(err, -ENOMEM, "no event loop");
	int rc = sup_notify_start(sup);

	if (rc < 0)
		return nv_err_set(err, rc, "notify: %s", strerror(-rc));
	rc = sup_control_open(sup, err);
	if (rc < 0)
		return rc;
	start_watchers(sup);
	sup_brake_open(sup);
	ev_timer_init(&sup->steady_timer, on_steady,
		seconds(STEADY_MS, "NOVA_TEST_STEADY_MS"), 0.);
	sup->steady_timer.data = sup;
	ev_timer_start(sup->loop, &sup->steady_timer);
	return 0;
}

/* A fleet that begins: everything up to the first commit. */
static int
set_up(struct sup *sup, struct nv_err *err)
{
	NV_ASSERT(sup->conf);
	int rc = open_descriptors(sup, err);

	if (rc == 0)
		rc = make_directories(sup, err);
	if (rc < 0)
		return rc;
	sup->boot_id = sup->stream_base = sup_random_base();
	sup->started_ms = nv_mono_ms();
	rc = sup_image_new(&sup->image);
	if (rc < 0)
		return nv_err_set(err, rc, "the image of the state: %s", strerror(-rc));
	rc = sup_journal_new(&sup->journal);
	if (rc < 0)
		return nv_err_set(err, rc, "journal: %s", strerror(-rc));
	rc = begin_loop(sup, err);
	if (rc < 0)
		return rc;
	reserve_fds(sup->conf->config);
	sup_incident_start(sup);
	sup_enginelink_init(sup);
	sup_loggerlink_init(sup);
	sup_probelink_init(sup);
	sup_state_init(sup, sup->image);
	sup_state_conf(sup->conf);
	sup_state_brake(sup);
	rc = sup_workers_load(sup, sup->conf, err);
	sup_fdstore_adopt(sup);
	sup_state_fleet(sup);
	sup->shared->image_fd = sup_image_fd(sup->image);
	sup_state_commit();
	sup_fdstore_adopted(sup);
	sup_fdstore_start(sup);
	return rc;
}

static void
tear_down(struct sup *sup)
{
	sup_state_init(NULL, NULL);
	sup_link_fini(&sup->engine);
	sup_link_fini(&sup->logger);
	sup_link_fini(&sup->probe);
	sup_control_close(sup);
	sup_fdstore_stop(sup);
	sup_notify_stop(sup);
	sup_incident_stop(sup);
	sup_workers_free(sup);
	sup_incarnations_bury(sup, UINT_MAX);
	sup_groups_fini(sup);
	sup_streams_fini(&sup->streams);
	sup_journal_free(sup->journal);
	sup_conf_drop(sup->conf);
	sup_image_free(sup->image);
	nv_fd_close(&sup->null_fd);
	nv_fd_close(&sup->inotify_fd);
	nv_fd_close(&sup->log_table_fd);
	nv_fd_close(&sup->signal_fd);
	nv_fd_close(&sup->ready_fd);
	if (sup->loop)
		ev_loop_destroy(sup->loop);
}

static int
load_first(struct sup *sup)
{
	struct nv_conf_errors errs = {0};
	int rc = sup_conf_load(sup->paths.config, true, 0, &sup->conf, &errs);

	if (rc < 0 && errs.n > 0)
		nv_conf_errors_print(&errs, STDERR_FILENO);
	else if (rc < 0)
		nv_error("%s: %s", sup->paths.config, strerror(-rc));
	nv_conf_errors_fini(&errs);
	sup->config_gen = 1;
	if (rc < 0)
		return rc;
	NV_ASSERT(sup->conf);
	sup->conf->gen = 1;
	return 0;
}

/* A fleet that goes on. */
static int
take_over(struct sup *sup, struct nv_err *err)
{
	char why[200] = "";
	int rc = sup_image_open(sup->shared->image_fd, &sup->image, why, sizeof(why));

	if (rc < 0)
		return nv_err_set(err, rc, "the image of the state: %s",
			why[0] ? why : strerror(-rc));
	sup_enginelink_init(sup);
	sup_loggerlink_init(sup);
	sup_probelink_init(sup);
	rc = sup_resume_load(sup, err);
	if (rc < 0)
		return rc;
	sup_resume_close(sup); /* first: there may be no room for another descriptor */
	rc = open_descriptors(sup, err);
	if (rc < 0)
		return rc;
	sup_state_init(sup, sup->image);
	return 0;
}

static void
go_on(struct sup *sup)
{
	sup_incident_start(sup);
	if (sup->reexecs != sup->shared->reexecs) {
		sup->reexecs = sup->shared->reexecs;
		sup->renewing = true;
		nv_info("resumed as novasupd %s from %s", nv_version(),
			sup->paths.bin_dir);
	} else {
		nv_info("resumed after the death of novasupd: restart %u",
			sup->shared->restarts);
	}
	sup_resume_run(sup);
	sup_fdstore_start(sup);
	if (sup->phase != SUP_RUNNING)
		sup_notify_stopping(sup);
	if (sup->phase == SUP_DRAINING || sup->phase == SUP_STOPPING_LOGGER)
		arm_patience(sup);
	obey(sup);
	sup_workers_apply(sup);
	sup_advance(sup);
}

/* Death before the end of a resume, for the test of what the keeper does about it. */
static void
maybe_die(void)
{
	if (getenv("NOVA_TEST_DIE_AT_RESUME"))
		(void)raise(SIGKILL);
}

int
sup_run(struct sup_shared *shared, int ready_fd)
{
	static struct sup sup;
	struct nv_err err = {0};
	bool again = atomic_load(&shared->resumable) == 1;

	sup = (struct sup){.paths = shared->paths,
		.shared = shared,
		.cgroups = shared->cgroups,
		.pid = getpid(),
		.null_fd = -1,
		.inotify_fd = -1,
		.log_table_fd = -1,
		.signal_fd = -1,
		.control_fd = -1,
		.ready_fd = ready_fd};
	raise_limit(shared->nofile);
	sup_children_init(shared);
	sup_cgroup_root_use(&sup.cgroups);
	sup_spawn_await_left(shared);
	sup_spawn_init(shared, sup_window_reserve() == 0);
	nv_title_set("nova: supervisor, starting");
	if (again)
		maybe_die();
	else
		sup_resume_close_fresh(shared, ready_fd);
	int rc = again ? 0 : load_first(&sup);

	if (rc == 0)
		rc = again ? take_over(&sup, &err) : set_up(&sup, &err);
	if (rc == 0 && again)
		rc = begin_loop(&sup, &err);
	if (rc < 0) {
		if (err.text[0])
			nv_error("%s", err.text);
		if (again) /* then the keeper ends everything */
			atomic_store(&shared->resumable, -1);
		shared->exit_code = rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED;
		if (!again)
			atomic_store(&shared->finished, 1);
		return shared->exit_code;
	}
	NV_ASSERT(sup.conf);
	if (again) {
		go_on(&sup);
	} else {
		nv_info("nova %s starts: config=%s run_dir=%s workers=%zu", nv_version(),
			sup.paths.config, sup.paths.run_dir, sup.conf->config->n_workers);
		sup_loggerlink_start(&sup);
		sup_probelink_start(&sup);
		sup_enginelink_start(&sup);
	}
	atomic_store(&shared->resumed, 1);
	ev_run(sup.loop, 0);
	nv_info("stopped: no process of the fleet is left");
	shared->exit_code = sup.exit_code;
	atomic_store(&shared->finished, 1); /* whatever becomes of us now */
	tear_down(&sup);
	if (getppid() != shared->keeper_pid) /* else it is the keeper who cleans up */
		sup_cgroup_root_fini(&sup.cgroups, 0);
	return sup.exit_code;
}
