/* See import_db.h. */
#include "import_db.h"

#include "nv_fd.h"
#include "nv_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLUMNS_MAX 32
#define SQL_BYTES   2048
/* No text of the original is longer; a value beyond it is an error of the file. */
#define VALUE_BYTES_MAX (64 << 20)
#define BUSY_MS         10000

struct ctl_import_db {
	sqlite3 *copy; /* owned */
};

static int
rc_of(int sqlite)
{
	switch (sqlite & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_READONLY: /* a journal would have to be rolled back */
		return -EBUSY;
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_TOOBIG:
		return -EBADMSG;
	case SQLITE_FULL:
		return -ENOSPC;
	default:
		return -EIO;
	}
}

static int
fail(sqlite3 *db, int sqlite, const char *what, struct nv_err *err)
{
	return nv_err_set(err, rc_of(sqlite), "%s: %s", what,
		db ? sqlite3_errmsg(db) : sqlite3_errstr(sqlite));
}

/* ---- the snapshot ---- */

static bool
beside(const char *path, const char *suffix, bool *ret_filled)
{
	char name[4096];
	struct stat st;
	int n = snprintf(name, sizeof name, "%s%s", path, suffix);
	bool there = n > 0 && (size_t)n < sizeof name && stat(name, &st) == 0;

	*ret_filled = there && st.st_size > 0;
	return there;
}

/* Changes beside the file that no program has open: only one that may write could bring
 * them in. (A rollback journal is SQLite's to look at: it knows whose it is.) */
static int
check_wal(const char *path, struct nv_err *err)
{
	bool wal;
	bool unused;

	(void)beside(path, "-wal", &wal);
	if (!wal || beside(path, "-shm", &unused))
		return 0;
	return nv_err_set(err, -EBUSY,
		"%s-wal holds changes that nobody has brought into the file: copy both, "
		"run "
		"sqlite3 COPY 'PRAGMA wal_checkpoint(TRUNCATE)' on the copy and import "
		"that",
		path);
}

/* The format: bytes 18 and 19 of the header are 2 when changes go to FILE-wal first. */
static int
read_header(const char *path, bool *ret_wal, struct nv_err *err)
{
	static const char magic[] = "SQLite format 3"; /* with its NUL */
	char head[20] = {0};
	NV_CLEANUP_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return nv_err_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return nv_err_set(err, -EBADMSG, "%s is not a file", path);
	if (pread(fd, head, sizeof head, 0) != sizeof head ||
		memcmp(head, magic, sizeof magic) != 0)
		return nv_err_set(err, -EBADMSG, "%s is not a SQLite database", path);
	*ret_wal = head[18] == 2 || head[19] == 2;
	return 0;
}

/* As a URI, so that SQLite can be told that nobody changes the file. */
static int
file_uri(const char *path, char *uri, size_t bytes)
{
	struct nv_buf buf;

	nv_buf_init(&buf, bytes);
	nv_buf_puts(&buf, "file:");
	for (const char *c = path; *c; c++) {
		if (strchr("%?#", *c))
			nv_buf_printf(&buf, "%%%02X", (unsigned)(unsigned char)*c);
		else
			nv_buf_add(&buf, c, 1);
	}
	nv_buf_puts(&buf, "?immutable=1");
	int n = snprintf(uri, bytes, "%s", buf.data ? buf.data : "");

	nv_buf_fini(&buf);
	return n > 0 && (size_t)n < bytes ? 0 : -ENAMETOOLONG;
}

/* A file of that format that nobody has open would get files beside it by being read:
 * as one that nobody changes it does not. */
static int
open_file(const char *path, sqlite3 **ret, struct nv_err *err)
{
	char uri[3 * NV_PATH_MAX];
	bool wal = false;
	bool unused;
	int rc = read_header(path, &wal, err);

	if (rc == 0)
		rc = check_wal(path, err);
	if (rc < 0)
		return rc;
	bool still = wal && !beside(path, "-shm", &unused);

	if (still && file_uri(path, uri, sizeof uri) < 0)
		return nv_err_set(err, -ENAMETOOLONG, "%s: too long", path);
	int sqlite = sqlite3_open_v2(still ? uri : path, ret,
		SQLITE_OPEN_READONLY | (still ? SQLITE_OPEN_URI : 0), NULL);

	if (sqlite != SQLITE_OK)
		return fail(*ret, sqlite, path, err);
	(void)sqlite3_busy_timeout(*ret, BUSY_MS); /* never fails */
	return 0;
}

