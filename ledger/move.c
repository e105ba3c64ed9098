/* A sale that goes over to another worker, with all that came back of it; and refunds
 * that are said as a total. Nothing is edited: what stood is corrected, newest first, and
 * booked anew, oldest first, in one batch. */
#include "batch.h"
#include "entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CLAIMS_MAX 1000 /* refunds and disputes of one sale */

int
led_batch_waiting(struct led_batch *b, uint32_t scope, const char *of, size_t of_bytes,
	uint32_t currency, struct led_sale *ret)
{
	if (b->error)
		return b->error;
	int rc = led_claims_waiting(&b->claims, of, of_bytes, scope, currency, ret);

	return rc < 0 ? (b->error = rc) : 0;
}

int
led_batch_take_ahead(struct led_batch *b, struct led_event *ev, int64_t ahead)
{
	if (b->error)
		return b->error;
	if (ev->n_legs == 0 || ev->legs[0].code != LED_CODE_REFUND || ahead < 0)
		return -EINVAL;
	struct led_leg leg = ev->legs[0];

	leg.nano = NV_MIN(ahead, leg.nano);
	if (leg.nano == 0)
		return 0;
	if (ev->n_legs == LED_LEGS_MAX)
		return -E2BIG;
	leg.debit = ev->legs[0].credit;
	leg.credit = ev->legs[0].debit;
	leg.code |= LED_CODE_REVERSAL;
	ev->legs[ev->n_legs++] = leg;
	return 0;
}

/* ---- what came back of a sale ---- */

struct claims_of {
	uint64_t seqs[CLAIMS_MAX]; /* in the order of their numbers */
	unsigned n;
	int64_t refunds; /* what those found come to, one by one */
	int64_t ahead;   /* and as totals, where no refund has taken their place */
	int64_t opened;
	int64_t won;
	int64_t lost;
};

/* Each refund adds to the first sum; when all of them are there, each total adds to the
 * second: nothing that is missing goes unseen. */
static bool
is_whole(const struct claims_of *c, const struct led_sale *sale)
{
	return c->refunds == sale->refunded - sale->ahead && c->ahead == sale->ahead &&
	       c->won == sale->won && c->lost == sale->lost &&
	       c->opened == sale->disputed + sale->won + sale->lost;
}

static void
add_up(struct claims_of *c, const struct led_event *ev)
{
	for (unsigned i = 0; i < ev->n_legs; i++) {
		int64_t nano = ev->legs[i].nano;

		switch (ev->legs[i].code) {
		case LED_CODE_REFUND:
			*(ev->flags & LED_F_TOTAL ? &c->ahead : &c->refunds) += nano;
			break;
		case LED_CODE_REFUND | LED_CODE_REVERSAL:
			c->ahead -= nano;
			break;
		case LED_CODE_DISPUTE:
			c->opened += nano;
			break;
		case LED_CODE_DISPUTE_WON:
			c->won += nano;
			break;
		case LED_CODE_DISPUTE_LOST:
			c->lost += nano;
			break;
		default:
			break;
		}
	}
}

static bool
is_claim(const struct led_event *ev)
{
	return (ev->kind == LED_REFUND || ev->kind == LED_DISPUTE) && ev->of &&
	       ev->n_legs > 0;
}

/* 0; -E2BIG: too many. */
static int
note(struct led_batch *b, struct claims_of *c, uint64_t seq, const struct led_event *ev)
{
	uint64_t by;
	int rc = led_claims_link(&b->claims, LED_LINK_CORRECTED, seq, &by);

	if (rc != -ENOENT) /* taken back: it is of no account */
		return rc;
	if (c->n == CLAIMS_MAX)
		return -E2BIG;
	c->seqs[c->n++] = seq;
	add_up(c, ev);
	return 0;
}

/* Those that were there before it have a link. */
static int
find_matched(struct led_batch *b, uint64_t sale, uint64_t seq, struct claims_of *c)
{
	struct led_event ev;
	uint64_t of;
	int rc = led_batch_record(b, seq, &ev);

	if (rc < 0 || !is_claim(&ev) || ev.ref != 0)
		return rc;
	rc = led_claims_link(&b->claims, LED_LINK_MATCHED, seq, &of);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	return of == sale ? note(b, c, seq, &ev) : 0;
}

