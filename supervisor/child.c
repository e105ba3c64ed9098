/* The table of our processes: see child.h. */
#include "child.h"
#include "nv_fd.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

#define BUCKETS 1024

static struct sup_child *table[BUCKETS];

static struct sup_child **
slot_of(pid_t pid)
{
	struct sup_child **at = &table[(unsigned)pid % BUCKETS];

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

void
sup_child_add(struct sup_child *child, pid_t pid, int pidfd, sup_child_exit_fn *on_exit,
	void *owner)
{
	struct sup_child **slot = slot_of(pid);

	NV_ASSERT(pid > 0 && !*slot);
	*child = (struct sup_child){
		.pid = pid, .pidfd = pidfd, .on_exit = on_exit, .owner = owner};
	*slot = child;
}

bool
sup_child_known(pid_t pid)
{
	return *slot_of(pid) != NULL;
}

void
sup_child_signal(const struct sup_child *child, int sig)
{
	if (child->pid == 0)
		return;
	if (child->pidfd < 0 ||
		syscall(SYS_pidfd_send_signal, child->pidfd, sig, NULL, 0) < 0)
		(void)kill(child->pid, sig); /* not reaped, so the pid is still its own */
}

unsigned
sup_children_reap(void)
{
	unsigned strangers = 0;

	for (;;) {
		struct rusage usage;
		int status;
		pid_t pid = wait4(-1, &status, WNOHANG, &usage);

		if (pid < 0 && errno == EINTR)
			continue;
		if (pid <= 0)
			return strangers;
		struct sup_child **slot = slot_of(pid);
		struct sup_child *child = *slot;

		if (!child) {
			strangers++;
			continue;
		}
		*slot = child->next;
		child->pid = 0;
		nv_fd_close(&child->pidfd);
		child->on_exit(child, status, &usage);
	}
}
