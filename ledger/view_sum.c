/* Reading the running totals: a window is the difference of two rows, whatever its
 * length. */
#include "view.h"

#include <errno.h>
#include <string.h>

/* ---- windows of a worker ---- */

/* The total of a key as of the last row whose bucket is below `bucket`. The bucket is the
 * end of every key. */
static int
total_below(MDB_cursor *cursor, enum led_table table, struct led_pair pair,
	uint32_t bucket, struct led_sum *ret)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val k;
	MDB_val value;

	*ret = (struct led_sum){0};
	if (bucket == 0)
		return 0;
	size_t n = led_table_key(table, pair, bucket - 1, key);
	int rc = led_floor(cursor, key, n, n - 4, &k, &value);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return led_rc(rc);
	return led_sum_decode(
		value.mv_data, value.mv_size, led_table_fields(table, pair), ret);
}

/* First bucket at or after a time; the end of time is after every bucket. */
static uint32_t
bucket_up(enum led_bucket bucket, int64_t ns)
{
	int64_t length = led_bucket_ns(bucket);

	if (ns <= 0)
		return 0;
	int64_t up = ns / length + (ns % length != 0);

	return up > UINT32_MAX ? UINT32_MAX : (uint32_t)up;
}

static uint32_t
bucket_down(enum led_bucket bucket, int64_t ns)
{
	int64_t down = ns <= 0 ? 0 : ns / led_bucket_ns(bucket);

	return down > UINT32_MAX ? UINT32_MAX : (uint32_t)down;
}

/* What was added from one bucket to another, exclusive. */
static int
difference(MDB_cursor *cursor, enum led_table table, struct led_pair pair, uint32_t from,
	uint32_t to, struct led_sum *ret)
{
	struct led_sum before = {0};
	struct led_sum after = {0};
	int rc = total_below(cursor, table, pair, from, &before);

	if (rc == 0)
		rc = total_below(cursor, table, pair, NV_MAX(to, from), &after);
	if (rc < 0)
		return rc;
	for (unsigned i = 0; i < LED_FIELDS_MAX; i++)
		after.v[i] -= before.v[i];
	*ret = after;
	return 0;
}

static uint64_t
count_of(const struct led_sum *sum, enum led_field field)
{
	return (uint64_t)sum->v[field];
}

static int
fill_totals(
	const struct led_sum *money, const struct led_sum *counts, struct led_totals *ret)
{
	*ret = (struct led_totals){
		.cost = money->v[LED_SUM_COST],
		.revenue = money->v[LED_SUM_REVENUE],
		.refunds = money->v[LED_SUM_REFUNDS],
		.fees = money->v[LED_SUM_FEES],
		.disputes = money->v[LED_SUM_DISPUTES],
		.payouts = money->v[LED_SUM_PAYOUTS],
		.grants = money->v[LED_SUM_GRANTS],
		.runs_ok = count_of(counts, LED_N_RUNS_OK),
		.runs_failed = count_of(counts, LED_N_RUNS_FAILED),
		.crashes = count_of(counts, LED_N_CRASHES),
		.heartbeats = count_of(counts, LED_N_HEARTBEATS),
		.events = count_of(counts, LED_N_EVENTS),
		.rejected = count_of(counts, LED_N_REJECTED),
		.run_ms = count_of(counts, LED_N_RUN_MS),
		.seq_last = NV_MAX(money->seq_last, counts->seq_last),
	};
	return ret->seq_last == 0 && ret->heartbeats == 0 && ret->rejected == 0 ? -ENOENT
										: 0;
}

/* Counts and money of one table; in keys without currency are the counts. */
static int
window(struct led_view *v, enum led_db db, enum led_table table, struct led_pair counts,
	struct led_pair money, uint32_t from, uint32_t to, struct led_totals *ret)
{
	MDB_cursor *cursor;
	struct led_sum money_sum = {0};
	struct led_sum counts_sum;

	*ret = (struct led_totals){0};
	int rc = led_rc(mdb_cursor_open(v->txn, v->led->dbi[db], &cursor));

	if (rc < 0)
		return rc;
	rc = difference(cursor, table, counts, from, to, &counts_sum);
	if (rc == 0 && money.b != counts.b)
		rc = difference(cursor, table, money, from, to, &money_sum);
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : fill_totals(&money_sum, &counts_sum, ret);
}

int
led_view_window(struct led_view *v, uint32_t worker, uint32_t currency, int64_t from_ns,
	int64_t to_ns, struct led_totals *ret)
{
	return window(v, LED_DB_ROLLM, LED_T_ROLL, (struct led_pair){worker, 0},
		(struct led_pair){worker, currency}, bucket_down(LED_MINUTE, from_ns),
		bucket_up(LED_MINUTE, to_ns), ret);
}

