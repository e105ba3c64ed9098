/* cgroup directories of one process tree each: see cgroup.h. Where the fleet's subtree
 * lies and what an earlier fleet left there is cgroup_root.c. */
#include "cgroup.h"
#include "cgroup_file.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CPU_PERIOD_US 100000

int
sup_cgroup_write(const char *dir, const char *file, const char *text)
{
	char path[SUP_CGROUP_PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	NV_CLEANUP_FD fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

int
sup_cgroup_read(const char *dir, const char *file, char *buf, size_t buf_bytes)
{
	char path[SUP_CGROUP_PATH_MAX + 64];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	ssize_t n;

	do {
		n = read(fd, buf, buf_bytes - 1); /* the kernel gives such files whole */
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return 0;
}

uint64_t
sup_cgroup_field(const char *text, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = text; at && *at;) {
		if (strncmp(at, key, len) == 0 && at[len] == ' ')
			return strtoull(at + len + 1, NULL, 10);
		at = strchr(at, '\n');
		if (at)
			at++;
	}
	return 0;
}

int
sup_cgroup_populated(const char *path)
{
	char text[256] = "";
	int rc = sup_cgroup_read(path, "cgroup.events", text, sizeof(text));

	if (rc == -ENOENT || rc == -ENODEV)
		return 0;
	return rc < 0 ? rc : sup_cgroup_field(text, "populated") != 0;
}

/* Each pid of dir's cgroup.procs gets the signal; how many there were. */
static int
signal_procs(const char *dir, int sig)
{
	char path[SUP_CGROUP_PATH_MAX + 64];
	char text[4096];
	size_t have = 0;
	int n_signalled = 0;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, text + have, sizeof(text) - 1 - have);

		if (n <= 0)
			break;
		have += (size_t)n;
		text[have] = '\0';
		char *at = text;
		char *end;

		while ((end = strchr(at, '\n'))) {
			long pid = strtol(at, NULL, 10);

			if (pid > 1 && kill((pid_t)pid, sig) == 0)
				n_signalled++;
			at = end + 1;
		}
		have = strlen(at);
		memmove(text, at, have + 1);
	}
	return n_signalled;
}

int
sup_cgroup_kill_path(const char *path, bool has_kill)
{
	if (has_kill)
		return sup_cgroup_write(path, "cgroup.kill", "1");
	/* Before 5.14: hold it still, kill each, let go; what was born in between is
	 * seen by the next round, which the caller makes while it is populated. */
	(void)sup_cgroup_write(path, "cgroup.freeze", "1"); /* helps, is not needed */
	int n = signal_procs(path, SIGKILL);

	(void)sup_cgroup_write(path, "cgroup.freeze", "0");
	return n < 0 ? n : 0;
}

static const struct sup_cgroup_root *used_root;

void
sup_cgroup_root_use(const struct sup_cgroup_root *root)
{
	used_root = root;
}

/* Its directory in v1, in one place for all until the next call; "" when it has none. */
static const char *
v1_dir(const struct sup_cgroup *cg, enum sup_cgroup_v1 which)
{
	static char dir[SUP_CGROUP_PATH_MAX];
	const char *name = strrchr(cg->path, '/');

	dir[0] = '\0';
	if (cg->v1[which] && used_root && name &&
		snprintf(dir, sizeof(dir), "%s%s", used_root->v1_path[which], name) >=
			(int)sizeof(dir))
		dir[0] = '\0';
	return dir;
}

/* A limit, in v2 or v1; false when neither holds the controller. */
static bool
set_limit(struct sup_cgroup *cg, bool v2, const char *v2_file, enum sup_cgroup_v1 v1,
	const char *v1_file, const char *value)
{
	if (v2)
		return sup_cgroup_write(cg->path, v2_file, value) == 0;
	return cg->v1[v1] && sup_cgroup_write(v1_dir(cg, v1), v1_file, value) == 0;
}

static void
note(struct sup_cgroup *cg, const char *what)
{
	size_t used = strlen(cg->not_enforced);

	(void)snprintf(cg->not_enforced + used, sizeof(cg->not_enforced) - used, "%s%s",
		used ? ", " : "", what);
}

