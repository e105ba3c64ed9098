/* One payment, however it is told: as a charge, a payment intent, a checkout session, an
 * invoice or its payment. Whoever comes first books the sale under the payment intent's
 * id (a charge without one: its own), gross, in the currency the buyer paid in; the
 * others are duplicates, or name the agent. */
#include "stripe_private.h"

#include <stdio.h>
#include <string.h>

static bool
is(const json_t *object, const char *key, const char *text)
{
	const char *value = map_text(object, key);

	return value && strcmp(value, text) == 0;
}

static bool
says_false(const json_t *object, const char *key)
{
	return json_is_false(json_object_get(object, key));
}

/* How much of a charge was taken; false: nothing (yet). Of a charge that may be captured
 * in several parts only the payment intent knows the end. */
static bool
captured_of(struct stripe_out *out, const json_t *charge, int64_t *ret)
{
	const json_t *card =
		map_object(map_object(charge, "payment_method_details"), "card");
	int64_t amount;

	if (!is(charge, "status", "succeeded") || says_false(charge, "paid") ||
		says_false(charge, "captured"))
		return false;
	if (!map_int(charge, "amount", &amount)) {
		stripe_fail(out, "a charge without amount");
		return false;
	}
	*ret = amount;
	(void)map_int(charge, "amount_captured", ret); /* older shapes have it not */
	if (*ret < amount &&
		is(map_object(card, "multicapture"), "status", "available")) {
		stripe_note(out, "captured in parts: the payment intent tells the whole");
		return false;
	}
	return *ret > 0;
}

static void
find_agent_of_charge(struct stripe_out *out, const json_t *charge)
{
	out->agent = stripe_agent(charge);
	if (!out->agent)
		out->agent = stripe_agent(map_object(charge, "payment_intent"));
}

static const char *
sale_of_charge(const json_t *charge)
{
	const char *intent = map_ref(charge, "payment_intent");

	return intent ? intent : map_text(charge, "id");
}

void
stripe_charge(struct stripe_out *out, const json_t *charge)
{
	int64_t minor;

	find_agent_of_charge(out, charge);
	if (!captured_of(out, charge, &minor))
		return;
	struct stripe_about about = {
		sale_of_charge(charge), out->agent, map_text(charge, "currency"), minor};

	(void)stripe_line(
		out, "revenue", about.sale, NULL, minor, about.currency, charge);
	stripe_extras_in(out, charge, "balance_transaction", &about);
}

/* The refunds it lists that have left the balance; the sum in minor units. */
static int64_t
list_refunds(struct stripe_out *out, const json_t *charge)
{
	const json_t *list = json_object_get(map_object(charge, "refunds"), "data");
	const json_t *refund;
	int64_t sum = 0;
	int64_t minor;
	size_t i;

	json_array_foreach(list, i, refund)
	{
		if (!map_ref(refund, "balance_transaction") ||
			!is(refund, "status", "succeeded") ||
			!map_int(refund, "amount", &minor) || minor <= 0)
			continue;
		stripe_refund(out, refund);
		if (__builtin_add_overflow(sum, minor, &sum))
			stripe_fail(out, "refunds without end");
	}
	return sum;
}

/* A charge that something was given back of. What was never captured counts as refunded
 * at Stripe, but was never ours. Where it does not list its refunds it only tells how
 * much it is by now. */
void
stripe_charge_refunded(struct stripe_out *out, const json_t *charge)
{
	char suffix[40];
	int64_t captured;
	int64_t amount;
	int64_t total;

	stripe_charge(out, charge);
	if (out->rc || !captured_of(out, charge, &captured) ||
		!map_int(charge, "amount", &amount) ||
		!map_int(charge, "amount_refunded", &total))
		return;
	if (captured < amount)
		total -= amount - captured;
	int64_t listed = list_refunds(out, charge);

	if (total <= listed)
		return;
	if (total > captured) {
		stripe_fail(out, "a charge of which more came back than was taken");
		return;
	}
	const char *agent = out->agent;

	out->agent = NULL; /* that of the sale */
	(void)snprintf(suffix, sizeof(suffix), "refunded:%lld", (long long)total);
	json_t *line = stripe_line(out, "refund", map_text(charge, "id"), suffix, total,
		map_text(charge, "currency"), charge);

	if (line) {
		(void)json_object_set(line, "total", json_object_get(line, "amount"));
		(void)json_object_del(line, "amount");
		(void)json_object_del(line, "at");
		stripe_of(out, line, sale_of_charge(charge));
	}
	out->agent = agent;
}

