/* Reads the chain from its first link to its last, every primary record with it, and
 * computes from them what the derived tables must hold. */
#include "verify.h"

#include "pages.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

void
led_problem(struct led_verify *v, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* cut is fine */
	va_end(ap);
	if (++v->n_problems <= LED_PROBLEMS_MAX)
		v->fn(v->arg, text);
}

bool
led_verify_get(struct led_verify *v, enum led_db db, const uint8_t *key, size_t key_bytes,
	MDB_val *ret)
{
	MDB_val k = led_val(key, key_bytes);

	return mdb_get(v->txn, v->led->dbi[db], &k, ret) == 0;
}

/* ---- one event ---- */

static void
check_stream_order(struct led_verify *v, const struct led_event *ev)
{
	if (ev->stream == 0 || !led_from_line(ev->kind))
		return;
	struct led_vstream *s = led_verify_stream(v, ev->stream);
	uint32_t kind = UINT32_C(1) << ev->kind;

	if (!s)
		return;
	/* One line may say two things (an exit and its crash), never the same twice. */
	bool same_line = s->kinds != 0 && ev->stream_offset == s->offset_line;

	if (same_line ? (s->kinds & kind) != 0 : ev->stream_offset < s->offset_next)
		led_problem(v, "event %llu: stream %llu offset %llu was stored before",
			(ull)ev->seq, (ull)ev->stream, (ull)ev->stream_offset);
	s->kinds = same_line ? s->kinds | kind : kind;
	s->offset_line = ev->stream_offset;
	s->offset_next = ev->stream_offset + ev->line_bytes;
}

static void
check_id(struct led_verify *v, const struct led_event *ev)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	uint32_t scope = ev->said_by ? ev->said_by : ev->worker;
	MDB_val value;
	uint64_t seq;

	if (!ev->id)
		return;
	v->rows[LED_DB_IDEM]++;
	size_t bytes = led_key_idem(scope, ev->id, ev->id_bytes, key);

	if (!led_verify_get(v, LED_DB_IDEM, key, bytes, &value))
		led_problem(v, "event %llu: its id is not in the index", (ull)ev->seq);
	else if (led_seq_decode(value.mv_data, value.mv_size, &seq) < 0 || seq != ev->seq)
		led_problem(v, "event %llu: its id leads to another event", (ull)ev->seq);
}

static uint32_t
word_of(struct led_verify *v, const struct led_event *ev, const char *text, size_t n)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val value;
	size_t bytes = led_key_nameid(LED_DICT_CATEGORY, text, n, key);

	if (led_verify_get(v, LED_DB_NAMEID, key, bytes, &value) && value.mv_size == 4 &&
		led_key_get_u32(value.mv_data) <= v->last_ids[LED_DICT_CATEGORY])
		return led_key_get_u32(value.mv_data);
	bytes = led_key_nameid(
		LED_DICT_CATEGORY, LED_CATEGORY_OTHER, strlen(LED_CATEGORY_OTHER), key);
	if (v->last_ids[LED_DICT_CATEGORY] > LED_OPEN_NAMES_MAX &&
		led_verify_get(v, LED_DB_NAMEID, key, bytes, &value) &&
		value.mv_size == 4)
		return led_key_get_u32(value.mv_data);
	led_problem(v, "event %llu: its category has no number", (ull)ev->seq);
	return 0;
}

static bool
ids_known(const struct led_verify *v, const struct led_event *ev)
{
	bool known = ev->worker <= v->last_ids[LED_DICT_WORKER] &&
		     ev->said_by <= v->last_ids[LED_DICT_WORKER] &&
		     ev->variant <= v->last_ids[LED_DICT_VARIANT];

	for (unsigned i = 0; i < ev->n_legs; i++)
		known = known && ev->legs[i].debit <= v->last_ids[LED_DICT_ACCOUNT] &&
			ev->legs[i].credit <= v->last_ids[LED_DICT_ACCOUNT] &&
			ev->legs[i].currency <= v->last_ids[LED_DICT_CURRENCY];
	return known;
}

