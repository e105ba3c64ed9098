/* See claim.h. Every check comes before every change, so that a refusal leaves no trace.
 */
#include "claim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void
led_claims_clear(struct led_claims *c)
{
	led_map_clear(&c->sale_keys);
	led_map_clear(&c->pend_keys);
	led_map_clear(&c->link_keys);
	led_texts_clear(&c->orphan_ids);
	c->n_orphans = 0;
	c->n_resolved = 0;
}

void
led_claims_fini(struct led_claims *c)
{
	led_map_fini(&c->sale_keys);
	led_map_fini(&c->pend_keys);
	led_map_fini(&c->link_keys);
	led_texts_fini(&c->orphan_ids);
	free(c->sales);
	free(c->pends);
	free(c->links);
	free(c->orphan_lists);
	free(c->orphans);
	free(c->orphan_of);
}

/* Room for one more in an array that goes with n keys. */
static bool
room(void *array_ptr, uint32_t n, uint32_t *cap, size_t elem_bytes)
{
	void **array = array_ptr;

	if (n < *cap)
		return true;
	uint32_t more = *cap ? *cap * 2 : 16;
	void *p = reallocarray(*array, more, elem_bytes);

	if (!p)
		return false;
	*array = p;
	*cap = more;
	return true;
}

/* ---- sales ---- */

int64_t
led_sale_left(const struct led_sale *sale)
{
	return sale->corrected ? 0 : sale->gross - sale->refunded - sale->lost;
}

int
led_sale_of_event(const struct led_event *ev, uint64_t seq, struct led_sale *ret)
{
	struct led_sale s = {.seq = seq, .worker = ev->worker, .variant = ev->variant};

	if (ev->kind != LED_REVENUE)
		return -ENOENT;
	s.caused_ns = ev->caused_ns ? ev->caused_ns : ev->claimed_ns;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *leg = &ev->legs[i];

		if (leg->code != LED_CODE_REVENUE)
			continue;
		if (s.currency != 0 && s.currency != leg->currency)
			return -ENOENT; /* of no one amount */
		s.currency = leg->currency;
		if (__builtin_add_overflow(s.gross, leg->nano, &s.gross))
			return -ENOENT;
	}
	*ret = s;
	return 0;
}

static int
sale_get(struct led_claims *c, uint64_t seq, struct led_claim_sale **ret)
{
	struct led_sale sale;
	bool is_new;
	uint32_t i = led_map_find(&c->sale_keys, seq, 0);

	if (i == LED_MAP_NONE) {
		int rc = c->source.sale(c->source.arg, seq, &sale);

		if (rc < 0)
			return rc;
		if (!room(&c->sales, c->sale_keys.n, &c->sales_cap, sizeof(*c->sales)))
			return -ENOMEM;
		i = led_map_add(&c->sale_keys, seq, 0, &is_new);
		if (i == LED_MAP_NONE)
			return -ENOMEM;
		c->sales[i] = (struct led_claim_sale){.sale = sale};
	}
	*ret = &c->sales[i];
	return 0;
}

int
led_claims_sale(struct led_claims *c, uint64_t seq, struct led_sale *ret)
{
	struct led_claim_sale *s;
	int rc = sale_get(c, seq, &s);

	if (rc == 0)
		*ret = s->sale;
	return rc;
}

/* What a refund or dispute takes from a sale. */
struct taking {
	uint16_t code;
	uint32_t currency;
	int64_t nano;
	int64_t back; /* of what a total has told before */
	bool total;
};

/* The leg of a refund or dispute that takes from a sale. NULL: it has none. */
static const struct led_leg *
taking_leg(const struct led_event *ev)
{
	for (unsigned i = 0; i < ev->n_legs; i++) {
		uint16_t code = ev->legs[i].code;

		if (code == LED_CODE_REFUND || code == LED_CODE_DISPUTE ||
			code == LED_CODE_DISPUTE_WON || code == LED_CODE_DISPUTE_LOST)
			return &ev->legs[i];
	}
	return NULL;
}

static struct taking
taking_of(const struct led_event *ev, const struct led_leg *leg)
{
	struct taking t = {.code = leg->code,
		.currency = leg->currency,
		.nano = leg->nano,
		.total = (ev->flags & LED_F_TOTAL) != 0};

	for (unsigned i = 0; i < ev->n_legs; i++) {
		if (ev->legs[i].code == (LED_CODE_REFUND | LED_CODE_REVERSAL))
			t.back += ev->legs[i].nano;
	}
	return t;
}

