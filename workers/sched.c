/* The grid of starts: see sched.h. */
#include "sched.h"

void
rn_sched_init(struct rn_sched *s, int64_t interval_ms, int64_t now_ms)
{
	NV_ASSERT(interval_ms > 0);
	*s = (struct rn_sched){.interval_ms = interval_ms,
		.origin_ms = now_ms,
		.next_ms = now_ms,
		.last_ms = INT64_MIN};
}

void
rn_sched_start(struct rn_sched *s)
{
	s->last_ms = s->next_ms;
	s->next_ms += s->interval_ms;
}

int64_t
rn_sched_skip(struct rn_sched *s, int64_t now_ms)
{
	if (now_ms <= s->next_ms)
		return 0;
	int64_t late_ms = now_ms - s->next_ms;
	int64_t skipped = (late_ms + s->interval_ms - 1) / s->interval_ms;

	s->next_ms += skipped * s->interval_ms;
	NV_ASSERT(s->next_ms >= now_ms);
	NV_ASSERT((s->next_ms - s->origin_ms) % s->interval_ms == 0);
	return skipped;
}

void
rn_sched_set_interval(struct rn_sched *s, int64_t interval_ms, int64_t now_ms)
{
	NV_ASSERT(interval_ms > 0);
	if (interval_ms == s->interval_ms)
		return;
	s->interval_ms = interval_ms;
	if (s->last_ms != INT64_MIN)
		s->next_ms = NV_MAX(s->last_ms + interval_ms, now_ms);
	s->origin_ms = s->next_ms;
}