/* The file, whole; and that it goes on where the one before has ended. */
static void
check_segment(struct led_verify *v, const struct led_event *ev)
{
	struct led_segment s;
	struct nv_err err = {0};

	if (ev->kind != LED_SEGMENT)
		return;
	if (led_segment_parse(ev->line, ev->line_bytes, &s) < 0 || s.last >= ev->seq) {
		led_problem(v, "event %llu: is no segment", (ull)ev->seq);
		return;
	}
	if (s.first != v->segments_end + 1)
		led_problem(v, "event %llu: the segment does not follow the one before",
			(ull)ev->seq);
	v->segments_end = s.last;
	if (led_segment_check(v->led, &s, &err) < 0)
		led_problem(v, "%s", err.text);
}

static void
check_event(struct led_verify *v, const MDB_val *value)
{
	struct led_event ev;
	struct led_words words = {0};

	if (led_event_decode(v->seq, value->mv_data, value->mv_size, &ev) < 0) {
		led_problem(v, "event %llu: cannot be read", (ull)v->seq);
		return;
	}
	if (!ids_known(v, &ev))
		led_problem(v,
			"event %llu: names a worker, account or currency that is "
			"not there",
			(ull)v->seq);
	check_stream_order(v, &ev);
	check_id(v, &ev);
	led_vseals_event(v, &ev);
	check_segment(v, &ev);
	led_verify_claims(v, &ev);
	if (led_has_category(&ev))
		words.category = word_of(v, &ev, ev.category, ev.category_bytes);
	if (led_has_operation(&ev))
		words.operation = word_of(v, &ev, ev.operation, ev.operation_bytes);
	if (led_derive_event(&v->sums, &ev, ev.seq, words) < 0)
		v->error = -ENOMEM;
}

static void
check_bad(struct led_verify *v, const MDB_val *value)
{
	struct led_bad bad;
	char reason[LED_REASON_MAX + 1];

	if (led_bad_decode(v->bad, value->mv_data, value->mv_size, &bad, reason) < 0) {
		led_problem(v, "quarantine %llu: cannot be read", (ull)v->bad);
		return;
	}
	if (led_derive_rejected(&v->sums, bad.worker) < 0)
		v->error = -ENOMEM;
}

/* ---- one batch ---- */

/* The next record of a table with dense numbers. False: there is none, or not this one.
 */
static bool
next_record(struct led_verify *v, MDB_cursor *cursor, uint64_t number, const char *what,
	MDB_val *ret)
{
	MDB_val key;
	int rc = mdb_cursor_get(cursor, &key, ret, number == 1 ? MDB_FIRST : MDB_NEXT);

	if (rc == 0 && key.mv_size == 8 && led_key_get_u64(key.mv_data) == number)
		return true;
	led_problem(v, "%s %llu: missing", what, (ull)number);
	return false;
}

/* From a segment, or from the database, or both: then they are the same. */
static bool
next_event(struct led_verify *v, uint64_t seq, MDB_val *ret)
{
	struct led_segment s;
	struct nv_err err = {0};
	MDB_val old;
	MDB_val key;
	int rc = 0;

	if (seq < v->kept) {
		rc = led_segment_record(v->led, v->txn, seq, ret);
	} else {
		if (mdb_cursor_get(v->events, &key, ret,
			    seq == v->kept ? MDB_FIRST : MDB_NEXT) != 0 ||
			key.mv_size != 8 || led_key_get_u64(key.mv_data) != seq)
			rc = -ENOENT;
		if (rc == 0 && seq <= v->kept_twice &&
			led_segment_record(v->led, v->txn, seq, &old) == 0 &&
			(old.mv_size != ret->mv_size ||
				memcmp(old.mv_data, ret->mv_data, old.mv_size) != 0))
			led_problem(
				v, "event %llu: is another one in its segment", (ull)seq);
	}
	if (rc == 0)
		return true;
	if (led_segment_of(v->led, v->txn, seq, &s) == 0 &&
		led_segment_check(v->led, &s, &err) < 0)
		led_problem(v, "event %llu: %s", (ull)seq, err.text);
	else
		led_problem(v, "event %llu: missing", (ull)seq);
	return false;
}

