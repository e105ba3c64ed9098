/* Bodies of the messages of nv_msg.def: a struct for each, and encode/decode twins
 * that stand next to each other in nv_msg_body.c. Decoders return 0 or -EBADMSG;
 * strings are NUL-terminated copies. Times in ms are monotonic durations, never
 * wall-clock differences. */
#ifndef NV_MSG_BODY_H
#define NV_MSG_BODY_H

#include "nv_logfile.h"
#include "nv_msg.h"
#include "nv_split.h"

/* ENG_HELLO: first message to the engine. fd 0: the configuration snapshot. */
struct nv_eng_hello {
	uint64_t boot_id;    /* random, new at each start of novasupd */
	uint32_t config_gen; /* counts reloads, from 1 */
	char state_dir[200];
	char run_dir[100]; /* a unix socket's path must fit: sun_path has 108 bytes */
};
int nv_eng_hello_encode(struct nv_wr *w, const struct nv_eng_hello *m);
int nv_eng_hello_decode(struct nv_eng_hello *m, const struct nv_msg *msg);

/* ENG_JOURNAL: the lifecycle journal, an append-only memfd that novasupd writes
 * event lines into; fd 0; body: u64 stream id (= boot_id; another one: that of an
 * earlier fleet which was killed, to be read to its end and closed). ENG_JOURNAL_GREW
 * says it has grown (body: u64 size). */

/* ENG_STREAM: one incarnation's event stream. fds: 0 read end of the event pipe,
 * 1 the memfd the bytes are spliced into, 2 write end of the control pipe. */
struct nv_eng_stream {
	uint64_t stream_id; /* never reused: see nv_stream_id in supervisor */
	char worker[NV_NAME_MAX];
	uint32_t instance;   /* 1..n */
	uint32_t generation; /* counts restarts of the instance, from 1 */
	int32_t pid;         /* 0 when the incarnation is already dead */
	char cgroup[300];    /* absolute path of its cgroup directory, "" without one */
	bool runner;         /* kind: task, under nova-runner */
	char variant[NV_NAME_MAX]; /* it was started with; "" none, or one for each run */
};
int nv_eng_stream_encode(struct nv_wr *w, const struct nv_eng_stream *m);
int nv_eng_stream_decode(struct nv_eng_stream *m, const struct nv_msg *msg);

/* ENG_HELD: a person stopped this worker through novasupd while the engine was away. */
struct nv_eng_held {
	char worker[NV_NAME_MAX];
	uint32_t uid;
	int64_t wall_ns;
};
int nv_eng_held_encode(struct nv_wr *w, const struct nv_eng_held *m);
int nv_eng_held_decode(struct nv_eng_held *m, const struct nv_msg *msg);

/* ENG_CONFIG: u32 config_gen; fd 0 the new snapshot. ENG_STOP: u32 drain_ms. */

/* SUP_ENGINE_STATE */
enum nv_engine_state {
	NV_ENGINE_READY = 1,  /* the ledger is open and written to; desires follow */
	NV_ENGINE_TROUBLE = 2 /* the ledger cannot be written: pause every agent */
};
struct nv_sup_engine_state {
	uint8_t state; /* enum nv_engine_state */
	char reason[512];
};
int nv_sup_engine_state_encode(struct nv_wr *w, const struct nv_sup_engine_state *m);
int nv_sup_engine_state_decode(struct nv_sup_engine_state *m, const struct nv_msg *msg);

/* SUP_DESIRE: what the engine wants of one worker. Idempotent; a later one for the
 * same worker replaces an earlier one. After READY the engine sends one for each
 * worker and then SUP_DESIRE_END. */
