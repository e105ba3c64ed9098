/* Rows as CSV (RFC 4180): CRLF, quotes where they are needed, UTF-8.
 *
 * A spreadsheet takes a cell that begins with = + - @ or a tab for a formula, and pages
 * are written by strangers: such a cell gets an apostrophe in front, as spreadsheets mark
 * text; a number ("-3.5") stays as it is. */
#ifndef SCR_CSV_H
#define SCR_CSV_H

#include "nv_buf.h"

#include <jansson.h>

void scr_csv_cell(struct nv_buf *out, const char *text, size_t bytes);
/* row: array of strings, null is empty. */
void scr_csv_row(struct nv_buf *out, const json_t *row);
/* records: array of objects; the columns are the keys of the first. */
void scr_csv_records(struct nv_buf *out, const json_t *records);

#endif
