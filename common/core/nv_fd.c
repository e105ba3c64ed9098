/* File descriptors: see nv_fd.h. */
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

void
nv_fd_close(int *fd)
{
	if (*fd >= 0) {
		int saved = errno;

		(void)close(*fd); /* Linux frees the number whatever close returns */
		errno = saved;
		*fd = -1;
	}
}

int
nv_fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static int
set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	int wanted = on ? flags | flag : flags & ~flag;

	if (wanted != flags && fcntl(fd, set, wanted) < 0)
		return -errno;
	return 0;
}

int
nv_fd_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int
nv_fd_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int
nv_pipe(int *ret_read, int *ret_write, size_t capacity_bytes)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	if (capacity_bytes > 0)
		(void)fcntl(fds[1], F_SETPIPE_SZ, (int)capacity_bytes); /* a wish */
	*ret_read = fds[0];
	*ret_write = fds[1];
	return 0;
}

int
nv_listen_unix(const char *path, int type, mode_t mode, int backlog)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	size_t bytes = strlen(path);

	if (bytes >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	memcpy(at.sun_path, path, bytes + 1);
	NV_CLEANUP_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	(void)unlink(path);
	mode_t mask = umask(~mode & 0777);
	int rc = bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;

	(void)umask(mask);
	if (rc == 0 && listen(fd, backlog) < 0)
		rc = -errno;
	return rc < 0 ? rc : nv_fd_steal(&fd);
}

int
nv_connect_unix(const char *dir, const char *name, int type)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (snprintf(at.sun_path, sizeof(at.sun_path), "%s%s%s", dir ? dir : "",
		    dir ? "/" : "", name) >= (int)sizeof(at.sun_path))
		return -ENAMETOOLONG;
	NV_CLEANUP_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	return nv_fd_steal(&fd);
}

int
nv_write_full(int fd, const void *data, size_t bytes)
{
	const char *at = data;

	while (bytes > 0) {
		ssize_t n = write(fd, at, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		bytes -= (size_t)n;
	}
	return 0;
}

ssize_t
nv_read_full(int fd, void *data, size_t bytes)
{
	char *at = data;
	size_t got = 0;

	while (got < bytes) {
		ssize_t n = read(fd, at + got, bytes - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

int
nv_read_file_at(
	int dirfd, const char *path, size_t bytes_max, char **ret_data, size_t *ret_bytes)
{
	NV_CLEANUP_FD fd = openat(
		dirfd < 0 ? AT_FDCWD : dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	NV_CLEANUP_FREE char *data = NULL;
	size_t cap = 4096;
	size_t used = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		char *grown = realloc(data, cap + 1);

		if (!grown)
			return -ENOMEM;
		data = grown;
		ssize_t n = nv_read_full(fd, data + used, cap - used);

		if (n < 0)
			return (int)n;
		used += (size_t)n;
		if (used < cap)
			break;
		if (cap > bytes_max)
			return -EFBIG;
		cap *= 2;
	}
	if (used > bytes_max)
		return -EFBIG;
	data[used] = '\0';
	*ret_data = data;
	data = NULL;
	if (ret_bytes)
		*ret_bytes = used;
	return 0;
}

static int
sync_parent(const char *path)
{
	char dir[4096];
	const char *slash = strrchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : 1;

	if (len >= sizeof(dir))
		return -ENAMETOOLONG;
	memcpy(dir, slash ? path : ".", len);
	dir[len] = '\0';
	NV_CLEANUP_FD fd = open(len ? dir : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}

int
nv_write_file_atomic(const char *path, const void *data, size_t bytes, mode_t mode)
{
	char tmp[4096];

	if (snprintf(tmp, sizeof(tmp), "%s.new.%d", path, (int)getpid()) >=
		(int)sizeof(tmp))
		return -ENAMETOOLONG;
	/* What lies there under this name is none of ours, and is not written through. */
	(void)unlink(tmp);
	NV_CLEANUP_FD fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	int rc = nv_write_full(fd, data, bytes);

	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	if (rc == 0 && rename(tmp, path) < 0)
		rc = -errno;
	if (rc < 0) {
		(void)unlink(tmp); /* the error that matters is rc */
		return rc;
	}
	return sync_parent(path);
}

int
nv_mkdir_p(const char *path, mode_t mode)
{
	char part[4096];
	size_t len = strlen(path);

	if (len == 0 || len >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, path, len + 1);
	for (char *at = part + 1; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
		*at = '/';
	}
	if (mkdir(part, mode) < 0 && errno != EEXIST)
		return -errno;
	struct stat st;

	if (stat(part, &st) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
