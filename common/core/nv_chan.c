/* Channels of typed messages: see nv_chan.h. */
#include "nv_chan.h"
#include "nv_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* Per loop pass, so that one peer cannot starve the rest. */
#define PASS_MESSAGES_MAX 64

struct nv_chan_packet {
	struct nv_chan_packet *next; /* owned */
	enum nv_msg_type type;
	unsigned n_fds;
	int fds[NV_MSG_FDS_MAX]; /* owned */
	size_t bytes;
	uint8_t body[];
};

static void
packet_free(struct nv_chan_packet *packet)
{
	for (unsigned i = 0; i < packet->n_fds; i++)
		nv_fd_close(&packet->fds[i]);
	free(packet);
}

static void
fail(struct nv_chan *chan, const char *why)
{
	nv_chan_close(chan);
	if (chan->on_close)
		chan->on_close(chan, why);
}

/* False when there is nothing more to read now, or ever. */
static bool
read_one(struct nv_chan *chan)
{
	struct nv_msg msg;
	char why[256];
	int rc = nv_msg_recv(chan->fd, chan->peer, chan->me, &msg, why, sizeof(why));

	if (rc == -EAGAIN)
		return false;
	if (rc == -ECONNRESET)
		return true; /* told once, ahead of what the peer had sent before it went
			      */
	if (rc <= 0) {
		fail(chan, rc == -EPROTO             ? why
			   : rc == 0 || rc == -EPIPE ? NULL
						     : strerror(-rc));
		return false;
	}
	nv_chan_handler_fn *handler = chan->handlers[msg.type];
	bool good = handler && handler(chan, &msg) >= 0;

	nv_msg_fini(&msg);
	if (!good && chan->fd >= 0)
		fail(chan, handler ? "a message with a bad body"
				   : "a message that is not served here");
	return good && chan->fd >= 0;
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct nv_chan *chan = w->data;

	(void)loop;
	(void)revents;
	for (int i = 0; i < PASS_MESSAGES_MAX && read_one(chan); i++)
		;
}

void
nv_chan_drain(struct nv_chan *chan)
{
	while (nv_chan_is_open(chan) && read_one(chan))
		;
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct nv_chan *chan = w->data;

	(void)revents;
	while (chan->head) {
		struct nv_chan_packet *p = chan->head;
		int rc = nv_msg_send(
			chan->fd, p->type, p->body, p->bytes, p->fds, p->n_fds);

		if (rc == -EAGAIN || rc == -ENOBUFS || rc == -ETOOMANYREFS)
			return;
		if (rc < 0) {
			/* The reading side reports the end; what cannot be sent is moot.
			 */
			ev_io_stop(loop, w);
			return;
		}
		chan->head = p->next;
		if (!chan->head)
			chan->tail = NULL;
		chan->queued_bytes -= sizeof(*p) + p->bytes;
		packet_free(p);
	}
	ev_io_stop(loop, w);
}

void
nv_chan_open(struct nv_chan *chan, struct ev_loop *loop, int fd, char me, char peer,
	nv_chan_handler_fn *const *handlers, nv_chan_close_fn *on_close, void *owner)
{
	*chan = (struct nv_chan){.owner = owner,
		.loop = loop,
		.fd = fd,
		.me = me,
		.peer = peer,
		.handlers = handlers,
		.on_close = on_close,
		.queued_bytes_max = (size_t)8 << 20};
	(void)nv_fd_set_nonblock(fd, true); /* every call also says MSG_DONTWAIT */
	ev_io_init(&chan->in, on_readable, fd, EV_READ);
	ev_io_init(&chan->out, on_writable, fd, EV_WRITE);
	chan->in.data = chan;
	chan->out.data = chan;
	ev_io_start(loop, &chan->in);
}

void
nv_chan_close(struct nv_chan *chan)
{
	if (!chan->loop || chan->fd < 0)
		return;
	ev_io_stop(chan->loop, &chan->in);
	ev_io_stop(chan->loop, &chan->out);
	nv_fd_close(&chan->fd);
	while (chan->head) {
		struct nv_chan_packet *p = chan->head;

		chan->head = p->next;
		packet_free(p);
	}
	chan->tail = NULL;
	chan->queued_bytes = 0;
}

bool
nv_chan_is_open(const struct nv_chan *chan)
{
	return chan->loop && chan->fd >= 0;
}

static int
enqueue(struct nv_chan *chan, enum nv_msg_type type, const void *body, size_t bytes,
	const int *fds, unsigned n_fds)
{
	/* With its own memory: messages without a body have a limit too. */
	if (sizeof(struct nv_chan_packet) + bytes >
		chan->queued_bytes_max - chan->queued_bytes)
		return -ENOBUFS;
	struct nv_chan_packet *p = calloc(1, sizeof(*p) + bytes);

	if (!p)
		return -ENOMEM;
	p->type = type;
	p->bytes = bytes;
	if (bytes > 0)
		memcpy(p->body, body, bytes);
	for (; p->n_fds < n_fds; p->n_fds++) {
		p->fds[p->n_fds] = fcntl(fds[p->n_fds], F_DUPFD_CLOEXEC, 0);
		if (p->fds[p->n_fds] < 0) {
			int rc = -errno;

			packet_free(p);
			return rc;
		}
	}
	if (chan->tail)
		chan->tail->next = p;
	else
		chan->head = p;
	chan->tail = p;
	chan->queued_bytes += sizeof(*p) + bytes;
	ev_io_start(chan->loop, &chan->out);
	return 0;
}

int
nv_chan_send(struct nv_chan *chan, enum nv_msg_type type, const void *body, size_t bytes,
	const int *fds, unsigned n_fds)
{
	if (!nv_chan_is_open(chan))
		return -ENOTCONN;
	chan->sent++;
	if (!chan->head) {
		int rc = nv_msg_send(chan->fd, type, body, bytes, fds, n_fds);

		/* ETOOMANYREFS: too many descriptors in flight; they drain like bytes. */
		if (rc != -EAGAIN && rc != -ENOBUFS && rc != -ETOOMANYREFS)
			return rc;
	}
	return enqueue(chan, type, body, bytes, fds, n_fds);
}

int
nv_chan_send_wr(struct nv_chan *chan, enum nv_msg_type type, const struct nv_wr *w)
{
	return w->error ? w->error : nv_chan_send(chan, type, w->data, w->bytes, NULL, 0);
}

bool
nv_chan_flushed(const struct nv_chan *chan)
{
	return !chan->head;
}
