/* cgroups: one fresh directory for each process tree that novasupd starts, so that
 * "all of it" is something the kernel knows. v2 (also the v2 half of a hybrid machine)
 * names and kills the trees; limits come from v2 controllers, or from v1 hierarchies
 * where those hold the controller.
 *
 * Directories are never reused: after one write to cgroup.kill some kernels kill every
 * process that is later born in the same directory. */
#ifndef SUP_CGROUP_H
#define SUP_CGROUP_H

#include "nv_base.h"

#include <sys/types.h>

#define SUP_CGROUP_PATH_MAX 256

enum sup_cgroup_v1 { SUP_V1_MEMORY, SUP_V1_PIDS, SUP_V1_CPU, SUP_V1_BLKIO, SUP_V1_COUNT };

/* The fleet's own subtree: BASE/nova-ID, ID from the identity of the run directory.
 * Whoever holds that directory's lock owns the subtree. */
struct sup_cgroup_root {
	bool usable;
	char fleet[SUP_CGROUP_PATH_MAX]; /* v2 directory of everything */
	char path[SUP_CGROUP_PATH_MAX];  /* agents/ in it: the workers' trees */
	bool has_kill;                   /* cgroup.kill, Linux 5.14 */
	bool v2_memory;
	bool v2_pids;
	bool v2_cpu;
	bool v2_io;
	char v1_path[SUP_V1_COUNT][SUP_CGROUP_PATH_MAX]; /* "" = not available */
	char why_not[160]; /* when not usable, a sentence for status */
};

/* Find where a subtree may be made, remove what an earlier fleet of this run
 * directory left there (its processes are killed), and make it anew. Never fails:
 * without cgroups `usable` is false. NOVA_NO_CGROUP=1 in the environment says so too. */
void sup_cgroup_root_init(struct sup_cgroup_root *root, const char *run_dir);
/* Kill whatever is left and remove the subtree; waits up to wait_ms. */
void sup_cgroup_root_fini(struct sup_cgroup_root *root, int64_t wait_ms);
/* End and remove every directory of a process tree that nobody knows: made by a novasupd
 * that died before it could note it. */
void sup_cgroup_sweep(const struct sup_cgroup_root *root,
	bool (*is_known)(void *arg, const char *path), void *arg);
/* Kill every process below root/name; async-signal-safe in the sense that it
 * allocates nothing. 0 or -errno. */
int sup_cgroup_kill_path(const char *path, bool has_kill);
/* 1 some process is left below path, 0 none (or no such directory), -errno. */
int sup_cgroup_populated(const char *path);

/* The root that directories in v1 are looked for below; borrowed. */
void sup_cgroup_root_use(const struct sup_cgroup_root *root);

struct sup_cgroup_limits {
	uint64_t memory_bytes; /* 0 = none, as all */
	uint64_t memory_high_bytes;
	int64_t cpu_ppm; /* of one core */
	uint32_t tasks;
	uint32_t cpu_weight; /* 1..10000, 100 is usual */
	uint32_t io_weight;
};

/* One process tree's directory. */
struct sup_cgroup {
	char path[SUP_CGROUP_PATH_MAX]; /* "" = none */
	bool has_kill;
	bool v2_memory;             /* its memory files are here */
	int dir_fd;                 /* owned; -1 once the tree was started */
	bool v1[SUP_V1_COUNT];      /* has a directory of the same name there */
	int join_fds[SUP_V1_COUNT]; /* owned, cgroup.procs of the v1 directories */
	unsigned n_joins;
	char not_enforced[80]; /* "memory, cpu": limits asked for and not possible */
};

/* parent: root->path for a worker, root->fleet for a process of Nova's own; name: unique
 * for the life of the fleet. 0 (with path "" when cgroups are not usable) or -errno. */
int sup_cgroup_create(struct sup_cgroup *cg, const struct sup_cgroup_root *root,
	const char *parent, const char *name, const struct sup_cgroup_limits *limits);
/* Other limits for what runs in it: 0; -errno when one of them is refused or has no
 * directory here (it was not asked for at the start, in v1): then a restart is needed. */
int sup_cgroup_update(const struct sup_cgroup *cg, const struct sup_cgroup_root *root,
	const struct sup_cgroup_limits *limits);
/* The names of the limits that are asked for, "memory, cpu". */
void sup_cgroup_limits_names(
	const struct sup_cgroup_limits *limits, char *buf, size_t buf_bytes);
/* Descriptors that were only for the start. */
void sup_cgroup_started(struct sup_cgroup *cg);
int sup_cgroup_kill(const struct sup_cgroup *cg);
int sup_cgroup_freeze(const struct sup_cgroup *cg, bool on);
/* Send a signal to each process in it. */
void sup_cgroup_signal(const struct sup_cgroup *cg, int sig);

struct sup_cgroup_usage {
	uint64_t cpu_us;
	uint64_t mem_peak_kib; /* 0 = not known */
	bool oom_killed;       /* the kernel ended a process of it for memory */
	uint32_t oom_kills;    /* ... how many */
};
void sup_cgroup_usage(const struct sup_cgroup *cg, struct sup_cgroup_usage *ret);
/* Remove the (empty) directories; nothing happens without any. */
void sup_cgroup_remove(struct sup_cgroup *cg);

#endif
