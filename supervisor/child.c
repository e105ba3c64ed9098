/* The table of our processes: see child.h. */
#include "child.h"
#include "nv_fd.h"
#include "state.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_pidfd_send_signal
#define SYS_pidfd_send_signal 424
#endif

#define BUCKETS 1024

static struct sup_child *table[BUCKETS];
static struct sup_shared *with_keeper;

void
sup_children_init(struct sup_shared *shared)
{
	with_keeper = shared;
}

uint64_t
sup_children_mark(void)
{
	return atomic_load(&with_keeper->reaped);
}

static struct sup_child **
slot_of(pid_t pid)
{
	struct sup_child **at = &table[(unsigned)pid % BUCKETS];

	while (*at && (*at)->pid != pid)
		at = &(*at)->next;
	return at;
}

void
sup_child_add(struct sup_child *child, pid_t pid, int pidfd, uint64_t since,
	sup_child_exit_fn *on_exit, void *owner)
{
	struct sup_child **at = &table[(unsigned)pid % BUCKETS];

	NV_ASSERT(pid > 0);
	/* Behind an older one with the same pid, whose death still waits in the ring. */
	while (*at)
		at = &(*at)->next;
	*child = (struct sup_child){.pid = pid,
		.pidfd = pidfd,
		.since = since,
		.on_exit = on_exit,
		.owner = owner};
	*at = child;
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
	if (child->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, child->pidfd, sig, NULL, 0);
	else
		(void)kill(child->pid, sig); /* the best there is without pidfds */
}

static bool
has_ended(const struct sup_child *child)
{
	struct pollfd p = {.fd = child->pidfd, .events = POLLIN};

	if (child->pidfd < 0)
		return kill(child->pid, 0) < 0 && errno == ESRCH;
	return poll(&p, 1, 0) > 0;
}

static void
hand_on(struct sup_child **slot, const struct sup_exit *exit)
{
	struct sup_child *child = *slot;
	/* Closed when its owner has committed that it has none. */
	NV_CLEANUP_FD pidfd = nv_fd_steal(&child->pidfd);

	*slot = child->next;
	child->pid = 0;
	child->on_exit(child, exit);
}

unsigned
sup_children_collect(void)
{
	unsigned strangers = 0;
	uint64_t at = atomic_load(&with_keeper->taken);

	for (; at < atomic_load(&with_keeper->reaped); at++) {
		const struct sup_exit exit = with_keeper->exits[at % SUP_EXITS_MAX];
		struct sup_child **slot = slot_of(exit.pid);

		sup_state_exits(at + 1); /* committed by whoever it concerns */
		/* Dead before ours was born, or ours lives: the pid was another's. */
		if (*slot && at >= (*slot)->since &&
			((*slot)->pidfd < 0 || has_ended(*slot)))
			hand_on(slot, &exit);
		else
			strangers++;
		atomic_store(&with_keeper->taken, at + 1);
	}
	return strangers;
}

void
sup_children_poll(void)
{
	(void)sup_children_collect(); /* what the keeper still knew */
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct sup_child **at = &table[i]; *at;) {
			const struct sup_exit exit = {
				.pid = (*at)->pid, .status = SIGKILL};

			if (!has_ended(*at)) {
				at = &(*at)->next;
				continue;
			}
			hand_on(at, &exit);
			at = &table[i]; /* the bucket may have changed */
		}
	}
}
