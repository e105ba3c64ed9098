/* Between the files that read Stripe's objects: lines are collected in one place, and a
 * part that cannot be read is remembered, so that nothing of its event is booked. */
#ifndef MAP_STRIPE_PRIVATE_H
#define MAP_STRIPE_PRIVATE_H

#include "map.h"

struct stripe_out {
	json_t *lines; /* owned by who made it */
	const char
		*note; /* static: why something was not booked; the first reason stays */
	const char *agent; /* borrowed from the JSON: whose it is, as far as it says */
	int rc;            /* 0; -EINVAL: cannot be read (see note); -ENOMEM */
};

/* What a balance transaction belongs to: for its fee and its conversion. */
struct stripe_about {
	const char *sale;     /* id without "stripe:"; NULL = none */
	const char *agent;    /* NULL = nobody's */
	const char *currency; /* of the payment, Stripe's spelling; NULL = not known */
	int64_t minor;        /* in it, above 0 */
};

void stripe_note(struct stripe_out *out, const char *note);
void stripe_fail(struct stripe_out *out, const char *note);

/* A line of so much (above 0) with source, time of `object.created`, and agent. NULL
 * after a failure, which is remembered. The reference is borrowed. */
json_t *stripe_line(struct stripe_out *out, const char *kind, const char *id,
	const char *suffix, int64_t minor, const char *currency, const json_t *object);
/* "of": the sale it is about. */
void stripe_of(struct stripe_out *out, json_t *line, const char *sale);
/* Takes back what "stripe:ID" booked. */
void stripe_take_back(struct stripe_out *out, const char *id, const json_t *object);

/* The payment behind a charge, refund or dispute: its payment intent, else its charge. */
const char *stripe_sale_of(const json_t *object);
/* metadata.agent_id, when it is a worker's name. */
const char *stripe_agent(const json_t *object);

void stripe_charge(struct stripe_out *out, const json_t *charge);
void stripe_charge_refunded(struct stripe_out *out, const json_t *charge);
void stripe_intent(struct stripe_out *out, const json_t *intent);
void stripe_session(struct stripe_out *out, const json_t *session);
void stripe_invoice(struct stripe_out *out, const json_t *invoice);
void stripe_invoice_payment(struct stripe_out *out, const json_t *payment);
void stripe_app_fee(struct stripe_out *out, const json_t *fee);
void stripe_refund(struct stripe_out *out, const json_t *refund);
/* `moved`: the event itself says that money was withdrawn or came back. */
void stripe_dispute(struct stripe_out *out, const json_t *dispute, bool moved);
/* `left`: it has left the balance. */
void stripe_payout(struct stripe_out *out, const json_t *payout, bool left);
/* Fee and conversion of a balance transaction. */
void stripe_extras(
	struct stripe_out *out, const json_t *txn, const struct stripe_about *about);
/* The same where a field of that name holds a whole balance transaction. */
void stripe_extras_in(struct stripe_out *out, const json_t *object, const char *key,
	const struct stripe_about *about);

#endif
