/* Nova's own processes: see link.h. */
#include "link.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "setting.h"
#include "spawn.h"
#include "sup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* One whose channel closed is either committing its last batch or lost. */
#define PATIENCE_MS 5000

static const char *const state_names[] = {
	"down", "starting", "up", "stopping", "backoff"};

const char *
sup_link_state_name(const struct sup_link *link)
{
	return state_names[link->state];
}

void
sup_exit_text(int status, char *buf, size_t buf_bytes)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));

		(void)snprintf(buf, buf_bytes, "signal %d (%s)%s", WTERMSIG(status),
			name ? name : "unknown",
			WCOREDUMP(status) ? ", core dumped" : "");
	} else {
		(void)snprintf(buf, buf_bytes, "exit %d", WEXITSTATUS(status));
	}
}

static void
arm(struct sup_link *link, int64_t after_ms)
{
	ev_timer_stop(link->sup->loop, &link->timer);
	ev_timer_set(&link->timer, (double)after_ms / 1000, 0.);
	ev_timer_start(link->sup->loop, &link->timer);
}

static void
share_pid(struct sup_link *link, pid_t pid)
{
	struct sup_shared *shared = link->sup->shared;

	/* The keeper lets these two drain; nova-probe holds nothing. */
	if (link->peer == 'E')
		atomic_store(&shared->engine_pid, pid);
	else if (link->peer == 'L')
		atomic_store(&shared->logger_pid, pid);
}

static void
save(struct sup_link *link)
{
	sup_state_link(link);
	sup_state_commit();
}

static void
wait_and_retry(struct sup_link *link)
{
	int64_t now = nv_mono_ms();

	if (link->started_ms && now - link->started_ms >= SUP_LINK_STABLE_MS)
		link->backoff_ms = 0;
	int64_t max_ms = link->was_up ? SUP_LINK_BACKOFF_UP_MS : SUP_LINK_BACKOFF_MAX_MS;

	link->backoff_ms = link->backoff_ms ? NV_MIN(link->backoff_ms * 2, max_ms)
					    : SUP_LINK_BACKOFF_MIN_MS;
	link->state = SUP_LINK_BACKOFF;
	arm(link, link->backoff_ms);
	save(link);
}

static void
on_exit_of_link(struct sup_child *child, const struct sup_exit *exit)
{
	struct sup_link *link = child->owner;

	ev_timer_stop(link->sup->loop, &link->timer);
	share_pid(link, 0);
	nv_chan_drain(&link->chan); /* its end may be heard of before its last words */
	link->last_status = exit->status;
	sup_exit_text(exit->status, link->last_exit, sizeof(link->last_exit));
	if (link->hung)
		(void)snprintf(link->last_exit, sizeof(link->last_exit),
			"killed, as it did not answer");
	/* While this is not committed the next novasupd hears of the end once more. */
	link->cut_off = true;
	if (link->wanted) {
		link->restarts++;
		wait_and_retry(link);
		nv_warn("%s ended: %s; starting another in %lld ms", link->program,
			link->last_exit, (long long)link->backoff_ms);
	} else {
		link->state = SUP_LINK_DOWN;
		save(link);
		nv_info("%s ended: %s", link->program, link->last_exit);
	}
	nv_chan_close(&link->chan);
	link->cut_off = false;
	if (link->cgroup.path[0]) {
		(void)sup_cgroup_kill(&link->cgroup); /* it has no children; be sure */
		sup_cgroup_remove(&link->cgroup);
	}
	link->on_down(link->sup);
}

static void
on_channel_closed(struct nv_chan *chan, const char *why)
{
	struct sup_link *link = chan->owner;

	if (why)
		nv_error("%s sent %s; it is ended", link->program, why);
	if (link->child.pid == 0)
		return;
	link->state = SUP_LINK_STOPPING;
	save(link);
	if (why)
		sup_link_kill(link);
	else
		arm(link, PATIENCE_MS);
	link->on_down(link->sup);
}

static void
open_channel(struct sup_link *link, int fd)
{
	nv_chan_open(&link->chan, link->sup->loop, fd, 'S', link->peer, link->handlers,
		on_channel_closed, link);
}

/* From here on the next novasupd would find what we start. */
static uint64_t
commit_spawning(struct sup_link *link, int channel)
{
	open_channel(link, channel);
	link->main = (struct sup_main){
		.spawning = true, .slot = (uint8_t)sup_spawn_take_slot()};
	link->child.since = sup_children_mark();
	save(link);
	return link->child.since;
}

