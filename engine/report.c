/* Periods and sums: see report.h. */
#include "report.h"

#include "budget.h"

#include "nv_clock.h"
#include "nv_iso4217.h"
#include "nv_units.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- days ---- */

int
eng_zone_set(const char *zone, struct nv_err *err)
{
	char path[200];
	bool utc = !zone || !zone[0] || strcmp(zone, "UTC") == 0;
	bool known = utc;

	if (!utc) {
		int n = snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone);

		known = n > 0 && (size_t)n < sizeof path && !strstr(zone, "..") &&
			access(path, R_OK) == 0;
	}
	/* glibc takes an unknown zone for UTC without a word; so it is said here. */
	if (setenv("TZ", utc || !known ? "UTC0" : zone, 1) < 0)
		return nv_err_set(err, -ENOMEM, "no memory for the time zone");
	tzset();
	if (!known)
		return nv_err_set(err, -ENOENT,
			"time zone %s is not known to this system (is tzdata "
			"installed?): "
			"days begin at midnight UTC",
			zone);
	return 0;
}

static void
local_date(time_t t, struct tm *ret)
{
	NV_ASSERT(localtime_r(&t, ret) != NULL);
}

/* Order of calendar dates, as one number. */
static int
date_order(const struct tm *tm)
{
	return (tm->tm_year * 12 + tm->tm_mon) * 32 + tm->tm_mday;
}

/* The first second of the local date of tm (its time is ignored, its day may be out
 * of range as mktime allows). Midnight may not exist (clocks that go forward at 0:00)
 * or exist twice; so what mktime gives is moved to where the date begins. */
static time_t
date_start(const struct tm *tm)
{
	struct tm noon = *tm;
	struct tm got;

	noon.tm_hour = 12;
	noon.tm_min = 0;
	noon.tm_sec = 0;
	noon.tm_isdst = -1;
	time_t inside = mktime(&noon); /* noon always exists */
	int date = date_order(&noon);
	time_t before = inside - (time_t)16 * 3600;

	/* The date is before..inside in order: bisect for its first second. Where
	 * the clocks go back over midnight the later start is found. */
	while (inside - before > 1) {
		time_t middle = before + (inside - before) / 2;

		local_date(middle, &got);
		if (date_order(&got) < date)
			before = middle;
		else
			inside = middle;
	}
	return inside;
}

static int64_t
to_ns(time_t t)
{
	return t <= 0 ? 0 : (int64_t)t * NV_NS_PER_SEC;
}

/* Start of the local date `days` after the one of now; months and weekday likewise. */
static int64_t
day_start(int64_t now_ns, int days)
{
	struct tm tm;

	local_date((time_t)(now_ns / NV_NS_PER_SEC), &tm);
	tm.tm_mday += days;
	return to_ns(date_start(&tm));
}

void
eng_day_bounds(int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	*ret_from_ns = day_start(now_ns, 0);
	*ret_to_ns = day_start(now_ns, 1);
}

/* When clocks change, an hour that comes twice is two hours. */
void
eng_hour_bounds(int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	const int64_t hour_ns = 3600 * NV_NS_PER_SEC;
	struct tm tm;

	local_date((time_t)(now_ns / NV_NS_PER_SEC), &tm);
	int64_t local_ns = now_ns + (int64_t)tm.tm_gmtoff * NV_NS_PER_SEC;
	int64_t into_ns = (local_ns % hour_ns + hour_ns) % hour_ns;

	*ret_from_ns = NV_MAX(now_ns - into_ns, 0);
	*ret_to_ns = now_ns - into_ns + hour_ns;
}

/* ---- periods ---- */

static int64_t
month_start(int64_t now_ns, bool year)
{
	struct tm tm;

	local_date((time_t)(now_ns / NV_NS_PER_SEC), &tm);
	tm.tm_mday = 1;
	if (year)
		tm.tm_mon = 0;
	return to_ns(date_start(&tm));
}

static int64_t
week_start(int64_t now_ns)
{
	struct tm tm;

	local_date((time_t)(now_ns / NV_NS_PER_SEC), &tm);
	return day_start(now_ns, -((tm.tm_wday + 6) % 7));
}

int
eng_period_parse(
	const char *text, int64_t now_ns, struct eng_period *ret, struct nv_err *err)
{
	struct eng_period p = {.to_ns = now_ns};
	int64_t ms = 0;

	if (strcmp(text, "today") == 0) {
		p.from_ns = day_start(now_ns, 0);
	} else if (strcmp(text, "yesterday") == 0) {
		p.from_ns = day_start(now_ns, -1);
		p.to_ns = day_start(now_ns, 0);
	} else if (strcmp(text, "week") == 0) {
		p.from_ns = week_start(now_ns);
	} else if (strcmp(text, "month") == 0) {
		p.from_ns = month_start(now_ns, false);
	} else if (strcmp(text, "year") == 0) {
		p.from_ns = month_start(now_ns, true);
	} else if (strcmp(text, "all") == 0) {
		p.from_ns = 0;
	} else if (nv_duration_parse(text, &ms, NULL) == 0 && ms > 0) {
		p.from_ns = ms < now_ns / NV_NS_PER_MS ? now_ns - ms * NV_NS_PER_MS : 0;
	} else {
		return nv_err_set(err, -EINVAL,
			"period is \"%.40s\", expected today, yesterday, week, month, "
			"year, all, or a duration such as 7d",
			text);
	}
	(void)snprintf(p.name, sizeof p.name, "%s", text);
	*ret = p;
	return 0;
}