static bool
check_records(struct led_verify *v, const struct led_audit *a, struct led_chain *chain)
{
	MDB_val value;

	for (uint64_t i = 0; i < a->n_events; i++) {
		if (!next_event(v, v->seq + 1, &value))
			return false;
		v->seq++;
		led_chain_record(chain, value.mv_data, value.mv_size);
		check_event(v, &value);
		if (v->error)
			return false;
	}
	for (uint64_t i = 0; i < a->n_bad; i++) {
		if (!next_record(v, v->bads, v->bad + 1, "quarantine", &value))
			return false;
		v->bad++;
		led_chain_record(chain, value.mv_data, value.mv_size);
		check_bad(v, &value);
	}
	return true;
}

static void
check_names(struct led_verify *v, const uint32_t before[LED_DICT_COUNT],
	struct led_chain *chain)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val name;
	MDB_val id;

	for (int d = 0; d < LED_DICT_COUNT; d++) {
		enum led_dict_kind dict = (enum led_dict_kind)d;

		for (uint32_t i = before[d] + 1; i != 0 && i <= v->last_ids[d]; i++) {
			if (!led_verify_get(v, LED_DB_NAME, key,
				    led_key_name(dict, i, key), &name) ||
				name.mv_size > LED_ACCOUNT_MAX) {
				led_problem(v, "name %d/%u: missing", d, i);
				return; /* the hash will not match either */
			}
			v->rows[LED_DB_NAME]++;
			v->rows[LED_DB_NAMEID]++;
			led_chain_record(chain, name.mv_data, name.mv_size);
			size_t bytes =
				led_key_nameid(dict, name.mv_data, name.mv_size, key);

			if (!led_verify_get(v, LED_DB_NAMEID, key, bytes, &id) ||
				id.mv_size != 4 || led_key_get_u32(id.mv_data) != i)
				led_problem(v,
					"name %d/%u: does not lead back to its number", d,
					i);
		}
	}
}

static void
check_stream_row(struct led_verify *v, const struct led_stream *row)
{
	struct led_vstream *s = led_verify_stream(v, row->stream_id);

	if (!s)
		return;
	if (row->offset < s->row.offset || row->offset < s->offset_next)
		led_problem(v, "batch %llu: stream %llu goes back to %llu", (ull)v->batch,
			(ull)row->stream_id, (ull)row->offset);
	s->row = *row;
	/* What a later batch stores of it comes after what is accounted for now. */
	s->offset_next = row->offset;
	s->kinds = 0;
}

static bool
check_lists(struct led_verify *v, struct led_audit *a)
{
	struct led_stream row;
	uint32_t worker;
	uint64_t n;
	const char *key;
	size_t bytes;

	for (uint64_t i = 0; i < a->n_streams; i++) {
		if (led_audit_next_stream(a, &row) < 0)
			return false;
		check_stream_row(v, &row);
	}
	for (uint64_t i = 0; i < a->n_heartbeats; i++) {
		if (led_audit_next_heartbeats(a, &worker, &n) < 0 || n > UINT32_MAX)
			return false;
		if (led_derive_heartbeats(&v->sums, worker, (uint32_t)n) < 0)
			v->error = -ENOMEM;
	}
	for (uint64_t i = 0; i < a->n_states; i++) {
		if (led_audit_next_state(a, &n, &key, &bytes) < 0)
			return false;
		if (n < a->first_seq || n > v->seq)
			led_problem(v,
				"batch %llu: a state of event %llu, which is not in it",
				(ull)v->batch, (ull)n);
		else
			led_verify_state(v, n, key, bytes);
	}
	return led_audit_end(a) == 0;
}

