/* Text of the tables written as a manual page (mdoc) or as Markdown. The markup of the
 * tables is small: `x` is something to be typed, page(5) another page, and a sentence
 * ends with a full stop before a blank. */
#ifndef CTL_REF_TEXT_H
#define CTL_REF_TEXT_H

#include "nv_buf.h"

struct ref_text {
	struct nv_buf *out;
	bool markdown;
};

/* Sentences, each beginning a line of mdoc; a newline at the end. */
void ref_prose(const struct ref_text *t, const char *text);
/* The same with a capital first and a full stop last: what stands in a table as half a
 * line. */
void ref_sentence(const struct ref_text *t, const char *text);
/* "[WORKER] --instances N" as arguments of an mdoc line already begun, or as it is. */
void ref_usage(const struct ref_text *t, const char *usage);
/* A word as an argument of an mdoc macro. */
void ref_word(const struct ref_text *t, const char *text, size_t bytes);

#endif
