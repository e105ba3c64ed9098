/* A SQLite database of strangers, read and never written to. What is read is a snapshot:
 * a private copy, made under SQLite's own locks and checked whole before anything of it
 * is used, so the program that owns the file may go on writing to it. */
#ifndef CTL_IMPORT_DB_H
#define CTL_IMPORT_DB_H

#include "import_value.h"

#include "nv_err.h"

struct ctl_import_db; /* an open snapshot */

/* -ENOENT, -EACCES..., -EBADMSG: no database, or a damaged one; -EBUSY: it cannot be read
 * as it lies there (a journal of a program that was killed, a lock): err says what to do.
 */
int ctl_import_db_open(const char *path, struct ctl_import_db **ret, struct nv_err *err);
void ctl_import_db_close(struct ctl_import_db *db);

/* Plain tables of the file by name; views and virtual ones are told as such. Non-zero of
 * fn ends it and is returned. */
typedef int ctl_import_table_fn(
	void *arg, const char *name, bool plain, uint64_t rows, struct nv_err *err);
int ctl_import_db_tables(
	struct ctl_import_db *db, ctl_import_table_fn *fn, void *arg, struct nv_err *err);

/* Rows of a table in the order of its first column. columns: those that are wanted, ended
 * by NULL; one that the table does not have is NULL in every row. *ret_has: bit i = it
 * has columns[i]. -ENOENT: there is no such plain table. cells are borrowed for the call.
 */
typedef int
ctl_import_row_fn(void *arg, const struct ctl_cell *cells, struct nv_err *err);
int ctl_import_db_has(struct ctl_import_db *db, const char *table,
	const char *const *columns, uint32_t *ret_has, struct nv_err *err);
int ctl_import_db_rows(struct ctl_import_db *db, const char *table,
	const char *const *columns, ctl_import_row_fn *fn, void *arg, struct nv_err *err);

/* Rows of a question of our own, for sums. */
int ctl_import_db_ask(struct ctl_import_db *db, const char *sql, ctl_import_row_fn *fn,
	void *arg, struct nv_err *err);

#endif
