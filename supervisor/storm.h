/* How many automatic restarts at once, and what many crashes at the same time mean. Pure:
 * a function of (storm, policy, event, now); incident.c applies the answers.
 *
 * Every automatic restart takes a token from one bucket of the fleet. When at least
 * `workers` different workers crash within a window, that is one common cause, not many
 * faults: an *incident*.
 *
 *    QUIET --threshold--> OPEN --one is tried--> CANARY --it lives--> RAMP --all back-->
 * QUIET ^  wait, doubled each     | it dies          | |  time                   v |
 * threshold again
 *                          +<------------------------+<-----------------+
 *
 * While it is open, restarts of what crashed are held: nothing is started, so nothing
 * crashes and no limit is used up. RAMP lets 1, 2, 4, ... go each second. */
#ifndef SUP_STORM_H
#define SUP_STORM_H

#include "nv_base.h"

#define SUP_STORM_WORKERS_MAX 1000 /* `storm.workers` is at most this */
#define SUP_STORM_TICK_MS     1000
#define SUP_STORM_RAMP_MAX    20 /* doublings */
#define SUP_STORM_WAIT_TIMES \
	12 /* the longest wait for a canary: so many times its life */

struct sup_storm_policy {
	uint32_t rate;    /* tokens a second, >= 1 */
	uint32_t burst;   /* tokens at most, >= 1 */
	uint32_t workers; /* 0: no incidents */
	int64_t within_ms;
	int64_t canary_ms; /* so long it has to live */
};

enum sup_storm_state {
	SUP_STORM_QUIET,
	SUP_STORM_OPEN,
	SUP_STORM_CANARY,
	SUP_STORM_RAMP,
	SUP_STORM_STATES
};
const char *sup_storm_state_name(enum sup_storm_state state);

/* Flat, so that it can be written down as it is. Keys are the caller's: any number that
 * stands for a worker, or for an instance, and is the same in the next novasupd. */
struct sup_storm {
	enum sup_storm_state state;
	uint32_t id;        /* of this incident, or the last one; counts from 1 */
	uint32_t n_workers; /* different ones that crashed in this incident */
	uint32_t failed;    /* canaries and ramps that did not last */
	uint32_t ramp;      /* doublings so far */
	uint32_t left;      /* releases left in this second of the ramp */
	uint64_t canary;    /* key of the instance; 0: none */
	int64_t opened_ms;
	int64_t since_ms;    /* in this state */
	int64_t deadline_ms; /* monotonic; INT64_MAX: none */
	int64_t tokens_ns;   /* 10^-9 tokens; below 0: promised to those who wait */
	int64_t refilled_ms;
	uint32_t n_recent;
	struct {
		uint64_t worker;
		int64_t at_ms; /* of its last crash */
	} recent[SUP_STORM_WORKERS_MAX];
};

void sup_storm_init(
	struct sup_storm *s, const struct sup_storm_policy *policy, int64_t now_ms);
/* Another policy: a bucket that is too full loses the rest. Switched off while an
 * incident is open: true, and everything is to be released. */
bool sup_storm_adopt(
	struct sup_storm *s, const struct sup_storm_policy *policy, int64_t now_ms);

enum sup_storm_news {
	SUP_STORM_NOTHING,
	SUP_STORM_OPENED,      /* a new incident */
	SUP_STORM_CANARY_DIED, /* it is open again */
	SUP_STORM_BACK         /* too many died on the ramp: it is open again */
};
/* An instance crashed. */
enum sup_storm_news
sup_storm_crash(struct sup_storm *s, const struct sup_storm_policy *policy,
	uint64_t worker, uint64_t instance, int64_t now_ms);
/* An instance ended without a crash, or is not wanted any more: as a canary it proves
 * nothing, and another one is tried at once. True when it was the canary. */
bool sup_storm_left(struct sup_storm *s, uint64_t instance, int64_t now_ms);

enum sup_storm_answer {
	SUP_STORM_GO,    /* start it now */
	SUP_STORM_LATER, /* start it after *ret_wait_ms, without asking again */
	SUP_STORM_HOLD   /* it is released by SUP_STORM_RELEASE, or tried as a canary */
};
/* May this instance be restarted now? `crashed`: its last end was a crash. */
enum sup_storm_answer
sup_storm_ask(struct sup_storm *s, const struct sup_storm_policy *policy,
	uint64_t instance, bool crashed, int64_t now_ms, int64_t *ret_wait_ms);

enum sup_storm_what {
	SUP_STORM_WAIT,    /* nothing to do before the deadline */
	SUP_STORM_PICK,    /* choose a held one, tell sup_storm_try, and start it */
	SUP_STORM_ALIVE,   /* the canary lives: the ramp begins; release `n` */
	SUP_STORM_RELEASE, /* up to `n` held ones, each through sup_storm_ask */
	SUP_STORM_CLOSED   /* the incident is over; release whatever is held */
};
/* At the deadline. `held`: how many are held now; `coming`: how many others have crashed
 * and still wait for their own backoff. */
enum sup_storm_what
sup_storm_timer(struct sup_storm *s, const struct sup_storm_policy *policy, uint32_t held,
	uint32_t coming, int64_t now_ms, uint32_t *ret_n);
void sup_storm_try(struct sup_storm *s, const struct sup_storm_policy *policy,
	uint64_t instance, int64_t now_ms);

/* Never 0. */
uint64_t sup_storm_key(const char *worker, uint32_t instance);

struct nv_buf;
/* Everything, in a versioned form. -EBADMSG: *s stays as it was. */
void sup_storm_save(const struct sup_storm *s, struct nv_buf *buf);
int sup_storm_load(struct sup_storm *s, const void *data, size_t bytes);

#endif
