/* Bytes into lines: see lines.h. */
#include "lines.h"

#include <string.h>

void
log_lines_push(
	struct log_lines *l, const char *data, size_t bytes, log_line_fn *fn, void *arg)
{
	while (bytes > 0) {
		size_t room = sizeof(l->part) - l->bytes;
		size_t look = NV_MIN(bytes, room);
		const char *end = memchr(data, '\n', look);
		size_t take = end ? (size_t)(end - data) : look;

		memcpy(l->part + l->bytes, data, take);
		l->bytes += take;
		data += take + (end ? 1 : 0);
		bytes -= take + (end ? 1 : 0);
		if (end || l->bytes == sizeof(l->part)) {
			/* A line that fills the buffer exactly and ends there is not cut.
			 */
			bool cut = !end && !(bytes > 0 && *data == '\n');

			if (!end && !cut) {
				data++;
				bytes--;
			}
			fn(arg, l->part, l->bytes, cut);
			l->bytes = 0;
		}
	}
}

void
log_lines_end(struct log_lines *l, log_line_fn *fn, void *arg)
{
	if (l->bytes > 0)
		fn(arg, l->part, l->bytes, false);
	l->bytes = 0;
}
