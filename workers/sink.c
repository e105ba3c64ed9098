/* Writing without waiting: see sink.h. */
#include "sink.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITE_BYTES_MAX ((size_t)4096) /* PIPE_BUF on Linux */

/* How much of the pending text the next write takes: as many whole lines as fit. */
static size_t
next_write(const struct nv_buf *pending)
{
	size_t bytes = NV_MIN(pending->bytes, WRITE_BYTES_MAX);
	const char *newline = memrchr(pending->data, '\n', bytes);

	return newline ? (size_t)(newline - pending->data) + 1 : bytes;
}

/* Would a write be taken at once? For a shared pipe only: another writer can be faster
 * than us, and then the write waits until there is room, which is what any other
 * writer on that pipe does too. */
static bool
has_room(const struct rn_sink *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};

	return poll(&p, 1, 0) == 1;
}

static void
drain(struct rn_sink *s)
{
	while (s->pending.bytes > 0 && !s->error) {
		if (s->ask && !has_room(s))
			return;
		ssize_t n = write(s->fd, s->pending.data, next_write(&s->pending));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			s->error = -errno;
			return;
		}
		nv_buf_consume(&s->pending, (size_t)n);
	}
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct rn_sink *s = w->data;

	(void)revents;
	drain(s);
	if (s->error || s->pending.bytes == 0) {
		ev_io_stop(loop, w);
		s->on_change(s);
	}
}

int
rn_sink_init(struct rn_sink *s, struct ev_loop *loop, int fd, size_t pending_bytes_max,
	rn_sink_fn *on_change, void *owner)
{
	struct stat st;

	*s = (struct rn_sink){
		.owner = owner, .loop = loop, .fd = fd, .on_change = on_change};
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISFIFO(st.st_mode)) {
		/* A description of our own, so that O_NONBLOCK is ours alone. Not
		 * possible when the pipe belongs to another user, or without /proc. */
		char path[64];

		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		int own = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);

		s->own = own >= 0;
		s->ask = own < 0;
		if (s->own)
			s->fd = own;
	}
	nv_buf_init(&s->pending, pending_bytes_max);
	ev_io_init(&s->out, on_writable, s->fd, EV_WRITE);
	s->out.data = s;
	return 0;
}

void
rn_sink_fini(struct rn_sink *s)
{
	if (!s->loop)
		return;
	ev_io_stop(s->loop, &s->out);
	nv_buf_fini(&s->pending);
	if (s->own)
		nv_fd_close(&s->fd);
	*s = (struct rn_sink){.fd = -1};
}

int
rn_sink_put(struct rn_sink *s, const char *text, size_t bytes)
{
	if (s->error)
		return s->error;
	nv_buf_add(&s->pending, text, bytes);
	if (s->pending.error) {
		int rc = s->pending.error;

		s->pending.error = 0; /* all of it or nothing was added */
		return rc;
	}
	drain(s);
	if (s->error)
		return s->error;
	if (s->pending.bytes > 0)
		ev_io_start(s->loop, &s->out);
	return 0;
}

bool
rn_sink_is_empty(const struct rn_sink *s)
{
	return s->pending.bytes == 0;
}