static struct taking
taking_of_orphan(const struct led_orphan *o)
{
	return (struct taking){o->code, o->currency, o->nano, o->back, o->total};
}

/* Whether a movement fits the sale; then what it does to it. */
static int
sale_check(const struct led_sale *s, const struct taking *t)
{
	int64_t left = led_sale_left(s);
	int64_t nano = t->nano;

	if (t->currency != s->currency)
		return -EDOM;
	switch (t->code) {
	case LED_CODE_REFUND:
		if (t->back > nano || (t->total && t->back > 0))
			return -EINVAL;
		return nano - t->back <= left && t->back <= s->ahead ? 0 : -ERANGE;
	case LED_CODE_DISPUTE:
		return nano <= left - s->disputed ? 0 : -ERANGE;
	case LED_CODE_DISPUTE_WON:
		return nano <= s->disputed ? 0 : -ERANGE;
	case LED_CODE_DISPUTE_LOST:
		return nano <= s->disputed && nano <= left ? 0 : -ERANGE;
	default:
		return -EINVAL;
	}
}

static void
sale_apply(struct led_claim_sale *s, const struct taking *t)
{
	int64_t nano = t->nano;

	s->touched = true;
	switch (t->code) {
	case LED_CODE_REFUND:
		s->sale.refunded += nano - t->back;
		s->sale.ahead += t->total ? nano : -t->back;
		break;
	case LED_CODE_DISPUTE:
		s->sale.disputed += nano;
		break;
	case LED_CODE_DISPUTE_WON:
		s->sale.disputed -= nano;
		s->sale.won += nano;
		break;
	case LED_CODE_DISPUTE_LOST:
		s->sale.disputed -= nano;
		s->sale.lost += nano;
		break;
	case LED_CODE_REFUND | LED_CODE_REVERSAL:
		s->sale.refunded -= nano - t->back;
		s->sale.ahead -= t->total ? nano : -t->back;
		break;
	case LED_CODE_DISPUTE | LED_CODE_REVERSAL:
		s->sale.disputed -= nano;
		break;
	case LED_CODE_DISPUTE_WON | LED_CODE_REVERSAL:
		s->sale.won -= nano;
		s->sale.disputed += nano;
		break;
	case LED_CODE_DISPUTE_LOST | LED_CODE_REVERSAL:
		s->sale.lost -= nano;
		s->sale.disputed += nano;
		break;
	default:
		NV_ASSERT(false);
	}
}

/* ---- links ---- */

static int
link_put(struct led_claims *c, enum led_link what, uint64_t seq, uint64_t to)
{
	bool is_new;

	if (!room(&c->links, c->link_keys.n, &c->links_cap, sizeof(*c->links)))
		return -ENOMEM;
	uint32_t i = led_map_add(&c->link_keys, seq, (uint64_t)what, &is_new);

	if (i == LED_MAP_NONE)
		return -ENOMEM;
	NV_ASSERT(is_new);
	c->links[i] = to;
	return 0;
}

int
led_claims_link(struct led_claims *c, enum led_link what, uint64_t seq, uint64_t *ret)
{
	uint32_t i = led_map_find(&c->link_keys, seq, (uint64_t)what);

	if (i == LED_MAP_NONE)
		return c->source.link(c->source.arg, what, seq, ret);
	*ret = c->links[i];
	return 0;
}

/* ---- refunds and disputes that wait for their sale ---- */

/* The list of an id. Many may wait under one (a word for "unknown"): those of the source
 * are not in it before somebody looks for them. */
static int
orphan_list(struct led_claims *c, const char *of, size_t bytes, uint32_t *ret)
{
	bool is_new;

	if (!room(&c->orphan_lists, c->orphan_ids.n, &c->orphan_lists_cap,
		    sizeof(*c->orphan_lists)))
		return -ENOMEM;
	uint32_t i = led_texts_add(&c->orphan_ids, of, bytes, &is_new);

	if (i == LED_MAP_NONE)
		return -ENOMEM;
	if (is_new)
		c->orphan_lists[i] = (struct led_orphan_list){0};
	*ret = i;
	return 0;
}

