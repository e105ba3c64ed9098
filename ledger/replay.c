/* See replay.h. A batch is put together from the audit row and the records it covers,
 * then written by the code that writes every batch. Several share a transaction: nothing
 * of the new file counts before all of it is there. */
#include "replay.h"

#include "batch.h"
#include "pages.h"
#include "retain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

typedef unsigned long long ull;

enum { GROUP_EVENTS = 50000, GROUP_BATCHES = 5000 };

struct replay {
	struct led *old; /* only the tables that are read are open in it */
	MDB_txn *txn;
	struct led *to;
	struct led_batch *b;
	MDB_txn *out; /* the open transaction of the new file */
	uint64_t group_events;
	uint64_t group_batches;
	uint64_t batch;
	const struct led_until *until; /* NULL: all of it */
	bool ended;                    /* what comes is later */
	struct nv_err *err;
};

static int
damaged(struct replay *r, const char *what, uint64_t number)
{
	return nv_err_set(r->err, -EBADMSG, "%s %llu cannot be read", what, (ull)number);
}

static int
fetch(struct replay *r, enum led_db db, const uint8_t *key, size_t bytes, MDB_val *ret)
{
	MDB_val k = led_val(key, bytes);

	return mdb_get(r->txn, r->old->dbi[db], &k, ret) == 0 ? 0 : -EBADMSG;
}

/* ---- one batch, put together again ---- */

static int
frame(struct led_bytes *to, const MDB_val *record)
{
	uint8_t *out = led_bytes_room(to, 4 + record->mv_size);
	uint32_t bytes = (uint32_t)record->mv_size;

	if (!out)
		return -ENOMEM;
	memcpy(out, &bytes, 4);
	memcpy(out + 4, record->mv_data, record->mv_size);
	to->n += 4 + record->mv_size;
	return 0;
}

/* Names first: the events use them. */
static int
take_names(struct replay *r, const struct led_audit *a)
{
	for (int d = 0; d < LED_DICT_COUNT; d++) {
		struct led_dict *dict = &r->to->dicts[d];

		for (uint32_t id = dict->names.n + 1; id <= a->last_ids[d]; id++) {
			uint8_t key[LED_KEY_BYTES_MAX];
			size_t bytes = led_key_name((enum led_dict_kind)d, id, key);
			MDB_val name;

			if (fetch(r, LED_DB_NAME, key, bytes, &name) < 0 ||
				name.mv_size == 0 || name.mv_size > LED_ACCOUNT_MAX ||
				led_dict_id(dict, name.mv_data, name.mv_size) != id)
				return damaged(r, "a name of batch", a->batch);
		}
	}
	return 0;
}

static int
take_event(struct replay *r, uint64_t seq)
{
	struct led_batch *b = r->b;
	struct led_event ev;
	struct led_words words = {0};
	MDB_val record;
	uint64_t known;
	size_t at;

	/* Some may be in segments. */
	if (led_record(r->old, r->txn, seq, &record) < 0 ||
		led_event_decode(seq, record.mv_data, record.mv_size, &ev) < 0)
		return damaged(r, "event", seq);
	int rc = led_claims_event(&b->claims, &ev, seq, b->now_ns);

	if (led_is_refusal(rc) || rc == -EBADMSG)
		return nv_err_set(r->err, -EBADMSG,
			"event %llu takes what it cannot take", (ull)seq);
	if (rc == 0 && ev.id &&
		led_batch_id(b, led_idem_scope(&ev), ev.id, ev.id_bytes, &known) == 0)
		return nv_err_set(r->err, -EBADMSG, "event %llu has the id of event %llu",
			(ull)seq, (ull)known);
	if (rc == 0)
		rc = led_batch_words(b, &ev, &words);
	if (rc == 0)
		rc = led_batch_append_record(b, record.mv_data, record.mv_size, &at);
	if (rc == 0 && ev.id)
		rc = led_idem_add(b, &ev, seq, at);
	if (rc == 0 && ev.external && ev.kind == LED_REVENUE)
		rc = led_batch_ext_add(b, &ev, seq);
	return rc < 0 ? rc : led_derive_event(&b->sums, &ev, seq, words);
}

