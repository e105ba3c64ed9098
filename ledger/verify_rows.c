/* Comparing the derived tables with what the events say, both ways: every row that should
 * be there is looked up and compared byte by byte, and every table is counted, so that a
 * row nobody accounts for is found too. */
#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

static const uint32_t no_bucket = UINT32_MAX;

static void *
grown(void *array, uint32_t *cap, size_t elem_bytes)
{
	uint32_t more = *cap ? *cap * 2 : 64;
	void *p = reallocarray(array, more, elem_bytes);

	if (p)
		*cap = more;
	return p;
}

/* ---- streams and states: the last word of each key ---- */

struct led_vstream *
led_verify_stream(struct led_verify *v, uint64_t id)
{
	bool is_new;

	if (v->stream_keys.n == v->streams_cap) {
		struct led_vstream *p =
			grown(v->streams, &v->streams_cap, sizeof(*v->streams));

		if (!p) {
			v->error = -ENOMEM;
			return NULL;
		}
		v->streams = p;
	}
	uint32_t i = led_map_add(&v->stream_keys, id, 0, &is_new);

	if (i == LED_MAP_NONE) {
		v->error = -ENOMEM;
		return NULL;
	}
	if (is_new)
		v->streams[i] = (struct led_vstream){0};
	return &v->streams[i];
}

void
led_verify_state(struct led_verify *v, uint64_t seq, const char *key, size_t bytes)
{
	bool is_new;

	if (v->state_keys.n == v->states_cap) {
		uint64_t *p =
			grown(v->state_seqs, &v->states_cap, sizeof(*v->state_seqs));

		if (!p) {
			v->error = -ENOMEM;
			return;
		}
		v->state_seqs = p;
	}
	uint32_t i = led_texts_add(&v->state_keys, key, bytes, &is_new);

	if (i == LED_MAP_NONE)
		v->error = -ENOMEM;
	else
		v->state_seqs[i] = seq;
}

/* ---- sums ---- */

struct granularity {
	enum led_db db;
	enum led_bucket bucket;
};
static const struct granularity roll_rows[3] = {
	{LED_DB_ROLLM, LED_MINUTE}, {LED_DB_ROLLH, LED_HOUR}, {LED_DB_ROLLD, LED_DAY}};
static const struct granularity cat_rows[1] = {{LED_DB_ROLLC, LED_QUARTER}};
static const struct granularity var_rows[1] = {{LED_DB_ROLLV, LED_QUARTER}};
static const struct granularity bal_rows[1] = {{LED_DB_BAL, LED_DAY}};

static const struct granularity *
rows_of(enum led_table table, unsigned *ret_n)
{
	*ret_n = table == LED_T_ROLL ? 3 : 1;
	switch (table) {
	case LED_T_ROLL:
		return roll_rows;
	case LED_T_CAT:
		return cat_rows;
	case LED_T_VAR:
		return var_rows;
	default:
		return bal_rows;
	}
}

static void
compare_row(struct led_verify *v, enum led_table table, enum led_db db,
	struct led_pair pair, uint32_t bucket, const struct led_sum *sum)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	uint8_t expected[LED_SUM_BYTES_MAX];
	size_t key_bytes = led_table_key(table, pair, bucket, key);
	size_t bytes = led_sum_encode(sum, led_table_fields(table, pair), expected);
	MDB_val value;

	v->rows[db]++;
	if (!led_verify_get(v, db, key, key_bytes, &value))
		led_problem(v, "%s %llx/%llx in bucket %u: missing", led_db_name(db),
			(ull)pair.a, (ull)pair.b, bucket);
	else if (value.mv_size != bytes || memcmp(value.mv_data, expected, bytes) != 0)
		led_problem(v,
			"%s %llx/%llx in bucket %u: is not what the events add up to",
			led_db_name(db), (ull)pair.a, (ull)pair.b, bucket);
}

