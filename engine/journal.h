/* novasupd's lifecycle journal: starts, exits and states of instances become events. An
 * exit books what its incarnation has used and was not booked yet. */
#ifndef ENG_JOURNAL_H
#define ENG_JOURNAL_H

#include "stream.h"
#include "txn.h"

void eng_journal_line(struct eng *eng, struct eng_txn *txn, struct eng_stream *journal,
	uint64_t offset, const char *line, size_t bytes);

/* At the start of an engine: which workers are halted and how they last crashed, from the
 * newest events of the ledger (a bounded number of them). */
void eng_journal_recall(struct eng *eng);

#endif