/* 2026-11-22, a day of the configured zone. */
static bool
parse_date(const char *text, int64_t *ret_ns)
{
	struct tm tm = {0};
	int digits[8] = {0};
	static const char shape[] = "dddd-dd-dd";
	size_t n = 0;

	for (size_t i = 0; i < sizeof shape; i++) {
		if (shape[i] == 'd') {
			if (text[i] < '0' || text[i] > '9')
				return false;
			digits[n++] = text[i] - '0';
		} else if (text[i] != shape[i]) {
			return false;
		}
	}
	tm.tm_year = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
	tm.tm_mon = digits[4] * 10 + digits[5] - 1;
	tm.tm_mday = digits[6] * 10 + digits[7];
	if (tm.tm_year < 1970 || tm.tm_year > 2261 || tm.tm_mon < 0 || tm.tm_mon > 11)
		return false;
	tm.tm_year -= 1900;
	struct tm want = tm;
	time_t start = date_start(&tm);

	local_date(start, &tm);
	if (want.tm_mday < 1 || date_order(&tm) != date_order(&want))
		return false; /* 30 February */
	*ret_ns = to_ns(start);
	return true;
}

int
eng_time_parse(const char *text, int64_t now_ns, int64_t *ret_ns, struct nv_err *err)
{
	int64_t ms = 0;

	if (parse_date(text, ret_ns))
		return 0;
	if (nv_rfc3339_parse(text, strlen(text), ret_ns) == 0)
		return 0;
	if (nv_duration_parse(text, &ms, NULL) == 0 && ms >= 0) {
		*ret_ns = ms < now_ns / NV_NS_PER_MS ? now_ns - ms * NV_NS_PER_MS : 0;
		return 0;
	}
	return nv_err_set(err, -EINVAL,
		"\"%.40s\" is not a time: expected 2026-11-22, 2026-11-22T14:05:00Z, "
		"or how long ago, such as 2h",
		text);
}

int
eng_period_range(const char *from, const char *to, int64_t now_ns, struct eng_period *ret,
	struct nv_err *err)
{
	struct eng_period p = {.to_ns = now_ns};
	int rc = eng_time_parse(from, now_ns, &p.from_ns, err);

	if (rc < 0)
		return rc;
	if (to && (rc = eng_time_parse(to, now_ns, &p.to_ns, err)) < 0)
		return rc;
	if (p.to_ns <= p.from_ns)
		return nv_err_set(err, -EINVAL, "the period ends before it begins");
	(void)snprintf(p.name, sizeof p.name, "%.30s..%.30s", from, to ? to : "now");
	*ret = p;
	return 0;
}

/* ---- sums ---- */

bool
eng_rate(const struct nv_config *config, const char *code, int64_t *ret_rate_nano)
{
	if (strcmp(code, config->base_currency) == 0) {
		*ret_rate_nano = NV_MONEY_SCALE;
		return true;
	}
	for (size_t i = 0; i < config->n_currencies; i++) {
		if (strcmp(code, config->currencies[i].code) == 0) {
			*ret_rate_nano = config->currencies[i].rate_nano;
			return true;
		}
	}
	return false;
}

bool
eng_currency_known(const struct nv_config *config, const char *code)
{
	int64_t rate_nano = 0;

	return eng_rate(config, code, &rate_nano) || nv_iso4217_active(code);
}

nv_i128
eng_convert(nv_i128 nano, int64_t rate_nano)
{
	if (rate_nano == NV_MONEY_SCALE)
		return nano;
	/* Whole units and the rest apart: the product of both together would pass 128
	 * bits with amounts a confused worker can report. */
	nv_i128 half = NV_MONEY_SCALE / 2;
	nv_i128 rest = nano % NV_MONEY_SCALE * rate_nano;
	nv_i128 whole;
	nv_i128 sum;

	rest = (rest + (rest < 0 ? -half : half)) / NV_MONEY_SCALE;
	if (__builtin_mul_overflow(nano / NV_MONEY_SCALE, (nv_i128)rate_nano, &whole) ||
		__builtin_add_overflow(whole, rest, &sum) || sum > NV_SUM_MAX)
		return nano < 0 ? -NV_SUM_MAX : NV_SUM_MAX;
	return sum < -NV_SUM_MAX ? -NV_SUM_MAX : sum;
}

