/* Reading: one short read transaction a view. Records are decoded straight from the map
 * and borrowed until the view ends. */
#include "view.h"

#include "chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *
led_kind_name(enum led_kind kind)
{
	static const char *const names[] = {
		[LED_COST] = "cost",
		[LED_REVENUE] = "revenue",
		[LED_REFUND] = "refund",
		[LED_DISPUTE] = "dispute",
		[LED_FEE] = "fee",
		[LED_PAYOUT] = "payout",
		[LED_RUN] = "run",
		[LED_USAGE] = "usage",
		[LED_METRIC] = "metric",
		[LED_READY] = "ready",
		[LED_START] = "start",
		[LED_EXIT] = "exit",
		[LED_STATE] = "state",
		[LED_COMPUTE] = "compute",
		[LED_DESIRE] = "desire",
		[LED_DECISION] = "decision",
		[LED_SETTING] = "setting",
		[LED_HEARTBEAT] = "heartbeat",
		[LED_SEAL] = "seal",
		[LED_WEBHOOK] = "webhook",
		[LED_SEGMENT] = "segment",
		[LED_RESERVE] = "reserve",
		[LED_RELEASE] = "release",
		[LED_GRANT] = "grant",
		[LED_CONVERSION] = "conversion",
		[LED_CORRECTION] = "correction",
		[LED_ALERT] = "alert",
		[LED_IMPORTED] = "imported",
	};

	return (size_t)kind < NV_LEN(names) && names[kind] ? names[kind] : "unknown";
}

int
led_view_begin(struct led *led, struct led_view **ret, struct nv_err *err)
{
	struct led_view *v = calloc(1, sizeof(*v));

	if (!v)
		return nv_err_set(err, -ENOMEM, "no memory for a view");
	v->led = led;
	int rc = led_begin_read(led, &v->txn);

	if (rc < 0) {
		free(v);
		return nv_err_set(err, rc, "cannot read the ledger: %s", strerror(-rc));
	}
	led->n_views++;
	*ret = v;
	return 0;
}

void
led_view_end(struct led_view *v)
{
	if (!v)
		return;
	mdb_txn_abort(v->txn);
	NV_ASSERT(v->led->n_views > 0);
	v->led->n_views--;
	free(v);
}

int
led_view_get(struct led_view *v, enum led_db db, const uint8_t *key, size_t key_bytes,
	MDB_val *ret)
{
	MDB_val k = led_val(key, key_bytes);

	return led_rc(mdb_get(v->txn, v->led->dbi[db], &k, ret));
}

/* ---- names ---- */

static uint32_t
find_id(struct led_view *v, enum led_dict_kind dict, const char *name)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	size_t bytes = strlen(name);
	MDB_val value;

	if (bytes == 0 || bytes > LED_ACCOUNT_MAX)
		return 0;
	if (led_view_get(v, LED_DB_NAMEID, key, led_key_nameid(dict, name, bytes, key),
		    &value) < 0 ||
		value.mv_size != 4)
		return 0;
	return led_key_get_u32(value.mv_data);
}

int
led_view_name(struct led_view *v, enum led_dict_kind dict, uint32_t id, char *buf,
	size_t buf_bytes)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val value;
	int rc = led_view_get(v, LED_DB_NAME, key, led_key_name(dict, id, key), &value);

	if (rc < 0)
		return rc;
	if (value.mv_size >= buf_bytes)
		return -ENOBUFS;
	memcpy(buf, value.mv_data, value.mv_size);
	buf[value.mv_size] = '\0';
	return 0;
}

/* Ids are dense: the last one is how many there are. */
static uint32_t
count_names(struct led_view *v, enum led_dict_kind dict)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	size_t bytes = led_key_name(dict, UINT32_MAX, key);
	MDB_cursor *cursor;
	MDB_val k;
	MDB_val value;
	uint32_t n = 0;

	if (mdb_cursor_open(v->txn, v->led->dbi[LED_DB_NAME], &cursor) != 0)
		return 0;
	if (led_floor(cursor, key, bytes, 1, &k, &value) == 0)
		n = led_key_get_u32((const uint8_t *)k.mv_data + 1);
	mdb_cursor_close(cursor);
	return n;
}

uint32_t
led_view_worker_id(struct led_view *v, const char *name)
{
	return find_id(v, LED_DICT_WORKER, name);
}

int
led_view_worker_name(struct led_view *v, uint32_t id, char name[NV_NAME_MAX])
{
	return led_view_name(v, LED_DICT_WORKER, id, name, NV_NAME_MAX);
}

