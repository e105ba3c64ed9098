/* What X means when it says no, in plain words. Pure. */
#ifndef TWITTER_WORDS_H
#define TWITTER_WORDS_H

#include "nv_base.h"

#include <jansson.h>

enum tw_no {
	TW_NO_OTHER,
	TW_NO_INPUT,     /* 400: the request itself */
	TW_NO_KEYS,      /* 401 */
	TW_NO_CREDITS,   /* nothing works until somebody pays */
	TW_NO_DUPLICATE, /* 403: this very text is there already */
	TW_NO_POLICY,    /* 403: X does not want that from programs, or from us */
	TW_NO_MISSING,   /* 404, and answers that hold nothing but errors */
	TW_NO_THROTTLED, /* 429 */
	TW_NO_SERVER     /* 5xx */
};

struct tw_problem {
	enum tw_no why;
	char text[480]; /* a sentence without secrets */
};

/* status: of the answer, 0 = none; body: its JSON or NULL; act: what was asked for, as a
 * verb ("post", "like", ...). */
void
tw_problem_read(int status, const json_t *body, const char *act, struct tw_problem *ret);

#endif
