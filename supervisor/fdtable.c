/* The shared descriptor table: see fdtable.h. */
#include "fdtable.h"
#include "nv_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#define CLOSE_RANGE_SET_CLOEXEC (1U << 2)

void
sup_fds_reserve(unsigned n)
{
	struct rlimit before;
	struct rlimit all;

	if (getrlimit(RLIMIT_NOFILE, &before) < 0)
		return;
	all = (struct rlimit){before.rlim_max, before.rlim_max};
	if (setrlimit(RLIMIT_NOFILE, &all) < 0)
		return;
	/* The kernel keeps the table as large as it once was. */
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int high = fcntl(fd, F_DUPFD_CLOEXEC, (int)NV_MIN(n, all.rlim_max) - 1);

	nv_fd_close(&high);
	nv_fd_close(&fd);
	(void)setrlimit(RLIMIT_NOFILE, &before); /* as it was a moment ago */
}

void
sup_close_range(int from, int to)
{
	struct rlimit limit;
	int before = errno;

	if (from > to || syscall(SYS_close_range, (unsigned)from, (unsigned)to, 0) == 0) {
		errno = before;
		return;
	}
	/* Before Linux 5.9: one by one. */
	(void)getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
	for (int fd = from; fd <= to && (rlim_t)fd < limit.rlim_max; fd++)
		(void)close(fd);
	errno = before;
}

void
sup_fdtable_cloexec(bool on)
{
	struct rlimit limit;

	if (on && syscall(SYS_close_range, STDERR_FILENO + 1U, ~0U,
			  CLOSE_RANGE_SET_CLOEXEC) == 0)
		return;
	DIR *dir = opendir("/proc/self/fd");

	if (dir) {
		for (struct dirent *e; (e = readdir(dir));) {
			int fd = (int)strtol(e->d_name, NULL, 10);

			if (fd > STDERR_FILENO && fd != dirfd(dir))
				(void)nv_fd_set_cloexec(fd, on);
		}
		(void)closedir(dir);
		return;
	}
	(void)getrlimit(RLIMIT_NOFILE, &limit); /* cannot fail */
	for (int fd = STDERR_FILENO + 1; (rlim_t)fd < limit.rlim_max; fd++)
		(void)nv_fd_set_cloexec(fd, on); /* or it is not open */
}

static int
compare(const void *a, const void *b)
{
	const int x = *(const int *)a;
	const int y = *(const int *)b;

	return (x > y) - (x < y);
}

void
sup_fdtable_sweep(int *own, size_t n)
{
	int from = STDERR_FILENO + 1;

	qsort(own, n, sizeof(*own), compare);
	for (size_t i = 0; i <= n; i++) {
		int to = i < n ? own[i] - 1 : INT32_MAX;

		/* Around the window. */
		if (from < SUP_WINDOW_END && to >= SUP_WINDOW_FIRST) {
			sup_close_range(from, SUP_WINDOW_FIRST - 1);
			from = SUP_WINDOW_END;
		}
		sup_close_range(from, to);
		from = NV_MAX(from, i < n ? own[i] + 1 : from);
	}
}

int
sup_window_reserve(void)
{
	NV_CLEANUP_FD low = open("/dev/null", O_RDWR | O_CLOEXEC);
	NV_CLEANUP_FD null = fcntl(low, F_DUPFD_CLOEXEC, SUP_WINDOW_END);
	/* With a full table: by the placeholder that an earlier one has left. */
	int from = null >= 0 ? null : SUP_WINDOW_END - 1;

	if (fcntl(from, F_GETFD) < 0)
		return -errno;
	/* An impossible range: a kernel that knows the call says so, the others ENOSYS.
	 */
	if (syscall(SYS_close_range, 1U, 0U, 0) < 0 && errno != EINVAL)
		return -errno;
	if (low >= SUP_WINDOW_FIRST && low < SUP_WINDOW_END)
		(void)nv_fd_steal(&low); /* it becomes a placeholder itself */
	for (int fd = SUP_WINDOW_FIRST; fd < SUP_WINDOW_END; fd++) {
		if (fd != from && dup3(from, fd, O_CLOEXEC) < 0)
			return -errno;
	}
	return 0;
}

int
sup_window_put(unsigned at, int fd)
{
	NV_ASSERT(SUP_WINDOW_FIRST + (int)at < SUP_WINDOW_END - 1);
	int got = dup3(fd, SUP_WINDOW_FIRST + (int)at, O_CLOEXEC);

	return got < 0 ? -errno : got;
}

void
sup_window_clear(unsigned n)
{
	int before = errno;

	for (unsigned i = 0; i < n; i++)
		(void)dup3(SUP_WINDOW_END - 1, SUP_WINDOW_FIRST + (int)i, O_CLOEXEC);
	errno = before;
}
