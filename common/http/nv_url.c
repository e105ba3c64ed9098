/* See nv_url.h. */
#include "nv_url.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Bare bytes beside the unreserved ones: also. */
static void
encode(struct nv_buf *buf, const char *text, size_t bytes, const char *also)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t from = 0;

	for (size_t i = 0; i < bytes; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c >= '0' && c <= '9') || (c && strchr("-._~", c)) ||
			(c && strchr(also, c)))
			continue;
		nv_buf_add(buf, text + from, i - from);
		nv_buf_add(buf, (char[]){'%', hex[c >> 4], hex[c & 15]}, 3);
		from = i + 1;
	}
	nv_buf_add(buf, text + from, bytes - from);
}

void
nv_url_encode(struct nv_buf *buf, const char *text, size_t bytes)
{
	encode(buf, text, bytes, "");
}

void
nv_url_segment(struct nv_buf *buf, const char *text)
{
	if (!text[0] || strcmp(text, ".") == 0 || strcmp(text, "..") == 0) {
		buf->error = buf->error ? buf->error : -EINVAL;
		return;
	}
	nv_buf_puts(buf, "/");
	encode(buf, text, strlen(text), "");
}

static void
add_pair(struct nv_buf *buf, const char *key, const char *value)
{
	encode(buf, key, strlen(key), "[]");
	nv_buf_puts(buf, "=");
	encode(buf, value, strlen(value), "");
}

void
nv_url_query(struct nv_buf *buf, const char *key, const char *value)
{
	nv_buf_puts(buf, buf->bytes && memchr(buf->data, '?', buf->bytes) ? "&" : "?");
	add_pair(buf, key, value);
}

void
nv_form_add(struct nv_buf *buf, const char *key, const char *value)
{
	if (buf->bytes)
		nv_buf_puts(buf, "&");
	add_pair(buf, key, value);
}

void
nv_form_add_int(struct nv_buf *buf, const char *key, int64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRId64, value);
	nv_form_add(buf, key, text);
}

void
nv_form_add_bool(struct nv_buf *buf, const char *key, bool value)
{
	nv_form_add(buf, key, value ? "true" : "false");
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void
nv_url_decode(struct nv_buf *buf, const char *text, size_t bytes, bool plus)
{
	size_t from = 0;

	for (size_t i = 0; i < bytes; i++) {
		char byte = ' ';
		size_t taken = 1;

		if (text[i] == '%') {
			int high = bytes - i < 3 ? -1 : hex_digit(text[i + 1]);
			int low = bytes - i < 3 ? -1 : hex_digit(text[i + 2]);

			if (high < 0 || low < 0)
				continue;
			byte = (char)((unsigned)high << 4 | (unsigned)low);
			taken = 3;
		} else if (text[i] != '+' || !plus) {
			continue;
		}
		nv_buf_add(buf, text + from, i - from);
		nv_buf_add(buf, &byte, 1);
		i += taken - 1;
		from = i + 1;
	}
	nv_buf_add(buf, text + from, bytes - from);
}

int
nv_form_each(const char *text, size_t bytes, size_t pairs_max, nv_form_fn *fn, void *arg)
{
	const char *end = text + bytes;
	struct nv_buf key, value;
	size_t pairs = 0;
	int rc = 0;

	/* Never longer than what they are decoded from. */
	nv_buf_init(&key, bytes + 1);
	nv_buf_init(&value, bytes + 1);
	while (text < end && rc == 0) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		const char *pair_end = stop ? stop : end;
		const char *equals = memchr(text, '=', (size_t)(pair_end - text));
		const char *key_end = equals ? equals : pair_end;

		if (pair_end > text) {
			nv_buf_clear(&key);
			nv_buf_clear(&value);
			nv_url_decode(&key, text, (size_t)(key_end - text), true);
			if (equals)
				nv_url_decode(&value, equals + 1,
					(size_t)(pair_end - equals - 1), true);
			if (key.error || value.error)
				rc = -ENOMEM;
			else if (++pairs > pairs_max)
				rc = -E2BIG;
			else
				rc = fn(arg, key.data ? key.data : "", key.bytes,
					value.data ? value.data : "", value.bytes);
		}
		text = pair_end + 1;
	}
	nv_buf_fini(&key);
	nv_buf_fini(&value);
	return rc;
}
