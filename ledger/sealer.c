/* Making seals, and finding them: see seal.h. */
#include "chain.h"
#include "seal.h"
#include "view.h"

#include <errno.h>
#include <string.h>

const uint8_t *
led_id(const struct led *led)
{
	return led->meta.id;
}

/* ---- finding ---- */

/* The seal whose state is the last at or before a key; `key` has the prefix "seal/". */
static int
seal_at_or_before(MDB_cursor *cursor, const char *key, struct led_seal *ret)
{
	MDB_val k;
	MDB_val value;
	uint64_t seq;
	const void *line;
	size_t bytes;
	size_t n = strlen(key);
	int rc = led_floor(cursor, (const uint8_t *)key, n, 5, &k, &value);

	if (rc != 0)
		return led_rc(rc);
	rc = led_state_decode(value.mv_data, value.mv_size, &seq, &line, &bytes);
	return rc < 0 ? rc : led_seal_parse(line, bytes, ret);
}

static int
seals_open(struct led_view *v, MDB_cursor **ret)
{
	return led_rc(mdb_cursor_open(v->txn, v->led->dbi[LED_DB_STATE], ret));
}

int
led_view_seal_last(struct led_view *v, struct led_seal *ret)
{
	MDB_cursor *cursor;
	int rc = seals_open(v, &cursor);

	if (rc < 0)
		return rc;
	rc = seal_at_or_before(cursor, "seal/9999-99-99", ret);
	mdb_cursor_close(cursor);
	return rc;
}

int
led_view_seal_of(struct led_view *v, uint64_t batch, struct led_seal *ret)
{
	struct led_audit audit = {0};
	struct led_seal seal = {0};
	MDB_cursor *cursor = NULL;
	MDB_val value = {0};
	uint8_t bytes[8];
	char key[LED_SEAL_STATE_BYTES];
	int rc = led_view_get(v, LED_DB_AUDIT, bytes, led_key_u64(batch, bytes), &value);

	if (rc == 0)
		rc = led_audit_decode(batch, value.mv_data, value.mv_size, &audit);
	if (rc == 0)
		rc = seals_open(v, &cursor);
	if (rc < 0)
		return rc;
	led_seal_state_key(led_bucket(LED_DAY, audit.time_ns), key);
	rc = seal_at_or_before(cursor, key, &seal);
	mdb_cursor_close(cursor);
	if (rc < 0)
		return rc;
	if (batch < seal.first_batch || batch - seal.first_batch >= seal.batches)
		return -ENOENT;
	*ret = seal;
	return 0;
}

/* ---- making ---- */

int
led_sealer_open(struct led_sealer *s, struct led *led)
{
	struct led_view *v;
	struct led_seal last = {0};

	*s = (struct led_sealer){.led = led, .next = 1, .first = 1};
	led_merkle_init(&s->tree, UINT64_MAX);
	int rc = led_view_begin(led, &v, NULL);

	if (rc < 0)
		return rc;
	rc = led_view_seal_last(v, &last);
	led_view_end(v);
	if (rc == 0)
		s->next = s->first = last.first_batch + last.batches;
	return rc == -ENOENT ? 0 : rc;
}

static void
due(const struct led_sealer *s, struct led_seal *ret)
{
	struct led_merkle tree = s->tree; /* to go on with, if the commit does not come */

	*ret = (struct led_seal){
		.day = s->day, .first_batch = s->first, .batches = s->tree.n};
	led_merkle_root(&tree, ret->root);
	memcpy(ret->head, s->head, LED_HASH_BYTES);
}

/* 1: the row belongs to a later day than the one at hand; it is not taken. */
static int
take_row(struct led_sealer *s, const MDB_val *key, const MDB_val *value)
{
	struct led_audit audit;

	if (key->mv_size != 8 || led_key_get_u64(key->mv_data) != s->next ||
		led_audit_decode(s->next, value->mv_data, value->mv_size, &audit) < 0)
		return -EBADMSG;
	uint32_t day = led_bucket(LED_DAY, audit.time_ns);

	if (s->tree.n > 0 && day != s->day)
		return 1;
	uint8_t leaf[LED_HASH_BYTES];

	s->day = day;
	led_merkle_leaf(audit.hash, LED_HASH_BYTES, leaf);
	led_merkle_add(&s->tree, leaf);
	memcpy(s->head, audit.hash, LED_HASH_BYTES);
	s->next++;
	return 0;
}

/* 0: all was read; 1: the day at hand is over; 2: there is more. */
static int
take_rows(struct led_sealer *s, MDB_cursor *cursor, unsigned rows)
{
	uint8_t bytes[8];
	MDB_val key = led_val(bytes, led_key_u64(s->next, bytes));
	MDB_val value;
	int rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);

	for (unsigned i = 0; i < rows && rc == 0; i++) {
		int taken = take_row(s, &key, &value);

		if (taken != 0)
			return taken;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	if (rc == 0)
		return 2;
	return rc == MDB_NOTFOUND ? 0 : led_rc(rc);
}

int
led_sealer_step(struct led_sealer *s, unsigned rows, int64_t now_ns, struct led_seal *ret)
{
	struct led_view *v;
	MDB_cursor *cursor;
	int rc = led_view_begin(s->led, &v, NULL);

	if (rc < 0)
		return rc;
	rc = led_rc(mdb_cursor_open(v->txn, s->led->dbi[LED_DB_AUDIT], &cursor));
	if (rc == 0) {
		rc = take_rows(s, cursor, rows);
		mdb_cursor_close(cursor);
	}
	led_view_end(v);
	/* At its end the chain may be in a day that is over: what comes next is later. */
	if (rc == 0 && s->tree.n > 0 && led_bucket(LED_DAY, now_ns) > s->day)
		rc = 1;
	if (rc == 1)
		due(s, ret);
	return rc;
}

void
led_sealer_sealed(struct led_sealer *s)
{
	s->first += s->tree.n;
	NV_ASSERT(s->first == s->next);
	led_merkle_init(&s->tree, UINT64_MAX);
}
