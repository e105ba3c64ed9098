/* The row of a sale of which something came back: see schema.h. */
#include "schema.h"

#include <errno.h>

/* One spelling each: the second version only for what the first cannot say. */
enum { SALE_VERSION = 1, SALE_VERSION_AHEAD = 2 };

size_t
led_sale_encode(const struct led_sale *s, uint8_t *out)
{
	uint8_t *at = out;

	*at++ = s->ahead ? SALE_VERSION_AHEAD : SALE_VERSION;
	*at++ = s->corrected ? 1 : 0;
	at = led_put_u64(at, (uint64_t)s->caused_ns);
	at = led_put_var(at, s->worker);
	at = led_put_var(at, s->currency);
	at = led_put_var(at, s->variant);
	at = led_put_var(at, (uint64_t)s->gross);
	at = led_put_var(at, (uint64_t)s->refunded);
	at = led_put_var(at, (uint64_t)s->disputed);
	at = led_put_var(at, (uint64_t)s->won);
	at = led_put_var(at, (uint64_t)s->lost);
	if (s->ahead)
		at = led_put_var(at, (uint64_t)s->ahead);
	return (size_t)(at - out);
}

static uint8_t
get_u8(struct led_rd *r)
{
	const uint8_t *at = led_get_bytes(r, 1);

	return at ? *at : 0;
}

static int64_t
get_nano(struct led_rd *r)
{
	uint64_t v = led_get_var(r);

	if (v > INT64_MAX)
		r->bad = true;
	return (int64_t)v;
}

int
led_sale_decode(uint64_t seq, const void *value, size_t bytes, struct led_sale *ret)
{
	struct led_rd r = {.at = value, .end = (const uint8_t *)value + bytes};
	struct led_sale s = {.seq = seq};
	uint8_t version = get_u8(&r);
	uint8_t corrected = get_u8(&r);

	s.corrected = corrected == 1;
	s.caused_ns = (int64_t)led_get_u64(&r);
	s.worker = led_get_var32(&r);
	s.currency = led_get_var32(&r);
	s.variant = led_get_var32(&r);
	s.gross = get_nano(&r);
	s.refunded = get_nano(&r);
	s.disputed = get_nano(&r);
	s.won = get_nano(&r);
	s.lost = get_nano(&r);
	if (version == SALE_VERSION_AHEAD)
		s.ahead = get_nano(&r);
	if (r.bad || r.at != r.end || corrected > 1 ||
		(version == SALE_VERSION_AHEAD ? s.ahead <= 0 || s.ahead > s.refunded
					       : version != SALE_VERSION))
		return -EBADMSG;
	*ret = s;
	return 0;
}
