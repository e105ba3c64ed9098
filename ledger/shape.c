/* See shape.h. */
#include "shape.h"

#include "nv_clock.h"

#include <stdio.h>
#include <string.h>

static const int64_t day_ns = INT64_C(86400) * NV_NS_PER_SEC;
static const size_t date_len = LED_DATE_BYTES - 1;

char *
led_hex(const uint8_t *bytes, size_t n, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * n] = '\0';
	return out;
}

const char *
led_date(uint32_t day, char out[LED_DATE_BYTES])
{
	char text[NV_RFC3339_BYTES];

	(void)nv_rfc3339((int64_t)day * day_ns, text);
	(void)snprintf(out, LED_DATE_BYTES, "%.10s", text);
	return out;
}

bool
led_shape_is(struct led_shape *t, const char *literal)
{
	size_t n = strlen(literal);

	if (t->bad || (size_t)(t->end - t->at) < n || memcmp(t->at, literal, n) != 0)
		return false;
	t->at += n;
	return true;
}

void
led_shape_literal(struct led_shape *t, const char *literal)
{
	if (!led_shape_is(t, literal))
		t->bad = true;
}

uint64_t
led_shape_number(struct led_shape *t)
{
	const char *from = t->at;
	uint64_t n = 0;

	while (!t->bad && t->at < t->end && *t->at >= '0' && *t->at <= '9') {
		if (__builtin_mul_overflow(n, 10, &n) ||
			__builtin_add_overflow(n, (uint64_t)(*t->at - '0'), &n))
			t->bad = true;
		t->at++;
	}
	if (t->at == from || (*from == '0' && t->at - from > 1))
		t->bad = true;
	return t->bad ? 0 : n;
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void
led_shape_hex(struct led_shape *t, uint8_t *out, size_t n)
{
	if (t->bad || (size_t)(t->end - t->at) < 2 * n) {
		t->bad = true;
		return;
	}
	for (size_t i = 0; i < n; i++, t->at += 2) {
		int high = digit(t->at[0]);
		int low = digit(t->at[1]);

		if (high < 0 || low < 0) {
			t->bad = true;
			return;
		}
		out[i] = (uint8_t)(high << 4 | low);
	}
}

uint32_t
led_shape_date(struct led_shape *t)
{
	char text[NV_RFC3339_BYTES];
	char again[LED_DATE_BYTES];
	int64_t ns;

	if (t->bad || (size_t)(t->end - t->at) < date_len) {
		t->bad = true;
		return 0;
	}
	int n = snprintf(text, sizeof(text), "%.10sT00:00:00Z", t->at);
	uint32_t day = 0;

	if (n < 0 || nv_rfc3339_parse(text, (size_t)n, &ns) < 0) {
		t->bad = true;
	} else {
		day = (uint32_t)(ns / day_ns);
		t->bad = memcmp(led_date(day, again), t->at, date_len) != 0;
		t->at += date_len;
	}
	return t->bad ? 0 : day;
}

bool
led_shape_end(const struct led_shape *t)
{
	return !t->bad && t->at == t->end;
}
