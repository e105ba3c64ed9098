/* The intake: every stream's bytes into the ledger, each exactly once.
 *
 * Bytes that have come are scanned and booked in one transaction together with the new
 * offsets: at 1 MiB, or 5 ms after the first of them. Nothing is held open across a loop
 * pass. What is not committed when the engine dies is still in the memfd or the pipe. */
#ifndef ENG_INTAKE_H
#define ENG_INTAKE_H

#include "stream.h"
#include "txn.h"

#define ENG_TXN_BYTES_MAX     ((uint64_t)1 << 20)
#define ENG_TXN_DELAY_S       0.005
#define ENG_TXN_AWAITED_S     0.0005 /* somebody outside waits for the answer */
#define ENG_WAITING_BYTES_MAX ((uint64_t)64 << 20) /* in all memfds together */
#define ENG_RETRY_S           1.0
#define ENG_ORPHAN_DRAIN_S    5.0 /* novasupd is gone: wait this long for ends of file */

struct eng_intake {
	struct eng *eng;
	struct eng_stream *streams; /* owned list; the journal is not in it */
	size_t n_streams;
	struct eng_stream *journal; /* owned; NULL until it has come */
	struct eng_stream *earlier; /* owned: that of a fleet that was killed; read to its
				       end and closed */
	struct eng_stream *ready_head;
	struct eng_stream *ready_tail;
	uint64_t waiting_bytes; /* in all memfds, not consumed */
	size_t n_stalled;
	ev_timer commit;
	ev_timer deadline; /* of a drain */
	bool committing;   /* hooks of a commit must not start another one */
	bool stopping;
	bool orphaned;
	uint64_t control_dropped;
	uint64_t lines; /* read, since the start */
	uint64_t bytes;
	char *buf; /* owned: what one stream gives to a transaction */
};

int eng_intake_open(struct eng *eng);
void eng_intake_close(struct eng *eng);

/* Take a stream or the journal over; the descriptors are taken in any case. 0, or
 * -EINVAL when what came contradicts the catalogue or the ledger: the peer is corrupt. */
int eng_intake_stream(struct eng *eng, const struct nv_eng_stream *m, int pipe_fd,
	int mem_fd, int ctl_fd);
int eng_intake_journal(struct eng *eng, uint64_t stream_id, int mem_fd);
/* That of an earlier fleet: nothing is added to it any more. */
int eng_intake_earlier(struct eng *eng, uint64_t stream_id, int mem_fd);
int eng_intake_journal_grew(struct eng *eng);
/* Every stream novasupd holds has come: what the ledger still has open besides is of an
 * earlier life of novasupd and is closed with a note. Then book all that waits. */
void eng_intake_synced(struct eng *eng);
/* Read on until every stream is closed, at most drain_ms; then end the loop. */
void eng_intake_stop(struct eng *eng, uint32_t drain_ms);
/* novasupd is gone: the same, bounded by ENG_ORPHAN_DRAIN_S. */
void eng_intake_orphan(struct eng *eng);
/* Every stream is closed and the journal read to its end. */
bool eng_intake_done(const struct eng *eng);
/* NULL when there is no such live stream. */
struct eng_stream *eng_intake_find(struct eng *eng, uint64_t stream_id);

#endif
