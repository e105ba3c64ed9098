/* Which Nova a process runs: its program may be older than what lies in the directory
 * now, as after an upgrade, until it is replaced. */
#ifndef CTL_BUILD_H
#define CTL_BUILD_H

#include "nv_version.h"

#include <stdbool.h>
#include <sys/types.h>

struct nv_fleet;

struct ctl_build {
	char version[NV_VERSION_MAX]; /* "": cannot be seen */
	bool replaced;                /* there is another program in its place now */
	bool ended;                   /* since it was asked for */
};

/* root: novasupd's pid, whose directory the others are started from. */
void ctl_build_of(pid_t pid, pid_t root, struct ctl_build *ret);
/* Does each of Nova's own processes run what lies in the directory now, and none of them
 * is about to end or to start? */
bool ctl_build_settled(const struct nv_fleet *fleet);
/* Of Nova's own processes: the first that runs a program that was replaced, or NULL. */
const char *ctl_build_old(const struct nv_fleet *fleet);

#endif
