/* A table for people: columns as wide as their widest cell, text left, figures right.
 * Cells are made safe for the terminal; on a terminal the last column is cut to fit. */
#ifndef CTL_TABLE_H
#define CTL_TABLE_H

#include "out.h"

struct ctl_column {
	const char *head;
	bool right; /* figures */
};

struct ctl_table;

/* columns is borrowed for the life of the table. */
struct ctl_table *ctl_table_new(const struct ctl_column *columns, size_t n_columns);
/* Cells in reading order; NULL or "" shows as "-". */
void ctl_cell(struct ctl_table *table, enum ctl_style style, const char *text);
void ctl_cellf(struct ctl_table *table, enum ctl_style style, const char *fmt, ...)
	NV_PRINTF(3, 4);
size_t ctl_table_rows(const struct ctl_table *table);
/* Print and free. An empty table prints `empty` and a newline instead. */
void
ctl_table_print(struct ctl_table *table, const struct ctl_out *out, const char *empty);

#endif
