/* What later events may still take from earlier ones: the rest of a sale that can be
 * refunded or disputed, the rest of a reservation that can be settled, whether an event
 * has been corrected. Pure: the batch asks it before it appends an event, verify and
 * rebuild use the same to compute the tables anew. What it knows is gathered in memory;
 * what it does not know yet it asks its source for. */
#ifndef LED_CLAIM_H
#define LED_CLAIM_H

#include "map.h"
#include "schema.h"

/* Where what is not in memory comes from: as of before the first event that was given to
 * these claims. Each: 0, -ENOENT, or another error, which is handed on. */
struct led_orphan {
	uint64_t seq;
	uint32_t scope;
	uint32_t worker;
	uint32_t currency;
	uint16_t code; /* of its leg: LED_CODE_REFUND, LED_CODE_DISPUTE... */
	int64_t nano;
	int64_t back; /* of it: what a total had told before */
	bool total;
	uint32_t next; /* of the same id: index + 1, 0 = the last */
	bool stored;   /* the source has it */
	bool gone;     /* matched or corrected */
};
struct led_orphan_list { /* of one id, in the order in which they came */
	uint32_t head;   /* index + 1, 0 = it is empty */
	uint32_t tail;   /* index + 1 */
	bool loaded;     /* those of the source are in it */
};
struct led_claims;
struct led_claim_source {
	int (*sale)(void *arg, uint64_t seq, struct led_sale *ret);
	int (*pend)(void *arg, uint64_t seq, struct led_pend *ret);
	int (*event)(void *arg, uint64_t seq, struct led_event *ret); /* borrowed */
	int (*link)(void *arg, enum led_link what, uint64_t seq, uint64_t *ret);
	/* Calls led_claims_orphan for each; they all have the id `of`. */
	int (*orphans)(
		void *arg, struct led_claims *claims, const char *of, size_t bytes);
	void *arg;
};

struct led_claim_sale {
	struct led_sale sale;
	bool touched; /* something came back of it: it has a row */
};
struct led_claim_pend {
	struct led_pend pend;
	bool stored; /* the source has it */
};
struct led_claims {
	struct led_claim_source source;
	bool any_orphans; /* the source may have some */
	struct led_map sale_keys;
	struct led_claim_sale *sales; /* owned; by index of sale_keys */
	uint32_t sales_cap;
	struct led_map pend_keys;
	struct led_claim_pend *pends; /* owned; left 0 = resolved */
	uint32_t pends_cap;
	uint32_t n_resolved;
	struct led_map link_keys; /* what, seq */
	uint64_t *links;          /* owned */
	uint32_t links_cap;
	struct led_texts orphan_ids;
	struct led_orphan_list *orphan_lists; /* owned; by index of orphan_ids */
	uint32_t orphan_lists_cap;
	struct led_orphan *orphans; /* owned */
	uint32_t *orphan_of;        /* owned; by index of orphans: index of orphan_ids */
	uint32_t n_orphans;
	uint32_t orphans_cap;
};

void led_claims_clear(struct led_claims *c);
void led_claims_fini(struct led_claims *c);
/* Takes an event in: 0, a refusal (see led_batch_event; nothing is changed), or another
 * error (-ENOMEM, -EBADMSG). `legs` of ev are as they will be stored. */
int led_claims_event(
	struct led_claims *c, const struct led_event *ev, uint64_t seq, int64_t now_ns);
/* The same questions without an event. */
int led_claims_sale(struct led_claims *c, uint64_t seq, struct led_sale *ret);
int led_claims_pend(struct led_claims *c, uint64_t seq, struct led_pend *ret);
int
led_claims_link(struct led_claims *c, enum led_link what, uint64_t seq, uint64_t *ret);
/* What the refunds that wait under this name come to: refunded and ahead of *ret. */
int led_claims_waiting(struct led_claims *c, const char *of, size_t bytes, uint32_t scope,
	uint32_t currency, struct led_sale *ret);
/* Why event `target` cannot be corrected, 0 = it can. */
int led_claims_correctable(struct led_claims *c, const struct led_event *target);

/* For sources: an orphan it holds; the sale an event makes. */
int led_claims_orphan(
	struct led_claims *c, const struct led_event *ev, uint64_t seq, bool stored);
int led_sale_of_event(const struct led_event *ev, uint64_t seq, struct led_sale *ret);
/* Forget what is resolved: only for those who never write (verify). */
int led_claims_shrink(struct led_claims *c);

uint32_t led_idem_scope(const struct led_event *ev);

#endif
