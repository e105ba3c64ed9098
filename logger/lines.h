/* Bytes of a pipe into lines: a line is handed on when its newline comes, when it is
 * longer than a buffer (cut), or at end of file. Pure. */
#ifndef LOG_LINES_H
#define LOG_LINES_H

#include "nv_base.h"

#define LOG_LINE_BYTES_MAX 8192

struct log_lines {
	char part[LOG_LINE_BYTES_MAX]; /* of a line that has not ended */
	size_t bytes;
};

typedef void log_line_fn(void *arg, const char *text, size_t bytes, bool cut);

void log_lines_push(
	struct log_lines *l, const char *data, size_t bytes, log_line_fn *fn, void *arg);
/* End of file: what is left is a line too. */
void log_lines_end(struct log_lines *l, log_line_fn *fn, void *arg);

#endif
