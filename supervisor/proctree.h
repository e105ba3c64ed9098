/* Process trees where there is no cgroup to name them: a walk over /proc. Allocates
 * nothing, so that the keeper can use it when everything else is gone. */
#ifndef SUP_PROCTREE_H
#define SUP_PROCTREE_H

#include "nv_base.h"

#include <sys/types.h>

#define SUP_PROCTREE_MAX 262144 /* processes looked at; pages are used as needed */

struct sup_proc {
	pid_t pid;
	pid_t ppid;
	pid_t pgid;
	pid_t sid;
	uint64_t start; /* clock ticks since boot: with the pid, an identity */
	char state;     /* as in /proc/PID/stat: 'Z' is dead already */
	bool cut;       /* set by sup_proctree_mark: nothing is inherited through it */
	bool member;    /* set by sup_proctree_mark */
};

/* Read every process into the one static table; returns it, sorted by pid, and its
 * length. NULL when /proc cannot be read. Valid until the next call. */
struct sup_proc *sup_proctree_scan(size_t *ret_n);

/* 1 member, 0 no member itself (its descendants may be), -1 no member and none below. */
typedef int sup_proctree_root_fn(void *arg, const struct sup_proc *proc);
/* Mark the roots and everything that descends from one; zombies are never members.
 * Returns how many were marked. */
size_t sup_proctree_mark(
	struct sup_proc *list, size_t n, sup_proctree_root_fn *is_root, void *arg);

/* Does the environment the process was started with hold this "NAME=value"? */
bool sup_proctree_has_env(pid_t pid, const char *entry);
/* The same for an entry that begins with this. */
bool sup_proctree_has_env_like(pid_t pid, const char *start);
/* Did it, or one it descends from, give up ever gaining privileges? True when /proc does
 * not say. */
bool sup_proctree_no_new_privs(pid_t pid);
/* Does one of its descriptors 0..9 refer to the pipe with this inode? */
bool sup_proctree_has_pipe(pid_t pid, ino_t inode);

#endif
