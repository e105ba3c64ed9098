/* Eight kinds of worker for the torture: what each writes can be told from its lines, so
 * that the ledger can be asked for every single one. */
#ifndef TEST_WRITERS_H
#define TEST_WRITERS_H

#include "supd.h"

#include <stdatomic.h>

enum writer_kind {
	WR_NUMBERED,  /* {"event":"cost","amount":"0.000000001","k":0,"n":N} */
	WR_SAME,      /* always the same line, without a number */
	WR_FRAGMENTS, /* numbered, written in pieces */
	WR_SHELL,     /* echo '...' >&3 in a loop of /bin/sh */
	WR_SHARED,    /* several processes on one pipe */
	WR_DYING,     /* numbered, ends in the middle of a line and comes again */
	WR_DIRTY,     /* numbered, with lines between them that must be rejected */
	WR_ACKED,     /* with ids, each said twice, asking for acks; heartbeats */
	WR_COUNT
};
const char *writer_worker(enum writer_kind kind);

#define WR_SHARED_PROCS 4
#define WR_ACKED_MAX    (1 << 20)

/* Counts of whole lines in the pipe, in memory shared with the writers. */
struct writer_counts {
	_Atomic uint64_t lines;   /* valid ones (acked: different ids) */
	_Atomic uint64_t rejects; /* that must be in quarantine */
	_Atomic uint64_t beats;
};
struct writers {
	_Atomic bool stop;
	_Atomic uint32_t pause_us; /* between small bursts */
	struct writer_counts of[WR_COUNT];
	struct writer_counts shared[WR_SHARED_PROCS];
};

struct writers *writers_new(void);
void writers_free(struct writers *w);
/* Forks the process(es) of a kind on a stream; returns the pid of the (first) one. */
pid_t writer_start(struct writers *w, struct supd *s, enum writer_kind kind,
	size_t stream, uint32_t seed);

#endif
