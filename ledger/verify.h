/* The parts of verify: reading the chain batch by batch (verify.c), and comparing what it
 * says with the derived tables (verify_rows.c). */
#ifndef LED_VERIFY_H
#define LED_VERIFY_H

#include "chain.h"
#include "claim.h"
#include "store.h"
#include "verify_seal.h"

#define LED_PROBLEMS_MAX 1000 /* told one by one; the rest are counted */

/* Rows whose bucket has not ended yet, for one key of a table. */
struct led_open_rows {
	uint32_t bucket[3]; /* minute, hour, day; a category and a variant have quarters
			       of an hour */
};

struct led_vstream {
	struct led_stream row; /* as of the last batch that named it */
	uint64_t offset_next;  /* the next line of it cannot start before */
	uint64_t offset_line;  /* of the last event */
	uint32_t kinds;        /* bits of the kinds already seen at offset_line */
};

struct led_verify {
	struct led *led;
	MDB_txn *txn;
	led_problem_fn *fn;
	void *arg;
	uint64_t n_problems;
	int error; /* no memory: the answer is not to be had */

	/* As of the last batch read. */
	uint64_t batch;
	uint64_t seq;
	uint64_t bad;
	int64_t time_ns;
	uint64_t duplicates;
	uint32_t last_ids[LED_DICT_COUNT];
	uint8_t head[LED_HASH_BYTES];

	MDB_cursor *events;
	uint64_t kept;       /* first event in the database; before it: segments */
	uint64_t kept_twice; /* up to this one the first ones are in a segment as well */
	uint64_t segments_end; /* last event of the last segment that was told of */
	MDB_cursor *bads;
	struct led_tables sums;                  /* of the batch at hand */
	struct led_tables totals;                /* of all so far */
	struct led_open_rows *open[LED_T_COUNT]; /* owned; by index of totals */
	uint32_t open_cap[LED_T_COUNT];
	uint64_t rows[LED_DB_COUNT]; /* how many each table should have */
	struct led_map stream_keys;
	struct led_vstream *streams; /* owned */
	uint32_t streams_cap;
	struct led_texts state_keys;
	uint64_t *state_seqs; /* owned */
	uint32_t states_cap;
	struct led_vseals seals;
	struct led_claims claims;
};

/* verify_claims.c: an event's claims, and at the end the tables that hold them. */
struct led_claim_source led_verify_source(struct led_verify *v);
void led_verify_claims(struct led_verify *v, const struct led_event *ev);
void led_verify_claim_rows(struct led_verify *v);

void led_problem(struct led_verify *v, const char *fmt, ...) NV_PRINTF(2, 3);
/* Fetch a row; false and a problem when it is not there. */
bool led_verify_get(struct led_verify *v, enum led_db db, const uint8_t *key,
	size_t key_bytes, MDB_val *ret);

struct led_vstream *led_verify_stream(struct led_verify *v, uint64_t id);
void led_verify_state(struct led_verify *v, uint64_t seq, const char *key, size_t bytes);

/* Adds the batch at hand to the totals; rows whose bucket ended are compared. */
void led_verify_apply(struct led_verify *v);
/* After the last batch: everything else, both ways. */
void led_verify_rows(struct led_verify *v);

#endif