/* All of them: those of the source came before those that are here. */
static int
orphan_load(struct led_claims *c, const char *of, size_t bytes, uint32_t *ret)
{
	int rc = orphan_list(c, of, bytes, ret);

	if (rc < 0 || c->orphan_lists[*ret].loaded)
		return rc;
	struct led_orphan_list here = c->orphan_lists[*ret];

	c->orphan_lists[*ret] = (struct led_orphan_list){.loaded = true};
	if (c->any_orphans)
		rc = c->source.orphans(c->source.arg, c, of, bytes);
	struct led_orphan_list *all = &c->orphan_lists[*ret];

	if (rc < 0 || here.head == 0)
		return rc;
	if (all->tail)
		c->orphans[all->tail - 1].next = here.head;
	else
		all->head = here.head;
	all->tail = here.tail;
	return 0;
}

/* At the end of its list: they are matched in the order in which they came. */
static int
orphan_append(struct led_claims *c, uint32_t list, const struct led_orphan *orphan)
{
	if (c->n_orphans == c->orphans_cap) {
		uint32_t cap = c->orphans_cap;

		if (!room(&c->orphan_of, c->n_orphans, &cap, sizeof(*c->orphan_of)) ||
			!room(&c->orphans, c->n_orphans, &c->orphans_cap,
				sizeof(*c->orphans)))
			return -ENOMEM;
	}
	struct led_orphan_list *l = &c->orphan_lists[list];

	c->orphan_of[c->n_orphans] = list;
	c->orphans[c->n_orphans++] = *orphan;
	if (l->tail)
		c->orphans[l->tail - 1].next = c->n_orphans;
	else
		l->head = c->n_orphans;
	l->tail = c->n_orphans;
	return 0;
}

int
led_claims_orphan(
	struct led_claims *c, const struct led_event *ev, uint64_t seq, bool stored)
{
	const struct led_leg *leg = taking_leg(ev);
	uint32_t list = led_texts_find(&c->orphan_ids, ev->of, ev->of_bytes);

	if (!leg || list == LED_MAP_NONE)
		return -EBADMSG;
	struct led_orphan orphan = {.seq = seq,
		.scope = led_idem_scope(ev),
		.worker = ev->worker,
		.currency = leg->currency,
		.code = leg->code,
		.nano = leg->nano,
		.back = taking_of(ev, leg).back,
		.total = (ev->flags & LED_F_TOTAL) != 0,
		.stored = stored};

	return orphan_append(c, list, &orphan);
}

int
led_claims_waiting(struct led_claims *c, const char *of, size_t bytes, uint32_t scope,
	uint32_t currency, struct led_sale *ret)
{
	struct led_claim_sale all = {.sale = {.currency = currency}};
	uint32_t list;
	int rc = orphan_load(c, of, bytes, &list);

	for (uint32_t i = rc == 0 ? c->orphan_lists[list].head : 0; i;
		i = c->orphans[i - 1].next) {
		const struct led_orphan *o = &c->orphans[i - 1];
		const struct taking t = taking_of_orphan(o);

		if (!o->gone && o->scope == scope && o->currency == currency &&
			o->code == LED_CODE_REFUND)
			sale_apply(&all, &t);
	}
	*ret = all.sale;
	return rc;
}

static struct led_orphan *
orphan_find(struct led_claims *c, uint32_t list, uint64_t seq)
{
	for (uint32_t i = c->orphan_lists[list].head; i; i = c->orphans[i - 1].next) {
		if (c->orphans[i - 1].seq == seq && !c->orphans[i - 1].gone)
			return &c->orphans[i - 1];
	}
	return NULL;
}

/* Those that wait under this id and fit. */
static int
match_list(struct led_claims *c, struct led_claim_sale *s, const char *of, size_t bytes,
	uint32_t scope, bool anybody)
{
	uint32_t list;
	int rc = orphan_load(c, of, bytes, &list);

	if (rc < 0)
		return rc;
	for (uint32_t i = c->orphan_lists[list].head; i; i = c->orphans[i - 1].next) {
		struct led_orphan *o = &c->orphans[i - 1];

		const struct taking t = taking_of_orphan(o);

		if (o->gone || (!anybody && o->scope != scope && o->worker != scope) ||
			sale_check(&s->sale, &t) < 0)
			continue;
		rc = link_put(c, LED_LINK_MATCHED, o->seq, s->sale.seq);
		if (rc < 0)
			return rc;
		o->gone = true;
		sale_apply(s, &t);
	}
	return 0;
}

