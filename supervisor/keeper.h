/* The keeper: the process the user started, and parent of every process of the fleet. It
 * makes novasupd proper, reaps, forwards signals and messages for the service manager,
 * and when novasupd proper is gone for good it removes every process of the fleet. It
 * parses nothing and allocates nothing while it runs. */
#ifndef SUP_KEEPER_H
#define SUP_KEEPER_H

#include "cgroup.h"
#include "shared.h"

/* Makes novasupd proper in a child that has the same descriptor table, and keeps it: one
 * that dies unasked is followed by another, which goes on from the image.
 * Returns twice, or more often: in each child *ret_exit is not touched and the result is
 * 0 (go on as novasupd proper); in the keeper, when all is over, 1 with the exit code.
 * -errno when there is no child. lock_fd is the keeper's from now on. */
int sup_keeper_start(const struct nv_paths *paths, const struct sup_cgroup_root *cgroups,
	int lock_fd, struct sup_shared **ret_shared, int *ret_exit);

/* The same as another binary, which goes on with what that has left in shared_fd: it is
 * checked already that it can be read. */
int sup_keeper_continue(int shared_fd, const char *bin_dir,
	struct sup_shared **ret_shared, int *ret_exit);

#endif
