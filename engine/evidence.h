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
	int64_t anchored_ns; /* 0 = not since the engine started */
	uint64_t anchored_batch;
	uint64_t anchor_failures; /* in a row */
	char anchor_problem[200]; /* "" = none */
	char seal_problem[200];   /* "" = none */
	bool sealed;              /* there is a seal: */
	char sealed_day[16];      /* the newest */
};
void eng_evidence_figures(const struct eng *eng, struct eng_evidence_figures *ret);

/* `nova-engine --append-anchor FILE`: standard input to the end of a file, synced. The
 * exit code. */
int eng_evidence_append(const char *path);

#endif
