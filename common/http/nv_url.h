/* Percent-encoding, and the parts that requests are made of: path segments, queries and
 * forms. Errors are remembered by the buffer (nv_buf.h). Pure. */
#ifndef NV_URL_H
#define NV_URL_H

#include "nv_buf.h"

/* RFC 3986, 2.3: all but A-Z a-z 0-9 - . _ ~ becomes %XX, upper case. What OAuth 1.0a
 * asks for. */
void nv_url_encode(struct nv_buf *buf, const char *text, size_t bytes);

/* "/" and the encoded text: an id from outside cannot leave its place. Empty, "." and
 * ".." set the buffer's error to -EINVAL, as they would change the path. */
void nv_url_segment(struct nv_buf *buf, const char *text);

/* "?key=value", or "&key=value" when the buffer holds a "?" already. [ ] stay bare in
 * keys. */
void nv_url_query(struct nv_buf *buf, const char *key, const char *value);

/* application/x-www-form-urlencoded: "key=value", "&" before all but the first; a space
 * is %20. Keys such as "items[0][price]" keep their brackets. */
void nv_form_add(struct nv_buf *buf, const char *key, const char *value);
void nv_form_add_int(struct nv_buf *buf, const char *key, int64_t value);
void nv_form_add_bool(struct nv_buf *buf, const char *key, bool value);

/* %XX and, for forms, + decoded into buf; a % that begins no escape stays (as browsers do
 * it). */
void nv_url_decode(struct nv_buf *buf, const char *text, size_t bytes, bool plus);

/* One pair of a form or a query; decoded, NUL-terminated, and may hold NULs. Not 0 ends
 * it. */
typedef int nv_form_fn(void *arg, const char *key, size_t key_bytes, const char *value,
	size_t value_bytes);
/* 0; what fn returned; -E2BIG: more than pairs_max; -ENOMEM. */
int
nv_form_each(const char *text, size_t bytes, size_t pairs_max, nv_form_fn *fn, void *arg);

#endif
