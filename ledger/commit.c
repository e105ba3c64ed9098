/* Writing a batch: one LMDB transaction for events, every derived table, stream offsets
 * and the audit row, done again from the start in a larger map when the map is full. */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

static const size_t map_bytes_max = (size_t)1 << 46;

/* ---- before anything is written ---- */

static int
add_name(struct led_batch *b, const char *name, size_t bytes)
{
	uint8_t *out = led_bytes_room(&b->names, 4 + bytes);
	uint32_t n = (uint32_t)bytes;

	if (!out)
		return -ENOBUFS;
	memcpy(out, &n, 4);
	memcpy(out + 4, name, bytes);
	b->names.n += 4 + bytes;
	return 0;
}

static int
gather_names(struct led_batch *b)
{
	for (int i = 0; i < LED_DICT_COUNT; i++) {
		struct led_dict *dict = &b->led->dicts[i];

		for (uint32_t n = dict->n_committed; n < dict->names.n; n++) {
			size_t bytes;
			const char *name = led_texts_get(&dict->names, n, &bytes);
			int rc = add_name(b, name, bytes);

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static uint8_t *
audit_room(struct led_batch *b)
{
	return led_bytes_room(&b->audit, LED_AUDIT_ITEM_BYTES_MAX);
}

static int
gather_lists(struct led_batch *b)
{
	uint8_t *out;

	for (uint32_t i = 0; i < b->stream_keys.n; i++) {
		out = audit_room(b);
		if (!out)
			return -ENOBUFS;
		b->audit.n += led_audit_put_stream(&b->streams[i].row, out);
	}
	for (uint32_t i = 0; i < b->beat_keys.n; i++) {
		out = audit_room(b);
		if (!out)
			return -ENOBUFS;
		b->audit.n += led_audit_put_heartbeats(
			(uint32_t)b->beat_keys.keys[i].a, b->beats[i], out);
	}
	for (uint32_t i = 0; i < b->n_states; i++) {
		const struct led_batch_state *s = &b->states[i];

		out = audit_room(b);
		if (!out)
			return -ENOBUFS;
		b->audit.n += led_audit_put_state(s->seq,
			(const char *)b->state_keys.data + s->key_at, s->key_bytes, out);
	}
	return 0;
}

/* The audit row: its body with the root over the records, the previous hash, the hash. */
static int
gather_audit(struct led_batch *b)
{
	struct led *led = b->led;
	struct led_records records;
	struct led_audit head = {
		.batch = led->last_batch + 1,
		.first_seq = led->last_seq + 1,
		.n_events = b->n_events,
		.first_bad = led->last_bad + 1,
		.n_bad = b->n_bad,
		.time_ns = b->now_ns,
		.boot_id = led->boot_id,
		.duplicates = led->duplicates + b->duplicates,
		.n_streams = b->stream_keys.n,
		.n_heartbeats = b->beat_keys.n,
		.n_states = b->n_states,
	};

	for (int i = 0; i < LED_DICT_COUNT; i++)
		head.last_ids[i] = led->dicts[i].names.n;
	uint8_t *out = led_bytes_room(&b->audit, LED_AUDIT_HEAD_BYTES_MAX);

	if (!out)
		return -ENOBUFS;
	b->audit.n += led_audit_head_encode(&head, out);
	int rc = gather_lists(b);

	if (rc < 0)
		return rc;
	out = led_bytes_room(&b->audit, (size_t)3 * LED_HASH_BYTES);
	if (!out)
		return -ENOBUFS;
	led_records_begin(&records);
	led_records_framed(&records, b->events.data, b->events.n);
	led_records_framed(&records, b->bads.data, b->bads.n);
	led_records_framed(&records, b->names.data, b->names.n);
	led_records_end(&records, out);
	b->audit.n += LED_HASH_BYTES;
	size_t body_bytes = b->audit.n;

	memcpy(out + LED_HASH_BYTES, led->head, LED_HASH_BYTES);
	led_link(led->head, head.batch, b->audit.data, body_bytes,
		out + (size_t)2 * LED_HASH_BYTES);
	b->audit.n += (size_t)2 * LED_HASH_BYTES;
	return 0;
}

/* An event whose bytes are not accounted for in the same commit would be stored a second
 * time after a crash; one from before the committed offset has been stored already. */
static int
check_stream(const struct led_batch_stream *s, uint64_t id,
	const struct led_stream *before, struct nv_err *err)
{
	unsigned long long n = (unsigned long long)id;

	if (!s->has_row)
		return nv_err_set(err, -EINVAL,
			"stream %llu has events in this batch but no offset", n);
	if (s->has_events && s->row.offset < s->offset_end)
		return nv_err_set(err, -EINVAL,
			"stream %llu: events up to %llu, but the offset is %llu", n,
			(unsigned long long)s->offset_end,
			(unsigned long long)s->row.offset);
	if (before && (s->row.offset < before->offset ||
			      (s->has_events && s->offset_min < before->offset)))
		return nv_err_set(err, -EINVAL,
			"stream %llu: everything before %llu is in the ledger already", n,
			(unsigned long long)before->offset);
	if (before && before->state == LED_STREAM_CLOSED &&
		(s->row.state != LED_STREAM_CLOSED || s->row.offset != before->offset))
		return nv_err_set(err, -EINVAL, "stream %llu is closed at %llu", n,
			(unsigned long long)before->offset);
	return 0;
}

static int
check_streams(struct led_batch *b, MDB_txn *txn, struct nv_err *err)
{
	for (uint32_t i = 0; i < b->stream_keys.n; i++) {
		uint64_t id = b->stream_keys.keys[i].a;
		uint8_t bytes[8];
		struct led_stream before;
		MDB_val key = led_val(bytes, led_key_u64(id, bytes));
		MDB_val value;
		int rc = mdb_get(txn, b->led->dbi[LED_DB_STREAM], &key, &value);

		if (rc != 0 && rc != MDB_NOTFOUND)
			return led_fail(err, rc, "read a stream");
		if (rc == 0 &&
			led_stream_decode(value.mv_data, value.mv_size, &before) < 0)
			return nv_err_set(err, -EBADMSG,
				"the row of stream %llu is damaged",
				(unsigned long long)id);
		int bad = check_stream(&b->streams[i], id, rc == 0 ? &before : NULL, err);

		if (bad < 0)
			return bad;
	}
	return 0;
}

/* ---- totals after this batch ---- */

/* The last row of a key, in the table whose rows go on for ever. */
static int
stored_total(struct led *led, MDB_txn *txn, enum led_table table, struct led_pair key,
	struct led_sum *ret)
{
	static const enum led_db dbs[LED_T_COUNT] = {
		[LED_T_BAL] = LED_DB_BAL,
		[LED_T_ROLL] = LED_DB_ROLLD,
		[LED_T_CAT] = LED_DB_ROLLC,
		[LED_T_VAR] = LED_DB_ROLLV,
	};
	uint8_t bytes[LED_KEY_BYTES_MAX];
	size_t n = led_table_key(table, key, UINT32_MAX, bytes);
	size_t prefix = table == LED_T_BAL ? n : n - 4;
	MDB_cursor *cursor;
	MDB_val k;
	MDB_val value;
	int rc = mdb_cursor_open(txn, led->dbi[dbs[table]], &cursor);

	if (rc != 0)
		return rc;
	rc = led_floor(cursor, bytes, n, prefix, &k, &value);
	if (rc == 0 && led_sum_decode(value.mv_data, value.mv_size,
			       led_table_fields(table, key), ret) < 0)
		rc = MDB_CORRUPTED;
	mdb_cursor_close(cursor);
	return rc;
}

static int
next_total(struct led_batch *b, MDB_txn *txn, enum led_table table, uint32_t i)
{
	struct led_sums *sums = &b->sums.t[table];
	struct led_pair key = sums->keys.keys[i];
	struct led_sums *totals = &b->led->totals.t[table];
	uint32_t known = led_map_find(&totals->keys, key.a, key.b);
	bool is_new;
	struct led_sum *next = led_sums_get(&b->next.t[table], key.a, key.b, &is_new);

	if (!next)
		return ENOMEM;
	NV_ASSERT(is_new);
	if (known != LED_MAP_NONE) {
		*next = totals->v[known];
	} else {
		int rc = stored_total(b->led, txn, table, key, next);

		if (rc != 0 && rc != MDB_NOTFOUND)
			return rc;
	}
	led_sum_add(next, &sums->v[i]);
	return 0;
}

static int
next_totals(struct led_batch *b, MDB_txn *txn)
{
	led_tables_clear(&b->next);
	for (int t = 0; t < LED_T_COUNT; t++) {
		for (uint32_t i = 0; i < b->sums.t[t].keys.n; i++) {
			int rc = next_total(b, txn, (enum led_table)t, i);

			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

/* ---- writing ---- */

static int
put(struct led *led, MDB_txn *txn, enum led_db db, const uint8_t *key, size_t key_bytes,
	const void *value, size_t value_bytes, unsigned flags)
{
	MDB_val k = led_val(key, key_bytes);
	MDB_val v = led_val(value, value_bytes);

	return mdb_put(txn, led->dbi[db], &k, &v, flags);
}

/* Framed records under dense keys from first on. */
static int
write_records(struct led *led, MDB_txn *txn, enum led_db db, const struct led_bytes *from,
	uint64_t first)
{
	MDB_cursor *cursor;
	uint8_t bytes[8];
	int rc = mdb_cursor_open(txn, led->dbi[db], &cursor);

	for (size_t at = 0; rc == 0 && at < from->n; first++) {
		uint32_t n;

		memcpy(&n, from->data + at, 4);
		MDB_val key = led_val(bytes, led_key_u64(first, bytes));
		MDB_val value = led_val(from->data + at + 4, n);

		rc = mdb_cursor_put(cursor, &key, &value, MDB_APPEND);
		at += 4 + (size_t)n;
	}
	return rc; /* the transaction closes the cursor of a write */
}

static int
write_names(struct led *led, MDB_txn *txn)
{
	for (int i = 0; i < LED_DICT_COUNT; i++) {
		struct led_dict *dict = &led->dicts[i];

		for (uint32_t n = dict->n_committed; n < dict->names.n; n++) {
			uint8_t key[LED_KEY_BYTES_MAX];
			uint8_t id[4];
			size_t bytes;
			const char *name = led_texts_get(&dict->names, n, &bytes);
			size_t key_bytes =
				led_key_name((enum led_dict_kind)i, n + 1, key);

			memcpy(id, key + 1, 4);
			int rc = put(led, txn, LED_DB_NAME, key, key_bytes, name, bytes,
				MDB_NOOVERWRITE);

			if (rc != 0)
				return rc;
			key_bytes =
				led_key_nameid((enum led_dict_kind)i, name, bytes, key);
			rc = put(led, txn, LED_DB_NAMEID, key, key_bytes, id, 4,
				MDB_NOOVERWRITE);
			if (rc != 0)
				return rc;
		}
	}
	return 0;
}

static int
write_table(struct led_batch *b, MDB_txn *txn, enum led_table table, enum led_db db,
	enum led_bucket bucket)
{
	struct led_sums *next = &b->next.t[table];
	uint32_t number = led_bucket(bucket, b->now_ns);

	for (uint32_t i = 0; i < next->keys.n; i++) {
		uint8_t key[LED_KEY_BYTES_MAX];
		uint8_t value[LED_SUM_BYTES_MAX];
		struct led_pair pair = next->keys.keys[i];
		size_t key_bytes = led_table_key(table, pair, number, key);
		size_t bytes =
			led_sum_encode(&next->v[i], led_table_fields(table, pair), value);
		int rc = put(b->led, txn, db, key, key_bytes, value, bytes, 0);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
write_sums(struct led_batch *b, MDB_txn *txn)
{
	int rc = write_table(b, txn, LED_T_BAL, LED_DB_BAL, LED_DAY);

	if (rc == 0)
		rc = write_table(b, txn, LED_T_ROLL, LED_DB_ROLLM, LED_MINUTE);
	if (rc == 0)
		rc = write_table(b, txn, LED_T_ROLL, LED_DB_ROLLH, LED_HOUR);
	if (rc == 0)
		rc = write_table(b, txn, LED_T_ROLL, LED_DB_ROLLD, LED_DAY);
	if (rc == 0)
		rc = write_table(b, txn, LED_T_CAT, LED_DB_ROLLC, LED_QUARTER);
	if (rc == 0)
		rc = write_table(b, txn, LED_T_VAR, LED_DB_ROLLV, LED_QUARTER);
	return rc;
}

static int
write_ids(struct led_batch *b, MDB_txn *txn)
{
	for (uint32_t i = 0; i < b->ids.n; i++) {
		uint8_t value[16];
		size_t bytes;
		const char *key = led_texts_get(&b->ids, i, &bytes);
		int rc = put(b->led, txn, LED_DB_IDEM, (const uint8_t *)key, bytes, value,
			led_seq_encode(b->id_seqs[i], value), MDB_NOOVERWRITE);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
write_streams(struct led_batch *b, MDB_txn *txn)
{
	for (uint32_t i = 0; i < b->stream_keys.n; i++) {
		uint8_t key[8];
		uint8_t value[LED_STREAM_BYTES_MAX];
		size_t key_bytes = led_key_u64(b->stream_keys.keys[i].a, key);
		size_t bytes = led_stream_encode(&b->streams[i].row, value);
		int rc = put(b->led, txn, LED_DB_STREAM, key, key_bytes, value, bytes, 0);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
write_states(struct led_batch *b, MDB_txn *txn)
{
	for (uint32_t i = 0; i < b->n_states; i++) {
		const struct led_batch_state *s = &b->states[i];
		uint8_t head[16];
		size_t head_bytes = led_state_head_encode(s->seq, head);
		MDB_val key = led_val(b->state_keys.data + s->key_at, s->key_bytes);
		MDB_val value = {.mv_size = head_bytes + s->line_bytes};
		int rc = mdb_put(
			txn, b->led->dbi[LED_DB_STATE], &key, &value, MDB_RESERVE);

		if (rc != 0)
			return rc;
		memcpy(value.mv_data, head, head_bytes);
		memcpy((uint8_t *)value.mv_data + head_bytes, b->events.data + s->line_at,
			s->line_bytes);
	}
	return 0;
}

int
led_batch_put(struct led_batch *b, MDB_txn *txn)
{
	struct led *led = b->led;
	uint8_t key[8];
	int rc = next_totals(b, txn);

	if (rc == 0)
		rc = write_names(led, txn);
	if (rc == 0)
		rc = write_records(led, txn, LED_DB_EVENT, &b->events, led->last_seq + 1);
	if (rc == 0)
		rc = write_records(led, txn, LED_DB_BAD, &b->bads, led->last_bad + 1);
	if (rc == 0)
		rc = write_ids(b, txn);
	if (rc == 0)
		rc = led_write_claims(b, txn);
	if (rc == 0)
		rc = write_sums(b, txn);
	if (rc == 0)
		rc = write_streams(b, txn);
	if (rc == 0)
		rc = write_states(b, txn);
	if (rc == 0)
		rc = put(led, txn, LED_DB_AUDIT, key,
			led_key_u64(led->last_batch + 1, key), b->audit.data, b->audit.n,
			MDB_APPEND);
	return rc;
}

/* Totals kept in memory so that they need not be read back; past this many they are
 * forgotten and read again when they are touched. */
enum { TOTALS_MAX = 1 << 20 };

/* What was written is now what the writer knows. */
int
led_batch_remember(struct led_batch *b)
{
	struct led *led = b->led;

	for (int t = 0; t < LED_T_COUNT; t++) {
		if (led->totals.t[t].keys.n > TOTALS_MAX)
			led_map_clear(&led->totals.t[t].keys);
	}
	for (int t = 0; t < LED_T_COUNT; t++) {
		struct led_sums *next = &b->next.t[t];

		for (uint32_t i = 0; i < next->keys.n; i++) {
			bool is_new;

			/* Each is of a quarter of an hour long ago: hardly ever again. */
			if (t == LED_T_CAT &&
				(next->keys.keys[i].a >> 32 &
					(LED_CODE_QUARTERS | LED_CODE_DAYS)))
				continue;
			struct led_sum *total = led_sums_get(&led->totals.t[t],
				next->keys.keys[i].a, next->keys.keys[i].b, &is_new);

			if (!total)
				return -ENOMEM;
			*total = next->v[i];
		}
	}
	for (int i = 0; i < LED_DICT_COUNT; i++)
		led->dicts[i].n_committed = led->dicts[i].names.n;
	led_remember_claims(b);
	led->last_seq += b->n_events;
	led->last_bad += b->n_bad;
	led->duplicates += b->duplicates;
	led->last_batch++;
	led->last_time_ns = b->now_ns;
	memcpy(led->head, b->audit.data + b->audit.n - LED_HASH_BYTES, LED_HASH_BYTES);
	return 0;
}

/* LMDB calls a short write an I/O error; on a disk without room it is that. */
static int
why_not_written(const struct led *led, int mdb_rc)
{
	const uint64_t room_bytes = (uint64_t)1 << 20;
	struct statvfs fs;

	if (mdb_rc == EIO && statvfs(led->dir, &fs) == 0 &&
		(uint64_t)fs.f_bavail * fs.f_frsize < room_bytes)
		return ENOSPC;
	return mdb_rc;
}

/* One try. MDB_MAP_FULL: nothing happened, try again in a larger map. */
static int
try_write(struct led_batch *b, int *ret_mdb, struct nv_err *err)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(b->led->env, NULL, 0, &txn);

	*ret_mdb = rc;
	if (rc != 0)
		return led_fail(err, why_not_written(b->led, rc), "write to the ledger");
	int bad = check_streams(b, txn, err);

	if (bad < 0) {
		mdb_txn_abort(txn);
		*ret_mdb = 0;
		return bad;
	}
	rc = led_batch_put(b, txn);
	if (rc != 0)
		mdb_txn_abort(txn);
	else
		rc = mdb_txn_commit(txn);
	*ret_mdb = rc;
	return rc == 0 ? 0
		       : led_fail(
				 err, why_not_written(b->led, rc), "write to the ledger");
}

int
led_batch_write(struct led_batch *b, struct nv_err *err)
{
	struct led *led = b->led;
	int mdb;
	int rc = led_derive_close(&b->sums, b->led->meta.schema);

	if (rc == 0)
		rc = gather_names(b);
	if (rc == 0)
		rc = gather_audit(b);
	if (rc < 0)
		return nv_err_set(err, rc, "cannot prepare the batch: %s", strerror(-rc));
	for (;;) {
		rc = try_write(b, &mdb, err);
		if (mdb != MDB_MAP_FULL)
			break;
		if (led->map_bytes >= map_bytes_max)
			return nv_err_set(
				err, -ENOSPC, "the ledger is as large as it may get");
		rc = led_grow_map(led, led->map_bytes * 2);
		if (rc < 0)
			return nv_err_set(err, rc, "cannot grow the ledger's map: %s",
				rc == -EBUSY ? "a view is open" : strerror(-rc));
	}
	if (rc == 0)
		rc = led_batch_remember(b);
	return rc;
}
