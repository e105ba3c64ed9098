/* Names and their ids in the writer's memory. */
#include "store.h"

#include <errno.h>

static int
load_one(struct led_dict *dict, uint32_t id, const MDB_val *name)
{
	bool is_new;
	uint32_t index =
		led_texts_add(&dict->names, name->mv_data, name->mv_size, &is_new);

	if (index == LED_MAP_NONE)
		return -ENOMEM;
	/* Ids are dense and names unique, else the table is damaged. */
	return is_new && index + 1 == id ? 0 : -EBADMSG;
}

int
led_dicts_load(struct led *led, MDB_txn *txn)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int rc = mdb_cursor_open(txn, led->dbi[LED_DB_NAME], &cursor);

	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (rc == 0) {
		const uint8_t *at = key.mv_data;

		if (key.mv_size != 5 || at[0] >= LED_DICT_COUNT) {
			mdb_cursor_close(cursor);
			return -EBADMSG;
		}
		int loaded =
			load_one(&led->dicts[at[0]], led_key_get_u32(at + 1), &value);

		if (loaded < 0) {
			mdb_cursor_close(cursor);
			return loaded;
		}
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	for (int i = 0; i < LED_DICT_COUNT; i++)
		led->dicts[i].n_committed = led->dicts[i].names.n;
	return rc == MDB_NOTFOUND ? 0 : led_rc(rc);
}

void
led_dicts_fini(struct led *led)
{
	for (int i = 0; i < LED_DICT_COUNT; i++)
		led_texts_fini(&led->dicts[i].names);
}

uint32_t
led_dict_id(struct led_dict *dict, const char *name, size_t bytes)
{
	bool is_new;

	if (dict->names.n >= LED_NAMES_MAX) {
		uint32_t found = led_texts_find(&dict->names, name, bytes);

		return found == LED_MAP_NONE ? 0 : found + 1;
	}
	uint32_t index = led_texts_add(&dict->names, name, bytes, &is_new);

	return index == LED_MAP_NONE ? 0 : index + 1;
}
