/* Reading the end of log files: see tail.h. */
#include "tail.h"
#include "nv_fd.h"
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES    65536
#define ROTATED_MAX    1000
#define LINE_BYTES_MAX ((size_t)1 << 20) /* a longer one is handed over in pieces */
#define PATIENCE_MS    1000              /* a look without a notice, should one be lost */

/* Where the last n lines of the file start, and how many lines that is. */
static int
find_start(int fd, off_t end, size_t n, off_t *ret_start, size_t *ret_lines)
{
	char block[BLOCK_BYTES];
	off_t at = end;
	size_t lines = 0;

	while (at > 0) {
		size_t want = (size_t)NV_MIN(at, (off_t)sizeof(block));
		ssize_t got = pread(fd, block, want, at - (off_t)want);

		if (got < 0 && errno == EINTR)
			continue;
		if (got != (ssize_t)want)
			return got < 0 ? -errno : -EAGAIN;
		for (size_t i = want; i > 0; i--) {
			off_t place = at - (off_t)want + (off_t)i;

			/* A newline at the very end ends the last line, starts none. */
			if (block[i - 1] != '\n' || place == end)
				continue;
			if (++lines == n) {
				*ret_start = place;
				*ret_lines = lines;
				return 0;
			}
		}
		at -= (off_t)want;
	}
	*ret_start = 0;
	*ret_lines = end > 0 ? lines + 1 : 0;
	return 0;
}

/* Whole lines of [*at, end) of fd; what has no newline yet only when `all`. */
static int
hand_over(int fd, off_t *at, bool all, ctl_line_fn *fn, void *arg)
{
	struct nv_buf buf;
	char block[BLOCK_BYTES];
	int rc = 0;

	nv_buf_init(&buf, LINE_BYTES_MAX + BLOCK_BYTES);
	while (rc == 0) {
		ssize_t n = pread(fd, block, sizeof(block), *at + (off_t)buf.bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = n < 0 ? -errno : 0;
			break;
		}
		nv_buf_add(&buf, block, (size_t)n);
		size_t done = 0;
		char *nl;

		while (rc == 0 && done < buf.bytes &&
			(nl = memchr(buf.data + done, '\n', buf.bytes - done))) {
			size_t bytes = (size_t)(nl - buf.data) - done;

			rc = fn(arg, buf.data + done, bytes);
			done += bytes + 1;
		}
		if (rc == 0 && buf.bytes - done >= LINE_BYTES_MAX) {
			rc = fn(arg, buf.data + done, buf.bytes - done);
			done = buf.bytes;
		}
		*at += (off_t)done;
		nv_buf_consume(&buf, done);
	}
	if (rc == 0 && all && buf.bytes > 0) {
		rc = fn(arg, buf.data, buf.bytes);
		*at += (off_t)buf.bytes;
	}
	nv_buf_fini(&buf);
	return rc;
}

/* The rotated files, oldest wanted first; `n` lines are still missing. */
static int
show_rotated(const char *path, size_t n, ctl_line_fn *fn, void *arg)
{
	struct part {
		int fd;
		off_t start;
	} parts[ROTATED_MAX];
	size_t n_parts = 0;
	int rc = 0;

	while (n > 0 && n_parts < ROTATED_MAX) {
		char name[1300];
		struct stat st;
		size_t lines = 0;

		(void)snprintf(name, sizeof(name), "%s.%zu", path, n_parts + 1);
		int fd = open(name, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			break;
		parts[n_parts].fd = fd;
		parts[n_parts].start = 0;
		n_parts++;
		rc = fstat(fd, &st) < 0 ? -errno
					: find_start(fd, st.st_size, n,
						  &parts[n_parts - 1].start, &lines);
		if (rc < 0)
			break;
		n -= NV_MIN(n, lines);
	}
	for (size_t i = n_parts; i > 0; i--) {
		if (rc == 0)
			rc = hand_over(
				parts[i - 1].fd, &parts[i - 1].start, true, fn, arg);
		nv_fd_close(&parts[i - 1].fd);
	}
	return rc;
}

int
ctl_tail_open(struct ctl_tail *ret, const char *path, size_t n_lines, bool follow,
	ctl_line_fn *fn, void *arg)
{
	struct stat st;
	size_t lines = 0;

	*ret = (struct ctl_tail){.fd = -1, .watch = -1};
	(void)snprintf(ret->path, sizeof(ret->path), "%s", path);
	ret->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ret->fd < 0)
		return -errno;
	if (fstat(ret->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	int rc = 0;

	ret->at = st.st_size;
	if (n_lines > 0)
		rc = find_start(ret->fd, st.st_size, n_lines, &ret->at, &lines);
	if (rc == 0 && lines < n_lines)
		rc = show_rotated(path, n_lines - lines, fn, arg);
	if (rc == 0)
		rc = hand_over(ret->fd, &ret->at, !follow, fn, arg);
	return rc;
}

static void
start_watch(struct ctl_tail *tail)
{
	char dir[1200];
	char *slash;

	(void)snprintf(dir, sizeof(dir), "%s", tail->path);
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
	tail->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (tail->watch >= 0 &&
		inotify_add_watch(tail->watch, slash ? dir : ".",
			IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM) < 0)
		nv_fd_close(&tail->watch); /* then PATIENCE_MS alone wakes us */
}

static void
wait_notice(const struct ctl_tail *tail)
{
	struct pollfd p = {.fd = tail->watch, .events = POLLIN};
	char sink[4096];

	(void)poll(&p, tail->watch >= 0, PATIENCE_MS);
	while (tail->watch >= 0 && read(tail->watch, sink, sizeof(sink)) > 0)
		;
}

/* When the name now means another file, finish the old one and take the new. */
static int
follow_rename(struct ctl_tail *tail, ctl_line_fn *fn, void *arg)
{
	struct stat now;
	struct stat mine;

	if (stat(tail->path, &now) < 0 || fstat(tail->fd, &mine) < 0)
		return 0; /* between two renames: the next look finds it */
	if (now.st_ino == mine.st_ino && now.st_dev == mine.st_dev) {
		if (now.st_size < tail->at)
			tail->at = 0; /* cut: what is there is new */
		return 0;
	}
	int rc = hand_over(tail->fd, &tail->at, true, fn, arg);
	int fd = open(tail->path, O_RDONLY | O_CLOEXEC);

	if (rc != 0 || fd < 0) {
		nv_fd_close(&fd);
		return rc;
	}
	nv_fd_close(&tail->fd);
	tail->fd = fd;
	tail->at = 0;
	return hand_over(tail->fd, &tail->at, false, fn, arg);
}

int
ctl_tail_follow(struct ctl_tail *tail, ctl_line_fn *fn, void *arg)
{
	start_watch(tail);
	for (;;) {
		int rc = hand_over(tail->fd, &tail->at, false, fn, arg);

		if (rc == 0)
			rc = follow_rename(tail, fn, arg);
		if (rc != 0)
			return rc;
		wait_notice(tail);
	}
}

void
ctl_tail_fini(struct ctl_tail *tail)
{
	nv_fd_close(&tail->fd);
	nv_fd_close(&tail->watch);
}
