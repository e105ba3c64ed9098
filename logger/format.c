/* Bytes into lines of a log: see format.h. */
#include "format.h"

#include <string.h>

void
log_format_head(struct nv_buf *out, const struct log_form *form)
{
	if (form->time)
		nv_buf_printf(out, "%s ", form->time);
	nv_buf_printf(out, "#%u.%u ", form->instance, form->generation);
}

struct line {
	size_t text;  /* its bytes */
	size_t takes; /* with the newline */
	bool cut;
};

static bool
next_line(const char *raw, size_t bytes, bool at_end, struct line *ret)
{
	const char *end =
		bytes ? memchr(raw, '\n', NV_MIN(bytes, (size_t)LOG_LINE_BYTES_MAX + 1))
		      : NULL;

	if (end)
		*ret = (struct line){(size_t)(end - raw), (size_t)(end - raw) + 1, false};
	else if (bytes > LOG_LINE_BYTES_MAX)
		*ret = (struct line){LOG_LINE_BYTES_MAX, LOG_LINE_BYTES_MAX, true};
	else if (at_end && bytes > 0)
		*ret = (struct line){bytes, bytes, false};
	else
		return false;
	return true;
}

size_t
log_format(struct nv_buf *out, const struct log_form *form, const char *raw, size_t bytes,
	bool at_end, size_t room, bool must, bool *ret_full)
{
	size_t start = out->bytes;
	size_t done = 0;
	struct line line;

	*ret_full = false;
	while (!out->error && next_line(raw + done, bytes - done, at_end, &line)) {
		size_t before = out->bytes;

		log_format_head(out, form);
		nv_buf_add(out, raw + done, line.text);
		nv_buf_puts(out, line.cut ? " [cut]\n" : "\n");
		if (!out->error && out->bytes - start > room && !(must && done == 0)) {
			out->bytes = before;
			out->data[before] = '\0';
			*ret_full = true;
			break;
		}
		if (!out->error)
			done += line.takes;
	}
	return done;
}
