/* Verify's side of claim.c: every event is asked again whether it may take what it takes,
 * from what the events before it say and nothing else; at the end the tables must hold
 * exactly what came of it. */
#include "verify.h"

#include <errno.h>
#include <string.h>

typedef unsigned long long ull;

/* ---- where the claims look ---- */

static int
source_event(void *arg, uint64_t seq, struct led_event *ret)
{
	struct led_verify *v = arg;
	MDB_val value;

	if (seq >= v->seq || led_record(v->led, v->txn, seq, &value) < 0)
		return -ENOENT;
	return led_event_decode(seq, value.mv_data, value.mv_size, ret);
}

static int
source_sale(void *arg, uint64_t seq, struct led_sale *ret)
{
	struct led_event ev;
	int rc = source_event(arg, seq, &ev);

	return rc < 0 ? rc : led_sale_of_event(&ev, seq, ret);
}

/* All there is of the rest is in memory. */
static int
source_pend(void *arg, uint64_t seq, struct led_pend *ret)
{
	(void)arg;
	(void)seq;
	(void)ret;
	return -ENOENT;
}

static int
source_link(void *arg, enum led_link what, uint64_t seq, uint64_t *ret)
{
	(void)arg;
	(void)what;
	(void)seq;
	(void)ret;
	return -ENOENT;
}

static int
source_orphans(void *arg, struct led_claims *claims, const char *of, size_t bytes)
{
	(void)arg;
	(void)claims;
	(void)of;
	(void)bytes;
	return 0;
}

struct led_claim_source
led_verify_source(struct led_verify *v)
{
	return (struct led_claim_source){.sale = source_sale,
		.pend = source_pend,
		.event = source_event,
		.link = source_link,
		.orphans = source_orphans,
		.arg = v};
}

/* ---- one event ---- */

/* The newest sale of a name has its row; one that points further on is that one's. */
static void
check_ext(struct led_verify *v, const struct led_event *ev, uint32_t scope)
{
	uint8_t key[LED_KEY_BYTES_MAX];
	MDB_val value;
	uint64_t seq;
	size_t bytes = led_key_idem(scope, ev->external, ev->external_bytes, key);

	if (!led_verify_get(v, LED_DB_EXTID, key, bytes, &value))
		led_problem(v, "event %llu: its external id is not in the index",
			(ull)ev->seq);
	else if (led_seq_decode(value.mv_data, value.mv_size, &seq) < 0 || seq < ev->seq)
		led_problem(v, "event %llu: its external id leads to an older one",
			(ull)ev->seq);
	else if (seq == ev->seq)
		v->rows[LED_DB_EXTID]++;
}

void
led_verify_claims(struct led_verify *v, const struct led_event *ev)
{
	if (ev->external && ev->kind == LED_REVENUE) {
		check_ext(v, ev, led_idem_scope(ev));
		check_ext(v, ev, 0);
	}
	int rc = led_claims_event(&v->claims, ev, ev->seq, v->time_ns);

	if (led_is_refusal(rc))
		led_problem(v, "event %llu: takes what it cannot: %s", (ull)ev->seq,
			strerror(-rc));
	else if (rc == 0)
		rc = led_claims_shrink(&v->claims);
	if (rc == -EBADMSG)
		led_problem(v, "event %llu: what it names cannot be read", (ull)ev->seq);
	else if (rc < 0 && !led_is_refusal(rc))
		v->error = rc;
}

/* ---- the tables ---- */

static void
compare(struct led_verify *v, enum led_db db, const uint8_t *key, size_t key_bytes,
	const void *expected, size_t bytes, uint64_t seq)
{
	MDB_val value;

	v->rows[db]++;
	if (!led_verify_get(v, db, key, key_bytes, &value))
		led_problem(v, "%s of event %llu: missing", led_db_name(db), (ull)seq);
	else if (value.mv_size != bytes || memcmp(value.mv_data, expected, bytes) != 0)
		led_problem(v, "%s of event %llu: is not what the events add up to",
			led_db_name(db), (ull)seq);
}

static void
check_pend(struct led_verify *v, const struct led_pend *p)
{
	uint8_t key[16];
	uint8_t value[LED_PEND_BYTES_MAX];

	compare(v, LED_DB_PEND, key, led_key_u64(p->seq, key), value,
		led_pend_encode(p, value), p->seq);
	compare(v, LED_DB_PENDEXP, key, led_key_pendexp(p->expires_ns, p->seq, key), "\1",
		1, p->seq);
}

static void
check_orphans(struct led_verify *v)
{
	const struct led_claims *c = &v->claims;
	uint8_t key[LED_KEY_BYTES_MAX];

	for (uint32_t i = 0; i < c->n_orphans; i++) {
		size_t bytes;
		const char *of = led_texts_get(&c->orphan_ids, c->orphan_of[i], &bytes);
		uint64_t seq = c->orphans[i].seq;

		if (!c->orphans[i].gone)
			compare(v, LED_DB_ORPHAN, key,
				led_key_orphan(of, bytes, seq, key), "\1", 1, seq);
	}
}

void
led_verify_claim_rows(struct led_verify *v)
{
	const struct led_claims *c = &v->claims;
	uint8_t key[16];
	uint8_t value[LED_SALE_BYTES_MAX];

	for (uint32_t i = 0; i < c->sale_keys.n; i++) {
		const struct led_sale *s = &c->sales[i].sale;

		if (c->sales[i].touched)
			compare(v, LED_DB_SALE, key, led_key_u64(s->seq, key), value,
				led_sale_encode(s, value), s->seq);
	}
	for (uint32_t i = 0; i < c->pend_keys.n; i++) {
		if (c->pends[i].pend.left > 0)
			check_pend(v, &c->pends[i].pend);
	}
	for (uint32_t i = 0; i < c->link_keys.n; i++) {
		struct led_pair pair = c->link_keys.keys[i];

		compare(v, LED_DB_LINK, key,
			led_key_link((enum led_link)pair.b, pair.a, key), value,
			led_seq_encode(c->links[i], value), pair.a);
	}
	check_orphans(v);
}
