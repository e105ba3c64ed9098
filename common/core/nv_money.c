/* Money: see nv_money.h. */
#include "nv_money.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool
nv_currency_valid(const char *code)
{
	size_t bytes = strlen(code);

	return bytes >= 3 && bytes < NV_CURRENCY_BYTES &&
	       strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == bytes &&
	       code[0] >= 'A';
}

/* A number as JSON spells it, taken apart. */
struct decimal {
	bool negative;
	const char *whole;
	size_t n_whole;
	const char *fraction;
	size_t n_fraction;
	int exponent;
};

static size_t
count_digits(const char *at, const char *end)
{
	const char *start = at;

	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return (size_t)(at - start);
}

static int
take_exponent(const char **at, const char *end, int *ret)
{
	bool negative = false;
	int value = 0;

	if (*at == end || (**at != 'e' && **at != 'E'))
		return 0;
	(*at)++;
	if (*at < end && (**at == '+' || **at == '-'))
		negative = *(*at)++ == '-';
	size_t n = count_digits(*at, end);

	if (n == 0)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (value < 100000)
			value = value * 10 + ((*at)[i] - '0');
	}
	*at += n;
	*ret = negative ? -value : value;
	return 0;
}

static int
take_decimal(const char *text, size_t bytes, struct decimal *d)
{
	const char *at = text;
	const char *end = text + bytes;

	*d = (struct decimal){0};
	if (at < end && *at == '-') {
		d->negative = true;
		at++;
	}
	d->whole = at;
	d->n_whole = count_digits(at, end);
	if (d->n_whole == 0 || (d->n_whole > 1 && *at == '0'))
		return -EINVAL;
	at += d->n_whole;
	if (at < end && *at == '.') {
		d->fraction = ++at;
		d->n_fraction = count_digits(at, end);
		if (d->n_fraction == 0)
			return -EINVAL;
		at += d->n_fraction;
	}
	int rc = take_exponent(&at, end, &d->exponent);

	return rc < 0 ? rc : at == end ? 0 : -EINVAL;
}

/* Digit i of whole and fraction written one after the other. */
static int
digit(const struct decimal *d, size_t i)
{
	return (i < d->n_whole ? d->whole[i] : d->fraction[i - d->n_whole]) - '0';
}

int
nv_money_parse(const char *text, size_t bytes, enum nv_decimal_rule rule,
	int64_t *ret_nano, bool *ret_rounded)
{
	struct decimal d;
	int rc = take_decimal(text, bytes, &d);

	if (rc < 0)
		return rc;
	size_t n = d.n_whole + d.n_fraction;
	/* How many digits stand before the 10^-9 place. */
	long kept = (long)d.n_whole + d.exponent + 9;
	int64_t nano = 0;
	bool more_than_half = false;
	int first_cut = 0;
	bool any_cut = false;

	for (size_t i = 0; i < n; i++) {
		int v = digit(&d, i);

		if ((long)i < kept) {
			if (__builtin_mul_overflow(nano, 10, &nano) ||
				__builtin_add_overflow(nano, v, &nano))
				return -ERANGE;
		} else if (v != 0) {
			any_cut = true;
			if ((long)i == kept)
				first_cut = v;
			else
				more_than_half = true;
		}
	}
	for (long i = (long)n; nano != 0 && i < kept; i++) {
		if (__builtin_mul_overflow(nano, 10, &nano))
			return -ERANGE;
	}
	if (any_cut && rule == NV_DECIMAL_EXACT)
		return -EDOM;
	/* Before the rounding, which could pass INT64_MAX, and after it. */
	if (nano > NV_MONEY_MAX)
		return -ERANGE;
	if (first_cut > 5 || (first_cut == 5 && (more_than_half || nano % 2 == 1)))
		nano++;
	if (nano > NV_MONEY_MAX)
		return -ERANGE;
	*ret_nano = d.negative ? -nano : nano;
	if (ret_rounded)
		*ret_rounded = any_cut;
	return 0;
}

/* Digits of an unsigned 128-bit number with optional thousands commas. */
static size_t
put_whole(char *out, unsigned __int128 v, bool commas)
{
	char reversed[60];
	size_t n = 0;
	size_t digits = 0;

	do {
		if (commas && digits > 0 && digits % 3 == 0)
			reversed[n++] = ',';
		reversed[n++] = (char)('0' + (int)(v % 10));
		v /= 10;
		digits++;
	} while (v > 0);
	for (size_t i = 0; i < n; i++)
		out[i] = reversed[n - 1 - i];
	return n;
}