void
eng_totals_add(struct led_totals *sum, const struct led_totals *t)
{
	sum->cost += t->cost;
	sum->revenue += t->revenue;
	sum->refunds += t->refunds;
	sum->fees += t->fees;
	sum->disputes += t->disputes;
	sum->payouts += t->payouts;
	sum->runs_ok += t->runs_ok;
	sum->runs_failed += t->runs_failed;
	sum->crashes += t->crashes;
	sum->heartbeats += t->heartbeats;
	sum->events += t->events;
	sum->rejected += t->rejected;
	sum->run_ms += t->run_ms;
	sum->seq_last = NV_MAX(sum->seq_last, t->seq_last);
}

static void
money_add(struct led_totals *sum, const struct led_totals *t, int64_t rate_nano)
{
	sum->cost += eng_convert(t->cost, rate_nano);
	sum->revenue += eng_convert(t->revenue, rate_nano);
	sum->refunds += eng_convert(t->refunds, rate_nano);
	sum->fees += eng_convert(t->fees, rate_nano);
	sum->disputes += eng_convert(t->disputes, rate_nano);
	sum->payouts += eng_convert(t->payouts, rate_nano);
}

static bool
has_money(const struct led_totals *t)
{
	return t->cost || t->revenue || t->refunds || t->fees || t->disputes ||
	       t->payouts;
}

/* Adds a code to a list for people, which ends in "..." when it is full. */
static void
name_code(char list[ENG_CODES_BYTES], const char *code)
{
	static const char full[] = ", ...";
	size_t used = strlen(list);

	if (used + 2 + strlen(code) + sizeof full <= ENG_CODES_BYTES)
		(void)snprintf(list + used, ENG_CODES_BYTES - used, "%s%s",
			used ? ", " : "", code);
	else if (list[used - 1] != '.')
		(void)snprintf(list + used, ENG_CODES_BYTES - used, "%s", full);
}

/* The totals of one currency over a window. */
struct share {
	char code[NV_CURRENCY_BYTES];
	struct led_totals totals;
	int64_t rate_nano;
	bool rated;
};

static int
share_read(struct eng *eng, struct led_view *v, uint32_t worker_id, uint32_t currency,
	int64_t from_ns, int64_t end_ns, struct share *ret)
{
	int rc = led_view_currency_code(v, currency, ret->code);

	if (rc < 0)
		return rc;
	rc = led_view_window(v, worker_id, currency, from_ns, end_ns, &ret->totals);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	ret->rated = eng_rate(eng->config, ret->code, &ret->rate_nano);
	return 0;
}

int
eng_sum_window(struct eng *eng, struct led_view *v, uint32_t worker_id, int64_t from_ns,
	int64_t end_ns, struct led_totals *ret, struct eng_uncounted *ret_uncounted)
{
	struct led_totals sum = {0};
	struct eng_uncounted uncounted = {0};
	uint32_t n = led_view_n_currencies(v);

	/* Currency 0: the counts, without money; the others repeat the counts. */
	int rc = led_view_window(v, worker_id, 0, from_ns, end_ns, &sum);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	for (uint32_t id = 1; id <= n; id++) {
		struct share share;

		rc = share_read(eng, v, worker_id, id, from_ns, end_ns, &share);
		if (rc < 0)
			return rc;
		if (share.rated)
			money_add(&sum, &share.totals, share.rate_nano);
		else if (has_money(&share.totals))
			name_code(uncounted.codes, share.code);
		if (!share.rated && share.totals.cost)
			name_code(uncounted.costs, share.code);
		sum.seq_last = NV_MAX(sum.seq_last, share.totals.seq_last);
	}
	*ret = sum;
	if (ret_uncounted)
		*ret_uncounted = uncounted;
	return 0;
}

int
eng_uncounted_walk(struct eng *eng, struct led_view *v, const struct eng_scope *scope,
	eng_uncounted_fn *fn, void *arg)
{
	uint32_t n = led_view_n_currencies(v);

	for (uint32_t id = 1; id <= n; id++) {
		struct share share = {0};
		struct led_totals sum = {0};
		int rc = 0;

		for (size_t i = 0; i < scope->n_workers && rc == 0 && !share.rated; i++) {
			rc = share_read(eng, v, scope->workers[i], id, scope->from_ns,
				scope->to_ns, &share);
			if (rc == 0)
				eng_totals_add(&sum, &share.totals);
		}
		if (rc == 0 && !share.rated && has_money(&sum))
			rc = fn(arg, share.code, &sum);
		if (rc != 0)
			return rc;
	}
	return 0;
}

nv_i128
eng_earned(const struct led_totals *t)
{
	return t->revenue - t->refunds - t->disputes - t->fees;
}

nv_i128
eng_profit(const struct led_totals *t)
{
	return eng_earned(t) - t->cost;
}
