/* Keys and values of the ledger's tables: encoders and their decoding twins, pure.
 *
 * Keys are big-endian, so that byte order is number order. Values start with a version
 * byte; fixed fields are little-endian, small numbers are base-128 varints (least
 * significant group first, shortest form only), signed ones zigzag. Every decoder takes
 * outside bytes: it accepts exactly what its twin writes and refuses the rest
 * (-EBADMSG). Decoded strings are borrowed from the value. docs/LEDGER.md has the tables.
 */
#ifndef LED_SCHEMA_H
#define LED_SCHEMA_H

#include "led.h"

#define LED_LINE_MAX     65536
#define LED_ID_MAX       200
#define LED_CATEGORY_MAX 64
#define LED_ACCOUNT_MAX  200
#define LED_REASON_MAX   255
#define LED_BAD_KEPT_MAX 4096
#define LED_KEY_MAX      200 /* of a state */

/* What an encoder may write at most. */
#define LED_EVENT_BYTES_MAX \
	(320 + LED_LEGS_MAX * 32 + 3 * LED_ID_MAX + LED_RUN_MAX + LED_CATEGORY_MAX + \
		LED_OPERATION_MAX + LED_LINE_MAX)
#define LED_BAD_BYTES_MAX    (64 + LED_REASON_MAX + LED_BAD_KEPT_MAX)
#define LED_STREAM_BYTES_MAX 264
#define LED_SUM_BYTES_MAX    160
#define LED_SALE_BYTES_MAX   128
#define LED_PEND_BYTES_MAX   (160 + LED_OPERATION_MAX)
#define LED_HASH_BYTES       32

enum led_db {
	LED_DB_META,
	LED_DB_EVENT,   /* seq -> event */
	LED_DB_BAD,     /* seq -> quarantined line */
	LED_DB_AUDIT,   /* batch -> what the batch did, and the chain */
	LED_DB_NAME,    /* dictionary, id -> name */
	LED_DB_NAMEID,  /* dictionary, name -> id */
	LED_DB_BAL,     /* account, currency -> sum */
	LED_DB_ROLLM,   /* worker, currency, minute -> running sum */
	LED_DB_ROLLH,   /* worker, currency, hour */
	LED_DB_ROLLD,   /* worker, currency, day */
	LED_DB_ROLLC,   /* code, worker, currency, category, quarter */
	LED_DB_IDEM,    /* scope, id -> seq */
	LED_DB_STREAM,  /* stream -> what is consumed */
	LED_DB_STATE,   /* key -> seq, value */
	LED_DB_ROLLV,   /* worker, currency, variant, quarter -> running sum */
	LED_DB_SALE,    /* seq -> a sale of which something came back */
	LED_DB_EXTID,   /* scope (0 = anybody's), external id -> seq of the sale */
	LED_DB_ORPHAN,  /* id, seq of a refund or dispute whose sale is not known */
	LED_DB_LINK,    /* what, seq -> seq: corrections, late matches */
	LED_DB_PEND,    /* seq -> open reservation */
	LED_DB_PENDEXP, /* expiry, seq */
	LED_DB_COUNT
};
const char *led_db_name(enum led_db db);

enum led_dict_kind {
	LED_DICT_WORKER,
	LED_DICT_CURRENCY,
	LED_DICT_ACCOUNT,
	LED_DICT_CATEGORY, /* and operations */
	LED_DICT_VARIANT,
	LED_DICT_COUNT
};

/* ---- running totals: one shape for balances, rollups and categories ---- */

enum led_field { /* of a balance */
	LED_BAL_DEBITS,
	LED_BAL_CREDITS,
	LED_BAL_DEBITS_PENDING,
	LED_BAL_CREDITS_PENDING,
	LED_BAL_FIELDS,
	/* of a worker in a currency */
	LED_SUM_COST = 0,
	LED_SUM_REVENUE,
	LED_SUM_REFUNDS,
	LED_SUM_FEES,
	LED_SUM_DISPUTES,
	LED_SUM_PAYOUTS,
	LED_SUM_GRANTS,
	LED_MONEY_FIELDS,
	/* of a worker whatever the currency: kept under currency 0 */
	LED_N_RUNS_OK = 0,
	LED_N_RUNS_FAILED,
	LED_N_CRASHES,
	LED_N_HEARTBEATS,
	LED_N_EVENTS,
	LED_N_REJECTED,
	LED_N_RUN_MS,
	LED_COUNT_FIELDS,
	/* of a category */
	LED_CAT_NANO = 0,
	LED_CAT_EVENTS,
	LED_CAT_FIELDS,
	LED_FIELDS_MAX = 7
};
struct led_sum {
	nv_i128 v[LED_FIELDS_MAX];
	uint64_t seq_last; /* last event that counted */
};
size_t led_sum_encode(const struct led_sum *sum, unsigned n_fields, uint8_t *out);
int
led_sum_decode(const void *value, size_t bytes, unsigned n_fields, struct led_sum *ret);

/* ---- primary records ---- */

/* ev has been checked with led_event_check. Writes version 2; version 1 (schema 1) is
 * read for ever. */
