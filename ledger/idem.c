/* The idempotency index: who said it and its id -> the first event with that id. */
#include "batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint32_t
led_idem_scope(const struct led_event *ev)
{
	return ev->said_by ? ev->said_by : ev->worker;
}

static bool
same_bytes(const char *a, size_t a_bytes, const char *b, size_t b_bytes)
{
	return a_bytes == b_bytes && (a_bytes == 0 || memcmp(a, b, a_bytes) == 0);
}

/* Without the one that says how much of a reservation it took, or of a total before it:
 * the second time there may be nothing left to take. It is the last. */
static unsigned
own_legs(const struct led_event *ev)
{
	unsigned n = ev->n_legs;

	if (n == 0)
		return 0;
	uint16_t last = ev->legs[n - 1].code;
	bool taken_back =
		ev->kind == LED_REFUND && last == (LED_CODE_REFUND | LED_CODE_REVERSAL);

	return last == LED_CODE_SETTLE || taken_back ? n - 1 : n;
}

static bool
same_legs(const struct led_event *a, const struct led_event *b)
{
	unsigned n = own_legs(a);

	if (n != own_legs(b))
		return false;
	for (unsigned i = 0; i < n; i++) {
		const struct led_leg *x = &a->legs[i];
		const struct led_leg *y = &b->legs[i];

		if (x->debit != y->debit || x->credit != y->credit ||
			x->nano != y->nano || x->currency != y->currency ||
			x->code != y->code)
			return false;
	}
	return true;
}

/* A refund may be about another worker the second time, when its sale has become known
 * meanwhile: who it is about is in what it names. */
static bool
same_claim(const struct led_event *a, const struct led_event *b)
{
	if (!a->of || !b->of || !same_bytes(a->of, a->of_bytes, b->of, b->of_bytes) ||
		own_legs(a) != own_legs(b) || a->n_legs == 0)
		return false;
	for (unsigned i = 0; i < own_legs(a); i++) {
		if (a->legs[i].nano != b->legs[i].nano ||
			a->legs[i].currency != b->legs[i].currency ||
			a->legs[i].code != b->legs[i].code)
			return false;
	}
	return true;
}

/* A reservation says when it ends, and a correction what it takes back, besides its legs.
 */
static bool
same_rest(const struct led_event *a, const struct led_event *b)
{
	if (a->kind == LED_CORRECTION)
		return a->ref == b->ref;
	return same_bytes(
		       a->external, a->external_bytes, b->external, b->external_bytes) &&
	       same_bytes(a->operation, a->operation_bytes, b->operation,
		       b->operation_bytes);
}

/* The same thing said twice: the very same line, or (since a worker that repeats itself
 * after a crash may stamp it anew) the same money or run in other words. */
static bool
same_content(const struct led_event *a, const struct led_event *b)
{
	if (a->kind != b->kind)
		return false;
	/* How much a total adds depends on what was known. */
	if (a->kind == LED_REFUND && (a->flags & b->flags & LED_F_TOTAL))
		return a->of && b->of &&
		       same_bytes(a->of, a->of_bytes, b->of, b->of_bytes);
	if (a->kind == LED_WEBHOOK) /* told again: signed anew, perhaps among others */
		return true;
	if (a->worker != b->worker)
		return same_claim(a, b);
	if (same_bytes(a->line, a->line_bytes, b->line, b->line_bytes))
		return true;
	if (a->n_legs == 0 && a->kind != LED_RUN)
		return false;
	size_t category_bytes = led_cut(b->category, b->category_bytes, LED_CATEGORY_MAX);

	return a->flags == b->flags && a->duration_ms == b->duration_ms &&
	       same_legs(a, b) && same_rest(a, b) &&
	       same_bytes(a->category, a->category_bytes, b->category, category_bytes);
}

static int
verdict(const struct led_event *first, const struct led_event *ev, uint64_t *ret_seq)
{
	if (!same_content(first, ev))
		return -EEXIST;
	*ret_seq = first->seq;
	return 1;
}

static int
check_stored(struct led_batch *b, const uint8_t *key, size_t key_bytes,
	const struct led_event *ev, uint64_t *ret_seq)
{
	struct led *led = b->led;
	struct led_event first;
	uint64_t seq;
	MDB_val value;

	int rc = led_batch_read(b);

	if (rc < 0)
		return rc;
	MDB_val k = led_val(key, key_bytes);

	rc = mdb_get(b->read, led->dbi[LED_DB_IDEM], &k, &value);

	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc != 0)
		return led_rc(rc);
	if (led_seq_decode(value.mv_data, value.mv_size, &seq) < 0)
		return -EBADMSG;
	if (led_record(led, b->read, seq, &value) < 0 ||
		led_event_decode(seq, value.mv_data, value.mv_size, &first) < 0)
		return -EBADMSG;
	return verdict(&first, ev, ret_seq);
}

int
led_idem_check(struct led_batch *b, const struct led_event *ev, uint64_t *ret_seq)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	size_t key_bytes = led_key_idem(led_idem_scope(ev), ev->id, ev->id_bytes, key);
	uint32_t i = led_texts_find(&b->ids, key, key_bytes);

	if (i == LED_MAP_NONE)
		return check_stored(b, key, key_bytes, ev, ret_seq);
	struct led_event first;
	const uint8_t *record = b->events.data + b->id_events[i];
	uint32_t bytes;

	memcpy(&bytes, record, 4);
	NV_ASSERT(led_event_decode(b->id_seqs[i], record + 4, bytes, &first) == 0);
	return verdict(&first, ev, ret_seq);
}

int
led_idem_add(struct led_batch *b, const struct led_event *ev, uint64_t seq, size_t at)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	size_t key_bytes = led_key_idem(led_idem_scope(ev), ev->id, ev->id_bytes, key);
	bool is_new;

	if (b->ids.n == b->ids_cap) {
		uint32_t cap = b->ids_cap ? b->ids_cap * 2 : 64;
		uint64_t *seqs = reallocarray(b->id_seqs, cap, sizeof(*seqs));

		if (!seqs)
			return -ENOMEM;
		b->id_seqs = seqs;
		size_t *events = reallocarray(b->id_events, cap, sizeof(*events));

		if (!events)
			return -ENOMEM;
		b->id_events = events;
		b->ids_cap = cap;
	}
	uint32_t i = led_texts_add(&b->ids, key, key_bytes, &is_new);

	if (i == LED_MAP_NONE)
		return -ENOMEM;
	NV_ASSERT(is_new);
	b->id_seqs[i] = seq;
	b->id_events[i] = at;
	return 0;
}
