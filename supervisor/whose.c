/* Whose process is this: see whose.h. */
#include "whose.h"
#include "nv_fd.h"
#include "proctree.h"
#include "sup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef bool owns_fn(const struct sup_incarnation *inc, const void *what);

/* The incarnation that says yes; NULL: none. */
static struct sup_instance *
find(const struct sup *sup, owns_fn *owns, const void *what)
{
	for (const struct sup_worker *w = sup->workers; w; w = w->next) {
		for (uint32_t i = 0; i < w->n_instances; i++) {
			const struct sup_incarnation *inc = w->instances[i]->now;

			if (inc && owns(inc, what))
				return w->instances[i];
		}
	}
	return NULL;
}

/* ---- with cgroups ---- */

/* /proc/PID/cgroup names the cgroup from the root of the hierarchy, an incarnation knows
 * the directory it is mounted at: their ends agree from the fleet's directory on. That is
 * the first of its name: one further below is of a process's own making. */
static bool
is_its_cgroup(const struct sup_incarnation *inc, const void *what)
{
	const char *own = inc->cgroup.path[0] ? strstr(inc->cgroup.path, "/nova-") : NULL;
	size_t bytes = own ? strlen(own) : 0;
	size_t fleet_bytes = own ? 1 + strcspn(own + 1, "/") : 0;
	const char *line = what;

	while (own && *line) {
		size_t chars = strcspn(line, "\n");
		const char *at = memmem(line, chars, own, fleet_bytes);
		char end = at && strncmp(at, own, bytes) == 0 ? at[bytes] : 'x';

		/* It may have made cgroups of its own below. */
		if (end == '\n' || end == '\0' || end == '/')
			return true;
		line += chars + (line[chars] == '\n');
	}
	return false;
}

static struct sup_instance *
by_cgroup(const struct sup *sup, pid_t pid)
{
	NV_CLEANUP_FREE char *text = NULL;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (nv_read_file_at(AT_FDCWD, path, 65536, &text, NULL) < 0)
		return NULL;
	return find(sup, is_its_cgroup, text);
}

/* ---- without ---- */

static bool
is_its_tree(const struct sup_incarnation *inc, const void *what)
{
	const struct sup_proc *proc = what;
	pid_t main_pid = inc->child.pid;

	return main_pid != 0 &&
	       (proc->pid == main_pid || proc->sid == main_pid || proc->pgid == main_pid);
}

/* Its event pipe, which a daemon keeps. What stands in an environment proves nothing: who
 * starts a program chooses it. */
static bool
has_its_pipe(const struct sup_incarnation *inc, const void *what)
{
	const struct sup_proc *proc = what;

	return sup_proctree_has_pipe(proc->pid, inc->stream->event_inode);
}

static const struct sup_proc *
proc_of(const struct sup_proc *list, size_t n, pid_t pid)
{
	size_t low = 0;

	while (low < n) {
		size_t mid = low + (n - low) / 2;

		if (list[mid].pid == pid)
			return &list[mid];
		if (list[mid].pid < pid)
			low = mid + 1;
		else
			n = mid;
	}
	return NULL;
}

/* Up to the keeper: the first ancestor that belongs to somebody. Below the keeper, which
 * is handed the orphans of all workers, there are no others. */
static struct sup_instance *
by_ancestry(const struct sup *sup, pid_t pid, bool *ret_lost)
{
	size_t n;
	const struct sup_proc *list = sup_proctree_scan(&n);
	const struct sup_proc *proc = list ? proc_of(list, n, pid) : NULL;
	struct sup_instance *found = NULL;

	for (unsigned depth = 0; proc && !found && depth < 256; depth++) {
		*ret_lost = proc->pid == sup->shared->keeper_pid;
		if (*ret_lost || proc->pid == sup->pid)
			break;
		found = find(sup, is_its_tree, proc);
		if (!found)
			found = find(sup, has_its_pipe, proc);
		proc = proc_of(list, n, proc->ppid);
	}
	return found;
}

struct sup_instance *
sup_whose(const struct sup *sup, pid_t pid, bool *ret_lost)
{
	struct sup_instance *found =
		pid > 0 && sup->cgroups.usable ? by_cgroup(sup, pid) : NULL;

	*ret_lost = false;
	return found || pid <= 0 ? found : by_ancestry(sup, pid, ret_lost);
}
