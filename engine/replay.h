/* nova-engine --replay: the decision core on a virtual clock, lines of JSON in and out
 * (docs/DECISIONS.md, "Replay"). No files, no clock, no network.
 *
 * What cannot be used is refused line by line with a sentence on standard error, and
 * changes nothing; what a line says beyond what is known is ignored. Events wait until
 * the tick and are then taken in the order of their time, so neither their order nor
 * repetitions within an hour change a decision. */
#ifndef ENG_REPLAY_H
#define ENG_REPLAY_H

#include "nv_err.h"
#include "pol.h"

#include <jansson.h>
#include <stdio.h>

#define ENG_REPLAY_LINE_MAX (64u << 20) /* a hello with many workers */
#define ENG_REPLAY_TEXT_MAX 256         /* ids and names from outside */

/* An id: 128 bits of what it is about, type and worker included. */
struct replay_id {
	uint64_t a;
	uint64_t b;
};

enum replay_type { REPLAY_RUN, REPLAY_COST, REPLAY_REVENUE, REPLAY_REFUND };

/* An event as it waits for its tick. */
struct replay_event {
	int64_t ts;
	enum replay_type type;
	uint32_t worker;
	struct replay_id id;
	struct replay_id of; /* the run of a sale, the sale of a refund; 0 = none */
	int64_t nano;
	int64_t run_ts; /* 0 = not said */
	bool ok;
	int8_t variant; /* -1 = none */
};

/* Ids that were seen, and when what they name was; forgets the oldest half when there
 * are more than ENG_REPLAY_IDS_MAX of them (replay_ids.c). */
#define ENG_REPLAY_IDS_MAX (1u << 23)
struct replay_seen {
	struct replay_id id;
	int64_t ts;
	int64_t nano;
	int8_t variant;
};
struct replay_ids {
	struct replay_seen *now;    /* owned; hash tables */
	struct replay_seen *before; /* owned */
	size_t n;
	size_t cap; /* of now; a power of two */
	size_t cap_before;
};
struct replay_id
replay_id_make(enum replay_type type, const char *worker, const char *id);
/* NULL when it was never seen. Borrowed until the next put. */
const struct replay_seen *replay_ids_get(const struct replay_ids *t, struct replay_id id);
/* -EEXIST when it is there, -ENOMEM. */
int replay_ids_put(struct replay_ids *t, const struct replay_seen *seen);
void replay_ids_fini(struct replay_ids *t);

/* What a worker's last decision was called outside. */
struct replay_worker {
	struct pol_worker_conf conf;
	uint64_t open; /* number of its open decision; 0 none */
	bool granted;  /* a person has agreed since the last tick */
};

struct replay {
	struct pol *pol;               /* owned; NULL before hello */
	struct replay_worker *workers; /* owned; by name */
	size_t n_workers;
	int64_t ts; /* of the last tick, or of hello */
	int64_t tick_s;
	struct replay_event *events; /* owned */
	size_t n_events;
	size_t cap_events;
	struct replay_ids ids;
	uint64_t decisions; /* numbered so far */
	uint64_t refused;   /* lines */
	struct nv_buf out;
	bool ended;
};

/* One line, without its newline. Answers are added to r->out. 0; -EINVAL with err: the
 * line was refused; -EPROTO with err: the hello cannot be used, it is over; -ENOMEM. */
int replay_line(struct replay *r, const char *line, size_t bytes, struct nv_err *err);
void replay_init(struct replay *r);
void replay_fini(struct replay *r);

/* hello (replay_hello.c). */
int replay_hello(struct replay *r, const json_t *o, struct nv_err *err);
/* run, cost, revenue, refund, heartbeat (replay_event.c). */
int replay_event(struct replay *r, const char *type, const json_t *o, struct nv_err *err);
/* What waits goes to the core, in order. -ENOMEM. */
int replay_flush(struct replay *r, int64_t now);
/* ack, approval (replay_answer.c). */
int replay_ack(struct replay *r, const json_t *o, struct nv_err *err);
int replay_approval(struct replay *r, const json_t *o, struct nv_err *err);
/* One decision as a line (replay_show.c). */
void replay_show(struct replay *r, const struct pol_decision *d, uint64_t of);

struct replay_worker *replay_find(const struct replay *r, const char *name);
/* Fields. -EINVAL with err. */
int replay_ts(const json_t *o, const char *key, int64_t *ret, struct nv_err *err);
int replay_amount(const json_t *o, const char *key, int64_t *ret, struct nv_err *err);
int replay_worker_of(struct replay *r, const json_t *o, struct replay_worker **ret,
	struct nv_err *err);

/* Lines from in until its end or "end"; the exit code of the program. */
enum nv_exit eng_replay(FILE *in, FILE *out);

#endif
