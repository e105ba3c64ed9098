/* One short text given to a process of its own, which has a while for it: started, fed,
 * watched and killed without ever making the loop wait. */
#ifndef ENG_HANDOUT_H
#define ENG_HANDOUT_H

#include "nv_base.h"

#include <ev.h>
#include <sys/types.h>

struct eng_handout;
/* problem: NULL = it ended with 0. */
typedef void eng_handout_fn(struct eng_handout *h, const char *problem);

struct eng_handout {
	struct ev_loop *loop; /* borrowed */
	eng_handout_fn *done;
	void *owner;
	pid_t pid; /* 0 = none runs */
	int pidfd;
	bool timed_out;
	ev_io io;
	ev_timer timer;
};
void eng_handout_init(
	struct eng_handout *h, struct ev_loop *loop, eng_handout_fn *done, void *owner);
/* text: at most PIPE_BUF bytes. path: the program, looked for in PATH. Negative errno:
 * not started; -EBUSY: one is under way. */
int eng_handout_start(struct eng_handout *h, const char *path, char *const argv[],
	const char *text, size_t bytes, double timeout_s);
/* What runs is killed; `done` is not called. */
void eng_handout_fini(struct eng_handout *h);

#endif
