/* Credentials directories: see secret.h. */
#include "secret.h"
#include "nv_fd.h"
#include "nv_name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 2048

int
sup_secret_path(char *ret, size_t ret_bytes, const char *run_dir, const char *worker,
	uint32_t instance)
{
	int n = snprintf(
		ret, ret_bytes, "%s/credentials/%s.%u", run_dir, worker, instance);

	return n < 0 || (size_t)n >= ret_bytes ? -ENAMETOOLONG : 0;
}

static int
copy_one(int dir, const char *conf_dir, const char *name, uid_t uid, gid_t gid)
{
	char path[PATH_BYTES];
	NV_CLEANUP_FREE char *data = NULL;
	size_t bytes = 0;
	struct stat st;

	if (!nv_name_valid(name))
		return -EINVAL;
	if (snprintf(path, sizeof(path), "%s/secrets/%s", conf_dir, name) >=
		(int)sizeof(path))
		return -ENAMETOOLONG;
	NV_CLEANUP_FD from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (from < 0 || fstat(from, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((st.st_mode & 077) != 0 || (st.st_uid != 0 && st.st_uid != geteuid()))
		return -EPERM;
	if (st.st_size < 0 || (size_t)st.st_size > SUP_SECRET_BYTES_MAX)
		return -EFBIG;
	data = malloc((size_t)st.st_size + 1);
	if (!data)
		return -ENOMEM;
	ssize_t n = nv_read_full(from, data, (size_t)st.st_size);

	if (n < 0)
		return (int)n;
	bytes = (size_t)n;
	NV_CLEANUP_FD to =
		openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
	int rc = to < 0 ? -errno : nv_write_full(to, data, bytes);

	explicit_bzero(data, (size_t)st.st_size);
	if (rc == 0 && (uid != geteuid() || gid != getegid()) && fchown(to, uid, gid) < 0)
		rc = -errno;
	return rc;
}

int
sup_secret_grant(const char *dir, const char *conf_dir, char *const *names,
	size_t n_names, uid_t uid, gid_t gid, const char **ret_failed)
{
	char parent[PATH_BYTES];

	if (snprintf(parent, sizeof(parent), "%s", dir) >= (int)sizeof(parent))
		return -ENAMETOOLONG;
	*ret_failed = NULL;
	*strrchr(parent, '/') = '\0';
	sup_secret_remove(dir);
	if ((mkdir(parent, 0711) < 0 && errno != EEXIST) || mkdir(dir, 0700) < 0)
		return -errno;
	NV_CLEANUP_FD fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int rc = fd < 0 ? -errno : 0;

	for (size_t i = 0; i < n_names && rc == 0; i++) {
		rc = copy_one(fd, conf_dir, names[i], uid, gid);
		if (rc < 0)
			*ret_failed = names[i];
	}
	if (rc == 0 && (uid != geteuid() || gid != getegid()) && fchown(fd, uid, gid) < 0)
		rc = -errno;
	if (rc < 0)
		sup_secret_remove(dir);
	return rc;
}

/* The worker owns the directory and may have put anything into it: whatever it is,
 * names are removed, links are not followed. */
static void
remove_below(int at, const char *name, int depth)
{
	int fd = depth > 8 ? -1
			   : openat(at, name,
				     O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		nv_fd_close(&fd);
	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0 && (errno == EISDIR || errno == EPERM))
			remove_below(fd, e->d_name, depth + 1);
	}
	if (dir)
		(void)closedir(dir);
	(void)unlinkat(at, name, AT_REMOVEDIR); /* absent is as good */
}

void
sup_secret_remove(const char *dir)
{
	remove_below(AT_FDCWD, dir, 0);
}

void
sup_secret_remove_all(const char *run_dir)
{
	char dir[PATH_BYTES];

	if (snprintf(dir, sizeof(dir), "%s/credentials", run_dir) < (int)sizeof(dir))
		remove_below(AT_FDCWD, dir, 0);
}

void
sup_secret_sweep(
	const char *run_dir, bool (*is_known)(void *arg, const char *path), void *arg)
{
	char path[PATH_BYTES];
	int at = snprintf(path, sizeof(path), "%s/credentials/", run_dir);
	DIR *dir = at < (int)sizeof(path) ? opendir(path) : NULL;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.' ||
			snprintf(path + at, sizeof(path) - (size_t)at, "%s", e->d_name) >=
				(int)(sizeof(path) - (size_t)at))
			continue;
		if (!is_known(arg, path))
			remove_below(AT_FDCWD, path, 0);
	}
	if (dir)
		(void)closedir(dir);
}
