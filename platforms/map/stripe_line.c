/* Lines out of Stripe's objects: the parts all of them share. */
#include "stripe_private.h"

#include <errno.h>
#include <string.h>

#define SALE_BYTES_MAX 120 /* as long as its own line's id may be */

void
stripe_note(struct stripe_out *out, const char *note)
{
	if (!out->note)
		out->note = note;
}

void
stripe_fail(struct stripe_out *out, const char *note)
{
	stripe_note(out, note);
	if (out->rc == 0)
		out->rc = -EINVAL;
}

static void
keep(struct stripe_out *out, int rc)
{
	if (rc)
		out->rc = rc;
}

/* When it was made, as Stripe says; some objects do not. */
static void
put_time(struct stripe_out *out, json_t *line, const json_t *object)
{
	int64_t created;

	if (map_int(object, "created", &created) && created > 0 &&
		created < INT64_C(9000000000) &&
		json_object_set_new(line, "at", json_integer(created)) != 0)
		keep(out, -ENOMEM);
}

static json_t *
begin(struct stripe_out *out, const char *kind, const char *id, const char *suffix,
	const json_t *object)
{
	if (out->rc)
		return NULL;
	if (!id || !*id) {
		stripe_fail(out, "an object without id");
		return NULL;
	}
	json_t *line = map_line(kind, "stripe", id, suffix);

	if (!line || json_array_append_new(out->lines, line) != 0) {
		stripe_fail(out, "an id that is longer than 128 bytes, or not plain");
		return NULL;
	}
	put_time(out, line, object);
	return line;
}

json_t *
stripe_line(struct stripe_out *out, const char *kind, const char *id, const char *suffix,
	int64_t minor, const char *currency, const json_t *object)
{
	char code[NV_CURRENCY_BYTES];
	int64_t nano;
	json_t *line = begin(out, kind, id, suffix, object);

	if (!line)
		return NULL;
	if (minor <= 0) {
		stripe_fail(out, "an amount that is not above 0");
		return NULL;
	}
	if (map_stripe_nano(minor, currency, &nano, code) != 0) {
		stripe_fail(out, "an amount or a currency that cannot be read");
		return NULL;
	}
	keep(out, map_put_money(line, nano, code));
	keep(out, map_put_text(line, "source", "stripe", NV_NAME_MAX));
	keep(out, map_put_agent(line, out->agent));
	return line;
}

void
stripe_of(struct stripe_out *out, json_t *line, const char *sale)
{
	if (!line)
		return;
	if (!sale) {
		stripe_fail(out, "it names neither a payment intent nor a charge");
		return;
	}
	if (strlen(sale) > SALE_BYTES_MAX) {
		stripe_fail(out, "a payment with an id that is too long");
		return;
	}
	if (json_object_set_new(line, "of", json_sprintf("stripe:%s", sale)) != 0)
		keep(out, -ENOMEM);
}

void
stripe_take_back(struct stripe_out *out, const char *id, const json_t *object)
{
	stripe_of(out, begin(out, "correction", id, "failed", object), id);
}

const char *
stripe_sale_of(const json_t *object)
{
	const char *intent = map_ref(object, "payment_intent");

	if (!intent && map_object(object, "charge"))
		intent = map_ref(map_object(object, "charge"), "payment_intent");
	return intent ? intent : map_ref(object, "charge");
}

const char *
stripe_agent(const json_t *object)
{
	return map_agent(map_text(map_object(object, "metadata"), "agent_id"));
}

/* What Stripe took, and the change of currency: both are told nowhere else. */
void
stripe_extras(struct stripe_out *out, const json_t *txn, const struct stripe_about *about)
{
	const char *id = map_text(txn, "id");
	const char *currency = map_text(txn, "currency");
	const char *agent = out->agent;
	int64_t fee = 0;
	int64_t settled = 0;
	json_t *line;

	(void)map_int(txn, "fee", &fee); /* none: nothing was taken */
	if (!currency || !map_int(txn, "amount", &settled)) {
		stripe_fail(out, "a balance transaction without amount or currency");
		return;
	}
	out->agent = about->agent;
	/* One that is given back is money earned: no line takes from a fee. */
	if (fee != 0) {
		line = stripe_line(out, fee > 0 ? "fee" : "revenue", id, NULL,
			fee > 0 ? fee : -fee, currency, txn);
		if (line && fee > 0 && about->sale)
			stripe_of(out, line, about->sale);
	}
	if (about->currency && strcmp(about->currency, currency) != 0 && settled != 0) {
		/* Money in: from the payment's currency to ours. Money out: back. */
		char code[NV_CURRENCY_BYTES];
		bool in = settled > 0;
		int64_t nano;

		if (about->minor <= 0) {
			stripe_fail(out, "an amount that is not above 0");
			return;
		}
		line = stripe_line(out, "conversion", id, "fx",
			in ? about->minor : -settled, in ? about->currency : currency,
			txn);
		if (line && map_stripe_nano(in ? settled : about->minor,
				    in ? currency : about->currency, &nano, code) == 0) {
			(void)json_object_del(line, "agent");
			keep(out, json_object_set_new(
					  line, "to_amount", nv_json_money(nano))
					  ? -ENOMEM
					  : 0);
			keep(out, map_put_text(line, "to_currency", code, sizeof(code)));
		} else if (line) {
			stripe_fail(out, "an amount or a currency that cannot be read");
		}
	}
	out->agent = agent;
}

void
stripe_extras_in(struct stripe_out *out, const json_t *object, const char *key,
	const struct stripe_about *about)
{
	const json_t *txn = map_object(object, key);

	if (txn)
		stripe_extras(out, txn, about);
}