/* A sale that is booked anew: the one before was corrected, and its names lead here. */
static int
replace_sale(struct led_claims *c, const struct led_event *ev, uint64_t seq)
{
	uint64_t other;
	int rc = led_claims_link(c, LED_LINK_CORRECTED, ev->ref, &other);

	if (rc < 0)
		return rc;
	rc = led_claims_link(c, LED_LINK_REPLACED, ev->ref, &other);
	if (rc != -ENOENT)
		return rc == 0 ? -EALREADY : rc;
	return link_put(c, LED_LINK_REPLACED, ev->ref, seq);
}

/* A sale that came: whoever has waited for it. */
static int
take_sale(struct led_claims *c, const struct led_event *ev, uint64_t seq)
{
	bool is_new;
	struct led_sale sale;
	uint32_t scope = led_idem_scope(ev);

	if (ev->ref != 0) {
		int replaced = replace_sale(c, ev, seq);

		if (replaced < 0)
			return replaced;
	}
	if ((!c->any_orphans && c->n_orphans == 0) || (!ev->id && !ev->external) ||
		led_sale_of_event(ev, seq, &sale) < 0 || sale.currency == 0)
		return 0;
	if (!room(&c->sales, c->sale_keys.n, &c->sales_cap, sizeof(*c->sales)))
		return -ENOMEM;
	struct led_claim_sale s = {.sale = sale};
	int rc = ev->id ? match_list(c, &s, ev->id, ev->id_bytes, scope, false) : 0;

	if (rc == 0 && ev->external)
		rc = match_list(c, &s, ev->external, ev->external_bytes, scope, true);
	if (rc < 0 || !s.touched)
		return rc;
	uint32_t i = led_map_add(&c->sale_keys, seq, 0, &is_new);

	if (i == LED_MAP_NONE)
		return -ENOMEM;
	c->sales[i] = s;
	return 0;
}

/* A refund or dispute that names a sale. */
static int
take_back(struct led_claims *c, const struct led_event *ev, uint64_t seq)
{
	const struct led_leg *leg = taking_leg(ev);
	struct led_claim_sale *s;
	uint32_t list;

	if (!ev->of || !leg)
		return 0;
	if (ev->ref != 0) {
		int rc = sale_get(c, ev->ref, &s);

		const struct taking t = taking_of(ev, leg);

		if (rc == 0)
			rc = sale_check(&s->sale, &t);
		if (rc == 0)
			sale_apply(s, &t);
		return rc;
	}
	int rc = orphan_list(c, ev->of, ev->of_bytes, &list);

	return rc < 0 ? rc : led_claims_orphan(c, ev, seq, false);
}

/* ---- reservations ---- */

static int
pend_get(struct led_claims *c, uint64_t seq, struct led_claim_pend **ret)
{
	struct led_pend pend;
	bool is_new;
	uint32_t i = led_map_find(&c->pend_keys, seq, 0);

	if (i == LED_MAP_NONE) {
		int rc = c->source.pend(c->source.arg, seq, &pend);

		if (rc < 0)
			return rc;
		if (!room(&c->pends, c->pend_keys.n, &c->pends_cap, sizeof(*c->pends)))
			return -ENOMEM;
		i = led_map_add(&c->pend_keys, seq, 0, &is_new);
		if (i == LED_MAP_NONE)
			return -ENOMEM;
		c->pends[i] = (struct led_claim_pend){.pend = pend, .stored = true};
	}
	*ret = &c->pends[i];
	return c->pends[i].pend.left > 0 ? 0 : -ENOENT;
}

int
led_claims_pend(struct led_claims *c, uint64_t seq, struct led_pend *ret)
{
	struct led_claim_pend *p;
	int rc = pend_get(c, seq, &p);

	if (rc == 0)
		*ret = p->pend;
	return rc;
}

static int
take_reserve(
	struct led_claims *c, const struct led_event *ev, uint64_t seq, int64_t now_ns)
{
	bool is_new;
	struct led_pend p = {.seq = seq,
		.worker = ev->worker,
		.scope = led_idem_scope(ev),
		.opened_ns = ev->received_ns,
		.expires_ns = ev->expires_ns,
		.stream = ev->stream,
		.instance = ev->instance,
		.generation = ev->generation};

