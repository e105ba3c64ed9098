/* What shows that the ledger is what it was: a seal for each day that is over (seal.h),
 * and its head handed out to somebody else now and then (anchor.h). Both in idle time: a
 * few thousand rows of the chain at a time, and a process of its own for what may block.
 */
#ifndef ENG_EVIDENCE_H
#define ENG_EVIDENCE_H

#include "eng.h"

/* After the ledger was opened; work begins with the loop. -ENOMEM, or the ledger's. */
int eng_evidence_open(struct eng *eng);
/* After a new configuration. */
void eng_evidence_config(struct eng *eng);
/* Something was committed. */
void eng_evidence_after_commit(struct eng *eng);
void eng_evidence_close(struct eng *eng);

struct eng_evidence_figures {
	char anchor_problem[200]; /* why the head was not handed out last; "" = it was */
	char seal_problem[200]; /* why the key is of no use; "" = it is, or there is none
				 */
};
void eng_evidence_figures(const struct eng *eng, struct eng_evidence_figures *ret);

/* `nova-engine --append-anchor FILE`: standard input to the end of a file, synced. The
 * exit code. */
int eng_evidence_append(const char *path);

#endif