uint32_t
led_view_currency_id(struct led_view *v, const char *code)
{
	return find_id(v, LED_DICT_CURRENCY, code);
}

int
led_view_currency_code(struct led_view *v, uint32_t id, char code[NV_CURRENCY_BYTES])
{
	return led_view_name(v, LED_DICT_CURRENCY, id, code, NV_CURRENCY_BYTES);
}

int
led_view_variant_name(struct led_view *v, uint32_t id, char name[LED_VARIANT_MAX + 1])
{
	return led_view_name(v, LED_DICT_VARIANT, id, name, LED_VARIANT_MAX + 1);
}

uint32_t
led_view_n_workers(struct led_view *v)
{
	return count_names(v, LED_DICT_WORKER);
}

uint32_t
led_view_n_currencies(struct led_view *v)
{
	return count_names(v, LED_DICT_CURRENCY);
}

uint32_t
led_view_account_id(struct led_view *v, const char *name)
{
	return find_id(v, LED_DICT_ACCOUNT, name);
}

int
led_view_account_name(struct led_view *v, uint32_t id, char *buf, size_t buf_bytes)
{
	return led_view_name(v, LED_DICT_ACCOUNT, id, buf, buf_bytes);
}

/* ---- walks ---- */

int
led_view_walk(struct led_view *v, enum led_db db, const uint8_t *from, size_t from_bytes,
	led_walk_fn *fn, void *arg)
{
	MDB_cursor *cursor;
	MDB_val key = led_val(from, from_bytes);
	MDB_val value;
	int result = 0;
	int rc = mdb_cursor_open(v->txn, v->led->dbi[db], &cursor);

	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &key, &value, from_bytes ? MDB_SET_RANGE : MDB_FIRST);
	while (rc == 0) {
		result = fn(v, &key, &value, arg);
		if (result != 0)
			break;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? result : led_rc(rc);
}

/* Records under u64 keys, upwards from a number or downwards from it. */
static int
walk_numbers(struct led_view *v, enum led_db db, uint64_t from, bool reverse,
	led_walk_fn *fn, void *arg)
{
	uint8_t bytes[8];

	if (!reverse)
		return led_view_walk(v, db, bytes, led_key_u64(from, bytes), fn, arg);
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int result = 0;
	int rc = mdb_cursor_open(v->txn, v->led->dbi[db], &cursor);

	if (rc != 0)
		return led_rc(rc);
	size_t n = led_key_u64(from ? from : UINT64_MAX, bytes);

	rc = led_floor(cursor, bytes, n, 0, &key, &value);
	while (rc == 0) {
		result = fn(v, &key, &value, arg);
		if (result != 0)
			break;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
	}
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? result : led_rc(rc);
}

/* ---- events ---- */

struct event_walk {
	led_event_fn *fn;
	void *arg;
};

static int
one_event(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg)
{
	struct event_walk *w = arg;
	struct led_event ev;

	(void)v; /* the shape of a led_walk_fn */
	if (key->mv_size != 8 || led_event_decode(led_key_get_u64(key->mv_data),
					 value->mv_data, value->mv_size, &ev) < 0)
		return -EBADMSG;
	return w->fn(w->arg, &ev);
}

/* Events that are in segments, from one to another, upwards or downwards. */
static int
old_events(struct led_view *v, uint64_t from, uint64_t to, struct event_walk *w)
{
	uint8_t bytes[8];
	MDB_val value;
	int result = 0;

	for (uint64_t seq = from; result == 0 && seq > 0; from <= to ? seq++ : seq--) {
		if (from <= to ? seq > to : seq < to)
			break;
		MDB_val key = led_val(bytes, led_key_u64(seq, bytes));
		int rc = led_segment_record(v->led, v->txn, seq, &value);

		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
		result = one_event(v, &key, &value, w);
	}
	return result;
}

int
led_view_events(
	struct led_view *v, uint64_t from_seq, bool reverse, led_event_fn *fn, void *arg)
{
	struct event_walk w = {fn, arg};
	uint64_t kept;
	int rc = led_first_kept(v->led, v->txn, &kept);

