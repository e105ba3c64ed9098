/* The audit chain: one row a batch, and what its hash covers.
 *
 *   hash = SHA-256(previous hash, batch number, body of the row,
 *                  each event record, each quarantine record, each new name)
 *
 * Every record goes in with its length in front, and the body says how many of each
 * there are, so two different batches never feed the same bytes. The body also carries
 * what is not an event but changes a table: stream rows, heartbeats, state keys, and the
 * count of duplicates, so that every table can be computed anew from event, bad, name and
 * audit. */
#ifndef LED_CHAIN_H
#define LED_CHAIN_H

#include "schema.h"

#include <nettle/sha2.h>

struct led_audit {
	uint64_t batch;
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
	uint8_t previous[LED_HASH_BYTES];
	uint8_t hash[LED_HASH_BYTES];
};

/* The head of the body; the lists follow with led_audit_put_*, then both hashes. */
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

struct led_chain {
	struct sha256_ctx sha;
};
void led_chain_begin(struct led_chain *c, const uint8_t previous[LED_HASH_BYTES],
	uint64_t batch, const void *body, size_t body_bytes);
/* Records that already have their 4-byte little-endian length in front. */
void led_chain_framed(struct led_chain *c, const void *records, size_t bytes);
void led_chain_record(struct led_chain *c, const void *record, size_t bytes);
void led_chain_end(struct led_chain *c, uint8_t hash[LED_HASH_BYTES]);

/* The previous hash of batch 1. */
void led_genesis(const struct led_meta *meta, uint8_t hash[LED_HASH_BYTES]);

#endif
