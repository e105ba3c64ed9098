/* When a task runs: every interval from start to start, on a grid that does not drift,
 * never two at once. Pure arithmetic on a monotonic clock in milliseconds. */
#ifndef RN_SCHED_H
#define RN_SCHED_H

#include "nv_base.h"

struct rn_sched {
	int64_t interval_ms;
	int64_t origin_ms; /* every slot is origin + k * interval */
	int64_t next_ms;   /* the slot to come */
	int64_t last_ms;   /* the slot of the last start; INT64_MIN before the first */
};

/* The first slot is now. interval_ms > 0. */
void rn_sched_init(struct rn_sched *s, int64_t interval_ms, int64_t now_ms);

/* A run has started in the slot that came: the next slot is one interval later. */
void rn_sched_start(struct rn_sched *s);

/* Leave out the slots that have gone by (a run took longer than the interval, or nothing
 * may start). Returns how many. A slot of this very millisecond has not gone by. */
int64_t rn_sched_skip(struct rn_sched *s, int64_t now_ms);

/* A new interval holds from the last start on; the grid begins anew there. */
void rn_sched_set_interval(struct rn_sched *s, int64_t interval_ms, int64_t now_ms);

#endif
