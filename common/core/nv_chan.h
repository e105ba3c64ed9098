/* A channel of typed messages on a libev loop: an inside link between two of
 * Nova's processes. Outgoing messages wait in a queue with a ceiling when the
 * socket is full; incoming ones go to a handler table by number. A peer that
 * breaks the catalogue is corrupt: the channel closes and on_close is told why. */
#ifndef NV_CHAN_H
#define NV_CHAN_H

#include "nv_msg.h"

#include <ev.h>

struct nv_chan;

/* The message is borrowed for the call; take descriptors with nv_fd_steal. A
 * negative return means the body was bad: the channel is closed. */
typedef int nv_chan_handler_fn(struct nv_chan *chan, struct nv_msg *msg);
/* The channel is already closed and may be freed or opened again. why is NULL for a plain
 * close by the peer. */
typedef void nv_chan_close_fn(struct nv_chan *chan, const char *why);

struct nv_chan_packet;

struct nv_chan {
	void *owner; /* borrowed: whatever the handlers need */
	struct ev_loop *loop;
	ev_io in;
	ev_io out;
	int fd; /* owned; -1 when closed */
	char me;
	char peer;
	nv_chan_handler_fn *const *handlers; /* NV_MSG_TYPE_MAX slots; NULL = refused */
	nv_chan_close_fn *on_close;
	struct nv_chan_packet *head; /* owned queue of packets not yet sent */
	struct nv_chan_packet *tail;
	uint64_t sent; /* messages so far */
	size_t queued_bytes;
	size_t queued_bytes_max;
};

/* Takes ownership of fd (a SOCK_SEQPACKET socket, made non-blocking). */
void nv_chan_open(struct nv_chan *chan, struct ev_loop *loop, int fd, char me, char peer,
	nv_chan_handler_fn *const *handlers, nv_chan_close_fn *on_close, void *owner);
void nv_chan_close(struct nv_chan *chan);
/* Hand on everything that a peer which has ended had still sent. Only for one that can
 * send no more: there is no bound but the socket's. May close the channel. */
void nv_chan_drain(struct nv_chan *chan);
bool nv_chan_is_open(const struct nv_chan *chan);
/* Send or queue; fds are borrowed (duplicated when queued). 0, -ENOTCONN when
 * closed, -ENOBUFS when the queue is at its ceiling, -EINVAL/-EMSGSIZE when the
 * message breaks the catalogue. */
int nv_chan_send(struct nv_chan *chan, enum nv_msg_type type, const void *body,
	size_t bytes, const int *fds, unsigned n_fds);
/* The body of a writer; its remembered error is returned instead of sending. */
int nv_chan_send_wr(struct nv_chan *chan, enum nv_msg_type type, const struct nv_wr *w);
/* True when everything handed to nv_chan_send is with the kernel. */
bool nv_chan_flushed(const struct nv_chan *chan);

#endif
