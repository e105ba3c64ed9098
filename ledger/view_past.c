/* What was imported, by its own time: rows of the table of categories whose word is the
 * number of a quarter of an hour or of a day (derive.h). Each word has a running total by
 * the time of the commit, of which the last one counts. A window takes whole days where
 * it can, and quarters at its edges. */
#include "view.h"

#include "derive.h"

#include <errno.h>
#include <string.h>

struct past {
	struct led_view *view;
	MDB_cursor *cursor;
	uint32_t worker;
	uint32_t currency;
};

static int
decode(const MDB_val *value, struct led_sum *ret)
{
	return led_sum_decode(value->mv_data, value->mv_size, LED_CAT_FIELDS, ret);
}

/* Adds the words of [from, to) of one code. */
static int
add_words(const struct past *p, uint16_t code, uint32_t from, uint32_t to, nv_i128 *sum,
	uint64_t *seq_last)
{
	enum { WORD_AT = LED_KEY_ROLLC_BYTES - 8 };
	uint8_t first[LED_KEY_ROLLC_BYTES];
	uint32_t open = 0;
	nv_i128 last = 0;
	bool any = false;
	MDB_val value;
	MDB_val k = led_val(
		first, led_key_rollc(code, p->worker, p->currency, from, 0, first));
	int rc = from < to ? mdb_cursor_get(p->cursor, &k, &value, MDB_SET_RANGE)
			   : MDB_NOTFOUND;

	for (; rc == 0; rc = mdb_cursor_get(p->cursor, &k, &value, MDB_NEXT)) {
		struct led_sum row;

		if (k.mv_size != sizeof(first) || decode(&value, &row) < 0)
			return -EBADMSG;
		uint32_t word = led_key_get_u32((const uint8_t *)k.mv_data + WORD_AT);

		if (memcmp(k.mv_data, first, WORD_AT) != 0 || word >= to)
			break;
		if (any && word != open)
			*sum += last;
		open = word;
		last = row.v[LED_CAT_NANO];
		any = true;
		*seq_last = NV_MAX(*seq_last, row.seq_last);
	}
	*sum += last;
	return rc == 0 || rc == MDB_NOTFOUND ? 0 : led_rc(rc);
}

/* The bucket of a time, of one that is not on an edge the one before it (after it). */
static uint32_t
bucket_of(enum led_bucket bucket, int64_t ns, bool up)
{
	int64_t length = led_bucket_ns(bucket);
	int64_t n = ns <= 0 ? 0 : ns / length + (up && ns % length != 0);

	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static int
add_window(const struct past *p, uint16_t code, int64_t from_ns, int64_t to_ns,
	nv_i128 *sum, uint64_t *seq_last)
{
	const uint32_t per_day =
		(uint32_t)(led_bucket_ns(LED_DAY) / led_bucket_ns(LED_QUARTER));
	uint32_t from = bucket_of(LED_QUARTER, from_ns, false);
	uint32_t to = bucket_of(LED_QUARTER, to_ns, true);
	uint32_t first_day = from / per_day + (from % per_day != 0);
	uint32_t end_day = to / per_day;
	uint16_t quarters = (uint16_t)(code | LED_CODE_QUARTERS);

	if (first_day >= end_day)
		return add_words(p, quarters, from, to, sum, seq_last);
	int rc = add_words(p, quarters, from, first_day * per_day, sum, seq_last);

	if (rc == 0)
		rc = add_words(p, (uint16_t)(code | LED_CODE_DAYS), first_day, end_day,
			sum, seq_last);
	if (rc == 0)
		rc = add_words(p, quarters, end_day * per_day, to, sum, seq_last);
	return rc;
}

int
led_view_past(struct led_view *v, uint32_t worker, uint32_t currency, int64_t from_ns,
	int64_t to_ns, struct led_totals *ret)
{
	struct past p = {.view = v, .worker = worker, .currency = currency};

	*ret = (struct led_totals){0};
	int rc = led_rc(mdb_cursor_open(v->txn, v->led->dbi[LED_DB_ROLLC], &p.cursor));

	if (rc < 0)
		return rc;
	rc = add_window(
		&p, LED_CODE_PAST_COST, from_ns, to_ns, &ret->cost, &ret->seq_last);
	if (rc == 0)
		rc = add_window(&p, LED_CODE_PAST_REVENUE, from_ns, to_ns, &ret->revenue,
			&ret->seq_last);
	mdb_cursor_close(p.cursor);
	if (rc == 0 && ret->seq_last == 0)
		rc = -ENOENT;
	return rc;
}

int
led_view_past_first(
	struct led_view *v, uint32_t worker, uint32_t currency, int64_t *ret_ns)
{
	static const uint16_t codes[] = {LED_CODE_PAST_COST | LED_CODE_QUARTERS,
		LED_CODE_PAST_REVENUE | LED_CODE_QUARTERS};
	MDB_cursor *cursor;
	uint32_t first = UINT32_MAX;
	int rc = led_rc(mdb_cursor_open(v->txn, v->led->dbi[LED_DB_ROLLC], &cursor));

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < NV_LEN(codes) && rc == 0; i++) {
		uint8_t key[LED_KEY_ROLLC_BYTES];
		MDB_val value;
		MDB_val k = led_val(
			key, led_key_rollc(codes[i], worker, currency, 0, 0, key));

		rc = mdb_cursor_get(cursor, &k, &value, MDB_SET_RANGE);
		if (rc == 0 && k.mv_size == sizeof(key) &&
			memcmp(k.mv_data, key, sizeof(key) - 8) == 0)
			first = NV_MIN(first, led_key_get_u32((const uint8_t *)k.mv_data +
							      sizeof(key) - 8));
		rc = rc == MDB_NOTFOUND ? 0 : led_rc(rc);
	}
	mdb_cursor_close(cursor);
	if (rc < 0)
		return rc;
	if (first == UINT32_MAX)
		return -ENOENT;
	*ret_ns = first * led_bucket_ns(LED_QUARTER);
	return 0;
}
