/* Tables: see table.h. */
#include "table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL_BYTES_MAX  ((size_t)1 << 20)
#define GAP             2
#define LAST_COLUMN_MIN 12 /* the last column is never cut below this */

struct cell {
	char *text; /* owned, safe */
	unsigned width;
	enum ctl_style style;
};

struct ctl_table {
	const struct ctl_column *columns; /* borrowed */
	size_t n_columns;
	struct cell *cells; /* owned */
	size_t n_cells;
	size_t cap_cells;
};

struct ctl_table *
ctl_table_new(const struct ctl_column *columns, size_t n_columns)
{
	struct ctl_table *table = ctl_alloc(1, sizeof(*table));

	table->columns = columns;
	table->n_columns = n_columns;
	return table;
}

void
ctl_cell(struct ctl_table *table, enum ctl_style style, const char *text)
{
	struct nv_buf buf;

	if (!text || !text[0])
		text = "-";
	if (table->n_cells == table->cap_cells) {
		table->cap_cells = table->cap_cells ? table->cap_cells * 2 : 64;
		table->cells =
			ctl_grow(table->cells, table->cap_cells, sizeof(*table->cells));
	}
	nv_buf_init(&buf, CELL_BYTES_MAX);
	ctl_safe(&buf, text, strlen(text), false);
	struct cell *cell = &table->cells[table->n_cells++];

	cell->width = ctl_width(buf.data, buf.bytes);
	cell->style = style;
	cell->text = nv_buf_take(&buf);
	if (!cell->text)
		cell->text = ctl_copy("(too long)");
	nv_buf_fini(&buf);
}

void
ctl_cellf(struct ctl_table *table, enum ctl_style style, const char *fmt, ...)
{
	NV_CLEANUP_FREE char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	int n = vasprintf(&text, fmt, ap);

	va_end(ap);
	ctl_cell(table, style, n < 0 ? "(out of memory)" : text);
}

size_t
ctl_table_rows(const struct ctl_table *table)
{
	return table->n_cells / table->n_columns;
}

static void
pad(unsigned columns)
{
	(void)printf("%*s", (int)columns, "");
}

/* The last column, when it is text, gets what is left of the line. */
static unsigned
last_room(
	const struct ctl_table *table, const struct ctl_out *out, const unsigned *widths)
{
	unsigned used = 0;

	if (out->columns == 0 || table->columns[table->n_columns - 1].right)
		return 0;
	for (size_t c = 0; c + 1 < table->n_columns; c++)
		used += widths[c] + GAP;
	return NV_MAX(out->columns > used ? out->columns - used : 0, LAST_COLUMN_MIN);
}

static void
print_cell(const struct ctl_table *table, const struct ctl_out *out, size_t column,
	const unsigned *widths, const struct cell *cell, unsigned room)
{
	bool last = column + 1 == table->n_columns;
	bool right = table->columns[column].right;
	size_t bytes = strlen(cell->text);
	bool cut = last && room > 0 && cell->width > room;

	if (cut)
		bytes = ctl_fit(cell->text, bytes, room - 1);
	if (right)
		pad(widths[column] - cell->width);
	(void)printf("%s%.*s%s%s", ctl_style_on(out, cell->style), (int)bytes, cell->text,
		cut ? "\xe2\x80\xa6" : "", ctl_style_off(out, cell->style));
	if (last)
		(void)putchar('\n');
	else
		pad((right ? 0 : widths[column] - cell->width) + GAP);
}

void
ctl_table_print(struct ctl_table *table, const struct ctl_out *out, const char *empty)
{
	size_t n = table->n_columns;
	unsigned *widths = ctl_alloc(n, sizeof(*widths));

	NV_ASSERT(table->n_cells % n == 0);
	for (size_t c = 0; c < n; c++)
		widths[c] = (unsigned)strlen(table->columns[c].head);
	for (size_t i = 0; i < table->n_cells; i++)
		widths[i % n] = NV_MAX(widths[i % n], table->cells[i].width);
	unsigned room = last_room(table, out, widths);

	if (table->n_cells == 0 && empty)
		(void)printf("%s\n", empty);
	for (size_t c = 0; table->n_cells > 0 && c < n; c++) {
		NV_CLEANUP_FREE char *head = ctl_copy(table->columns[c].head);
		struct cell cell = {head, (unsigned)strlen(head), CTL_BOLD};

		print_cell(table, out, c, widths, &cell, room);
	}
	for (size_t i = 0; i < table->n_cells; i++) {
		print_cell(table, out, i % n, widths, &table->cells[i], room);
		free(table->cells[i].text);
	}
	free(table->cells);
	free(table);
	free(widths);
}
