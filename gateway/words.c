/* The words of a command: see words.h. */
#include "words.h"

#include "nv_buf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
gw_words_fini(struct gw_words *w)
{
	for (size_t i = 0; i < w->n_owned; i++)
		free(w->owned[i]);
	*w = (struct gw_words){0};
}

void
gw_words_add(struct gw_words *w, const char *word)
{
	if (w->n == GW_CHILD_WORDS_MAX)
		w->error = -E2BIG;
	if (!w->error)
		w->list[w->n++] = word;
}

void
gw_words_addf(struct gw_words *w, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (w->error)
		return;
	if (w->n == GW_CHILD_WORDS_MAX) {
		w->error = -E2BIG;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		w->error = -ENOMEM;
	va_end(ap);
	if (w->error)
		return;
	w->owned[w->n_owned++] = text;
	w->list[w->n++] = text;
}

void
gw_words_add_literal(struct gw_words *w, const char *option, const char *text)
{
	struct nv_buf escaped;

	nv_buf_init(&escaped, 2 * strlen(text) + 1);
	for (; *text; text++) {
		if (strchr(".[\\()*+?{|^$", *text))
			nv_buf_puts(&escaped, "\\");
		nv_buf_add(&escaped, text, 1);
	}
	nv_buf_add(&escaped, "", 1);
	if (escaped.error)
		w->error = escaped.error;
	gw_words_addf(w, "%s=%s", option, escaped.data ? escaped.data : "");
	nv_buf_fini(&escaped);
}
