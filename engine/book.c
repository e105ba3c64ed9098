#include "book_private.h"

#include "gate.h"
#include "intake.h"
#include "resource.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static const enum led_kind kinds[ENG_EV_COUNT] = {
	[ENG_EV_READY] = LED_READY,
	[ENG_EV_HEARTBEAT] = LED_HEARTBEAT,
	[ENG_EV_RUN] = LED_RUN,
	[ENG_EV_COST] = LED_COST,
	[ENG_EV_USAGE] = LED_USAGE,
	[ENG_EV_REVENUE] = LED_REVENUE,
	[ENG_EV_REFUND] = LED_REFUND,
	[ENG_EV_DISPUTE] = LED_DISPUTE,
	[ENG_EV_FEE] = LED_FEE,
	[ENG_EV_PAYOUT] = LED_PAYOUT,
	[ENG_EV_METRIC] = LED_METRIC,
	[ENG_EV_CONVERSION] = LED_CONVERSION,
	[ENG_EV_CORRECTION] = LED_CORRECTION,
	[ENG_EV_RESERVE] = LED_RESERVE,
	[ENG_EV_RELEASE] = LED_RELEASE,
	[ENG_EV_WEBHOOK] = LED_WEBHOOK,
};

/* Copy text for people, cut to the buffer at a character's edge. */
static void
copy_text(char *buf, size_t buf_bytes, const struct eng_text *text)
{
	size_t n = NV_MIN((size_t)text->bytes, buf_bytes - 1);

	while (n > 0 && n < text->bytes && ((uint8_t)text->at[n] & 0xc0) == 0x80)
		n--;
	memcpy(buf, text->at, n);
	buf[n] = '\0';
}

void
eng_book_refuse(struct eng *eng, struct eng_txn *txn, struct eng_stream *s,
	uint64_t offset, const char *line, size_t bytes, const char *reason)
{
	s->rec.rejected++;
	if (s->worker)
		(void)snprintf(s->worker->last_error, sizeof(s->worker->last_error),
			"a line was rejected: %s", reason);
	eng_txn_quarantine(
		eng, txn, s->worker, s->rec.stream_id, offset, reason, line, bytes);
}

/* ---- whom ---- */

static size_t
strangers(const struct eng *eng)
{
	size_t n = 0;

	for (const struct eng_worker *w = eng->workers; w; w = w->next)
		n += w->conf == NULL;
	return n;
}

/* `agent` credits another worker; one that nobody has heard of is added, so that its
 * money is seen and not lost. */
static int
find_worker(struct eng_booking *b)
{
	char name[NV_NAME_MAX];
	enum eng_event event = b->line->event;
	bool system = eng_book_is_system(b);
	bool credits = event >= ENG_EV_REVENUE && event <= ENG_EV_PAYOUT;
	/* A fee may name the sale that it was taken for. */
	bool of_sale =
		event == ENG_EV_REFUND || event == ENG_EV_DISPUTE || event == ENG_EV_FEE;

	b->worker = b->s->worker;
	b->has_sale = false;
	if (eng_book_check_speaker(b) < 0)
		return -EINVAL;
	if (system && (credits || event == ENG_EV_CONVERSION || event == ENG_EV_WEBHOOK))
		b->worker = eng_book_nobody(b);
	if (!credits &&
		!(system && (event == ENG_EV_COST || event == ENG_EV_RESERVE ||
				    event == ENG_EV_RELEASE || event == ENG_EV_WEBHOOK)))
		return 0;
	if (!eng_line_has(b->line, ENG_F_AGENT) && system && event == ENG_EV_FEE)
		return eng_book_fee_of(b);
	if (!eng_line_has(b->line, ENG_F_AGENT))
		return of_sale ? eng_book_find_sale(b, false) : 0;
	copy_text(name, sizeof(name), &b->line->field[ENG_F_AGENT]);
	b->worker = eng_worker_find(b->eng, name);
	if (!b->worker && strangers(b->eng) < ENG_STRANGERS_MAX)
		b->worker = eng_worker_add(b->eng, name);
	if (b->worker)
		return of_sale ? eng_book_find_sale(b, true) : 0;
	(void)snprintf(b->reason, sizeof(b->reason),
		"agent %s is not in the configuration, and %d others are not either",
		name, ENG_STRANGERS_MAX);
	return -EINVAL;
}

