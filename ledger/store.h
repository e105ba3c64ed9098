/* The open ledger as its own files see it: the LMDB environment, its tables, and what
 * the writer keeps in memory between batches. */
#ifndef LED_STORE_H
#define LED_STORE_H

#include "derive.h"
#include "segment.h"

#include <lmdb.h>

#define LED_FILE_NAME "ledger.mdb"
#define LED_LOCK_NAME "writer.lock"

/* Names and their ids (dense from 1), of the writer. Category and account names are
 * text from outside: their number is bounded, see LED_NAMES_MAX. */
struct led_dict {
	struct led_texts names; /* index + 1 = id */
	uint32_t n_committed;
};
#define LED_NAMES_MAX (1u << 20)
/* From here on new categories count as "(other)" and new vendors and platforms as
 * "Other". */
#define LED_OPEN_NAMES_MAX 50000u
#define LED_CATEGORY_OTHER "(other)"

struct led {
	MDB_env *env;
	MDB_dbi dbi[LED_DB_COUNT];
	char *dir;   /* owned */
	int lock_fd; /* writer: exclusive lock for as long as it is open; else -1 */
	bool read_only;
	bool older;  /* of an older schema, if need be: read-only */
	bool broken; /* a commit failed: memory and disk may differ */
	unsigned n_views;
	struct led_segments segments; /* that were read */
	size_t map_bytes;
	uint64_t boot_id;
	struct led_meta meta;

	/* Writer only: as of the last commit. */
	uint64_t last_seq;
	uint64_t last_bad;
	uint64_t last_batch;
	int64_t last_time_ns;
	uint64_t duplicates;
	uint64_t n_orphans;  /* rows of that table */
	int64_t next_expiry; /* no open reservation expires before */
	uint8_t head[LED_HASH_BYTES];
	struct led_dict dicts[LED_DICT_COUNT];
	struct led_tables totals; /* of what was touched since open */
	struct led_batch *batch;  /* owned; kept for its buffers */
	bool in_batch;
};

/* LMDB's code as a negative errno: -ENOENT, -EBADMSG (damaged), -EIO, ... */
int led_rc(int mdb_rc);
/* The same with a sentence: "cannot WHAT: reason". */
int led_fail(struct nv_err *err, int mdb_rc, const char *what);

MDB_val led_val(const void *data, size_t bytes);
/* Grow the map (no transaction may be open in this process). */
int led_grow_map(struct led *led, size_t bytes);
/* A read transaction, also when another process grew the map. */
int led_begin_read(struct led *led, MDB_txn **ret);

/* Greatest key <= key in the table that shares its first prefix_bytes. 0 or MDB code. */
int led_floor(MDB_cursor *cursor, const uint8_t *key, size_t key_bytes,
	size_t prefix_bytes, MDB_val *ret_key, MDB_val *ret_value);
/* Last key of a table whose keys are u64, 0 when it is empty. */
int led_last_u64(MDB_txn *txn, MDB_dbi dbi, uint64_t *ret);

/* A new file at path with its tables and led->meta; stays open. */
int led_create_env(struct led *led, const char *path, unsigned flags, struct nv_err *err);
/* *ret_fd is the caller's, also on failure. -EBUSY: somebody else writes. */
int led_lock_writer(const char *dir, int *ret_fd, struct nv_err *err);

/* dict.c */
int led_dicts_load(struct led *led, MDB_txn *txn);
void led_dicts_fini(struct led *led);
/* Id of a name, giving out a new one if need be. 0: no room or no memory. */
uint32_t led_dict_id(struct led_dict *dict, const char *name, size_t bytes);

void led_batch_free(struct led_batch *b);

#endif
