/* Sales and reservations as a batch offers them: see led.h. The rules are in claim.c. */
#include "batch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A refusal is an answer, anything else the end of the batch. */
static int
answer(struct led_batch *b, int rc)
{
	return rc >= 0 || led_is_refusal(rc) ? rc : (b->error = rc);
}

/* ---- events by their number or id ---- */

int
led_batch_lookup(struct led_batch *b, uint64_t seq, struct led_event *ret)
{
	return b->error ? b->error : answer(b, led_batch_record(b, seq, ret));
}

int
led_batch_lookup_id(
	struct led_batch *b, const struct led_event *ev, struct led_event *ret)
{
	uint64_t seq;

	if (b->error)
		return b->error;
	int rc = led_batch_id(b, led_idem_scope(ev), ev->id, ev->id_bytes, &seq);

	return rc < 0 ? answer(b, rc) : led_batch_lookup(b, seq, ret);
}

int64_t
led_batch_run_time(
	struct led_batch *b, uint32_t worker, const char *run, size_t run_bytes)
{
	static const char end[] = ".run";
	char id[LED_RUN_MAX + sizeof(end)];
	struct led_event ev;
	struct led_event key = {.worker = worker, .id = run, .id_bytes = run_bytes};

	if (run_bytes == 0 || run_bytes > LED_RUN_MAX)
		return 0;
	if (led_batch_lookup_id(b, &key, &ev) == 0 && ev.kind == LED_RUN)
		return ev.claimed_ns;
	memcpy(id, run, run_bytes);
	memcpy(id + run_bytes, end, sizeof(end) - 1);
	key.id = id;
	key.id_bytes = run_bytes + sizeof(end) - 1;
	return led_batch_lookup_id(b, &key, &ev) == 0 && ev.kind == LED_RUN
		       ? ev.claimed_ns
		       : 0;
}

/* ---- sales ---- */

/* The sale that an id leads to: of the index of ids, or of external ones. -ENOENT: it is
 * none. */
static int
sale_by(struct led_batch *b, bool external, uint32_t scope, const char *id, size_t bytes,
	struct led_sale *ret)
{
	uint64_t seq = 0;
	int rc = external ? led_batch_ext(b, scope, id, bytes, &seq)
			  : led_batch_id(b, scope, id, bytes, &seq);

	if (rc == 0)
		rc = led_claims_sale(&b->claims, seq, ret);
	/* One that was corrected and booked anew has handed its names on. */
	while (rc == 0 && ret->corrected &&
		led_claims_link(&b->claims, LED_LINK_REPLACED, ret->seq, &seq) == 0)
		rc = led_claims_sale(&b->claims, seq, ret);
	return rc;
}

int
led_batch_sale(struct led_batch *b, uint32_t scope, uint32_t worker, const char *of,
	size_t of_bytes, struct led_sale *ret)
{
	if (b->error)
		return b->error;
	int rc = sale_by(b, false, scope, of, of_bytes, ret);

	if (rc == -ENOENT)
		rc = sale_by(b, true, scope, of, of_bytes, ret);
	if (rc == -ENOENT && worker != scope)
		rc = sale_by(b, false, worker, of, of_bytes, ret);
	if (rc == -ENOENT)
		rc = sale_by(b, true, 0, of, of_bytes, ret);
	return answer(b, rc);
}

/* ---- reservations ---- */

int
led_batch_reserve(struct led_batch *b, struct led_event *ev, int64_t nano,
	uint32_t currency, int64_t expires_ns, uint64_t *ret_seq)
{
	ev->kind = LED_RESERVE;
	ev->n_legs = 0;
	ev->expires_ns = expires_ns;
	int rc = led_batch_post(b, ev, LED_CODE_RESERVE, NULL, 0, nano, currency);

	return rc < 0 ? rc : led_batch_event(b, ev, ret_seq);
}

int
led_batch_pend_seq(struct led_batch *b, uint64_t seq, struct led_pend *ret)
{
	return b->error ? b->error : answer(b, led_claims_pend(&b->claims, seq, ret));
}

int
led_batch_pend(struct led_batch *b, uint32_t scope, const char *id, size_t id_bytes,
	struct led_pend *ret)
{
	uint64_t seq;

	if (b->error)
		return b->error;
	int rc = led_batch_id(b, scope, id, id_bytes, &seq);

	return rc < 0 ? answer(b, rc) : led_batch_pend_seq(b, seq, ret);
}

int
led_batch_settle(struct led_batch *b, struct led_event *ev, uint64_t pend_seq,
	int64_t nano, uint32_t currency, int64_t *ret_settled)
{
	struct led_pend pend = {0};
	int rc = led_batch_pend_seq(b, pend_seq, &pend);

	if (rc < 0)
		return rc;
	if (pend.worker != ev->worker)
		return -ENOENT;
	if (pend.currency != currency)
		return -EDOM;
	if (pend.expires_ns <= b->now_ns)
		return -ETIME;
	nano = NV_MIN(nano, pend.left);
	rc = led_batch_post(b, ev, LED_CODE_SETTLE, NULL, 0, nano, currency);
	if (rc < 0)
		return rc;
	ev->ref = pend_seq;
	*ret_settled = nano;
	return 0;
}

