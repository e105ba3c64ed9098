/* When the next backup is due: pure, see saving.h. */
#include "nv_clock.h"
#include "period.h"
#include "saving.h"

#define AGAIN_MS          INT64_C(600000)
#define AGAIN_DOUBLED_MAX 20U

static const int64_t minute_ns = INT64_C(60) * NV_NS_PER_SEC;

/* The first time of day `at_min` that is not before t. On a day when the clocks change it
 * may be an hour off. */
static int64_t
time_of_day(int64_t t, int at_min)
{
	int64_t from;
	int64_t to;

	eng_day_bounds(t, &from, &to);
	if (from + at_min * minute_ns >= t)
		return from + at_min * minute_ns;
	eng_day_bounds(to, &from, &to);
	return from + at_min * minute_ns;
}

int64_t
eng_saving_due(int64_t last_ns, int64_t every_ms, int at_min, int64_t now_ns)
{
	const int64_t half_day_ns = 720 * minute_ns;

	if (last_ns == 0)
		return at_min < 0 ? now_ns : time_of_day(now_ns, at_min);
	int64_t next = last_ns + every_ms * NV_NS_PER_MS;

	/* One that began late does not make the following ones late. */
	return at_min < 0 ? next : time_of_day(next - half_day_ns, at_min);
}

int64_t
eng_saving_again_ms(unsigned failures, int64_t every_ms)
{
	int64_t again_ms = AGAIN_MS << NV_MIN(failures - 1, AGAIN_DOUBLED_MAX);

	return NV_MIN(every_ms, again_ms);
}
