/* Errors for people, and the end of the process on a broken invariant. */
#include "nv_err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#undef nv_err_set
int
nv_err_set(struct nv_err *err, int rc, const char *fmt, ...)
{
	if (err) {
		va_list ap;

		va_start(ap, fmt);
		(void)vsnprintf(err->text, sizeof(err->text), fmt, ap); /* cut is fine */
		va_end(ap);
	}
	return rc;
}

const char *
nv_err_string(const struct nv_err *err, char *buf, size_t buf_bytes)
{
	if (err->file[0] && err->line)
		(void)snprintf(buf, buf_bytes, "%s:%u:%u: %s", err->file, err->line,
			err->column, err->text);
	else if (err->file[0])
		(void)snprintf(buf, buf_bytes, "%s: %s", err->file, err->text);
	else
		(void)snprintf(buf, buf_bytes, "%s", err->text);
	return buf;
}

void
nv_assert_failed(const char *cond, const char *file, int line, const char *func)
{
	(void)fprintf(
		stderr, "assertion failed: %s (%s:%d, %s)\n", cond, file, line, func);
	abort();
}

void
nv_cleanup_free(void *ptr_to_ptr)
{
	free(*(void **)ptr_to_ptr);
}
