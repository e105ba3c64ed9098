/* See verify_seal.h. Every seal must be of the next day that was not sealed before, and
 * say what the batches of that day say; with the first key, every day since must have
 * one. */
#include "verify_seal.h"

#include "nv_clock.h"
#include "shape.h"
#include "verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

/* A day that is over is sealed at once by an engine that runs; one that was started just
 * now may not have come to it. */
static const int64_t patience_ns = INT64_C(3600) * NV_NS_PER_SEC;

void
led_vseals_init(struct led_verify *v, const struct led_verify_options *opt)
{
	struct led_vseals *s = &v->seals;

	led_merkle_init(&s->tree, UINT64_MAX);
	s->first = 1;
	if (!opt)
		return;
	s->opt = *opt;
	if (opt->seal_key)
		s->key = *opt->seal_key;
	if (opt->seal_key &&
		memcmp(s->key.ledger, v->led->meta.id, sizeof(s->key.ledger)) != 0)
		led_problem(v, "the seal key is that of another ledger");
}

static void
end_day(struct led_verify *v)
{
	struct led_vseals *s = &v->seals;

	if (s->tree.n == 0)
		return;
	if (s->n_ended == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct led_seal *p = reallocarray(s->ended, cap, sizeof(*p));

		if (!p) {
			v->error = -ENOMEM;
			return;
		}
		s->ended = p;
		s->cap = cap;
	}
	struct led_seal *seal = &s->ended[s->n_ended++];

	*seal = (struct led_seal){
		.day = s->day, .first_batch = s->first, .batches = s->tree.n};
	led_merkle_root(&s->tree, seal->root);
	memcpy(seal->head, v->head, LED_HASH_BYTES);
	s->first += s->tree.n;
	led_merkle_init(&s->tree, UINT64_MAX);
}

void
led_vseals_batch(struct led_verify *v, const struct led_audit *a)
{
	struct led_vseals *s = &v->seals;
	uint32_t day = led_bucket(LED_DAY, a->time_ns);

	if (s->tree.n > 0 && day == s->day)
		return;
	end_day(v);
	s->day = day;
	s->day_began_ns = a->time_ns;
}

static void
check_anchors(struct led_verify *v, const struct led_audit *a)
{
	const struct led_anchors *anchors = v->seals.opt.anchors;
	char at[NV_RFC3339_BYTES];

	for (; anchors && v->seals.next_anchor < anchors->n; v->seals.next_anchor++) {
		const struct led_anchor *anchor = &anchors->list[v->seals.next_anchor];

		if (anchor->batch > a->batch)
			return;
		if (memcmp(anchor->ledger, v->led->meta.id, sizeof(anchor->ledger)) != 0)
			led_problem(v, "the anchor of %s is of another ledger",
				nv_rfc3339(anchor->at_ns, at));
		else if (memcmp(anchor->hash, a->hash, LED_HASH_BYTES) != 0)
			led_problem(v,
				"batch %llu is not the one that was anchored at %s: the "
				"ledger was written anew, or rolled back and continued",
				(ull)a->batch, nv_rfc3339(anchor->at_ns, at));
	}
}

void
led_vseals_hash(struct led_verify *v, const struct led_audit *a)
{
	uint8_t leaf[LED_HASH_BYTES];

	led_merkle_leaf(a->hash, LED_HASH_BYTES, leaf);
	led_merkle_add(&v->seals.tree, leaf);
	check_anchors(v, a);
}

static void
check_mac(struct led_verify *v, const struct led_seal *seal)
{
	struct led_seal_key *key = &v->seals.key;
	char date[LED_DATE_BYTES];
	uint8_t mac[LED_HASH_BYTES];

	if (!v->seals.opt.seal_key || seal->day < key->day)
		return;
	led_seal_key_evolve(key, seal->day);
	led_seal_mac(key, seal, mac);
	if (!seal->has_mac)
		led_problem(v, "the seal of %s was made without the key",
			led_date(seal->day, date));
	else if (memcmp(mac, seal->mac, sizeof(mac)) != 0)
		led_problem(v, "the seal of %s was not made with the key of that day",
			led_date(seal->day, date));
}

void
led_vseals_event(struct led_verify *v, const struct led_event *ev)
{
	struct led_vseals *s = &v->seals;
	struct led_seal seal;
	char date[LED_DATE_BYTES];

	if (ev->kind != LED_SEAL)
		return;
	if (led_seal_parse(ev->line, ev->line_bytes, &seal) < 0) {
		led_problem(v, "event %llu: is no seal", (ull)ev->seq);
		return;
	}
	if (s->n_sealed == s->n_ended) {
		led_problem(v,
			"event %llu: seals %s, which was sealed before or not over",
			(ull)ev->seq, led_date(seal.day, date));
		return;
	}
	struct led_seal *expected = &s->ended[s->n_sealed++];

	if (seal.day != expected->day || seal.first_batch != expected->first_batch ||
		seal.batches != expected->batches ||
		memcmp(seal.root, expected->root, LED_HASH_BYTES) != 0 ||
		memcmp(seal.head, expected->head, LED_HASH_BYTES) != 0)
		led_problem(v, "event %llu: the seal is not what the batches of %s say",
			(ull)ev->seq, led_date(expected->day, date));
	check_mac(v, &seal);
}

void
led_vseals_end(struct led_verify *v)
{
	struct led_vseals *s = &v->seals;
	const struct led_anchors *anchors = s->opt.anchors;
	char text[NV_RFC3339_BYTES];

	for (size_t i = s->n_sealed; i < s->n_ended && s->opt.seal_key; i++) {
		if (s->ended[i].day >= s->opt.seal_key->day &&
			v->time_ns - s->day_began_ns > patience_ns)
			led_problem(v, "%s has no seal", led_date(s->ended[i].day, text));
	}
	for (; anchors && s->next_anchor < anchors->n; s->next_anchor++) {
		const struct led_anchor *anchor = &anchors->list[s->next_anchor];

		led_problem(v,
			"the ledger ends at batch %llu, but batch %llu was anchored at "
			"%s: its end was cut off, or it was rolled back",
			(ull)v->batch, (ull)anchor->batch,
			nv_rfc3339(anchor->at_ns, text));
	}
}

void
led_vseals_fini(struct led_verify *v)
{
	free(v->seals.ended);
	explicit_bzero(&v->seals.key, sizeof(v->seals.key));
}
