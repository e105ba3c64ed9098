/* One run of the command: start it, pass its output on, keep the last line, end it and
 * all it started, and say how it went.
 *
 *   IDLE --start--> ALIVE --leader exits, nothing left--> IDLE (done)
 *                     |  \--leader exits, others left--.
 *                     |                                v
 *                     +--timeout, stop--> ASKED (TERM to all) --all gone--> IDLE (done)
 *                                           |  grace is over
 *                                           v
 *                                         KILLED (KILL to all, again and again)
 *                                           '--all gone--> IDLE (done)
 */
#ifndef RN_RUN_H
#define RN_RUN_H

#include "result.h"
#include "sink.h"

enum rn_run_state { RN_RUN_IDLE, RN_RUN_ALIVE, RN_RUN_ASKED, RN_RUN_KILLED };
enum rn_run_cause { RN_RUN_BY_ITSELF, RN_RUN_TIMEOUT, RN_RUN_STOP };

struct rn_outcome {
	bool ok;
	int64_t duration_ms; /* of the command itself, without what it left behind */
	int64_t ended_wall_ns;
	char error[300];  /* "" when ok */
	const char *last; /* last line of its output that is not blank, borrowed */
	size_t last_bytes;
};

struct rn_run;
typedef void rn_run_done_fn(struct rn_run *run, const struct rn_outcome *outcome);

struct rn_run {
	void *owner;
	struct ev_loop *loop;
	struct rn_sink *log; /* where the output goes on to; borrowed */
	rn_run_done_fn *on_done;
	uint64_t number;
	char id[RN_RUN_ID_BYTES];
	enum rn_run_state state;
	enum rn_run_cause cause;
	pid_t leader; /* 0 once it is dead */
	int status;   /* its wait status then */
	int64_t started_ms;
	int64_t ended_ms;
	int64_t ended_wall_ns;
	int64_t timeout_ms;
	int64_t grace_ms;
	int64_t kill_since_ms;
	int64_t kill_said_ms;
	int64_t kill_again_ms;
	int out_fd;
	ev_io out;
	ev_timer step;      /* the next rung: timeout, kill, kill again */
	struct nv_buf line; /* being read */
	struct nv_buf last; /* the last whole one that is not blank */
	bool line_too_long;
	bool last_too_long;
	bool mid_line; /* the output so far does not end with a newline */
	uint64_t log_lost_bytes;
	uint64_t leftover_runs; /* runs that left something behind, not yet said */
	int64_t leftover_said_ms;
};

void rn_run_init(struct rn_run *run, struct ev_loop *loop, struct rn_sink *log,
	rn_run_done_fn *on_done, void *owner);
void rn_run_fini(struct rn_run *run);

/* Start run `number` with run->id set by the caller. When it cannot be started,
 * on_done is called at once with the reason. timeout 0 = none; grace is the time between
 * TERM and KILL. */
void rn_run_start(struct rn_run *run, char *const argv[], char *const envp[],
	int event_fd, int64_t timeout_ms, int64_t grace_ms);
/* End it now: TERM, and KILL after grace_ms (0: KILL at once). */
void rn_run_end(struct rn_run *run, enum rn_run_cause cause, int64_t grace_ms);
/* SIGCHLD has come. */
void rn_run_on_child(struct rn_run *run);
/* The log takes output again. */
void rn_run_on_log(struct rn_run *run);

#endif
