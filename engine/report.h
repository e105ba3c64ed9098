/* Periods of time and sums of money over them, in the base currency. Days are those
 * of the configured time zone: from midnight to midnight, 23 or 25 hours long when the
 * clocks change. Times are nanoseconds since the epoch; a period is [from, to). */
#ifndef ENG_REPORT_H
#define ENG_REPORT_H

#include "eng.h"

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

/* today, yesterday, week (from Monday), month, year, all, or the last "90m", "24h",
 * "7d"... until now. -EINVAL with what is possible. */
int eng_period_parse(
	const char *text, int64_t now_ns, struct eng_period *ret, struct nv_err *err);
/* from, to: RFC 3339 times or local dates (2026-11-22); to may be NULL (now). */
int eng_period_range(const char *from, const char *to, int64_t now_ns,
	struct eng_period *ret, struct nv_err *err);
/* One of the two forms of a point in time, for `since`: also "2h" (ago). */
int eng_time_parse(const char *text, int64_t now_ns, int64_t *ret_ns, struct nv_err *err);

/* How much of the base currency one unit of `code` is worth, scale 10^-9; false when it
 * is neither the base nor declared. */
bool eng_rate(const struct nv_config *config, const char *code, int64_t *ret_rate_nano);
/* amount * rate, rounded half away from zero; at most ENG_SUM_MAX. */
nv_i128 eng_convert(nv_i128 nano, int64_t rate_nano);

/* Sum of every currency at today's declared rates. ret_unconverted (may be NULL) is true
 * when there is money in a currency that is no longer declared: it is left out. 0, or
 * -EIO when the ledger cannot be read. */
int eng_sum_window(struct eng *eng, struct led_view *v, uint32_t worker_id,
	int64_t from_ns, int64_t end_ns, struct led_totals *ret, bool *ret_unconverted);

/* revenue - refunds - disputes - fees: what is left of the sales. */
nv_i128 eng_earned(const struct led_totals *t);
nv_i128 eng_profit(const struct led_totals *t);
void eng_totals_add(struct led_totals *sum, const struct led_totals *t);

#endif
