/* The keeper: see keeper.h. */
#include "keeper.h"
#include "fdtable.h"
#include "handover.h"
#include "notify.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_title.h"
#include "oom.h"
#include "proctree.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRAIN_MS       10000 /* for the engine and the logger, after agents are gone */
#define SWEEP_MS       10000
#define DEATHS_MAX     20 /* in a row, before one has gone on: then it will not */
#define BACKOFF_MIN_MS 10
#define BACKOFF_MAX_MS 1000
#define RELAY_MS       2000 /* for the last words of one that is gone */
#define ROOM_MS        5    /* until the next look whether the ring has room again */
/* novasupd gives a sign of life SUP_NOTIFY_BEATS times in the time that the manager
 * allows; one that is silent for this part of it hangs, and its successor still comes in
 * time. */
#define SILENT_PERCENT 60

struct keeper {
	struct sup_shared *shared;
	pid_t child; /* novasupd proper; 0 when reaped */
	int status;
	bool waiting;    /* the ring is full: the dead wait as zombies */
	unsigned deaths; /* of novasupd proper in a row, before it had gone on */
	unsigned quick;  /* the same, soon after it had */
	bool alone;      /* novasupd proper will not come back: nobody reads the ring */

	/* A message for the manager, which has no room for it yet. */
	char text[SUP_NOTIFY_BYTES_MAX];
	size_t text_bytes; /* 0: none waits */
	int fds[SUP_NOTIFY_FDS_MAX];
	unsigned n_fds;

	int64_t allowed_ms; /* between signs of life of novasupd; 0: nobody looks */
	int64_t silent_ms;  /* of our own time since the last one */
	int64_t looked_ms;
	bool alive; /* it has given one */
};

/* One of the fleet's has died, and nobody is there to be told. */
static void
note_alone(struct keeper *k, pid_t pid)
{
	if (pid == atomic_load(&k->shared->engine_pid))
		atomic_store(&k->shared->engine_pid, 0);
	if (pid == atomic_load(&k->shared->logger_pid))
		atomic_store(&k->shared->logger_pid, 0);
}

static void
reap(struct keeper *k)
{
	bool news = false;

	for (;;) {
		struct rusage usage;
		int status;

		k->waiting = !k->alone && sup_exits_full(k->shared);
		/* A full ring must not hide the death of the one who empties it. */
		pid_t pid = wait4(k->waiting && k->child > 0 ? k->child : -1, &status,
			WNOHANG, &usage);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			break;
		if (pid == k->child) {
			k->child = 0;
			k->shared->novasupd_pid = 0;
			k->status = status;
			if (k->waiting)
				break;
		} else if (k->alone) {
			note_alone(k, pid);
		} else {
			sup_exits_push(k->shared, pid, status, &usage);
			news = true;
		}
	}
	if (news)
		(void)eventfd_write(k->shared->exits_fd, 1);
}

static void
forward_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->shared->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int sig = (int)info.ssi_signo;

		/* The terminal is gone: not a wish for a new configuration, but the end.
		 */
		if (sig == SIGHUP && info.ssi_code == SI_KERNEL)
			sig = SIGTERM;
		/* Counted: whoever is there, or comes, obeys what was not obeyed. */
		if (sig == SIGTERM)
			atomic_fetch_add(&k->shared->asked[SUP_ASKED_TERM], 1);
		else if (sig == SIGINT)
			atomic_fetch_add(&k->shared->asked[SUP_ASKED_INT], 1);
		else if (sig == SIGHUP)
			atomic_fetch_add(&k->shared->asked[SUP_ASKED_HUP], 1);
		if (sig != SIGCHLD && k->child > 0)
			(void)kill(k->child, sig);
	}
}

static bool
is_about_fds(const struct keeper *k)
{
	return k->text_bytes > 0 && strncmp(k->text, "FDSTORE", strlen("FDSTORE")) == 0;
}

static bool
is_removal(const struct keeper *k)
{
	return strncmp(k->text, "FDSTOREREMOVE", strlen("FDSTOREREMOVE")) == 0;
}

