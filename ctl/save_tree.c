/* Trees removed and given away, by descriptors: a path that is looked up again may lead
 * elsewhere by then. See save.h. */
#include "save.h"

#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 32 /* a backup has five */

/* Opens the directory `name`; NULL with errno when it is none or cannot be. */
static DIR *
enter(int at, const char *name, int depth)
{
	if (depth >= DEPTH_MAX) {
		errno = ELOOP;
		return NULL;
	}
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir)
		nv_fd_close(&fd);
	return dir;
}

/* The next name, or NULL; errno is 0 at the end. */
static const char *
next_name(DIR *dir)
{
	const struct dirent *e;

	do {
		errno = 0;
		e = readdir(dir);
	} while (e && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0));
	return e ? e->d_name : NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX */
static int
remove_at(int at, const char *name, int depth)
{
	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	DIR *dir = enter(at, name, depth);
	int rc = dir ? 0 : -errno;

	while (dir && rc == 0) {
		const char *below = next_name(dir);

		rc = below ? remove_at(dirfd(dir), below, depth + 1) : -errno;
		if (!below)
			break;
	}
	if (dir)
		(void)closedir(dir);
	if (rc == 0 && unlinkat(at, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		rc = -errno;
	return rc;
}

int
ctl_remove_tree(const char *path)
{
	return remove_at(AT_FDCWD, path, 0);
}

struct giving {
	uid_t uid;
	gid_t gid;
};

/* A file with a second name is a backup's own, too (segments are shared): a copy of it
 * takes this name, and *fd is of that. */
static int
part_from(int at, const char *name, int *fd)
{
	static const char part[] = ".given.part";
	char data[65536];
	ssize_t n;
	NV_CLEANUP_FD in = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	NV_CLEANUP_FD out =
		openat(at, part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc = in < 0 || out < 0 ? -errno : 0;

	while (rc == 0 && (n = nv_read_full(in, data, sizeof(data))) != 0)
		rc = n < 0 ? (int)n : nv_write_full(out, data, (size_t)n);
	if (rc == 0 && (fsync(out) < 0 || renameat(at, part, at, name) < 0))
		rc = -errno;
	if (rc < 0)
		return rc;
	nv_fd_close(fd);
	*fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	return *fd < 0 ? -errno : 0;
}

static bool
may_give(const struct stat *st, const struct giving *to)
{
	return st->st_uid == to->uid ||
	       (st->st_uid == geteuid() &&
		       (S_ISDIR(st->st_mode) || S_ISREG(st->st_mode)));
}

/* NOLINTNEXTLINE(misc-no-recursion): DEPTH_MAX */
static int
give_at(int at, const char *name, const struct giving *to, int depth)
{
	NV_CLEANUP_FD fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (!may_give(&st, to))
		return -EPERM;
	if (S_ISREG(st.st_mode) && st.st_nlink > 1 && st.st_uid != to->uid)
		rc = part_from(at, name, &fd);
	if (S_ISDIR(st.st_mode)) {
		DIR *dir = enter(fd, ".", depth);

		rc = dir ? 0 : -errno;
		while (dir && rc == 0) {
			const char *below = next_name(dir);

			rc = below ? give_at(dirfd(dir), below, to, depth + 1) : -errno;
			if (!below)
				break;
		}
		if (dir)
			(void)closedir(dir);
	}
	if (rc == 0 && fchownat(fd, "", to->uid, to->gid, AT_EMPTY_PATH) < 0)
		rc = -errno;
	return rc;
}

int
ctl_give_tree(const char *path, uid_t uid, gid_t gid, struct nv_err *err)
{
	const struct giving to = {uid, gid};
	int rc = give_at(AT_FDCWD, path, &to, 0);

	return rc < 0 ? nv_err_set(err, rc, "cannot give %s to user %u: %s", path,
				(unsigned)uid, strerror(-rc))
		      : 0;
}
