/* novactl import novaos: what the original system's database holds, row by row into the
 * ledger. nova-engine books (verb `import`), every row under an id of its own, so what
 * was interrupted is simply done again, and a later copy of the file adds what is new.
 *
 * import_db.c reads SQLite, import_value.c turns values into ours, import_agents.c knows
 * whose a row is, import_rows.c makes the rows, import_send.c hands them over,
 * import_report.c says what became of them. */
#ifndef CTL_IMPORT_H
#define CTL_IMPORT_H

#include "ctl.h"
#include "engine_client.h"
#include "import_db.h"

/* Names of their own; agents beyond share one. The engine takes a thousand in all. */
#define CTL_IMPORT_AGENTS_MAX    500
#define CTL_IMPORT_KEY_BYTES     200
#define CTL_IMPORT_EXAMPLES      3
#define CTL_IMPORT_EXAMPLE_BYTES 48

struct ctl_import_agent {
	char key[CTL_IMPORT_KEY_BYTES + 1]; /* its id in the file; "" of rows that name
					       nobody */
	char name[CTL_IMPORT_KEY_BYTES + 1];
	char worker[NV_NAME_MAX];
	char group[NV_NAME_MAX]; /* "" = none */
	bool registered;         /* in the table agents */
	bool said;               /* it has totals of its own there */
	bool summed;             /* SQLite's sums are amounts */
	nv_i128 said_cost;
	nv_i128 said_revenue;
	nv_i128 file_cost; /* SQLite's sums over the rows, of doubles */
	nv_i128 file_revenue;
	nv_i128 cost; /* of the rows that are in the ledger now, exact */
	nv_i128 revenue;
	uint64_t left; /* rows that were left out */
};

struct ctl_import_count {
	uint64_t n;
	char examples[CTL_IMPORT_EXAMPLES][CTL_IMPORT_EXAMPLE_BYTES]; /* ids of rows */
};

enum ctl_import_what {
	CTL_IMPORT_AGENTS,
	CTL_IMPORT_COSTS,
	CTL_IMPORT_REVENUE,
	CTL_IMPORT_DECISIONS,
	CTL_IMPORT_COUNCIL,
	CTL_IMPORT_OPPORTUNITIES,
	CTL_IMPORT_METRICS,
	CTL_IMPORT_TABLES
};
const char *ctl_import_table_name(enum ctl_import_what table);

struct ctl_import_table {
	bool there;
	char why[120]; /* it is there and was not taken; "" = it was */
	uint64_t rows;
	uint64_t read;
	uint64_t booked;
	uint64_t known; /* in the ledger before */
	uint64_t mended;
	uint64_t left;
	struct ctl_import_count notes[CTL_IMPORT_NOTES];
};

/* A table nobody here knows. */
#define CTL_IMPORT_OTHERS_MAX 64
struct ctl_import_other {
	char name[64];
	uint64_t rows;
	const char *why; /* static */
};

/* A row that is on its way. */
struct ctl_import_sent {
	enum ctl_import_what table;
	struct ctl_import_agent *agent;
	int64_t nano; /* signed */
	char example[CTL_IMPORT_EXAMPLE_BYTES];
};
#define CTL_IMPORT_BATCH_ROWS  200
#define CTL_IMPORT_BATCH_BYTES ((size_t)40 << 10)

struct ctl_import {
	struct ctl *ctl; /* borrowed */
	const char *file;
	bool dry_run;
	char currency[NV_CURRENCY_BYTES];
	struct ctl_import_db *db; /* owned */
	struct ctl_import_clock clock;
	struct ctl_import_agent *agents; /* owned: never moves */
	size_t n_agents;
	struct ctl_import_table tables[CTL_IMPORT_TABLES];
	struct ctl_import_other others[CTL_IMPORT_OTHERS_MAX];
	size_t n_others;
	/* The open batch. */
	json_t *rows; /* owned */
	struct ctl_import_sent sent[CTL_IMPORT_BATCH_ROWS];
	size_t n_sent;
	size_t batch_bytes;
	struct ctl_engine engine;
	bool connected;
	json_t *ledger; /* owned: what is in it afterwards, NULL = not asked */
	int code;       /* enum nv_exit that ended it; with NV_EXIT_OK it went on */
};

/* ---- import_agents.c ---- */

/* Everybody the file names, with SQLite's sums, and the worker of each: --map first. 0,
 * or a negative errno with err (-EINVAL: --map is wrong). */
int ctl_import_agents_read(struct ctl_import *im, const char *map, struct nv_err *err);
/* Whose a row is: by id, else by name, else nobody's. Never NULL. */
struct ctl_import_agent *ctl_import_agent_of(struct ctl_import *im,
	const struct ctl_cell *id, const struct ctl_cell *name, ctl_import_notes *notes);
/* Of rows that name a member of the board ("CEO"). */
struct ctl_import_agent *
ctl_import_board(struct ctl_import *im, const struct ctl_cell *name);
/* Of a kind of rows that are nobody's: "council". */
struct ctl_import_agent *ctl_import_common(struct ctl_import *im, const char *name);

/* ---- import_rows.c ---- */

/* All rows of all tables, in order. 0, or negative with err; im->code is set when the
 * engine ended it. */
int ctl_import_rows(struct ctl_import *im, struct nv_err *err);
void ctl_import_note(
	struct ctl_import_table *t, enum ctl_import_note note, const char *example);

/* ---- import_send.c ---- */

/* Takes row (stolen); sends when there are enough. 0, or -EIO with im->code and err. */
int ctl_import_push(struct ctl_import *im, json_t *row,
	const struct ctl_import_sent *about, struct nv_err *err);
int ctl_import_flush(struct ctl_import *im, struct nv_err *err);
/* Says who brings this file. */
int ctl_import_begin(struct ctl_import *im, struct nv_err *err);
/* What the ledger holds afterwards, into im->ledger. */
int ctl_import_look(struct ctl_import *im, struct nv_err *err);

/* ---- import_report.c ---- */

/* Prints it; NV_EXIT_OK, or NV_EXIT_NO: something was left out. */
int ctl_import_report(struct ctl_import *im);

#endif
