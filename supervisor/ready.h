/* How a service says that it is ready, besides its event pipe: a newline on descriptor 5
 * (`ready: fd`), read here, or READY=1 to a socket (`ready: notify`), read by nova-probe.
 * Our end outlives every reader, so nothing that was said is lost. */
#ifndef SUP_READY_H
#define SUP_READY_H

#include "nv_config.h"

#include <ev.h>
#include <sys/types.h>

#define SUP_READY_FD         5 /* in the worker */
#define SUP_READY_PATH_BYTES 108

struct sup_ready {
	int ours;   /* owned: read end, or the socket; -1: none */
	int theirs; /* owned until it was started; -1 */
	ev_io io;   /* of a pipe that is read */
	char env[SUP_READY_PATH_BYTES + 16]; /* "NOVA_READY_FD=5", "NOTIFY_SOCKET=..." */
};

/* What the way of `how` needs, before the start; nothing for the others. `dir` is the
 * worker's private directory. 0 or -errno. */
int sup_ready_make(
	struct sup_ready *r, enum nv_ready how, const char *dir, uid_t uid, gid_t gid);
/* It was started: its end is its own. */
void sup_ready_started(struct sup_ready *r);
void sup_ready_fini(struct sup_ready *r, struct ev_loop *loop);

enum sup_ready_word {
	SUP_READY_NOTHING,
	SUP_READY_SAID,
	SUP_READY_NEVER /* it was closed without a word */
};
/* Has something come? */
bool sup_ready_waits(const struct sup_ready *r);
/* Read what has come. */
enum sup_ready_word sup_ready_read(struct sup_ready *r);

#endif