static int
matched_in_batch(struct led_batch *b, uint64_t sale, struct claims_of *c)
{
	const struct led_claims *claims = &b->claims;
	int rc = 0;

	for (uint32_t i = 0; i < claims->link_keys.n && rc == 0; i++) {
		if (claims->link_keys.keys[i].b == LED_LINK_MATCHED &&
			claims->links[i] == sale)
			rc = find_matched(b, sale, claims->link_keys.keys[i].a, c);
	}
	return rc;
}

static int
matched_before(struct led_batch *b, uint64_t sale, struct claims_of *c)
{
	MDB_cursor *cursor;
	MDB_val value;
	uint8_t first[16];
	int rc = led_batch_read(b);

	if (rc < 0)
		return rc;
	MDB_val key = led_val(first, led_key_link(LED_LINK_MATCHED, 0, first));
	uint8_t what = first[0];

	rc = mdb_cursor_open(b->read, b->led->dbi[LED_DB_LINK], &cursor);
	if (rc != 0)
		return led_rc(rc);
	rc = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	int found = 0;

	for (; rc == 0 && found == 0;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		uint64_t of;

		if (key.mv_size != 9 || ((const uint8_t *)key.mv_data)[0] != what)
			break;
		if (led_seq_decode(value.mv_data, value.mv_size, &of) < 0)
			found = -EBADMSG;
		else if (of == sale)
			found = find_matched(b, sale,
				led_key_get_u64((const uint8_t *)key.mv_data + 1), c);
	}
	mdb_cursor_close(cursor);
	return found < 0 ? found : rc == 0 || rc == MDB_NOTFOUND ? 0 : led_rc(rc);
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The row says what there must be: the look goes on until all of it is found. */
static int
find_claims(struct led_batch *b, const struct led_sale *sale, struct claims_of *c)
{
	uint64_t last = b->led->last_seq + b->n_events;
	int rc = 0;

	if (!is_whole(c, sale))
		rc = matched_before(b, sale->seq, c);
	if (rc == 0 && !is_whole(c, sale))
		rc = matched_in_batch(b, sale->seq, c);
	for (uint64_t seq = sale->seq + 1; rc == 0 && seq <= last && !is_whole(c, sale);
		seq++) {
		struct led_event ev;

		rc = led_batch_record(b, seq, &ev);
		if (rc == 0 && is_claim(&ev) && ev.ref == sale->seq)
			rc = note(b, c, seq, &ev);
	}
	if (rc == 0 && !is_whole(c, sale))
		rc = -EBUSY; /* a part of it is out of reach */
	qsort(c->seqs, c->n, sizeof(c->seqs[0]), by_number);
	return rc;
}

/* ---- moving ---- */

struct move {
	struct led_batch *b;
	const struct led_event *as; /* the sale as it shall be */
	uint32_t from;
	led_worker_fn *fn;
	void *arg;
};

/* It is the ledger's own work: not at a place of the stream, where only one can be. */
static int
append(struct move *m, struct led_event *ev, uint64_t *ret_seq)
{
	ev->stream = 0;
	ev->stream_offset = 0;
	ev->received_ns = m->as->received_ns;
	ev->id = NULL;
	ev->id_bytes = 0;
	m->fn(m->arg, ev->worker);
	return led_batch_event(m->b, ev, ret_seq);
}

static int
take_back(struct move *m, uint64_t seq)
{
	struct led_event target;
	struct led_event ev = {.claimed_ns = m->as->claimed_ns,
		.line = m->as->line,
		.line_bytes = m->as->line_bytes};
	int rc = led_batch_record(m->b, seq, &target);

	if (rc < 0)
		return rc;
	led_correction_of(&target, &ev);
	ev.said_by = target.said_by;
	return append(m, &ev, NULL);
}

/* The part of an account's name that says at which platform: "Assets:Platform:stripe". */
static const char *
party_of(const struct led_batch *b, const struct led_leg *leg, size_t *ret_bytes)
{
	const struct led_texts *names = &b->led->dicts[LED_DICT_ACCOUNT].names;
	const uint32_t accounts[] = {leg->debit, leg->credit};
	static const char *const prefixes[] = {"Assets:Platform:", "Assets:Disputed:"};

	for (size_t i = 0; i < NV_LEN(accounts); i++) {
		size_t bytes;
		const char *name = led_texts_get(names, accounts[i] - 1, &bytes);

		for (size_t k = 0; k < NV_LEN(prefixes); k++) {
			size_t n = strlen(prefixes[k]);

			if (bytes > n && memcmp(name, prefixes[k], n) == 0) {
				*ret_bytes = bytes - n;
				return name + n;
			}
		}
	}
	*ret_bytes = 0;
	return NULL;
}

/* The same leg, of another worker. */
static int
post_again(struct led_batch *b, struct led_event *ev, const struct led_leg *leg)
{
	char party[LED_ACCOUNT_MAX];
	size_t bytes;
	const char *name = party_of(b, leg, &bytes);

	if (leg->code == (LED_CODE_REFUND | LED_CODE_REVERSAL))
		return led_batch_take_ahead(b, ev, leg->nano);
	if (name) /* new accounts may move the names */
		memcpy(party, name, bytes);
	return led_batch_post(b, ev, (enum led_code)leg->code, name ? party : NULL, bytes,
		leg->nano, leg->currency);
}

static int
book_again(struct move *m, uint64_t seq, uint64_t sale)
{
	struct led_event old;
	int rc = led_batch_record(m->b, seq, &old);

	if (rc < 0)
		return rc;
	struct led_event ev = old;

	/* Whom the line named stays. */
	if (ev.worker == m->from) {
		ev.worker = m->as->worker;
		ev.said_by = led_idem_scope(&old);
	}
	ev.ref = sale;
	ev.variant = m->as->variant;
	ev.caused_ns = m->as->caused_ns;
	ev.n_legs = 0;
	for (unsigned i = 0; i < old.n_legs && rc == 0; i++)
		rc = post_again(m->b, &ev, &old.legs[i]);
	return rc < 0 ? rc : append(m, &ev, NULL);
}

/* From here on everything must go well: a refusal would leave a part. */
static int
perform(struct move *m, const struct led_sale *sale, const struct claims_of *c,
	uint64_t *ret_seq)
{
	struct led_event ev = *m->as;
	int rc = 0;

	for (unsigned i = c->n; i > 0 && rc == 0; i--)
		rc = take_back(m, c->seqs[i - 1]);
	if (rc == 0)
		rc = take_back(m, sale->seq);
	ev.ref = sale->seq;
	m->fn(m->arg, ev.worker);
	if (rc == 0)
		rc = led_batch_event(m->b, &ev, ret_seq);
	for (unsigned i = 0; i < c->n && rc == 0; i++)
		rc = book_again(m, c->seqs[i], *ret_seq);
	return rc;
}

int
led_batch_move(struct led_batch *b, uint64_t sale_seq, const struct led_event *ev,
	led_worker_fn *fn, void *arg, uint64_t *ret_seq)
{
	struct led_sale sale;
	struct claims_of *c;

	if (b->error)
		return b->error;
	int rc = led_claims_sale(&b->claims, sale_seq, &sale);

	if (rc < 0 || sale.corrected)
		return rc == -ENOENT || rc == 0 ? -EBUSY : (b->error = rc);
	if (led_event_check(ev) < 0 || ev->kind != LED_REVENUE || ev->id)
		return -EINVAL;
	c = calloc(1, sizeof(*c));
	if (!c)
		return b->error = -ENOMEM;
	rc = find_claims(b, &sale, c);
	if (rc == 0) {
		struct move m = {b, ev, sale.worker, fn, arg};

		rc = perform(&m, &sale, c, ret_seq);
		if (rc < 0) /* half of it is done */
			rc = b->error = led_is_refusal(rc) ? -EBADMSG : rc;
	} else {
		rc = rc == -E2BIG || rc == -EBUSY ? -EBUSY : (b->error = rc);
	}
	free(c);
	return rc;
}
