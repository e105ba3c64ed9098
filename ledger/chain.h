/* The audit chain: one row a batch, and what its hash covers. A row of version 2, the one
 * that is written, ends its body with the root of a Merkle tree over the batch's records,
 * so that one of them can be proven without the others, and the chain without any:
 *
 *   hash = SHA-256("nova chain 2", 0, previous hash, batch number u64, SHA-256(body))
 *   leaf = SHA-256(0, index u64 of its first record in the batch, framed records)
 *
 * The records are the batch's events, then its quarantined lines, then its new names,
 * each with its length (u32) in front; a leaf ends with the record that brings it to
 * LED_LEAF_BYTES or more. A row of version 1 hashes everything in one run:
 *
 *   hash = SHA-256(previous hash, batch number u64, length u32 + body,
 *                  length u32 + record, each)
 *
 * The body says how many of each there are, so two different batches never feed the same
 * bytes. It also carries what is not an event but changes a table: stream rows,
 * heartbeats, state keys, and the count of duplicates, so that every table can be
 * computed anew from event, bad, name and audit. */
#ifndef LED_CHAIN_H
#define LED_CHAIN_H

#include "merkle.h"
#include "schema.h"

#include <nettle/sha2.h>

/* Small enough for a proof, large enough that a tree costs no more than one long hash. */
#define LED_LEAF_BYTES 4096

struct led_audit {
	uint64_t batch;
	uint8_t version;    /* 1 or 2; only 2 is encoded */
	uint64_t first_seq; /* of the next event; none was added when n_events is 0 */
	uint64_t n_events;
	uint64_t first_bad;
	uint64_t n_bad;
	int64_t time_ns; /* never goes back from batch to batch */
	uint64_t boot_id;
	uint64_t duplicates;               /* refused so far */
	uint32_t last_ids[LED_DICT_COUNT]; /* names given out so far */
	uint64_t n_streams;
	uint64_t n_heartbeats;
	uint64_t n_states;
	struct led_rd rest;  /* the three lists, in this order: led_audit_next_* */
	const uint8_t *body; /* what is hashed; borrowed from the value */
	size_t body_bytes;
	uint8_t records[LED_HASH_BYTES]; /* version 2: root over the records */
	uint8_t previous[LED_HASH_BYTES];
	uint8_t hash[LED_HASH_BYTES];
};

/* The head of the body; the lists follow with led_audit_put_*, then the root over the
 * records, which ends the body, then both hashes. */
#define LED_AUDIT_HEAD_BYTES_MAX 160
size_t led_audit_head_encode(const struct led_audit *a, uint8_t *out);
#define LED_AUDIT_ITEM_BYTES_MAX (LED_STREAM_BYTES_MAX + LED_KEY_MAX + 32)
size_t led_audit_put_stream(const struct led_stream *s, uint8_t *out);
size_t led_audit_put_heartbeats(uint32_t worker, uint64_t count, uint8_t *out);
size_t led_audit_put_state(uint64_t seq, const char *key, size_t bytes, uint8_t *out);

int
led_audit_decode(uint64_t batch, const void *value, size_t bytes, struct led_audit *ret);
/* Call each exactly as often as the head says; then led_audit_end. */
int led_audit_next_stream(struct led_audit *a, struct led_stream *ret);
int
led_audit_next_heartbeats(struct led_audit *a, uint32_t *ret_worker, uint64_t *ret_count);
int led_audit_next_state(
	struct led_audit *a, uint64_t *ret_seq, const char **ret_key, size_t *ret_bytes);
int led_audit_end(const struct led_audit *a);

/* The tree over the records of a batch. */
struct led_records {
	struct led_merkle tree; /* tree.n: leaves that are closed */
	struct sha256_ctx leaf; /* the open one */
	size_t leaf_bytes;      /* 0: none is open */
	uint64_t n;             /* records so far */
};
void led_records_begin(struct led_records *r);
/* True: this record was the last of its leaf. */
bool led_records_add(struct led_records *r, const void *record, size_t bytes);
/* Records that already have their 4-byte little-endian length in front. */
void led_records_framed(struct led_records *r, const void *records, size_t bytes);
void led_records_end(struct led_records *r, uint8_t root[LED_HASH_BYTES]);

/* The hash of a row of version 2. */
void led_link(const uint8_t previous[LED_HASH_BYTES], uint64_t batch, const void *body,
	size_t body_bytes, uint8_t hash[LED_HASH_BYTES]);

/* Whether the records of a batch are those its row speaks of, whatever its version: begin
 * with the row, add every record, ask. */
struct led_chain {
	const struct led_audit *audit; /* borrowed */
	struct sha256_ctx run;         /* version 1 */
	struct led_records records;    /* version 2 */
};
void led_chain_begin(struct led_chain *c, const struct led_audit *audit);
void led_chain_record(struct led_chain *c, const void *record, size_t bytes);
bool led_chain_matches(struct led_chain *c);

/* The previous hash of batch 1. */
void led_genesis(const struct led_meta *meta, uint8_t hash[LED_HASH_BYTES]);

#endif