	if (rc < 0)
		return rc;
	if (reverse) {
		if (from_seq == 0 || from_seq >= kept)
			rc = walk_numbers(v, LED_DB_EVENT, from_seq, true, one_event, &w);
		if (rc == 0 && kept != UINT64_MAX)
			rc = old_events(v,
				from_seq == 0 ? kept - 1 : NV_MIN(from_seq, kept - 1), 1,
				&w);
		return rc;
	}
	from_seq = NV_MAX(from_seq, UINT64_C(1));
	if (from_seq < kept && kept != UINT64_MAX)
		rc = old_events(v, from_seq, kept - 1, &w);
	return rc == 0 ? walk_numbers(v, LED_DB_EVENT, from_seq, false, one_event, &w)
		       : rc;
}

int
led_view_event(struct led_view *v, uint64_t seq, led_event_fn *fn, void *arg)
{
	struct event_walk w = {fn, arg};
	uint8_t bytes[8];
	MDB_val key = led_val(bytes, led_key_u64(seq, bytes));
	MDB_val value;
	int rc = led_record(v->led, v->txn, seq, &value);

	return rc < 0 ? rc : one_event(v, &key, &value, &w);
}

/* ---- quarantine ---- */

struct bad_walk {
	led_bad_fn *fn;
	void *arg;
};

static int
one_bad(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg)
{
	struct bad_walk *w = arg;
	struct led_bad bad;
	char reason[LED_REASON_MAX + 1];

	(void)v; /* the shape of a led_walk_fn */
	if (key->mv_size != 8 ||
		led_bad_decode(led_key_get_u64(key->mv_data), value->mv_data,
			value->mv_size, &bad, reason) < 0)
		return -EBADMSG;
	return w->fn(w->arg, &bad);
}

int
led_view_quarantine(
	struct led_view *v, uint64_t from_seq, bool reverse, led_bad_fn *fn, void *arg)
{
	struct bad_walk w = {fn, arg};

	return walk_numbers(v, LED_DB_BAD, from_seq, reverse, one_bad, &w);
}

/* ---- streams ---- */

int
led_view_stream(struct led_view *v, uint64_t stream_id, struct led_stream *ret)
{
	uint8_t bytes[8];
	MDB_val value;
	int rc = led_view_get(
		v, LED_DB_STREAM, bytes, led_key_u64(stream_id, bytes), &value);

	return rc < 0 ? rc : led_stream_decode(value.mv_data, value.mv_size, ret);
}

struct stream_walk {
	led_stream_fn *fn;
	void *arg;
};

static int
one_stream(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg)
{
	struct stream_walk *w = arg;
	struct led_stream stream;

	(void)v; /* the shape of a led_walk_fn */
	if (key->mv_size != 8 ||
		led_stream_decode(value->mv_data, value->mv_size, &stream) < 0 ||
		stream.stream_id != led_key_get_u64(key->mv_data))
		return -EBADMSG;
	return w->fn(w->arg, &stream);
}

int
led_view_streams(struct led_view *v, led_stream_fn *fn, void *arg)
{
	struct stream_walk w = {fn, arg};

	return led_view_walk(v, LED_DB_STREAM, NULL, 0, one_stream, &w);
}

/* ---- states ---- */

int
led_view_state(struct led_view *v, const char *key, const void **ret, size_t *ret_bytes)
{
	MDB_val value;
	uint64_t seq;
	int rc = led_view_get(v, LED_DB_STATE, (const uint8_t *)key, strlen(key), &value);

	return rc < 0 ? rc
		      : led_state_decode(
				value.mv_data, value.mv_size, &seq, ret, ret_bytes);
}

int
led_view_state_seq(struct led_view *v, const char *key, uint64_t *ret_seq)
{
	MDB_val value;
	const void *line;
	size_t bytes;
	int rc = led_view_get(v, LED_DB_STATE, (const uint8_t *)key, strlen(key), &value);

	return rc < 0 ? rc
		      : led_state_decode(
				value.mv_data, value.mv_size, ret_seq, &line, &bytes);
}

struct state_walk {
	led_state_fn *fn;
	void *arg;
	const char *prefix;
	size_t prefix_bytes;
	bool past; /* the prefix */
};

static int
one_state(struct led_view *v, const MDB_val *key, const MDB_val *value, void *arg)
{
	struct state_walk *w = arg;
	char name[LED_KEY_MAX + 1];
	uint64_t seq;
	const void *line;
	size_t bytes;

	(void)v; /* the shape of a led_walk_fn */
	if (key->mv_size < w->prefix_bytes ||
		memcmp(key->mv_data, w->prefix, w->prefix_bytes) != 0) {
		w->past = true;
		return 1;
	}
	if (key->mv_size > LED_KEY_MAX ||
		led_state_decode(value->mv_data, value->mv_size, &seq, &line, &bytes) < 0)
		return -EBADMSG;
	memcpy(name, key->mv_data, key->mv_size);
	name[key->mv_size] = '\0';
	return w->fn(w->arg, name, line, bytes);
}

