/* Bodies on disk: see spool.h. */
#include "spool.h"

#include "nv_base64.h"
#include "nv_buf.h"
#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX    "webhooks-"
#define FILES_MAX 4096

/* ---- what is too old or too much ---- */

static int
is_file(const struct dirent *e)
{
	return strncmp(e->d_name, PREFIX, strlen(PREFIX)) == 0;
}

static void
prune(struct gw_spool *s, int64_t wall_ns)
{
	struct dirent **names = NULL;
	/* By name is by time: the day, then the number with its leading zeros. */
	int n = scandir(s->dir, &names, is_file, alphasort);
	int dir = n < 0 ? -1 : open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	uint64_t sum = 0;

	/* From the newest on; the first is the one that is about to be written. */
	for (int i = n - 1; i >= 0 && dir >= 0; i--) {
		struct stat st;

		if (fstatat(dir, names[i]->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		int64_t age_ms = wall_ns / NV_NS_PER_MS - (int64_t)st.st_mtime * 1000;

		sum += (uint64_t)st.st_size;
		if (sum + GW_SPOOL_FILE_BYTES_MAX > s->bytes_max ||
			age_ms > s->age_ms_max || n - i > FILES_MAX)
			(void)unlinkat(dir, names[i]->d_name, 0);
	}
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
	nv_fd_close(&dir);
}

/* ---- files ---- */

int
gw_spool_open(struct gw_spool *s, const char *state_dir, uint64_t bytes_max,
	int64_t age_ms_max, struct nv_err *err)
{
	*s = (struct gw_spool){
		.fd = -1, .bytes_max = bytes_max, .age_ms_max = age_ms_max};
	if (snprintf(s->dir, sizeof(s->dir), "%s/gateway", state_dir) >=
		(int)sizeof(s->dir))
		return nv_err_set(err, -ENAMETOOLONG, "%s: too long", state_dir);
	int rc = nv_mkdir_p(s->dir, 0700);

	return rc < 0 ? nv_err_set(err, rc, "%s: %s", s->dir, strerror(-rc)) : 0;
}

/* Open file `number` of the day for appending; what a killed process left behind in the
 * middle of a line gets its end. */
static int
open_file(struct gw_spool *s)
{
	char path[1200];
	char last = '\n';
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/" PREFIX "%s.%04u.ndjson", s->dir, s->day,
		s->number);
	NV_CLEANUP_FD fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (st.st_size > 0 && pread(fd, &last, 1, st.st_size - 1) != 1)
		return -EIO;
	if (last != '\n' && nv_write_full(fd, "\n", 1) < 0)
		return -EIO;
	s->bytes = (uint64_t)st.st_size;
	s->fd = nv_fd_steal(&fd);
	return 0;
}

static int
turn(struct gw_spool *s, int64_t wall_ns)
{
	char now[NV_RFC3339_BYTES];

	nv_rfc3339(wall_ns, now);
	now[10] = '\0'; /* the date of it */
	bool same_day = strcmp(now, s->day) == 0;

	if (s->fd >= 0 && same_day && s->bytes < GW_SPOOL_FILE_BYTES_MAX)
		return 0;
	gw_spool_sync(s);
	nv_fd_close(&s->fd);
	if (!same_day) {
		memcpy(s->day, now, 11);
		s->number = 1;
	}
	prune(s, wall_ns);
	int rc = open_file(s);

	while (rc == 0 && s->bytes >= GW_SPOOL_FILE_BYTES_MAX) {
		nv_fd_close(&s->fd);
		s->number++;
		rc = open_file(s);
	}
	return rc;
}

static bool
is_utf8(const char *text, size_t bytes)
{
	while (bytes) {
		size_t n = nv_utf8_len(text, bytes);

		if (n == 0)
			return false;
		text += n;
		bytes -= n;
	}
	return true;
}

static int
put_body(struct nv_buf *line, const char *body, size_t bytes)
{
	if (is_utf8(body, bytes)) {
		nv_buf_puts(line, ",\"body\":");
		nv_buf_put_json(line, body, bytes);
		nv_buf_puts(line, "}\n");
		return line->error;
	}
	NV_CLEANUP_FREE char *text = malloc(NV_BASE64_CHARS(bytes) + 1);

	if (!text)
		return -ENOMEM;
	(void)nv_base64_encode(NV_BASE64_STD, body, bytes, text);
	nv_buf_printf(line, ",\"body_base64\":\"%s\"}\n", text);
	return line->error;
}

static int
add(struct gw_spool *s, int64_t wall_ns, const char *provider, const char *sha256,
	const char *body, size_t bytes)
{
	struct nv_buf line;
	char at[NV_RFC3339_BYTES];
	int rc = turn(s, wall_ns);

	if (rc < 0)
		return rc;
	nv_buf_init(&line, 6 * bytes + 1024); /* every byte escaped */
	nv_buf_printf(&line,
		"{\"at\":\"%s\",\"provider\":\"%s\",\"sha256\":\"%s\",\"bytes\":%zu",
		nv_rfc3339(wall_ns, at), provider, sha256, bytes);
	rc = put_body(&line, body, bytes);
	if (rc == 0)
		rc = nv_write_full(s->fd, line.data, line.bytes);
	if (rc == 0) {
		s->bytes += line.bytes;
		s->unsynced = true;
	} else if (line.error == 0 && ftruncate(s->fd, (off_t)s->bytes) < 0) {
		/* A part of the line may be there: the next one begins a file anew. */
		nv_fd_close(&s->fd);
	}
	nv_buf_fini(&line);
	return rc;
}

int
gw_spool_add(struct gw_spool *s, int64_t wall_ns, const char *provider,
	const char *sha256, const char *body, size_t bytes)
{
	int rc = add(s, wall_ns, provider, sha256, body, bytes);

	if (rc == 0)
		s->kept++;
	else if (s->failed++ == 0)
		nv_error("%s: a webhook's body is not kept: %s; its events are booked "
			 "all the same",
			s->dir, strerror(-rc));
	return rc;
}

void
gw_spool_sync(struct gw_spool *s)
{
	if (s->fd >= 0 && s->unsynced && fdatasync(s->fd) < 0 && s->failed++ == 0)
		nv_error("%s: %s", s->dir, strerror(errno));
	s->unsynced = false;
}

void
gw_spool_fini(struct gw_spool *s)
{
	gw_spool_sync(s);
	nv_fd_close(&s->fd);
}