static void
set_memory(struct sup_cgroup *cg, const struct sup_cgroup_root *root, uint64_t bytes)
{
	char value[32];

	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)bytes);
	if (!set_limit(cg, root->v2_memory, "memory.max", SUP_V1_MEMORY,
		    "memory.limit_in_bytes", value)) {
		note(cg, "memory");
		return;
	}
	if (root->v2_memory) {
		/* One unit dies whole; and it does not move to swap instead. */
		(void)sup_cgroup_write(cg->path, "memory.oom.group", "1");
		(void)sup_cgroup_write(cg->path, "memory.swap.max", "0");
	} else {
		/* Of v1 the limit of both, which kernels without swap accounting lack. */
		(void)sup_cgroup_write(
			v1_dir(cg, SUP_V1_MEMORY), "memory.memsw.limit_in_bytes", value);
	}
}

static void
set_cpu(struct sup_cgroup *cg, const struct sup_cgroup_root *root, int64_t cpu_ppm)
{
	char value[64];
	int64_t quota_us = cpu_ppm * CPU_PERIOD_US / 1000000;

	quota_us = NV_MAX(quota_us, 1000); /* the kernel's smallest */
	if (root->v2_cpu)
		(void)snprintf(value, sizeof(value), "%lld %d", (long long)quota_us,
			CPU_PERIOD_US);
	else
		(void)snprintf(value, sizeof(value), "%lld", (long long)quota_us);
	if (!set_limit(
		    cg, root->v2_cpu, "cpu.max", SUP_V1_CPU, "cpu.cfs_quota_us", value))
		note(cg, "cpu");
}

/* Weights are 1..10000 around 100; v1 counts CPU shares around 1024 and takes 10 to 1000
 * for disks. */
static void
set_weights(struct sup_cgroup *cg, const struct sup_cgroup_root *root,
	const struct sup_cgroup_limits *limits)
{
	char value[32];
	uint64_t cpu = limits->cpu_weight;
	uint64_t io = limits->io_weight;

	if (cpu && !root->v2_cpu)
		cpu = NV_MAX(cpu * 1024 / 100, 2);
	if (io && !root->v2_io)
		io = NV_MAX(NV_MIN(io, 1000), 10);
	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)cpu);
	if (cpu && !set_limit(cg, root->v2_cpu, "cpu.weight", SUP_V1_CPU, "cpu.shares",
			   value))
		note(cg, "cpu_weight");
	(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)io);
	if (io &&
		!set_limit(cg, root->v2_io, "io.weight", SUP_V1_BLKIO, "blkio.weight",
			value) &&
		!set_limit(cg, root->v2_io, "io.bfq.weight", SUP_V1_BLKIO,
			"blkio.bfq.weight", value))
		note(cg, "io_weight");
}

void
sup_cgroup_set_limits(struct sup_cgroup *cg, const struct sup_cgroup_root *root,
	const struct sup_cgroup_limits *limits)
{
	char value[64];

	if (limits->memory_bytes)
		set_memory(cg, root, limits->memory_bytes);
	if (limits->memory_high_bytes) {
		/* v1 has nothing that slows down. */
		(void)snprintf(value, sizeof(value), "%llu",
			(unsigned long long)limits->memory_high_bytes);
		if (!root->v2_memory ||
			sup_cgroup_write(cg->path, "memory.high", value) < 0)
			note(cg, "memory_high");
	}
	if (limits->tasks) {
		(void)snprintf(value, sizeof(value), "%u", limits->tasks);
		if (!set_limit(cg, root->v2_pids, "pids.max", SUP_V1_PIDS, "pids.max",
			    value))
			note(cg, "tasks");
	}
	if (limits->cpu_ppm)
		set_cpu(cg, root, limits->cpu_ppm);
	set_weights(cg, root, limits);
}

void
sup_cgroup_limits_names(
	const struct sup_cgroup_limits *limits, char *buf, size_t buf_bytes)
{
	const struct {
		bool asked;
		const char *name;
	} all[] = {{limits->memory_bytes > 0, "memory"},
		{limits->memory_high_bytes > 0, "memory_high"},
		{limits->tasks > 0, "tasks"}, {limits->cpu_ppm > 0, "cpu"},
		{limits->cpu_weight > 0, "cpu_weight"},
		{limits->io_weight > 0, "io_weight"}};
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < NV_LEN(all) && used < buf_bytes; i++) {
		if (all[i].asked)
			used += (size_t)snprintf(buf + used, buf_bytes - used, "%s%s",
				used ? ", " : "", all[i].name);
	}
}

