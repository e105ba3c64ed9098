/* Figures in few columns: see top_ui.h. */
#include "top_ui.h"

#include "nv_units.h"

#include <stdio.h>
#include <string.h>

#define CENT (NV_MONEY_SCALE / 100)

/* Rounded to a tenth of `unit`, half away from zero. */
static void
put_scaled(nv_i128 nano, nv_i128 unit, const char *sign, char mark, char buf[96])
{
	nv_i128 tenths = (nano * 10 + unit / 2) / unit;

	(void)snprintf(buf, 96, "%s%lld.%d%c", sign, (long long)(tenths / 10),
		(int)(tenths % 10), mark);
}

static bool
fits(const char *text, unsigned width)
{
	return ctl_width(text, strlen(text)) <= width;
}

/* "1,234.56" of "1,234.56 EUR". */
static void
drop_code(char *text)
{
	char *blank = strchr(text, ' ');

	if (blank)
		*blank = '\0';
}

const char *
top_amount(nv_i128 nano, const char *currency, unsigned width, char buf[96])
{
	static const struct {
		nv_i128 unit;
		char mark;
	} units[] = {{(nv_i128)NV_MONEY_SCALE * 1000, 'k'},
		{(nv_i128)NV_MONEY_SCALE * 1000000, 'M'},
		{(nv_i128)NV_MONEY_SCALE * 1000000000, 'G'},
		{(nv_i128)NV_MONEY_SCALE * 1000000000000, 'T'},
		{(nv_i128)NV_MONEY_SCALE * 1000000000000000, 'P'}};
	bool dollars = strcmp(currency, "USD") == 0;
	nv_i128 size = nano < 0 ? -nano : nano;
	char shown[NV_MONEY_BYTES];
	char sign[8];

	(void)snprintf(buf, 96, "%s", nv_money_show(nano, currency, shown));
	if (!dollars)
		drop_code(buf);
	if (fits(buf, width))
		return buf;
	(void)snprintf(
		sign, sizeof(sign), "%s%s", nano < 0 ? "-" : "", dollars ? "$" : "");
	if (size < CENT) {
		/* Never "0.00": somebody paid it. */
		(void)snprintf(
			buf, 96, "%s%s0.01", nano < 0 ? ">-" : "<", dollars ? "$" : "");
		return buf;
	}
	if (size >= (nv_i128)NV_MONEY_SCALE * 100) {
		/* Without the cents. */
		nv_i128 whole = (size + NV_MONEY_SCALE / 2) / NV_MONEY_SCALE;

		(void)snprintf(buf, 96, "%s%s", nano < 0 ? "-" : "",
			nv_money_show(whole * NV_MONEY_SCALE, currency, shown));
		char *point = strchr(buf, '.');

		if (point)
			*point = '\0';
		if (fits(buf, width))
			return buf;
	}
	for (size_t i = 0; i < NV_LEN(units); i++) {
		put_scaled(size, units[i].unit, sign, units[i].mark, buf);
		if (fits(buf, width) && size < units[i].unit * 1000)
			return buf;
	}
	(void)snprintf(buf, 96, "%s", nano < 0 ? "-..." : "...");
	return buf;
}

const char *
top_bytes(int64_t bytes, char buf[32])
{
	static const char marks[] = "BKMGTP";
	size_t i = 0;
	int64_t tenths;

	if (bytes < 0) {
		(void)snprintf(buf, 32, "-");
		return buf;
	}
	if (bytes < 1000) {
		(void)snprintf(buf, 32, "%lldB", (long long)bytes);
		return buf;
	}
	while (bytes >= INT64_C(1000) * 1024 && marks[i + 2]) {
		bytes /= 1024;
		i++;
	}
	tenths = (bytes * 10 + 512) / 1024;
	i++;
	if (tenths < 1000)
		(void)snprintf(buf, 32, "%lld.%lld%c", (long long)(tenths / 10),
			(long long)(tenths % 10), marks[i]);
	else
		(void)snprintf(buf, 32, "%lld%c", (long long)(tenths / 10), marks[i]);
	return buf;
}

const char *
top_blocks(const nv_i128 hours[TOP_HOURS], size_t n, bool utf8, char buf[96])
{
	static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const ascii[] = {"_", ".", ":", "-", "=", "+", "*", "#"};
	nv_i128 low = 0;
	nv_i128 high = 0;
	size_t at = 0;

	n = NV_MIN(n, (size_t)TOP_HOURS);
	for (size_t i = TOP_HOURS - n; i < TOP_HOURS; i++) {
		low = NV_MIN(low, hours[i]);
		high = NV_MAX(high, hours[i]);
	}
	buf[0] = '\0';
	for (size_t i = TOP_HOURS - n; i < TOP_HOURS; i++) {
		nv_i128 span = high - low;
		size_t level =
			span > 0 ? (size_t)(((hours[i] - low) * 7 + span / 2) / span) : 0;

		at += (size_t)snprintf(
			buf + at, 96 - at, "%s", (utf8 ? blocks : ascii)[level]);
	}
	return buf;
}
