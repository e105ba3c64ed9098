/* Fields of CSV: see nv_csv.h. */
#include "nv_csv.h"

#include <string.h>

void
nv_csv_put_text(struct nv_buf *buf, const char *text)
{
	bool formula = *text && strchr("=+-@\t\r", *text);
	bool quote = strpbrk(text, ",\"\r\n") != NULL;

	if (quote)
		nv_buf_puts(buf, "\"");
	if (formula)
		nv_buf_puts(buf, "'");
	for (const char *at = text; *at;) {
		size_t n = strcspn(at, "\"");

		nv_buf_add(buf, at, n);
		at += n;
		if (*at)
			nv_buf_puts(buf, "\"\"");
		at += *at != '\0';
	}
	if (quote)
		nv_buf_puts(buf, "\"");
}
