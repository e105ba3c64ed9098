/* The headers of one answer, as they came: names without case, several of one name kept.
 * Bounded; what is over the bound is an error of the answer. */
#ifndef NV_HTTP_HEADERS_H
#define NV_HTTP_HEADERS_H

#include "nv_buf.h"

struct nv_http_headers {
	struct nv_buf text; /* "name\0value\0" again and again, names in lower case */
};

void nv_http_headers_init(struct nv_http_headers *headers, size_t bytes_max);
void nv_http_headers_fini(struct nv_http_headers *headers);
void nv_http_headers_clear(struct nv_http_headers *headers);
/* One line as it stands in the answer, with or without its line end. A status line begins
 * the headers anew (an interim answer, 1xx). 0; -EINVAL: no header (no colon, a NUL or a
 * control character in it, a name that is no token, folding); -ENOBUFS; -ENOMEM. */
int nv_http_headers_line(struct nv_http_headers *headers, const char *line, size_t bytes);
/* The n-th (from 0) value of that name, in any case; NULL. */
const char *
nv_http_headers_get(const struct nv_http_headers *headers, const char *name, unsigned n);

#endif