struct nv_sup_desire {
	char worker[NV_NAME_MAX];
	uint32_t instances; /* 0 = stopped */
	bool paused;
	bool reset; /* a person or the policy starts it anew: clear halted, cooldown and
		       backoff */
	uint64_t epoch;             /* ledger sequence of the desire, shown in status */
	char reason[200];           /* "killed by decision 41", "stopped by uid 0", "" */
	char params[4096];          /* NOVA_PARAMS, a JSON object */
	char variant[NV_NAME_MAX];  /* NOVA_VARIANT without a split */
	char split[NV_SPLIT_BYTES]; /* of an experiment, see nv_split.h; "" none */
	int64_t run_interval_ms;    /* NOVA_RUN_INTERVAL_MS */
};
int nv_sup_desire_encode(struct nv_wr *w, const struct nv_sup_desire *m);
int nv_sup_desire_decode(struct nv_sup_desire *m, const struct nv_msg *msg);

/* SUP_STREAM_CLOSED: the ledger says "closed at `bytes`"; novasupd drops the
 * stream only if its memfd has that size. */
struct nv_sup_stream_closed {
	uint64_t stream_id;
	uint64_t bytes;
};
int nv_sup_stream_closed_encode(struct nv_wr *w, const struct nv_sup_stream_closed *m);
int nv_sup_stream_closed_decode(struct nv_sup_stream_closed *m, const struct nv_msg *msg);

/* SUP_KILL: end this incarnation (stop ladder, grace 0 when hard); it is restarted by
 * its restart policy and counts as a crash with this cause ("watchdog", "livelock", ...).
 */
#define NV_SUP_KILL_BYTES 512
struct nv_sup_kill {
	uint64_t stream_id;
	bool hard;
	char cause[NV_NAME_MAX];
	char detail[300]; /* why, with figures, for people */
};
int nv_sup_kill_encode(struct nv_wr *w, const struct nv_sup_kill *m);
int nv_sup_kill_decode(struct nv_sup_kill *m, const struct nv_msg *msg);

/* SUP_INSTANCE_READY: u64 stream_id; the worker said `ready`. */

/* LOG_HELLO; fd 0: the logger's progress table, a memfd that outlives it. */
struct nv_log_hello {
	char log_dir[1024];
};
int nv_log_hello_encode(struct nv_wr *w, const struct nv_log_hello *m);
int nv_log_hello_decode(struct nv_log_hello *m, const struct nv_msg *msg);

/* LOG_STREAM: one incarnation's output. fds: 0 the read end of the stdout/stderr pipe, 1
 * the memfd its bytes are spliced into. Sent again for a known id (new settings, a new
 * novasupd) it only renews the policy. SUP_LOG_CLOSED: u64 id, everything up to end of
 * file is in the log. LOG_SYNCED: every stream that novasupd holds has been sent. */
struct nv_log_stream {
	uint64_t log_id;
	char name[NV_NAME_MAX]; /* file stem: the worker */
	uint32_t instance;
	uint32_t generation;
	struct nv_log_policy policy;
};
int nv_log_stream_encode(struct nv_wr *w, const struct nv_log_stream *m);
int nv_log_stream_decode(struct nv_log_stream *m, const struct nv_msg *msg);

/* SUP_LOG_LOST: the disk does not take the output of a stream, or takes it again. */
struct nv_sup_log_lost {
	uint64_t log_id;
	uint64_t dropped_bytes; /* of this stream, since it began */
	uint64_t waiting_bytes; /* taken from the pipe, not yet in the file */
	char error[100];        /* "" = it can be written */
};
int nv_sup_log_lost_encode(struct nv_wr *w, const struct nv_sup_log_lost *m);
int nv_sup_log_lost_decode(struct nv_sup_log_lost *m, const struct nv_msg *msg);

/* CTL_LOG: what a worker's log has lost, or cannot take now; follows its CTL_WORKER, and
 * only where there is something to say. */
struct nv_ctl_log {
	uint32_t request_id;
	char worker[NV_NAME_MAX];
	uint64_t dropped_bytes; /* since novasupd started */
	char error[100];        /* "" = it can be written */
};
int nv_ctl_log_encode(struct nv_wr *w, const struct nv_ctl_log *m);
int nv_ctl_log_decode(struct nv_ctl_log *m, const struct nv_msg *msg);

