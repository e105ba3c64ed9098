/* Lines on their way into a pipe that somebody else reads at his own pace: the event
 * pipe, and standard output. Nothing is lost and nobody is kept waiting: what the pipe
 * does not take stays here until it does.
 *
 * Every write ends at the end of a line as long as lines are at most 4096 bytes, and is
 * at most 4096 bytes long, so the kernel never lets another writer in between. */
#ifndef RN_SINK_H
#define RN_SINK_H

#include "nv_buf.h"

#include <ev.h>

struct rn_sink;
/* The sink is empty again, or has failed (sink->error). */
typedef void rn_sink_fn(struct rn_sink *sink);

struct rn_sink {
	void *owner; /* for the callback */
	struct ev_loop *loop;
	int fd;
	bool own;  /* fd is ours to close */
	bool ask;  /* a shared, blocking pipe: ask poll() before each write */
	int error; /* 0, or the negative errno that ended it; what came later is dropped
		    */
	ev_io out;
	struct nv_buf pending;
	rn_sink_fn *on_change;
};

/* fd stays the caller's and keeps its flags: the programs we start share it and expect
 * it to block. 0 or negative errno. */
int rn_sink_init(struct rn_sink *s, struct ev_loop *loop, int fd,
	size_t pending_bytes_max, rn_sink_fn *on_change, void *owner);
void rn_sink_fini(struct rn_sink *s);

/* Take over text (whole lines, for an event sink) and write what can be written. 0,
 * or -ENOBUFS/-ENOMEM when it was not taken, or the sink's error. */
int rn_sink_put(struct rn_sink *s, const char *text, size_t bytes);
bool rn_sink_is_empty(const struct rn_sink *s);

#endif
