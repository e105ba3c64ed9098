/* Letters, digits and white space as HTML and CSS mean them: ASCII, whatever the locale.
 */
#ifndef SCR_ASCII_H
#define SCR_ASCII_H

#include "nv_buf.h"

/* The white space of HTML: tab, newline, form feed, carriage return, space. */
static inline bool
scr_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static inline bool
scr_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool
scr_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
scr_is_alnum(char c)
{
	return scr_is_alpha(c) || scr_is_digit(c);
}

static inline char
scr_low(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Value of a hexadecimal digit, -1 for any other byte. */
static inline int
scr_hex(char c)
{
	if (scr_is_digit(c))
		return c - '0';
	c = scr_low(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* In place. */
void scr_lower(char *text);
/* Whether text begins with the n bytes of word, letters in any case; text may end
 * earlier. */
bool scr_same(const char *text, size_t n, const char *word);
/* U+FFFD for what is no character (0, surrogates, beyond U+10FFFF). */
void scr_put_utf8(struct nv_buf *out, uint32_t code);

#endif
