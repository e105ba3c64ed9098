/* The members of one JSON object, read strictly (RFC 8259, UTF-8) and kept as the
 * text they were written in, so that an amount reaches the ledger digit by digit.
 *
 * One thing is let through that JSON forbids: NaN, Infinity and -Infinity, because
 * that is what Python prints. They have a type of their own; who takes a number
 * decides what they mean. */
#ifndef RN_JSON_H
#define RN_JSON_H

#include "nv_err.h"

#define RN_JSON_DEPTH_MAX 32

enum rn_json_type {
	RN_JSON_STRING,
	RN_JSON_NUMBER,
	RN_JSON_NONFINITE,
	RN_JSON_OBJECT,
	RN_JSON_ARRAY,
	RN_JSON_BOOL,
	RN_JSON_NULL
};

/* Borrowed from the text that was read. A string's text has its quotes and escapes. */
struct rn_json_value {
	enum rn_json_type type;
	const char *text; /* NULL when the member was not there */
	size_t bytes;
};

/* Called for each member in order; key is decoded and NUL-terminated, cut when it is
 * longer than any key we know. 0 to go on, or -EINVAL with err set. */
typedef int rn_json_member_fn(void *arg, const char *key,
	const struct rn_json_value *value, struct nv_err *err);

/* Walk over text, which must be one object and nothing else but white space around it.
 * 0, or -EINVAL with column and sentence in err. */
int rn_json_object(const char *text, size_t bytes, rn_json_member_fn *fn, void *arg,
	struct nv_err *err);

/* Decode a string value; NUL-terminated. -EINVAL if it is no string, -EMSGSIZE if it does
 * not fit, -EILSEQ if it holds a NUL. */
int rn_json_string(const struct rn_json_value *value, char *buf, size_t buf_bytes);

#endif
