/* Questions over unix sockets: see nv_ask.h. */
#include "nv_ask.h"

#include "nv_buf.h"
#include "nv_fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct nv_ask {
	struct ev_loop *loop;
	int fd; /* owned */
	ev_io io;
	ev_timer timeout;
	struct nv_buf out;
	struct nv_buf in;
	nv_ask_fn *done;           /* one of both */
	nv_ask_line_fn *done_line; /* gets the answer as it came */
	void *arg;
};

static unsigned n_asks;

void
nv_ask_cancel(struct nv_ask *ask)
{
	if (!ask)
		return;
	ev_io_stop(ask->loop, &ask->io);
	ev_timer_stop(ask->loop, &ask->timeout);
	nv_fd_close(&ask->fd);
	nv_buf_fini(&ask->out);
	nv_buf_fini(&ask->in);
	free(ask);
	n_asks--;
}

/* No answer came. */
static void
fail(struct nv_ask *ask, const char *why)
{
	nv_ask_fn *done = ask->done;
	nv_ask_line_fn *done_line = ask->done_line;
	void *arg = ask->arg;

	nv_ask_cancel(ask);
	if (done_line)
		done_line(arg, NULL, 0, why);
	else
		done(arg, NULL, true, why);
}

static void
take_answer(struct nv_ask *ask, size_t bytes)
{
	struct nv_buf in = ask->in; /* the line outlives the ask */
	nv_ask_fn *done = ask->done;
	nv_ask_line_fn *done_line = ask->done_line;
	void *arg = ask->arg;

	ask->in = (struct nv_buf){0};
	nv_ask_cancel(ask);
	if (done_line) {
		in.data[bytes] = '\0';
		done_line(arg, in.data, bytes, "");
	} else {
		json_t *o = json_loadb(in.data, bytes, 0, NULL);
		const char *error = json_string_value(json_object_get(o, "error"));

		if (json_is_true(json_object_get(o, "ok")))
			done(arg, json_object_get(o, "data"), false, "");
		else
			done(arg, NULL, !error, error ? error : "no JSON answer");
		json_decref(o);
	}
	nv_buf_fini(&in);
}

static void
on_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	fail(timer->data, "no answer in time");
}

static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct nv_ask *ask = io->data;
	char data[65536];
	ssize_t n;

	(void)revents;
	if (ask->out.bytes) {
		n = send(ask->fd, ask->out.data, ask->out.bytes, MSG_NOSIGNAL);
		if (n > 0)
			nv_buf_consume(&ask->out, (size_t)n);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			fail(ask, "it is gone");
			return;
		}
		if (ask->out.bytes == 0) {
			ev_io_stop(loop, io);
			ev_io_set(io, ask->fd, EV_READ);
			ev_io_start(loop, io);
		}
		return;
	}
	n = recv(ask->fd, data, sizeof(data), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		nv_buf_add(&ask->in, data, (size_t)n);
	const char *end =
		n > 0 && !ask->in.error
			? memchr(ask->in.data + ask->in.bytes - n, '\n', (size_t)n)
			: NULL;

	if (end)
		take_answer(ask, (size_t)(end - ask->in.data));
	else if (n <= 0 || ask->in.error)
		fail(ask, "it is gone");
}

static int
ask_begin(struct ev_loop *loop, const char *path, json_t *question, int64_t timeout_ms,
	size_t bytes_max, struct nv_ask **ret)
{
	NV_CLEANUP_FREE char *line = question ? nv_json_line(question) : NULL;
	NV_CLEANUP_FD fd = n_asks == NV_ASKS_MAX
				   ? -EAGAIN
				   : nv_connect_unix(NULL, path, SOCK_STREAM);

	json_decref(question);
	if (fd < 0)
		return fd;
	struct nv_ask *ask = line ? calloc(1, sizeof(*ask)) : NULL;

	if (!ask)
		return -ENOMEM;
	n_asks++;
	ask->loop = loop;
	ask->fd = nv_fd_steal(&fd);
	nv_buf_init(&ask->in, bytes_max);
	nv_buf_init(&ask->out, NV_ASK_BYTES_MAX);
	nv_buf_puts(&ask->out, line);
	nv_buf_add(&ask->out, "\n", 1);
	ev_io_init(&ask->io, on_io, ask->fd, EV_WRITE);
	ask->io.data = ask;
	ev_io_start(loop, &ask->io);
	ev_timer_init(&ask->timeout, on_timeout, (double)timeout_ms / 1000, 0);
	ask->timeout.data = ask;
	ev_timer_start(loop, &ask->timeout);
	if (ask->out.error) {
		nv_ask_cancel(ask);
		return -EFBIG;
	}
	*ret = ask;
	return 0;
}

int
nv_ask(struct ev_loop *loop, const char *path, json_t *question, int64_t timeout_ms,
	nv_ask_fn *done, void *arg, struct nv_ask **ret)
{
	int rc = ask_begin(loop, path, question, timeout_ms, NV_ASK_BYTES_MAX, ret);

	if (rc == 0) {
		(*ret)->done = done;
		(*ret)->arg = arg;
	}
	return rc;
}

int
nv_ask_line(struct ev_loop *loop, const char *path, json_t *question, int64_t timeout_ms,
	size_t bytes_max, nv_ask_line_fn *done, void *arg, struct nv_ask **ret)
{
	int rc = ask_begin(loop, path, question, timeout_ms, bytes_max, ret);

	if (rc == 0) {
		(*ret)->done_line = done;
		(*ret)->arg = arg;
	}
	return rc;
}
