/* A worker's env_file: lines NAME=VALUE, empty lines, comments after #. A value is what
 * follows the = to the end of the line, without the blanks around it and without a pair
 * of quotes that encloses all of it; nothing is escaped, nothing goes on over lines. */
#ifndef NV_ENV_FILE_H
#define NV_ENV_FILE_H

#include "nv_err.h"

#define NV_ENV_FILE_BYTES_MAX ((size_t)256 << 10)
#define NV_ENV_FILE_LINES_MAX 512

/* Told of each variable; the strings are gone after the call. 0 to go on. */
typedef int nv_env_file_fn(void *arg, const char *name, const char *value);

/* Why a name cannot stand for a variable of a worker; NULL when it can. */
const char *nv_env_bad_name(const char *name);
/* -EINVAL with line, column and the sentence (never with a value) in err; else what fn
 * answered. The text is written to. */
int nv_env_file_parse(
	char *text, size_t bytes, nv_env_file_fn *fn, void *arg, struct nv_err *err);
/* Open, check (a plain file, of root or of this account, nobody else may write to it) and
 * read it: 0 with *ret_text, the caller's to wipe and free, or -errno. */
int nv_env_file_read(const char *path, char **ret_text, size_t *ret_bytes);

#endif
