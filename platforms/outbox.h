/* The outbox inside the frame; what platforms see of it is in plat.h.
 *
 *              (agent's budget)    turn: stored as sent
 *   begin ---> asking ---> QUEUED ---> SENT ---> DONE ---> booked: over
 *                 |          ^  |        |---> REFUSED: over
 *                 v          |  |        |---> later: QUEUED
 *            not stored      |  v        v
 *                            |  REFUSED  UNKNOWN ---> resolve: DONE, REFUSED, QUEUED
 *                            +-----------+            or UNKNOWN again
 *
 * Every arrow but the first is on the disk before anything follows from it. A process
 * that finds SENT at its start knows that another one died there: UNKNOWN. One without
 * its key sends and looks up nothing: that waits for the process that has one. */
#ifndef PLAT_OUTBOX_H
#define PLAT_OUTBOX_H

#include "frame.h"

#define PLAT_OUT_OPEN_MAX    10000                              /* not over */
#define PLAT_OUT_KEEP_NS     (INT64_C(30) * 86400 * 1000000000) /* what is over */
#define PLAT_OUT_WHY_BYTES   600
#define PLAT_LATER_MS_CALLER INT64_C(30000) /* a longer wait is told to the caller */

struct plat_entry {
	struct plat_out out; /* first: what platforms get is this */
	struct plat_entry *next;
	struct plat_call *call;           /* who waits for it; NULL */
	char reservation[PLAT_UID_BYTES]; /* "" = none */
	char caller_id[PLAT_ID_BYTES_MAX + 1];
	json_t *args; /* owned: as the caller gave them */
	char why[PLAT_OUT_WHY_BYTES];
	enum nv_exit code; /* of a refusal */
	int64_t changed_ns;
	bool stored;
	bool busy;   /* send or resolve is under way */
	bool waits;  /* for its turn */
	bool booked; /* its cost is, or it has none */
	bool booking;
	bool dirty;  /* memory is ahead of the disk */
	bool asking; /* the engine, at a start */
	unsigned n_resolved;
	int64_t unknown_ms; /* monotonic: since when */
	ev_timer timer;     /* what is next: again, resolve, store, book */
};

struct plat_outbox {
	struct plat_entry *first; /* owned: not over, oldest first */
	struct plat_entry **last;
	size_t n;
	char nonce[17];
	uint64_t serial;
	ev_timer prune;
};

/* Reads what an earlier process left, and goes on with it. Needs pipe, turns and store.
 */
int plat_outbox_open(struct plat *p, struct nv_err *err);
/* The call ends before its entry was stored. */
void plat_outbox_not_begun(struct plat_call *call);
/* Who waits for what is not under way is told that it goes on later. */
void plat_outbox_end(struct plat *p);
void plat_outbox_close(struct plat *p);
bool plat_outbox_is_busy(const struct plat *p);
/* In memory: not over. NULL. */
struct plat_entry *plat_outbox_find(struct plat *p, const char *id);
/* A person has found out. what: done, refused, retry. 0, -ENOENT, -EBUSY: it is not
 * unknown. */
int plat_outbox_resolve(struct plat *p, const char *id, const char *what, unsigned uid);
/* How many are in that state. */
size_t plat_outbox_count(const struct plat *p, enum plat_out_state state);

/* Steps of an entry, for outbox_begin.c. */
static inline struct plat_entry *
plat_entry_of(struct plat_out *out)
{
	return (struct plat_entry *)out;
}
void plat_entry_init(struct plat_entry *e); /* its timer */
void plat_entry_add(struct plat_entry *e);
/* It is over, or never began: freed. */
void plat_entry_drop(struct plat_entry *e);
/* Who waits for it is told how it stands; it has nobody then. */
void plat_entry_answer(struct plat_entry *e);
void plat_entry_give_back(struct plat_entry *e); /* its reservation */
void plat_entry_want_turn(struct plat_entry *e);
/* What its state asks for, so much later. */
void plat_entry_next(struct plat_entry *e, double after_s);

/* outbox_store.c */
/* 0, or what the store says. A new one goes with the key its caller gave it. */
int plat_entry_store(struct plat_entry *e);
/* A new entry, or NULL: no memory, or not what Nova wrote. */
struct plat_entry *plat_entry_decode(struct plat *p, const char *id, const json_t *o);
void plat_entry_free(struct plat_entry *e);
/* id of the entry that was made for this caller's id; -ENOENT. */
int plat_entry_asked(struct plat *p, const char *agent, const char *caller_id,
	char ret[PLAT_OUT_ID_BYTES]);
/* As `novactl platform NAME outbox` shows it. A new reference. */
json_t *plat_entry_show(const struct plat_entry *e);
int plat_entry_forget(struct plat *p, const struct plat_entry *e);

#endif