/* PROBE_HELLO: u32 config_gen; fd 0 the configuration snapshot. The first message, and
 * again after a reload: nova-probe forgets every target. */

/* PROBE_WATCH, PROBE_NOTIFY: from now on this is asked of an incarnation, instead of what
 * was asked before. PROBE_NOTIFY carries the socket its NOTIFY_SOCKET leads to.
 * PROBE_DROP (u64 stream id): nothing is. */
enum nv_probe_what {
	NV_PROBE_WHAT_READY = 1, /* until it is ready */
	NV_PROBE_WHAT_HEALTH = 2
};
struct nv_probe_watch {
	uint64_t stream_id; /* the incarnation */
	char worker[NV_NAME_MAX];
	uint32_t instance;
	int32_t pid;
	char cgroup[300];
	uint8_t what; /* enum nv_probe_what */
};
int nv_probe_watch_encode(struct nv_wr *w, const struct nv_probe_watch *m);
int nv_probe_watch_decode(struct nv_probe_watch *m, const struct nv_msg *msg);

/* SUP_PROBE_STATE: what became of it; said when it changes. READY good: it is ready.
 * READY not good: why not yet. HEALTH: healthy, or unhealthy and why. */
struct nv_sup_probe_state {
	uint64_t stream_id;
	uint8_t what; /* enum nv_probe_what */
	bool good;
	char reason[200];
};
int nv_sup_probe_state_encode(struct nv_wr *w, const struct nv_sup_probe_state *m);
int nv_sup_probe_state_decode(struct nv_sup_probe_state *m, const struct nv_msg *msg);

/* Requests of a client: SUP_STATUS, SUP_STOP, SUP_RESTART, SUP_RELOAD,
 * SUP_SHUTDOWN, SUP_WAIT. */
enum nv_wait_for {
	NV_WAIT_STOPPED = 1, /* no process of it is left */
	NV_WAIT_RUNNING = 2, /* every desired instance is up */
	NV_WAIT_SETTLED = 3  /* running as desired, or halted */
};
struct nv_sup_request {
	uint32_t request_id;
	char worker[NV_NAME_MAX]; /* "" = all */
	uint32_t instance;        /* SUP_RESTART: 0 = all */
	uint8_t wait_for;         /* SUP_WAIT: enum nv_wait_for */
	uint32_t timeout_ms;      /* SUP_WAIT */
	bool brief; /* SUP_STATUS: of each worker's instances only the oldest and the
		     * worst
		     */
};
int nv_sup_request_encode(
	struct nv_wr *w, enum nv_msg_type type, const struct nv_sup_request *m);
int nv_sup_request_decode(struct nv_sup_request *m, const struct nv_msg *msg);

/* SUP_REEXEC: go on as another binary; answered by a CTL_REPLY when it is refused, or
 * when it is about to be executed. */
struct nv_sup_reexec {
	uint32_t request_id;
	char binary[4096]; /* absolute; "": the one that stands where novasupd's was */
};
int nv_sup_reexec_encode(struct nv_wr *w, const struct nv_sup_reexec *m);
int nv_sup_reexec_decode(struct nv_sup_reexec *m, const struct nv_msg *msg);

/* Answers: SUP_STATUS is answered by one CTL_NOVA, then CTL_PROC, CTL_WORKER and
 * CTL_INSTANCE in any number (an instance follows its worker), then CTL_END. All
 * other requests by one CTL_REPLY.
 *
 * CTL_ROWS stands for many of those in one packet: after the request id, for each its
 * number (u32), its length (u32) and its body. */
/* Add one message to a CTL_ROWS: 0, or -EMSGSIZE when it does not fit any more. */
int nv_ctl_rows_add(
	struct nv_wr *rows, enum nv_msg_type type, const void *body, size_t bytes);
