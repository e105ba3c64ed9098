/* The events of one worker: the rows of its running totals say in which minutes it had
 * any, which was the last of each, and how many there were. */
#include "view.h"

#include "derive.h"

#include <string.h>

/* One minute with events of the worker, and how far down it reaches. */
struct minute {
	uint64_t seq_last;  /* the worker's last event in it */
	uint64_t seq_below; /* its last one in a minute before */
	uint64_t events;    /* of the worker */
};

struct own {
	uint32_t worker;
	size_t *left;
	led_event_fn *fn;
	void *arg;
	struct minute minute;
	int result; /* what fn returned */
};

static int
one_event(void *arg, const struct led_event *ev)
{
	struct own *o = arg;

	if (ev->seq <= o->minute.seq_below)
		return 1;
	if (*o->left == 0)
		return 1;
	--*o->left;
	if (ev->worker != o->worker)
		return 0;
	o->minute.events--;
	o->result = o->fn(o->arg, ev);
	return o->result != 0 || o->minute.events == 0;
}

static int
decode(const struct own *o, const MDB_val *value, struct led_sum *ret)
{
	struct led_pair pair = {o->worker, 0};

	return led_sum_decode(
		value->mv_data, value->mv_size, led_table_fields(LED_T_ROLL, pair), ret);
}

/* The row before the one the cursor is on, or none: all zero. */
static int
row_before(MDB_cursor *cursor, const struct own *o, const uint8_t *key, size_t prefix,
	struct led_sum *ret, bool *ret_more)
{
	MDB_val k;
	MDB_val value;
	int rc = mdb_cursor_get(cursor, &k, &value, MDB_PREV);

	*ret = (struct led_sum){0};
	*ret_more = rc == 0 && k.mv_size > prefix && memcmp(k.mv_data, key, prefix) == 0;
	if (rc != 0 && rc != MDB_NOTFOUND)
		return led_rc(rc);
	return *ret_more ? decode(o, &value, ret) : 0;
}

static int
walk(struct led_view *v, MDB_cursor *cursor, struct own *o)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	size_t bytes = led_table_key(
		LED_T_ROLL, (struct led_pair){o->worker, 0}, UINT32_MAX, key);
	struct led_sum row;
	MDB_val k;
	MDB_val value;
	bool more = true;
	int rc = led_floor(cursor, key, bytes, bytes - 4, &k, &value);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : led_rc(rc);
	rc = decode(o, &value, &row);
	while (rc == 0 && more && o->result == 0 && *o->left > 0) {
		struct led_sum before;

		rc = row_before(cursor, o, key, bytes - 4, &before, &more);
		o->minute = (struct minute){.seq_last = row.seq_last,
			.seq_below = before.seq_last,
			.events =
				(uint64_t)(row.v[LED_N_EVENTS] - before.v[LED_N_EVENTS])};
		if (rc == 0 && o->minute.events > 0)
			rc = led_view_events(v, o->minute.seq_last, true, one_event, o);
		rc = NV_MIN(rc, 0);
		row = before;
	}
	return rc;
}

int
led_view_own_events(
	struct led_view *v, uint32_t worker, size_t *left, led_event_fn *fn, void *arg)
{
	struct own o = {.worker = worker, .left = left, .fn = fn, .arg = arg};
	MDB_cursor *cursor;
	int rc = led_rc(mdb_cursor_open(v->txn, v->led->dbi[LED_DB_ROLLM], &cursor));

	if (rc < 0)
		return rc;
	rc = walk(v, cursor, &o);
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : o.result;
}