static int
copy_to(sqlite3 *from, sqlite3 *to, const char *path, struct nv_err *err)
{
	sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
	int sqlite = SQLITE_OK;

	if (!backup)
		return fail(to, sqlite3_errcode(to), path, err);
	/* In one piece: a snapshot that a writer cannot make start again and again. */
	while (sqlite == SQLITE_OK)
		sqlite = sqlite3_backup_step(backup, -1);
	int finished = sqlite3_backup_finish(backup);

	if (sqlite == SQLITE_DONE && finished == SQLITE_OK)
		return 0;
	int rc = rc_of(sqlite == SQLITE_DONE ? finished : sqlite);

	if (rc == -EBUSY)
		return nv_err_set(err, rc,
			"%s is locked by the program that writes to it, or %s-journal is "
			"what one has left that was killed: stop it, or copy both, run "
			"sqlite3 COPY 'PRAGMA quick_check' on the copy and import that",
			path, path);
	return nv_err_set(err, rc, "%s: %s", path,
		sqlite3_errstr(sqlite == SQLITE_DONE ? finished : sqlite));
}

/* Nothing in the file may make SQLite do more than read tables. */
static int
harden(sqlite3 *db, struct nv_err *err)
{
	static const int on[] = {SQLITE_DBCONFIG_DEFENSIVE};
	static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA,
		SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW};
	int sqlite = SQLITE_OK;

	for (size_t i = 0; i < NV_LEN(on) && sqlite == SQLITE_OK; i++)
		sqlite = sqlite3_db_config(db, on[i], 1, NULL);
	for (size_t i = 0; i < NV_LEN(off) && sqlite == SQLITE_OK; i++)
		sqlite = sqlite3_db_config(db, off[i], 0, NULL);
	(void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
	return sqlite == SQLITE_OK ? 0 : fail(db, sqlite, "SQLite", err);
}

static int
see_check(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	(void)arg;
	if (cells[0].type == CTL_CELL_TEXT && cells[0].bytes == 2 &&
		memcmp(cells[0].text, "ok", 2) == 0)
		return 0;
	return nv_err_set(err, -EBADMSG, "the database is damaged: %.*s",
		(int)NV_MIN(cells[0].bytes, (size_t)200), cells[0].text);
}

int
ctl_import_db_open(const char *path, struct ctl_import_db **ret, struct nv_err *err)
{
	struct ctl_import_db *db = calloc(1, sizeof *db);
	sqlite3 *from = NULL;
	struct nv_err why = {0};
	int rc = db ? open_file(path, &from, err) : -ENOMEM;

	/* A name of "" is a file of its own that nobody else sees and that goes with it.
	 */
	if (rc == 0 &&
		sqlite3_open_v2("", &db->copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
			NULL) != SQLITE_OK)
		rc = fail(db->copy, sqlite3_errcode(db->copy), "a temporary file", err);
	if (rc == 0)
		rc = harden(db->copy, err);
	if (rc == 0)
		rc = copy_to(from, db->copy, path, err);
	(void)sqlite3_close(from); /* nothing is open in it */
	if (rc == 0) {
		rc = ctl_import_db_ask(
			db, "PRAGMA integrity_check(1)", see_check, NULL, &why);
		if (rc < 0)
			(void)nv_err_set(err, rc, "%s: %s", path, why.text);
	}
	if (rc < 0) {
		ctl_import_db_close(db);
		return rc;
	}
	*ret = db;
	return 0;
}

void
ctl_import_db_close(struct ctl_import_db *db)
{
	if (!db)
		return;
	(void)sqlite3_close(db->copy); /* nothing is open in it */
	free(db);
}

/* ---- reading ---- */

static struct ctl_cell
cell_of(sqlite3_stmt *stmt, int i)
{
	struct ctl_cell cell = {0};

	switch (sqlite3_column_type(stmt, i)) {
	case SQLITE_INTEGER:
		cell.type = CTL_CELL_WHOLE;
		cell.whole = sqlite3_column_int64(stmt, i);
		break;
	case SQLITE_FLOAT:
		cell.type = CTL_CELL_REAL;
		cell.real = sqlite3_column_double(stmt, i);
		break;
	case SQLITE_TEXT:
		cell.type = CTL_CELL_TEXT;
		cell.text = (const char *)sqlite3_column_text(stmt, i);
		break;
	case SQLITE_BLOB:
		cell.type = CTL_CELL_BLOB;
		cell.text = sqlite3_column_blob(stmt, i);
		break;
	default:
		cell.type = CTL_CELL_NULL;
		break;
	}
	if (cell.type == CTL_CELL_TEXT || cell.type == CTL_CELL_BLOB) {
		cell.bytes = (size_t)sqlite3_column_bytes(stmt, i);
		if (!cell.text) {
			cell.text = "";
			cell.bytes = 0;
		}
	}
	return cell;
}

static int
walk(struct ctl_import_db *db, sqlite3_stmt *stmt, ctl_import_row_fn *fn, void *arg,
	struct nv_err *err)
{
	struct ctl_cell cells[COLUMNS_MAX] = {0};
	int n = sqlite3_column_count(stmt);
	int sqlite;
	int rc = 0;