static int
take_bad(struct replay *r, uint64_t seq)
{
	char reason[LED_REASON_MAX + 1];
	struct led_bad bad;
	MDB_val record;
	uint8_t key[8];

	if (fetch(r, LED_DB_BAD, key, led_key_u64(seq, key), &record) < 0 ||
		led_bad_decode(seq, record.mv_data, record.mv_size, &bad, reason) < 0)
		return damaged(r, "quarantine", seq);
	r->b->n_bad++;
	int rc = frame(&r->b->bads, &record);

	return rc < 0 ? rc : led_derive_rejected(&r->b->sums, bad.worker);
}

static int
take_state(struct replay *r, uint64_t seq, const char *key, size_t bytes)
{
	struct led_event ev;

	if (led_batch_record(r->b, seq, &ev) < 0)
		return damaged(r, "a state of batch", r->batch);
	const uint8_t *line = (const uint8_t *)ev.line;
	size_t at = line ? (size_t)(line - r->b->events.data) : 0;

	return led_batch_state_add(r->b, key, bytes, at, ev.line_bytes, seq);
}

static int
take_lists(struct replay *r, struct led_audit *a)
{
	struct led_stream row;
	uint32_t worker;
	uint64_t n;
	const char *key;
	size_t bytes;
	int rc = 0;

	for (uint64_t i = 0; i < a->n_streams && rc == 0; i++) {
		rc = led_audit_next_stream(a, &row);
		if (rc == 0)
			rc = led_batch_stream(r->b, &row);
	}
	for (uint64_t i = 0; i < a->n_heartbeats && rc == 0; i++) {
		rc = led_audit_next_heartbeats(a, &worker, &n);
		if (rc == 0)
			rc = led_derive_heartbeats(&r->b->sums, worker, (uint32_t)n);
	}
	for (uint64_t i = 0; i < a->n_states && rc == 0; i++) {
		rc = led_audit_next_state(a, &n, &key, &bytes);
		if (rc == 0)
			rc = take_state(r, n, key, bytes);
	}
	return rc == 0 ? led_audit_end(a) : rc;
}

static int
take_batch(struct replay *r, struct led_audit *a, const MDB_val *row)
{
	struct led_batch *b = r->b;
	struct led *to = r->to;

	if (a->first_seq != to->last_seq + 1 || a->first_bad != to->last_bad + 1 ||
		a->duplicates < to->duplicates || a->time_ns < to->last_time_ns)
		return damaged(r, "batch", a->batch);
	b->now_ns = a->time_ns;
	b->duplicates = a->duplicates - to->duplicates;
	b->claims.any_orphans = to->n_orphans > 0;
	b->next_expiry = INT64_MIN;
	int rc = take_names(r, a);

	for (uint64_t i = 0; i < a->n_events && rc == 0; i++)
		rc = take_event(r, a->first_seq + i);
	for (uint64_t i = 0; i < a->n_bad && rc == 0; i++)
		rc = take_bad(r, a->first_bad + i);
	if (rc == 0)
		rc = take_lists(r, a);
	if (rc < 0)
		return rc;
	uint8_t *out = led_bytes_room(&b->audit, row->mv_size);

	if (!out)
		return -ENOMEM;
	memcpy(out, row->mv_data, row->mv_size);
	b->audit.n = row->mv_size;
	return led_derive_close(&b->sums, to->meta.schema);
}

/* ---- writing ---- */

static int
begin_group(struct replay *r)
{
	int rc = mdb_txn_begin(r->to->env, NULL, 0, &r->out);

	r->group_events = 0;
	r->group_batches = 0;
	/* What a batch looks up may have been written by one before it. */
	r->b->read = rc == 0 ? r->out : NULL;
	return rc == 0 ? 0 : led_fail(r->err, rc, "write the rebuilt ledger");
}

static int
end_group(struct replay *r)
{
	int rc = mdb_txn_commit(r->out);

	r->out = NULL;
	r->b->read = NULL;
	return rc == 0 ? 0 : led_fail(r->err, rc, "write the rebuilt ledger");
}