int
led_view_money(struct led_view *v, uint32_t worker, uint32_t currency, int64_t from_ns,
	int64_t to_ns, struct led_totals *ret)
{
	static const struct led_sum none;
	MDB_cursor *cursor;
	struct led_sum money;

	*ret = (struct led_totals){0};
	int rc = led_rc(mdb_cursor_open(v->txn, v->led->dbi[LED_DB_ROLLM], &cursor));

	if (rc < 0)
		return rc;
	rc = difference(cursor, LED_T_ROLL, (struct led_pair){worker, currency},
		bucket_down(LED_MINUTE, from_ns), bucket_up(LED_MINUTE, to_ns), &money);
	mdb_cursor_close(cursor);
	return rc < 0 ? rc : fill_totals(&money, &none, ret);
}

/* The newest row before a bucket, and whose bucket it is; -ENOENT: there is none. */
static int
row_below(MDB_cursor *cursor, struct led_pair pair, uint32_t bucket, struct led_sum *ret,
	uint32_t *ret_bucket)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val k;
	MDB_val value;
	size_t n = led_table_key(LED_T_ROLL, pair, bucket - 1, key);
	int rc = led_floor(cursor, key, n, n - 4, &k, &value);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? -ENOENT : led_rc(rc);
	*ret_bucket = led_key_get_u32((const uint8_t *)k.mv_data + k.mv_size - 4);
	return led_sum_decode(
		value.mv_data, value.mv_size, led_table_fields(LED_T_ROLL, pair), ret);
}

static int
fill_money_at(MDB_cursor *cursor, struct led_pair pair, const int64_t *at_ns, size_t n,
	struct led_totals *ret)
{
	static const struct led_sum none;
	struct led_sum sum = {0};
	uint32_t known =
		UINT32_MAX; /* the row of sum holds from the bucket after it on */
	int rc = 0;

	for (size_t i = n; i-- > 0;) {
		uint32_t bucket = bucket_up(LED_MINUTE, at_ns[i]);

		if (rc == 0 && bucket > 0 && (known == UINT32_MAX || bucket <= known))
			rc = row_below(cursor, pair, bucket, &sum, &known);
		if (rc < 0 && rc != -ENOENT)
			return rc;
		if (rc == -ENOENT || bucket == 0)
			sum = none; /* nor is there anything before */
		(void)fill_totals(&sum, &none, &ret[i]); /* nothing is an answer, too */
	}
	return 0;
}

int
led_view_money_at(struct led_view *v, uint32_t worker, uint32_t currency,
	const int64_t *at_ns, size_t n, struct led_totals *ret)
{
	MDB_cursor *cursor;
	int rc = led_rc(mdb_cursor_open(v->txn, v->led->dbi[LED_DB_ROLLM], &cursor));

	if (rc < 0)
		return rc;
	rc = fill_money_at(cursor, (struct led_pair){worker, currency}, at_ns, n, ret);
	mdb_cursor_close(cursor);
	return rc;
}

/* ---- variants ---- */

int
led_view_variant(struct led_view *v, uint32_t worker, uint32_t variant, uint32_t currency,
	int64_t from_ns, int64_t to_ns, struct led_totals *ret)
{
	return window(v, LED_DB_ROLLV, LED_T_VAR, (struct led_pair){worker, variant},
		(struct led_pair){worker, (uint64_t)currency << 32 | variant},
		bucket_down(LED_QUARTER, from_ns), bucket_up(LED_QUARTER, to_ns), ret);
}

int
led_view_variants(struct led_view *v, uint32_t worker, led_variant_fn *fn, void *arg)
{
	MDB_cursor *cursor;
	uint8_t key[LED_KEY_ROLLV_BYTES];
	char name[LED_CATEGORY_MAX + 1];
	MDB_val k = led_val(key, led_key_rollv(worker, 0, 0, 0, key));
	MDB_val value;
	int result = 0;
	int rc = mdb_cursor_open(v->txn, v->led->dbi[LED_DB_ROLLV], &cursor);

	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
	while (rc == 0 && result == 0) {
		if (k.mv_size != sizeof(key)) {
			result = -EBADMSG;
			break;
		}
		if (memcmp(k.mv_data, key, 8) != 0)
			break; /* the counts of this worker are over */
		memcpy(key, k.mv_data, sizeof(key));
		uint32_t variant = led_key_get_u32(key + 8);

		result = led_view_name(v, LED_DICT_VARIANT, variant, name, sizeof(name));
		if (result == 0)
			result = fn(arg, variant, name);
		memset(key + 12, 0xff, 4);
		k = led_val(key, sizeof(key));
		rc = mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
	}
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? result : led_rc(rc);
}

