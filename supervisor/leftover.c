/* Processes of an earlier fleet: see leftover.h. */
#include "leftover.h"
#include "nv_clock.h"
#include "nv_log.h"
#include "nv_paths.h"
#include "proctree.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define PATIENCE_MS 10000

struct search {
	char env[NV_PATH_MAX + 48];
	pid_t self;
};

static int
is_leftover(void *arg, const struct sup_proc *proc)
{
	const struct search *s = arg;

	if (proc->pid == s->self || proc->pid == getppid())
		return -1;
	return sup_proctree_has_env_like(proc->pid, s->env);
}

unsigned
sup_leftover_kill(const char *run_dir)
{
	struct search s = {.self = getpid()};
	int64_t until = nv_mono_ms() + PATIENCE_MS;
	unsigned found = 0;

	(void)snprintf(
		s.env, sizeof(s.env), "CREDENTIALS_DIRECTORY=%s/credentials/", run_dir);
	for (;;) {
		size_t n;
		struct sup_proc *list = sup_proctree_scan(&n);
		size_t members = list ? sup_proctree_mark(list, n, is_leftover, &s) : 0;

		found = NV_MAX(found, (unsigned)members);
		if (members == 0)
			break;
		for (size_t i = 0; i < n; i++) {
			if (list[i].member)
				(void)kill(list[i].pid, SIGKILL);
		}
		if (nv_mono_ms() > until) {
			nv_error("%zu processes of an earlier fleet do not die", members);
			return found;
		}
		(void)poll(NULL, 0, 5); /* they are not our children: nobody tells */
	}
	if (found > 0)
		nv_warn("%u processes of an earlier fleet of %s were left; they are "
			"ended",
			found, run_dir);
	return found;
}
