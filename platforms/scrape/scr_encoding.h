/* Which encoding a page is in, and the page as UTF-8. In this order: a byte order mark,
 * the charset of Content-Type, a <meta> in the first 1,024 bytes (the algorithms of the
 * HTML and Encoding standards), else windows-1252. What is no character becomes U+FFFD.
 */
#ifndef SCR_ENCODING_H
#define SCR_ENCODING_H

#include "nv_buf.h"

#define SCR_SNIFF_BYTES 1024

/* The standard's name ("utf-8", "windows-1252", "shift_jis"...) of a label as pages write
 * it; NULL when it is none. */
const char *scr_encoding_of_label(const char *label, size_t bytes);
/* Of the value of a Content-Type header; NULL when it names none that is known. */
const char *scr_encoding_of_type(const char *content_type);
/* Of a <meta> in the first SCR_SNIFF_BYTES; NULL when there is none. */
const char *scr_encoding_of_meta(const char *body, size_t bytes);
/* All of it. content_type may be NULL. *ret_bom is how many bytes the mark has. */
const char *scr_encoding_sniff(
	const char *body, size_t bytes, const char *content_type, size_t *ret_bom);

/* body, in that encoding, as UTF-8 added to out. No byte of it is NUL. 0; -ENOBUFS when
 * out is full; -ENOMEM; -EINVAL when this machine has no table for the encoding. */
int scr_decode(const char *encoding, const char *body, size_t bytes, struct nv_buf *out);

#endif
