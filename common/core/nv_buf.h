/* A byte buffer that grows up to a ceiling given at init; reaching it is an
 * error the buffer remembers, so call sites stay flat and check once. */
#ifndef NV_BUF_H
#define NV_BUF_H

#include "nv_base.h"

struct nv_buf {
	char *data; /* owned; NUL-terminated whenever it is not NULL */
	size_t bytes;
	size_t cap_bytes;
	size_t bytes_max;
	int error; /* 0, -ENOMEM or -ENOBUFS: nothing was added since */
};

void nv_buf_init(struct nv_buf *buf, size_t bytes_max);
void nv_buf_fini(struct nv_buf *buf);
/* Empty and usable again; memory is kept. */
void nv_buf_clear(struct nv_buf *buf);
void nv_buf_add(struct nv_buf *buf, const void *data, size_t bytes);
void nv_buf_puts(struct nv_buf *buf, const char *text);
void nv_buf_printf(struct nv_buf *buf, const char *fmt, ...) NV_PRINTF(2, 3);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void nv_buf_put_json(struct nv_buf *buf, const char *text, size_t bytes);
/* Remove bytes from the front. */
void nv_buf_consume(struct nv_buf *buf, size_t bytes);
/* Take the heap string (the caller's to free); the buffer is empty afterwards.
 * NULL when an error was remembered. */
char *nv_buf_take(struct nv_buf *buf);

/* Length of the valid UTF-8 sequence at text (1..4), 0 if there is none
 * (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
size_t nv_utf8_len(const char *text, size_t bytes);
/* Is that sequence a control character (C0, DEL, or C1, which terminals obey as well)? */
bool nv_is_control(const char *sequence, size_t bytes);

#endif
