/* Questions over unix sockets: see ask.h. */
#include "ask.h"

#include "nv_buf.h"
#include "nv_fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct gw_ask {
	struct ev_loop *loop;
	int fd; /* owned */
	ev_io io;
	ev_timer timeout;
	struct nv_buf out;
	struct nv_buf in;
	gw_answer_fn *done;
	void *arg;
};

static unsigned n_asks;

void
gw_ask_cancel(struct gw_ask *ask)
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

static void
finish(struct gw_ask *ask, json_t *data, bool gone, const char *why)
{
	gw_answer_fn *done = ask->done;
	void *arg = ask->arg;

	gw_ask_cancel(ask);
	done(arg, data, gone, why);
}

static void
take_answer(struct gw_ask *ask, size_t bytes)
{
	json_t *o = json_loadb(ask->in.data, bytes, 0, NULL);
	const char *error = json_string_value(json_object_get(o, "error"));
	char why[400];

	if (json_is_true(json_object_get(o, "ok"))) {
		finish(ask, json_object_get(o, "data"), false, "");
	} else {
		(void)snprintf(why, sizeof(why), "%s", error ? error : "no JSON answer");
		finish(ask, NULL, !error, why);
	}
	json_decref(o);
}

static void
on_timeout(struct ev_loop *loop, ev_timer *timer, int revents)
{
	(void)loop;
	(void)revents;
	finish(timer->data, NULL, true, "no answer in time");
}

static void
on_io(struct ev_loop *loop, ev_io *io, int revents)
{
	struct gw_ask *ask = io->data;
	char data[16384];
	ssize_t n;

	(void)revents;
	if (ask->out.bytes) {
		n = send(ask->fd, ask->out.data, ask->out.bytes, MSG_NOSIGNAL);
		if (n > 0)
			nv_buf_consume(&ask->out, (size_t)n);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			finish(ask, NULL, true, "it is gone");
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
	const char *end = n > 0 && !ask->in.error
				  ? memchr(ask->in.data, '\n', ask->in.bytes)
				  : NULL;

	if (end)
		take_answer(ask, (size_t)(end - ask->in.data));
	else if (n <= 0 || ask->in.error)
		finish(ask, NULL, true, "it is gone");
}

static int
reach(const char *path, int *ret_fd)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	if (snprintf(at.sun_path, sizeof(at.sun_path), "%s", path) >=
		(int)sizeof(at.sun_path))
		return -ENAMETOOLONG;
	NV_CLEANUP_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* A unix socket connects at once or not at all (EAGAIN: its queue is full). */
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		return -errno;
	*ret_fd = nv_fd_steal(&fd);
	return 0;
}

int
gw_ask(struct ev_loop *loop, const char *path, json_t *question, int64_t timeout_ms,
	gw_answer_fn *done, void *arg, struct gw_ask **ret)
{
	NV_CLEANUP_FREE char *line = question ? nv_json_line(question) : NULL;
	NV_CLEANUP_FD fd = -1;
	int rc = n_asks == GW_ASKS_MAX ? -EAGAIN : reach(path, &fd);

	json_decref(question);
	if (rc < 0)
		return rc;
	struct gw_ask *ask = line ? calloc(1, sizeof(*ask)) : NULL;

	if (!ask)
		return -ENOMEM;
	n_asks++;
	ask->loop = loop;
	ask->fd = nv_fd_steal(&fd);
	ask->done = done;
	ask->arg = arg;
	nv_buf_init(&ask->in, GW_ASK_BYTES_MAX);
	nv_buf_init(&ask->out, GW_ASK_BYTES_MAX);
	nv_buf_puts(&ask->out, line);
	nv_buf_add(&ask->out, "\n", 1);
	ev_io_init(&ask->io, on_io, ask->fd, EV_WRITE);
	ask->io.data = ask;
	ev_io_start(loop, &ask->io);
	ev_timer_init(&ask->timeout, on_timeout, (double)timeout_ms / 1000, 0);
	ask->timeout.data = ask;
	ev_timer_start(loop, &ask->timeout);
	if (ask->out.error) {
		gw_ask_cancel(ask);
		return -EFBIG;
	}
	*ret = ask;
	return 0;
}
