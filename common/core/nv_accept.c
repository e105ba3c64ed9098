/* See nv_accept.h. */
#include "nv_accept.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define PAUSE_S 0.2

static void
on_readable(struct ev_loop *loop, ev_io *io, int revents)
{
	struct nv_accept *a = io->data;
	int fd = accept4(io->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	if (fd >= 0) {
		a->accepted(a->arg, fd);
		return;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		ev_io_stop(loop, io);
		ev_timer_set(&a->again, PAUSE_S, 0.);
		ev_timer_start(loop, &a->again);
	} /* else it went away */
}

static void
on_again(struct ev_loop *loop, ev_timer *timer, int revents)
{
	struct nv_accept *a = timer->data;

	(void)revents;
	ev_io_start(loop, &a->io);
}

void
nv_accept_start(struct nv_accept *a, struct ev_loop *loop, int fd,
	nv_accepted_fn *accepted, void *arg)
{
	*a = (struct nv_accept){.loop = loop, .accepted = accepted, .arg = arg};
	ev_io_init(&a->io, on_readable, fd, EV_READ);
	ev_timer_init(&a->again, on_again, 0., 0.);
	a->io.data = a->again.data = a;
	ev_io_start(loop, &a->io);
}

void
nv_accept_stop(struct nv_accept *a)
{
	ev_timer_stop(a->loop, &a->again);
	ev_io_stop(a->loop, &a->io);
}

bool
nv_peer_is_ours(int fd, uid_t *ret_uid)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t bytes = sizeof(peer);
	bool known = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0;

	*ret_uid = peer.uid;
	return known && (peer.uid == 0 || peer.uid == geteuid());
}