int
led_batch_void(struct led_batch *b, const struct led_event *ev, uint64_t pend_seq,
	uint32_t flags, uint64_t *ret_seq)
{
	struct led_pend pend = {0};
	struct led_event own = {.claimed_ns = b->now_ns, .received_ns = b->now_ns};
	char line[80];
	int rc = led_batch_pend_seq(b, pend_seq, &pend);

	if (rc < 0)
		return rc;
	if (ev) {
		own = *ev;
	} else {
		int n = snprintf(line, sizeof(line),
			"{\"event\":\"release\",\"reservation\":%llu,\"why\":\"%s\"}",
			(unsigned long long)pend_seq,
			flags & LED_F_EXPIRED ? "expired"
			: flags & LED_F_ENDED ? "ended"
					      : "void");

		own.line = line;
		own.line_bytes = (size_t)n;
		own.instance = pend.instance;
		own.generation = pend.generation;
	}
	own.kind = LED_RELEASE;
	own.flags |= flags;
	own.worker = pend.worker;
	own.ref = pend_seq;
	own.n_legs = 0;
	rc = led_batch_post(b, &own, LED_CODE_VOID, NULL, 0, pend.left, pend.currency);
	return rc < 0 ? rc : led_batch_event(b, &own, ret_seq);
}

/* Voids one and tells of it. 1 = done, 0 = it was not open any more. */
static int
void_one(struct led_batch *b, uint64_t seq, uint32_t flags, led_pend_fn *fn, void *arg)
{
	struct led_pend pend = {0};
	int rc = led_batch_pend_seq(b, seq, &pend);

	if (rc == 0)
		rc = led_batch_void(b, NULL, seq, flags, NULL);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	if (fn)
		(void)fn(arg, &pend);
	return 1;
}

int
led_batch_expire(struct led_batch *b, unsigned max, led_pend_fn *fn, void *arg)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	int n = 0;

	if (b->error || b->led->next_expiry > b->now_ns)
		return b->error;
	int rc = led_batch_read(b);

	if (rc < 0)
		return b->error = rc;
	rc = mdb_cursor_open(b->read, b->led->dbi[LED_DB_PENDEXP], &cursor);
	if (rc != 0)
		return b->error = -EBADMSG;
	b->next_expiry = INT64_MAX;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	for (; rc == 0; rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
		const uint8_t *at = key.mv_data;

		if (key.mv_size != 16) {
			rc = MDB_CORRUPTED;
			break;
		}
		int64_t expires_ns = (int64_t)led_key_get_u64(at);

		if (expires_ns > b->now_ns || (unsigned)n >= max) {
			b->next_expiry = expires_ns;
			break;
		}
		int done = void_one(b, led_key_get_u64(at + 8), LED_F_EXPIRED, fn, arg);

		if (done < 0) {
			mdb_cursor_close(cursor);
			return b->error = done;
		}
		n += done;
	}
	mdb_cursor_close(cursor);
	return rc == 0 || rc == MDB_NOTFOUND ? n : (b->error = -EBADMSG);
}