/* A message that is done with; whoever waits for it goes on. */
static void
relayed(struct keeper *k)
{
	bool counted = is_about_fds(k);

	while (k->n_fds > 0)
		(void)close(k->fds[--k->n_fds]);
	k->text_bytes = 0;
	if (!counted)
		return;
	atomic_fetch_add(&k->shared->relayed, 1);
	(void)syscall(SYS_futex, &k->shared->relayed, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void
pass_on(struct keeper *k)
{
	int rc = sup_notify_send_raw(k->text, k->text_bytes, k->fds, k->n_fds);

	if (rc != -EAGAIN || sup_notify_is_beat(k->text))
		relayed(k);
}

static bool
take_message(struct keeper *k)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(SUP_NOTIFY_FDS_MAX * sizeof(int))];
	} control;
	struct iovec text = {k->text, sizeof(k->text) - 1};
	struct msghdr msg = {.msg_iov = &text,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(k->shared->relay_fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return false;
	if (msg.msg_flags & MSG_CTRUNC)
		nv_error("no room for a descriptor that the service manager should keep");
	const struct cmsghdr *head = CMSG_FIRSTHDR(&msg);

	if (head && head->cmsg_type == SCM_RIGHTS) {
		k->n_fds = (unsigned)((head->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(k->fds, CMSG_DATA(head), k->n_fds * sizeof(int));
	}
	k->text_bytes = (size_t)n;
	k->text[n] = '\0';
	return true;
}

static void
relay(struct keeper *k)
{
	if (k->text_bytes > 0)
		pass_on(k);
	while (k->text_bytes == 0 && take_message(k)) {
		if (strcmp(k->text, SUP_NOTIFY_ALIVE) == 0) {
			k->alive = true;
			k->silent_ms = 0;
		}
		pass_on(k);
	}
}

/* What the last novasupd has said, before there is another one: afterwards descriptors
 * that are on their way are nobody's, and the next one says everything again, but for
 * what is not to be kept any more. */
static void
relay_all(struct keeper *k)
{
	int64_t until = nv_mono_ms() + RELAY_MS;

	relay(k);
	while (k->text_bytes > 0) {
		if (is_removal(k) && nv_mono_ms() < until)
			(void)poll(NULL, 0, ROOM_MS);
		else
			relayed(k);
		relay(k);
	}
	atomic_store(&k->shared->said, 0);
	atomic_store(&k->shared->relayed, 0);
}

/* Wait for news, at most this long. */
static void
wait_news(struct keeper *k, int timeout_ms)
{
	bool waiting = k->text_bytes > 0; /* for the manager */
	struct pollfd fds[] = {{.fd = k->shared->signal_fd, .events = POLLIN},
		{.fd = waiting ? -1 : k->shared->relay_fd, .events = POLLIN}};

	if ((k->waiting || waiting) && (timeout_ms < 0 || timeout_ms > ROOM_MS))
		timeout_ms = ROOM_MS;
	int n = poll(fds, NV_LEN(fds), timeout_ms);

	reap(k); /* first: somebody waits to be started again */
	if (n > 0 && fds[0].revents) {
		forward_signals(k);
		reap(k); /* one SIGCHLD may stand for a death after the look */
	}
	if (waiting || (n > 0 && fds[1].revents))
		relay(k);
}

/* How long until novasupd's next sign of life is looked for. */
static int
look_ms(const struct keeper *k)
{
	return k->allowed_ms > 0 ? (int)(k->allowed_ms / SUP_NOTIFY_BEATS / 2) : -1;
}

/* One that hangs, or is stopped, is replaced, and no agent notices. Time in which we did
 * not run ourselves (a machine that was suspended, a frozen cgroup) is not held against
 * it. */
static void
look_after(struct keeper *k)
{
	int64_t now = nv_mono_ms();

	if (k->allowed_ms <= 0 || k->child <= 0)
		return;
	/* While the manager listens to nobody, we listen to nobody either. */
	if (k->text_bytes == 0)
		k->silent_ms += NV_MIN(now - k->looked_ms, (int64_t)look_ms(k) * 2);
	k->looked_ms = now;
	if (!k->alive || k->silent_ms < k->allowed_ms * SILENT_PERCENT / 100)
		return;
	nv_error("novasupd has given no sign of life for %lld ms; killing it",
		(long long)k->silent_ms);
	k->alive = false;
	(void)kill(k->child, SIGKILL);
}

/* ---- after novasupd proper ---- */

struct sweep {
	const struct keeper *keeper;
	pid_t self;
	bool spare_ours; /* the engine and the logger */
};

static int
is_ours_to_kill(void *arg, const struct sup_proc *proc)
{
	const struct sweep *s = arg;
	const struct keeper *k = s->keeper;

	if (proc->pid == s->self)
		return -1;
	if (s->spare_ours && (proc->pid == atomic_load(&k->shared->engine_pid) ||
				     proc->pid == atomic_load(&k->shared->logger_pid)))
		return -1;
	for (unsigned i = 0; i < k->shared->n_strangers; i++) {
		if (proc->pid == k->shared->strangers[i])
			return -1;
	}
	return proc->ppid == s->self;
}

/* SIGKILL to all descendants, again and again until a walk finds none. */
static void
sweep(struct keeper *k, bool spare_ours)
{
	struct sweep arg = {.keeper = k, .self = getpid(), .spare_ours = spare_ours};
	int64_t until = nv_mono_ms() + SWEEP_MS;

	for (;;) {
		size_t n;
		struct sup_proc *list = sup_proctree_scan(&n);

		if (k->shared->cgroups.usable)
			(void)sup_cgroup_kill_path(
				k->shared->cgroups.path, k->shared->cgroups.has_kill);
		if (!list || sup_proctree_mark(list, n, is_ours_to_kill, &arg) == 0) {
			if (!k->shared->cgroups.usable ||
				sup_cgroup_populated(k->shared->cgroups.path) != 1)
				return;
		}
		for (size_t i = 0; list && i < n; i++) {
			if (list[i].member)
				(void)kill(list[i].pid, SIGKILL);
		}
		if (nv_mono_ms() > until) {
			nv_error("some processes of the fleet do not die");
			return;
		}
		wait_news(k, 2);
	}
}

/* The engine takes what the pipes of the dead agents still hold, then ends by itself, as
 * its channel is closed; so does the logger. */
static void
let_drain(struct keeper *k)
{
	int64_t until = nv_mono_ms() + DRAIN_MS;

	while (nv_mono_ms() < until && (atomic_load(&k->shared->engine_pid) != 0 ||
					       atomic_load(&k->shared->logger_pid) != 0))
		wait_news(k, 100);
}

static int
compare(const void *a, const void *b)
{
	const int x = *(const int *)a;
	const int y = *(const int *)b;

	return (x > y) - (x < y);
}

/* The descriptors of novasupd proper outlive it in the common table: the engine and the
 * logger see the ends of their pipes and channels only when they are closed. */
static void
close_what_was_its(const struct keeper *k)
{
	int keep[SUP_KEEPER_FDS_MAX];
	unsigned n = k->shared->n_keeper_fds;
	int from = STDERR_FILENO + 1;

	memcpy(keep, k->shared->keeper_fds, n * sizeof(keep[0]));
	qsort(keep, n, sizeof(keep[0]), compare);
	for (unsigned i = 0; i < n; i++) {
		if (keep[i] > from)
			sup_close_range(from, keep[i] - 1);
		from = NV_MAX(from, keep[i] + 1);
	}
	sup_close_range(from, INT32_MAX);
}

static bool
ended_in_order(const struct keeper *k)
{
	return k->child == 0 && atomic_load(&k->shared->finished);
}

static int
clean_up(struct keeper *k)
{
	bool in_order = ended_in_order(k);

	k->alone = true;
	for (uint64_t at = atomic_load(&k->shared->taken);
		at < atomic_load(&k->shared->reaped); at++)
		note_alone(k, k->shared->exits[at % SUP_EXITS_MAX].pid);
	atomic_store(&k->shared->taken, atomic_load(&k->shared->reaped));
	if (!in_order)
		nv_error("ending every process of the fleet");
	if (in_order)
		relay_all(k);
	relayed(k); /* its descriptors are not ours any more after this */
	close_what_was_its(k);
	sweep(k, !in_order);
	if (!in_order) {
		let_drain(k);
		sweep(k, false);
	}
	struct sup_cgroup_root cgroups = k->shared->cgroups;

	sup_cgroup_root_fini(&cgroups, SWEEP_MS);
	if (in_order)
		return k->shared->exit_code;
	return WIFEXITED(k->status) ? WEXITSTATUS(k->status) : NV_EXIT_FAILED;
}

/* ---- set up ---- */

static void
remember_strangers(struct sup_shared *shared)
{
	size_t n;
	struct sup_proc *list = sup_proctree_scan(&n);

	for (size_t i = 0; list && i < n; i++) {
		if (list[i].ppid == getpid() && shared->n_strangers < SUP_STRANGERS_MAX)
			shared->strangers[shared->n_strangers++] = list[i].pid;
	}
}

static void
own(struct sup_shared *shared, int fd)
{
	NV_ASSERT(shared->n_keeper_fds < SUP_KEEPER_FDS_MAX);
	if (fd >= 0)
		shared->keeper_fds[shared->n_keeper_fds++] = fd;
}

static int
share(struct sup_shared **ret)
{
	int fd = memfd_create("nova-shared", MFD_CLOEXEC);

	if (fd < 0)
		return -errno;
	struct sup_shared *shared =
		ftruncate(fd, sizeof(*shared)) < 0
			? MAP_FAILED
			: mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED,
				  fd, 0);

	if (shared == MAP_FAILED) {
		int rc = -errno;

		nv_fd_close(&fd);
		return rc;
	}
	shared->version = SUP_SHARED_VERSION;
	shared->keeper_pid = getpid();
	shared->pid1 = getpid() == 1;
	shared->notify_fd = shared->relay_fd = shared->manager_fd = -1;
	shared->shared_fd = fd;
	(void)snprintf(shared->oom_score_adj, sizeof(shared->oom_score_adj), "%s",
		sup_oom_agents());
	(void)getrlimit(RLIMIT_NOFILE, &shared->nofile); /* cannot fail */
	/* A manager that keeps descriptors for us needs a high one to hand them over;
	 * programs that use select() need the usual one. */
	if (getenv("FDSTORE") && shared->nofile.rlim_cur > FD_SETSIZE)
		shared->nofile.rlim_cur = FD_SETSIZE;
	own(shared, fd);
	*ret = shared;
	return 0;
}

static int
open_relay(struct keeper *k)
{
	int pair[2];
	struct rlimit all = k->shared->nofile;

	if (!sup_notify_wanted())
		return 0;
	/* What it passes on gets numbers in the table that it shares with all of
	 * novasupd. */
	all.rlim_cur = all.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &all); /* up to the hard one always works */
	/* Not of datagrams, of which the kernel keeps ten only. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	k->shared->relay_fd = pair[0];
	k->shared->notify_fd = pair[1];
	own(k->shared, pair[0]);
	own(k->shared, pair[1]);
	/* Kept open: a descriptor that comes and goes here could be another's number. */
	int fd = sup_notify_open();

	k->shared->manager_fd = fd;
	own(k->shared, fd);
	return fd < 0 ? fd : 0;
}

static void
fill_mask(sigset_t *mask)
{
	static const int signals[] = {
		SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGQUIT, SIGUSR1, SIGUSR2};

	(void)sigemptyset(mask);
	for (size_t i = 0; i < NV_LEN(signals); i++)
		(void)sigaddset(mask, signals[i]);
}

static int
open_descriptors(struct keeper *k)
{
	sigset_t mask;

	fill_mask(&mask);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	k->shared->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (k->shared->signal_fd < 0)
		return -errno;
	own(k->shared, k->shared->signal_fd);
	k->shared->exits_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (k->shared->exits_fd < 0)
		return -errno;
	own(k->shared, k->shared->exits_fd);
	return open_relay(k);
}

static int
become_child(struct sup_shared *shared)
{
	/* Ctrl-C goes to a whole process group: it shall arrive here once, by the keeper.
	 */
	(void)setsid(); /* a new process leads no group, so it cannot fail */
	/* If the keeper dies, stop everything in order. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		return -errno;
	return getppid() == shared->keeper_pid ? 0 : -ESRCH;
}

/* A fork whose child has our descriptor table, not a copy of it: what the child opens is
 * still there when the child is gone. */
static pid_t
fork_with_files(void)
{
	return (pid_t)syscall(SYS_clone, CLONE_FILES | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* novasupd proper is gone: shall there be another one? Says so. */
static bool
may_go_on(struct keeper *k)
{
	char how[64];

	if (ended_in_order(k))
		return false;
	if (k->shared->reexec_path[0]) {
		/* Wanted: it has told us to go on as another binary. */
		nv_error("%s cannot be executed: %s; going on as we are",
			k->shared->reexec_path, strerror(-sup_handover_exec(k->shared)));
		k->shared->reexec_path[0] = '\0';
		return true;
	}
	if (atomic_exchange(&k->shared->steady, 0))
		k->quick = 0;
	if (atomic_exchange(&k->shared->resumed, 0))
		k->deaths = 0;
	k->quick++;
	k->deaths++;
	k->shared->restarts++;
	if (WIFSIGNALED(k->status))
		(void)snprintf(how, sizeof(how), "was killed by signal %d (%s)",
			WTERMSIG(k->status), sigabbrev_np(WTERMSIG(k->status)));
	else
		(void)snprintf(how, sizeof(how), "ended unasked with exit code %d",
			WEXITSTATUS(k->status));
	if (atomic_load(&k->shared->resumable) < 0)
		nv_error("novasupd %s, and another one cannot go on", how);
	else if (k->deaths >= DEATHS_MAX)
		nv_error("novasupd %s, %u times in a row", how, k->deaths);
	else
		nv_warn("novasupd %s; another one goes on", how);
	return atomic_load(&k->shared->resumable) >= 0 && k->deaths < DEATHS_MAX;
}

/* At once after the first death, then later and later. */
static void
wait_a_bit(struct keeper *k)
{
	int64_t wait_ms = 0;

	for (unsigned i = 1; i < k->quick && wait_ms < BACKOFF_MAX_MS; i++)
		wait_ms = wait_ms ? wait_ms * 2 : BACKOFF_MIN_MS;
	int64_t until = nv_mono_ms() + NV_MIN(wait_ms, BACKOFF_MAX_MS);

	for (int64_t now; (now = nv_mono_ms()) < until;)
		wait_news(k, (int)(until - now));
}

static int
prepare(struct keeper *k, const struct nv_paths *paths,
	const struct sup_cgroup_root *cgroups, int lock_fd)
{
	int rc = share(&k->shared);

	if (rc < 0)
		return rc;
	k->shared->paths = *paths;
	k->shared->cgroups = *cgroups;
	k->shared->image_fd = -1;
	own(k->shared, lock_fd);
	remember_strangers(k->shared);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return -errno;
	return open_descriptors(k);
}

/* 0 in each novasupd proper, 1 in the keeper when all is over. */
static int
keep(struct keeper *k, struct sup_shared **ret_shared, int *ret_exit)
{
	*ret_shared = k->shared;
	k->allowed_ms = k->shared->relay_fd >= 0
				? sup_notify_watchdog_ms(k->shared->keeper_pid)
				: 0;
	do {
		wait_a_bit(k);
		relay_all(k);
		k->alive = false;
		k->silent_ms = 0;
		k->looked_ms = nv_mono_ms();
		k->child = fork_with_files();
		if (k->child == 0)
			return become_child(k->shared);
		if (k->child < 0 && k->quick == 0)
			return -errno;
		if (k->child < 0)
			k->child = 0; /* no memory, most likely: after a while */
		k->shared->novasupd_pid = k->child;
		nv_title_set("nova: keeper of %d", (int)k->child);
		while (k->child > 0) {
			wait_news(k, look_ms(k));
			look_after(k);
		}
	} while (may_go_on(k));
	*ret_exit = clean_up(k);
	return 1;
}

int
sup_keeper_start(const struct nv_paths *paths, const struct sup_cgroup_root *cgroups,
	int lock_fd, struct sup_shared **ret_shared, int *ret_exit)
{
	static struct keeper keeper; /* not on a stack that the child would keep */
	int rc = prepare(&keeper, paths, cgroups, lock_fd);

	if (rc < 0)
		return rc;
	sup_fds_reserve(SUP_FDS_AT_START);
	return keep(&keeper, ret_shared, ret_exit);
}

int
sup_keeper_continue(
	int shared_fd, const char *bin_dir, struct sup_shared **ret_shared, int *ret_exit)
{
	static struct keeper keeper;
	sigset_t mask;
	int rc = sup_handover_take(shared_fd, &keeper.shared);

	if (rc < 0)
		return rc;
	fill_mask(&mask);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* it was one already */
	(void)snprintf(keeper.shared->paths.bin_dir, sizeof(keeper.shared->paths.bin_dir),
		"%s", bin_dir);
	sup_oom_set_agents(keeper.shared->oom_score_adj);
	sup_notify_use(keeper.shared->manager_fd);
	return keep(&keeper, ret_shared, ret_exit);
}
