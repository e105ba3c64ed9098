/* The keeper: the process the user started. It forks novasupd proper, forwards signals
 * and messages for the service manager, and when novasupd proper is gone it removes every
 * process of the fleet. It parses nothing and allocates nothing while it runs. */
#ifndef SUP_KEEPER_H
#define SUP_KEEPER_H

#include "cgroup.h"

#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/types.h>

/* One page shared by the two; novasupd proper writes, the keeper reads. */
struct sup_shared {
	pid_t keeper_pid;
	atomic_int engine_pid; /* 0: none */
	atomic_int logger_pid;
	atomic_int finished;  /* the fleet was stopped in order; nothing is left to do */
	struct rlimit nofile; /* as the user gave it; children get it back */
	bool pid1;
	int notify_fd; /* novasupd proper's end of the relay; -1 without a manager */
};

/* Runs `body` in a child and keeps it. Returns twice: in the child *ret_exit is not
 * touched and the result is 0 (go on as novasupd proper); in the keeper, when all is
 * over, 1 with the exit code. -errno when there is no child. child_fd (or -1) is the
 * child's alone. */
int sup_keeper_start(const struct sup_cgroup_root *cgroups, int child_fd,
	struct sup_shared **ret_shared, int *ret_exit);

#endif
