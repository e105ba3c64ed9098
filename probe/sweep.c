#include "sweep.h"

#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WALKS_MAX      200
#define CHILDREN_BYTES ((size_t)1 << 20)

int
probe_sweep_init(void)
{
	return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ? -errno : 0;
}

static bool
is_known(pid_t pid, const pid_t *known, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (known[i] == pid)
			return true;
	}
	return false;
}

/* Kill and reap the children that nobody knows; returns how many there were. */
static size_t
walk(const pid_t *known, size_t n_known)
{
	NV_CLEANUP_FREE char *text = NULL;
	char path[64];
	char *end;
	size_t found = 0;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if (nv_read_file_at(AT_FDCWD, path, CHILDREN_BYTES, &text, NULL) < 0)
		return 0; /* a kernel without the file: the process group has to do */
	for (char *at = text;; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at)
			return found;
		if (is_known(pid, known, n_known))
			continue;
		found++;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, WNOHANG);
	}
}

void
probe_sweep(pid_t group, const pid_t *known, size_t n_known)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	(void)kill(-group, SIGKILL);
	for (int i = 0; i < WALKS_MAX && walk(known, n_known) > 0; i++)
		(void)nanosleep(&moment, NULL); /* the killed have to end */
}
