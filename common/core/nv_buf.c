/* A growing buffer with a ceiling: see nv_buf.h. */
#include "nv_buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
nv_buf_init(struct nv_buf *buf, size_t bytes_max)
{
	*buf = (struct nv_buf){.bytes_max = bytes_max};
}

void
nv_buf_fini(struct nv_buf *buf)
{
	if (buf) {
		free(buf->data);
		*buf = (struct nv_buf){0};
	}
}

void
nv_buf_clear(struct nv_buf *buf)
{
	buf->bytes = 0;
	buf->error = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

static bool
reserve(struct nv_buf *buf, size_t more)
{
	if (buf->error)
		return false;
	if (more > buf->bytes_max - buf->bytes) {
		buf->error = -ENOBUFS;
		return false;
	}
	size_t need = buf->bytes + more + 1;

	if (need <= buf->cap_bytes)
		return true;
	size_t cap = NV_MAX(buf->cap_bytes * 2, NV_MAX(need, (size_t)64));
	char *grown = realloc(buf->data, cap);

	if (!grown) {
		buf->error = -ENOMEM;
		return false;
	}
	buf->data = grown;
	buf->cap_bytes = cap;
	return true;
}

void
nv_buf_add(struct nv_buf *buf, const void *data, size_t bytes)
{
	if (!reserve(buf, bytes))
		return;
	if (bytes > 0)
		memcpy(buf->data + buf->bytes, data, bytes);
	buf->bytes += bytes;
	buf->data[buf->bytes] = '\0';
}

void
nv_buf_puts(struct nv_buf *buf, const char *text)
{
	nv_buf_add(buf, text, strlen(text));
}

void
nv_buf_printf(struct nv_buf *buf, const char *fmt, ...)
{
	va_list ap;
	va_list again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int need = vsnprintf(NULL, 0, fmt, ap);

	NV_ASSERT(need >= 0);
	if (reserve(buf, (size_t)need)) {
		(void)vsnprintf(buf->data + buf->bytes, (size_t)need + 1, fmt, again);
		buf->bytes += (size_t)need;
	}
	va_end(again);
	va_end(ap);
}

size_t
nv_utf8_len(const char *text, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)text;

	if (bytes == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		return bytes >= 2 && (s[1] & 0xc0) == 0x80 ? 2 : 0;
	if (s[0] >= 0xe0 && s[0] <= 0xef) {
		unsigned char low = s[0] == 0xe0 ? 0xa0 : 0x80;
		unsigned char high = s[0] == 0xed ? 0x9f : 0xbf;

		return bytes >= 3 && s[1] >= low && s[1] <= high && (s[2] & 0xc0) == 0x80
			       ? 3
			       : 0;
	}
	if (s[0] >= 0xf0 && s[0] <= 0xf4) {
		unsigned char low = s[0] == 0xf0 ? 0x90 : 0x80;
		unsigned char high = s[0] == 0xf4 ? 0x8f : 0xbf;

		return bytes >= 4 && s[1] >= low && s[1] <= high &&
				       (s[2] & 0xc0) == 0x80 && (s[3] & 0xc0) == 0x80
			       ? 4
			       : 0;
	}
	return 0;
}

bool
nv_is_control(const char *sequence, size_t bytes)
{
	const unsigned char *s = (const unsigned char *)sequence;

	if (bytes == 1)
		return s[0] < 0x20 || s[0] == 0x7f;
	return bytes == 2 && s[0] == 0xc2 && s[1] < 0xa0;
}

void
nv_buf_put_json(struct nv_buf *buf, const char *text, size_t bytes)
{
	nv_buf_add(buf, "\"", 1);
	while (bytes > 0) {
		size_t len = nv_utf8_len(text, bytes);
		unsigned char c = (unsigned char)*text;

		if (len == 0) {
			nv_buf_puts(buf, "\\ufffd");
			len = 1;
		} else if (c == '"' || c == '\\') {
			char escaped[2] = {'\\', (char)c};

			nv_buf_add(buf, escaped, 2);
		} else if (c == '\n') {
			nv_buf_puts(buf, "\\n");
		} else if (c < 0x20 || c == 0x7f) {
			nv_buf_printf(buf, "\\u%04x", c);
		} else {
			nv_buf_add(buf, text, len);
		}
		text += len;
		bytes -= len;
	}
	nv_buf_add(buf, "\"", 1);
}

void
nv_buf_consume(struct nv_buf *buf, size_t bytes)
{
	NV_ASSERT(bytes <= buf->bytes);
	if (bytes == 0)
		return;
	memmove(buf->data, buf->data + bytes, buf->bytes - bytes);
	buf->bytes -= bytes;
	buf->data[buf->bytes] = '\0';
}

char *
nv_buf_take(struct nv_buf *buf)
{
	if (!reserve(buf, 0))
		return NULL;
	char *data = buf->data;

	data[buf->bytes] = '\0';
	*buf = (struct nv_buf){.bytes_max = buf->bytes_max};
	return data;
}
