/* A table of a Markdown file as a list of a page: what a document for those who build
 * Nova and a page for those who use it both say, stands in one place. */
#include "reference.h"

#include <ctype.h>
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

/* What stands before a cell of the column with this head. */
static const char *
label_of(const char *head, char buf[CELL_BYTES])
{
	if (strcmp(head, "args") == 0)
		return "Takes ";
	if (strcmp(head, "data") == 0)
		return "Answers ";
	(void)snprintf(buf, CELL_BYTES, "%c%.*s: ", toupper((unsigned char)head[0]),
		CELL_BYTES - 8, head[0] ? head + 1 : "");
	return buf;
}

static void
put_row(const struct ref_text *t, const char *heads, const char *row)
{
	char cell[CELL_BYTES];
	char head[CELL_BYTES];
	char label[CELL_BYTES];
	char text[2 * CELL_BYTES];

	for (size_t i = 0; next_cell(&heads, head) && next_cell(&row, cell); i++) {
		if (i == 0) {
			nv_buf_puts(t->out, t->markdown ? "- " : ".It Xo\n");
			ref_prose(t, cell);
			nv_buf_puts(t->out, t->markdown ? "" : ".Xc\n");
		} else if (cell[0]) {
			(void)snprintf(
				text, sizeof(text), "%s%s.", label_of(head, label), cell);
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
	const char *heads = at;

	if (!t->markdown)
		nv_buf_puts(t->out, ".Bl -tag -width Ds\n");
	for (size_t line = 0; *at == '|'; line++) {
		if (line > 1)
			put_row(t, heads, at);
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (!t->markdown)
		nv_buf_puts(t->out, ".El\n");
	return true;
}
