/* Key and value encodings: see schema.h. */
#include "schema.h"

#include <errno.h>
#include <string.h>

enum {
	VERSION = 1,      /* of every value but */
	EVENT_VERSION = 2 /* of an event; 1 ended after the line */
};

/* Optional fields of an event of version 2, in the order they follow. */
enum {
	HAS_RUN = 1 << 0,
	HAS_OF = 1 << 1,
	HAS_EXTERNAL = 1 << 2,
	HAS_OPERATION = 1 << 3,
	HAS_VARIANT = 1 << 4,
	HAS_CAUSED = 1 << 5,
	HAS_EXPIRES = 1 << 6,
	HAS_ALL = (1 << 7) - 1
};

/* ---- fields ---- */

uint8_t *
led_put_u64(uint8_t *out, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		out[i] = (uint8_t)(v >> (8 * i));
	return out + 8;
}

uint8_t *
led_put_var(uint8_t *out, uint64_t v)
{
	while (v >= 0x80) {
		*out++ = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	*out++ = (uint8_t)v;
	return out;
}

static uint8_t *
put_zigzag(uint8_t *out, int64_t v)
{
	return led_put_var(out, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

static uint8_t *
put_zigzag128(uint8_t *out, nv_i128 v)
{
	unsigned __int128 u =
		((unsigned __int128)v << 1) ^ (v < 0 ? ~(unsigned __int128)0 : 0);

	while (u >= 0x80) {
		*out++ = (uint8_t)((uint8_t)u | 0x80);
		u >>= 7;
	}
	*out++ = (uint8_t)u;
	return out;
}

static uint8_t *
put_bytes(uint8_t *out, const void *data, size_t bytes)
{
	if (bytes > 0)
		memcpy(out, data, bytes);
	return out + bytes;
}

const uint8_t *
led_get_bytes(struct led_rd *r, size_t bytes)
{
	const uint8_t *at = r->at;

	if (r->bad || (size_t)(r->end - r->at) < bytes) {
		r->bad = true;
		return NULL;
	}
	r->at += bytes;
	return at;
}

static uint8_t
get_u8(struct led_rd *r)
{
	const uint8_t *at = led_get_bytes(r, 1);

	return at ? *at : 0;
}

uint64_t
led_get_u64(struct led_rd *r)
{
	const uint8_t *at = led_get_bytes(r, 8);
	uint64_t v = 0;

	for (int i = 0; at && i < 8; i++)
		v |= (uint64_t)at[i] << (8 * i);
	return v;
}

static unsigned __int128
get_var128(struct led_rd *r, unsigned bits)
{
	unsigned __int128 v = 0;

	for (unsigned shift = 0; shift < bits; shift += 7) {
		uint8_t byte = get_u8(r);
		unsigned room = bits - shift;

		/* The last group may not carry past the type, nor be a needless zero. */
		if ((room < 7 && (byte & 0x7f) >> room != 0) || (shift > 0 && byte == 0))
			r->bad = true;
		v |= (unsigned __int128)(byte & 0x7f) << shift;
		if (byte < 0x80)
			return r->bad ? 0 : v;
	}
	r->bad = true;
	return 0;
}

uint64_t
led_get_var(struct led_rd *r)
{
	/* Nearly every field is one byte long. */
	if (!r->bad && r->at < r->end && *r->at < 0x80)
		return *r->at++;
	return (uint64_t)get_var128(r, 64);
}

uint32_t
led_get_var32(struct led_rd *r)
{
	uint64_t v = led_get_var(r);

	if (v > UINT32_MAX)
		r->bad = true;
	return (uint32_t)v;
}

static int64_t
get_zigzag(struct led_rd *r)
{
	uint64_t u = led_get_var(r);

	return (int64_t)((u >> 1) ^ ((u & 1) ? UINT64_MAX : 0));
}

static nv_i128
get_zigzag128(struct led_rd *r)
{
	unsigned __int128 u = get_var128(r, 128);

	return (nv_i128)((u >> 1) ^ ((u & 1) ? ~(unsigned __int128)0 : 0));
}

static struct led_rd
rd_begin(const void *value, size_t bytes)
{
	struct led_rd r = {.at = value, .end = (const uint8_t *)value + bytes};

	if (get_u8(&r) != VERSION)
		r.bad = true;
	return r;
}

static int
rd_end(const struct led_rd *r)
{
	return r->bad || r->at != r->end ? -EBADMSG : 0;
}

size_t
led_cut(const char *text, size_t bytes, size_t max)
{
	if (bytes <= max)
		return bytes;
	size_t n = max;

	/* Step back over continuation bytes, at most the length of one sequence. */
	while (n > 0 && max - n < 4 && ((uint8_t)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* ---- sums ---- */

size_t
led_sum_encode(const struct led_sum *sum, unsigned n_fields, uint8_t *out)
{
	uint8_t *at = out;

	*at++ = VERSION;
	*at++ = (uint8_t)n_fields;
	for (unsigned i = 0; i < n_fields; i++)
		at = put_zigzag128(at, sum->v[i]);
	at = led_put_var(at, sum->seq_last);
	return (size_t)(at - out);
}

int
led_sum_decode(const void *value, size_t bytes, unsigned n_fields, struct led_sum *ret)
{
	struct led_rd r = rd_begin(value, bytes);
	struct led_sum sum = {0};

	if (n_fields > LED_FIELDS_MAX || get_u8(&r) != n_fields)
		return -EBADMSG;
	for (unsigned i = 0; i < n_fields; i++)
		sum.v[i] = get_zigzag128(&r);
	sum.seq_last = led_get_var(&r);
	if (rd_end(&r) < 0)
		return -EBADMSG;
	*ret = sum;
	return 0;
}

/* ---- events ---- */

/* Which event may hold which posting. */
static bool
leg_fits(const struct led_event *ev, unsigned i)
{
	uint16_t code = ev->legs[i].code;

	/* A refund may take back what a total has said of it before; and a correction
	 * takes that back in turn. */
	if (i > 0 && code == (LED_CODE_REFUND | LED_CODE_REVERSAL) &&
		ev->kind == LED_REFUND)
		return ev->legs[0].code == LED_CODE_REFUND;
	if (i > 0 && code == LED_CODE_REFUND && ev->kind == LED_CORRECTION)
		return true;
	if (code <= LED_CODE_DISPUTE_LOST)
		return ev->kind < LED_HEARTBEAT;
	/* Other books may take back without saying of what. */
	if (led_code_is_past(code))
		return i == 0 && (ev->kind == LED_IMPORTED || ev->kind == LED_CORRECTION);
	if (code & LED_CODE_REVERSAL)
		return ev->kind == LED_CORRECTION;
	switch ((enum led_code)code) {
	case LED_CODE_GRANT:
		return ev->kind == LED_GRANT;
	case LED_CODE_RESERVE:
		return ev->kind == LED_RESERVE;
	case LED_CODE_SETTLE: /* what is spent stands before it */
		return i > 0 && (ev->kind == LED_COST || ev->kind == LED_USAGE ||
					ev->kind == LED_COMPUTE);
	case LED_CODE_VOID:
		return ev->kind == LED_RELEASE;
	case LED_CODE_CONVERT:
		return ev->kind == LED_CONVERSION;
	default:
		return false;
	}
}

static bool
leg_ok(const struct led_leg *leg)
{
	return leg->debit != 0 && leg->credit != 0 && leg->debit != leg->credit &&
	       leg->nano > 0 && leg->nano <= NV_MONEY_MAX && leg->currency != 0 &&
	       led_code_known(leg->code);
}

bool
led_code_is_past(uint32_t code)
{
	uint32_t plain = code & ~(uint32_t)LED_CODE_REVERSAL;

	return plain == LED_CODE_PAST_COST || plain == LED_CODE_PAST_REVENUE;
}

bool
led_code_known(uint32_t code)
{
	uint32_t plain = code & ~(uint32_t)LED_CODE_REVERSAL;

	return plain >= LED_CODE_COST && plain <= LED_CODE_MAX;
}

/* A text that may be absent: NULL exactly when it has no bytes. */
static bool
text_ok(const char *text, size_t bytes, size_t max)
{
	return bytes <= max && (text != NULL) == (bytes > 0);
}

int
led_event_check(const struct led_event *ev)
{
	if (ev->kind < LED_COST || ev->kind > LED_KIND_MAX || ev->kind == LED_HEARTBEAT)
		return -EINVAL; /* a heartbeat is not an event */
	if (ev->n_legs > LED_LEGS_MAX || ev->line_bytes > LED_LINE_MAX ||
		ev->id_bytes > LED_ID_MAX || (ev->id && ev->id_bytes == 0) ||
		(!ev->id && ev->id_bytes > 0))
		return -EINVAL;
	if ((!ev->line && ev->line_bytes > 0) ||
		(!ev->category && ev->category_bytes > 0) ||
		!text_ok(ev->run, ev->run_bytes, LED_RUN_MAX) ||
		!text_ok(ev->of, ev->of_bytes, LED_ID_MAX) ||
		!text_ok(ev->external, ev->external_bytes, LED_ID_MAX) ||
		!text_ok(ev->operation, ev->operation_bytes, LED_OPERATION_MAX))
		return -EINVAL;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		if (!leg_ok(&ev->legs[i]) || !leg_fits(ev, i))
			return -EINVAL;
	}
	return 0;
}

static uint32_t
optional_fields(const struct led_event *ev)
{
	return (ev->run_bytes ? HAS_RUN : 0u) | (ev->of_bytes ? HAS_OF : 0u) |
	       (ev->external_bytes ? HAS_EXTERNAL : 0u) |
	       (ev->operation_bytes ? HAS_OPERATION : 0u) |
	       (ev->variant ? HAS_VARIANT : 0u) | (ev->caused_ns ? HAS_CAUSED : 0u) |
	       (ev->expires_ns ? HAS_EXPIRES : 0u);
}

static uint8_t *
put_text(uint8_t *out, const char *text, size_t bytes)
{
	return bytes ? put_bytes(led_put_var(out, bytes), text, bytes) : out;
}

static uint8_t *
put_optional(uint8_t *at, const struct led_event *ev, uint32_t has)
{
	at = put_text(at, ev->run, ev->run_bytes);
	at = put_text(at, ev->of, ev->of_bytes);
	at = put_text(at, ev->external, ev->external_bytes);
	at = put_text(at, ev->operation, ev->operation_bytes);
	if (has & HAS_VARIANT)
		at = led_put_var(at, ev->variant);
	if (has & HAS_CAUSED)
		at = led_put_u64(at, (uint64_t)ev->caused_ns);
	if (has & HAS_EXPIRES)
		at = led_put_u64(at, (uint64_t)ev->expires_ns);
	return at;
}

size_t
led_event_encode(const struct led_event *ev, uint8_t *out)
{
	uint8_t *at = out;
	uint32_t has = optional_fields(ev);
	size_t category_bytes =
		led_cut(ev->category, ev->category_bytes, LED_CATEGORY_MAX);

	*at++ = EVENT_VERSION;
	*at++ = (uint8_t)ev->kind;
	*at++ = (uint8_t)ev->n_legs;
	*at++ = (uint8_t)has;
	at = led_put_u64(at, ev->stream);
	at = led_put_u64(at, (uint64_t)ev->received_ns);
	/* Most claim the time they arrived at: one byte. */
	at = put_zigzag(
		at, (int64_t)((uint64_t)ev->claimed_ns - (uint64_t)ev->received_ns));
	at = led_put_var(at, ev->flags);
	at = led_put_var(at, ev->worker);
	at = led_put_var(at, ev->said_by);
	at = led_put_var(at, ev->instance);
	at = led_put_var(at, ev->generation);
	at = led_put_var(at, ev->stream_offset);
	at = led_put_var(at, ev->ref);
	at = put_zigzag(at, ev->duration_ms);
	for (unsigned i = 0; i < ev->n_legs; i++) {
		at = led_put_var(at, ev->legs[i].debit);
		at = led_put_var(at, ev->legs[i].credit);
		at = led_put_var(at, (uint64_t)ev->legs[i].nano);
		at = led_put_var(at, ev->legs[i].currency);
		at = led_put_var(at, ev->legs[i].code);
	}
	at = led_put_var(at, ev->id_bytes);
	at = led_put_var(at, category_bytes);
	at = led_put_var(at, ev->line_bytes);
	at = put_bytes(at, ev->id, ev->id_bytes);
	at = put_bytes(at, ev->category, category_bytes);
	at = put_bytes(at, ev->line, ev->line_bytes);
	if (has)
		at = put_optional(at, ev, has);
	return (size_t)(at - out);
}

size_t
led_event_tail_bytes(const struct led_event *ev)
{
	uint8_t tail[3 * LED_ID_MAX + LED_RUN_MAX + LED_OPERATION_MAX + 64];
	uint32_t has = optional_fields(ev);

	return has ? (size_t)(put_optional(tail, ev, has) - tail) : 0;
}

static void
get_leg(struct led_rd *r, struct led_leg *leg)
{
	leg->debit = led_get_var32(r);
	leg->credit = led_get_var32(r);
	leg->nano = (int64_t)led_get_var(r);
	leg->currency = led_get_var32(r);
	uint32_t code = led_get_var32(r);

	leg->code = (uint16_t)code;
	if (!led_code_known(code))
		r->bad = true;
}

static const char *
get_text(struct led_rd *r, size_t bytes)
{
	const uint8_t *at = led_get_bytes(r, bytes);

	return bytes > 0 ? (const char *)at : NULL;
}

static void
get_short_text(struct led_rd *r, bool has, const char **ret, size_t *ret_bytes)
{
	if (!has)
		return;
	*ret_bytes = led_get_var(r);
	*ret = get_text(r, *ret_bytes);
	if (*ret_bytes == 0)
		r->bad = true;
}

static void
get_optional(struct led_rd *r, struct led_event *ev, uint8_t has)
{
	get_short_text(r, has & HAS_RUN, &ev->run, &ev->run_bytes);
	get_short_text(r, has & HAS_OF, &ev->of, &ev->of_bytes);
	get_short_text(r, has & HAS_EXTERNAL, &ev->external, &ev->external_bytes);
	get_short_text(r, has & HAS_OPERATION, &ev->operation, &ev->operation_bytes);
	if (has & HAS_VARIANT)
		ev->variant = led_get_var32(r);
	if (has & HAS_CAUSED)
		ev->caused_ns = (int64_t)led_get_u64(r);
	if (has & HAS_EXPIRES)
		ev->expires_ns = (int64_t)led_get_u64(r);
	if (optional_fields(ev) != has)
		r->bad = true; /* one that is there but says nothing */
}

int
led_event_decode(uint64_t seq, const void *value, size_t bytes, struct led_event *ret)
{
	struct led_rd r = {.at = value, .end = (const uint8_t *)value + bytes};
	struct led_event *ev = ret;
	*ev = (struct led_event){.seq = seq};
	uint8_t version = get_u8(&r);

	ev->kind = (enum led_kind)get_u8(&r);
	ev->n_legs = get_u8(&r);
	uint8_t has = version == EVENT_VERSION ? get_u8(&r) : 0;

	if (version < VERSION || version > EVENT_VERSION)
		r.bad = true;
	ev->stream = led_get_u64(&r);
	ev->received_ns = (int64_t)led_get_u64(&r);
	ev->claimed_ns = (int64_t)((uint64_t)ev->received_ns + (uint64_t)get_zigzag(&r));
	ev->flags = led_get_var32(&r);
	ev->worker = led_get_var32(&r);
	ev->said_by = led_get_var32(&r);
	ev->instance = led_get_var32(&r);
	ev->generation = led_get_var32(&r);
	ev->stream_offset = led_get_var(&r);
	ev->ref = led_get_var(&r);
	ev->duration_ms = get_zigzag(&r);
	if (r.bad || ev->n_legs > LED_LEGS_MAX)
		return -EBADMSG;
	for (unsigned i = 0; i < ev->n_legs; i++)
		get_leg(&r, &ev->legs[i]);
	ev->id_bytes = led_get_var(&r);
	ev->category_bytes = led_get_var(&r);
	ev->line_bytes = led_get_var(&r);
	if (r.bad || ev->id_bytes > LED_ID_MAX || ev->category_bytes > LED_CATEGORY_MAX ||
		ev->line_bytes > LED_LINE_MAX)
		return -EBADMSG;
	ev->id = get_text(&r, ev->id_bytes);
	ev->category = get_text(&r, ev->category_bytes);
	ev->line = get_text(&r, ev->line_bytes);
	if (has)
		get_optional(&r, ev, has);
	if (rd_end(&r) < 0 || led_event_check(ev) < 0)
		return -EBADMSG;
	if (version == VERSION && ev->kind == LED_REVENUE)
		led_line_external(ev);
	return 0;
}

/* ---- quarantine, streams, states ---- */

size_t
led_bad_encode(const struct led_bad *bad, size_t reason_bytes, uint8_t *out)
{
	uint8_t *at = out;

	*at++ = VERSION;
	at = led_put_u64(at, bad->stream);
	at = led_put_u64(at, (uint64_t)bad->received_ns);
	at = led_put_var(at, bad->stream_offset);
	at = led_put_var(at, bad->worker);
	at = led_put_var(at, bad->n_bytes_whole);
	at = led_put_var(at, reason_bytes);
	at = led_put_var(at, bad->n_bytes);
	at = put_bytes(at, bad->reason, reason_bytes);
	at = put_bytes(at, bad->bytes, bad->n_bytes);
	return (size_t)(at - out);
}

int
led_bad_decode(
	uint64_t seq, const void *value, size_t bytes, struct led_bad *ret, char *reason)
{
	struct led_rd r = rd_begin(value, bytes);
	struct led_bad bad = {.seq = seq, .reason = reason};

	bad.stream = led_get_u64(&r);
	bad.received_ns = (int64_t)led_get_u64(&r);
	bad.stream_offset = led_get_var(&r);
	bad.worker = led_get_var32(&r);
	bad.n_bytes_whole = led_get_var(&r);
	uint64_t reason_bytes = led_get_var(&r);

	bad.n_bytes = led_get_var(&r);
	if (r.bad || reason_bytes > LED_REASON_MAX || bad.n_bytes > LED_BAD_KEPT_MAX ||
		bad.n_bytes > bad.n_bytes_whole)
		return -EBADMSG;
	const uint8_t *text = led_get_bytes(&r, reason_bytes);

	bad.bytes = get_text(&r, bad.n_bytes);
	if (rd_end(&r) < 0)
		return -EBADMSG;
	memcpy(reason, text, reason_bytes);
	reason[reason_bytes] = '\0';
	*ret = bad;
	return 0;
}

size_t
led_stream_encode(const struct led_stream *s, uint8_t *out)
{
	uint8_t *at = out;

	*at++ = VERSION;
	at = led_put_u64(at, s->stream_id);
	at = led_put_u64(at, (uint64_t)s->opened_ns);
	at = led_put_u64(at, (uint64_t)s->closed_ns);
	at = led_put_var(at, s->worker);
	at = led_put_var(at, s->instance);
	at = led_put_var(at, s->generation);
	at = led_put_var(at, (uint64_t)s->state);
	at = led_put_var(at, s->offset);
	at = led_put_var(at, s->lines);
	at = led_put_var(at, s->rejected);
	at = led_put_var(at, s->cpu_us_booked);
	at = led_put_var(at, s->mem_kib_s_booked);
	if (s->variant != 0 || s->run_bytes != 0) {
		at = led_put_var(at, s->variant);
		at = led_put_var(at, s->run_bytes);
		memcpy(at, s->run, s->run_bytes);
		at += s->run_bytes;
	}
	return (size_t)(at - out);
}

/* Not there: nothing is going on. */
static void
get_going_on(struct led_rd *r, struct led_stream *s)
{
	if (r->at == r->end)
		return;
	s->variant = led_get_var32(r);
	uint64_t bytes = led_get_var(r);

	if (bytes > LED_RUN_MAX || (bytes == 0 && s->variant == 0)) {
		r->bad = true;
		return;
	}
	const uint8_t *run = led_get_bytes(r, bytes);

	if (run)
		memcpy(s->run, run, bytes);
	s->run_bytes = (uint8_t)bytes;
}

int
led_stream_decode(const void *value, size_t bytes, struct led_stream *ret)
{
	struct led_rd r = rd_begin(value, bytes);
	struct led_stream s = {0};

	s.stream_id = led_get_u64(&r);
	s.opened_ns = (int64_t)led_get_u64(&r);
	s.closed_ns = (int64_t)led_get_u64(&r);
	s.worker = led_get_var32(&r);
	s.instance = led_get_var32(&r);
	s.generation = led_get_var32(&r);
	uint64_t state = led_get_var(&r);

	s.offset = led_get_var(&r);
	s.lines = led_get_var(&r);
	s.rejected = led_get_var(&r);
	s.cpu_us_booked = led_get_var(&r);
	s.mem_kib_s_booked = led_get_var(&r);
	get_going_on(&r, &s);
	if (rd_end(&r) < 0 || s.stream_id == 0 || state < LED_STREAM_OPEN ||
		state > LED_STREAM_CLOSED)
		return -EBADMSG;
	s.state = (enum led_stream_state)state;
	*ret = s;
	return 0;
}

size_t
led_state_head_encode(uint64_t seq, uint8_t *out)
{
	out[0] = VERSION;
	return (size_t)(led_put_var(out + 1, seq) - out);
}

int
led_state_decode(const void *value, size_t bytes, uint64_t *ret_seq,
	const void **ret_line, size_t *ret_bytes)
{
	struct led_rd r = rd_begin(value, bytes);
	uint64_t seq = led_get_var(&r);

	if (r.bad || seq == 0)
		return -EBADMSG;
	*ret_seq = seq;
	*ret_line = r.at;
	*ret_bytes = (size_t)(r.end - r.at);
	return 0;
}

/* ---- sales, reservations ---- */

static int64_t
get_nano(struct led_rd *r)
{
	uint64_t v = led_get_var(r);

	if (v > INT64_MAX)
		r->bad = true;
	return (int64_t)v;
}

size_t
led_pend_encode(const struct led_pend *p, uint8_t *out)
{
	uint8_t *at = out;
	size_t operation_bytes = strnlen(p->operation, LED_OPERATION_MAX);

	*at++ = VERSION;
	at = led_put_u64(at, (uint64_t)p->opened_ns);
	at = led_put_u64(at, (uint64_t)p->expires_ns);
	at = led_put_u64(at, p->stream);
	at = led_put_var(at, p->worker);
	at = led_put_var(at, p->scope);
	at = led_put_var(at, p->currency);
	at = led_put_var(at, p->instance);
	at = led_put_var(at, p->generation);
	at = led_put_var(at, (uint64_t)p->amount);
	at = led_put_var(at, (uint64_t)p->left);
	at = led_put_var(at, operation_bytes);
	at = put_bytes(at, p->operation, operation_bytes);
	return (size_t)(at - out);
}

int
led_pend_decode(uint64_t seq, const void *value, size_t bytes, struct led_pend *ret)
{
	struct led_rd r = rd_begin(value, bytes);
	struct led_pend p = {.seq = seq};

	p.opened_ns = (int64_t)led_get_u64(&r);
	p.expires_ns = (int64_t)led_get_u64(&r);
	p.stream = led_get_u64(&r);
	p.worker = led_get_var32(&r);
	p.scope = led_get_var32(&r);
	p.currency = led_get_var32(&r);
	p.instance = led_get_var32(&r);
	p.generation = led_get_var32(&r);
	p.amount = get_nano(&r);
	p.left = get_nano(&r);
	uint64_t operation_bytes = led_get_var(&r);

	if (r.bad || operation_bytes > LED_OPERATION_MAX)
		return -EBADMSG;
	const uint8_t *operation = led_get_bytes(&r, operation_bytes);

	if (rd_end(&r) < 0 || memchr(operation, '\0', operation_bytes) || p.left <= 0 ||
		p.left > p.amount)
		return -EBADMSG;
	memcpy(p.operation, operation, operation_bytes);
	*ret = p;
	return 0;
}

size_t
led_seq_encode(uint64_t seq, uint8_t *out)
{
	return led_state_head_encode(seq, out);
}

int
led_seq_decode(const void *value, size_t bytes, uint64_t *ret)
{
	struct led_rd r = rd_begin(value, bytes);
	uint64_t seq = led_get_var(&r);

	if (rd_end(&r) < 0 || seq == 0)
		return -EBADMSG;
	*ret = seq;
	return 0;
}

size_t
led_meta_encode(const struct led_meta *meta, uint8_t *out)
{
	uint8_t *at = out;

	*at++ = VERSION;
	for (int i = 0; i < 4; i++)
		*at++ = (uint8_t)(meta->schema >> (8 * i));
	at = put_bytes(at, meta->id, sizeof(meta->id));
	at = led_put_u64(at, (uint64_t)meta->created_ns);
	*at++ = meta->scale;
	at = put_bytes(at, meta->genesis, LED_HASH_BYTES);
	return (size_t)(at - out);
}

int
led_meta_decode(const void *value, size_t bytes, struct led_meta *ret)
{
	struct led_rd r = {.at = value, .end = (const uint8_t *)value + bytes};
	struct led_meta meta = {0};
	uint8_t version = get_u8(&r);

	for (int i = 0; i < 4; i++)
		meta.schema |= (uint32_t)get_u8(&r) << (8 * i);
	if (r.bad)
		return -EBADMSG;
	ret->schema = meta.schema;
	if (version > VERSION || meta.schema > LED_SCHEMA)
		return -EPROTONOSUPPORT;
	const uint8_t *id = led_get_bytes(&r, sizeof(meta.id));

	meta.created_ns = (int64_t)led_get_u64(&r);
	meta.scale = get_u8(&r);
	const uint8_t *genesis = led_get_bytes(&r, LED_HASH_BYTES);

	if (rd_end(&r) < 0 || version != VERSION || meta.schema == 0 || meta.scale != 9)
		return -EBADMSG;
	memcpy(meta.id, id, sizeof(meta.id));
	memcpy(meta.genesis, genesis, LED_HASH_BYTES);
	*ret = meta;
	return 0;
}