static struct led_open_rows *
open_rows(struct led_verify *v, enum led_table table, uint32_t i, bool is_new)
{
	while (i >= v->open_cap[table]) {
		struct led_open_rows *p =
			grown(v->open[table], &v->open_cap[table], sizeof(*p));

		if (!p) {
			v->error = -ENOMEM;
			return NULL;
		}
		v->open[table] = p;
	}
	struct led_open_rows *rows = &v->open[table][i];

	if (is_new) {
		for (unsigned g = 0; g < NV_LEN(rows->bucket); g++)
			rows->bucket[g] = no_bucket;
	}
	return rows;
}

static void
apply_key(struct led_verify *v, enum led_table table, uint32_t from)
{
	struct led_sums *sums = &v->sums.t[table];
	struct led_sums *totals = &v->totals.t[table];
	struct led_pair pair = sums->keys.keys[from];
	unsigned n;
	const struct granularity *g = rows_of(table, &n);
	bool is_new;
	struct led_sum *total = led_sums_get(totals, pair.a, pair.b, &is_new);

	if (!total) {
		v->error = -ENOMEM;
		return;
	}
	struct led_open_rows *rows =
		open_rows(v, table, (uint32_t)(total - totals->v), is_new);

	if (!rows)
		return;
	for (unsigned i = 0; i < n; i++) {
		/* A balance is one row for ever. */
		uint32_t bucket =
			table == LED_T_BAL ? 0 : led_bucket(g[i].bucket, v->time_ns);

		if (rows->bucket[i] != bucket && rows->bucket[i] != no_bucket)
			compare_row(v, table, g[i].db, pair, rows->bucket[i], total);
		rows->bucket[i] = bucket;
	}
	led_sum_add(total, &sums->v[from]);
}

void
led_verify_apply(struct led_verify *v)
{
	if (led_derive_close(&v->sums, v->led->meta.schema) < 0) {
		v->error = -ENOMEM;
		return;
	}
	for (int t = 0; t < LED_T_COUNT; t++) {
		for (uint32_t i = 0; i < v->sums.t[t].keys.n && !v->error; i++)
			apply_key(v, (enum led_table)t, i);
	}
}

static void
last_rows(struct led_verify *v)
{
	for (int t = 0; t < LED_T_COUNT; t++) {
		struct led_sums *totals = &v->totals.t[t];
		unsigned n;
		const struct granularity *g = rows_of((enum led_table)t, &n);

		for (uint32_t i = 0; i < totals->keys.n; i++) {
			for (unsigned k = 0; k < n; k++)
				compare_row(v, (enum led_table)t, g[k].db,
					totals->keys.keys[i], v->open[t][i].bucket[k],
					&totals->v[i]);
		}
	}
}

/* Debits and credits of each currency over all accounts are equal, or an event did not
 * balance. */
static void
check_balanced(struct led_verify *v)
{
	struct led_sums *bal = &v->totals.t[LED_T_BAL];
	struct led_sums by_currency = {0};

	for (uint32_t i = 0; i < bal->keys.n; i++) {
		bool is_new;
		struct led_sum *sum =
			led_sums_get(&by_currency, bal->keys.keys[i].b, 0, &is_new);

		if (!sum) {
			v->error = -ENOMEM;
			break;
		}
		led_sum_add(sum, &bal->v[i]);
	}
	for (uint32_t i = 0; i < by_currency.keys.n; i++) {
		const nv_i128 *sums = by_currency.v[i].v;

		if (sums[LED_BAL_DEBITS] != sums[LED_BAL_CREDITS] ||
			sums[LED_BAL_DEBITS_PENDING] != sums[LED_BAL_CREDITS_PENDING])
			led_problem(v, "currency %llu: debits and credits differ",
				(ull)by_currency.keys.keys[i].a);
	}
	led_map_fini(&by_currency.keys);
	free(by_currency.v);
}

/* ---- streams, states ---- */