static int
start(struct sup_link *link, struct sup_spawn_error *ret_error)
{
	struct sup *sup = link->sup;
	char path[NV_PATH_MAX + 32];
	char name[32];
	char *argv[] = {NULL, NULL};
	char *candidates[] = {path, NULL};
	NV_CLEANUP_FREE char *argv0 = strdup(link->program);
	struct sup_own_env env;
	int pair[2];
	pid_t pid;
	int pidfd;

	*ret_error = (struct sup_spawn_error){SUP_STAGE_DESCRIPTORS, ENOMEM};
	if (!argv0)
		return -ENOMEM;
	argv[0] = argv0;
	(void)snprintf(path, sizeof(path), "%s/%s", sup->paths.bin_dir, link->program);
	(void)snprintf(name, sizeof(name), "%s.%u", link->program, ++link->serial);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		ret_error->error = errno;
		return -errno;
	}
	NV_CLEANUP_FD ours = pair[0];
	NV_CLEANUP_FD theirs = pair[1];
	struct sup_cgroup_limits no_limits = {0};
	int rc = sup_cgroup_create(
		&link->cgroup, &sup->cgroups, sup->cgroups.fleet, name, &no_limits);

	if (rc < 0)
		nv_warn("%s runs without a cgroup of its own: %s", link->program,
			strerror(-rc));
	sup_own_env_init(&env);
	struct sup_spawn spec = {.argv = argv,
		.envp = env.list,
		.candidates = candidates,
		.fds = {sup->null_fd, STDERR_FILENO, STDERR_FILENO, theirs},
		.n_fds = 4,
		.cgroup_fd = link->cgroup.dir_fd,
		/* As we ourselves: they hold descriptors of every instance. */
		.limits = {{RLIMIT_NOFILE,
			{sup->shared->nofile.rlim_max, sup->shared->nofile.rlim_max}}},
		.n_limits = 1};

	uint64_t since = commit_spawning(link, nv_fd_steal(&ours));

	rc = sup_spawn(&spec, &pid, &pidfd, ret_error);
	link->main.spawning = false;
	sup_cgroup_started(&link->cgroup);
	if (rc < 0) {
		link->cut_off = true;
		save(link);
		link->cut_off = false;
		nv_chan_close(&link->chan);
		sup_cgroup_remove(&link->cgroup);
		return rc;
	}
	share_pid(link, pid);
	sup_child_add(&link->child, pid, pidfd, since, on_exit_of_link, link);
	return 0;
}

static void
start_or_retry(struct sup_link *link)
{
	struct sup_spawn_error error;

	sup_tick_soon(link->sup);
	if (start(link, &error) < 0) {
		(void)snprintf(link->last_exit, sizeof(link->last_exit), "%s: %s %s",
			sup_stage_name(error.stage), strerrorname_np(error.error),
			strerror(error.error));
		wait_and_retry(link);
		nv_error("%s/%s does not start: %s; trying again in %lld ms",
			link->sup->paths.bin_dir, link->program, link->last_exit,
			(long long)link->backoff_ms);
		link->on_down(link->sup);
		return;
	}
	link->started_ms = nv_mono_ms();
	link->was_up = false;
	link->asked = link->hung = false;
	link->silent_ticks = 0;
	link->state = SUP_LINK_STARTING;
	save(link);
	link->on_start(link->sup);
}

/* Made by a novasupd that died before it could note it: it was not greeted, so that
 * another one is as good. */
static void
settle_start(struct sup_link *link)
{
	struct sup_spawn_error error;

	link->main.spawning = false;
	if (!sup_spawn_settle(
		    link->main.slot, &link->main.pid, &link->main.pidfd, &error))
		link->main.pid = 0;
	link->state = link->main.pid != 0 ? SUP_LINK_STOPPING : SUP_LINK_DOWN;
}

void
sup_link_watch(struct sup_link *link)
{
	link->asked = false;
	link->silent_ticks = 0;
	link->cgroup.dir_fd = -1;
	link->cgroup.n_joins = 0;
	link->unnoted = link->main.spawning;
	if (link->unnoted)
		settle_start(link);
	if (link->main.pid != 0)
		sup_child_add(&link->child, link->main.pid, link->main.pidfd,
			link->main.since, on_exit_of_link, link);
	share_pid(link, link->main.pid);
}

void
sup_link_resume(struct sup_link *link)
{
	bool unnoted = link->unnoted;

	if (link->main.pid == 0)
		nv_fd_close(&link->chan_fd);
	else if (link->chan_fd >= 0 && fcntl(link->chan_fd, F_GETFD) >= 0)
		open_channel(link, link->chan_fd);
	else if (link->state != SUP_LINK_BACKOFF)
		link->state = SUP_LINK_STOPPING;
	if (unnoted && link->main.pid != 0)
		sup_link_kill(link);
	if (link->main.pid != 0 && !nv_chan_is_open(&link->chan))
		arm(link, PATIENCE_MS);
	else if (link->main.pid == 0 && link->state == SUP_LINK_BACKOFF)
		arm(link, link->backoff_ms);
	else if (link->main.pid == 0 && link->wanted)
		start_or_retry(link);
	else if (link->main.pid != 0 && !unnoted)
		link->on_resume(link->sup);
	save(link);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sup_link *link = w->data;

	(void)loop;
	(void)revents;
	if (link->child.pid != 0) {
		nv_error("%s closed its channel and does not end; killing it",
			link->program);
		sup_link_kill(link);
	} else if (link->wanted) {
		start_or_retry(link);
	}
}

