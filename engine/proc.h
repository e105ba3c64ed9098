/* What /proc and a cgroup say about processes. Read-only, no state; a process that ends
 * while it is read is simply not there. */
#ifndef ENG_PROC_H
#define ENG_PROC_H

#include "nv_base.h"

#include <sys/types.h>

#define ENG_PROCS_MAX ((size_t)1 << 20)

struct eng_proc {
	int32_t pid;
	int32_t ppid;
	uint64_t cpu_us; /* its own and that of children it has waited for */
	uint64_t rss_bytes;
	uint32_t threads;
	bool taken; /* by the walk over a tree */
};

struct eng_procs {             /* sorted by pid */
	struct eng_proc *list; /* owned; kept for the next scan */
	size_t n;
	size_t cap;
};

/* Every process of the machine (of the pid namespace). 0 or negative errno. */
int eng_procs_scan(struct eng_procs *procs);
void eng_procs_fini(struct eng_procs *procs);
struct eng_proc *eng_procs_find(const struct eng_procs *procs, int32_t pid);

/* The pids of root and its descendants; those taken before are left out. Returns how many
 * were written, at most max. */
size_t eng_procs_tree(struct eng_procs *procs, int32_t root, int32_t *pids, size_t max);

/* Pids in a cgroup directory, below it as well; at most max. Negative errno when it
 * cannot be read. */
long eng_cgroup_pids(const char *dir, int32_t *pids, size_t max);
/* usage_usec of its cpu.stat. */
int eng_cgroup_cpu(const char *dir, uint64_t *ret_us);

/* Of one process; 0 or negative errno (the figures are left as they are). */
int eng_proc_read(int32_t pid, struct eng_proc *ret);
int eng_proc_fds(int32_t pid, uint32_t *ret);
int eng_proc_io(int32_t pid, uint64_t *ret_read, uint64_t *ret_write);
int eng_proc_pss(int32_t pid, uint64_t *ret_bytes);

/* A small file as text, NUL-terminated and cut to the buffer; its length or negative
 * errno. */
ssize_t eng_small_file(const char *path, char *buf, size_t buf_bytes);
/* The number behind `key` where a line begins with it. */
bool eng_small_number(const char *text, const char *key, uint64_t *ret);

#endif
