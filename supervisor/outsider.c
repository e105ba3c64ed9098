/* Processes that have left the cgroup of their worker: see outsider.h. */
#include "outsider.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "proctree.h"
#include "sup.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a process that lost its parent and came to the keeper: does it belong to someone
 * else? */
bool
sup_outsider_is_anothers(
	const struct sup *sup, const struct sup_incarnation *inc, pid_t pid)
{
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			const struct sup_incarnation *other = w->instances[i]->now;
			char generation[40];

			if (!other || other == inc)
				continue;
			(void)snprintf(generation, sizeof(generation),
				"NOVA_GENERATION=%u", w->instances[i]->generation);
			if (sup_proctree_has_pipe(pid, other->stream->event_inode) ||
				(sup_proctree_has_env(
					 pid, sup_incarnation_credentials_env(other)) &&
					sup_proctree_has_env(pid, generation)))
				return true;
		}
	}
	return false;
}

/* In the cgroup of an agent (any of the fleet's)? */
bool
sup_outsider_is_housed(const struct sup *sup, pid_t pid)
{
	char path[64];
	NV_CLEANUP_FREE char *text = NULL;
	const char *agents =
		sup->cgroups.usable ? strstr(sup->cgroups.path, "/nova-") : NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (!agents || nv_read_file_at(AT_FDCWD, path, 65536, &text, NULL) < 0)
		return false;
	return strstr(text, agents) != NULL;
}

/* The keeper had it before there was a fleet. */
bool
sup_outsider_is_stranger(const struct sup *sup, pid_t pid)
{
	for (unsigned i = 0; i < sup->shared->n_strangers; i++) {
		if (sup->shared->strangers[i] == pid)
			return true;
	}
	return false;
}

/* A process with the rights for it can leave its cgroup. When its parents are gone it
 * comes to the keeper: an unknown child that is in none of the fleet's cgroups. Calls
 * `found` for each until it says false. */
static void
each_outsider(const struct sup *sup, bool (*found)(const struct sup *sup, pid_t pid))
{
	char path[64];
	NV_CLEANUP_FREE char *text = NULL;
	char *end;
	pid_t keeper = sup->shared->keeper_pid;

	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)keeper,
		(int)keeper);
	if (nv_read_file_at(AT_FDCWD, path, (size_t)1 << 20, &text, NULL) < 0)
		return; /* a kernel without the file; cgroups alone have to do */
	for (char *at = text;; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at)
			return;
		if (pid != sup->pid && !sup_child_known(pid) &&
			!sup_outsider_is_stranger(sup, pid) &&
			!sup_outsider_is_housed(sup, pid) && !found(sup, pid))
			return;
	}
}

static bool outsider_found;

static bool
note_outsider(const struct sup *sup, pid_t pid)
{
	(void)sup;
	(void)pid;
	outsider_found = true;
	return false;
}

/* Those that lost their main processes together share one look at the keeper's children,
 * which are as many as the fleet has workers. */
bool
sup_outsider_any(const struct sup *sup)
{
	static unsigned batch;

	if (sup->look_batch != 0 && batch == sup->look_batch)
		return outsider_found;
	outsider_found = false;
	each_outsider(sup, note_outsider);
	batch = sup->look_batch;
	return outsider_found;
}

static bool
kill_outsider(const struct sup *sup, pid_t pid)
{
	if (sup_proctree_no_new_privs(pid) && !sup_outsider_is_anothers(sup, NULL, pid)) {
		outsider_found = true;
		(void)kill(pid, SIGKILL);
	}
	return true;
}

void
sup_outsider_suspect(struct sup *sup)
{
	if (sup->outsiders_ms == 0)
		sup->outsiders_ms = nv_mono_ms();
}

bool
sup_outsider_kill(const struct sup *sup)
{
	outsider_found = false;
	each_outsider(sup, kill_outsider);
	return outsider_found;
}
