/* Small helpers on jansson: amounts as decimal strings, times as RFC 3339, and
 * reading a request's arguments with errors that name the field.
 *
 * Makers return a new reference, or NULL without memory: jansson's *_set_new and
 * *_append_new take NULL and fail, so a chain of them is checked once at its end. */
#ifndef NV_JSON_H
#define NV_JSON_H

#include "nv_err.h"
#include "nv_money.h"

#include <jansson.h>

/* "12.34": exact, at least two decimals. */
json_t *nv_json_money(nv_i128 nano);
/* 212.5 for 2,125,000 ppm, rounded to a tenth; null when it is not known. */
json_t *nv_json_percent(bool known, int64_t ppm);
/* Six digits: what a statistic has, and what a person can read; null when it is not
 * finite. Not for money. */
json_t *nv_json_real(double v);
/* "2026-11-22T14:05:09.123Z"; null for 0 (never). */
json_t *nv_json_time(int64_t wall_ns);
/* Text from outside, perhaps cut in the middle of a character: what is not UTF-8
 * becomes U+FFFD, so that no byte a worker sends can make an answer fail. */
json_t *nv_json_text(const char *text, size_t bytes);
json_t *nv_json_str(const char *text);

/* One line without newline, in the key order of insertion; the caller's to free. NULL
 * without memory. */
char *nv_json_line(const json_t *value);

/* Reading: 0; -ENOENT when it is missing or null (err untouched, *ret too);
 * -EINVAL with err set when it has another type or is out of bounds. */
int nv_json_get_str(const json_t *object, const char *key, size_t bytes_max,
	const char **ret, struct nv_err *err);
int nv_json_get_u64(const json_t *object, const char *key, uint64_t min, uint64_t max,
	uint64_t *ret, struct nv_err *err);
/* A whole number that may be missing: 0 then. */
int nv_json_take_count(
	const json_t *object, const char *key, int64_t *ret, struct nv_err *err);
int
nv_json_get_bool(const json_t *object, const char *key, bool *ret, struct nv_err *err);
/* The same, and missing is -EINVAL with a sentence. */
int nv_json_need_str(const json_t *object, const char *key, size_t bytes_max,
	const char **ret, struct nv_err *err);

/* Decimal string of nv_json_money back to an integer: for what Nova itself wrote. */
int nv_json_get_money(
	const json_t *object, const char *key, int64_t *ret_nano, struct nv_err *err);

#endif