int
led_view_states(struct led_view *v, const char *prefix, led_state_fn *fn, void *arg)
{
	struct state_walk w = {.fn = fn, .arg = arg, .prefix = prefix};

	w.prefix_bytes = strlen(prefix);
	int rc = led_view_walk(
		v, LED_DB_STATE, (const uint8_t *)prefix, w.prefix_bytes, one_state, &w);

	return w.past ? 0 : rc;
}

/* Onto the last key that begins with the prefix, or before where it would be. */
static int
seek_last(MDB_cursor *cursor, const struct state_walk *w, MDB_val *key, MDB_val *value)
{
	uint8_t past[LED_KEY_MAX + 1];

	NV_ASSERT(w->prefix_bytes < sizeof(past));
	memcpy(past, w->prefix, w->prefix_bytes);
	past[w->prefix_bytes] = 0xff; /* keys of states are ASCII */
	*key = led_val(past, w->prefix_bytes + 1);
	int rc = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);

	return mdb_cursor_get(cursor, key, value, rc == 0 ? MDB_PREV : MDB_LAST);
}

int
led_view_states_back(struct led_view *v, const char *prefix, led_state_fn *fn, void *arg)
{
	struct state_walk w = {.fn = fn, .arg = arg, .prefix = prefix};
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int result = 0;
	int rc = mdb_cursor_open(v->txn, v->led->dbi[LED_DB_STATE], &cursor);

	if (rc != 0)
		return led_rc(rc);
	w.prefix_bytes = strlen(prefix);
	for (rc = seek_last(cursor, &w, &key, &value); rc == 0 && result == 0;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_PREV))
		result = one_state(v, &key, &value, &w);
	mdb_cursor_close(cursor);
	if (w.past)
		return 0;
	return result != 0 || rc == MDB_NOTFOUND ? result : led_rc(rc);
}

/* ---- the whole ---- */

static int
last_audit(struct led_view *v, struct led_audit *ret)
{
	uint8_t bytes[8];
	uint64_t batch;
	MDB_val value;
	int rc = led_last_u64(v->txn, v->led->dbi[LED_DB_AUDIT], &batch);

	if (rc < 0)
		return rc;
	*ret = (struct led_audit){.first_seq = 1, .first_bad = 1};
	memcpy(ret->hash, v->led->meta.genesis, LED_HASH_BYTES);
	if (batch == 0)
		return 0;
	rc = led_view_get(v, LED_DB_AUDIT, bytes, led_key_u64(batch, bytes), &value);
	return rc < 0 ? rc : led_audit_decode(batch, value.mv_data, value.mv_size, ret);
}

int
led_view_stats(struct led_view *v, struct led_stats *ret)
{
	struct led_audit last;
	MDB_stat streams;
	MDB_stat orphans = {0};
	MDB_stat pends = {0};
	MDB_stat env;
	MDB_envinfo info;
	int rc = last_audit(v, &last);

	if (rc < 0)
		return rc;
	int mdb = mdb_stat(v->txn, v->led->dbi[LED_DB_STREAM], &streams);

	if (mdb == 0)
		mdb = mdb_stat(v->txn, v->led->dbi[LED_DB_ORPHAN], &orphans);
	if (mdb == 0)
		mdb = mdb_stat(v->txn, v->led->dbi[LED_DB_PEND], &pends);
	if (mdb == 0)
		mdb = mdb_env_stat(v->led->env, &env);
	if (mdb == 0)
		mdb = mdb_env_info(v->led->env, &info);
	if (mdb != 0)
		return led_rc(mdb);
	*ret = (struct led_stats){
		.events = last.first_seq + last.n_events - 1,
		.quarantined = last.first_bad + last.n_bad - 1,
		.streams = streams.ms_entries,
		.duplicates_refused = last.duplicates,
		.batches = last.batch,
		.unmatched = orphans.ms_entries,
		.reservations = pends.ms_entries,
		.last_ns = last.time_ns,
		.bytes = (uint64_t)env.ms_psize * (info.me_last_pgno + 1),
	};
	memcpy(ret->head_hash, last.hash, LED_HASH_BYTES);
	return 0;
}
