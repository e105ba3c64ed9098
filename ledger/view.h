/* A view as the ledger's own files see it. */
#ifndef LED_VIEW_H
#define LED_VIEW_H

#include "store.h"

struct led_view {
	struct led *led; /* borrowed */
	MDB_txn *txn;
};

/* 0, -ENOENT or another error; *ret is borrowed until the view ends. */
int led_view_get(struct led_view *v, enum led_db db, const uint8_t *key, size_t key_bytes,
	MDB_val *ret);
uint32_t led_view_account_id(struct led_view *v, const char *name); /* 0 = unknown */
/* led_view_events and its like are walks over a table; from NULL: all of it. A result
 * but 0 ends it and is returned. */
typedef int
led_walk_fn(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg);
int led_view_walk(struct led_view *v, enum led_db db, const uint8_t *from,
	size_t from_bytes, led_walk_fn *fn, void *arg);
int led_view_name(struct led_view *v, enum led_dict_kind dict, uint32_t id, char *buf,
	size_t buf_bytes);

#endif
