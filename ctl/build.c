/* Which Nova a process runs: see build.h. */
#include "build.h"
#include "nv_base.h"
#include "nv_fleet.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GONE " (deleted)"

/* The path of a process's program, as it was when it was started. False: not to be seen,
 * with errno ENOENT when it has ended. */
static bool
path_of(pid_t pid, char ret[PATH_MAX])
{
	char exe[64];

	(void)snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(exe, ret, PATH_MAX - 1);

	if (n <= 0)
		return false;
	ret[n] = '\0';
	if ((size_t)n > sizeof(GONE) - 1 &&
		strcmp(ret + n - (sizeof(GONE) - 1), GONE) == 0)
		ret[(size_t)n - (sizeof(GONE) - 1)] = '\0';
	return true;
}

void
ctl_build_of(pid_t pid, pid_t root, struct ctl_build *ret)
{
	char own[PATH_MAX];
	char dir[PATH_MAX];
	char would[2 * PATH_MAX];
	char exe[64];
	struct stat runs;
	struct stat now;

	*ret = (struct ctl_build){0};
	errno = 0;
	if (pid <= 0 || !path_of(pid, own) || !path_of(root, dir)) {
		ret->ended = errno == ENOENT;
		return;
	}
	char *slash = strrchr(dir, '/');
	const char *name = strrchr(own, '/');

	(void)snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	if (!slash || !name || nv_version_of_file(exe, ret->version) < 0)
		return;
	*slash = '\0';
	(void)snprintf(would, sizeof(would), "%s%s", dir, name);
	/* One that was taken away is replaced by nothing. */
	ret->replaced = stat(exe, &runs) == 0 && stat(would, &now) == 0 &&
			(runs.st_dev != now.st_dev || runs.st_ino != now.st_ino);
}

bool
ctl_build_settled(const struct nv_fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_procs; i++) {
		const char *state = fleet->procs[i].state;
		struct ctl_build build;

		ctl_build_of(fleet->procs[i].pid, fleet->nova.pid, &build);
		if (build.replaced || build.ended || strcmp(state, "starting") == 0 ||
			strcmp(state, "stopping") == 0)
			return false;
	}
	return true;
}

const char *
ctl_build_old(const struct nv_fleet *fleet)
{
	for (size_t i = 0; i < fleet->n_procs; i++) {
		struct ctl_build build;

		ctl_build_of(fleet->procs[i].pid, fleet->nova.pid, &build);
		if (build.replaced)
			return fleet->procs[i].name;
	}
	return NULL;
}
