/* See derive.h. */
#include "derive.h"

#include <errno.h>
#include <stdlib.h>

void
led_tables_fini(struct led_tables *t)
{
	for (int i = 0; i < LED_T_COUNT; i++) {
		led_map_fini(&t->t[i].keys);
		free(t->t[i].v);
		t->t[i] = (struct led_sums){0};
	}
}

void
led_tables_clear(struct led_tables *t)
{
	for (int i = 0; i < LED_T_COUNT; i++)
		led_map_clear(&t->t[i].keys);
}

struct led_sum *
led_sums_get(struct led_sums *s, uint64_t a, uint64_t b, bool *ret_new)
{
	if (s->keys.n == s->cap) {
		uint32_t cap = s->cap ? s->cap * 2 : 64;
		struct led_sum *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		s->v = v;
		s->cap = cap;
	}
	uint32_t i = led_map_add(&s->keys, a, b, ret_new);

	if (i == LED_MAP_NONE)
		return NULL;
	if (*ret_new)
		s->v[i] = (struct led_sum){0};
	return &s->v[i];
}

unsigned
led_table_fields(enum led_table table, struct led_pair key)
{
	switch (table) {
	case LED_T_BAL:
		return LED_BAL_FIELDS;
	case LED_T_CAT:
		return LED_CAT_FIELDS;
	case LED_T_VAR:
		return key.b >> 32 == 0 ? LED_COUNT_FIELDS : LED_MONEY_FIELDS;
	case LED_T_ROLL:
	default:
		return key.b == 0 ? LED_COUNT_FIELDS : LED_MONEY_FIELDS;
	}
}

size_t
led_table_key(enum led_table table, struct led_pair key, uint32_t bucket, uint8_t *out)
{
	switch (table) {
	case LED_T_BAL:
		return led_key_bal((uint32_t)key.a, (uint32_t)key.b, out);
	case LED_T_CAT:
		return led_key_rollc((uint16_t)(key.a >> 32), (uint32_t)key.a,
			(uint32_t)(key.b >> 32), (uint32_t)key.b, bucket, out);
	case LED_T_VAR:
		return led_key_rollv((uint32_t)key.a, (uint32_t)(key.b >> 32),
			(uint32_t)key.b, bucket, out);
	case LED_T_ROLL:
	default:
		return led_key_roll((uint32_t)key.a, (uint32_t)key.b, bucket, out);
	}
}

int
led_code_field(uint16_t code, nv_i128 *ret_sign)
{
	*ret_sign = code & LED_CODE_REVERSAL ? -1 : 1;
	switch ((enum led_code)(code & ~LED_CODE_REVERSAL)) {
	case LED_CODE_COST:
		return LED_SUM_COST;
	case LED_CODE_REVENUE:
		return LED_SUM_REVENUE;
	case LED_CODE_REFUND:
		return LED_SUM_REFUNDS;
	case LED_CODE_FEE:
		return LED_SUM_FEES;
	case LED_CODE_DISPUTE:
		return LED_SUM_DISPUTES;
	case LED_CODE_PAYOUT:
		return LED_SUM_PAYOUTS;
	case LED_CODE_GRANT:
		return LED_SUM_GRANTS;
	case LED_CODE_DISPUTE_WON:
		*ret_sign = -*ret_sign;
		return LED_SUM_DISPUTES;
	case LED_CODE_DISPUTE_LOST: /* counted when it was opened */
	default:
		return -1; /* no income and no expense */
	}
}

static int
add_field(
	struct led_sums *s, struct led_pair key, unsigned field, nv_i128 v, uint64_t seq)
{
	bool is_new;
	struct led_sum *sum = led_sums_get(s, key.a, key.b, &is_new);

	if (!sum)
		return -ENOMEM;
	sum->v[field] += v;
	if (seq > sum->seq_last)
		sum->seq_last = seq;
	return 0;
}

/* What a leg does to its two balances: reserved money is pending, spent money posted. */
static int
derive_balance(struct led_tables *t, uint64_t seq, const struct led_leg *leg,
	nv_i128 posted, nv_i128 pending)
{
	bool is_new;
	struct led_sum *debit =
		led_sums_get(&t->t[LED_T_BAL], leg->debit, leg->currency, &is_new);

	if (!debit)
		return -ENOMEM;
	debit->v[LED_BAL_DEBITS] += posted;
	debit->v[LED_BAL_DEBITS_PENDING] += pending;
	debit->seq_last = seq;
	struct led_sum *credit =
		led_sums_get(&t->t[LED_T_BAL], leg->credit, leg->currency, &is_new);

	if (!credit)
		return -ENOMEM;
	credit->v[LED_BAL_CREDITS] += posted;
	credit->v[LED_BAL_CREDITS_PENDING] += pending;
	credit->seq_last = seq;
	return 0;
}

