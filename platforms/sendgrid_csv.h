/* Rows of a CSV file (RFC 4180): commas, "quoted" fields with doubled quotes and line
 * breaks in them, CRLF or LF, a BOM before it, and names in its first row. Pure. */
#ifndef SENDGRID_CSV_H
#define SENDGRID_CSV_H

#include "nv_err.h"

#include <jansson.h>

#define SG_CSV_COLUMNS_MAX 50
#define SG_CSV_FIELD_MAX   4096

/* An array of objects, name -> text; empty lines are left out. -EINVAL with the line;
 * -ENOMEM. */
int sg_csv_read(const char *text, size_t bytes, size_t rows_max, json_t **ret_rows,
	struct nv_err *err);

#endif