/* ---- live figures ---- */

static void
note_life(struct eng_booking *b)
{
	const struct eng_line *line = b->line;
	struct eng_worker *w = b->s->worker;
	struct eng_instance *inst = b->s->inst;

	inst->seen_mono_ns = b->txn->mono_ns;
	if (line->event != ENG_EV_HEARTBEAT ||
		(line->has_progress && line->progress_nano > inst->progress_nano)) {
		inst->progress_mono_ns = inst->seen_mono_ns;
		if (line->event == ENG_EV_HEARTBEAT)
			inst->progress_nano = line->progress_nano;
	}
	switch (line->event) {
	case ENG_EV_HEARTBEAT:
		w->heartbeat_ns = b->txn->now_ns;
		inst->heartbeat_ns = b->txn->now_ns;
		if (eng_line_has(line, ENG_F_STATUS))
			copy_text(
				w->status, sizeof(w->status), &line->field[ENG_F_STATUS]);
		break;
	case ENG_EV_READY:
		b->s->said_ready = true;
		b->s->is_ready = true;
		break;
	case ENG_EV_RUN:
		if (line->ok)
			break;
		if (eng_line_has(line, ENG_F_ERROR))
			copy_text(w->last_error, sizeof(w->last_error),
				&line->field[ENG_F_ERROR]);
		else
			(void)snprintf(
				w->last_error, sizeof(w->last_error), "a run failed");
		break;
	default:
		break;
	}
}

/* reason NULL: it is in the ledger; else why it is not. */
static void
put_ack(struct eng_booking *b, const char *reason)
{
	struct nv_buf *acks = &b->s->acks;
	size_t before = acks->bytes;

	if (!b->line->ack)
		return;
	nv_buf_printf(acks, "{\"control\":\"%s\",\"id\":", reason ? "nack" : "ack");
	nv_buf_put_json(
		acks, b->line->field[ENG_F_ID].at, b->line->field[ENG_F_ID].bytes);
	if (reason) {
		nv_buf_puts(acks, ",\"reason\":");
		nv_buf_put_json(acks, reason, strlen(reason));
	}
	nv_buf_puts(acks, "}\n");
	if (acks->error) { /* more than is kept: dropped and counted */
		acks->bytes = before;
		acks->error = 0;
		b->eng->intake->control_dropped++;
	}
}

/* ---- one line ---- */

static bool
is_going_on(const struct led_stream *rec, const struct eng_text *run)
{
	return run->bytes == rec->run_bytes && memcmp(run->at, rec->run, run->bytes) == 0;
}

/* A run has begun: what its stream says from here to its `run` line is its. */
static void
begin_run(struct eng_booking *b)
{
	struct led_stream *rec = &b->s->rec;
	const struct eng_text *run = &b->line->field[ENG_F_RUN];
	const struct eng_text *variant = eng_field(b->line, ENG_F_VARIANT);

	static_assert(ENG_ID_BYTES_MAX <= LED_RUN_MAX, "the id of a run is kept whole");
	memcpy(rec->run, run->at, run->bytes);
	rec->run_bytes = (uint8_t)run->bytes;
	rec->variant =
		variant && variant->bytes > 0
			? led_batch_variant_id(b->txn->batch, variant->at, variant->bytes)
			: 0;
}

static void
end_run(struct led_stream *rec)
{
	memset(rec->run, 0, sizeof(rec->run));
	rec->run_bytes = 0;
	rec->variant = 0;
}