/* ---- categories ---- */

struct category_name {
	uint32_t id; /* 0 = none */
	char name[LED_CATEGORY_MAX + 1];
};

struct category_walk {
	struct category_name names[64];
	struct led_view *v;
	MDB_cursor *cursor;
	uint32_t from; /* quarters */
	uint32_t to;
	led_category_fn *fn;
	void *arg;
};

static int
category_below(
	MDB_cursor *cursor, const uint8_t *prefix, uint32_t quarter, struct led_sum *ret)
{
	uint8_t key[LED_KEY_ROLLC_BYTES];
	MDB_val k;
	MDB_val value;

	*ret = (struct led_sum){0};
	if (quarter == 0)
		return 0;
	memcpy(key, prefix, sizeof(key) - 4);
	for (int i = 0; i < 4; i++)
		key[sizeof(key) - 4 + i] = (uint8_t)((quarter - 1) >> (24 - 8 * i));
	int rc = led_floor(cursor, key, sizeof(key), sizeof(key) - 4, &k, &value);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return led_rc(rc);
	return led_sum_decode(value.mv_data, value.mv_size, LED_CAT_FIELDS, ret);
}

/* The name of a category: a fleet has few, and each of many times. */
static int
name_of(struct category_walk *w, uint32_t category, const char **ret)
{
	struct category_name *known = &w->names[category % NV_LEN(w->names)];

	if (category == 0) {
		*ret = "";
		return 0;
	}
	if (known->id != category) {
		int rc = led_view_name(w->v, LED_DICT_CATEGORY, category, known->name,
			sizeof(known->name));

		known->id = rc == 0 ? category : 0;
		if (rc < 0)
			return rc == -ENOENT ? -EBADMSG : rc;
	}
	*ret = known->name;
	return 0;
}

/* One (code, worker, currency, category), given by the key of one of its rows and its
 * last row. */
static int
one_category(struct category_walk *w, const uint8_t *key, uint32_t quarter,
	struct led_sum *last)
{
	const char *name = NULL;
	struct led_sum before = {0};

	if (quarter < w->from || w->to <= w->from)
		return 0; /* nothing of it is as young */
	int rc = category_below(w->cursor, key, w->from, &before);

	if (rc == 0 && quarter >= w->to)
		rc = category_below(w->cursor, key, w->to, last);
	nv_i128 nano = last->v[LED_CAT_NANO] - before.v[LED_CAT_NANO];
	uint64_t events = (uint64_t)(last->v[LED_CAT_EVENTS] - before.v[LED_CAT_EVENTS]);

	if (rc < 0 || (events == 0 && nano == 0))
		return rc;
	rc = name_of(w, led_key_get_u32(key + 10), &name);
	if (rc < 0)
		return rc;
	return w->fn(w->arg, led_key_get_u32(key + 2), led_key_get_u32(key + 6), name,
		nano, events);
}

/* Moves on from the category of `key` to the first key of the next one (false: there is
 * none), and gives the last row of this one. */
static int
next_category(struct category_walk *w, uint8_t key[LED_KEY_ROLLC_BYTES],
	uint32_t *ret_quarter, struct led_sum *ret_last, bool *ret_more)
{
	uint8_t past[LED_KEY_ROLLC_BYTES] = {0};
	MDB_val k = led_val(past, sizeof(past));
	MDB_val value;

	memcpy(past, key, sizeof(past) - 4);
	memset(past + sizeof(past) - 4, 0xff, 4);
	int rc = mdb_cursor_get(w->cursor, &k, &value, MDB_SET_RANGE);

	if (rc != 0 && rc != MDB_NOTFOUND)
		return led_rc(rc);
	*ret_more = rc == 0;
	if (rc == 0) {
		if (k.mv_size != sizeof(past))
			return -EBADMSG;
		memcpy(key, k.mv_data, sizeof(past));
	}
	rc = mdb_cursor_get(w->cursor, &k, &value, rc == 0 ? MDB_PREV : MDB_LAST);
	if (rc != 0)
		return led_rc(rc);
	*ret_quarter = led_key_get_u32((const uint8_t *)k.mv_data + sizeof(past) - 4);
	return led_sum_decode(value.mv_data, value.mv_size, LED_CAT_FIELDS, ret_last);
}

