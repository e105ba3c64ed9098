/* Base64 (RFC 4648) and hex. Decoders are strict: what an encoder would not have written
 * is refused, so that one value has one text. */
#ifndef NV_BASE64_H
#define NV_BASE64_H

#include "nv_base.h"

enum nv_base64 {
	NV_BASE64_STD, /* section 4, with = */
	NV_BASE64_URL  /* section 5, without = */
};

/* Characters without the NUL. */
#define NV_BASE64_CHARS(bytes) (((bytes) + 2) / 3 * 4)

/* ret holds NV_BASE64_CHARS(bytes) + 1. Returns the characters written, without the NUL.
 */
size_t nv_base64_encode(enum nv_base64 kind, const void *data, size_t bytes, char *ret);
/* -EINVAL: a character that is none of it, wrong padding, bits left over that are not 0;
 * -ENOBUFS: more than max bytes. */
int nv_base64_decode(enum nv_base64 kind, const char *text, size_t chars, void *ret,
	size_t max, size_t *ret_bytes);

/* Lower case; ret holds 2 * bytes + 1. */
void nv_hex_encode(const void *data, size_t bytes, char *ret);
/* Exactly 2 * bytes digits, upper or lower case; else -EINVAL. */
int nv_hex_decode(const char *text, size_t chars, void *ret, size_t bytes);

#endif
