/* An error for a person: where, and one sentence that says what was found and
 * what was expected. Owned by the caller, fixed size, never allocated. */
#ifndef NV_ERR_H
#define NV_ERR_H

#include "nv_base.h"

struct nv_err {
	char file[256];  /* empty when the error is not about a file */
	unsigned line;   /* 1-based; 0 when unknown */
	unsigned column; /* 1-based; 0 when unknown */
	char text[512];
};

/* Set the sentence; the place stays as it is. Returns `rc`, so that a failing
 * function can end with `return nv_err_set(err, -EINVAL, "...")`. err may be NULL. */
int nv_err_set(struct nv_err *err, int rc, const char *fmt, ...) NV_PRINTF(3, 4);
#ifdef __clang_analyzer__ /* which looks at one file at a time: the result is rc */
#define nv_err_set(err, rc, ...) ((nv_err_set)(err, rc, __VA_ARGS__), (rc))
#endif

/* "file:line:column: text" or just the text. Returns buf. */
const char *nv_err_string(const struct nv_err *err, char *buf, size_t buf_bytes);

#endif
