/* Query parameters of a call: known names only, each once, decoded. */
#ifndef GW_QUERY_H
#define GW_QUERY_H

#include "http.h"
#include "nv_buf.h"

#define GW_QUERY_NAMES_MAX 32

struct gw_param {
	const char *name;
	size_t bytes_max;  /* of the decoded value */
	const char *value; /* out: NULL when it is not there; lives as long as the call */
};

/* UTF-8 without control characters? */
bool gw_is_text(const char *text);
/* 0; or -EINVAL with the sentence: an unknown name (with the nearest known one), one that
 * is there twice, a value that is too long or no text. Pure; `copy` owns the values. */
int gw_query_read(const char *query, struct gw_param *params, size_t n,
	struct nv_buf *copy, struct nv_err *err);
/* The same for a call; what is wrong is answered with 400, and the call is gone then. */
int gw_query_parse(struct gw_call *call, struct gw_param *params, size_t n);
/* For a route that takes none. */
int gw_query_none(struct gw_call *call);

#endif
