/* A table of a Markdown file as a list of a page: what a document for those who build
 * Nova and a page for those who use it both say, stands in one place. */
#include "reference.h"

#include <stdio.h>
#include <string.h>

#define CELL_BYTES 4096

/* The cell at *at without the blanks around it and with "\|" as "|"; *at is moved behind
 * it. False: the row has no more. */
static bool
next_cell(const char **at, char cell[CELL_BYTES])
{
	const char *from = *at;
	size_t n = 0;

	from += *from == '|';
	from += strspn(from, " ");
	if (*from == '\n' || !*from)
		return false;
	for (; *from && *from != '\n' && *from != '|'; from++) {
		from += from[0] == '\\' && from[1] == '|';
		if (n + 1 < CELL_BYTES)
			cell[n++] = *from;
	}
	while (n > 0 && cell[n - 1] == ' ')
		n--;
	cell[n] = '\0';
	*at = from;
	return true;
}

static void
put_row(const struct ref_text *t, const char *row)
{
	static const char *const labels[] = {"", "Takes ", "Answers "};
	char cell[CELL_BYTES];
	char text[CELL_BYTES + 16];

	for (size_t i = 0; next_cell(&row, cell); i++) {
		if (i == 0 && !t->markdown) {
			nv_buf_puts(t->out, ".It Xo\n");
			ref_prose(t, cell);
			nv_buf_puts(t->out, ".Xc\n");
		} else if (cell[0]) {
			(void)snprintf(text, sizeof(text), "%s%s.",
				i < NV_LEN(labels) ? labels[i] : "", cell);
			ref_prose(t, text);
		}
	}
}

bool
ref_table(const struct ref_text *t, const char *document, const char *head)
{
	const char *at = document;
	size_t bytes = strlen(head);

	while (*at && strncmp(at, head, bytes) != 0) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (!*at)
		return false;
	if (!t->markdown)
		nv_buf_puts(t->out, ".Bl -tag -width Ds\n");
	for (size_t line = 0; *at == '|'; line++) {
		if (line > 1)
			put_row(t, at);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (!t->markdown)
		nv_buf_puts(t->out, ".El\n");
	return true;
}
