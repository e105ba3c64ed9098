/* What an event does to the derived tables: pure. The batch uses it to add to them,
 * verify uses the same to compute them anew, so what both agree on is what the events
 * say and not what was written at the time. */
#ifndef LED_DERIVE_H
#define LED_DERIVE_H

#include "map.h"
#include "schema.h"

enum led_table {
	LED_T_BAL,  /* (account, currency) */
	LED_T_ROLL, /* (worker, currency); currency 0 = the counters; worker 0 = fleet */
	LED_T_CAT,  /* (code << 32 | worker, currency << 32 | category) */
	LED_T_VAR,  /* (worker, currency << 32 | variant); currency 0 = the counters */
	LED_T_COUNT
};

/* Sums by key: deltas of one batch, or totals. */
struct led_sums {
	struct led_map keys;
	struct led_sum *v; /* owned; by index of keys */
	uint32_t cap;
};
struct led_tables {
	struct led_sums t[LED_T_COUNT];
};

void led_tables_fini(struct led_tables *t);
void led_tables_clear(struct led_tables *t);
/* The sum of a key, zero when it is new; NULL: no memory. Borrowed until the next call.
 */
struct led_sum *led_sums_get(struct led_sums *s, uint64_t a, uint64_t b, bool *ret_new);

/* Fields that count for a key of a table. */
unsigned led_table_fields(enum led_table table, struct led_pair key);

/* Database key of a row; balances have no bucket. */
size_t
led_table_key(enum led_table table, struct led_pair key, uint32_t bucket, uint8_t *out);

/* The ids of an event's texts in the dictionary of categories, 0 = none. */
struct led_words {
	uint32_t category;
	uint32_t operation;
};
/* In the table of categories: costs by operation. */
#define LED_CODE_OPERATION 0x0200
/* There, too: what was imported, by when it was. The word is the number of the quarter of
 * an hour, or of the day, since 1970 (UTC), and worker 0 the whole fleet. */
#define LED_CODE_QUARTERS 0x0800
#define LED_CODE_DAYS     0x1000

/* Add what an event (that has or gets the number seq), heartbeats or a quarantined line
 * count for. -ENOMEM leaves the tables half done: give the batch up. */
int led_derive_event(struct led_tables *t, const struct led_event *ev, uint64_t seq,
	struct led_words words);
int led_derive_heartbeats(struct led_tables *t, uint32_t worker, uint32_t count);
int led_derive_rejected(struct led_tables *t, uint32_t worker);
/* After the last of a batch: adds up the workers into the fleet (worker 0; by category
 * LED_ALL_WORKERS, since 0 is nobody's there), as the schema of the ledger has it. */
int led_derive_close(struct led_tables *t, uint32_t schema);

/* Which sum of a worker (LED_SUM_...) a posting of this code moves, and which way: 1 or
 * -1; negative: none, it is no income and no expense. */
int led_code_field(uint16_t code, nv_i128 *ret_sign);

/* total = base + delta; the amounts cannot overflow 128 bits (2^64 events of 2^63). */
void led_sum_add(struct led_sum *total, const struct led_sum *delta);

/* Buckets of a time (>= 0), in UTC. */
uint32_t led_bucket(enum led_bucket bucket, int64_t ns);
int64_t led_bucket_ns(enum led_bucket bucket); /* length */

/* Whether the event's legs are counted under its category, under its operation. */
bool led_has_category(const struct led_event *ev);
bool led_has_operation(const struct led_event *ev);
/* Whether events of this kind are what a line of their stream says, so that the bytes of
 * the line must be accounted for in the same commit. The others are the engine's own. */
bool led_from_line(enum led_kind kind);

#endif