static void
check_streams(struct led_verify *v)
{
	for (uint32_t i = 0; i < v->stream_keys.n; i++) {
		const struct led_vstream *s = &v->streams[i];
		uint64_t id = v->stream_keys.keys[i].a;
		uint8_t key[8];
		uint8_t expected[LED_STREAM_BYTES_MAX];
		MDB_val value;

		if (s->row.stream_id == 0 || s->offset_next > s->row.offset) {
			led_problem(
				v, "stream %llu: has events past its offset", (ull)id);
			if (s->row.stream_id == 0)
				continue;
		}
		size_t bytes = led_stream_encode(&s->row, expected);

		v->rows[LED_DB_STREAM]++;
		if (!led_verify_get(v, LED_DB_STREAM, key, led_key_u64(id, key), &value))
			led_problem(v, "stream %llu: missing", (ull)id);
		else if (value.mv_size != bytes ||
			 memcmp(value.mv_data, expected, bytes) != 0)
			led_problem(v, "stream %llu: is not what the audit chain says",
				(ull)id);
	}
}

static bool
state_says(struct led_verify *v, const MDB_val *value, uint64_t seq)
{
	uint64_t stored_seq;
	const void *line;
	size_t bytes;
	MDB_val record;
	struct led_event ev;

	if (led_state_decode(value->mv_data, value->mv_size, &stored_seq, &line, &bytes) <
		0)
		return false;
	if (stored_seq != seq || led_record(v->led, v->txn, seq, &record) < 0 ||
		led_event_decode(seq, record.mv_data, record.mv_size, &ev) < 0)
		return false;
	return ev.line_bytes == bytes &&
	       (bytes == 0 || memcmp(ev.line, line, bytes) == 0);
}

static void
check_states(struct led_verify *v)
{
	for (uint32_t i = 0; i < v->state_keys.n; i++) {
		size_t bytes;
		const char *key = led_texts_get(&v->state_keys, i, &bytes);
		MDB_val value;

		v->rows[LED_DB_STATE]++;
		if (!led_verify_get(v, LED_DB_STATE, (const uint8_t *)key, bytes, &value))
			led_problem(v, "state %.*s: missing", (int)bytes, key);
		else if (!state_says(v, &value, v->state_seqs[i]))
			led_problem(v, "state %.*s: is not what event %llu says",
				(int)bytes, key, (ull)v->state_seqs[i]);
	}
}

/* ---- counting ---- */

static bool
ascending(const MDB_val *a, const MDB_val *b)
{
	int c = memcmp(a->mv_data, b->mv_data, NV_MIN(a->mv_size, b->mv_size));

	return c < 0 || (c == 0 && a->mv_size < b->mv_size);
}

/* Rows of a table by walking it; a damaged tree can loop, so keys must ascend. */
static void
count_rows(struct led_verify *v, enum led_db db)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	MDB_val before = {0};
	MDB_stat stat = {0};
	uint64_t n = 0;
	int rc = mdb_cursor_open(v->txn, v->led->dbi[db], &cursor);

	if (rc != 0) {
		led_problem(
			v, "%s cannot be read: %s", led_db_name(db), mdb_strerror(rc));
		return;
	}
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		if (n > 0 && !ascending(&before, &key)) {
			led_problem(v, "%s: its keys are out of order", led_db_name(db));
			break;
		}
		before = key;
		n++;
	}
	mdb_cursor_close(cursor);
	if (rc != 0 && rc != MDB_NOTFOUND)
		led_problem(
			v, "%s cannot be read: %s", led_db_name(db), mdb_strerror(rc));
	if (n != v->rows[db])
		led_problem(v, "%s: %llu rows, expected %llu", led_db_name(db), (ull)n,
			(ull)v->rows[db]);
	rc = mdb_stat(v->txn, v->led->dbi[db], &stat);
	if (rc != 0 || stat.ms_entries != n)
		led_problem(v, "%s: %llu rows, but it says %llu", led_db_name(db), (ull)n,
			(ull)stat.ms_entries);
}

void
led_verify_rows(struct led_verify *v)
{
	last_rows(v);
	check_balanced(v);
	check_streams(v);
	check_states(v);
	led_verify_claim_rows(v);
	for (unsigned i = 0; i < LED_DB_COUNT; i++)
		count_rows(v, (enum led_db)i);
}
