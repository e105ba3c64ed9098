/* Log files and their rotation: see logfile.h. */
#include "logfile.h"
#include "nv_clock.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 1152
#define CHECK_MS   1000

void
log_file_init(struct log_file *f, const char *name)
{
	*f = (struct log_file){.fd = -1};
	(void)snprintf(f->name, sizeof(f->name), "%s", name);
	nv_buf_init(&f->waiting, LOG_WAITING_BYTES_MAX);
}

void
log_file_fini(struct log_file *f)
{
	nv_fd_close(&f->fd);
	nv_buf_fini(&f->waiting);
}

static void
drop(struct log_file *f, size_t before, size_t bytes)
{
	f->waiting.error = 0;
	f->waiting.bytes = NV_MIN(f->waiting.bytes, before);
	f->dropped += bytes;
	f->dropped_ever += bytes;
}

void
log_file_line(struct log_file *f, const char *time, uint32_t instance, const char *text,
	size_t bytes, bool cut)
{
	size_t before = f->waiting.bytes;

	if (instance)
		nv_buf_printf(&f->waiting, "%s #%u ", time, instance);
	else
		nv_buf_printf(&f->waiting, "%s ", time);
	nv_buf_add(&f->waiting, text, bytes);
	nv_buf_puts(&f->waiting, cut ? " [cut]\n" : "\n");
	if (f->waiting.error)
		drop(f, before, bytes + 1);
}

static void
path_of(const struct log_file *f, const struct log_limits *l, uint32_t number,
	char path[PATH_BYTES])
{
	if (number == 0)
		(void)snprintf(path, PATH_BYTES, "%s/%s.log", l->dir, f->name);
	else
		(void)snprintf(path, PATH_BYTES, "%s/%s.log.%u", l->dir, f->name, number);
}

/* Open, or open again when somebody renamed or removed the file (logrotate, a person). */
static int
open_file(struct log_file *f, const struct log_limits *l, int64_t now_ms)
{
	char path[PATH_BYTES];
	struct stat here;
	struct stat there;

	if (f->fd >= 0 && now_ms - f->checked_ms < CHECK_MS)
		return 0;
	path_of(f, l, 0, path);
	f->checked_ms = now_ms;
	if (f->fd >= 0 && fstat(f->fd, &here) == 0 && stat(path, &there) == 0 &&
		here.st_dev == there.st_dev && here.st_ino == there.st_ino)
		return 0;
	nv_fd_close(&f->fd);
	f->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (f->fd < 0 || fstat(f->fd, &here) < 0)
		return -errno;
	f->bytes = (uint64_t)here.st_size;
	return 0;
}

/* NAME.log -> .1 -> .2 ...; the oldest falls off. A step that fails keeps the old file:
 * a log that is too large is better than none. */
static int
rotate(struct log_file *f, const struct log_limits *l, int64_t now_ms)
{
	char from[PATH_BYTES];
	char to[PATH_BYTES];

	if (f->fd >= 0)
		(void)fdatasync(f->fd); /* what is turned away is complete on disk */
	path_of(f, l, l->files_kept, to);
	if (l->files_kept == 0) {
		path_of(f, l, 0, from);
		if (unlink(from) < 0)
			return -errno;
	}
	for (uint32_t n = l->files_kept; n > 0; n--) {
		path_of(f, l, n - 1, from);
		path_of(f, l, n, to);
		if (rename(from, to) < 0 && errno != ENOENT)
			return -errno;
	}
	nv_fd_close(&f->fd);
	return open_file(f, l, now_ms);
}

static void
note_dropped(struct log_file *f)
{
	char when[NV_RFC3339_BYTES];

	if (f->dropped == 0 || f->waiting.bytes > 0)
		return;
	nv_buf_printf(&f->waiting, "%s nova-logger: %llu bytes were dropped here: %s\n",
		nv_rfc3339(nv_wall_ns(), when), (unsigned long long)f->dropped,
		strerror(f->error ? -f->error : ENOBUFS));
	f->dropped = 0;
}

/* As much as fits below the size limit, whole lines only (at least one line). */
static size_t
portion(const struct log_file *f, uint64_t room)
{
	const char *data = f->waiting.data;
	size_t bytes = f->waiting.bytes;

	if (bytes <= room)
		return bytes;
	const char *end = room ? memrchr(data, '\n', (size_t)room) : NULL;

	return end ? (size_t)(end - data) + 1 : 0;
}

static int
write_some(struct log_file *f, const struct log_limits *l, int64_t now_ms)
{
	int rc = open_file(f, l, now_ms);

	if (rc < 0)
		return rc;
	uint64_t room = l->file_bytes_max > f->bytes ? l->file_bytes_max - f->bytes : 0;
	size_t n = portion(f, room);

	if (n == 0 && f->bytes > 0) {
		rc = rotate(f, l, now_ms);
		if (rc < 0 && f->fd < 0)
			return rc;
		room = rc < 0 ? SIZE_MAX : l->file_bytes_max;
		n = portion(f, room);
	}
	if (n == 0) /* one line that is larger than a whole file */
		n = (size_t)((char *)memchr(f->waiting.data, '\n', f->waiting.bytes) -
			     f->waiting.data) +
		    1;
	ssize_t done = write(f->fd, f->waiting.data, n);

	if (done < 0)
		return errno == EINTR ? 0 : -errno;
	f->bytes += (uint64_t)done;
	nv_buf_consume(&f->waiting, (size_t)done);
	return 0;
}

int
log_file_flush(struct log_file *f, const struct log_limits *l, int64_t now_ms)
{
	int rc = 0;

	while (rc == 0 && (f->waiting.bytes > 0 || f->dropped > 0)) {
		if (f->waiting.bytes > 0)
			rc = write_some(f, l, now_ms);
		if (rc == 0)
			note_dropped(f);
	}
	f->error = rc;
	return rc;
}