static void
check_head(struct led_verify *v, const struct led_audit *a)
{
	if (memcmp(a->previous, v->head, LED_HASH_BYTES) != 0)
		led_problem(v, "batch %llu: does not follow from the one before",
			(ull)a->batch);
	if (a->first_seq != v->seq + 1 || a->first_bad != v->bad + 1)
		led_problem(v,
			"batch %llu: starts at event %llu and rejected line %llu, "
			"expected %llu and %llu",
			(ull)a->batch, (ull)a->first_seq, (ull)a->first_bad,
			(ull)v->seq + 1, (ull)v->bad + 1);
	if (a->time_ns < v->time_ns || a->duplicates < v->duplicates)
		led_problem(
			v, "batch %llu: its time or its count goes back", (ull)a->batch);
	for (int d = 0; d < LED_DICT_COUNT; d++) {
		if (a->last_ids[d] < v->last_ids[d])
			led_problem(v, "batch %llu: takes names back", (ull)a->batch);
	}
	v->time_ns = a->time_ns;
	v->duplicates = a->duplicates;
}

/* False: what comes after it cannot be read any more. */
static bool
check_batch(struct led_verify *v, struct led_audit *a)
{
	struct led_chain chain;
	uint32_t names_before[LED_DICT_COUNT];

	check_head(v, a);
	memcpy(names_before, v->last_ids, sizeof(names_before));
	memcpy(v->last_ids, a->last_ids, sizeof(v->last_ids));
	led_tables_clear(&v->sums);
	led_vseals_batch(v, a);
	led_chain_begin(&chain, a);
	if (!check_records(v, a, &chain))
		return false;
	check_names(v, names_before, &chain);
	if (!led_chain_matches(&chain))
		led_problem(v,
			"batch %llu (events %llu to %llu): the hash does not match",
			(ull)a->batch, (ull)a->first_seq, (ull)v->seq);
	memcpy(v->head, a->hash, LED_HASH_BYTES);
	led_vseals_hash(v, a);
	if (!check_lists(v, a))
		led_problem(v, "batch %llu: its lists cannot be read", (ull)a->batch);
	led_verify_apply(v);
	return v->error == 0;
}

/* False: it could not be read to its end. */
static bool
check_chain(struct led_verify *v)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	struct led_audit audit;
	int rc = mdb_cursor_open(v->txn, v->led->dbi[LED_DB_AUDIT], &cursor);

	if (rc == 0)
		rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	else
		cursor = NULL;
	for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		v->batch++;
		if (key.mv_size != 8 || led_key_get_u64(key.mv_data) != v->batch) {
			led_problem(v, "batch %llu: missing", (ull)v->batch);
			break;
		}
		if (led_audit_decode(v->batch, value.mv_data, value.mv_size, &audit) <
			0) {
			led_problem(v, "batch %llu: cannot be read", (ull)v->batch);
			break;
		}
		if (!check_batch(v, &audit))
			break;
	}
	if (rc != 0 && rc != MDB_NOTFOUND)
		led_problem(v, "the audit chain cannot be read: %s", mdb_strerror(rc));
	if (cursor)
		mdb_cursor_close(cursor);
	if (rc != MDB_NOTFOUND)
		return false;
	v->rows[LED_DB_AUDIT] = v->batch;
	v->rows[LED_DB_EVENT] = v->seq - NV_MIN(v->kept - 1, v->seq);
	if (v->kept > v->segments_end + 1 && v->seq > 0)
		led_problem(v,
			"events %llu to %llu are neither in the database nor in a "
			"segment",
			(ull)v->segments_end + 1, (ull)v->kept - 1);
	v->rows[LED_DB_BAD] = v->bad;
	v->rows[LED_DB_META] = 1;
	return true;
}

static void
verify_fini(struct led_verify *v)
{
	if (v->events)
		mdb_cursor_close(v->events);
	if (v->bads)
		mdb_cursor_close(v->bads);
	if (v->txn)
		mdb_txn_abort(v->txn);
	led_tables_fini(&v->sums);
	led_tables_fini(&v->totals);
	for (int i = 0; i < LED_T_COUNT; i++)
		free(v->open[i]);
	led_map_fini(&v->stream_keys);
	free(v->streams);
	led_texts_fini(&v->state_keys);
	free(v->state_seqs);
	led_vseals_fini(v);
	led_claims_fini(&v->claims);
	led_close(v->led);
}

