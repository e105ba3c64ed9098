/* One line of a stream -> one event of the ledger, or an entry of the quarantine. */
#ifndef ENG_BOOK_H
#define ENG_BOOK_H

#include "stream.h"
#include "txn.h"

/* Workers that are not in the configuration but were credited by name. */
#define ENG_STRANGERS_MAX 1000

/* offset is the line's first byte in the stream. Adds to s->rec and to the worker's live
 * figures. at_end: it had no newline, the stream ends with it. */
void eng_book_line(struct eng *eng, struct eng_txn *txn, struct eng_stream *s,
	uint64_t offset, const char *text, size_t bytes, bool at_end);
#define ENG_REASON_BYTES 255
/* The same for a line that a person said of w: from no stream, nothing goes into
 * quarantine. 0 and its event; 1 it was known already; -EINVAL what it says is wrong,
 * -EALREADY its id has other content, -EPERM the ledger refuses it, each with a reason.
 */
int eng_book_manual(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	const char *text, size_t bytes, uint64_t *ret_seq, char reason[ENG_REASON_BYTES]);
/* A line that is not even looked at: too long. */
void eng_book_refuse(struct eng *eng, struct eng_txn *txn, struct eng_stream *s,
	uint64_t offset, const char *line, size_t bytes, const char *reason);

#endif