int led_event_check(const struct led_event *ev);
bool led_code_known(uint32_t code);   /* with or without LED_CODE_REVERSAL */
bool led_code_is_past(uint32_t code); /* the same */
/* Records of version 1 say the external id of a sale in their line only. */
void led_line_external(struct led_event *ev);
size_t led_event_encode(const struct led_event *ev, uint8_t *out);
size_t led_event_tail_bytes(const struct led_event *ev); /* behind its line */
/* Texts are borrowed from the record. -EBADMSG: *ret holds nothing of use. */
int
led_event_decode(uint64_t seq, const void *value, size_t bytes, struct led_event *ret);

size_t led_bad_encode(const struct led_bad *bad, size_t reason_bytes, uint8_t *out);
/* The reason is copied, NUL-terminated, into buf (LED_REASON_MAX + 1). */
int led_bad_decode(
	uint64_t seq, const void *value, size_t bytes, struct led_bad *ret, char *reason);

size_t led_stream_encode(const struct led_stream *s, uint8_t *out);
int led_stream_decode(const void *value, size_t bytes, struct led_stream *ret);

/* Value of a state: the seq of the event that says it, then that event's line. */
size_t led_state_head_encode(uint64_t seq, uint8_t *out); /* at most 16 bytes */
int led_state_decode(const void *value, size_t bytes, uint64_t *ret_seq,
	const void **ret_line, size_t *ret_bytes);

size_t led_sale_encode(const struct led_sale *sale, uint8_t *out);
int led_sale_decode(uint64_t seq, const void *value, size_t bytes, struct led_sale *ret);
size_t led_pend_encode(const struct led_pend *pend, uint8_t *out);
int led_pend_decode(uint64_t seq, const void *value, size_t bytes, struct led_pend *ret);

size_t led_seq_encode(uint64_t seq, uint8_t *out); /* value of idem; <= 16 bytes */
int led_seq_decode(const void *value, size_t bytes, uint64_t *ret);

struct led_meta {
	uint32_t schema;
	uint8_t id[16]; /* random, of this ledger */
	int64_t created_ns;
	uint8_t scale; /* decimals of an amount: 9 */
	uint8_t genesis[LED_HASH_BYTES];
};
#define LED_META_BYTES (1 + 4 + 16 + 8 + 1 + LED_HASH_BYTES)
size_t led_meta_encode(const struct led_meta *meta, uint8_t *out);
/* A schema newer than ours decodes as far as `schema` and returns -EPROTONOSUPPORT. */
int led_meta_decode(const void *value, size_t bytes, struct led_meta *ret);

/* ---- writing and reading the fields ---- */

struct led_rd {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};
uint8_t *led_put_u64(uint8_t *out, uint64_t v); /* fixed, little-endian */
uint8_t *led_put_var(uint8_t *out, uint64_t v); /* at most 10 bytes */
uint64_t led_get_u64(struct led_rd *r);
uint64_t led_get_var(struct led_rd *r);
uint32_t led_get_var32(struct led_rd *r);
const uint8_t *led_get_bytes(struct led_rd *r, size_t bytes);

/* ---- keys ---- */

#define LED_KEY_BYTES_MAX 256
size_t led_key_u64(uint64_t v, uint8_t *out);
uint64_t led_key_get_u64(const void *key);
uint32_t led_key_get_u32(const void *key);
size_t led_key_name(enum led_dict_kind dict, uint32_t id, uint8_t *out);
size_t
led_key_nameid(enum led_dict_kind dict, const char *name, size_t bytes, uint8_t *out);
size_t led_key_bal(uint32_t account, uint32_t currency, uint8_t *out);
size_t led_key_roll(uint32_t worker, uint32_t currency, uint32_t bucket, uint8_t *out);
size_t led_key_rollc(uint16_t code, uint32_t worker, uint32_t currency, uint32_t category,
	uint32_t quarter, uint8_t *out);
/* Worker, currency, variant, quarter: a window is found as in rollc. */
size_t led_key_rollv(uint32_t worker, uint32_t currency, uint32_t variant,
	uint32_t quarter, uint8_t *out);
/* An orphan: the id it waits for, a NUL (none is in an id), its seq. */
size_t led_key_orphan(const char *of, size_t bytes, uint64_t seq, uint8_t *out);
enum led_link { LED_LINK_CORRECTED = 1, LED_LINK_MATCHED = 2, LED_LINK_REPLACED = 3 };
size_t led_key_link(enum led_link what, uint64_t seq, uint8_t *out);
size_t led_key_pendexp(int64_t expires_ns, uint64_t seq, uint8_t *out);
#define LED_KEY_ROLL_BYTES  12
#define LED_KEY_ROLLV_BYTES 16
#define LED_KEY_ROLLC_BYTES 18
size_t led_key_idem(uint32_t scope, const char *id, size_t bytes, uint8_t *out);

/* Cut text to at most max bytes without splitting a UTF-8 sequence. */
size_t led_cut(const char *text, size_t bytes, size_t max);

#endif
