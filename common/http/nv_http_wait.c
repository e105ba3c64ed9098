/* Waits that servers name: see nv_http_retry.h. */
#include "nv_http_retry.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* More than a month is no wait but a mistake. */
#define WAIT_MS_MAX (INT64_C(31) * 24 * 3600 * 1000)

int64_t
nv_http_seconds_ms(const char *value, size_t bytes)
{
	int64_t ms = 0, unit = 100;
	size_t i = 0;
	bool rest = false;

	while (bytes && (value[bytes - 1] == ' ' || value[bytes - 1] == '\t'))
		bytes--;
	for (; i < bytes && value[i] >= '0' && value[i] <= '9'; i++) {
		ms = ms * 10 + INT64_C(1000) * (value[i] - '0');
		if (ms > WAIT_MS_MAX)
			return -1;
	}
	if (i == 0)
		return -1;
	if (i < bytes && value[i] == '.') {
		if (++i == bytes)
			return -1;
		for (; i < bytes && value[i] >= '0' && value[i] <= '9'; i++) {
			if (unit == 0)
				rest = rest || value[i] != '0';
			ms += unit * (value[i] - '0');
			unit /= 10;
		}
	}
	return i == bytes ? ms + rest : -1;
}

struct date {
	int day, month, year, hour, minute, second;
};

static bool
number(const char **at, int digits, int *ret)
{
	int value = 0;

	for (int i = 0; i < digits; i++, (*at)++) {
		if (**at < '0' || **at > '9')
			return false;
		value = value * 10 + (**at - '0');
	}
	*ret = value;
	return true;
}

static bool
text(const char **at, const char *expected)
{
	size_t bytes = strlen(expected);

	if (strncmp(*at, expected, bytes) != 0)
		return false;
	*at += bytes;
	return true;
}

static bool
month(const char **at, int *ret)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t i = 0; i < 12; i++) {
		if (strncmp(*at, names + 3 * i, 3) == 0) {
			*at += 3;
			*ret = (int)i;
			return true;
		}
	}
	return false;
}

static bool
clock_time(const char **at, struct date *d)
{
	return number(at, 2, &d->hour) && text(at, ":") && number(at, 2, &d->minute) &&
	       text(at, ":") && number(at, 2, &d->second);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool
imf_fixdate(const char *at, struct date *d)
{
	return text(&at, ", ") && number(&at, 2, &d->day) && text(&at, " ") &&
	       month(&at, &d->month) && text(&at, " ") && number(&at, 4, &d->year) &&
	       text(&at, " ") && clock_time(&at, d) && text(&at, " GMT") && *at == '\0';
}

/* "Sunday, 06-Nov-94 08:49:37 GMT"; the year has two digits. */
static bool
rfc850(const char *at, struct date *d)
{
	return text(&at, ", ") && number(&at, 2, &d->day) && text(&at, "-") &&
	       month(&at, &d->month) && text(&at, "-") && number(&at, 2, &d->year) &&
	       text(&at, " ") && clock_time(&at, d) && text(&at, " GMT") && *at == '\0';
}

/* "Sun Nov  6 08:49:37 1994" */
static bool
asctime_date(const char *at, struct date *d)
{
	if (!text(&at, " ") || !month(&at, &d->month) || !text(&at, " "))
		return false;
	if (*at == ' ' ? (at++, !number(&at, 1, &d->day)) : !number(&at, 2, &d->day))
		return false;
	return text(&at, " ") && clock_time(&at, d) && text(&at, " ") &&
	       number(&at, 4, &d->year) && *at == '\0';
}

/* Behind the day's name, short or long. NULL: none. */
static const char *
behind_day(const char *value, bool *ret_long)
{
	static const char *const names[] = {"Sunday", "Monday", "Tuesday", "Wednesday",
		"Thursday", "Friday", "Saturday"};

	for (size_t i = 0; i < NV_LEN(names); i++) {
		if (strncmp(value, names[i], 3) != 0)
			continue;
		*ret_long = strncmp(value, names[i], strlen(names[i])) == 0;
		return value + (*ret_long ? strlen(names[i]) : 3);
	}
	return NULL;
}

/* RFC 9110, 5.6.7: a date more than 50 years ahead lies in the century before. */
static int
full_year(int two_digits, int64_t now_wall_ms)
{
	time_t now = (time_t)(now_wall_ms / 1000);
	struct tm tm;
	int year;

	if (!gmtime_r(&now, &tm))
		return 1900 + two_digits;
	year = (tm.tm_year + 1900) / 100 * 100 + two_digits;
	return year > tm.tm_year + 1900 + 50 ? year - 100 : year;
}

int
nv_http_date_parse(const char *value, int64_t now_wall_ms, int64_t *ret_wall_ms)
{
	struct date d = {0};
	char iso[NV_RFC3339_BYTES];
	int64_t wall_ns;
	bool is_long;
	const char *at = behind_day(value, &is_long);

	if (!at)
		return -EINVAL;
	if (is_long) {
		if (!rfc850(at, &d))
			return -EINVAL;
		d.year = full_year(d.year, now_wall_ms);
	} else if (!imf_fixdate(at, &d) && !asctime_date(at, &d)) {
		return -EINVAL;
	}
	/* The calendar's rules are in one place. */
	(void)snprintf(iso, sizeof(iso), "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year,
		d.month + 1, d.day, d.hour, d.minute, d.second);
	if (nv_rfc3339_parse(iso, strlen(iso), &wall_ns))
		return -EINVAL;
	*ret_wall_ms = wall_ns / NV_NS_PER_MS;
	return 0;
}

int64_t
nv_http_retry_after_ms(const char *value, int64_t now_wall_ms)
{
	int64_t at_ms, ms;

	if (!value)
		return -1;
	ms = nv_http_seconds_ms(value, strlen(value));
	if (ms >= 0 || nv_http_date_parse(value, now_wall_ms, &at_ms))
		return ms;
	ms = NV_MAX(at_ms - now_wall_ms, 0);
	return ms <= WAIT_MS_MAX ? ms : -1;
}

int64_t
nv_http_epoch_wait_ms(const char *value, int64_t now_wall_ms)
{
	int64_t at_s = 0, ms;

	if (!value || !value[0])
		return -1;
	for (; *value >= '0' && *value <= '9'; value++) {
		at_s = at_s * 10 + (*value - '0');
		if (at_s > INT64_C(100000000000))
			return -1;
	}
	if (*value)
		return -1;
	ms = NV_MAX(at_s * 1000 - now_wall_ms, 0);
	return ms <= WAIT_MS_MAX ? ms : -1;
}
