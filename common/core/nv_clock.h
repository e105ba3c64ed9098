/* Clocks and times. Deadlines use the monotonic clock, records the wall clock;
 * a loop reads each once a pass and hands the values down. */
#ifndef NV_CLOCK_H
#define NV_CLOCK_H

#include "nv_base.h"

#define NV_NS_PER_MS  INT64_C(1000000)
#define NV_NS_PER_SEC INT64_C(1000000000)

int64_t nv_mono_ns(void);
int64_t nv_mono_ms(void);
/* Nanoseconds since 1970-01-01T00:00:00Z. */
int64_t nv_wall_ns(void);

#define NV_RFC3339_BYTES 40
/* "2026-11-22T14:05:09.123Z"; milliseconds, UTC. Returns buf. */
const char *nv_rfc3339(int64_t wall_ns, char buf[NV_RFC3339_BYTES]);
/* RFC 3339 date-time with any offset and up to 9 fraction digits (RFC 3339,
 * section 5.6; a leap second counts as the second after). 0 or -EINVAL, or
 * -ERANGE outside the years 1970..2261 that int64 nanoseconds can hold. */
int nv_rfc3339_parse(const char *text, size_t bytes, int64_t *ret_wall_ns);

#endif
