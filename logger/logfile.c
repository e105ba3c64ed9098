/* One worker's log file: see logfile.h. */
#include "logfile.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES      1280
#define CHECK_MS        1000
#define ROTATE_AGAIN_MS 5000
#define STAMP_TRIES     1000

void
log_file_init(struct log_file *f, const char *dir, const char *name)
{
	*f = (struct log_file){.fd = -1, .dir = dir};
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
}

void
log_file_fini(struct log_file *f)
{
	nv_fd_close(&f->fd);
}

static void
path_of(const struct log_file *f, char path[PATH_BYTES])
{
	(void)snprintf(path, PATH_BYTES, "%s/%s.log", f->dir, f->name);
}

/* When the open file was begun, as well as the file system knows. */
static int64_t
birth(int fd, const struct log_now *now)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME | STATX_MTIME | STATX_SIZE, &stx) <
			0 ||
		stx.stx_size == 0)
		return now->wall_ns;
	const struct statx_timestamp *t =
		(stx.stx_mask & STATX_BTIME) ? &stx.stx_btime : &stx.stx_mtime;

	return (int64_t)t->tv_sec * NV_NS_PER_SEC + t->tv_nsec;
}

static int
open_file(struct log_file *f, const struct log_now *now)
{
	char path[PATH_BYTES];
	struct stat st;

	if (f->fd >= 0 && now->mono_ms - f->checked_ms < CHECK_MS)
		return 0;
	path_of(f, path);
	f->checked_ms = now->mono_ms;
	if (f->fd >= 0 && stat(path, &st) == 0 && st.st_dev == f->dev &&
		st.st_ino == f->ino)
		return 0;
	nv_fd_close(&f->fd);
	f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (f->fd < 0 || fstat(f->fd, &st) < 0)
		return -errno;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->born_ns = birth(f->fd, now);
	return 0;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* A name that no file has yet, neither plain nor compressed: a later one may not take
 * the place of an earlier, however the clock is turned. */
static int
free_name(struct log_file *f, int64_t wall_ns, char path[PATH_BYTES])
{
	char stamp[NV_LOG_STAMP_BYTES];
	char gz[PATH_BYTES + 4];

	f->stamp_ns = NV_MAX(wall_ns, f->stamp_ns + NV_NS_PER_MS);
	for (int i = 0; i < STAMP_TRIES; i++, f->stamp_ns += NV_NS_PER_MS) {
		(void)snprintf(path, PATH_BYTES, "%s/%s.log.%s", f->dir, f->name,
			nv_log_file_stamp(f->stamp_ns, stamp));
		(void)snprintf(gz, sizeof(gz), "%s.gz", path);
		if (!exists(path) && !exists(gz))
			return 0;
	}
	return -EEXIST;
}

int
log_file_rotate(struct log_file *f, const struct log_now *now)
{
	char from[PATH_BYTES];
	char to[PATH_BYTES];

	if (now->mono_ms < f->rotate_ms)
		return -EAGAIN;
	path_of(f, from);
	int rc = free_name(f, now->wall_ns, to);

	if (rc == 0 && rename(from, to) < 0)
		rc = -errno;
	if (rc < 0) {
		f->rotate_ms = now->mono_ms + ROTATE_AGAIN_MS;
		return rc;
	}
	nv_fd_close(&f->fd);
	f->untidy = true;
	return open_file(f, now);
}

int
log_file_ready(struct log_file *f, const struct log_now *now, uint64_t *ret_bytes)
{
	struct stat st;
	int rc = open_file(f, now);

	if (rc < 0)
		return rc;
	if (fstat(f->fd, &st) < 0)
		return -errno;
	if (st.st_size > 0 && f->policy.age_ms > 0 &&
		now->wall_ns - f->born_ns >= f->policy.age_ms * NV_NS_PER_MS &&
		log_file_rotate(f, now) == 0 && fstat(f->fd, &st) < 0)
		return -errno;
	if (f->fd < 0)
		return -EBADF;
	*ret_bytes = (uint64_t)st.st_size;
	return 0;
}
