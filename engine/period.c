/* Days, periods and their parts: see period.h. */
#include "period.h"

#include "nv_clock.h"
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

/* Bisects for the first second of a date: before it at `before`, in it or later at
 * `inside`. */
static time_t
bisect_date(time_t before, time_t inside, int date)
{
	struct tm got;

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

/* The first second of the local date of tm (its time is ignored, its day may be out
 * of range as mktime allows). Midnight may not exist (clocks that go forward at 0:00)
 * or exist twice, then the later one counts; so what mktime gives is moved to where the
 * date begins. */
static time_t
date_start(const struct tm *tm)
{
	struct tm noon = *tm;
	struct tm got;
	struct tm later;

	noon.tm_hour = 12;
	noon.tm_min = 0;
	noon.tm_sec = 0;
	noon.tm_isdst = -1;
	time_t inside = mktime(&noon); /* noon always exists */
	int date = date_order(&noon);
	time_t start = bisect_date(inside - (time_t)16 * 3600, inside, date);

	local_date(start, &got);
	local_date(start + 7200, &later);
	if (later.tm_gmtoff >= got.tm_gmtoff)
		return start;
	/* The clocks go back soon after it: over it, perhaps. */
	for (time_t t = start + 7200; t > start; t -= 600) {
		local_date(t, &got);
		if (date_order(&got) < date)
			return bisect_date(t, inside, date);
	}
	return start;
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

/* A day begins at its midnight; should the clocks go back over it, at the later one, and
 * what was already called by the new date is still the old day. So the day of t is the
 * last one that has begun, which is not always that of its date. */
static int64_t
day_floor(int64_t t_ns)
{
	int64_t start = day_start(t_ns, 0);

	for (int back = -1; start > t_ns && back > -4; back--)
		start = day_start(t_ns, back);
	return NV_MIN(start, t_ns);
}

/* A zone may leave out a whole date (Samoa, 30 December 2011). */
static int64_t
day_next(int64_t t_ns)
{
	int64_t start = t_ns;

	for (int days = 0; start <= t_ns && days < 4; days++)
		start = day_start(t_ns, days);
	return NV_MAX(start, t_ns + 1);
}

void
eng_day_bounds(int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	*ret_from_ns = day_floor(now_ns);
	*ret_to_ns = day_next(now_ns);
}

/* ---- weeks, months, years, hours ---- */

static int64_t
week_start(int64_t t_ns, int weeks)
{
	int64_t day = day_floor(t_ns);
	struct tm tm;

	local_date((time_t)(day / NV_NS_PER_SEC), &tm);
	return day_start(day, 7 * weeks - (tm.tm_wday + 6) % 7);
}

static int64_t
month_start(int64_t t_ns, int months)
{
	struct tm tm;

	local_date((time_t)(day_floor(t_ns) / NV_NS_PER_SEC), &tm);
	tm.tm_mday = 1;
	tm.tm_mon += months;
	return to_ns(date_start(&tm));
}

static int64_t
year_start(int64_t t_ns, int years)
{
	struct tm tm;

	local_date((time_t)(day_floor(t_ns) / NV_NS_PER_SEC), &tm);
	tm.tm_mday = 1;
	tm.tm_mon = 0;
	tm.tm_year += years;
	return to_ns(date_start(&tm));
}

/* From full hour to full hour of the clock on the wall, which may be moved in between by
 * something else than hours (Lord Howe). The beginning of a day is the end of an hour in
 * any case. */
static int64_t
hour_next(int64_t t_ns)
{
	time_t t = (time_t)(t_ns / NV_NS_PER_SEC);
	struct tm before;
	struct tm tm;

	local_date(t, &before);
	tm = before;
	for (int hop = 0; hop < 8; hop++) {
		t += 3600 - (tm.tm_min * 60 + tm.tm_sec);
		local_date(t, &tm);
		if (tm.tm_min == 0 && tm.tm_sec == 0)
			break;
	}
	if (tm.tm_mday == before.tm_mday || tm.tm_hour == 0)
		return to_ns(t);
	int64_t day = day_next(t_ns);

	return NV_MIN(to_ns(t), day);
}

static int64_t
hour_floor(int64_t t_ns)
{
	int64_t start = day_floor(t_ns);

	for (;;) {
		int64_t next = hour_next(start);

		if (next > t_ns)
			return start;
		start = next;
	}
}

/* When clocks change, an hour that comes twice is two hours. */
void
eng_hour_bounds(int64_t now_ns, int64_t *ret_from_ns, int64_t *ret_to_ns)
{
	*ret_from_ns = hour_floor(now_ns);
	*ret_to_ns = hour_next(now_ns);
}

static int64_t
unit_start(enum eng_unit unit, int64_t t_ns, int step)
{
	switch (unit) {
	case ENG_WEEK:
		return week_start(t_ns, step);
	case ENG_MONTH:
		return month_start(t_ns, step);
	case ENG_YEAR:
	default:
		return year_start(t_ns, step);
	}
}

int64_t
eng_unit_start(enum eng_unit unit, int64_t t_ns)
{
	if (unit == ENG_HOUR)
		return hour_floor(t_ns);
	if (unit == ENG_DAY)
		return day_floor(t_ns);
	return unit_start(unit, t_ns, 0);
}

int64_t
eng_unit_next(enum eng_unit unit, int64_t t_ns)
{
	if (unit == ENG_HOUR)
		return hour_next(t_ns);
	if (unit == ENG_DAY)
		return day_next(t_ns);
	return NV_MAX(unit_start(unit, t_ns, 1), t_ns + 1);
}

static const char *const unit_names[ENG_N_UNITS] = {
	[ENG_HOUR] = "hour",
	[ENG_DAY] = "day",
	[ENG_WEEK] = "week",
	[ENG_MONTH] = "month",
	[ENG_YEAR] = "year",
};

bool
eng_unit_from(const char *name, enum eng_unit *ret)
{
	for (int i = 0; i < ENG_N_UNITS; i++) {
		if (strcmp(name, unit_names[i]) == 0) {
			*ret = (enum eng_unit)i;
			return true;
		}
	}
	return false;
}

const char *
eng_unit_name(enum eng_unit unit, int64_t t_ns, char buf[ENG_UNIT_BYTES])
{
	struct tm tm;
	size_t n = 0;

	local_date((time_t)(t_ns / NV_NS_PER_SEC), &tm);
	switch (unit) {
	case ENG_HOUR:
		n = strftime(buf, ENG_UNIT_BYTES, "%Y-%m-%d %H:%M %z", &tm);
		break;
	case ENG_WEEK:
		n = strftime(buf, ENG_UNIT_BYTES, "%G-W%V", &tm);
		break;
	case ENG_MONTH:
		n = strftime(buf, ENG_UNIT_BYTES, "%Y-%m", &tm);
		break;
	case ENG_YEAR:
		n = strftime(buf, ENG_UNIT_BYTES, "%Y", &tm);
		break;
	case ENG_DAY:
	default:
		n = strftime(buf, ENG_UNIT_BYTES, "%Y-%m-%d", &tm);
		break;
	}
	NV_ASSERT(n > 0);
	return buf;
}

/* ---- periods ---- */

/* The whole unit before the one of now. */
static void
last_unit(enum eng_unit unit, int64_t now_ns, struct eng_period *p)
{
	p->to_ns = eng_unit_start(unit, now_ns);
	p->from_ns = eng_unit_start(unit, NV_MAX(p->to_ns - 1, 0));
}

/* "2026-11-22", "2026-11" or "2026" by the given shape. */
static bool
take_digits(const char *text, const char *shape, int ret[3])
{
	size_t field = 0;

	for (; *shape; text++, shape++) {
		if (*shape == '-') {
			if (*text != '-')
				return false;
			field++;
			continue;
		}
		if (*text < '0' || *text > '9')
			return false;
		ret[field] = ret[field] * 10 + (*text - '0');
	}
	return *text == '\0';
}

/* 2026-11-22, a day of the configured zone. */
static bool
parse_date(const char *text, int64_t *ret_ns)
{
	int n[3] = {0};
	struct tm tm = {0};

	if (!take_digits(text, "dddd-dd-dd", n) || n[0] < 1970 || n[0] > 2261 ||
		n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31)
		return false;
	tm.tm_year = n[0] - 1900;
	tm.tm_mon = n[1] - 1;
	tm.tm_mday = n[2];
	struct tm want = tm;
	time_t start = date_start(&tm);

	local_date(start, &tm);
	if (date_order(&tm) != date_order(&want))
		return false; /* 30 February */
	*ret_ns = to_ns(start);
	return true;
}

/* A whole day, month or year. */
static bool
parse_calendar(const char *text, struct eng_period *p)
{
	int n[3] = {0};
	char first[16];
	enum eng_unit unit = ENG_DAY;

	(void)snprintf(first, sizeof first, "%.15s", text);
	if (take_digits(text, "dddd-dd", n)) {
		unit = ENG_MONTH;
		(void)snprintf(first, sizeof first, "%.7s-01", text);
	} else if (take_digits(text, "dddd", n)) {
		unit = ENG_YEAR;
		(void)snprintf(first, sizeof first, "%.4s-01-01", text);
	}
	if (!parse_date(first, &p->from_ns))
		return false;
	p->to_ns = eng_unit_next(unit, p->from_ns);
	return true;
}

int
eng_period_parse(
	const char *text, int64_t now_ns, struct eng_period *ret, struct nv_err *err)
{
	struct eng_period p = {.to_ns = now_ns};
	enum eng_unit unit;
	int64_t ms = 0;

	if (strcmp(text, "today") == 0) {
		p.from_ns = day_floor(now_ns);
	} else if (strcmp(text, "yesterday") == 0) {
		last_unit(ENG_DAY, now_ns, &p);
	} else if (eng_unit_from(text, &unit) && unit >= ENG_WEEK) {
		p.from_ns = eng_unit_start(unit, now_ns);
	} else if (strncmp(text, "last-", 5) == 0 && eng_unit_from(text + 5, &unit)) {
		last_unit(unit, now_ns, &p);
	} else if (strcmp(text, "all") == 0) {
		p.from_ns = 0;
	} else if (nv_duration_parse(text, &ms, NULL) == 0 && ms > 0) {
		p.from_ns = ms < now_ns / NV_NS_PER_MS ? now_ns - ms * NV_NS_PER_MS : 0;
	} else if (!parse_calendar(text, &p)) {
		return nv_err_set(err, -EINVAL,
			"period is \"%.40s\", expected today, yesterday, week, month, "
			"year, last-week, last-month, last-year, all, 2026-11-22, "
			"2026-11, 2026, or a duration such as 7d",
			text);
	}
	(void)snprintf(p.name, sizeof p.name, "%s", text);
	*ret = p;
	return 0;
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
