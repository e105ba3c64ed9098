/* nova-engine, nova-logger and nova-probe as processes: started with a channel on
 * descriptor 3, started again for ever with a bounded backoff, never given up. The next
 * one is started only after the last one was reaped: two readers of a pipe would each
 * take half.
 *
 * Alive means answering: each is asked now and then, and one that does not answer for
 * long, though it could, is killed and followed by another as after a crash.
 */
#ifndef SUP_LINK_H
#define SUP_LINK_H

#include "cgroup.h"
#include "child.h"
#include "nv_chan.h"

#include <ev.h>

#define SUP_LINK_BACKOFF_MIN_MS 100
#define SUP_LINK_BACKOFF_MAX_MS 5000
#define SUP_LINK_BACKOFF_UP_MS  1000 /* at most, for one that had become ready */
#define SUP_LINK_STABLE_MS      10000
/* Ticks (SUP_TICK_MS) of novasupd without an answer: 30 s. Ticks, so that a machine that
 * was suspended is not held against anyone. */
#define SUP_LINK_SILENT_TICKS_MAX 15
/* While it starts: the engine first books what waits, which can be a lot. 10 min. */
#define SUP_LINK_SILENT_START_TICKS_MAX 300

struct sup;
struct sup_link;

enum sup_link_state {
	SUP_LINK_DOWN,     /* not wanted, or never started */
	SUP_LINK_STARTING, /* process there, not ready */
	SUP_LINK_UP,
	SUP_LINK_STOPPING, /* asked to end, or its channel is closed */
	SUP_LINK_BACKOFF
};

struct sup_link {
	struct sup *sup;
	const char *program; /* "nova-engine" */
	char peer;
	enum nv_msg_type ping;
	nv_chan_handler_fn *const *handlers;
	void (*on_start)(struct sup *sup); /* the process runs: greet it */
	void (*on_resume)(
		struct sup *sup); /* it runs on, and we are others: say all again */
	void (*on_down)(struct sup *sup); /* it was reaped or cannot be reached */
	struct nv_chan chan;
	struct sup_child child;
	bool unnoted; /* it was made by a novasupd that died before it could note it */
	bool cut_off; /* its channel is about to be closed */
	uint64_t sent_at_ping; /* messages to it, when it was last asked */
	ev_timer timer; /* backoff, or the patience with one whose channel is closed */

	char flat[0]; /* from here on: state.h */
	struct sup_main main;
	int chan_fd; /* owned by the channel; -1 */
	struct sup_cgroup cgroup;
	enum sup_link_state state;
	bool wanted;
	bool was_up; /* this process, or the last one, had become ready */
	int64_t started_ms;
	int64_t backoff_ms;
	uint32_t restarts;
	uint32_t serial;
	bool asked; /* a ping is not answered yet */
	bool hung;  /* killed, as it did not answer */
	unsigned silent_ticks;
	int last_status;
	char last_exit[100];
};

void sup_link_init(struct sup_link *link, struct sup *sup, const char *program, char peer,
	enum nv_msg_type ping, nv_chan_handler_fn *const *handlers,
	void (*on_start)(struct sup *), void (*on_resume)(struct sup *),
	void (*on_down)(struct sup *));
/* After the image was read: first, before anything is done to any process, it is known
 * to be ours; then it goes on as if we had never been gone. */
void sup_link_watch(struct sup_link *link);
void sup_link_resume(struct sup_link *link);
/* From now on there shall be one. */
void sup_link_want(struct sup_link *link);
/* It is expected to end by itself (it was told); no other is started. */
void sup_link_expect_end(struct sup_link *link);
void sup_link_up(struct sup_link *link); /* it said that it is ready */
/* Once a tick: ask it when it was told something since the last answer, while it starts,
 * and in any case if that is said; lose patience with one that does not answer. False
 * when the next tick may be a slow one. */
bool sup_link_tick(struct sup_link *link, bool in_any_case);
/* A message could not be sent or queued (rc < 0; -ENOTCONN: there is nobody): it has a
 * wrong picture now, so it is ended, and the next one is told everything again. */
void sup_link_must_send(struct sup_link *link, int rc, const char *what);
struct sup *sup_link_sup(struct nv_chan *chan); /* of a link's channel */
/* Handlers: it said that it is ready; it answered. */
int sup_link_on_up(struct nv_chan *chan, struct nv_msg *msg);
int sup_link_on_pong(struct nv_chan *chan, struct nv_msg *msg);
/* SIGKILL, and everything of it. */
void sup_link_kill(struct sup_link *link);
void sup_link_fini(struct sup_link *link);
const char *sup_link_state_name(const struct sup_link *link);
/* "exit 3", "signal 9 (KILL)". */
void sup_exit_text(int status, char *buf, size_t buf_bytes);

#endif
