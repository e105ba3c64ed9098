/* One instance of a worker: when it is started, stopped, restarted and given up. A pure
 * function of (instance, policy, event, now): no clock, no process, no memory of its own;
 * worker.c performs the actions it answers.
 *
 *                 WANT+gate            ready                      UNWANT, RESTART, KILL,
 *    STOPPED ----------------> STARTING -----------------> UP     main program gone
 *       ^                         | SPAWN_FAIL              \___________
 *       | asked to                v                                     v
 *       +---------- (ended) <---- . <--------------- GONE ---------- STOPPING
 *                      |                                        (ask, then KILL)
 *       by itself:     +--> BACKOFF   wait, then start again
 *                      +--> COOLDOWN  `crashes.max` reached: one longer wait
 *                      +--> HALTED    over `crashes.max`: only RESET leaves it
 *                      +--> FINISHED  it ended well and is not to be restarted
 *                      +--> FAILED    it ended badly and is not to be restarted
 *
 * An instance ends only at GONE: when nothing of its process tree is left.
 *
 * In a supervision tree (policy.tree) the tree decides: GO starts it as soon as the gate
 * is open, STOP ends it, and every end of an incarnation is answered with SUP_ACT_ENDED;
 * what it rests in then (BACKOFF, HALTED, ...) is for people. WANT, UNWANT, RESET and
 * TIMER start and stop nothing. */
#ifndef SUP_INSTANCE_H
#define SUP_INSTANCE_H

#include "nv_config.h"

#define SUP_INST_STATES(X) \
	X(STOPPED, "stopped") \
	X(STARTING, "starting") \
	X(UP, "up") \
	X(STOPPING, "stopping") \
	X(BACKOFF, "backoff") \
	X(COOLDOWN, "cooldown") \
	X(HALTED, "halted") \
	X(FINISHED, "stopped") \
	X(FAILED, "failed")

enum sup_inst_state {
#define X(name, text) SUP_INST_##name,
	SUP_INST_STATES(X)
#undef X
		SUP_INST_STATE_COUNT
};

#define SUP_INST_EVENTS(X) \
	X(WANT)       /* it shall run */ \
	X(UNWANT)     /* it shall not run */ \
	X(GATE_OPEN)  /* starts are allowed: there is a ledger, it is not paused */ \
	X(GATE_SHUT)  /* starts are not allowed; what runs goes on */ \
	X(RESET)      /* a person or the policy starts it anew: forget crashes */ \
	X(RESTART)    /* stop it and start it again; not a crash */ \
	X(HALT)       /* given up because another one of its group was */ \
	X(SPAWNED)    /* exec worked */ \
	X(SPAWN_FAIL) /* nothing was started */ \
	X(READY)      /* it says that it is able to work */ \
	X(KILL_SOFT)  /* end it, as a crash: watchdog */ \
	X(KILL_HARD)  /* the same without grace */ \
	X(MAIN_EXIT)  /* its main process is gone; the rest of the tree may live */ \
	X(GONE)       /* nothing of its process tree is left */ \
	X(TIMER)      /* the deadline has passed: of a wait, of a stop, of readiness */ \
	X(GO)         /* the tree starts it */ \
	X(AGAIN)      /* the same after a crash: at the next TIMER */ \
	X(STOP)       /* the tree stops it */ \
	X(HASTE)      /* no more patience with a stop */

enum sup_inst_event {
#define X(name) SUP_EV_##name,
	SUP_INST_EVENTS(X)
#undef X
		SUP_EV_COUNT
};

enum sup_inst_action {         /* a set of these is the answer of a step */
	SUP_ACT_RECORD = 1,    /* it ended: write inst->end down, release what it had */
	SUP_ACT_ASK = 2,       /* control message, stop signal, CONT */
	SUP_ACT_ASK_REST = 4,  /* the main process is gone: TERM to what is left */
	SUP_ACT_KILL = 8,      /* SIGKILL to all of it */
	SUP_ACT_REPORT = 16,   /* a state to be written down: cooldown, halted, ... */
	SUP_ACT_ESCALATE = 32, /* over the limit, and the group shall know */
	SUP_ACT_START = 64,    /* start it; answer SPAWNED or SPAWN_FAIL */
	SUP_ACT_ENDED = 128,   /* tell the tree: end, retry_at_ms, gave_up */
};

