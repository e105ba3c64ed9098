/* Connections of a listening unix socket, one a pass of the loop. Without a descriptor
 * left, a connection that waits keeps its socket readable, and asking again at once would
 * take the whole CPU: accepting pauses for a moment then. */
#ifndef NV_ACCEPT_H
#define NV_ACCEPT_H

#include "nv_base.h"

#include <ev.h>
#include <sys/types.h>

/* fd is the callee's: CLOEXEC and not blocking. */
typedef void nv_accepted_fn(void *arg, int fd);

struct nv_accept {
	struct ev_loop *loop;
	ev_io io;
	ev_timer again;
	nv_accepted_fn *accepted;
	void *arg;
};

/* fd is listening, and stays the caller's. */
void nv_accept_start(struct nv_accept *a, struct ev_loop *loop, int fd,
	nv_accepted_fn *accepted, void *arg);
/* Once started; also from within `accepted`. */
void nv_accept_stop(struct nv_accept *a);

/* Is the other end of a unix socket root's or our own user's? Its uid, when the kernel
 * knows it (SO_PEERCRED, see unix(7)), in any case. */
bool nv_peer_is_ours(int fd, uid_t *ret_uid);

#endif
