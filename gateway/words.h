/* The words of a command, put together one by one. */
#ifndef GW_WORDS_H
#define GW_WORDS_H

#include "child.h"

struct gw_words {
	const char *list[GW_CHILD_WORDS_MAX + 1]; /* NULL-terminated */
	size_t n;
	char *owned[GW_CHILD_WORDS_MAX];
	size_t n_owned;
	int error; /* 0, -ENOMEM, -E2BIG: nothing was added since */
};

void gw_words_fini(struct gw_words *w);
/* word is borrowed until the end. */
void gw_words_add(struct gw_words *w, const char *word);
/* OPTION=TEXT for an option that takes an extended regular expression: one that matches
 * this text and nothing else. A pattern of a stranger may take all memory there is, or
 * never end. */
void gw_words_add_literal(struct gw_words *w, const char *option, const char *text);
void gw_words_addf(struct gw_words *w, const char *fmt, ...) NV_PRINTF(2, 3);

#endif
