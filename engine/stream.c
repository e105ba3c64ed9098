#include "stream.h"

#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Partial pages at the edge of a hole are zeroed: cut at whole ones. */
#define PAGE_BYTES ((uint64_t)4096)

static bool
is_fd(int fd, mode_t type, uint64_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || (st.st_mode & S_IFMT) != type)
		return false;
	if (ret_size)
		*ret_size = (uint64_t)st.st_size;
	return true;
}

/* Whether the offset stands inside a line that was too long to be taken. */
static int
find_skipping(struct eng_stream *s)
{
	char before;

	if (s->rec.offset == 0)
		return 0;
	ssize_t n = pread(s->mem_fd, &before, 1, (off_t)(s->rec.offset - 1));

	if (n != 1)
		return n < 0 ? -errno : -EIO;
	s->skipping = before != '\n';
	return 0;
}

int
eng_stream_new(struct eng *eng, const struct led_stream *rec, int pipe_fd, int mem_fd,
	int ctl_fd, struct eng_stream **ret)
{
	struct eng_stream *s = calloc(1, sizeof(*s));
	int rc = -ENOMEM;

	if (!s) {
		nv_fd_close(&pipe_fd);
		nv_fd_close(&mem_fd);
		nv_fd_close(&ctl_fd);
		return rc;
	}
	s->eng = eng;
	s->rec = *rec;
	s->pipe_fd = pipe_fd;
	s->mem_fd = mem_fd;
	s->ctl_fd = ctl_fd;
	nv_buf_init(&s->acks, ENG_STREAM_ACK_BYTES_MAX);
	rc = -EINVAL;
	if (!is_fd(mem_fd, S_IFREG, &s->tail) || rec->offset > s->tail)
		goto fail;
	if (pipe_fd >= 0 &&
		(!is_fd(pipe_fd, S_IFIFO, NULL) || !is_fd(ctl_fd, S_IFIFO, NULL)))
		goto fail;
	/* punched stays 0: an earlier engine may have left something below the offset. */
	rc = find_skipping(s);
	if (rc == 0 && ctl_fd >= 0)
		rc = nv_fd_set_nonblock(ctl_fd, true);
	if (rc)
		goto fail;
	*ret = s;
	return 0;
fail:
	eng_stream_free(s);
	return rc;
}

void
eng_stream_free(struct eng_stream *s)
{
	if (!s)
		return;
	nv_fd_close(&s->pipe_fd);
	nv_fd_close(&s->mem_fd);
	nv_fd_close(&s->ctl_fd);
	nv_buf_fini(&s->acks);
	free(s->inst);
	free(s);
}

uint64_t
eng_stream_waiting(const struct eng_stream *s)
{
	return s->tail - s->rec.offset;
}

int64_t
eng_stream_fill(struct eng_stream *s, uint64_t max_bytes)
{
	uint64_t moved = 0;

	while (moved < max_bytes) {
		off_t at = (off_t)s->tail;
		ssize_t n = splice(s->pipe_fd, NULL, s->mem_fd, &at, max_bytes - moved,
			SPLICE_F_NONBLOCK | SPLICE_F_MOVE);

		if (n > 0) {
			moved += (uint64_t)n;
			s->tail += (uint64_t)n;
			continue;
		}
		if (n == 0) {
			s->eof = true;
			break;
		}
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN)
			break;
		return -errno;
	}
	return (int64_t)moved;
}

int
eng_stream_look(struct eng_stream *s)
{
	uint64_t size;

	if (!is_fd(s->mem_fd, S_IFREG, &size))
		return -errno;
	if (size < s->tail)
		return -EIO; /* it only ever grows */
	s->tail = size;
	return 0;
}

void
eng_stream_punch(struct eng_stream *s)
{
	if (s->rec.offset == 0)
		return;
	/* The byte before the offset tells a later engine where it stands. */
	uint64_t end = (s->rec.offset - 1) / PAGE_BYTES * PAGE_BYTES;

	if (end < s->punched + ENG_STREAM_PUNCH_BYTES)
		return;
	/* Only memory is at stake: a failure is tried again with the next step. */
	if (fallocate(s->mem_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		    (off_t)s->punched, (off_t)(end - s->punched)) == 0)
		s->punched = end;
}

static unsigned
count_lines(const char *lines, size_t bytes)
{
	unsigned n = 0;

	for (const char *p = lines; (p = memchr(p, '\n', bytes - (size_t)(p - lines)));
		p++)
		n++;
	return n;
}

unsigned
eng_stream_control(struct eng_stream *s, const char *lines, size_t bytes)
{
	if (s->ctl_fd < 0)
		return 0;
	while (bytes > 0) {
		/* As many whole lines as one atomic write takes: a pipe without room
		 * then takes none of it, never half a line. */
		size_t n = NV_MIN(bytes, (size_t)ENG_CONTROL_LINE_BYTES);
		const char *end = memrchr(lines, '\n', n);

		NV_ASSERT(end != NULL);
		n = (size_t)(end - lines) + 1;
		ssize_t put;

		do
			put = write(s->ctl_fd, lines, n);
		while (put < 0 && errno == EINTR);
		if (put < 0) /* full, or the reader is gone: it was told all it can be */
			return count_lines(lines, bytes);
		lines += n;
		bytes -= n;
	}
	return 0;
}