	NV_ASSERT(n <= COLUMNS_MAX);
	while (rc == 0 && (sqlite = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < n; i++)
			cells[i] = cell_of(stmt, i);
		rc = fn(arg, cells, err);
	}
	if (rc != 0)
		return rc;
	return sqlite == SQLITE_DONE ? 0 : fail(db->copy, sqlite, "reading", err);
}

int
ctl_import_db_ask(struct ctl_import_db *db, const char *sql, ctl_import_row_fn *fn,
	void *arg, struct nv_err *err)
{
	sqlite3_stmt *stmt = NULL;
	int sqlite = sqlite3_prepare_v2(db->copy, sql, -1, &stmt, NULL);
	int rc = sqlite == SQLITE_OK ? walk(db, stmt, fn, arg, err)
				     : fail(db->copy, sqlite, "reading", err);

	(void)sqlite3_finalize(stmt); /* tells the error of the last step again */
	return rc;
}

struct columns {
	const char *const *wanted;
	uint32_t has;
	unsigned n; /* of the table */
};

static int
see_column(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	struct columns *c = arg;

	(void)err;
	c->n++;
	for (unsigned i = 0; c->wanted[i]; i++) {
		if (cells[0].type == CTL_CELL_TEXT &&
			strlen(c->wanted[i]) == cells[0].bytes &&
			sqlite3_strnicmp(
				c->wanted[i], cells[0].text, (int)cells[0].bytes) == 0)
			c->has |= UINT32_C(1) << i;
	}
	return 0;
}

int
ctl_import_db_has(struct ctl_import_db *db, const char *table, const char *const *columns,
	uint32_t *ret_has, struct nv_err *err)
{
	char sql[SQL_BYTES];
	struct columns c = {.wanted = columns};

	(void)sqlite3_snprintf(sizeof sql, sql,
		"SELECT c.name FROM pragma_table_list AS t, pragma_table_info(%Q) AS c "
		"WHERE t.schema = 'main' AND t.type = 'table' AND lower(t.name) = %Q",
		table, table);
	int rc = ctl_import_db_ask(db, sql, see_column, &c, err);

	if (rc == 0 && c.n == 0)
		rc = -ENOENT;
	*ret_has = c.has;
	return rc;
}

int
ctl_import_db_rows(struct ctl_import_db *db, const char *table,
	const char *const *columns, ctl_import_row_fn *fn, void *arg, struct nv_err *err)
{
	char sql[SQL_BYTES];
	uint32_t has = 0;
	int rc = ctl_import_db_has(db, table, columns, &has, err);
	size_t at;

	if (rc < 0)
		return rc;
	(void)sqlite3_snprintf(sizeof sql, sql, "SELECT ");
	at = strlen(sql);
	for (unsigned i = 0; columns[i]; i++) {
		(void)sqlite3_snprintf((int)(sizeof sql - at), sql + at,
			has >> i & 1 ? "%s\"%w\"" : "%sNULL", i ? ", " : "", columns[i]);
		at += strlen(sql + at);
	}
	(void)sqlite3_snprintf(
		(int)(sizeof sql - at), sql + at, " FROM \"%w\" ORDER BY 1", table);
	return ctl_import_db_ask(db, sql, fn, arg, err);
}

struct tables {
	struct ctl_import_db *db;
	ctl_import_table_fn *fn;
	void *arg;
};

static int
see_count(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	(void)err;
	*(uint64_t *)arg = (uint64_t)cells[0].whole;
	return 0;
}

static int
see_table(void *arg, const struct ctl_cell *cells, struct nv_err *err)
{
	struct tables *t = arg;
	char name[256];
	char sql[SQL_BYTES];
	uint64_t rows = 0;
	int rc = 0;

	if (cells[0].type != CTL_CELL_TEXT || cells[0].bytes >= sizeof name)
		return 0;
	memcpy(name, cells[0].text, cells[0].bytes);
	name[cells[0].bytes] = '\0';
	if (strncmp(name, "sqlite_", 7) == 0)
		return 0; /* SQLite's own */
	bool plain = cells[1].whole == 1;

	if (plain) {
		(void)sqlite3_snprintf(
			sizeof sql, sql, "SELECT count(*) FROM \"%w\"", name);
		rc = ctl_import_db_ask(t->db, sql, see_count, &rows, err);
	}
	return rc < 0 ? rc : t->fn(t->arg, name, plain, rows, err);
}

int
ctl_import_db_tables(
	struct ctl_import_db *db, ctl_import_table_fn *fn, void *arg, struct nv_err *err)
{
	struct tables t = {db, fn, arg};

	return ctl_import_db_ask(db,
		"SELECT name, type = 'table' FROM pragma_table_list "
		"WHERE schema = 'main' ORDER BY name",
		see_table, &t, err);
}
