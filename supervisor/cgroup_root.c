/* The fleet's subtree: where this process may make cgroups, which controllers it can
 * hand down, and the removal of what an earlier fleet left. */
#include "cgroup.h"
#include "cgroup_file.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROC_FILE_BYTES_MAX ((size_t)1 << 20)
#define DEPTH_MAX           16
#define LEFTOVER_WAIT_MS    10000

static void
remove_below(int dirfd, const char *name, int depth)
{
	if (depth < DEPTH_MAX) {
		int fd = openat(
			dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		DIR *dir = fd < 0 ? NULL : fdopendir(fd);

		if (!dir)
			nv_fd_close(&fd);
		for (struct dirent *e; dir && (e = readdir(dir));) {
			if (e->d_type == DT_DIR && e->d_name[0] != '.')
				remove_below(fd, e->d_name, depth + 1);
		}
		if (dir)
			(void)closedir(dir);
	}
	/* EBUSY: something lives there; whoever asked looks at populated first. */
	(void)unlinkat(dirfd, name, AT_REMOVEDIR);
}

void
sup_cgroup_remove_tree(const char *path)
{
	remove_below(AT_FDCWD, path, 0);
}

static bool
has_word(const char *text, const char *word, char between)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)); at += len) {
		bool begins = at == text || at[-1] == between;

		if (begins && (at[len] == between || at[len] == '\n' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* Where hierarchy `controller` ("" = v2) is mounted: its mount point and the part of
 * the hierarchy that shows there. False when it is not. */
static bool
find_mount(const char *mountinfo, const char *controller, char *ret_root, char *ret_point)
{
	for (const char *line = mountinfo; *line;) {
		const char *end = strchrnul(line, '\n');
		char copy[1024];
		char type[32] = "";
		char options[512] = "";
		char root[SUP_CGROUP_PATH_MAX];
		char point[SUP_CGROUP_PATH_MAX];
		size_t len = NV_MIN((size_t)(end - line), sizeof(copy) - 1);

		memcpy(copy, line, len);
		copy[len] = '\0';
		line = *end ? end + 1 : end;
		const char *dash = strstr(copy, " - ");

		if (!dash || sscanf(copy, "%*s %*s %*s %255s %255s", root, point) != 2 ||
			sscanf(dash, " - %31s %*s %511s", type, options) != 2)
			continue;
		bool match = controller[0] ? strcmp(type, "cgroup") == 0 &&
						     has_word(options, controller, ',')
					   : strcmp(type, "cgroup2") == 0;

		if (!match)
			continue;
		(void)snprintf(ret_root, SUP_CGROUP_PATH_MAX, "%s", root);
		(void)snprintf(ret_point, SUP_CGROUP_PATH_MAX, "%s", point);
		return true;
	}
	return false;
}

/* This process' place in the hierarchy of `controller`, from /proc/self/cgroup. */
static bool
find_own(const char *cgroups, const char *controller, char *ret_path)
{
	for (const char *line = cgroups; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *names = memchr(line, ':', (size_t)(end - line));
		const char *path =
			names ? memchr(names + 1, ':', (size_t)(end - names - 1)) : NULL;
		size_t want = strlen(controller);

		if (path) {
			bool match = (size_t)(path - names - 1) == want && want == 0;

			for (const char *at = names + 1; want > 0 && at < path;) {
				const char *comma = memchr(at, ',', (size_t)(path - at));
				size_t len = (size_t)((comma ? comma : path) - at);

				match |= len == want && memcmp(at, controller, len) == 0;
				at += len + 1;
			}
			if (match) {
				(void)snprintf(ret_path, SUP_CGROUP_PATH_MAX, "%.*s",
					(int)(end - path - 1), path + 1);
				return true;
			}
		}
		line = *end ? end + 1 : end;
	}
	return false;
}

/* Directory of this process in the hierarchy; false when it cannot be seen. */
static bool
own_directory(
	const char *mountinfo, const char *cgroups, const char *controller, char *ret)
{
	char root[SUP_CGROUP_PATH_MAX];
	char point[SUP_CGROUP_PATH_MAX];
	char own[SUP_CGROUP_PATH_MAX];

	if (!find_mount(mountinfo, controller, root, point) ||
		!find_own(cgroups, controller, own))
		return false;
	size_t cut = strcmp(root, "/") == 0 ? 0 : strlen(root);
	const char *below = strncmp(own, root, cut) == 0 ? own + cut : "";
	int n = snprintf(ret, SUP_CGROUP_PATH_MAX, "%s%s", point,
		strcmp(below, "/") == 0 ? "" : below);

	return n < SUP_CGROUP_PATH_MAX;
}

static uint64_t
fnv1a(uint64_t hash, const void *data, size_t bytes)
{
	for (const uint8_t *at = data; bytes > 0; at++, bytes--)
		hash = (hash ^ *at) * UINT64_C(1099511628211);
	return hash;
}

/* The name comes from what the lock locks, so that two fleets can have the same
 * one only when they cannot run at the same time. */
static int
fleet_name(const char *run_dir, char *ret, size_t ret_bytes)
{
	struct stat st;

	if (stat(run_dir, &st) < 0)
		return -errno;
	uint64_t hash = fnv1a(UINT64_C(14695981039346656037), run_dir, strlen(run_dir));

	hash = fnv1a(hash, &st.st_dev, sizeof(st.st_dev));
	hash = fnv1a(hash, &st.st_ino, sizeof(st.st_ino));
	(void)snprintf(ret, ret_bytes, "nova-%016llx", (unsigned long long)hash);
	return 0;
}

static bool
kill_and_wait(const char *path, bool has_kill, int64_t wait_ms)
{
	int64_t until = nv_mono_ms() + wait_ms;

	while (sup_cgroup_populated(path) == 1) {
		(void)sup_cgroup_kill_path(path, has_kill);
		if (nv_mono_ms() >= until)
			return false;
		(void)poll(
			NULL, 0, 5); /* the kernel tells by inotify only; this is rare */
	}
	return true;
}

/* True when this process is the only one in its cgroup, which may then be split. */
static bool
alone_in(const char *dir)
{
	char text[64];

	return sup_cgroup_read(dir, "cgroup.procs", text, sizeof(text)) == 0 &&
	       strtol(text, NULL, 10) == (long)getpid() &&
	       strchr(text, '\n') == strrchr(text, '\n');
}

/* Hand controllers down to own/nova-ID/agents. A cgroup that has processes (and is not
 * the root) cannot do that: then this process moves into a leaf of its own first. */
static void
enable_controllers(struct sup_cgroup_root *root, const char *own, const char *fleet)
{
	static const char *const names[] = {"memory", "pids", "cpu", "io"};
	bool *const have[] = {
		&root->v2_memory, &root->v2_pids, &root->v2_cpu, &root->v2_io};
	char path[SUP_CGROUP_PATH_MAX + 16];
	char text[512];

	if (sup_cgroup_read(own, "cgroup.controllers", text, sizeof(text)) < 0 ||
		!strpbrk(text, "abcdefghijklmnopqrstuvwxyz"))
		return;
	bool is_root = sup_cgroup_populated(own) == 0; /* the root has no such file */

	if (!is_root && alone_in(own)) {
		(void)snprintf(path, sizeof(path), "%s/supervisor", fleet);
		if (mkdir(path, 0755) == 0 || errno == EEXIST)
			(void)sup_cgroup_write(path, "cgroup.procs", "0");
	}
	for (size_t i = 0; i < NV_LEN(names); i++) {
		char line[32];

		if (!has_word(text, names[i], ' '))
			continue;
		(void)snprintf(line, sizeof(line), "+%s", names[i]);
		*have[i] =
			sup_cgroup_write(own, "cgroup.subtree_control", line) == 0 &&
			sup_cgroup_write(fleet, "cgroup.subtree_control", line) == 0 &&
			sup_cgroup_write(root->path, "cgroup.subtree_control", line) == 0;
	}
}

static void
find_v1(struct sup_cgroup_root *root, const char *mountinfo, const char *cgroups,
	const char *fleet)
{
	static const char *const names[SUP_V1_COUNT] = {"memory", "pids", "cpu", "blkio"};

	for (int i = 0; i < SUP_V1_COUNT; i++) {
		char own[SUP_CGROUP_PATH_MAX];
		char *path = root->v1_path[i];

		if (!own_directory(mountinfo, cgroups, names[i], own))
			continue;
		int n = snprintf(path, SUP_CGROUP_PATH_MAX, "%s/%s", own, fleet);

		if (n < SUP_CGROUP_PATH_MAX)
			sup_cgroup_remove_tree(path); /* of an earlier fleet */
		if (n >= SUP_CGROUP_PATH_MAX || mkdir(path, 0755) < 0)
			path[0] = '\0';
	}
}

static int
make_subtree(struct sup_cgroup_root *root, const char *own, const char *name)
{
	char *fleet = root->fleet;
	char file[SUP_CGROUP_PATH_MAX + 16];

	if (snprintf(fleet, sizeof(root->fleet), "%s/%s", own, name) >=
			(int)sizeof(root->fleet) ||
		snprintf(root->path, sizeof(root->path), "%s/agents", fleet) >=
			(int)sizeof(root->path))
		return -ENAMETOOLONG;
	(void)snprintf(file, sizeof(file), "%s/cgroup.kill", fleet);
	if (access(fleet, F_OK) == 0) {
		if (!kill_and_wait(fleet, access(file, F_OK) == 0, LEFTOVER_WAIT_MS))
			return -EBUSY;
		sup_cgroup_remove_tree(fleet);
	}
	if (mkdir(fleet, 0755) < 0 || mkdir(root->path, 0755) < 0)
		return -errno;
	root->has_kill = access(file, W_OK) == 0;
	enable_controllers(root, own, fleet);
	return 0;
}

void
sup_cgroup_root_make(struct sup_cgroup_root *root, const char *mountinfo,
	const char *cgroups, const char *name)
{
	char own[SUP_CGROUP_PATH_MAX];

	*root = (struct sup_cgroup_root){0};
	if (!own_directory(mountinfo, cgroups, "", own)) {
		(void)snprintf(root->why_not, sizeof(root->why_not),
			"no cgroup v2 hierarchy is mounted");
		return;
	}
	int rc = make_subtree(root, own, name);

	if (rc < 0) {
		(void)snprintf(root->why_not, sizeof(root->why_not),
			"no cgroup can be made below %.80s: %s", own, strerror(-rc));
		return;
	}
	find_v1(root, mountinfo, cgroups, name);
	root->usable = true;
}

void
sup_cgroup_root_init(struct sup_cgroup_root *root, const char *run_dir)
{
	NV_CLEANUP_FREE char *mountinfo = NULL;
	NV_CLEANUP_FREE char *cgroups = NULL;
	char name[64];
	const char *off = getenv("NOVA_NO_CGROUP");

	*root = (struct sup_cgroup_root){0};
	if (off && off[0] && strcmp(off, "0") != 0) {
		(void)snprintf(
			root->why_not, sizeof(root->why_not), "NOVA_NO_CGROUP is set");
		return;
	}
	int rc = fleet_name(run_dir, name, sizeof(name));

	if (rc == 0)
		rc = nv_read_file_at(AT_FDCWD, "/proc/self/mountinfo",
			PROC_FILE_BYTES_MAX, &mountinfo, NULL);
	if (rc == 0)
		rc = nv_read_file_at(AT_FDCWD, "/proc/self/cgroup", PROC_FILE_BYTES_MAX,
			&cgroups, NULL);
	if (rc == 0)
		sup_cgroup_root_make(root, mountinfo, cgroups, name);
	else
		(void)snprintf(root->why_not, sizeof(root->why_not),
			"its place in the hierarchy cannot be read: %s", strerror(-rc));
}

void
sup_cgroup_root_fini(struct sup_cgroup_root *root, int64_t wait_ms)
{
	if (!root->usable)
		return;
	(void)kill_and_wait(root->path, root->has_kill, wait_ms);
	for (int i = 0; i < SUP_V1_COUNT; i++) {
		if (root->v1_path[i][0])
			sup_cgroup_remove_tree(root->v1_path[i]);
	}
	sup_cgroup_remove_tree(root->fleet);
	root->usable = false;
}

static void
sweep_below(const struct sup_cgroup_root *root, const char *parent,
	bool (*is_known)(void *arg, const char *path), void *arg)
{
	char path[SUP_CGROUP_PATH_MAX];
	DIR *dir = opendir(parent);

	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.' ||
			snprintf(path, sizeof(path), "%s/%s", parent, e->d_name) >=
				(int)sizeof(path) ||
			is_known(arg, path))
			continue;
		(void)kill_and_wait(path, root->has_kill, LEFTOVER_WAIT_MS);
		sup_cgroup_remove_tree(path);
		for (int i = 0; i < SUP_V1_COUNT; i++) {
			if (root->v1_path[i][0] &&
				snprintf(path, sizeof(path), "%s/%s", root->v1_path[i],
					e->d_name) < (int)sizeof(path))
				sup_cgroup_remove_tree(path);
		}
	}
	if (dir)
		(void)closedir(dir);
}

void
sup_cgroup_sweep(const struct sup_cgroup_root *root,
	bool (*is_known)(void *arg, const char *path), void *arg)
{
	if (!root->usable)
		return;
	sweep_below(root, root->path, is_known, arg);
	sweep_below(root, root->fleet, is_known, arg);
}