/* The run and the variant it is due to, and when that was. */
static void
set_cause(struct eng_booking *b)
{
	const struct eng_line *line = b->line;
	const struct eng_text *run = eng_field(line, ENG_F_RUN);
	const struct eng_text *variant = eng_field(line, ENG_F_VARIANT);
	const char *started_with = b->s->variant;

	/* Runs, and what moves money; elsewhere `run` may mean anything. */
	bool caused = line->event >= ENG_EV_RUN && line->event <= ENG_EV_PAYOUT;

	bool its = caused && b->s->rec.run_bytes > 0 && b->worker == b->s->worker &&
		   (!run || is_going_on(&b->s->rec, run));

	if (run && caused) {
		b->ev.run = run->at;
		b->ev.run_bytes = run->bytes;
	} else if (its) {
		b->ev.run = b->s->rec.run;
		b->ev.run_bytes = b->s->rec.run_bytes;
	}
	if (variant && variant->bytes > 0)
		b->ev.variant =
			led_batch_variant_id(b->txn->batch, variant->at, variant->bytes);
	else if (its && b->s->rec.variant != 0)
		b->ev.variant = b->s->rec.variant;
	else if (started_with[0] && b->worker == b->s->worker)
		b->ev.variant = led_batch_variant_id(
			b->txn->batch, started_with, strlen(started_with));
	b->ev.caused_ns = line->run_at_ns;
	if (line->event != ENG_EV_REVENUE || line->run_at_ns != 0)
		return;
	if (its) /* it is told before its run has ended: now */
		b->ev.caused_ns = b->ev.claimed_ns;
	else if (run)
		b->ev.caused_ns = led_batch_run_time(
			b->txn->batch, b->ev.worker, run->at, run->bytes);
}

static void
begin_event(struct eng_booking *b, uint64_t offset, const char *text, size_t bytes)
{
	const struct eng_line *line = b->line;
	const struct eng_stream *s = b->s;
	const struct eng_text *id = eng_field(line, ENG_F_ID);

	/* In place: hundreds of bytes that need not be made elsewhere and copied. */
	memset(&b->ev, 0, sizeof(b->ev));
	b->ev.kind = kinds[line->event];
	b->ev.worker = eng_txn_worker(b->eng, b->txn, b->worker);
	b->ev.stream = s->rec.stream_id;
	b->ev.stream_offset = offset;
	b->ev.claimed_ns = eng_line_has(line, ENG_F_AT) ? line->at_ns : b->txn->now_ns;
	b->ev.received_ns = b->txn->now_ns;
	b->ev.instance = s->rec.instance;
	b->ev.generation = s->rec.generation;
	b->ev.id = id ? id->at : NULL;
	b->ev.id_bytes = id ? id->bytes : 0;
	b->ev.line = text;
	b->ev.line_bytes = bytes;
	if (b->worker != s->worker || eng_book_is_system(b)) {
		uint32_t scope = eng_book_scope(b, id ? id : eng_field(line, ENG_F_OF));

		b->ev.said_by = scope != b->ev.worker ? scope : 0;
	}
	set_cause(b);
}

/* What was booked moves the reservation of its run, or ends it. */
static void
pass_gate(struct eng_booking *b)
{
	if (b->reservation)
		eng_gate_cost(b->eng, b->reservation, b->settled, b->cost,
			b->txn->currency); /* the one it was booked in */
	if (b->cost && b->ev.operation)
		eng_gate_called(b->eng, b->worker, b->reservation, &b->ev, b->settled,
			b->cost, b->txn->currency);
	if (b->line->event == ENG_EV_RUN)
		eng_gate_run_over(b->eng, b->txn, b->s);
}

