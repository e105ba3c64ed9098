/* See nv_http_headers.h. */
#include "nv_http_headers.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

void
nv_http_headers_init(struct nv_http_headers *headers, size_t bytes_max)
{
	nv_buf_init(&headers->text, bytes_max);
}

void
nv_http_headers_fini(struct nv_http_headers *headers)
{
	nv_buf_fini(&headers->text);
}

void
nv_http_headers_clear(struct nv_http_headers *headers)
{
	nv_buf_clear(&headers->text);
}

/* RFC 9110, 5.6.2: tchar. */
static bool
token_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

int
nv_http_headers_line(struct nv_http_headers *headers, const char *line, size_t bytes)
{
	size_t name = 0, from;

	while (bytes && (line[bytes - 1] == '\n' || line[bytes - 1] == '\r'))
		bytes--;
	if (bytes == 0)
		return 0;
	if (bytes >= 5 && memcmp(line, "HTTP/", 5) == 0) {
		nv_http_headers_clear(headers);
		return 0;
	}
	while (name < bytes && token_char(line[name]))
		name++;
	if (name == 0 || name == bytes || line[name] != ':')
		return -EINVAL;
	for (size_t i = name + 1; i < bytes; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return -EINVAL;
	}
	from = name + 1;
	while (from < bytes && blank(line[from]))
		from++;
	while (bytes > from && blank(line[bytes - 1]))
		bytes--;
	for (size_t i = 0; i < name; i++) {
		char c = line[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		nv_buf_add(&headers->text, &c, 1);
	}
	nv_buf_add(&headers->text, "", 1);
	nv_buf_add(&headers->text, line + from, bytes - from);
	nv_buf_add(&headers->text, "", 1);
	return headers->text.error;
}

const char *
nv_http_headers_get(const struct nv_http_headers *headers, const char *name, unsigned n)
{
	const char *at = headers->text.data;
	const char *end = at ? at + headers->text.bytes : NULL;

	if (headers->text.error)
		return NULL;
	while (at < end) {
		const char *value = at + strlen(at) + 1;

		if (strcasecmp(at, name) == 0 && n-- == 0)
			return value;
		at = value + strlen(value) + 1;
	}
	return NULL;
}
