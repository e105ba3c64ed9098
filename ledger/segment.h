/* Segments: events that are too old for the database, in files of their own that never
 * change again (DIR/segments/FIRST-LAST.seg). An event (LED_SEGMENT, kept under
 * "segment/LAST") says what a file holds and its hash, so the audit chain proves which
 * ones there must be. Whoever asks for a record gets it from where it is.
 *
 *   header   "nova segment 1\n" and a NUL, ledger id 16, then u64 each: first and last
 *            event, first and last batch
 *   records  length u32, record; one after the other
 *   index    u64: where every LED_SEGMENT_STRIDE-th record begins
 *   trailer  where the index begins u64, SHA-256 of everything before it
 *
 * Numbers are little-endian. */
#ifndef LED_SEGMENT_H
#define LED_SEGMENT_H

#include "schema.h"

#include <lmdb.h>

#define LED_SEGMENTS_NAME  "segments"
#define LED_SEGMENT_STRIDE 64u
#define LED_SEGMENT_HEAD   (16u + 16u + 4u * 8u)
#define LED_SEGMENT_TAIL   (8u + LED_HASH_BYTES)

struct led;

struct led_segment {
	uint64_t first; /* event */
	uint64_t last;
	uint64_t first_batch;
	uint64_t last_batch;
	uint64_t bytes; /* of the file */
	uint8_t hash[LED_HASH_BYTES];
};
#define LED_SEGMENT_LINE_BYTES 512
size_t led_segment_line(const struct led_segment *s, char out[LED_SEGMENT_LINE_BYTES]);
int led_segment_parse(const char *line, size_t bytes, struct led_segment *ret);
#define LED_SEGMENT_STATE_BYTES 40
void led_segment_state_key(uint64_t last, char out[LED_SEGMENT_STATE_BYTES]);
#define LED_SEGMENT_NAME_BYTES 64
void led_segment_name(const struct led_segment *s, char out[LED_SEGMENT_NAME_BYTES]);
void
led_segment_head(const struct led_segment *s, const uint8_t ledger[16], uint8_t *out);

/* The segment that holds an event, and the one that comes first at or after it. -ENOENT.
 */
int led_segment_of(struct led *led, MDB_txn *txn, uint64_t seq, struct led_segment *ret);

/* ---- reading ---- */

/* An event's record wherever it is; borrowed until the transaction ends. Negative errno:
 * -ENOENT no such event, -EBADMSG its segment is missing, short or damaged. */
int led_record(struct led *led, MDB_txn *txn, uint64_t seq, MDB_val *ret);
/* The same from its segment only. */
int led_segment_record(struct led *led, MDB_txn *txn, uint64_t seq, MDB_val *ret);
/* The first event that is still in the database; UINT64_MAX when there is none. */
int led_first_kept(struct led *led, MDB_txn *txn, uint64_t *ret);
/* Reads the whole file: 0, or -EBADMSG with what is wrong. */
int led_segment_check(struct led *led, const struct led_segment *s, struct nv_err *err);

/* An open file; one for each segment that was read. */
struct led_segment_map {
	struct led_segment is;
	const uint8_t *data; /* owned mapping of is.bytes */
	uint64_t index_at;
	uint64_t next_seq; /* where the record after the last one read is: */
	uint64_t next_at;
};
struct led_segments {
	struct led_segment_map *list; /* owned */
	size_t n;
	size_t cap;
};
void led_segments_fini(struct led_segments *s);

#endif