/* 0 booked or known already; -EINVAL with b->reason. */
static int
book(struct eng_booking *b, uint64_t offset, const char *text, size_t bytes)
{
	int rc = find_worker(b);

	if (rc)
		return rc;
	if (b->line->event == ENG_EV_HEARTBEAT) {
		eng_txn_heartbeat(b->eng, b->txn, b->worker);
		return 0;
	}
	if (b->line->event == ENG_EV_BEGIN) {
		begin_run(b);
		return 0;
	}
	begin_event(b, offset, text, bytes);
	if (b->line->event == ENG_EV_RUN) {
		b->ev.flags |= b->line->ok ? LED_F_OK : 0;
		b->ev.duration_ms = b->line->duration_ms;
	}
	if (b->line->event == ENG_EV_RESERVE)
		return eng_gate_reserve(b->eng, b->txn, b->s, b->worker, b->line, &b->ev,
			b->reason, sizeof(b->reason));
	if (b->line->event == ENG_EV_RELEASE) {
		eng_gate_release(b->eng, b->txn, b->s, b->worker, b->line, &b->ev);
		return 0;
	}
	if (b->line->event == ENG_EV_WEBHOOK)
		eng_book_webhook(b);
	rc = eng_book_movement(b);
	if (rc)
		return rc;
	rc = eng_book_known_sale(b);
	if (rc != 0)
		return rc < 0 ? rc : 0;
	rc = eng_txn_event(b->eng, b->txn, b->worker, &b->ev, NULL);
	if (rc == 0)
		pass_gate(b);
	if (b->line->event == ENG_EV_RUN)
		end_run(&b->s->rec);
	if (rc >= 0)
		return 0;
	eng_book_refusal(b, rc);
	return -EINVAL;
}

void
eng_book_line(struct eng *eng, struct eng_txn *txn, struct eng_stream *s, uint64_t offset,
	const char *text, size_t bytes, bool at_end)
{
	char scratch[ENG_LINE_BYTES_MAX];
	char refusal[ENG_REFUSAL_BYTES];
	struct eng_line line;
	struct eng_refusal why;
	struct eng_booking b;

	/* The rest is set by those who use it: a line comes a million times a second. */
	b.eng = eng;
	b.txn = txn;
	b.s = s;
	b.line = &line;
	b.reservation = NULL;
	b.manual = false;
	b.cost = 0;

	if (eng_scan(text, bytes, scratch, &line, &why) != 0) {
		(void)snprintf(b.reason, sizeof(b.reason), "%s%s",
			at_end ? "the worker ended in the middle of this line: " : "",
			eng_refusal_text(&why, refusal));
		eng_book_refuse(eng, txn, s, offset, text, bytes, b.reason);
		put_ack(&b, b.reason);
		return;
	}
	if (book(&b, offset, text, bytes) != 0) {
		eng_book_refuse(eng, txn, s, offset, text, bytes, b.reason);
		put_ack(&b, b.reason);
		return;
	}
	note_life(&b);
	put_ack(&b, NULL);
}

int
eng_book_manual(struct eng *eng, struct eng_txn *txn, struct eng_worker *w,
	const char *text, size_t bytes, uint64_t *ret_seq, char reason[ENG_REASON_BYTES])
{
	struct eng_stream none = {.eng = eng, .worker = w};
	char scratch[ENG_LINE_BYTES_MAX];
	char refusal[ENG_REFUSAL_BYTES];
	struct eng_line line;
	struct eng_refusal why;
	struct eng_booking b = {
		.eng = eng, .txn = txn, .s = &none, .line = &line, .manual = true};

	if (eng_scan(text, bytes, scratch, &line, &why) != 0) {
		(void)snprintf(
			reason, ENG_REASON_BYTES, "%s", eng_refusal_text(&why, refusal));
		return -EINVAL;
	}
	int rc = find_worker(&b);

	if (rc == 0) {
		begin_event(&b, 0, text, bytes);
		b.ev.flags |= LED_F_MANUAL;
		rc = eng_book_movement(&b);
	}
	if (rc == 0) {
		rc = eng_txn_event(eng, txn, b.worker, &b.ev, ret_seq);
		if (rc >= 0)
			return rc;
		eng_book_refusal(&b, rc);
		rc = rc == -EEXIST ? -EALREADY : -EPERM;
	}
	memcpy(reason, b.reason, ENG_REASON_BYTES);
	return rc;
}
