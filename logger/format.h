/* Bytes of a pipe as lines of a log: "TIME #INSTANCE.GENERATION text". Pure. */
#ifndef LOG_FORMAT_H
#define LOG_FORMAT_H

#include "nv_buf.h"

#define LOG_LINE_BYTES_MAX 8192
/* What a line gets in front and behind, at most. */
#define LOG_EXTRA_BYTES 80

struct log_form {
	const char *time; /* borrowed; NULL: lines have none */
	uint32_t instance;
	uint32_t generation;
};

/* Add the whole lines at the start of raw to out, as long as no more than `room` bytes
 * are added (with `must`: at least one line, however long). A line longer than
 * LOG_LINE_BYTES_MAX is split, each part but its last marked " [cut]"; what has no
 * newline yet is a line only at_end. Returns how many bytes of raw that took; *ret_full:
 * a line stood there that had no room. */
size_t log_format(struct nv_buf *out, const struct log_form *form, const char *raw,
	size_t bytes, bool at_end, size_t room, bool must, bool *ret_full);
/* Only what stands before a line's text. */
void log_format_head(struct nv_buf *out, const struct log_form *form);

#endif