void
stripe_intent(struct stripe_out *out, const json_t *intent)
{
	int64_t minor;

	out->agent = stripe_agent(intent);
	if (!is(intent, "status", "succeeded"))
		return;
	if (!map_int(intent, "amount_received", &minor)) {
		stripe_fail(out, "a payment intent without amount_received");
		return;
	}
	if (minor > 0)
		(void)stripe_line(out, "revenue", map_text(intent, "id"), NULL, minor,
			map_text(intent, "currency"), intent);
}

void
stripe_session(struct stripe_out *out, const json_t *session)
{
	const char *intent = map_ref(session, "payment_intent");
	int64_t minor = 0;

	out->agent = stripe_agent(session);
	if (!out->agent)
		out->agent = map_agent(map_text(session, "client_reference_id"));
	if (!is(session, "payment_status", "paid"))
		return;
	(void)map_int(session, "amount_total", &minor);
	if (!intent) {
		/* A subscription's first payment is its invoice's. */
		if (minor > 0)
			stripe_note(out, "the payment is told by its charge or invoice");
		return;
	}
	if (minor > 0)
		(void)stripe_line(out, "revenue", intent, NULL, minor,
			map_text(session, "currency"), session);
}

/* Whose subscription it is for: at its place since "basil" (2025-03-31), at the one
 * before, on the invoice itself, on its first line. */
static const char *
agent_of_invoice(const json_t *invoice)
{
	const json_t *lines = json_object_get(map_object(invoice, "lines"), "data");
	const json_t *parent = map_object(invoice, "parent");
	const char *agent = stripe_agent(map_object(parent, "subscription_details"));

	if (!agent)
		agent = stripe_agent(map_object(invoice, "subscription_details"));
	if (!agent)
		agent = stripe_agent(invoice);
	return agent ? agent : stripe_agent(json_array_get(lines, 0));
}

/* One payment of an invoice (basil): {payment: {type, payment_intent, charge},
 * amount_paid, currency, status}. */
void
stripe_invoice_payment(struct stripe_out *out, const json_t *payment)
{
	const char *sale = stripe_sale_of(map_object(payment, "payment"));
	int64_t minor;

	if (!is(payment, "status", "paid"))
		return;
	if (!sale) { /* paid outside of Stripe, as somebody noted there */
		stripe_note(out, "paid outside of Stripe");
		return;
	}
	if (!map_int(payment, "amount_paid", &minor)) {
		stripe_fail(out, "an invoice payment without amount_paid");
		return;
	}
	if (minor > 0)
		(void)stripe_line(out, "revenue", sale, NULL, minor,
			map_text(payment, "currency"), payment);
}

void
stripe_invoice(struct stripe_out *out, const json_t *invoice)
{
	const json_t *payments = json_object_get(map_object(invoice, "payments"), "data");
	const json_t *payment;
	int64_t minor = 0;
	size_t i;

	out->agent = agent_of_invoice(invoice);
	if (!is(invoice, "status", "paid"))
		return;
	json_array_foreach(payments, i, payment) stripe_invoice_payment(out, payment);
	if (json_array_size(payments) > 0)
		return;
	const char *sale = stripe_sale_of(invoice);

	(void)map_int(invoice, "amount_paid", &minor);
	if (minor <= 0)
		return;
	if (!sale) { /* basil does not say it here */
		stripe_note(out, "the payment is told by its charge");
		return;
	}
	(void)stripe_line(out, "revenue", sale, NULL, minor,
		map_text(invoice, "currency"), invoice);
}

/* What a platform with connected accounts takes of their sales. */
void
stripe_app_fee(struct stripe_out *out, const json_t *fee)
{
	char suffix[40];
	const char *id = map_text(fee, "id");
	int64_t minor = 0;
	int64_t back = 0;

	out->agent = stripe_agent(map_object(fee, "charge"));
	if (!map_int(fee, "amount", &minor)) {
		stripe_fail(out, "an application fee without amount");
		return;
	}
	if (minor <= 0)
		return;
	(void)stripe_line(
		out, "revenue", id, NULL, minor, map_text(fee, "currency"), fee);
	(void)map_int(fee, "amount_refunded", &back);
	if (back <= 0 || back > minor)
		return;
	out->agent = NULL;
	(void)snprintf(suffix, sizeof(suffix), "refunded:%lld", (long long)back);
	json_t *line = stripe_line(
		out, "refund", id, suffix, back, map_text(fee, "currency"), fee);

	if (!line)
		return;
	(void)json_object_set(line, "total", json_object_get(line, "amount"));
	(void)json_object_del(line, "amount");
	(void)json_object_del(line, "at");
	stripe_of(out, line, id);
}
