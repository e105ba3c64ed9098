/* Values of another system's database -> amounts, times, names and texts of ours. Pure: a
 * cell may hold anything (SQLite's types are those of the values, not of the columns),
 * and every repair is told. */
#ifndef CTL_IMPORT_VALUE_H
#define CTL_IMPORT_VALUE_H

#include "nv_buf.h"
#include "nv_money.h"
#include "nv_name.h"

enum ctl_cell_type {
	CTL_CELL_NULL,
	CTL_CELL_WHOLE,
	CTL_CELL_REAL,
	CTL_CELL_TEXT,
	CTL_CELL_BLOB
};
struct ctl_cell {
	enum ctl_cell_type type;
	int64_t whole;
	double real;
	const char *text; /* of a text or blob; borrowed, not NUL-terminated */
	size_t bytes;
};

/* What was mended in a row, or why it was left out. */
#define CTL_IMPORT_MENDED(X) \
	X(ROUNDED, "amount rounded to 10^-9") \
	X(TEXT_AMOUNT, "amount was a text") \
	X(NEGATIVE, "negative amount: booked as taken back") \
	X(FALLBACK_CLOCK, \
		"time is that of a clock that failed (2025-01-01): created_at taken") \
	X(CREATED, "time cannot be read: created_at taken") \
	X(BEFORE, "time cannot be read, or has not been yet: that of the row before " \
		  "taken") \
	X(NO_ZONE, "nothing says which zone the time is of: --zone taken, or that of " \
		   "other rows") \
	X(REPAIRED, "text that is not UTF-8, or has control characters: repaired") \
	X(CUT, "text cut") \
	X(NO_AGENT, "no agent is named: booked on a name for all of them") \
	X(NOT_REGISTERED, "its agent is not in the table agents")
#define CTL_IMPORT_LEFT(X) \
	X(NO_ID, "has no id") \
	X(NO_AMOUNT, "has no amount") \
	X(NO_NUMBER, "amount is not a number") \
	X(NOT_FINITE, "amount is not finite") \
	X(TOO_LARGE, "amount is not below 9.2e9") \
	X(NO_TIME, "no time can be read, and no row before has one") \
	X(OTHER, "is in the ledger already with other content, or for another worker") \
	X(REFUSED, "the engine does not take it")
enum ctl_import_note {
#define X(name, text) CTL_MENDED_##name,
	CTL_IMPORT_MENDED(X)
#undef X
#define X(name, text) CTL_LEFT_##name,
		CTL_IMPORT_LEFT(X)
#undef X
			CTL_IMPORT_NOTES
};
#define CTL_IMPORT_FIRST_LEFT CTL_LEFT_NO_ID
const char *ctl_import_note_text(enum ctl_import_note note);
/* Set of notes: bit 1 << enum ctl_import_note. */
typedef uint32_t ctl_import_notes;

/* The amount as it counts: a double is its shortest decimal, so 0.1 is 0.1; more than 9
 * decimals are rounded half-even. 0, or -EINVAL with one CTL_LEFT_ note. */
int ctl_import_amount(
	const struct ctl_cell *cell, int64_t *ret_nano, ctl_import_notes *notes);

/* Nanoseconds to add to local time for UTC: the zone the caller falls back to. Told the
 * local time as if it were UTC. */
typedef int64_t ctl_import_zone_fn(void *arg, int64_t local_ns);
struct ctl_import_clock {
	ctl_import_zone_fn *zone;
	void *arg;
	bool known; /* what a row of this file has told of its zone; goes before `zone` */
	int64_t ahead_ns;
	int64_t now_ns;    /* nothing is later */
	int64_t before_ns; /* of the row before; 0 = none. Moves on. */
};
/* When a row was. `stamp` is a local time without its zone
 * ("2025-11-18T10:15:00.123456"); `created`, written by SQLite, the same moment in UTC to
 * the second: together they tell the zone. 0, or -EINVAL with CTL_LEFT_NO_TIME. */
int ctl_import_time(struct ctl_import_clock *clock, const struct ctl_cell *stamp,
	const struct ctl_cell *created, int64_t *ret_ns, ctl_import_notes *notes);

/* A row from which the zone of others may be taken: it says so, or nothing changes. */
void ctl_import_zone_learn(struct ctl_import_clock *clock, const struct ctl_cell *stamp,
	const struct ctl_cell *created);

/* Microseconds: "2025-11-18T10:15:00.123456Z". Returns buf. */
#define CTL_IMPORT_TIME_BYTES 40
const char *ctl_import_time_text(int64_t ns, char buf[CTL_IMPORT_TIME_BYTES]);

/* Appends a value as text: at most max bytes of it, cut between characters; what is no
 * UTF-8 or a control character becomes U+FFFD, newline and tab stay. */
void ctl_import_text(struct nv_buf *buf, const struct ctl_cell *cell, size_t max,
	ctl_import_notes *notes);

/* A worker's name for an agent: "novaos." and its id in small letters, what a name cannot
 * have as '_'. Not unique: see ctl_import_name_again. */
#define CTL_IMPORT_PREFIX "novaos."
void ctl_import_name(const char *agent, size_t bytes, char ret[NV_NAME_MAX]);
/* The same with "-N" at its end. */
void ctl_import_name_again(char name[NV_NAME_MAX], unsigned n);
/* A group's name for a department; false: nothing of it can stay. */
bool ctl_import_group(const char *department, size_t bytes, char ret[NV_NAME_MAX]);

/* What tells one row from another of the same number: FNV-1a over cells. */
#define CTL_IMPORT_HASH_INIT UINT64_C(0xcbf29ce484222325)
uint64_t ctl_import_hash(uint64_t hash, const struct ctl_cell *cell);

#endif
