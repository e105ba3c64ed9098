/* A field of a CSV file (RFC 4180) for people who open it in a spreadsheet. */
#ifndef NV_CSV_H
#define NV_CSV_H

#include "nv_buf.h"

/* Quoted where it has to be. A text that a spreadsheet would take for a formula (it
 * begins with = + - @, a tab or a carriage return) gets an apostrophe before it, which
 * says that it is text (OWASP, "CSV Injection"); numbers are not put with this. */
void nv_csv_put_text(struct nv_buf *buf, const char *text);
void nv_csv_put_bytes(struct nv_buf *buf, const char *text, size_t bytes);

#endif