static int
walk_categories(struct category_walk *w, uint32_t worker, uint16_t code)
{
	uint8_t key[LED_KEY_ROLLC_BYTES];
	uint8_t next[LED_KEY_ROLLC_BYTES];
	uint8_t wanted[LED_KEY_ROLLC_BYTES];
	size_t prefix = worker ? 6 : 2;
	MDB_val k = led_val(wanted, led_key_rollc(code, worker, 0, 0, 0, wanted));
	MDB_val value;
	bool more = true;
	int rc = mdb_cursor_get(w->cursor, &k, &value, MDB_SET_RANGE);

	if (rc != 0)
		return rc == MDB_NOTFOUND ? 0 : led_rc(rc);
	if (k.mv_size != sizeof(key))
		return -EBADMSG;
	memcpy(next, k.mv_data, sizeof(next));
	while (more && memcmp(next, wanted, prefix) == 0 &&
		(worker || led_key_get_u32(next + 2) != LED_ALL_WORKERS)) {
		struct led_sum last = {0};
		uint32_t quarter = 0;

		memcpy(key, next, sizeof(key));
		rc = next_category(w, next, &quarter, &last, &more);
		if (rc == 0)
			rc = one_category(w, key, quarter, &last);
		if (rc != 0)
			return rc;
	}
	return 0;
}

static int
walk_code(struct led_view *v, uint32_t worker, uint16_t code, int64_t from_ns,
	int64_t to_ns, led_category_fn *fn, void *arg)
{
	struct category_walk w = {
		.v = v,
		.from = bucket_down(LED_QUARTER, from_ns),
		.to = bucket_up(LED_QUARTER, to_ns),
		.fn = fn,
		.arg = arg,
	};
	int rc = led_rc(mdb_cursor_open(v->txn, v->led->dbi[LED_DB_ROLLC], &w.cursor));

	if (rc < 0)
		return rc;
	rc = walk_categories(&w, worker, code);
	mdb_cursor_close(w.cursor);
	return rc;
}

int
led_view_categories(struct led_view *v, uint32_t worker, enum led_code code,
	int64_t from_ns, int64_t to_ns, led_category_fn *fn, void *arg)
{
	return walk_code(v, worker, (uint16_t)code, from_ns, to_ns, fn, arg);
}

int
led_view_operations(struct led_view *v, uint32_t worker, int64_t from_ns, int64_t to_ns,
	led_category_fn *fn, void *arg)
{
	return walk_code(
		v, worker, LED_CODE_OPERATION | LED_CODE_COST, from_ns, to_ns, fn, arg);
}

/* ---- balances ---- */

static int
one_balance(struct led_view *v, const MDB_val *key, const MDB_val *value,
	led_account_fn *fn, void *arg)
{
	char name[LED_ACCOUNT_MAX + 1];
	struct led_sum sum;

	if (key->mv_size != 8 ||
		led_sum_decode(value->mv_data, value->mv_size, LED_BAL_FIELDS, &sum) < 0)
		return -EBADMSG;
	uint32_t account = led_key_get_u32(key->mv_data);
	uint32_t currency = led_key_get_u32((const uint8_t *)key->mv_data + 4);
	int rc = led_view_account_name(v, account, name, sizeof(name));

	if (rc < 0)
		return rc == -ENOENT ? -EBADMSG : rc;
	return fn(arg, account, name, currency, sum.v[LED_BAL_DEBITS],
		sum.v[LED_BAL_CREDITS]);
}

int
led_view_balance(struct led_view *v, const char *account, uint32_t currency,
	struct led_balance *ret)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	struct led_sum sum;
	MDB_val value;

	*ret = (struct led_balance){0};
	size_t bytes = led_key_bal(led_view_account_id(v, account), currency, key);
	int rc = led_view_get(v, LED_DB_BAL, key, bytes, &value);

	if (rc == 0)
		rc = led_sum_decode(value.mv_data, value.mv_size, LED_BAL_FIELDS, &sum);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	*ret = (struct led_balance){sum.v[LED_BAL_DEBITS], sum.v[LED_BAL_CREDITS],
		sum.v[LED_BAL_DEBITS_PENDING], sum.v[LED_BAL_CREDITS_PENDING]};
	return 0;
}

int
led_view_balances(struct led_view *v, led_account_fn *fn, void *arg)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int result = 0;
	int rc = mdb_cursor_open(v->txn, v->led->dbi[LED_DB_BAL], &cursor);

	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (rc == 0 && result == 0) {
		result = one_balance(v, &key, &value, fn, arg);
		if (result == 0)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? result : led_rc(rc);
}