static size_t
put_fraction(char *out, int64_t nano, int decimals_min)
{
	char nine[16];
	size_t n = 9;

	(void)snprintf(nine, sizeof(nine), "%09d", (int)nano);
	while (n > (size_t)decimals_min && nine[n - 1] == '0')
		n--;
	out[0] = '.';
	memcpy(out + 1, nine, n);
	return n + 1;
}

static unsigned __int128
magnitude(nv_i128 v)
{
	return v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
}

bool
nv_sum_parse(const char *text, nv_i128 *ret)
{
	bool negative = text[0] == '-';
	nv_i128 v = 0;
	int decimals = -1;

	if (negative)
		text++;
	if (*text < '0' || *text > '9')
		return false;
	for (; *text; text++) {
		if (*text == '.' && decimals < 0) {
			decimals = 0;
			continue;
		}
		if (*text < '0' || *text > '9' || decimals == 9)
			return false;
		if (__builtin_mul_overflow(v, (nv_i128)10, &v) ||
			__builtin_add_overflow(v, (nv_i128)(*text - '0'), &v))
			return false;
		if (decimals >= 0)
			decimals++;
	}
	if (decimals == 0)
		return false; /* a point and nothing behind it */
	for (int i = NV_MAX(decimals, 0); i < 9; i++) {
		if (__builtin_mul_overflow(v, (nv_i128)10, &v))
			return false;
	}
	*ret = negative ? -v : v;
	return true;
}

const char *
nv_money_text(nv_i128 nano, char buf[NV_MONEY_BYTES])
{
	unsigned __int128 abs = magnitude(nano);
	size_t n = 0;

	if (nano < 0)
		buf[n++] = '-';
	n += put_whole(buf + n, abs / (unsigned)NV_MONEY_SCALE, false);
	n += put_fraction(buf + n, (int64_t)(abs % (unsigned)NV_MONEY_SCALE), 2);
	buf[n] = '\0';
	return buf;
}

const char *
nv_money_show(nv_i128 nano, const char *currency, char buf[NV_MONEY_BYTES])
{
	const unsigned cent = 10000000;
	unsigned __int128 abs = magnitude(nano);
	bool dollars = strcmp(currency, "USD") == 0;
	size_t n = 0;

	if (abs >= cent) {
		unsigned __int128 cents = abs / cent;
		unsigned left = (unsigned)(abs % cent);

		if (left > cent / 2 || (left == cent / 2 && cents % 2 == 1))
			cents++;
		abs = cents * cent;
	}
	if (nano < 0)
		buf[n++] = '-';
	if (dollars)
		buf[n++] = '$';
	n += put_whole(buf + n, abs / (unsigned)NV_MONEY_SCALE, true);
	n += put_fraction(buf + n, (int64_t)(abs % (unsigned)NV_MONEY_SCALE), 2);
	buf[n] = '\0';
	if (!dollars)
		(void)snprintf(buf + n, NV_MONEY_BYTES - n, " %s", currency);
	return buf;
}

int64_t
nv_mul_div(int64_t a, int64_t b, int64_t c)
{
	NV_ASSERT(c > 0);
	nv_i128 product = (nv_i128)a * b;
	nv_i128 half = c / 2;
	nv_i128 q = (product < 0 ? product - half : product + half) / c;

	NV_ASSERT(q <= INT64_MAX && q >= INT64_MIN);
	return (int64_t)q;
}

bool
nv_roi_ppm(nv_i128 earned_nano, nv_i128 cost_nano, int64_t *ret_ppm)
{
	if (cost_nano <= 0)
		return false;
	nv_i128 gain;
	nv_i128 scaled;

	if (__builtin_sub_overflow(earned_nano, cost_nano, &gain) ||
		__builtin_mul_overflow(gain, (nv_i128)1000000, &scaled)) {
		*ret_ppm = earned_nano < cost_nano ? INT64_MIN : INT64_MAX;
		return true;
	}
	nv_i128 q = scaled / cost_nano;

	*ret_ppm = q > INT64_MAX ? INT64_MAX : q < INT64_MIN ? INT64_MIN : (int64_t)q;
	return true;
}
