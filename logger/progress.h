/* How far each stream is in its log, in memory that outlives the logger: novasupd keeps
 * the table (a memfd) and hands it to the next logger, which goes on exactly there.
 *
 * A stream's entry has two copies and a word that says which holds; an update fills the
 * other copy and then turns the word with one store. So a SIGKILL between any two
 * instructions leaves the old state or the new one, whole.
 *
 * Before bytes go into a file the entry says what will be written where (`writing`);
 * afterwards that it was. The next logger looks at the file's size to see whether the
 * write has happened, and cuts off what a half write has left. */
#ifndef LOG_PROGRESS_H
#define LOG_PROGRESS_H

#include "nv_base.h"

#define LOG_PROGRESS_SLOTS 16384

/* Offsets are those of the stream's memfd: bytes its worker has written, from 0. */
struct log_progress {
	uint64_t done;        /* in a file, or dropped */
	uint64_t dropped;     /* of them */
	uint64_t noted;       /* of the dropped, those a line in the log tells of */
	int64_t drop_from_ns; /* wall clock: of the first dropped and not yet noted */
	int64_t drop_to_ns;
	uint32_t drop_error; /* errno */
	uint32_t writing;    /* a write is under way: */
	uint64_t done_after;
	uint64_t noted_after;
	uint64_t dev;
	uint64_t ino;
	uint64_t size_before; /* of the file */
	uint64_t bytes;
};

struct log_slot {
	uint64_t id;    /* of the stream; 0 = free */
	uint64_t which; /* of the copies holds */
	struct log_progress copy[2];
};

struct log_table {
	uint64_t magic;
	uint64_t version;
	uint64_t id_max; /* no stream with a higher id has an entry */
	struct log_slot slots[LOG_PROGRESS_SLOTS];
};

/* Map the table of `fd` (borrowed; an empty file is made one): 0 or -errno; -EBADMSG when
 * it is something else. */
int log_table_map(int fd, struct log_table **ret);
void log_table_unmap(struct log_table *t);
/* It had an entry once, which was given up when its end was reported. */
bool log_table_is_over(const struct log_table *t, uint64_t id);
/* The entry of a stream, made where there is none; NULL: the table is full. */
struct log_slot *log_table_take(struct log_table *t, uint64_t id);
void log_slot_free(struct log_slot *slot);
/* What holds now. */
const struct log_progress *log_slot_get(const struct log_slot *slot);
void log_slot_commit(struct log_slot *slot, const struct log_progress *p);

/* End the write that was under way when the last logger died, if there was one: it has
 * happened (the file in `dir` has all of it), or is undone. 0, or -errno when that cannot
 * be told. */
int log_table_recover(struct log_table *t, const char *dir);

#endif
