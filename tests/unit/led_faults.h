/* What the tests of a ledger that is made anew share: the calls that change a file are
 * interposed by the definitions here, so that a process is killed at any one of them or
 * finds no room; and files read whole. For one .c of a program. */
#ifndef LED_FAULTS_H
#define LED_FAULTS_H

#include "led_fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

enum what { WHAT_NOTHING, WHAT_KILL, WHAT_ENOSPC };

static struct {
	enum what what;
	long countdown;
} inject;

/* True: the call fails for want of room. */
static bool
step(bool writes)
{
	if (inject.what == WHAT_NOTHING || (inject.what == WHAT_ENOSPC && !writes))
		return false;
	if (--inject.countdown > 0)
		return false;
	if (inject.what == WHAT_KILL)
		(void)kill(getpid(), SIGKILL);
	errno = ENOSPC;
	return true;
}

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's names are
 * reserved */
ssize_t
pwrite(int fd, const void *data, size_t bytes, off_t offset)
{
	return step(true) ? -1 : syscall(SYS_pwrite64, fd, data, bytes, offset);
}

ssize_t
pwrite64(int fd, const void *data, size_t bytes, off64_t offset)
{
	return pwrite(fd, data, bytes, offset);
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	return step(true) ? -1 : syscall(SYS_writev, fd, iov, n);
}

int
fdatasync(int fd)
{
	return step(false) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	return step(false) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	return step(false) ? -1 : (int)syscall(SYS_rename, from, to);
}

int
link(const char *from, const char *to)
{
	return step(false) ? -1 : (int)syscall(SYS_link, from, to);
}

int
mkdir(const char *path, mode_t mode)
{
	return step(false) ? -1 : (int)syscall(SYS_mkdir, path, mode);
}

int
rmdir(const char *path)
{
	return step(false) ? -1 : (int)syscall(SYS_rmdir, path);
}

int
unlink(const char *path)
{
	return step(false) ? -1 : (int)syscall(SYS_unlink, path);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static inline char *
read_all(const char *path, size_t *ret_bytes)
{
	FILE *f = fopen(path, "rb");
	struct stat st;

	ck_assert_msg(f && fstat(fileno(f), &st) == 0, "%s", path);
	char *data = malloc((size_t)st.st_size + 1);

	ck_assert_ptr_nonnull(data);
	*ret_bytes = fread(data, 1, (size_t)st.st_size, f);
	data[*ret_bytes] = '\0';
	(void)fclose(f);
	return data;
}

/* Names with times in them, and what a kill left. */
static inline int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void
remove_all(void)
{
	ck_assert_int_eq(nftw(test_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static inline char *
export_json(struct led *led, size_t *ret_bytes)
{
	char path[256];
	struct nv_err err = {0};
	struct led_view *v = view(led);

	(void)snprintf(path, sizeof(path), "%s/export", test_dir);
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_msg(led_export(v, LED_FORMAT_JSON, fd, &err) == 0, "%s", err.text);
	led_view_end(v);
	(void)close(fd);
	return read_all(path, ret_bytes);
}

typedef int work_fn(void);

/* The work in a process of its own, with this fault. Its exit status, or -1: killed. */
static inline int
run_work(work_fn *work, enum what what, long countdown)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		inject.what = what;
		inject.countdown = countdown;
		int code = work();

		_exit(NV_MIN(code, 100));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