/* Take the next one, as if it had come by itself: 1, 0 at the end, -EBADMSG. */
int nv_ctl_rows_next(struct nv_rd *rows, struct nv_msg *ret);

struct nv_ctl_nova {
	uint32_t request_id;
	int32_t pid;
	char version[32];
	uint64_t uptime_ms;
	bool ready; /* engine ready and desired state applied */
	bool stopping;
	uint32_t config_gen;
	char engine_state[32];   /* "ready", "starting", "trouble", "down" */
	char engine_reason[512]; /* why not ready */
	char isolation[64];      /* "cgroup v2", "process groups and subreaper" */
	char state_dir[200];
	char log_dir[300];
	char config[300];
	char brake[320]; /* the emergency stop in words; "": there is none */
};
int nv_ctl_nova_encode(struct nv_wr *w, const struct nv_ctl_nova *m);
int nv_ctl_nova_decode(struct nv_ctl_nova *m, const struct nv_msg *msg);

struct nv_ctl_proc {
	uint32_t request_id;
	char name[NV_NAME_MAX];
	int32_t pid;
	char state[24]; /* "up", "starting", "backoff", "stopping", "down" */
	uint64_t uptime_ms;
	uint32_t restarts;
	char last_exit[100];
};
int nv_ctl_proc_encode(struct nv_wr *w, const struct nv_ctl_proc *m);
int nv_ctl_proc_decode(struct nv_ctl_proc *m, const struct nv_msg *msg);

struct nv_ctl_worker {
	uint32_t request_id;
	char worker[NV_NAME_MAX];
	char group[NV_NAME_MAX];
	char state[24]; /* "running", "starting", "paused", "stopping", "stopped",
			   "cooldown", "backoff", "halted", "waiting" (no engine yet) */
	uint32_t desired;
	uint32_t up; /* instances up now */
	bool paused;
	uint64_t epoch;
	uint32_t restarts;
	uint32_t crashes_in_window;
	uint32_t crashes_max;
	uint64_t window_ms;
	int64_t retry_in_ms; /* -1: no retry is pending */
	char reason[300];    /* why it is in this state */
};
int nv_ctl_worker_encode(struct nv_wr *w, const struct nv_ctl_worker *m);
int nv_ctl_worker_decode(struct nv_ctl_worker *m, const struct nv_msg *msg);

struct nv_ctl_instance {
	uint32_t request_id;
	char worker[NV_NAME_MAX];
	uint32_t instance;
	int32_t pid; /* 0: no process */
	uint32_t generation;
	char state[24]; /* "up", "starting", "stopping", "backoff", "cooldown", "halted",
			   "stopped", "failed" */
	uint64_t uptime_ms;
	uint32_t restarts;
	char last_exit[200]; /* "exit 3", "signal 9 (KILL)", "exec: ENOENT ...", "" */
	/* "healthy", "unhealthy", "not ready", or "" when nobody has asked it */
	char health[16];
	uint64_t health_ms;      /* for so long */
	char health_reason[200]; /* why it is not well */
	char cgroup[300];
};
int nv_ctl_instance_encode(struct nv_wr *w, const struct nv_ctl_instance *m);
int nv_ctl_instance_decode(struct nv_ctl_instance *m, const struct nv_msg *msg);

struct nv_ctl_reply {
	uint32_t request_id;
	uint8_t code; /* enum nv_exit */
	char text[15000];
};
int nv_ctl_reply_encode(struct nv_wr *w, const struct nv_ctl_reply *m);
int nv_ctl_reply_decode(struct nv_ctl_reply *m, const struct nv_msg *msg);

/* Bodies of a single integer. */
int nv_body_u32_decode(uint32_t *ret, const struct nv_msg *msg);
int nv_body_u64_decode(uint64_t *ret, const struct nv_msg *msg);

#endif
