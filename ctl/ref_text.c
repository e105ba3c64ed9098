/* Text of the tables as mdoc or Markdown: see ref_text.h. */
#include "ref_text.h"

#include <ctype.h>
#include <string.h>

#define CLOSING   ".,:;)?!"
#define LONG_WORD 40

/* Characters that mean something to roff; a long word may be broken behind its commas. */
static void
put_escaped(struct nv_buf *out, const char *text, size_t bytes, bool quoted)
{
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '\\')
			nv_buf_puts(out, "\\e");
		else if (text[i] == '"' && quoted)
			nv_buf_puts(out, "\\(dq");
		else
			nv_buf_add(out, &text[i], 1);
		if (text[i] == ',' && bytes > LONG_WORD && i + 1 < bytes)
			nv_buf_puts(out, "\\:");
	}
}

void
ref_word(const struct ref_text *t, const char *text, size_t bytes)
{
	bool quoted = memchr(text, ' ', bytes) != NULL;

	if (quoted)
		nv_buf_puts(t->out, "\"");
	/* A word that is the name of a macro, or punctuation, would be one. */
	else if (bytes > 0 &&
		 (isupper((unsigned char)text[0]) || ispunct((unsigned char)text[0])))
		nv_buf_puts(t->out, "\\&");
	put_escaped(t->out, text, bytes, true);
	if (quoted)
		nv_buf_puts(t->out, "\"");
	else if (bytes > 0 && strchr(".,:;)]?!", text[bytes - 1]))
		nv_buf_puts(t->out, "\\&");
}

/* The name and section of "page(5)" at text; 0 when there is none. */
static size_t
page_bytes(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz.-_0123456789");

	return n > 1 && islower((unsigned char)text[0]) && text[n] == '(' &&
			       isdigit((unsigned char)text[n + 1]) && text[n + 2] == ')'
		       ? n
		       : 0;
}

/* One word without a blank (but for what is in backquotes), as macros on a line of its
 * own: `x`, (`x`), page(5). */
static void
put_macros(const struct ref_text *t, const char *word, size_t bytes)
{
	const char *at = word;
	const char *end = word + bytes;
	bool first = true;

	nv_buf_puts(t->out, ".");
	if (*at == '(' && bytes > 1) {
		nv_buf_puts(t->out, "No \\&( Ns ");
		at++;
	}
	while (at < end) {
		const char *close =
			*at == '`' ? memchr(at + 1, '`', (size_t)(end - at - 1)) : NULL;
		size_t page = close ? 0 : page_bytes(at);
		/* One that is never closed stands for itself. */
		size_t plain = (*at == '`') + strcspn(at + (*at == '`'), "`");

		if (plain > (size_t)(end - at))
			plain = (size_t)(end - at);
		if (!close && !page && strspn(at, CLOSING) >= (size_t)(end - at)) {
			/* Punctuation behind a macro sticks to it. */
			for (; at < end; at++)
				nv_buf_printf(t->out, " %c", *at);
			break;
		}
		if (!first)
			nv_buf_puts(t->out, " Ns ");
		first = false;
		if (close) {
			bool blank = memchr(at, ' ', (size_t)(close - at)) != NULL;

			nv_buf_puts(t->out, blank ? "Ql " : "Cm ");
			ref_word(t, at + 1, (size_t)(close - at - 1));
			at = close + 1;
		} else if (page) {
			nv_buf_printf(t->out, "Xr %.*s %c", (int)page, at, at[page + 1]);
			at += page + 3;
		} else {
			nv_buf_puts(t->out, "No ");
			ref_word(t, at, plain);
			at += plain;
		}
	}
	nv_buf_puts(t->out, "\n");
}

/* Bytes of the word at text: up to a blank that is not in backquotes. */
static size_t
word_bytes(const char *text)
{
	size_t n = 0;
	bool inside = false;

	while (text[n] && (inside || text[n] != ' ')) {
		inside ^= text[n] == '`';
		n++;
	}
	return n;
}

static bool
has_macro(const char *word, size_t bytes)
{
	size_t skip = word[0] == '(' ? 1 : 0;
	size_t page = page_bytes(word + skip);

	return memchr(word, '`', bytes) || (page && skip + page + 3 <= bytes);
}

static void
prose_mdoc(const struct ref_text *t, const char *text)
{
	bool begun = false; /* a line of plain words */

	while (*text) {
		size_t bytes = word_bytes(text);
		const char *next = text + bytes + strspn(text + bytes, " ");
		bool ends = bytes > 0 && text[bytes - 1] == '.' && *next;

		if (has_macro(text, bytes)) {
			if (begun)
				nv_buf_puts(t->out, "\n");
			put_macros(t, text, bytes);
			begun = false;
		} else {
			if (begun)
				nv_buf_puts(t->out, " ");
			else if (text[0] == '.' || text[0] == '\'')
				nv_buf_puts(t->out, "\\&");
			put_escaped(t->out, text, bytes, false);
			begun = !ends;
			if (ends)
				nv_buf_puts(t->out, "\n");
		}
		text = next;
	}
	if (begun)
		nv_buf_puts(t->out, "\n");
}

void
ref_prose(const struct ref_text *t, const char *text)
{
	if (t->markdown)
		nv_buf_printf(t->out, "%s\n", text);
	else
		prose_mdoc(t, text);
}

void
ref_sentence(const struct ref_text *t, const char *text)
{
	struct nv_buf whole;
	char first = (char)toupper((unsigned char)text[0]);
	size_t bytes = strlen(text);

	nv_buf_init(&whole, (size_t)1 << 20);
	nv_buf_add(&whole, &first, 1);
	nv_buf_printf(&whole, "%s%s", text + 1, text[bytes - 1] == '.' ? "" : ".");
	if (!whole.error)
		ref_prose(t, whole.data);
	else
		t->out->error = whole.error;
	nv_buf_fini(&whole);
}

/* Bytes of one piece of a usage text: an option, a word of one kind, or signs. */
static size_t
piece_bytes(const char *text)
{
	if (strncmp(text, "--", 2) == 0 && islower((unsigned char)text[2]))
		return 2 + strspn(text + 2, "abcdefghijklmnopqrstuvwxyz-");
	if (isupper((unsigned char)text[0]))
		return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_%");
	if (islower((unsigned char)text[0]))
		return strspn(text, "abcdefghijklmnopqrstuvwxyz-");
	if (text[0] == '|')
		return 1;
	size_t n = 1;

	while (text[n] && !isalnum((unsigned char)text[n]) && !strchr(" |-", text[n]))
		n++;
	return n;
}

void
ref_usage(const struct ref_text *t, const char *usage)
{
	if (t->markdown) {
		nv_buf_puts(t->out, usage);
		return;
	}
	for (bool glued = false; *usage;) {
		size_t n = piece_bytes(usage);

		nv_buf_puts(t->out, glued ? " Ns " : " ");
		if (usage[0] == '-' && n > 2)
			nv_buf_printf(t->out, "Fl Fl %.*s", (int)n - 2, usage + 2);
		else if (isupper((unsigned char)usage[0]))
			nv_buf_printf(t->out, "Ar %.*s", (int)n, usage);
		else if (islower((unsigned char)usage[0]))
			nv_buf_printf(t->out, "Cm %.*s", (int)n, usage);
		else {
			nv_buf_puts(t->out, "No ");
			ref_word(t, usage, n);
		}
		usage += n;
		glued = *usage != ' ';
		usage += strspn(usage, " ");
	}
}
