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
int led_view_name(struct led_view *v, enum led_dict_kind dict, uint32_t id, char *buf,
	size_t buf_bytes);

#endif
