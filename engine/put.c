/* Members of JSON objects as text: see put.h. */
#include "put.h"

#include "nv_clock.h"

#include <string.h>

static void
put_comma(struct nv_buf *buf)
{
	char last = buf->bytes > 0 ? buf->data[buf->bytes - 1] : '{';

	if (last != '{' && last != '[' && last != ':')
		nv_buf_add(buf, ",", 1);
}

void
eng_put_key(struct nv_buf *buf, const char *key)
{
	put_comma(buf);
	nv_buf_puts(buf, key);
}

void
eng_put_name(struct nv_buf *buf, const char *name, size_t bytes)
{
	put_comma(buf);
	nv_buf_put_json(buf, name, bytes);
	nv_buf_add(buf, ":", 1);
}

static void
put_digits(struct nv_buf *buf, uint64_t n)
{
	char text[24];
	size_t at = sizeof text;

	do {
		text[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	nv_buf_add(buf, text + at, sizeof text - at);
}

void
eng_put_count(struct nv_buf *buf, const char *key, uint64_t n)
{
	eng_put_key(buf, key);
	put_digits(buf, NV_MIN(n, (uint64_t)INT64_MAX));
}

void
eng_put_int(struct nv_buf *buf, const char *key, int64_t n)
{
	eng_put_key(buf, key);
	if (n < 0)
		nv_buf_add(buf, "-", 1);
	put_digits(buf, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

void
eng_put_part(struct nv_buf *buf, const char *key, int64_t n, unsigned scale)
{
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	eng_put_key(buf, key);
	if (n < 0)
		nv_buf_add(buf, "-", 1);
	put_digits(buf, left / scale);
	nv_buf_add(buf, ".", 1);
	left %= scale;
	for (unsigned at = scale / 10; at > 0; at /= 10) {
		char digit = (char)('0' + left / at % 10);

		nv_buf_add(buf, &digit, 1);
	}
}

void
eng_put_null(struct nv_buf *buf, const char *key)
{
	eng_put_key(buf, key);
	nv_buf_puts(buf, "null");
}

void
eng_put_percent(struct nv_buf *buf, const char *key, bool known, int64_t ppm)
{
	if (known)
		eng_put_part(buf, key, nv_mul_div(ppm, 1, 1000), 10);
	else
		eng_put_null(buf, key);
}

void
eng_put_money(struct nv_buf *buf, const char *key, nv_i128 nano)
{
	char text[NV_MONEY_BYTES];

	eng_put_key(buf, key);
	nv_buf_add(buf, "\"", 1);
	nv_buf_puts(buf, nv_money_text(nano, text));
	nv_buf_add(buf, "\"", 1);
}

void
eng_put_bool(struct nv_buf *buf, const char *key, bool value)
{
	eng_put_key(buf, key);
	nv_buf_puts(buf, value ? "true" : "false");
}

void
eng_put_text(struct nv_buf *buf, const char *key, const char *text)
{
	eng_put_key(buf, key);
	nv_buf_put_json(buf, text, strlen(text));
}

void
eng_put_text_or_null(struct nv_buf *buf, const char *key, const char *text)
{
	if (text && text[0])
		eng_put_text(buf, key, text);
	else
		eng_put_null(buf, key);
}

void
eng_put_time(struct nv_buf *buf, const char *key, int64_t wall_ns)
{
	char text[NV_RFC3339_BYTES];

	if (wall_ns == 0)
		eng_put_null(buf, key);
	else
		eng_put_text(buf, key, nv_rfc3339(wall_ns, text));
}
