/* Clocks and RFC 3339 times: see nv_clock.h. */
#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	NV_ASSERT(clock_gettime(id, &ts) == 0);
	return (int64_t)ts.tv_sec * NV_NS_PER_SEC + ts.tv_nsec;
}

int64_t
nv_mono_ns(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t
nv_mono_ms(void)
{
	return nv_mono_ns() / NV_NS_PER_MS;
}

int64_t
nv_wall_ns(void)
{
	return read_clock(CLOCK_REALTIME);
}

const char *
nv_rfc3339(int64_t wall_ns, char buf[NV_RFC3339_BYTES])
{
	time_t sec = (time_t)(wall_ns / NV_NS_PER_SEC);
	int64_t ns = wall_ns % NV_NS_PER_SEC;
	struct tm tm;

	if (ns < 0) {
		ns += NV_NS_PER_SEC;
		sec--;
	}
	int ms = (int)(ns / NV_NS_PER_MS);

	NV_ASSERT(gmtime_r(&sec, &tm));
	(void)snprintf(buf, NV_RFC3339_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
		tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		tm.tm_sec, ms);
	return buf;
}

/* Exactly `digits` decimal digits at *at. */
static int
take_number(const char **at, const char *end, int digits, int *ret)
{
	int value = 0;

	for (int i = 0; i < digits; i++) {
		if (*at == end || **at < '0' || **at > '9')
			return -EINVAL;
		value = value * 10 + (**at - '0');
		(*at)++;
	}
	*ret = value;
	return 0;
}

static int
take_char(const char **at, const char *end, const char *allowed)
{
	if (*at == end || !**at || !strchr(allowed, **at))
		return -EINVAL;
	return (unsigned char)*(*at)++;
}

static int
take_fraction(const char **at, const char *end, int64_t *ret_ns)
{
	int64_t unit = NV_NS_PER_SEC;

	if (*at == end || **at != '.')
		return 0;
	(*at)++;
	if (*at == end || **at < '0' || **at > '9')
		return -EINVAL;
	while (*at < end && **at >= '0' && **at <= '9') {
		unit /= 10;
		if (unit == 0)
			return -EINVAL;
		*ret_ns += unit * (**at - '0');
		(*at)++;
	}
	return 0;
}

static int
take_offset(const char **at, const char *end, int64_t *ret_sec)
{
	int sign = take_char(at, end, "Zz+-");
	int hours;
	int minutes;

	if (sign < 0)
		return sign;
	if (sign == 'Z' || sign == 'z')
		return 0;
	if (take_number(at, end, 2, &hours) < 0 || take_char(at, end, ":") < 0 ||
		take_number(at, end, 2, &minutes) < 0 || hours > 23 || minutes > 59)
		return -EINVAL;
	*ret_sec = (sign == '-' ? -1 : 1) * (int64_t)(hours * 3600 + minutes * 60);
	return 0;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

int
nv_rfc3339_parse(const char *text, size_t bytes, int64_t *ret_wall_ns)
{
	const char *at = text;
	const char *end = text + bytes;
	struct tm tm = {0};
	int year;
	int month;
	int64_t ns = 0;
	int64_t offset_sec = 0;

	if (take_number(&at, end, 4, &year) < 0 || take_char(&at, end, "-") < 0 ||
		take_number(&at, end, 2, &month) < 0 || take_char(&at, end, "-") < 0 ||
		take_number(&at, end, 2, &tm.tm_mday) < 0 ||
		take_char(&at, end, "Tt ") < 0 ||
		take_number(&at, end, 2, &tm.tm_hour) < 0 ||
		take_char(&at, end, ":") < 0 ||
		take_number(&at, end, 2, &tm.tm_min) < 0 ||
		take_char(&at, end, ":") < 0 ||
		take_number(&at, end, 2, &tm.tm_sec) < 0 ||
		take_fraction(&at, end, &ns) < 0 ||
		take_offset(&at, end, &offset_sec) < 0 || at != end)
		return -EINVAL;
	if (month < 1 || month > 12 || tm.tm_mday < 1 ||
		tm.tm_mday > days_in_month(year, month) || tm.tm_hour > 23 ||
		tm.tm_min > 59 || tm.tm_sec > 60)
		return -EINVAL;
	if (year < 1970 || year > 2261)
		return -ERANGE;
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	int64_t sec = (int64_t)timegm(&tm) - offset_sec;

	if (sec < 0)
		return -ERANGE;
	*ret_wall_ns = sec * NV_NS_PER_SEC + ns;
	return 0;
}
