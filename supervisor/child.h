/* Every process we started, by pid, and the one place that reaps.
 *
 * novasupd is a subreaper: wait() also returns orphans of workers. So there is one loop
 * of wait4(-1) at SIGCHLD that hands each status to the owner of that pid and drops what
 * nobody owns: nothing can take another's status, and a pid stays ours until here. */
#ifndef SUP_CHILD_H
#define SUP_CHILD_H

#include "nv_base.h"

#include <sys/resource.h>
#include <sys/types.h>

struct sup_child;
typedef void
sup_child_exit_fn(struct sup_child *child, int status, const struct rusage *usage);

struct sup_child {
	pid_t pid; /* 0: not running (or reaped) */
	int pidfd; /* owned; -1 without */
	sup_child_exit_fn *on_exit;
	void *owner;            /* borrowed */
	struct sup_child *next; /* in its bucket */
};

void sup_child_add(struct sup_child *child, pid_t pid, int pidfd,
	sup_child_exit_fn *on_exit, void *owner);
/* Signal the main process; a process that is gone is fine. */
void sup_child_signal(const struct sup_child *child, int sig);
/* Reap all that have died; on_exit is called for each of ours. Returns how many
 * strangers there were. */
unsigned sup_children_reap(void);
bool sup_child_known(pid_t pid);

#endif
