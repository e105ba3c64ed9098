#include "book.h"

#include "intake.h"
#include "report.h"
#include "resource.h"
#include "scan.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What one line is on its way to become. */
struct booking {
	struct eng *eng;
	struct eng_txn *txn;
	struct eng_stream *s;
	struct eng_worker *worker; /* whom it concerns: s->worker or the credited one */
	const struct eng_line *line;
	struct led_event ev;
	uint32_t currency;
	char reason[255]; /* why it is refused */
};

static const struct {
	enum led_kind kind;
	enum led_code code; /* 0: moves no money */
} meaning[ENG_EV_COUNT] = {
	[ENG_EV_READY] = {LED_READY, 0},
	[ENG_EV_HEARTBEAT] = {LED_HEARTBEAT, 0},
	[ENG_EV_RUN] = {LED_RUN, 0},
	[ENG_EV_COST] = {LED_COST, LED_CODE_COST},
	[ENG_EV_USAGE] = {LED_USAGE, LED_CODE_COST},
	[ENG_EV_REVENUE] = {LED_REVENUE, LED_CODE_REVENUE},
	[ENG_EV_REFUND] = {LED_REFUND, LED_CODE_REFUND},
	[ENG_EV_DISPUTE] = {LED_DISPUTE, LED_CODE_DISPUTE},
	[ENG_EV_FEE] = {LED_FEE, LED_CODE_FEE},
	[ENG_EV_PAYOUT] = {LED_PAYOUT, LED_CODE_PAYOUT},
	[ENG_EV_METRIC] = {LED_METRIC, 0},
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

/* ---- whom, in which currency, how much ---- */

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
find_worker(struct booking *b)
{
	char name[NV_NAME_MAX];
	bool credits =
		b->line->event >= ENG_EV_REVENUE && b->line->event <= ENG_EV_PAYOUT;

	b->worker = b->s->worker;
	if (!credits || !eng_line_has(b->line, ENG_F_AGENT))
		return 0;
	copy_text(name, sizeof(name), &b->line->field[ENG_F_AGENT]);
	b->worker = eng_worker_find(b->eng, name);
	if (!b->worker && strangers(b->eng) < ENG_STRANGERS_MAX)
		b->worker = eng_worker_add(b->eng, name);
	if (b->worker)
		return 0;
	(void)snprintf(b->reason, sizeof(b->reason),
		"agent %s is not in the configuration, and %d others are not either",
		name, ENG_STRANGERS_MAX);
	return -EINVAL;
}

/* Codes may be written in small letters, as some platforms do. Without a rate the money
 * is booked all the same: it may be declared later. */
static int
find_currency(struct booking *b)
{
	const struct eng_text *text = &b->line->field[ENG_F_CURRENCY];
	char code[NV_CURRENCY_BYTES] = "";

	if (!eng_line_has(b->line, ENG_F_CURRENCY)) {
		b->currency =
			eng_txn_currency(b->eng, b->txn, b->eng->config->base_currency);
		return 0;
	}
	for (uint32_t i = 0; i < text->bytes && i < sizeof(code) - 1; i++) {
		char c = text->at[i];

		code[i] = c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
	}
	if (text->bytes == strlen(code) && eng_currency_known(b->eng->config, code)) {
		b->currency = eng_txn_currency(b->eng, b->txn, code);
		return 0;
	}
	if (text->bytes != strlen(code) || !nv_currency_valid(code))
		(void)snprintf(b->reason, sizeof(b->reason),
			"currency is not a code of 3 to 7 letters or digits, such as "
			"USD");
	else
		(void)snprintf(b->reason, sizeof(b->reason),
			"currency %s is neither a code of ISO 4217 nor declared under "
			"currencies",
			code);
	return -EINVAL;
}

static void
post(struct booking *b, enum led_code code, const struct eng_text *party, int64_t nano)
{
	if (nano == 0)
		return; /* nothing moves: the event alone says it */
	int rc = led_batch_post(b->txn->batch, &b->ev, code, party ? party->at : NULL,
		party ? party->bytes : 0, nano, b->currency);

	if (rc)
		eng_ledger_trouble(b->eng, "the ledger does not take a posting");
}

static const struct eng_text *
field(const struct eng_line *line, enum eng_field f)
{
	return eng_line_has(line, f) ? &line->field[f] : NULL;
}

static int
book_money(struct booking *b)
{
	const struct eng_line *line = b->line;
	bool cost = line->event == ENG_EV_COST;
	const struct eng_text *category =
		field(line, cost ? ENG_F_CATEGORY : ENG_F_SOURCE);
	int rc = find_currency(b);

	if (rc)
		return rc;
	if (category && category->bytes > 0) {
		b->ev.category = category->at;
		b->ev.category_bytes = category->bytes;
	}
	if (line->rounded)
		b->ev.flags |= LED_F_ROUNDED;
	post(b, meaning[line->event].code,
		field(line, cost ? ENG_F_VENDOR : ENG_F_SOURCE), line->amount_nano);
	return 0;
}

/* Tokens become a cost when their price is known; without one they are stored and
 * flagged, so that they can be seen, and never count as free. */
static int
book_usage(struct booking *b)
{
	const struct eng_line *line = b->line;
	const struct eng_text *provider = field(line, ENG_F_PROVIDER);
	const struct eng_text *category = field(line, ENG_F_CATEGORY);
	struct eng_usage usage = {.provider = provider ? provider->at : NULL,
		.provider_bytes = provider ? provider->bytes : 0,
		.model = line->field[ENG_F_MODEL].at,
		.model_bytes = line->field[ENG_F_MODEL].bytes,
		.input_tokens = line->tokens_in,
		.output_tokens = line->tokens_out,
		.cache_read_tokens = line->tokens_read,
		.cache_write_tokens = line->tokens_write,
		.at_ns = b->ev.claimed_ns};
	char code[NV_CURRENCY_BYTES];
	char vendor[NV_NAME_MAX];
	int64_t nano;
	int rc = eng_price_usage(b->eng->price, &usage, &nano, code, vendor);

	b->ev.category = category && category->bytes ? category->at : "llm";
	b->ev.category_bytes = category && category->bytes ? category->bytes : 3;
	if (rc) {
		b->ev.flags |= LED_F_UNPRICED;
		return 0;
	}
	struct eng_text party = {vendor, (uint32_t)strlen(vendor)};

	b->currency = eng_txn_currency(b->eng, b->txn, code);
	post(b, LED_CODE_COST, &party, nano);
	return 0;
}

static int
book_fields(struct booking *b)
{
	const struct eng_line *line = b->line;

	switch (line->event) {
	case ENG_EV_USAGE:
		return book_usage(b);
	case ENG_EV_RUN:
		b->ev.flags |= line->ok ? LED_F_OK : 0;
		b->ev.duration_ms = line->duration_ms;
		return 0;
	default:
		return meaning[line->event].code ? book_money(b) : 0;
	}
}

/* ---- live figures ---- */

static void
note_life(struct booking *b)
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

static void
put_ack(struct booking *b)
{
	struct nv_buf *acks = &b->s->acks;
	size_t before = acks->bytes;

	if (!b->line->ack)
		return;
	nv_buf_puts(acks, "{\"control\":\"ack\",\"id\":");
	nv_buf_put_json(
		acks, b->line->field[ENG_F_ID].at, b->line->field[ENG_F_ID].bytes);
	nv_buf_puts(acks, "}\n");
	if (acks->error) { /* more than is kept: dropped and counted */
		acks->bytes = before;
		acks->error = 0;
		b->eng->intake->control_dropped++;
	}
}

/* ---- one line ---- */

static void
begin_event(struct booking *b, uint64_t offset, const char *text, size_t bytes)
{
	const struct eng_line *line = b->line;
	const struct eng_stream *s = b->s;
	const struct eng_text *id = field(line, ENG_F_ID);

	b->ev = (struct led_event){.kind = meaning[line->event].kind,
		.worker = eng_txn_worker(b->eng, b->txn, b->worker),
		.stream = s->rec.stream_id,
		.stream_offset = offset,
		.claimed_ns = eng_line_has(line, ENG_F_AT) ? line->at_ns : b->txn->now_ns,
		.received_ns = b->txn->now_ns,
		.instance = s->rec.instance,
		.generation = s->rec.generation,
		.id = id ? id->at : NULL,
		.id_bytes = id ? id->bytes : 0,
		.line = text,
		.line_bytes = bytes};
	if (b->worker != s->worker)
		b->ev.said_by = eng_txn_worker(b->eng, b->txn, s->worker);
}

/* 0 booked or known already; -EINVAL with b->reason. */
static int
book(struct booking *b, uint64_t offset, const char *text, size_t bytes)
{
	int rc = find_worker(b);

	if (rc)
		return rc;
	if (b->line->event == ENG_EV_HEARTBEAT) {
		eng_txn_heartbeat(b->eng, b->txn, b->worker);
		return 0;
	}
	begin_event(b, offset, text, bytes);
	rc = book_fields(b);
	if (rc)
		return rc;
	rc = eng_txn_event(b->eng, b->txn, b->worker, &b->ev, NULL);
	if (rc >= 0)
		return 0;
	(void)snprintf(b->reason, sizeof(b->reason), "%s",
		rc == -EEXIST ? "id is known already, with other content"
			      : "the ledger does not take such an event");
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
	struct booking b;

	/* The rest is set by those who use it: a line comes a million times a second. */
	b.eng = eng;
	b.txn = txn;
	b.s = s;
	b.line = &line;

	if (eng_scan(text, bytes, scratch, &line, &why) != 0) {
		(void)snprintf(b.reason, sizeof(b.reason), "%s%s",
			at_end ? "the worker ended in the middle of this line: " : "",
			eng_refusal_text(&why, refusal));
		eng_book_refuse(eng, txn, s, offset, text, bytes, b.reason);
		return;
	}
	if (book(&b, offset, text, bytes) != 0) {
		eng_book_refuse(eng, txn, s, offset, text, bytes, b.reason);
		return;
	}
	note_life(&b);
	put_ack(&b);
}