static int
one_batch(struct replay *r, const MDB_val *key, const MDB_val *row)
{
	struct led_audit audit;

	r->batch = r->to->last_batch + 1;
	if (key->mv_size != 8 || led_key_get_u64(key->mv_data) != r->batch ||
		led_audit_decode(r->batch, row->mv_data, row->mv_size, &audit) < 0)
		return damaged(r, "batch", r->batch);
	if (r->until && (audit.first_seq + audit.n_events - 1 > r->until->seq ||
				audit.time_ns > r->until->at_ns)) {
		r->ended = true;
		return 0;
	}
	int rc = take_batch(r, &audit, row);

	if (rc < 0)
		return r->err->text[0] ? rc
				       : nv_err_set(r->err, rc, "batch %llu: %s",
						 (ull)r->batch, strerror(-rc));
	r->group_events += audit.n_events + audit.n_bad;
	r->group_batches++;
	int mdb = led_batch_put(r->b, r->out);

	if (mdb != 0)
		return led_fail(r->err, mdb, "write the rebuilt ledger");
	rc = led_batch_remember(r->b);
	led_batch_clear(r->b);
	if (rc == 0 &&
		(r->group_events >= GROUP_EVENTS || r->group_batches >= GROUP_BATCHES)) {
		rc = end_group(r);
		if (rc == 0)
			rc = begin_group(r);
	}
	return rc;
}

