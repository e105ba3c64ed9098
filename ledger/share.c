/* See share.h. */
#include "share.h"

#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COPY_BYTES 65536

int
led_copy_file(const char *from, const char *to, struct nv_err *err)
{
	NV_CLEANUP_FD in = open(from, O_RDONLY | O_CLOEXEC);
	char data[COPY_BYTES];
	ssize_t n;

	if (in < 0)
		return nv_err_set(err, -errno, "%s: %s", from, strerror(errno));
	NV_CLEANUP_FD out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (out < 0)
		return nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	while ((n = nv_read_full(in, data, sizeof(data))) > 0) {
		int rc = nv_write_full(out, data, (size_t)n);

		if (rc < 0)
			return nv_err_set(err, rc, "%s: %s", to, strerror(-rc));
	}
	if (n < 0)
		return nv_err_set(err, (int)n, "%s: %s", from, strerror((int)-n));
	if (fsync(out) < 0)
		return nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	return 0;
}

static bool
is_segment(const char *name)
{
	const char *end = strrchr(name, '.');

	return end && strcmp(end, ".seg") == 0;
}

static int
join(char path[PATH_MAX], const char *dir, const char *name)
{
	int n = snprintf(path, PATH_MAX, "%s/%s", dir, name);

	return n < 0 || n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

static int
share_one(const char *from_dir, const char *to_dir, const char *name, bool replace,
	struct nv_err *err)
{
	char from[PATH_MAX];
	char to[PATH_MAX];
	char part[PATH_MAX];
	struct stat a;
	struct stat b;

	if (join(from, from_dir, name) < 0 || join(to, to_dir, name) < 0 ||
		join(part, to_dir, "copy.part") < 0)
		return nv_err_set(err, -ENAMETOOLONG, "the path %s is too long", to_dir);
	if (stat(from, &a) < 0)
		return nv_err_set(err, -errno, "%s: %s", from, strerror(errno));
	if (stat(to, &b) == 0 && (b.st_size == a.st_size || !replace))
		return 0;
	(void)unlink(to); /* one of another size is none */
	if (link(from, to) == 0)
		return 0;
	(void)unlink(part); /* of one that was interrupted */
	int rc = led_copy_file(from, part, err);

	if (rc == 0 && rename(part, to) < 0)
		rc = nv_err_set(err, -errno, "%s: %s", to, strerror(errno));
	return rc;
}

int
led_share_segments(const char *from, const char *to, bool replace, struct nv_err *err)
{
	DIR *dir = opendir(from);
	struct dirent *entry;

	if (!dir && errno == ENOENT)
		return 0;
	if (!dir)
		return nv_err_set(err, -errno, "%s: %s", from, strerror(errno));
	int rc = nv_mkdir_p(to, 0700);

	if (rc < 0)
		(void)nv_err_set(err, rc, "cannot make %s: %s", to, strerror(-rc));
	while (rc == 0 && (entry = readdir(dir))) {
		if (is_segment(entry->d_name))
			rc = share_one(from, to, entry->d_name, replace, err);
	}
	(void)closedir(dir); /* it was only read */
	NV_CLEANUP_FD fd = rc == 0 ? open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (rc == 0 && (fd < 0 || fsync(fd) < 0))
		rc = nv_err_set(err, -errno, "cannot sync %s: %s", to, strerror(errno));
	return rc;
}

void
led_unshare_segments(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		if ((is_segment(entry->d_name) || strstr(entry->d_name, ".part")) &&
			join(file, path, entry->d_name) == 0)
			(void)unlink(file); /* the directory then stays */
	}
	if (dir)
		(void)closedir(dir); /* it was only read */
	(void)rmdir(path);           /* not there, or somebody put something into it */
}

int
led_give_segments(const char *path, unsigned uid, unsigned gid)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	char file[PATH_MAX];
	int rc = 0;

	if (!dir)
		return errno == ENOENT ? 0 : -errno;
	while (rc == 0 && (entry = readdir(dir))) {
		if (is_segment(entry->d_name) && join(file, path, entry->d_name) == 0 &&
			lchown(file, uid, gid) < 0)
			rc = -errno;
	}
	(void)closedir(dir); /* it was only read */
	return rc == 0 && lchown(path, uid, gid) < 0 ? -errno : rc;
}
