/* The ledger's events as they come, for any number of readers: one follower of
 * nova-engine feeds a ring of the newest, and a reader that is further behind gets pages
 * of its own (gw_ask). A reader has a place and pulls: no queue, nothing is lost or said
 * twice, also when the engine is replaced meanwhile. */
#ifndef GW_TAIL_H
#define GW_TAIL_H

#include "nv_json.h"
#include "nv_name.h"

#define GW_TAIL_EVENTS_MAX 4096
#define GW_TAIL_BYTES_MAX  ((size_t)4 << 20)

struct gw;
struct gw_tail;
struct gw_tail_reader; /* one place */

struct gw_tail_row {
	uint64_t seq;
	const char *text; /* as `novactl events --json` has it; borrowed until the loop */
	size_t bytes;
};

/* ready is called from the loop when gw_tail_next may have something. worker "": all.
 * after_seq: the last one that was had; UINT64_MAX: only what comes from now on. */
int gw_tail_begin(struct gw *gw, const char *worker, uint64_t after_seq,
	void (*ready)(void *arg), void *arg, struct gw_tail_reader **ret);
/* 1 the next one; 0 nothing yet; -ESTALE the ledger has not so many events (another one
 * was put in its place): the reader stands at its end now. */
int gw_tail_next(struct gw_tail_reader *reader, struct gw_tail_row *ret);
/* The row of gw_tail_next has been used: step behind it. */
void gw_tail_step(struct gw_tail_reader *reader);
/* Where it stands: who begins after this one misses nothing. UINT64_MAX: not known yet.
 */
uint64_t gw_tail_place(const struct gw_tail_reader *reader);
void gw_tail_end(struct gw_tail_reader *reader); /* NULL is fine */

int gw_tail_open(struct gw *gw);
void gw_tail_close(struct gw *gw);

#endif