static int
derive_balances(struct led_tables *t, uint64_t seq, const struct led_leg *leg)
{
	switch ((enum led_code)leg->code) {
	case LED_CODE_RESERVE:
		return derive_balance(t, seq, leg, 0, leg->nano);
	case LED_CODE_SETTLE:
		return derive_balance(t, seq, leg, leg->nano, -(nv_i128)leg->nano);
	case LED_CODE_VOID:
		return derive_balance(t, seq, leg, 0, -(nv_i128)leg->nano);
	default:
		return derive_balance(t, seq, leg, leg->nano, 0);
	}
}

static int
derive_word(struct led_tables *t, uint64_t seq, uint32_t worker,
	const struct led_leg *leg, uint32_t code, uint32_t word, nv_i128 sign)
{
	const uint64_t high = UINT64_C(1) << 32;
	bool is_new;
	struct led_sum *sum = led_sums_get(&t->t[LED_T_CAT], code * high + worker,
		leg->currency * high + word, &is_new);

	if (!sum)
		return -ENOMEM;
	sum->v[LED_CAT_NANO] += sign * leg->nano;
	sum->v[LED_CAT_EVENTS] += sign;
	sum->seq_last = seq;
	return 0;
}

/* What was imported: by its own time, for its worker and for all. */
static int
derive_past(struct led_tables *t, const struct led_event *ev, uint64_t seq,
	const struct led_leg *leg, uint32_t code, nv_i128 way)
{
	int64_t at_ns = NV_MAX(
		ev->kind == LED_CORRECTION ? ev->caused_ns : ev->claimed_ns, (int64_t)0);
	const struct {
		uint32_t code;
		uint32_t word;
	} rows[] = {{LED_CODE_QUARTERS, led_bucket(LED_QUARTER, at_ns)},
		{LED_CODE_DAYS, led_bucket(LED_DAY, at_ns)}};

	for (size_t i = 0; i < NV_LEN(rows); i++) {
		if (derive_word(t, seq, ev->worker, leg, rows[i].code | code,
			    rows[i].word, way) < 0 ||
			derive_word(t, seq, 0, leg, rows[i].code | code, rows[i].word,
				way) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int
derive_leg(struct led_tables *t, const struct led_event *ev, uint64_t seq,
	const struct led_leg *leg, struct led_words words)
{
	nv_i128 sign;
	int field = led_code_field(leg->code, &sign);
	uint16_t code = leg->code & (uint16_t)~LED_CODE_REVERSAL;
	nv_i128 way = leg->code & LED_CODE_REVERSAL ? -1 : 1;
	struct led_pair worker = {ev->worker, leg->currency};
	struct led_pair variant = {
		ev->worker, (uint64_t)leg->currency << 32 | ev->variant};

	if (derive_balances(t, seq, leg) < 0)
		return -ENOMEM;
	if (field >= 0 && add_field(&t->t[LED_T_ROLL], worker, (unsigned)field,
				  sign * leg->nano, seq) < 0)
		return -ENOMEM;
	if (field >= 0 && ev->variant != 0 &&
		add_field(&t->t[LED_T_VAR], variant, (unsigned)field, sign * leg->nano,
			seq) < 0)
		return -ENOMEM;
	if (led_code_is_past(code) && derive_past(t, ev, seq, leg, code, way) < 0)
		return -ENOMEM;
	if (words.operation != 0 && code == LED_CODE_COST &&
		derive_word(t, seq, ev->worker, leg, LED_CODE_OPERATION | code,
			words.operation, way) < 0)
		return -ENOMEM;
	return derive_word(t, seq, ev->worker, leg, code, words.category, way);
}

static void
derive_counts(struct led_sum *n, const struct led_event *ev, uint64_t seq)
{
	n->v[LED_N_EVENTS]++;
	n->seq_last = seq;
	if (ev->kind == LED_RUN) {
		n->v[ev->flags & LED_F_OK ? LED_N_RUNS_OK : LED_N_RUNS_FAILED]++;
		if (ev->duration_ms > 0)
			n->v[LED_N_RUN_MS] += ev->duration_ms;
	}
	if (ev->kind == LED_EXIT && (ev->flags & LED_F_CRASH))
		n->v[LED_N_CRASHES]++;
}

int
led_derive_event(struct led_tables *t, const struct led_event *ev, uint64_t seq,
	struct led_words words)
{
	bool is_new;
	struct led_sum *n = led_sums_get(&t->t[LED_T_ROLL], ev->worker, 0, &is_new);

	if (!n)
		return -ENOMEM;
	derive_counts(n, ev, seq);
	if (ev->variant != 0) {
		n = led_sums_get(&t->t[LED_T_VAR], ev->worker, ev->variant, &is_new);
		if (!n)
			return -ENOMEM;
		derive_counts(n, ev, seq);
	}
	if (ev->kind == LED_WEBHOOK && words.category != 0 &&
		derive_word(t, seq, ev->worker, &(struct led_leg){0}, LED_CODE_WEBHOOK,
			words.category, 1) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		int rc = derive_leg(t, ev, seq, &ev->legs[i], words);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int
led_derive_heartbeats(struct led_tables *t, uint32_t worker, uint32_t count)
{
	struct led_pair key = {worker, 0};

	return add_field(&t->t[LED_T_ROLL], key, LED_N_HEARTBEATS, count, 0);
}

int
led_derive_rejected(struct led_tables *t, uint32_t worker)
{
	struct led_pair key = {worker, 0};

	return add_field(&t->t[LED_T_ROLL], key, LED_N_REJECTED, 1, 0);
}

static int
close_roll(struct led_sums *s)
{
	uint32_t n = s->keys.n;

	for (uint32_t i = 0; i < n; i++) {
		struct led_pair key = s->keys.keys[i];
		bool is_new;

		if (key.a == 0)
			continue; /* of no worker: is in the fleet's row already */
		struct led_sum *fleet = led_sums_get(s, 0, key.b, &is_new);

		if (!fleet)
			return -ENOMEM;
		led_sum_add(fleet, &s->v[i]);
	}
	return 0;
}

static int
close_categories(struct led_sums *s)
{
	uint32_t n = s->keys.n;

	for (uint32_t i = 0; i < n; i++) {
		struct led_pair key = s->keys.keys[i];
		uint64_t code = key.a >> 32;
		bool is_new;

		if (code & (LED_CODE_QUARTERS | LED_CODE_DAYS))
			continue; /* has the fleet's sum already, under worker 0 */
		struct led_sum *fleet =
			led_sums_get(s, code << 32 | LED_ALL_WORKERS, key.b, &is_new);

		if (!fleet)
			return -ENOMEM;
		led_sum_add(fleet, &s->v[i]);
	}
	return 0;
}

int
led_derive_close(struct led_tables *t, uint32_t schema)
{
	int rc = close_roll(&t->t[LED_T_ROLL]);

	return rc == 0 && schema >= 3 ? close_categories(&t->t[LED_T_CAT]) : rc;
}

void
led_sum_add(struct led_sum *total, const struct led_sum *delta)
{
	for (unsigned i = 0; i < LED_FIELDS_MAX; i++)
		NV_ASSERT(
			!__builtin_add_overflow(total->v[i], delta->v[i], &total->v[i]));
	total->seq_last = NV_MAX(total->seq_last, delta->seq_last);
}

int64_t
led_bucket_ns(enum led_bucket bucket)
{
	const int64_t second = INT64_C(1000000000);

	switch (bucket) {
	case LED_MINUTE:
		return 60 * second;
	case LED_QUARTER:
		return 900 * second;
	case LED_HOUR:
		return 3600 * second;
	case LED_DAY:
	default:
		return 86400 * second;
	}
}

uint32_t
led_bucket(enum led_bucket bucket, int64_t ns)
{
	NV_ASSERT(ns >= 0);
	return (uint32_t)(ns / led_bucket_ns(bucket));
}

bool
led_has_category(const struct led_event *ev)
{
	return ev->category_bytes > 0 && (ev->n_legs > 0 || ev->kind == LED_WEBHOOK);
}

bool
led_has_operation(const struct led_event *ev)
{
	return ev->operation_bytes > 0 && ev->n_legs > 0;
}

bool
led_from_line(enum led_kind kind)
{
	return kind != LED_COMPUTE && kind != LED_DESIRE && kind != LED_DECISION &&
	       kind != LED_SETTING && kind != LED_ALERT;
}
