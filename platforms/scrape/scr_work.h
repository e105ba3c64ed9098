/* One piece of work on one page: bytes from the net and what is wanted of them, in; a
 * JSON object, out. What nova-scrape-parse does, without the process around it. */
#ifndef SCR_WORK_H
#define SCR_WORK_H

#include "nv_err.h"

#include <jansson.h>

#define SCR_FIELDS_MAX     64
#define SCR_BODY_BYTES_MAX ((size_t)32 << 20)

/* want: an object with any of
 *   "type"     the Content-Type header
 *   "body"     true: all of it, as UTF-8
 *   "text", "title", "links", "lists", "tables"   true: of the page; lists and tables
 * also the selector of those that are meant "select"   {"css", "attr"?} "fields"   {name:
 * "css" | "css @attr"}: of each the first match, null when there is none "rows"     css:
 * "fields" once for each element that matches, in it *ret: {"encoding", "truncated", and
 * under each key what it asked for}; rows comes as "records". 0; -EINVAL: a selector is
 * wrong; -ETIME: a selector takes too long on this page; -EFBIG; -ENOMEM. err is always
 * set then. */
int scr_work(const char *body, size_t bytes, const json_t *want, json_t **ret,
	struct nv_err *err);

/* Check the selectors of `want`, before anything is fetched for them. 0 or -EINVAL. */
int scr_want_check(const json_t *want, struct nv_err *err);

#endif
