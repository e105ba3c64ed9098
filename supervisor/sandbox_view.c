/* A file system view of its own, built in a new mount namespace by the child that will
 * see it: what is to stay is taken first, then the covers come, then it is put back.
 * System calls only: see sandbox_child.c. */
#include "sandbox.h"
#include "sandbox_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define EMPTY_PATH 0x1000 /* AT_EMPTY_PATH */

ON_CHILD_STACK static void
close_keep_errno(int fd)
{
	int error = errno;

	(void)close(fd);
	errno = error;
}

ON_CHILD_STACK static int
take(const char *path, unsigned flags)
{
	return (int)syscall(NR_OPEN_TREE, AT_FDCWD, path, TREE_CLONE | O_CLOEXEC | flags);
}

/* Put the mount `fd` at path; the descriptor is used up. */
ON_CHILD_STACK static bool
put(int fd, const char *path)
{
	long rc = syscall(
		NR_MOVE_MOUNT, fd, "", AT_FDCWD, path, MOVE_FROM_FD | MOVE_FOLLOW_TARGET);

	close_keep_errno(fd);
	return rc == 0;
}

ON_CHILD_STACK static bool
make_read_only(int fd, const char *path, unsigned flags)
{
	struct mount_change change = {.attr_set = MOUNT_READ_ONLY};

	return syscall(NR_MOUNT_SETATTR, fd, path, flags, &change, sizeof(change)) == 0;
}

/* ---- covers ---- */

ON_CHILD_STACK static bool
is_plain_directory(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* An empty directory in the place of this one; where there is none (or a link to another
 * that has its own turn) nothing is to be done. */
ON_CHILD_STACK static bool
cover(struct sup_sandbox *s, const char *path, const char *options)
{
	if (!is_plain_directory(path))
		return true;
	s->failed = path;
	return mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, options) == 0;
}

ON_CHILD_STACK static bool
make_node(const char *path, int from)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);

	if (fd < 0) {
		close_keep_errno(from);
		return false;
	}
	(void)close(fd);
	return put(from, path);
}

#define DEVICES 6

/* No mknod: in a user namespace there is none. The machine's own nodes are taken. */
ON_CHILD_STACK static bool
fill_dev(struct sup_sandbox *s)
{
	static const char *const devices[DEVICES] = {"/dev/null", "/dev/zero",
		"/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
	int fds[DEVICES];

	for (unsigned i = 0; i < DEVICES; i++) {
		s->failed = devices[i];
		fds[i] = take(devices[i], 0);
		/* There may be no terminals at all. */
		if (i < DEVICES - 1 && fds[i] < 0)
			return false;
	}
	s->failed = "/dev";
	if (mount("tmpfs", "/dev", "tmpfs", MS_NOSUID | MS_NOEXEC,
		    "mode=0755,size=1m,nr_inodes=1024") < 0)
		return false;
	for (unsigned i = 0; i < DEVICES; i++) {
		s->failed = devices[i];
		if (fds[i] >= 0 && !make_node(devices[i], fds[i]))
			return false;
	}
	s->failed = "/dev";
	if (mkdir("/dev/shm", 0755) < 0 || mkdir("/dev/pts", 0755) < 0 ||
		symlink("/proc/self/fd", "/dev/fd") < 0 ||
		symlink("/proc/self/fd/0", "/dev/stdin") < 0 ||
		symlink("/proc/self/fd/1", "/dev/stdout") < 0 ||
		symlink("/proc/self/fd/2", "/dev/stderr") < 0 ||
		symlink("pts/ptmx", "/dev/ptmx") < 0)
		return false;
	return mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		       s->tmp_options) == 0 &&
	       mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
		       "newinstance,ptmxmode=0666,mode=0620") == 0;
}

static const char *const homes[] = {"/home", "/root", "/run/user"};

ON_CHILD_STACK static bool
put_covers(struct sup_sandbox *s)
{
	if (s->read_only) {
		s->failed = "/";
		if (!make_read_only(AT_FDCWD, "/", TREE_RECURSIVE))
			return false;
	}
	if (s->private_tmp && (!cover(s, "/tmp", s->tmp_options) ||
				      !cover(s, "/var/tmp", s->tmp_options)))
		return false;
	for (unsigned i = 0; s->no_home && i < NV_LEN(homes); i++) {
		if (!cover(s, homes[i], "mode=0755,size=1m,nr_inodes=4096"))
			return false;
	}
	return !s->private_dev || fill_dev(s);
}