/* A v1 directory is made only where a limit needs it; it is joined by its procs file. */
static void
join_v1(struct sup_cgroup *cg, const struct sup_cgroup_root *root, const char *name,
	enum sup_cgroup_v1 which)
{
	char dir[SUP_CGROUP_PATH_MAX];
	char procs[SUP_CGROUP_PATH_MAX + 16];
	int n = snprintf(dir, sizeof(dir), "%s/%s", root->v1_path[which], name);

	if (!root->v1_path[which][0] || n >= (int)sizeof(dir) || mkdir(dir, 0755) < 0)
		return;
	(void)snprintf(procs, sizeof(procs), "%s/cgroup.procs", dir);
	int fd = open(procs, O_WRONLY | O_CLOEXEC);

	if (fd < 0) {
		(void)rmdir(dir);
		return;
	}
	cg->join_fds[cg->n_joins++] = fd;
	cg->v1[which] = true;
}

int
sup_cgroup_create(struct sup_cgroup *cg, const struct sup_cgroup_root *root,
	const char *parent, const char *name, const struct sup_cgroup_limits *limits)
{
	*cg = (struct sup_cgroup){
		.dir_fd = -1, .has_kill = root->has_kill, .v2_memory = root->v2_memory};
	if (!root->usable) {
		sup_cgroup_limits_names(
			limits, cg->not_enforced, sizeof(cg->not_enforced));
		return 0;
	}
	int n = snprintf(cg->path, sizeof(cg->path), "%s/%s", parent, name);

	if (n >= (int)sizeof(cg->path) || mkdir(cg->path, 0755) < 0) {
		int rc = n >= (int)sizeof(cg->path) ? -ENAMETOOLONG : -errno;

		cg->path[0] = '\0';
		return rc;
	}
	cg->dir_fd = open(cg->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (cg->dir_fd < 0) {
		int rc = -errno;

		sup_cgroup_remove(cg);
		return rc;
	}
	if (limits->memory_bytes && !root->v2_memory)
		join_v1(cg, root, name, SUP_V1_MEMORY);
	if (limits->tasks && !root->v2_pids)
		join_v1(cg, root, name, SUP_V1_PIDS);
	if ((limits->cpu_ppm || limits->cpu_weight) && !root->v2_cpu)
		join_v1(cg, root, name, SUP_V1_CPU);
	if (limits->io_weight && !root->v2_io)
		join_v1(cg, root, name, SUP_V1_BLKIO);
	sup_cgroup_set_limits(cg, root, limits);
	return 0;
}

/* A limit changed, set or taken away. */
static int
update_one(const struct sup_cgroup *cg, bool v2, const char *v2_file,
	enum sup_cgroup_v1 v1, const char *v1_file, uint64_t value, const char *v2_suffix,
	const char *v1_none)
{
	char text[64];

	if (!v2 && !cg->v1[v1])
		return value ? -ENOENT : 0;
	if (value)
		(void)snprintf(text, sizeof(text), "%llu%s", (unsigned long long)value,
			v2 ? v2_suffix : "");
	else
		(void)snprintf(text, sizeof(text), "%s%s", v2 ? "max" : v1_none,
			v2 ? v2_suffix : "");
	return v2 ? sup_cgroup_write(cg->path, v2_file, text)
		  : sup_cgroup_write(v1_dir(cg, v1), v1_file, text);
}

/* In v1 the limit of memory is never above the one with swap, which is therefore out of
 * the way meanwhile. */
static int
update_memory(
	const struct sup_cgroup *cg, const struct sup_cgroup_root *root, uint64_t bytes)
{
	static const char with_swap[] = "memory.memsw.limit_in_bytes";
	const char *v1 = root->v2_memory ? "" : v1_dir(cg, SUP_V1_MEMORY);
	char value[32] = "-1";

	if (v1[0])
		(void)sup_cgroup_write(v1, with_swap, "-1"); /* or it is lower yet */
	int rc = update_one(cg, root->v2_memory, "memory.max", SUP_V1_MEMORY,
		"memory.limit_in_bytes", bytes, "", "-1");

	if (bytes)
		(void)snprintf(value, sizeof(value), "%llu", (unsigned long long)bytes);
	if (v1[0] && rc == 0)
		(void)sup_cgroup_write(v1, with_swap, value);
	if (root->v2_memory && bytes && rc == 0) {
		(void)sup_cgroup_write(cg->path, "memory.oom.group", "1");
		(void)sup_cgroup_write(cg->path, "memory.swap.max", "0");
	}
	return rc;
}

int
sup_cgroup_update(const struct sup_cgroup *cg, const struct sup_cgroup_root *root,
	const struct sup_cgroup_limits *limits)
{
	char period[24];
	int64_t quota_us = limits->cpu_ppm * CPU_PERIOD_US / 1000000;

	if (!cg->path[0])
		return limits->memory_bytes || limits->cpu_ppm || limits->tasks ? -ENOENT
										: 0;
	if (limits->cpu_ppm)
		quota_us = NV_MAX(quota_us, 1000); /* the kernel's smallest */
	(void)snprintf(period, sizeof(period), " %d", CPU_PERIOD_US);
	int rc = update_memory(cg, root, limits->memory_bytes);

	if (rc == 0)
		rc = update_one(cg, root->v2_pids, "pids.max", SUP_V1_PIDS, "pids.max",
			limits->tasks, "", "max");
	if (rc == 0)
		rc = update_one(cg, root->v2_cpu, "cpu.max", SUP_V1_CPU,
			"cpu.cfs_quota_us", (uint64_t)quota_us, period, "-1");
	return rc;
}

void
sup_cgroup_started(struct sup_cgroup *cg)
{
	nv_fd_close(&cg->dir_fd);
	while (cg->n_joins > 0)
		nv_fd_close(&cg->join_fds[--cg->n_joins]);
}

int
sup_cgroup_kill(const struct sup_cgroup *cg)
{
	return sup_cgroup_kill_path(cg->path, cg->has_kill);
}

int
sup_cgroup_freeze(const struct sup_cgroup *cg, bool on)
{
	return sup_cgroup_write(cg->path, "cgroup.freeze", on ? "1" : "0");
}

void
sup_cgroup_signal(const struct sup_cgroup *cg, int sig)
{
	(void)signal_procs(cg->path, sig); /* who is gone already needs none */
}

void
sup_cgroup_usage(const struct sup_cgroup *cg, struct sup_cgroup_usage *ret)
{
	char text[4096] = "";

	*ret = (struct sup_cgroup_usage){0};
	if (sup_cgroup_read(cg->path, "cpu.stat", text, sizeof(text)) == 0)
		ret->cpu_us = sup_cgroup_field(text, "usage_usec");
	if (cg->v2_memory &&
		sup_cgroup_read(cg->path, "memory.peak", text, sizeof(text)) == 0)
		ret->mem_peak_kib = strtoull(text, NULL, 10) / 1024;
	if (cg->v2_memory &&
		sup_cgroup_read(cg->path, "memory.events", text, sizeof(text)) == 0)
		ret->oom_kills = (uint32_t)NV_MAX(sup_cgroup_field(text, "oom_kill"),
			sup_cgroup_field(text, "oom_group_kill"));
	const char *v1 = v1_dir(cg, SUP_V1_MEMORY);

	ret->oom_killed = ret->oom_kills > 0;
	if (!v1[0])
		return;
	if (sup_cgroup_read(v1, "memory.max_usage_in_bytes", text, sizeof(text)) == 0)
		ret->mem_peak_kib = strtoull(text, NULL, 10) / 1024;
	if (sup_cgroup_read(v1, "memory.oom_control", text, sizeof(text)) == 0)
		ret->oom_kills = (uint32_t)sup_cgroup_field(text, "oom_kill");
	ret->oom_killed = ret->oom_kills > 0;
}

void
sup_cgroup_remove(struct sup_cgroup *cg)
{
	sup_cgroup_started(cg);
	for (int i = 0; i < SUP_V1_COUNT; i++) {
		if (cg->v1[i])
			sup_cgroup_remove_tree(v1_dir(cg, (enum sup_cgroup_v1)i));
		cg->v1[i] = false;
	}
	if (cg->path[0] && rmdir(cg->path) < 0)
		sup_cgroup_remove_tree(cg->path); /* a worker may make its own below */
	cg->path[0] = '\0';
}
