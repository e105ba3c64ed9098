/* The day's spending: see spend.h. */
#include "spend.h"

#include "period.h"
#include "report.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>

#define DAY_NS    (INT64_C(86400) * NV_NS_PER_SEC)
#define PPM       1000000
#define HOURS_MAX 26 /* of a day: 25 when the clocks go back, and the edge */

static int
cost_of(struct eng *eng, struct led_view *v, int64_t from_ns, int64_t to_ns, nv_i128 *ret)
{
	struct led_totals t;
	int rc = eng_sum_window(eng, v, 0, from_ns, to_ns, &t, NULL);

	if (rc == 0)
		*ret = t.cost;
	return rc;
}

/* ---- what it has cost ---- */

static int
add_point(json_t *list, int64_t at_ns, nv_i128 spent)
{
	return json_array_append_new(
		list, json_pack("{s:o, s:o}", "at", nv_json_time(at_ns), "spent",
			      nv_json_money(spent)));
}

/* Zero at midnight, then each full hour; the last one is what the caps count with. */
static int
put_burn(json_t *budget, struct eng *eng, struct led_view *v, int64_t from_ns,
	int64_t now_ns)
{
	json_t *list = json_array();
	int64_t at = eng_unit_next(ENG_HOUR, from_ns);
	int bad = list ? add_point(list, from_ns, 0) : -1;
	int rc = 0;

	for (unsigned i = 0; i < HOURS_MAX && at < now_ns && !bad && rc == 0; i++) {
		nv_i128 spent = 0;

		rc = cost_of(eng, v, from_ns, at, &spent);
		if (rc == 0)
			bad = add_point(list, at, spent);
		at = eng_unit_next(ENG_HOUR, at);
	}
	if (!bad && rc == 0)
		bad = add_point(list, NV_MAX(now_ns, from_ns), eng_spent_today(eng));
	if (bad || rc < 0) {
		json_decref(list);
		return rc < 0 ? rc : -ENOMEM;
	}
	return json_object_set_new(budget, "burn", list) ? -ENOMEM : 0;
}

/* ---- what it will have cost ---- */

static int
by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

bool
eng_spend_forecast(const struct eng_spend_day *days, size_t n, nv_i128 before,
	struct eng_spend_forecast *ret)
{
	int64_t ppm[ENG_SPEND_DAYS];
	size_t k = 0;

	NV_ASSERT(n <= ENG_SPEND_DAYS);
	for (size_t i = 0; i < n; i++) {
		if (days[i].before <= 0 || days[i].after < 0)
			continue;
		/* More than a thousand times the day before says nothing about a sum. */
		nv_i128 ratio = NV_MIN(days[i].after, NV_SUM_MAX) * PPM / days[i].before;

		ppm[k++] = (int64_t)NV_MIN(ratio, (nv_i128)1000 * PPM);
	}
	if (k < ENG_SPEND_DAYS_MIN || before < 0)
		return false;
	qsort(ppm, k, sizeof ppm[0], by_value);
	/* The greatest k-th with (k+1-2i)/(k+1) >= 8/10. */
	size_t low = (k + 1) / 10 - 1;

	before = NV_MIN(before, NV_SUM_MAX);
	*ret = (struct eng_spend_forecast){.p10 = before * ppm[low] / PPM,
		.p50 = before * (ppm[(k - 1) / 2] + ppm[k / 2]) / 2 / PPM,
		.p90 = before * ppm[k - 1 - low] / PPM};
	return true;
}

/* The last days, newest first, each at the time of the day that it is now. */
static int
read_days(struct eng *eng, struct led_view *v, int64_t now_ns,
	struct eng_spend_day days[ENG_SPEND_DAYS], size_t *ret_n)
{
	int64_t from_ns = 0;
	int64_t to_ns = 0;
	size_t n = 0;

	eng_day_bounds(now_ns, &from_ns, &to_ns);
	int64_t into_ns = now_ns - from_ns;

	while (n < ENG_SPEND_DAYS && from_ns > 2 * DAY_NS) {
		struct led_totals ever;

		eng_day_bounds(from_ns - 1, &from_ns, &to_ns);
		int64_t at = NV_MIN(from_ns + into_ns, to_ns);
		/* Days that the ledger does not know in full. */
		int rc = led_view_window(v, 0, 0, 0, at - DAY_NS, &ever);

		if (rc == -ENOENT)
			break;
		if (rc == 0)
			rc = cost_of(eng, v, at - DAY_NS, at, &days[n].before);
		if (rc == 0)
			rc = cost_of(eng, v, at, to_ns, &days[n].after);
		if (rc < 0)
			return rc;
		n++;
	}
	*ret_n = n;
	return 0;
}

/* When the limit is reached if the rest of the day costs what is expected, evenly. */
static json_t *
exhausted_json(nv_i128 left, nv_i128 to_come, int64_t now_ns, int64_t to_ns)
{
	if (left <= 0)
		return nv_json_time(now_ns);
	if (to_come <= left)
		return json_null();
	return nv_json_time(now_ns + (int64_t)((to_ns - now_ns) * left / to_come));
}

static int
put_forecast(json_t *budget, struct eng *eng, struct led_view *v, int64_t now_ns)
{
	struct eng_spend_day days[ENG_SPEND_DAYS] = {0};
	struct eng_spend_forecast f;
	nv_i128 limit = eng->config->max_daily_budget_nano;
	nv_i128 spent = eng_spent_today(eng);
	nv_i128 before = 0;
	size_t n = 0;
	int64_t from_ns = 0;
	int64_t to_ns = 0;

	eng_day_bounds(now_ns, &from_ns, &to_ns);
	int rc = read_days(eng, v, now_ns, days, &n);

	if (rc == 0)
		rc = cost_of(eng, v, now_ns - DAY_NS, INT64_MAX, &before);
	if (rc < 0)
		return rc;
	if (!eng_spend_forecast(days, n, before, &f))
		return json_object_set_new(budget, "forecast", json_null()) ? -ENOMEM : 0;
	json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:I}", "p10",
		nv_json_money(spent + f.p10), "p50", nv_json_money(spent + f.p50), "p90",
		nv_json_money(spent + f.p90), "at", nv_json_time(to_ns), "exhausted_at",
		limit < 0 ? json_null()
			  : exhausted_json(limit - spent, f.p50, now_ns, to_ns),
		"days", (json_int_t)n);

	return json_object_set_new(budget, "forecast", o) ? -ENOMEM : 0;
}

int
eng_json_put_spend(json_t *budget, struct eng *eng, struct led_view *v, int64_t now_ns)
{
	int64_t from_ns = 0;
	int64_t to_ns = 0;

	eng_day_bounds(now_ns, &from_ns, &to_ns);
	int rc = put_burn(budget, eng, v, from_ns, now_ns);

	return rc < 0 ? rc : put_forecast(budget, eng, v, now_ns);
}