/* A read transaction, and the meta page it stands on: a writer may be at work, so try
 * again until the one that was read is the one that is held. */
static int
begin_at(struct led_verify *v, const char *path, struct led_meta_page *ret)
{
	struct led_meta_page meta[2];
	struct nv_err err = {0};

	for (int tries = 0; tries < 1000; tries++) {
		int rc = led_begin_read(v->led, &v->txn);

		if (rc < 0)
			return rc;
		rc = led_pages_meta(path, meta, &err);
		if (rc < 0)
			return rc;
		for (int i = 0; i < 2; i++) {
			if (meta[i].txn == mdb_txn_id(v->txn)) {
				*ret = meta[i];
				return 0;
			}
		}
		mdb_txn_abort(v->txn);
		v->txn = NULL;
	}
	return -EBUSY;
}

static int
begin_and_check(struct led_verify *v)
{
	char path[PATH_MAX];
	struct led_meta_page meta;
	struct nv_err err = {0};
	int n = snprintf(path, sizeof(path), "%s/%s", v->led->dir, LED_FILE_NAME);

	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	int rc = begin_at(v, path, &meta);

	if (rc < 0)
		return rc;
	rc = led_pages_check(path, &meta, &err);
	if (rc != -EBADMSG)
		return rc;
	/* What the pages say cannot be relied on: nothing to compare. */
	led_problem(v, "%s", err.text);
	mdb_txn_abort(v->txn);
	v->txn = NULL;
	return 0;
}

static int
verify_open(struct led_verify *v, const char *dir, bool older)
{
	struct led_options opt = {.read_only = true, .older = older};
	struct nv_err err = {0};
	int rc = led_open(dir, &opt, &v->led, &err);

	/* No ledger, a newer one, no permission: no finding about the ledger. */
	if (rc == -EBADMSG) {
		led_problem(v, "%s", err.text);
		return 0;
	}
	if (rc < 0)
		return rc;
	rc = begin_and_check(v);
	if (rc < 0 || !v->txn)
		return rc;
	memcpy(v->head, v->led->meta.genesis, LED_HASH_BYTES);
	int mdb = mdb_cursor_open(v->txn, v->led->dbi[LED_DB_EVENT], &v->events);

	if (mdb == 0)
		mdb = mdb_cursor_open(v->txn, v->led->dbi[LED_DB_BAD], &v->bads);
	struct led_segment s;

	rc = mdb == 0 ? led_first_kept(v->led, v->txn, &v->kept) : led_rc(mdb);
	if (rc == 0 && led_segment_of(v->led, v->txn, v->kept, &s) == 0 &&
		s.first <= v->kept)
		v->kept_twice = s.last;
	return rc;
}

int
led_verify(const char *dir, const struct led_verify_options *opt, led_problem_fn *fn,
	void *arg, uint64_t *ret_checked)
{
	struct led_verify v = {.fn = fn, .arg = arg};

	v.claims.source = led_verify_source(&v);
	int rc = verify_open(&v, dir, opt && opt->older);

	if (rc == 0 && v.txn) {
		led_vseals_init(&v, opt);
		bool whole = check_chain(&v);

		if (whole) {
			led_vseals_end(&v);
			led_verify_rows(&v);
		} else if (v.error == 0) {
			led_problem(&v, "what comes after that cannot be checked");
		}
		rc = v.error;
	}
	if (v.n_problems > LED_PROBLEMS_MAX) {
		char more[64];

		(void)snprintf(more, sizeof(more), "and %llu problems more",
			(ull)(v.n_problems - LED_PROBLEMS_MAX));
		fn(arg, more);
	}
	if (ret_checked)
		*ret_checked = v.seq;
	uint64_t found = v.n_problems;

	verify_fini(&v);
	return rc < 0 ? rc : found > 0 ? 1 : 0;
}
