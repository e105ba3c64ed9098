/* The ring of deaths: see shared.h. */
#include "shared.h"

#include <assert.h>

static_assert((SUP_EXITS_MAX & (SUP_EXITS_MAX - 1)) == 0,
	"a number keeps its place when it wraps");

static uint64_t
time_us(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000 + (uint64_t)t->tv_usec;
}

bool
sup_exits_full(const struct sup_shared *shared)
{
	return atomic_load(&shared->reaped) - atomic_load(&shared->taken) >=
	       SUP_EXITS_MAX;
}

void
sup_exits_push(
	struct sup_shared *shared, pid_t pid, int status, const struct rusage *usage)
{
	uint64_t at = atomic_load(&shared->reaped);

	shared->exits[at % SUP_EXITS_MAX] = (struct sup_exit){.pid = pid,
		.status = status,
		.cpu_us = time_us(&usage->ru_utime) + time_us(&usage->ru_stime),
		.rss_kib = (uint64_t)usage->ru_maxrss};
	atomic_store(&shared->reaped, at + 1);
}