	if (ev->n_legs != 1 || ev->legs[0].code != LED_CODE_RESERVE || !ev->id ||
		ev->expires_ns <= now_ns)
		return -EINVAL;
	p.currency = ev->legs[0].currency;
	p.amount = ev->legs[0].nano;
	p.left = p.amount;
	if (ev->operation_bytes > 0)
		memcpy(p.operation, ev->operation, ev->operation_bytes);
	if (!room(&c->pends, c->pend_keys.n, &c->pends_cap, sizeof(*c->pends)))
		return -ENOMEM;
	uint32_t i = led_map_add(&c->pend_keys, seq, 0, &is_new);

	if (i == LED_MAP_NONE)
		return -ENOMEM;
	c->pends[i] = (struct led_claim_pend){.pend = p};
	return 0;
}

static int
take_pending(struct led_claims *c, const struct led_event *ev, const struct led_leg *leg,
	int64_t now_ns)
{
	struct led_claim_pend *p;
	int rc = pend_get(c, ev->ref, &p);

	if (rc < 0)
		return rc;
	if (p->pend.worker != ev->worker)
		return -EINVAL;
	if (p->pend.currency != leg->currency)
		return -EDOM;
	if (leg->code == LED_CODE_SETTLE && p->pend.expires_ns <= now_ns)
		return -ETIME;
	if (leg->nano > p->pend.left)
		return -ERANGE;
	/* A release frees all that is left: the reservation is resolved. */
	if (leg->code == LED_CODE_VOID && leg->nano != p->pend.left)
		return -EINVAL;
	p->pend.left -= leg->nano;
	if (p->pend.left == 0)
		c->n_resolved++;
	return 0;
}

/* The leg of a cost that posts against a reservation, or of a release. */
static int
take_legs(struct led_claims *c, const struct led_event *ev, int64_t now_ns)
{
	const struct led_leg *pending = NULL;

	for (unsigned i = 0; i < ev->n_legs; i++) {
		uint16_t code = ev->legs[i].code;

		if (code & LED_CODE_REVERSAL || code == LED_CODE_RESERVE || pending)
			return -EINVAL;
		if (code == LED_CODE_VOID && ev->kind != LED_RELEASE)
			return -EINVAL;
		if (code == LED_CODE_SETTLE || code == LED_CODE_VOID)
			pending = &ev->legs[i]; /* the last one */
	}
	return pending ? take_pending(c, ev, pending, now_ns) : 0;
}

/* ---- corrections ---- */

/* Does nothing build on it? */
static bool
can_be_given_back(const struct led_sale *s, const struct led_event *target,
	const struct led_leg *taken)
{
	switch (taken->code) {
	case LED_CODE_REFUND: /* of a total: no refund has taken its place */
		return !(target->flags & LED_F_TOTAL) || taken->nano <= s->ahead;
	case LED_CODE_DISPUTE:
		return taken->nano <= s->disputed;
	case LED_CODE_DISPUTE_WON:
		return taken->nano <= s->won;
	case LED_CODE_DISPUTE_LOST:
		return taken->nano <= s->lost;
	default:
		return false;
	}
}

int
led_claims_correctable(struct led_claims *c, const struct led_event *target)
{
	struct led_claim_sale *s;
	const struct led_leg *taken = taking_leg(target);
	uint64_t seq;

	if (target->n_legs == 0 || target->kind == LED_RESERVE ||
		target->kind == LED_RELEASE || target->kind == LED_CORRECTION)
		return -EINVAL;
	int rc = led_claims_link(c, LED_LINK_CORRECTED, target->seq, &seq);

	if (rc != -ENOENT)
		return rc == 0 ? -EALREADY : rc;
	if (target->kind == LED_REVENUE) {
		rc = sale_get(c, target->seq, &s);
		if (rc < 0)
			return rc == -ENOENT ? 0 : rc;
		return s->sale.refunded || s->sale.disputed || s->sale.won || s->sale.lost
			       ? -EBUSY
			       : 0;
	}
	if (!target->of || !taken)
		return 0;
	seq = target->ref;
	if (seq == 0)
		rc = led_claims_link(c, LED_LINK_MATCHED, target->seq, &seq);
	if (rc == -ENOENT && seq == 0)
		return 0; /* it waits still: it will not any more */
	if (seq == 0)
		return rc;
	rc = sale_get(c, seq, &s);
	if (rc < 0)
		return rc;
	return can_be_given_back(&s->sale, target, taken) ? 0 : -EBUSY;
}

