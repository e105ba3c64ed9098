/* Periods of time, and their parts. Days are those of the configured time zone: from
 * midnight to midnight, 23 or 25 hours long when the clocks change; weeks begin on Monday
 * (ISO 8601), months on the first. Times are nanoseconds since the epoch; a period is
 * [from, to). */
#ifndef ENG_PERIOD_H
#define ENG_PERIOD_H

#include "nv_err.h"

struct eng_period {
	int64_t from_ns;
	int64_t to_ns;
	char name[64]; /* as asked for: "today", "7d", "2026-11-01..2026-11-30" */
};

/* Days of this process begin at midnight in this IANA zone from now on. -ENOENT (err
 * says so, UTC is used) when the system does not know it. */
int eng_zone_set(const char *zone, struct nv_err *err);
/* The local day that contains now. */
void eng_day_bounds(int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_to_ns);
/* The hour of the local clock that contains now. */
void eng_hour_bounds(int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_to_ns);

/* today, yesterday, week (from Monday), month, year, all, or the last "90m", "24h",
 * "7d"... until now; last-hour, last-day, last-week, last-month, last-year: the whole one
 * before; 2026-11-22, 2026-11, 2026: that day, month or year. -EINVAL with what is
 * possible. */
int eng_period_parse(
	const char *text, int64_t now_ns, struct eng_period *ret, struct nv_err *err);
/* from, to: RFC 3339 times or local dates (2026-11-22); to may be NULL (now). */
int eng_period_range(const char *from, const char *to, int64_t now_ns,
	struct eng_period *ret, struct nv_err *err);
/* One of the two forms of a point in time, for `since`: also "2h" (ago). */
int eng_time_parse(const char *text, int64_t now_ns, int64_t *ret_ns, struct nv_err *err);

/* Parts of a period that follow one another without gap or overlap, whatever the clocks
 * do. An hour begins when the clock on the wall shows a full one: it is longer (or there
 * is one more of the same name) when the clocks go back, shorter when they go forward by
 * less than an hour, missing when they skip it. */
enum eng_unit { ENG_HOUR, ENG_DAY, ENG_WEEK, ENG_MONTH, ENG_YEAR, ENG_N_UNITS };
bool eng_unit_from(const char *name, enum eng_unit *ret); /* "hour", ..., "year" */
/* The first instant of the part that contains t (>= 0, but before the epoch is 0). */
int64_t eng_unit_start(enum eng_unit unit, int64_t t_ns);
/* The first instant of the part after the one that contains t: always later. */
int64_t eng_unit_next(enum eng_unit unit, int64_t t_ns);

/* For people, in the configured zone: "2026-11-22", "2026-11-22 14:00 +0100", "2026-11",
 * "2026-W47", "2026". */
#define ENG_UNIT_BYTES 32
const char *eng_unit_name(enum eng_unit unit, int64_t t_ns, char buf[ENG_UNIT_BYTES]);

#endif