/* What stands on a cover is complete: no more of it can be made. */
ON_CHILD_STACK static bool
seal_covers(struct sup_sandbox *s)
{
	for (unsigned i = 0; s->no_home && i < NV_LEN(homes); i++) {
		s->failed = homes[i];
		if (is_plain_directory(homes[i]) &&
			!make_read_only(AT_FDCWD, homes[i], 0))
			return false;
	}
	s->failed = "/dev";
	return !s->private_dev || make_read_only(AT_FDCWD, "/dev", 0);
}

/* ---- what stays ---- */

ON_CHILD_STACK static bool
take_keeps(struct sup_sandbox *s)
{
	for (unsigned i = 0; i < s->n_keeps; i++) {
		struct sup_keep *k = &s->keeps[i];

		s->failed = k->path;
		k->fd = take(k->path, TREE_RECURSIVE);
		if (k->fd < 0 && !(k->optional && (errno == ENOENT || errno == EACCES)))
			return false;
		if (k->fd >= 0 && k->read_only &&
			!make_read_only(k->fd, "", TREE_RECURSIVE | EMPTY_PATH))
			return false;
	}
	return true;
}

/* On an empty cover there is nothing to put it on yet. Elsewhere all of it exists, and
 * the attempts fail. */
ON_CHILD_STACK static void
make_point(const struct sup_keep *k)
{
	char path[4096];
	size_t n = strlen(k->path);
	struct stat st;
	bool directory = fstat(k->fd, &st) == 0 && S_ISDIR(st.st_mode);

	if (n >= sizeof(path) || access(k->path, F_OK) == 0)
		return;
	memcpy(path, k->path, n + 1);
	for (size_t i = 1; i < n; i++) {
		if (path[i] != '/')
			continue;
		path[i] = '\0';
		(void)mkdir(path, 0755);
		path[i] = '/';
	}
	if (directory) {
		(void)mkdir(path, 0755);
		return;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd >= 0)
		(void)close(fd);
}

ON_CHILD_STACK static bool
put_keeps(struct sup_sandbox *s)
{
	for (unsigned i = 0; i < s->n_keeps; i++) {
		struct sup_keep *k = &s->keeps[i];

		if (k->fd < 0)
			continue;
		s->failed = k->path;
		make_point(k);
		if (!put(k->fd, k->path))
			return false;
	}
	return true;
}

/* ---- what is hidden ---- */

#define SCRATCH "/tmp"

/* An empty file or directory that nobody may open stands in for each. They are made on a
 * scratch mount, which is gone before they are put where they belong. */
ON_CHILD_STACK static bool
take_hides(struct sup_sandbox *s)
{
	for (unsigned i = 0; i < s->n_hides; i++) {
		struct sup_hide *h = &s->hides[i];
		struct stat st;

		s->failed = h->path;
		h->present = stat(h->path, &st) == 0;
		h->directory = h->present && S_ISDIR(st.st_mode);
		/* Absent, or out of reach already. */
		if (!h->present && errno != ENOENT && errno != EACCES && errno != ENOTDIR)
			return false;
	}
	s->failed = SCRATCH;
	if (mount("tmpfs", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		    "mode=0700,size=64k,nr_inodes=8") < 0 ||
		mkdir(SCRATCH "/directory", 0) < 0)
		return false;
	int fd = open(SCRATCH "/file", O_WRONLY | O_CREAT | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	(void)close(fd);
	for (unsigned i = 0; i < s->n_hides; i++) {
		struct sup_hide *h = &s->hides[i];

		h->fd = !h->present    ? -1
			: h->directory ? take(SCRATCH "/directory", 0)
				       : take(SCRATCH "/file", 0);
		if (h->present && (h->fd < 0 || !make_read_only(h->fd, "", EMPTY_PATH)))
			return false;
	}
	return umount2(SCRATCH, MNT_DETACH) == 0;
}

ON_CHILD_STACK static bool
put_hides(struct sup_sandbox *s)
{
	for (unsigned i = 0; i < s->n_hides; i++) {
		struct sup_hide *h = &s->hides[i];

		s->failed = h->path;
		if (h->present && !put(h->fd, h->path))
			return false;
	}
	return true;
}

ON_CHILD_STACK enum sup_stage
sup_view_enter(struct sup_sandbox *s)
{
	(void)umask(0); /* of the child; spawn.c sets the worker's later */
	s->failed = "/";
	/* News from outside come in, nothing goes out. */
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return SUP_STAGE_MOUNT;
	if (!take_keeps(s) || !put_covers(s) || !put_keeps(s) || !seal_covers(s))
		return SUP_STAGE_MOUNT;
	if (s->n_hides > 0 && (!take_hides(s) || !put_hides(s)))
		return SUP_STAGE_MOUNT;
	s->failed = NULL;
	return SUP_STAGE_NONE;
}