/* The stored ones of a stream; those of this batch are in the claims. */
static int
void_stored(struct led_batch *b, uint64_t stream, led_pend_fn *fn, void *arg, int *ret_n)
{
	MDB_cursor *cursor;
	MDB_val key;
	MDB_val value;
	struct led_pend pend = {0};
	int done = 0;
	int rc = led_batch_read(b);

	if (rc < 0)
		return rc;
	if (mdb_cursor_open(b->read, b->led->dbi[LED_DB_PEND], &cursor) != 0)
		return -EBADMSG;
	rc = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (rc == 0 && done >= 0) {
		if (key.mv_size != 8 || led_pend_decode(led_key_get_u64(key.mv_data),
						value.mv_data, value.mv_size, &pend) < 0)
			done = -EBADMSG;
		else if (pend.stream == stream)
			done = void_one(b, pend.seq, LED_F_ENDED, fn, arg);
		*ret_n += done > 0;
		if (done > 0)
			done = 0;
		rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	return done < 0 ? done : rc == 0 || rc == MDB_NOTFOUND ? 0 : -EBADMSG;
}

int
led_batch_void_stream(struct led_batch *b, uint64_t stream, led_pend_fn *fn, void *arg)
{
	int n = 0;

	if (b->error || stream == 0)
		return b->error;
	int rc = void_stored(b, stream, fn, arg, &n);

	if (rc < 0)
		return b->error = rc;
	/* Releases add none: the number is as it was. */
	for (uint32_t i = 0; i < b->claims.pend_keys.n; i++) {
		const struct led_claim_pend *p = &b->claims.pends[i];

		if (p->pend.stream != stream || p->pend.left == 0)
			continue;
		rc = void_one(b, p->pend.seq, LED_F_ENDED, fn, arg);
		if (rc < 0)
			return b->error = rc;
		n += rc;
	}
	return n;
}

int64_t
led_next_expiry(const struct led *led)
{
	return led->next_expiry;
}

/* ---- corrections ---- */

static bool
has_ended(const struct led_event *ev)
{
	for (unsigned i = 0; i < ev->n_legs; i++) {
		if (ev->legs[i].code == LED_CODE_DISPUTE_WON ||
			ev->legs[i].code == LED_CODE_DISPUTE_LOST)
			return ev->of != NULL;
	}
	return false;
}

int
led_batch_correct(struct led_batch *b, uint64_t seq, struct led_event *ev)
{
	struct led_event target;

	if (b->error)
		return b->error;
	int rc = seq ? led_batch_record(b, seq, &target) : -ENOENT;

	/* How a dispute has ended, and what a later refund has taken the place of, is
	 * nobody's to undo. */
	if (rc == 0 && has_ended(&target))
		rc = -EBUSY;
	if (rc == 0)
		rc = led_claims_correctable(&b->claims, &target);
	if (rc < 0)
		return answer(b, rc);
	led_correction_of(&target, ev);
	return 0;
}

void
led_correction_of(const struct led_event *of, struct led_event *ev)
{
	const struct led_event target = *of;

	ev->kind = LED_CORRECTION;
	ev->worker = target.worker;
	ev->ref = target.seq;
	ev->instance = target.instance;
	ev->variant = target.variant;
	ev->category = target.category; /* borrowed as target is */
	ev->category_bytes = target.category_bytes;
	ev->operation = target.operation;
	ev->operation_bytes = target.operation_bytes;
	/* It is taken back where it was counted. */
	if (target.kind == LED_IMPORTED)
		ev->caused_ns = target.claimed_ns;
	ev->n_legs = target.n_legs;
	for (unsigned i = 0; i < target.n_legs; i++) {
		ev->legs[i] = target.legs[i];
		ev->legs[i].debit = target.legs[i].credit;
		ev->legs[i].credit = target.legs[i].debit;
		ev->legs[i].code = target.legs[i].code ^ LED_CODE_REVERSAL;
	}
}

/* What a refund has taken of this sale, and gives back when it is corrected: nothing when
 * it has been, or when it waits for a sale that it fits. */
static int
taken_of(struct led_batch *b, const struct led_event *refund, uint64_t sale, int64_t *ret)
{
	uint64_t of = refund->ref;
	uint64_t by;
	int rc = led_claims_link(&b->claims, LED_LINK_CORRECTED, refund->seq, &by);

	*ret = 0;
	if (rc != -ENOENT)
		return rc;
	if (of == 0)
		rc = led_claims_link(&b->claims, LED_LINK_MATCHED, refund->seq, &of);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	*ret = of == sale ? refund->legs[0].nano : 0;
	return 0;
}

/* A refund of another amount must fit its sale before the old one is taken back. */
static int
replace_refund(struct led_batch *b, const struct led_event *old, struct led_event *ev)
{
	struct led_sale sale = {0};
	int64_t taken;
	int rc = led_batch_sale(
		b, led_idem_scope(old), old->worker, old->of, old->of_bytes, &sale);

	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	rc = taken_of(b, old, sale.seq, &taken);
	if (rc < 0)
		return b->error = rc;
	if (sale.currency != ev->legs[0].currency)
		return -EDOM;
	ev->ref = sale.seq;
	return ev->legs[0].nano > led_sale_left(&sale) + taken ? -ERANGE : 0;
}

int
led_batch_replace(struct led_batch *b, uint64_t seq, int64_t nano, struct led_event *ev)
{
	static const uint16_t own_codes[] = {[LED_COST] = LED_CODE_COST,
		[LED_REVENUE] = LED_CODE_REVENUE,
		[LED_REFUND] = LED_CODE_REFUND,
		[LED_FEE] = LED_CODE_FEE,
		[LED_PAYOUT] = LED_CODE_PAYOUT,
		[LED_GRANT] = LED_CODE_GRANT};
	struct led_event old;

	if (b->error)
		return b->error;
	int rc = seq ? led_batch_record(b, seq, &old) : -ENOENT;

	if (rc < 0)
		return answer(b, rc);
	/* Of an amount of its own: of one of 0 only the fee has moved. */
	if (nano <= 0 || nano > NV_MONEY_MAX || old.n_legs == 0 ||
		old.kind >= NV_LEN(own_codes) || own_codes[old.kind] == 0 ||
		old.legs[0].code != own_codes[old.kind] || (old.flags & LED_F_TOTAL))
		return -EINVAL;
	if (old.legs[old.n_legs - 1].code == (LED_CODE_REFUND | LED_CODE_REVERSAL))
		return -EBUSY; /* what a total told before it went into it */
	*ev = old;
	ev->stream = 0;
	ev->stream_offset = 0;
	ev->id = NULL;
	ev->id_bytes = 0;
	ev->ref = old.kind == LED_REVENUE ? seq : 0;
	ev->legs[0].nano = nano;
	/* What it settled of a reservation is not taken a second time. */
	if (old.kind == LED_COST)
		ev->n_legs = 1;
	return old.kind == LED_REFUND && old.of ? replace_refund(b, &old, ev) : 0;
}
