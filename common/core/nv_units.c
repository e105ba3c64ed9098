/* Values with units: see nv_units.h. */
#include "nv_units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit durations[] = {
	{"ms", 1},
	{"s", 1000},
	{"m", 60000},
	{"h", 3600000},
	{"d", 86400000},
	{"w", 604800000},
};

static const struct unit sizes[] = {
	{"B", 1},
	{"KiB", 1024},
	{"MiB", INT64_C(1) << 20},
	{"GiB", INT64_C(1) << 30},
	{"TiB", INT64_C(1) << 40},
	{"kB", 1000},
	{"KB", 1000},
	{"MB", 1000000},
	{"GB", 1000000000},
	{"TB", INT64_C(1000000000000)},
};

/* Digits at *at as a number; false when there are none or too many. */
static bool
take_count(const char **at, int64_t *ret)
{
	int64_t v = 0;
	const char *start = *at;

	while (isdigit((unsigned char)**at)) {
		if (__builtin_mul_overflow(v, 10, &v) ||
			__builtin_add_overflow(v, **at - '0', &v))
			return false;
		(*at)++;
	}
	*ret = v;
	return *at > start;
}

static const struct unit *
take_unit(const char **at, const struct unit *units, size_t n)
{
	size_t bytes = 0;

	while (isalpha((unsigned char)(*at)[bytes]))
		bytes++;
	for (size_t i = 0; i < n; i++) {
		if (strlen(units[i].name) == bytes &&
			memcmp(units[i].name, *at, bytes) == 0) {
			*at += bytes;
			return &units[i];
		}
	}
	return NULL;
}

int
nv_duration_parse(const char *text, int64_t *ret_ms, struct nv_err *err)
{
	const char *at = text;
	int64_t total = 0;
	int64_t last_factor = INT64_MAX;

	if (strcmp(text, "0") == 0) {
		*ret_ms = 0;
		return 0;
	}
	do {
		int64_t count;
		const struct unit *unit = NULL;

		if (take_count(&at, &count))
			unit = take_unit(&at, durations, NV_LEN(durations));
		if (!unit || unit->factor >= last_factor)
			return nv_err_set(err, -EINVAL,
				"expected a duration such as 250ms, 90s, 5m, 1h30m or "
				"7d, found \"%s\"",
				text);
		last_factor = unit->factor;
		int64_t part;

		if (__builtin_mul_overflow(count, unit->factor, &part) ||
			__builtin_add_overflow(total, part, &total) ||
			total > INT64_C(100) * 366 * 24 * 3600 * 1000)
			return nv_err_set(err, -ERANGE,
				"the duration \"%s\" is longer than 100 years", text);
	} while (*at);
	*ret_ms = total;
	return 0;
}

int
nv_size_parse(const char *text, uint64_t *ret_bytes, struct nv_err *err)
{
	const char *at = text;
	int64_t count;
	int64_t total;
	const struct unit *unit = NULL;

	if (take_count(&at, &count)) {
		while (*at == ' ')
			at++;
		unit = take_unit(&at, sizes, NV_LEN(sizes));
	}
	if (!unit || *at)
		return nv_err_set(err, -EINVAL,
			"expected a size such as 64KiB, 256MiB or 2GiB, found \"%s\"",
			text);
	if (__builtin_mul_overflow(count, unit->factor, &total))
		return nv_err_set(err, -ERANGE, "the size \"%s\" is too large", text);
	*ret_bytes = (uint64_t)total;
	return 0;
}

int
nv_percent_parse(const char *text, int64_t *ret_ppm, struct nv_err *err)
{
	size_t bytes = strlen(text);
	int64_t nano;

	if (bytes < 2 || text[bytes - 1] != '%' ||
		nv_money_parse(text, bytes - 1, NV_DECIMAL_EXACT, &nano, NULL) < 0 ||
		nano % 100000 != 0)
		return nv_err_set(err, -EINVAL,
			"expected a percentage such as 150%%, found \"%s\"", text);
	*ret_ppm = nano / 100000;
	return 0;
}

int
nv_amount_parse(const char *text, int64_t *ret_nano, char currency[NV_CURRENCY_BYTES],
	struct nv_err *err)
{
	const char *number = text;
	size_t bytes = strlen(text);
	char code[NV_CURRENCY_BYTES] = "USD";

	if (text[0] == '$') {
		number++;
		bytes--;
	} else {
		const char *space = strchr(text, ' ');

		if (!space || strlen(space + 1) >= sizeof(code) ||
			!nv_currency_valid(space + 1))
			return nv_err_set(err, -EINVAL,
				"expected an amount such as $10 or 10.00 EUR, found "
				"\"%s\"",
				text);
		memcpy(code, space + 1, strlen(space + 1) + 1);
		bytes = (size_t)(space - text);
	}
	int rc = nv_money_parse(number, bytes, NV_DECIMAL_EXACT, ret_nano, NULL);

	if (rc == -EDOM)
		return nv_err_set(err, rc, "\"%s\" has more than 9 decimals", text);
	if (rc == -ERANGE)
		return nv_err_set(err, rc, "\"%s\" is not below 9200000000", text);
	if (rc < 0)
		return nv_err_set(err, rc,
			"expected an amount such as $10 or 10.00 EUR, found \"%s\"",
			text);
	memcpy(currency, code, sizeof(code));
	return 0;
}

const char *
nv_duration_show(int64_t ms, char buf[NV_UNITS_BYTES])
{
	static const char *const names[] = {"d", "h", "m", "s"};
	static const int64_t units_ms[] = {86400000, 3600000, 60000, 1000};
	size_t i = 0;

	if (ms < 0)
		ms = 0;
	if (ms < 1000) {
		(void)snprintf(buf, NV_UNITS_BYTES, "%dms", (int)ms);
		return buf;
	}
	while (ms < units_ms[i])
		i++;
	int n = snprintf(
		buf, NV_UNITS_BYTES, "%lld%s", (long long)(ms / units_ms[i]), names[i]);
	int64_t rest = ms % units_ms[i];

	if (i + 1 < NV_LEN(names) && rest >= units_ms[i + 1])
		(void)snprintf(buf + n, NV_UNITS_BYTES - (size_t)n, "%lld%s",
			(long long)(rest / units_ms[i + 1]), names[i + 1]);
	return buf;
}

const char *
nv_size_show(uint64_t bytes, char buf[NV_UNITS_BYTES])
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	size_t i = 0;
	double v = (double)bytes;

	while (v >= 1024 && i + 1 < NV_LEN(names)) {
		v /= 1024;
		i++;
	}
	(void)snprintf(buf, NV_UNITS_BYTES, i ? "%.1f %s" : "%.0f %s", v, names[i]);
	return buf;
}

const char *
nv_percent_show(int64_t ppm, char buf[NV_UNITS_BYTES])
{
	int64_t tenths = ppm / 1000 + (ppm % 1000 >= 500) - (ppm % 1000 <= -500);
	int64_t abs_tenths = tenths < 0 ? -tenths : tenths;

	if (abs_tenths % 10 == 0)
		(void)snprintf(buf, NV_UNITS_BYTES, "%s%lld%%", tenths < 0 ? "-" : "",
			(long long)(abs_tenths / 10));
	else
		(void)snprintf(buf, NV_UNITS_BYTES, "%s%lld.%lld%%",
			tenths < 0 ? "-" : "", (long long)(abs_tenths / 10),
			(long long)(abs_tenths % 10));
	return buf;
}
