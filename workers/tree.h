/* The processes below this one. The caller is a child subreaper, so whatever a run
 * starts and abandons (double fork, setsid) stays a descendant, and "no child left" means
 * that nothing of it is left. */
#ifndef RN_TREE_H
#define RN_TREE_H

#include "nv_base.h"

#include <sys/types.h>

/* Collect every dead child. True when `leader` was one of them (its wait status is in
 * *ret_status then). */
bool rn_tree_reap(pid_t leader, int *ret_status);

/* No child is left, dead or alive. */
bool rn_tree_is_empty(void);

/* Send a signal (and SIGCONT after any but SIGKILL: a stopped process cannot obey) to
 * every living descendant. Returns how many there were, or a negative errno. What is
 * forked meanwhile may be missed: repeat until rn_tree_is_empty. Up to names_bytes of
 * "sleep[77], cat[78]" go into names, which may be NULL. */
int rn_tree_signal(int sig, char *names, size_t names_bytes);

#endif
