/* Stripe's events. What an event is about stands in its data.object, in the shape of the
 * api_version of whoever asked for it: so each object is read by where things have been
 * in any of them, and an event's type only says which of its objects it is. */
#include "stripe_private.h"

#include <errno.h>
#include <string.h>

#define TYPE_BYTES_MAX   100
#define OBJECT_BYTES_MAX 120
#define NOTE_BYTES_MAX   200

typedef void event_fn(struct stripe_out *out, const json_t *object, const char *type);

static void
on_charge(struct stripe_out *out, const json_t *object, const char *type)
{
	if (strcmp(type, "charge.refunded") == 0)
		stripe_charge_refunded(out, object);
	else
		stripe_charge(out, object);
}

static void
on_intent(struct stripe_out *out, const json_t *object, const char *type)
{
	(void)type;
	stripe_intent(out, object);
}

static void
on_session(struct stripe_out *out, const json_t *object, const char *type)
{
	(void)type;
	stripe_session(out, object);
}

static void
on_invoice(struct stripe_out *out, const json_t *object, const char *type)
{
	(void)type;
	stripe_invoice(out, object);
}

static void
on_invoice_payment(struct stripe_out *out, const json_t *object, const char *type)
{
	(void)type;
	stripe_invoice_payment(out, object);
}

static void
on_refund(struct stripe_out *out, const json_t *object, const char *type)
{
	(void)type;
	stripe_refund(out, object);
}

static void
on_dispute(struct stripe_out *out, const json_t *object, const char *type)
{
	stripe_dispute(out, object, strncmp(type, "charge.dispute.funds_", 21) == 0);
}

static void
on_payout(struct stripe_out *out, const json_t *object, const char *type)
{
	(void)type;
	stripe_payout(out, object, false);
}

static void
on_app_fee(struct stripe_out *out, const json_t *object, const char *type)
{
	(void)type;
	stripe_app_fee(out, object);
}

/* The events that move money (docs/PLATFORMS.md); all others are facts. */
static const struct {
	const char *type;
	const char *object; /* what data.object has to be */
	event_fn *read;
} types[] = {
	{"application_fee.created", "application_fee", on_app_fee},
	{"application_fee.refunded", "application_fee", on_app_fee},
	{"charge.captured", "charge", on_charge},
	{"charge.dispute.closed", "dispute", on_dispute},
	{"charge.dispute.created", "dispute", on_dispute},
	{"charge.dispute.funds_reinstated", "dispute", on_dispute},
	{"charge.dispute.funds_withdrawn", "dispute", on_dispute},
	{"charge.dispute.updated", "dispute", on_dispute},
	{"charge.refund.updated", "refund", on_refund},
	{"charge.refunded", "charge", on_charge},
	{"charge.succeeded", "charge", on_charge},
	{"charge.updated", "charge", on_charge},
	{"checkout.session.async_payment_succeeded", "checkout.session", on_session},
	{"checkout.session.completed", "checkout.session", on_session},
	{"invoice.paid", "invoice", on_invoice},
	{"invoice.payment_succeeded", "invoice", on_invoice},
	{"invoice_payment.paid", "invoice_payment", on_invoice_payment},
	{"payment_intent.succeeded", "payment_intent", on_intent},
	{"payout.canceled", "payout", on_payout},
	{"payout.failed", "payout", on_payout},
	{"payout.paid", "payout", on_payout},
	{"refund.created", "refund", on_refund},
	{"refund.failed", "refund", on_refund},
	{"refund.updated", "refund", on_refund},
};

/* Why nothing of this event may be booked, whatever it says; NULL: it may. */
static const char *
why_not(const json_t *event, const struct map_stripe *how)
{
	const json_t *live = json_object_get(event, "livemode");
	const char *account = map_text(event, "account");

	if (!json_is_boolean(live) && how->mode != MAP_STRIPE_BOTH)
		return "not booked: it does not say whether it is live";
	if (json_is_true(live) && how->mode == MAP_STRIPE_TEST)
		return "not booked: live, and platforms.stripe is of test mode";
	if (json_is_false(live) && how->mode == MAP_STRIPE_LIVE)
		return "not booked: of test mode, and platforms.stripe is live";
	if (account && (!how->account || strcmp(account, how->account) != 0))
		return "not booked: of a connected account";
	return NULL;
}

static void
read_object(struct stripe_out *out, const json_t *event, const json_t *object,
	const char *type, const struct map_stripe *how)
{
	const char *why = why_not(event, how);
	const char *kind = map_text(object, "object");

	for (size_t i = 0; i < NV_LEN(types); i++) {
		if (strcmp(types[i].type, type) != 0)
			continue;
		if (why)
			stripe_note(out, why);
		else if (!kind || strcmp(kind, types[i].object) != 0)
			stripe_fail(out, "not booked: data.object is not what the type "
					 "of the event says");
		else
			types[i].read(out, object, type);
		return;
	}
	out->agent = stripe_agent(object);
}

static int
put_fact(struct stripe_out *out, const json_t *event, const json_t *object)
{
	json_t *fact = map_line("webhook", "stripe", map_text(event, "id"), NULL);
	const char *named = map_text(object, "id");
	int64_t created;
	int rc = 0;

	if (!fact || json_array_append_new(out->lines, fact) != 0)
		return -ENOMEM;
	if (!named) /* a thin event names what it is about */
		named = map_text(map_object(event, "related_object"), "id");
	rc |= map_put_text(fact, "provider", "stripe", NV_NAME_MAX);
	rc |= map_put_text(fact, "type", map_text(event, "type"), TYPE_BYTES_MAX);
	rc |= map_put_text(fact, "object", named, OBJECT_BYTES_MAX);
	rc |= map_put_agent(fact, out->agent);
	rc |= map_put_text(fact, "note", out->note, NOTE_BYTES_MAX);
	if (map_int(event, "created", &created) && created > 0 &&
		created < INT64_C(9000000000))
		rc |= json_object_set_new(fact, "at", json_integer(created));
	return rc ? -ENOMEM : 0;
}

int
map_stripe_event(const json_t *event, const struct map_stripe *how, json_t **ret_lines,
	struct nv_err *err)
{
	const char *id = map_text(event, "id");
	const char *type = map_text(event, "type");
	const json_t *object = map_object(map_object(event, "data"), "object");
	struct stripe_out out = {.lines = NULL};
	json_t *probe;

	if (!id || !type || strncmp(id, "evt_", 4) != 0)
		return nv_err_set(err, -EINVAL,
			"not an event of Stripe: an object with id evt_... and type");
	probe = map_line("webhook", "stripe", id, NULL);
	if (!probe)
		return nv_err_set(
			err, -EINVAL, "an event of Stripe whose id is not one of Nova's");
	json_decref(probe);
	out.lines = json_array();
	if (!out.lines)
		return -ENOMEM;
	read_object(&out, event, object, type, how);
	if (out.rc == -EINVAL)
		json_array_clear(out.lines);
	if (out.rc == -ENOMEM || put_fact(&out, event, object) != 0) {
		json_decref(out.lines);
		return -ENOMEM;
	}
	*ret_lines = out.lines;
	return 0;
}
