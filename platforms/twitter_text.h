/* How long a post is, as X counts it (twitter-text, configuration version 3): the text in
 * NFC; 1 for U+0000-10FF, U+2000-200D, U+2010-201F and U+2032-2037, 2 for any other
 * character and for an emoji however many characters it is made of; 23 for a URL. What
 * a URL is: the rules of twitter-text 3, which know the top level domains.
 *
 * Pure but for what ICU keeps: patterns are made at the first use and kept. */
#ifndef TWITTER_TEXT_H
#define TWITTER_TEXT_H

#include "nv_base.h"

#define TW_TEXT_BYTES_MAX ((size_t)65536)
#define TW_LENGTH_DEFAULT 280
#define TW_URL_LENGTH     23
#define TW_TEXT_URLS_MAX  4096

struct tw_length {
	uint32_t weighted;
	uint32_t urls; /* a post with one costs more */
	bool empty;    /* nothing but white space */
	bool invalid;  /* a character that X refuses: U+FFFE, U+FEFF, U+FFFF */
};

/* 0; -EILSEQ when it is not UTF-8, -E2BIG over TW_TEXT_BYTES_MAX, -ETIME when the URLs of
 * it cannot be told from text in a bearable time, -ENOMEM. */
int tw_text_measure(const char *text, size_t bytes, struct tw_length *ret);

struct tw_url { /* offsets in UTF-16 units of the NFC text */
	uint32_t start;
	uint32_t end;
};
/* The URLs of a text, in order; *ret_n of at most max. Errors as above; -ENOSPC. */
int tw_text_urls(
	const char *text, size_t bytes, struct tw_url *urls, size_t max, size_t *ret_n);

/* Is it the same post? X gives a text back with other URLs in it (t.co), with &, < and >
 * escaped, and without white space around it. False as well when one of them cannot be
 * read. */
bool tw_text_same(const char *ours, const char *theirs);

#endif
