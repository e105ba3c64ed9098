/* What the running day has cost, hour by hour, and what it will have cost when it ends.
 *
 * The forecast rests on this fleet's own days. For each of the last days: what was spent
 * from this time of the day until midnight, as a multiple of what was spent in the 24
 * hours before that time. Today's last 24 hours times these multiples are what is still
 * to come, whatever shape a day has and however the fleet has grown. The interval is that
 * of the order statistics: of n days and one more, all alike, the new one lies between
 * the k-th and the (n+1-k)-th with probability (n+1-2k)/(n+1). For 8 of 10 at least nine
 * days are needed; with fewer nothing is claimed. */
#ifndef ENG_SPEND_H
#define ENG_SPEND_H

#include "eng.h"

#include <jansson.h>

#define ENG_SPEND_DAYS     28
#define ENG_SPEND_DAYS_MIN 9

/* One past day, seen from the same time of the day: base currency. */
struct eng_spend_day {
	nv_i128 before; /* in the 24 hours before */
	nv_i128 after;  /* until its midnight */
};

struct eng_spend_forecast { /* of what is still to come */
	nv_i128 p10;
	nv_i128 p50;
	nv_i128 p90;
};

/* Pure. before: of the last 24 hours. Days without any cost before say nothing and are
 * passed over. False: fewer than ENG_SPEND_DAYS_MIN are left. */
bool eng_spend_forecast(const struct eng_spend_day *days, size_t n, nv_i128 before,
	struct eng_spend_forecast *ret);

/* Adds "burn" and "forecast" to what eng_json_budget has made. 0, -ENOMEM, -EIO. */
int
eng_json_put_spend(json_t *budget, struct eng *eng, struct led_view *v, int64_t now_ns);

#endif