static int
all_batches(struct replay *r)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val row;
	int rc = begin_group(r);

	if (rc < 0)
		return rc;
	int mdb = mdb_cursor_open(r->txn, r->old->dbi[LED_DB_AUDIT], &cursor);

	if (mdb != 0)
		return led_fail(r->err, mdb, "read the ledger");
	mdb = mdb_cursor_get(cursor, &key, &row, MDB_FIRST);
	while (mdb == 0 && rc == 0 && !r->ended) {
		rc = one_batch(r, &key, &row);
		if (rc == 0 && !r->ended)
			mdb = mdb_cursor_get(cursor, &key, &row, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (rc == 0 && mdb != MDB_NOTFOUND && !r->ended)
		rc = led_fail(r->err, mdb, "read the ledger");
	return rc == 0 ? end_group(r) : rc;
}

static int
note_segment(void *arg, const struct led_segment *s)
{
	uint64_t *kept = arg;

	*kept = NV_MAX(*kept, s->last + 1);
	return 0;
}

/* The first event that is not in a segment: of a part of the ledger, that the segments
 * of then do not hold. */
static int
first_kept(struct replay *r, uint64_t *ret)
{
	struct led_view *v = NULL;

	if (!r->until)
		return led_first_kept(r->old, r->txn, ret);
	*ret = 1;
	int rc = led_view_begin(r->to, &v, r->err);

	if (rc == 0) {
		rc = led_view_segments(v, note_segment, ret);
		led_view_end(v);
	}
	return rc;
}

/* What is in segments stays there. Until now it was needed: what comes later takes from
 * it. */
static int
drop_old_events(struct replay *r)
{
	uint64_t kept;
	int rc = first_kept(r, &kept);

	if (rc < 0)
		return nv_err_set(r->err, rc, "cannot read the ledger");
	for (uint64_t seq = 1; seq < kept && kept != UINT64_MAX && rc == 0;) {
		rc = begin_group(r);
		for (unsigned i = 0; i < GROUP_EVENTS && seq < kept && rc == 0;
			i++, seq++) {
			uint8_t bytes[8];
			MDB_val key = led_val(bytes, led_key_u64(seq, bytes));
			int mdb = mdb_del(r->out, r->to->dbi[LED_DB_EVENT], &key, NULL);

			if (mdb != 0)
				rc = led_fail(r->err, mdb, "write the rebuilt ledger");
		}
		if (rc == 0)
			rc = end_group(r);
	}
	return rc;
}

/* ---- both files ---- */

static int
open_tables(struct replay *r)
{
	static const enum led_db read[] = {LED_DB_META, LED_DB_EVENT, LED_DB_BAD,
		LED_DB_AUDIT, LED_DB_NAME, LED_DB_STATE};

	for (size_t i = 0; i < NV_LEN(read); i++) {
		int rc = mdb_dbi_open(
			r->txn, led_db_name(read[i]), 0, &r->old->dbi[read[i]]);

		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
open_old(struct replay *r, const char *dir, const char *from)
{
	MDB_val key = led_val("ledger", 6);
	MDB_val value;
	struct led *old = r->old;

	old->dir = strdup(dir);
	if (!old->dir)
		return nv_err_set(r->err, -ENOMEM, "no memory");
	int rc = mdb_env_create(&old->env);

	if (rc == 0)
		rc = mdb_env_set_maxdbs(old->env, LED_DB_COUNT);
	/* Nobody writes it, so nobody has to know that it is read. */
	if (rc == 0)
		rc = mdb_env_open(
			old->env, from, MDB_NOSUBDIR | MDB_RDONLY | MDB_NOLOCK, 0);
	if (rc == 0)
		rc = mdb_txn_begin(old->env, NULL, MDB_RDONLY, &r->txn);
	if (rc == 0)
		rc = open_tables(r);
	if (rc == 0)
		rc = mdb_get(r->txn, old->dbi[LED_DB_META], &key, &value);
	if (rc == 0 && led_meta_decode(value.mv_data, value.mv_size, &old->meta) < 0)
		rc = MDB_CORRUPTED;
	r->to->meta = old->meta;
	r->to->meta.schema = LED_SCHEMA;
	memcpy(r->to->head, r->to->meta.genesis, LED_HASH_BYTES);
	return rc == 0 ? 0 : led_fail(r->err, rc, "read the ledger");
}

static int
open_new(struct replay *r, const char *from, const char *to_dir, const char *to_file)
{
	struct stat st;
	struct led *to = r->to;

	if (stat(from, &st) < 0)
		return nv_err_set(r->err, -errno, "%s: %s", from, strerror(errno));
	to->dir = strdup(to_dir);
	/* Address space only. It may come out larger: there is more in it now. */
	to->map_bytes = NV_MAX((size_t)64 << 30, (size_t)st.st_size * 8);
	r->b = calloc(1, sizeof(*r->b));
	to->batch = r->b;
	to->next_expiry = INT64_MAX;
	if (!to->dir || !r->b)
		return nv_err_set(r->err, -ENOMEM, "no memory");
	r->b->led = to;
	r->b->claims.source = led_batch_source(r->b);
	/* Synced once, when all of it is there. */
	return led_create_env(to, to_file, MDB_NOSYNC, r->err);
}

int
led_replay(const char *dir, const char *from, const char *to_dir, const char *to_file,
	struct nv_err *err)
{
	return led_replay_until(dir, from, to_dir, to_file, NULL, err);
}

int
led_replay_until(const char *dir, const char *from, const char *to_dir,
	const char *to_file, const struct led_until *until, struct nv_err *err)
{
	struct replay r = {.until = until, .err = err};
	int rc = -ENOMEM;

	r.to = calloc(1, sizeof(*r.to));
	r.old = calloc(1, sizeof(*r.old));
	if (!r.to || !r.old) {
		free(r.to);
		free(r.old);
		return nv_err_set(err, rc, "no memory");
	}
	r.to->lock_fd = -1;
	r.old->lock_fd = -1;
	rc = open_old(&r, dir, from);
	if (rc == 0)
		rc = open_new(&r, from, to_dir, to_file);
	if (rc == 0)
		rc = all_batches(&r);
	if (rc == 0)
		rc = drop_old_events(&r);
	if (r.out)
		mdb_txn_abort(r.out);
	if (r.b)
		r.b->read = NULL;
	if (rc == 0) {
		int synced = mdb_env_sync(r.to->env, 1);

		if (synced != 0)
			rc = led_fail(err, synced, "sync the rebuilt ledger");
	}
	if (r.txn)
		mdb_txn_abort(r.txn);
	led_close(r.old);
	led_close(r.to);
	return rc;
}
