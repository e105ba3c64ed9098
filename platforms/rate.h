/* Token buckets: so many in so long, spread evenly, with a burst at the start. Pure;
 * times are milliseconds of the monotonic clock. */
#ifndef PLAT_RATE_H
#define PLAT_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct plat_rate {
	int64_t count; /* 0: no limit */
	int64_t per_ms;
	int64_t burst;  /* tokens it holds at most */
	int64_t credit; /* in count * ms: a token is per_ms of it */
	int64_t as_of_ms;
};

/* count a per_ms, at most `burst` at once (0: as many as a second has, at least 1). */
void plat_rate_init(struct plat_rate *r, int64_t count, int64_t per_ms, int64_t burst,
	int64_t now_ms);
/* Takes one: 0. Else how many ms until there is one, > 0, and none is taken. */
int64_t plat_rate_take(struct plat_rate *r, int64_t now_ms);
/* Gives one back. */
void plat_rate_give(struct plat_rate *r);

#endif
