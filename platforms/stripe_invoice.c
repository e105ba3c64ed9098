/* Which payment an invoice was paid by. Since "basil" (2025-03-31) neither the invoice
 * nor the checkout session of a subscription says it: it stands in the invoice's
 * payments, which no event carries. */
#include "stripe.h"

#include <string.h>

static json_t *
object_of(const json_t *event)
{
	return json_object_get(map_object(event, "data"), "object");
}

const char *
stripe_invoice_of(const json_t *event)
{
	const json_t *object = object_of(event);
	const char *kind = map_text(object, "object");

	if (kind && strcmp(kind, "invoice") == 0)
		return map_text(object, "id");
	if (kind && strcmp(kind, "checkout.session") == 0)
		return map_ref(object, "invoice");
	return NULL;
}

/* The payment intent that paid just so much; NULL: none, or several. */
static const char *
intent_of(const json_t *payments, int64_t minor)
{
	const char *found = NULL;
	json_t *payment;
	size_t i;

	json_array_foreach(json_object_get(payments, "data"), i, payment)
	{
		int64_t paid;

		if (!map_int(payment, "amount_paid", &paid) || paid != minor)
			continue;
		if (found)
			return NULL;
		found = map_ref(map_object(payment, "payment"), "payment_intent");
	}
	return found;
}

void
stripe_invoice_put(json_t *event, const json_t *invoice)
{
	json_t *object = object_of(event);
	json_t *payments = json_object_get(invoice, "payments");
	const char *kind = map_text(object, "object");
	const char *intent;
	int64_t minor;

	if (!json_is_object(payments) || !kind)
		return;
	if (strcmp(kind, "invoice") == 0) {
		(void)json_object_set(object, "payments", payments);
		return;
	}
	if (!map_int(object, "amount_total", &minor))
		return;
	intent = intent_of(payments, minor);
	if (intent)
		(void)json_object_set_new(object, "payment_intent", json_string(intent));
}
