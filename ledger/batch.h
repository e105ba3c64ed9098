/* A batch: everything it will write is gathered in memory first, so that a full map is
 * answered by writing the same again into a larger one, and nothing half done is ever
 * visible. */
#ifndef LED_BATCH_H
#define LED_BATCH_H

#include "chain.h"
#include "claim.h"
#include "entry.h"
#include "store.h"

#define LED_BATCH_BYTES_MAX ((size_t)256 << 20)

/* Bytes that grow, up to LED_BATCH_BYTES_MAX. */
struct led_bytes {
	uint8_t *data; /* owned */
	size_t n;
	size_t cap;
};

struct led_batch_stream {
	struct led_stream row;
	bool has_row;
	bool has_events;
	uint64_t offset_min; /* of the events and rejected lines in this batch */
	uint64_t offset_end; /* where the last of them ends */
};

struct led_batch_state {
	size_t key_at; /* in state_keys */
	size_t key_bytes;
	size_t line_at; /* in events */
	size_t line_bytes;
	uint64_t seq;
};

/* Accounts by role and party, of committed and present names. */
struct led_posts {
	struct led_texts keys;
	uint32_t *accounts; /* owned; by index of keys */
	uint32_t cap;
	/* The last found of each role, by index of keys: lines of one kind come in rows.
	 */
	uint32_t last[LED_ROLE_COUNT];
};

/* A sale's external id: known under who said it and, for the whole fleet, under 0. */
struct led_batch_ext {
	uint64_t seq;
	size_t at; /* in ext_bytes */
	uint32_t bytes;
	uint32_t scope;
};

struct led_batch {
	struct led *led;        /* borrowed */
	struct led_posts posts; /* lives across batches */
	uint32_t posts_committed;
	int64_t now_ns;
	int error;               /* the batch can only be aborted */
	struct led_bytes events; /* framed: u32 length, record */
	struct led_bytes bads;   /* framed */
	struct led_bytes names;  /* framed, made at commit */
	struct led_bytes audit;  /* the row, made at commit */
	uint64_t n_events;
	uint64_t n_bad;
	uint64_t duplicates;
	struct led_tables sums; /* what this batch adds */
	struct led_tables next; /* totals after it, made at commit */
	struct led_map stream_keys;
	struct led_batch_stream *streams; /* owned; by index of stream_keys */
	uint32_t streams_cap;
	struct led_map beat_keys;
	uint64_t *beats; /* owned; by index of beat_keys */
	uint32_t beats_cap;
	struct led_bytes state_keys;
	struct led_batch_state *states; /* owned */
	uint32_t n_states;
	uint32_t states_cap;
	struct led_texts ids; /* idem keys of this batch */
	uint64_t *id_seqs;    /* owned; by index of ids */
	size_t *id_events;    /* owned; where the record is in events */
	uint32_t ids_cap;
	/* External ids of this batch's sales, one after the other as they came, and an
	 * index of them: made as far as n_ext_indexed, when something asks. */
	struct led_bytes ext_bytes;
	struct led_batch_ext *ext_list; /* owned */
	uint32_t n_exts;
	uint32_t ext_list_cap;
	uint32_t n_ext_indexed;
	struct led_texts exts; /* scope and external id */
	uint64_t *ext_seqs;    /* owned; by index of exts */
	uint32_t exts_cap;
	size_t *events_at; /* owned; where event last_seq + 1 + i is in events */
	uint32_t events_at_cap;
	struct led_claims claims;
	int64_t next_expiry; /* of what was open before; INT64_MIN = as the ledger has it
			      */
	size_t line_at;      /* of the last event, for its states */
	size_t line_bytes;
	MDB_txn *read; /* for look-ups, opened when needed */
};

/* For replay.c, which puts batches together from what is stored. */
void led_batch_clear(struct led_batch *b);
int led_batch_append_record(
	struct led_batch *b, const void *record, size_t bytes, size_t *ret_at);
int led_batch_state_add(struct led_batch *b, const char *key, size_t key_bytes,
	size_t line_at, size_t line_bytes, uint64_t seq);
int led_batch_put(struct led_batch *b, MDB_txn *txn); /* all of it; an MDB code */
int led_batch_remember(struct led_batch *b);          /* it has been written */

/* Make room for bytes more; NULL: no memory or over the limit. */
uint8_t *led_bytes_room(struct led_bytes *b, size_t bytes);

/* idem.c: 0 = not seen; 1 = a duplicate of *ret_seq; -EEXIST; other = failure. */
int led_idem_check(struct led_batch *b, const struct led_event *ev, uint64_t *ret_seq);
int
led_idem_add(struct led_batch *b, const struct led_event *ev, uint64_t seq, size_t at);

/* Ids of an event's texts: the name's, "(other)"'s when there are too many, 0 = none. */
int
led_batch_words(struct led_batch *b, const struct led_event *ev, struct led_words *ret);

/* reserve.c: the legs and what else of `of` a correction of it has. */
void led_correction_of(const struct led_event *of, struct led_event *ev);

/* source.c: what the claims of a batch ask of the ledger. */
struct led_claim_source led_batch_source(struct led_batch *b);
/* Opens b->read if need be. */
int led_batch_read(struct led_batch *b);
/* An event, of this batch or before. Borrowed until the next one is added. */
int led_batch_record(struct led_batch *b, uint64_t seq, struct led_event *ret);
/* Seq under a scope and id (of the index of ids, or of external ones). -ENOENT. */
int led_batch_id(
	struct led_batch *b, uint32_t scope, const char *id, size_t bytes, uint64_t *ret);
int led_batch_ext_add(struct led_batch *b, const struct led_event *ev, uint64_t seq);
int led_batch_ext(
	struct led_batch *b, uint32_t scope, const char *id, size_t bytes, uint64_t *ret);

/* commit_claims.c: what the claims changed, as MDB codes. */
int led_write_claims(struct led_batch *b, MDB_txn *txn);
/* After the commit: what the writer keeps of it. */
void led_remember_claims(struct led_batch *b);

/* commit.c: everything into one transaction. -EINVAL: the streams do not add up. */
int led_batch_write(struct led_batch *b, struct nv_err *err);

#endif
