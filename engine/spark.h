/* Each worker's profit hour by hour, for lines of a few pixels beside a thousand names.
 *
 * Kept is what the profit since ever was at the beginning of each hour, in the base
 * currency: an hour is the difference of two of them, so hours add up to the whole
 * exactly. What lies before the last commit cannot change any more (no commit is stamped
 * earlier than the one before it), so only hours that have begun since are looked up. */
#ifndef ENG_SPARK_H
#define ENG_SPARK_H

#include "eng.h"

#define ENG_SPARK_HOURS   24
#define ENG_SPARK_STEP_NS (INT64_C(3600) * 1000000000)

/* The beginning of the first of the last ENG_SPARK_HOURS hours: the last one began with a
 * full hour on the clock of the configured zone, and is not over. */
int64_t eng_spark_from(int64_t now_ns);

/* The profit of each hour from from_ns on (eng_spark_from), oldest first; in the last one
 * is everything since. 0, -ENOMEM, -EIO. */
int eng_spark_read(struct eng *eng, struct led_view *v, struct eng_worker *w,
	int64_t from_ns, nv_i128 ret[ENG_SPARK_HOURS]);

void eng_spark_free(struct eng_worker *w);

#endif
