/* Descendants, by /proc: see tree.h. */
#include "tree.h"
#include "nv_fd.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCS_MAX ((size_t)4 << 20) /* the kernel's own limit of pids */

struct proc {
	pid_t pid;
	pid_t parent;
	pid_t group;
	pid_t session;
	unsigned long long start; /* ticks since boot: pid and start name a process */
	char state;
	char name[16];
};

struct procs {
	struct proc *list; /* owned; ascending by pid */
	size_t n;
	size_t cap;
};

bool
rn_tree_reap(pid_t leader, int *ret_status)
{
	bool found = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0 || (pid < 0 && errno == EINTR)) {
		if (pid == leader && leader > 0) {
			*ret_status = status;
			found = true;
		}
	}
	return found;
}

bool
rn_tree_is_empty(void)
{
	siginfo_t info; /* not looked at */

	return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
	       errno == ECHILD;
}

/* /proc/PID/stat: "77 (a name) S 1 ...". The name may hold anything, so its end is the
 * last bracket. 0 or negative errno (the process is gone). */
static int
read_proc(int proc_dir, pid_t pid, struct proc *ret)
{
	char path[32];
	char text[1024];

	(void)snprintf(path, sizeof(path), "%d/stat", (int)pid);
	NV_CLEANUP_FD fd = openat(proc_dir, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n = nv_read_full(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return n < 0 ? (int)n : -ESRCH;
	text[n] = '\0';
	char *open_at = strchr(text, '(');
	char *close_at = strrchr(text, ')');
	int parent;
	int group;
	int session;

	*ret = (struct proc){.pid = pid};
	/* Fields: 3 state, 4 parent, 5 process group, 6 session, 22 start time. */
	if (!open_at || !close_at || close_at < open_at ||
		sscanf(close_at + 1, // NOLINT(cert-err34-c): the kernel wrote it
			" %c %d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s "
			"%*s %*s %*s %llu",
			&ret->state, &parent, &group, &session, &ret->start) != 5)
		return -EBADMSG;
	ret->parent = parent;
	ret->group = group;
	ret->session = session;
	*close_at = '\0';
	(void)snprintf(ret->name, sizeof(ret->name), "%s", open_at + 1);
	return 0;
}

static int
push(struct procs *procs, const struct proc *p)
{
	if (procs->n == procs->cap) {
		size_t cap = procs->cap ? procs->cap * 2 : 256;

		if (cap > PROCS_MAX)
			return -ENOBUFS;
		struct proc *grown = realloc(procs->list, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		procs->list = grown;
		procs->cap = cap;
	}
	procs->list[procs->n++] = *p;
	return 0;
}

static int
by_pid(const void *a, const void *b)
{
	const struct proc *p = a;
	const struct proc *q = b;

	return (p->pid > q->pid) - (p->pid < q->pid);
}

static int
scan(int proc_dir, struct procs *procs)
{
	DIR *dir = fdopendir(openat(proc_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	const struct dirent *entry;
	int rc = 0;

	if (!dir)
		return -errno;
	while (rc == 0 && (entry = readdir(dir))) {
		struct proc p;
		char *end;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		long pid = strtol(entry->d_name, &end, 10);

		if (*end == '\0' && read_proc(proc_dir, (pid_t)pid, &p) == 0)
			rc = push(procs, &p);
	}
	(void)closedir(dir);
	if (rc == 0 && procs->n > 0)
		qsort(procs->list, procs->n, sizeof(*procs->list), by_pid);
	return rc;
}

static bool
is_below(const struct procs *procs, const struct proc *p, pid_t top)
{
	/* The bound: a list read while processes come and go may hold a circle. */
	for (size_t step = 0; step < procs->n; step++) {
		if (p->parent == top)
			return true;
		struct proc key = {.pid = p->parent};

		p = bsearch(&key, procs->list, procs->n, sizeof(key), by_pid);
		if (!p)
			return false;
	}
	return false;
}

/* A number is not a process: open it, see that it is still the one of the list, and only
 * then signal what was opened. */
static void
signal_one(int proc_dir, const struct proc *p, int sig)
{
	struct proc now = {0};
	NV_CLEANUP_FD fd = pidfd_open(p->pid, 0);

	if (read_proc(proc_dir, p->pid, &now) < 0 || now.start != p->start)
		return;
	if (fd < 0) {
		if (errno == ENOSYS) /* before Linux 5.3 */
			(void)kill(p->pid, sig);
		return;
	}
	/* ESRCH: it went by itself. EPERM: set-uid; novasupd's sweep has the right. */
	(void)pidfd_send_signal(fd, sig, NULL, 0);
	if (sig != SIGKILL)
		(void)pidfd_send_signal(fd, SIGCONT, NULL, 0);
}

/* A process that forks and dies again and again is never the one in the list by the time
 * it is signalled. The kernel signals a process group as one: what is in the group cannot
 * fork its way out. Groups of other sessions than ours hold nothing but descendants. */
static void
kill_group(const struct proc *p, pid_t own_session)
{
	if (p->group > 1 && p->session != own_session)
		(void)kill(-p->group, SIGKILL); /* ESRCH: it is gone */
}

int
rn_tree_signal(int sig, char *names, size_t names_bytes)
{
	NV_CLEANUP_FD proc_dir = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct procs procs = {0};
	pid_t top = getpid();
	pid_t session = getsid(0);
	size_t used = 0;
	int count = 0;

	if (names_bytes > 0)
		names[0] = '\0';
	if (proc_dir < 0)
		return -errno;
	int rc = scan(proc_dir, &procs);

	for (size_t i = 0; rc == 0 && i < procs.n; i++) {
		const struct proc *p = &procs.list[i];

		if (p->state == 'Z' || p->state == 'X' || !is_below(&procs, p, top))
			continue;
		count++;
		signal_one(proc_dir, p, sig);
		if (sig == SIGKILL)
			kill_group(p, session);
		if (used < names_bytes) {
			int n = snprintf(names + used, names_bytes - used, "%s%s[%d]",
				used ? ", " : "", p->name, (int)p->pid);

			used += n > 0 ? (size_t)n : 0;
		}
	}
	free(procs.list);
	return rc < 0 ? rc : count;
}