void
sup_link_init(struct sup_link *link, struct sup *sup, const char *program, char peer,
	enum nv_msg_type ping, nv_chan_handler_fn *const *handlers,
	void (*on_start)(struct sup *), void (*on_resume)(struct sup *),
	void (*on_down)(struct sup *))
{
	*link = (struct sup_link){.sup = sup,
		.program = program,
		.peer = peer,
		.ping = ping,
		.handlers = handlers,
		.on_start = on_start,
		.on_resume = on_resume,
		.on_down = on_down,
		.state = SUP_LINK_DOWN};
	link->chan.fd = -1;
	link->child.pidfd = -1;
	link->chan_fd = -1;
	link->cgroup.dir_fd = -1;
	ev_timer_init(&link->timer, on_timer, 0., 0.);
	link->timer.data = link;
}

void
sup_link_want(struct sup_link *link)
{
	link->wanted = true;
	save(link);
	if (link->state == SUP_LINK_DOWN && link->child.pid == 0)
		start_or_retry(link);
}

void
sup_link_expect_end(struct sup_link *link)
{
	link->wanted = false;
	if (link->child.pid != 0) {
		link->state = SUP_LINK_STOPPING;
	} else {
		ev_timer_stop(link->sup->loop, &link->timer);
		link->state = SUP_LINK_DOWN;
	}
	save(link);
}

void
sup_link_up(struct sup_link *link)
{
	link->was_up = true;
	link->silent_ticks = 0; /* the patience with a start was another one */
	if (link->state == SUP_LINK_STARTING)
		link->state = SUP_LINK_UP;
	save(link);
}

/* It cannot answer whatever it wants: the disk keeps it, or a debugger. A kill would not
 * make that better, and an engine on a slow disk would never get anywhere. */
static bool
is_held(const struct sup_link *link)
{
	char path[64];
	char text[512];

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)link->child.pid);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : nv_read_full(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	const char *state = strrchr(text, ')'); /* "PID (name) S" */

	return state && (strncmp(state, ") D", 3) == 0 || strncmp(state, ") t", 3) == 0);
}

bool
sup_link_tick(struct sup_link *link, bool in_any_case)
{
	bool starting = link->state == SUP_LINK_STARTING;
	unsigned max =
		starting ? SUP_LINK_SILENT_START_TICKS_MAX : SUP_LINK_SILENT_TICKS_MAX;

	if (link->child.pid == 0 || (!starting && link->state != SUP_LINK_UP))
		return link->wanted;
	if (!link->asked) {
		if (!in_any_case && !starting && link->chan.sent == link->sent_at_ping)
			return false;
		link->silent_ticks = 0;
		link->asked = nv_chan_send(&link->chan, link->ping, NULL, 0, NULL, 0) ==
			      0; /* else with the next tick */
		link->sent_at_ping = link->chan.sent;
		return true;
	}
	if (link->hung || is_held(link) || ++link->silent_ticks < max)
		return true;
	nv_error("%s (pid %d) does not answer; killing it", link->program,
		(int)link->child.pid);
	link->hung = true;
	sup_link_kill(link);
	return true;
}

int
sup_link_on_pong(struct nv_chan *chan, struct nv_msg *msg)
{
	struct sup_link *link = chan->owner;

	(void)msg;
	link->asked = false;
	return 0;
}

int
sup_link_on_up(struct nv_chan *chan, struct nv_msg *msg)
{
	(void)msg;
	sup_link_up(chan->owner);
	return 0;
}

struct sup *
sup_link_sup(struct nv_chan *chan)
{
	const struct sup_link *link = chan->owner;

	return link->sup;
}

void
sup_link_must_send(struct sup_link *link, int rc, const char *what)
{
	if (rc == 0 || rc == -ENOTCONN)
		return;
	nv_error("%s to %s: %s; starting it anew", what, link->program, strerror(-rc));
	sup_link_kill(link);
}

void
sup_link_kill(struct sup_link *link)
{
	sup_child_signal(&link->child, SIGKILL);
	if (link->cgroup.path[0])
		(void)sup_cgroup_kill(&link->cgroup);
}

void
sup_link_fini(struct sup_link *link)
{
	if (!link->sup)
		return;
	ev_timer_stop(link->sup->loop, &link->timer);
	nv_chan_close(&link->chan);
	sup_cgroup_remove(&link->cgroup);
}