static bool
is_reverse(const struct led_event *ev, const struct led_event *target)
{
	if (ev->n_legs != target->n_legs || ev->worker != target->worker)
		return false;
	for (unsigned i = 0; i < ev->n_legs; i++) {
		const struct led_leg *a = &ev->legs[i];
		const struct led_leg *b = &target->legs[i];

		if (a->debit != b->credit || a->credit != b->debit ||
			a->nano != b->nano || a->currency != b->currency ||
			a->code != (b->code ^ LED_CODE_REVERSAL))
			return false;
	}
	return true;
}

/* What the event took is given back. */
static int
give_back(struct led_claims *c, const struct led_event *target)
{
	struct led_claim_sale *s = NULL;
	const struct led_leg *taken = taking_leg(target);
	uint64_t seq = target->kind == LED_REVENUE ? target->seq : target->ref;
	uint32_t list;
	int rc = 0;

	if (target->kind != LED_REVENUE && (!target->of || !taken))
		return 0;
	if (seq == 0)
		rc = led_claims_link(c, LED_LINK_MATCHED, target->seq, &seq);
	if (rc == -ENOENT) {
		rc = orphan_load(c, target->of, target->of_bytes, &list);
		struct led_orphan *o = rc == 0 ? orphan_find(c, list, target->seq) : NULL;

		if (o)
			o->gone = true;
		return rc < 0 ? rc : o ? 0 : -EBADMSG;
	}
	if (rc == 0)
		rc = sale_get(c, seq, &s);
	if (rc != 0 || !s)
		return rc == -ENOENT && target->kind == LED_REVENUE ? 0 : rc;
	if (target->kind == LED_REVENUE)
		s->sale.corrected = s->touched = true;
	else {
		struct taking t = taking_of(target, taken);

		t.code |= LED_CODE_REVERSAL;
		sale_apply(s, &t);
	}
	return 0;
}

static int
take_correction(struct led_claims *c, const struct led_event *ev, uint64_t seq)
{
	struct led_event target;
	int rc = ev->ref && ev->ref < seq
			 ? c->source.event(c->source.arg, ev->ref, &target)
			 : -ENOENT;

	if (rc == 0)
		rc = led_claims_correctable(c, &target);
	if (rc == 0 && !is_reverse(ev, &target))
		rc = -EINVAL;
	if (rc == 0)
		rc = give_back(c, &target);
	return rc < 0 ? rc : link_put(c, LED_LINK_CORRECTED, ev->ref, seq);
}

/* ---- all of them ---- */

int
led_claims_event(
	struct led_claims *c, const struct led_event *ev, uint64_t seq, int64_t now_ns)
{
	switch (ev->kind) {
	case LED_REVENUE:
		return ev->id || ev->external || ev->ref ? take_sale(c, ev, seq) : 0;
	case LED_REFUND:
	case LED_DISPUTE:
		return ev->of ? take_back(c, ev, seq) : 0;
	case LED_RESERVE:
		return take_reserve(c, ev, seq, now_ns);
	case LED_CORRECTION:
		return take_correction(c, ev, seq);
	default:
		/* A plain event has one leg, which takes nothing. */
		return ev->n_legs > 1 || ev->kind == LED_RELEASE
			       ? take_legs(c, ev, now_ns)
			       : 0;
	}
}

int
led_claims_shrink(struct led_claims *c)
{
	struct led_map keys = {0};
	bool is_new;
	uint32_t n = 0;

	if (c->n_resolved < 1024 || c->n_resolved < c->pend_keys.n / 2)
		return 0;
	for (uint32_t i = 0; i < c->pend_keys.n; i++) {
		if (c->pends[i].pend.left == 0)
			continue;
		if (led_map_add(&keys, c->pend_keys.keys[i].a, 0, &is_new) ==
			LED_MAP_NONE) {
			led_map_fini(&keys);
			return -ENOMEM;
		}
		c->pends[n++] = c->pends[i];
	}
	led_map_fini(&c->pend_keys);
	c->pend_keys = keys;
	c->n_resolved = 0;
	return 0;
}
