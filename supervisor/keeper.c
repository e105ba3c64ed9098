/* The keeper: see keeper.h. */
#include "keeper.h"
#include "notify.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"
#include "nv_title.h"
#include "proctree.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DRAIN_MS     10000 /* for the engine and the logger, after agents are gone */
#define SWEEP_MS     10000
#define STRANGER_MAX 64

struct keeper {
	struct sup_shared *shared;
	const struct sup_cgroup_root *cgroups;
	pid_t child; /* novasupd proper; 0 when reaped */
	int status;
	int signal_fd;
	int relay_fd;
	/* Children we already had before: `sh -c 'helper & exec novasupd'`. */
	pid_t strangers[STRANGER_MAX];
	unsigned n_strangers;
};

static void
reap(struct keeper *k)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return;
		if (pid == k->child) {
			k->child = 0;
			k->status = status;
		}
		if (pid == atomic_load(&k->shared->engine_pid) && k->child == 0)
			atomic_store(&k->shared->engine_pid, 0);
		if (pid == atomic_load(&k->shared->logger_pid) && k->child == 0)
			atomic_store(&k->shared->logger_pid, 0);
	}
}

static void
forward_signals(struct keeper *k)
{
	struct signalfd_siginfo info;

	while (read(k->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		int sig = (int)info.ssi_signo;

		/* The terminal is gone: not a wish for a new configuration, but the end.
		 */
		if (sig == SIGHUP && info.ssi_code == SI_KERNEL)
			sig = SIGTERM;
		if (sig != SIGCHLD && k->child > 0)
			(void)kill(k->child, sig);
	}
}

static void
relay(struct keeper *k)
{
	char text[512];
	ssize_t n = recv(k->relay_fd, text, sizeof(text), MSG_DONTWAIT);

	if (n > 0)
		sup_notify_send_raw(text, (size_t)n);
	else if (n == 0)
		nv_fd_close(&k->relay_fd);
}

/* Wait for news, at most this long. */
static void
wait_news(struct keeper *k, int timeout_ms)
{
	struct pollfd fds[] = {{.fd = k->signal_fd, .events = POLLIN},
		{.fd = k->relay_fd, .events = POLLIN}};

	if (poll(fds, NV_LEN(fds), timeout_ms) > 0) {
		if (fds[0].revents)
			forward_signals(k);
		if (fds[1].revents)
			relay(k);
	}
	reap(k);
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
	for (unsigned i = 0; i < k->n_strangers; i++) {
		if (proc->pid == k->strangers[i])
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

		if (k->cgroups->usable)
			(void)sup_cgroup_kill_path(
				k->cgroups->path, k->cgroups->has_kill);
		if (!list || sup_proctree_mark(list, n, is_ours_to_kill, &arg) == 0) {
			if (!k->cgroups->usable ||
				sup_cgroup_populated(k->cgroups->path) != 1)
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
clean_up(struct keeper *k)
{
	bool in_order = WIFEXITED(k->status) && atomic_load(&k->shared->finished);

	if (WIFSIGNALED(k->status))
		nv_error("novasupd was killed by signal %d (%s); ending every process of "
			 "the "
			 "fleet",
			WTERMSIG(k->status), sigabbrev_np(WTERMSIG(k->status)));
	sweep(k, !in_order);
	if (!in_order) {
		let_drain(k);
		sweep(k, false);
	}
	struct sup_cgroup_root cgroups = *k->cgroups;

	sup_cgroup_root_fini(&cgroups, SWEEP_MS);
	return WIFEXITED(k->status) ? WEXITSTATUS(k->status) : NV_EXIT_FAILED;
}

/* ---- set up ---- */

static void
remember_strangers(struct keeper *k)
{
	size_t n;
	struct sup_proc *list = sup_proctree_scan(&n);

	for (size_t i = 0; list && i < n; i++) {
		if (list[i].ppid == getpid() && k->n_strangers < STRANGER_MAX)
			k->strangers[k->n_strangers++] = list[i].pid;
	}
}

static struct sup_shared *
share(int notify_fd)
{
	struct sup_shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (shared == MAP_FAILED)
		return NULL;
	shared->keeper_pid = getpid();
	shared->pid1 = getpid() == 1;
	shared->notify_fd = notify_fd;
	(void)getrlimit(RLIMIT_NOFILE, &shared->nofile); /* cannot fail */
	return shared;
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

int
sup_keeper_start(const struct sup_cgroup_root *cgroups, int child_fd,
	struct sup_shared **ret_shared, int *ret_exit)
{
	static struct keeper keeper; /* not on a stack that the child would keep */
	int relay_pair[2] = {-1, -1};
	sigset_t mask;

	if (sup_notify_wanted() &&
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, relay_pair) < 0)
		return -errno;
	NV_CLEANUP_FD theirs = relay_pair[1];

	keeper = (struct keeper){.cgroups = cgroups, .relay_fd = relay_pair[0]};
	keeper.shared = share(theirs);
	if (!keeper.shared)
		return -errno;
	(void)sigemptyset(&mask);
	for (size_t i = 0; i < 7; i++)
		(void)sigaddset(&mask, (const int[]){SIGTERM, SIGINT, SIGHUP, SIGCHLD,
					       SIGQUIT, SIGUSR1, SIGUSR2}[i]);
	(void)sigprocmask(SIG_BLOCK, &mask, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return -errno;
	remember_strangers(&keeper);
	keeper.signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (keeper.signal_fd < 0)
		return -errno;
	keeper.child = fork();
	if (keeper.child < 0)
		return -errno;
	*ret_shared = keeper.shared;
	if (keeper.child == 0) {
		nv_fd_close(&keeper.signal_fd);
		nv_fd_close(&keeper.relay_fd);
		(void)nv_fd_steal(&theirs); /* shared->notify_fd */
		return become_child(keeper.shared);
	}
	nv_fd_close(&theirs);
	nv_fd_close(&child_fd);
	nv_title_set("nova: keeper of %d", (int)keeper.child);
	while (keeper.child > 0)
		wait_news(&keeper, -1);
	*ret_exit = clean_up(&keeper);
	return 1;
}
