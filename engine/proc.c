#include "proc.h"

#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES         4096
#define CGROUP_DEPTH_MAX   8
#define CGROUP_PROCS_BYTES ((size_t)1 << 20)

ssize_t
eng_small_file(const char *path, char *buf, size_t buf_bytes)
{
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	buf[0] = '\0';
	if (fd < 0)
		return -errno;
	ssize_t n = nv_read_full(fd, buf, buf_bytes - 1);

	if (n >= 0)
		buf[n] = '\0';
	return n;
}

static ssize_t
read_proc(int32_t pid, const char *name, char *buf, size_t buf_bytes)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	return eng_small_file(path, buf, buf_bytes);
}

bool
eng_small_number(const char *text, const char *key, uint64_t *ret)
{
	size_t n = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, key, n) == 0) {
			*ret = strtoull(line + n, NULL, 10);
			return true;
		}
	}
	return false;
}

/* Fields of /proc/PID/stat behind the command's name, which may hold anything: field 3
 * (state) is number 0 here. */
int
eng_proc_read(int32_t pid, struct eng_proc *ret)
{
	static long ticks;
	static long page_bytes;
	char buf[FILE_BYTES];
	uint64_t field[22];
	ssize_t n = read_proc(pid, "stat", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	char *p = strrchr(buf, ')');

	if (!p || p[1] != ' ')
		return -EINVAL;
	if (ticks == 0) {
		ticks = NV_MAX(sysconf(_SC_CLK_TCK), 1);
		page_bytes = sysconf(_SC_PAGESIZE);
	}
	p += 3; /* the state's letter is one byte */
	field[0] = 0;
	for (size_t i = 1; i < NV_LEN(field); i++) {
		char *end;

		field[i] = strtoull(p, &end, 10);
		if (end == p)
			return -EINVAL;
		p = end;
	}
	uint64_t cpu_ticks = field[11] + field[12] + field[13] + field[14];

	*ret = (struct eng_proc){.pid = pid,
		.ppid = (int32_t)field[1],
		.cpu_us = cpu_ticks * 1000000 / (uint64_t)ticks,
		.threads = (uint32_t)field[17],
		.rss_bytes = field[21] * (uint64_t)page_bytes};
	return 0;
}

static int
compare_pid(const void *a, const void *b)
{
	int32_t x = ((const struct eng_proc *)a)->pid;
	int32_t y = ((const struct eng_proc *)b)->pid;

	return (x > y) - (x < y);
}

static int
add(struct eng_procs *procs, const struct eng_proc *p)
{
	if (procs->n == procs->cap) {
		size_t cap = procs->cap ? procs->cap * 2 : 256;
		struct eng_proc *list;

		if (cap > ENG_PROCS_MAX)
			return -ENOBUFS;
		list = reallocarray(procs->list, cap, sizeof(*list));
		if (!list)
			return -ENOMEM;
		procs->list = list;
		procs->cap = cap;
	}
	procs->list[procs->n++] = *p;
	return 0;
}

int
eng_procs_scan(struct eng_procs *procs)
{
	DIR *dir = opendir("/proc");
	int rc = 0;

	procs->n = 0;
	if (!dir)
		return -errno;
	for (struct dirent *e; rc == 0 && (e = readdir(dir));) {
		struct eng_proc p;
		char *end;
		long pid = strtol(e->d_name, &end, 10);

		if (pid > 0 && *end == '\0' && eng_proc_read((int32_t)pid, &p) == 0)
			rc = add(procs, &p);
	}
	(void)closedir(dir);
	if (procs->n > 0)
		qsort(procs->list, procs->n, sizeof(*procs->list), compare_pid);
	return rc;
}

void
eng_procs_fini(struct eng_procs *procs)
{
	free(procs->list);
	*procs = (struct eng_procs){0};
}

struct eng_proc *
eng_procs_find(const struct eng_procs *procs, int32_t pid)
{
	struct eng_proc key = {.pid = pid};

	if (procs->n == 0)
		return NULL;
	return bsearch(&key, procs->list, procs->n, sizeof(key), compare_pid);
}

size_t
eng_procs_tree(struct eng_procs *procs, int32_t root, int32_t *pids, size_t max)
{
	struct eng_proc *p = eng_procs_find(procs, root);
	size_t n = 0;
	bool grew = true;

	if (!p || p->taken || max == 0)
		return 0;
	p->taken = true;
	pids[n++] = root;
	/* Children mostly have higher pids than their parents: one pass nearly always
	 * finds all, another one the rest. */
	while (grew && n < max) {
		grew = false;
		for (size_t i = 0; i < procs->n && n < max; i++) {
			struct eng_proc *child = &procs->list[i];
			bool ours = false;

			for (size_t k = 0; k < n && !child->taken && !ours; k++)
				ours = pids[k] == child->ppid;
			if (!ours)
				continue;
			child->taken = true;
			pids[n++] = child->pid;
			grew = true;
		}
	}
	return n;
}

static long
add_cgroup_procs(const char *dir, int32_t *pids, size_t n, size_t max)
{
	char path[400];
	size_t bytes;
	NV_CLEANUP_FREE char *text = NULL;

	(void)snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	int rc = nv_read_file_at(AT_FDCWD, path, CGROUP_PROCS_BYTES, &text, &bytes);

	if (rc < 0)
		return rc;
	for (char *p = text; *p && n < max;) {
		char *end;
		long pid = strtol(p, &end, 10);

		if (end == p)
			break;
		if (pid > 0)
			pids[n++] = (int32_t)pid;
		p = *end == '\n' ? end + 1 : end;
	}
	return (long)n;
}

static long
cgroup_walk(const char *dir, int32_t *pids, size_t n, size_t max, unsigned depth)
{
	long rc = add_cgroup_procs(dir, pids, n, max);
	DIR *d = rc >= 0 && depth < CGROUP_DEPTH_MAX ? opendir(dir) : NULL;

	if (!d)
		return rc;
	for (struct dirent *e; (e = readdir(d));) {
		char child[400];

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		if (snprintf(child, sizeof(child), "%s/%s", dir, e->d_name) >=
			(int)sizeof(child))
			continue;
		long more = cgroup_walk(child, pids, (size_t)rc, max, depth + 1);

		if (more >= 0)
			rc = more;
	}
	(void)closedir(d);
	return rc;
}

long
eng_cgroup_pids(const char *dir, int32_t *pids, size_t max)
{
	return cgroup_walk(dir, pids, 0, max, 0);
}

int
eng_cgroup_cpu(const char *dir, uint64_t *ret_us)
{
	char path[400];
	char buf[FILE_BYTES];

	(void)snprintf(path, sizeof(path), "%s/cpu.stat", dir);
	ssize_t n = eng_small_file(path, buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	return eng_small_number(buf, "usage_usec ", ret_us) ? 0 : -ENOENT;
}

int
eng_proc_fds(int32_t pid, uint32_t *ret)
{
	char path[64];
	uint32_t n = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	DIR *dir = opendir(path);

	if (!dir)
		return -errno;
	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	(void)closedir(dir);
	*ret = n;
	return 0;
}

int
eng_proc_io(int32_t pid, uint64_t *ret_read, uint64_t *ret_write)
{
	char buf[FILE_BYTES];
	uint64_t bytes_read;
	uint64_t bytes_written;
	ssize_t n = read_proc(pid, "io", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	if (!eng_small_number(buf, "read_bytes: ", &bytes_read) ||
		!eng_small_number(buf, "write_bytes: ", &bytes_written))
		return -ENOENT;
	*ret_read = bytes_read;
	*ret_write = bytes_written;
	return 0;
}

int
eng_proc_pss(int32_t pid, uint64_t *ret_bytes)
{
	char buf[FILE_BYTES];
	uint64_t kib;
	ssize_t n = read_proc(pid, "smaps_rollup", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	if (!eng_small_number(buf, "Pss:", &kib))
		return -ENOENT;
	*ret_bytes = kib << 10;
	return 0;
}