#define SUP_CRASHES_MAX     1000 /* remembered; `crashes.max` is at most this - 1 */
#define SUP_LEFTOVER_MS     2000 /* for what outlives its main process after a crash */
#define SUP_KILL_AGAIN_MS   1000
#define SUP_FAILED_START_MS 100   /* at least so long after a start that failed */
#define SUP_STABLE_MS       60000 /* up this long: the next failure is a first one */
#define SUP_NO_DEADLINE     INT64_MAX

struct sup_inst_policy {
	enum nv_restart restart;
	struct nv_conf_crashes crashes;
	bool ready_event;         /* UP only when it is said to be ready */
	int64_t ready_timeout_ms; /* ... within this; 0: whenever it is */
	bool tree;                /* its restarts are decided by a supervision tree */
	bool paced;               /* ... with its own crash limit and backoff */
	uint8_t success[32];      /* exit codes that are no crash, a bit each */
	int64_t grace_ms;         /* or NV_INFINITY_MS */
};

/* How the last incarnation ended; filled by the caller before MAIN_EXIT or SPAWN_FAIL. */
struct sup_inst_end {
	int status;   /* wait status */
	bool oom;     /* the kernel killed something of it for memory */
	bool exec;    /* it could not be started */
	bool machine; /* ... as descriptors, memory or processes ran out: no crash */
	char cause[NV_NAME_MAX];   /* set by the step: "exit", "crash", "stop", ... */
	char by[NV_NAME_MAX + 16]; /* set by the step: who asked for it, "": nobody */
	bool crash;                /* set by the step: counts against the limit */
};

struct sup_inst {
	enum sup_inst_state state;
	bool want;
	bool gate;
	bool asked;          /* STOPPING because it was asked for */
	bool again;          /* start again when gone, at once */
	bool go;             /* tree: it is to be started */
	bool gave_up;        /* tree: over its own crash limit */
	int64_t retry_at_ms; /* tree: not started again before */
	bool forced;         /* KILL_*: a crash, whatever the status */
	bool over_limit;     /* stays halted through UNWANT/WANT */
	bool main_alive;
	char forced_cause[NV_NAME_MAX];
	char asked_cause[NV_NAME_MAX];   /* why it was asked to end; "": "stop" */
	char asked_by[NV_NAME_MAX + 16]; /* "dependency db"; "": not said */
	int64_t deadline_ms;             /* monotonic; SUP_NO_DEADLINE = none */
	int64_t ready_left_ms;           /* of ready_timeout_ms, while the gate is shut */
	int64_t started_ms;
	int64_t up_ms;     /* of this incarnation: since UP */
	uint32_t attempts; /* restarts since it was last stable */
	uint32_t restarts; /* automatic ones, ever */
	uint32_t n_crashes;
	int64_t *crash_ms; /* owned ring of n_crashes stamps, oldest first, cap
			      crashes_cap */
	uint32_t crashes_cap;
	uint64_t random; /* xorshift state of the jitter */
	struct sup_inst_end end;
};

/* -ENOMEM or 0. The seed makes the jitter; it must differ between instances. */
int
sup_inst_init(struct sup_inst *inst, const struct sup_inst_policy *policy, uint64_t seed);
void sup_inst_fini(struct sup_inst *inst);
/* As after init, but for the gate and what is counted ever; without a process only. */
void sup_inst_clear(struct sup_inst *inst);
/* After a reload: room for another crashes.max. */
int sup_inst_fit(struct sup_inst *inst, const struct sup_inst_policy *policy);

/* The set of actions, to be performed in the order of their numbers. */
unsigned sup_inst_step(struct sup_inst *inst, const struct sup_inst_policy *policy,
	enum sup_inst_event event, int64_t now_ms);

/* Crashes that count now. */
uint32_t sup_inst_crashes(const struct sup_inst *inst,
	const struct sup_inst_policy *policy, int64_t now_ms);
const char *sup_inst_state_name(enum sup_inst_state state);
/* STARTING, UP or STOPPING: there is (or may be) a process. */
bool sup_inst_live(const struct sup_inst *inst);

#endif
