/* Fields of CSV: see nv_csv.h. */
#include "nv_csv.h"

#include <string.h>

void
nv_csv_put_text(struct nv_buf *buf, const char *text)
{
	nv_csv_put_bytes(buf, text, strlen(text));
}

void
nv_csv_put_bytes(struct nv_buf *buf, const char *text, size_t bytes)
{
	bool formula = bytes > 0 && memchr("=+-@\t\r", *text, 6);
	bool quote = false;

	for (size_t i = 0; i < bytes && !quote; i++)
		quote = memchr(",\"\r\n", text[i], 4) != NULL;
	if (quote)
		nv_buf_puts(buf, "\"");
	if (formula)
		nv_buf_puts(buf, "'");
	for (size_t at = 0; at < bytes;) {
		const char *mark = memchr(text + at, '"', bytes - at);
		size_t n = mark ? (size_t)(mark - text) + 1 - at : bytes - at;

		nv_buf_add(buf, text + at, n);
		if (mark)
			nv_buf_puts(buf, "\"");
		at += n;
	}
	if (quote)
		nv_buf_puts(buf, "\"");
}
