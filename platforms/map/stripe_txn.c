/* Balance transactions: the account's own journal, in settlement currency. What an event
 * may have told already is read from the expanded source by the same code; fee,
 * conversion and what has no event (Stripe's own fees, transfers) stand only here. */
#include "stripe_private.h"

#include <errno.h>
#include <string.h>

typedef void txn_fn(struct stripe_out *out, const json_t *txn, const json_t *source);

/* A source that was not expanded, or is not what its type says, cannot be booked. */
static bool
source_is(struct stripe_out *out, const json_t *source, const char *object)
{
	const char *kind = map_text(source, "object");

	if (kind && strcmp(kind, object) == 0)
		return true;
	stripe_fail(out, "its source is not there, or of another kind than its type");
	return false;
}

static void
book_sale(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	struct stripe_about about = {.currency = map_text(source, "currency")};
	int64_t captured;

	if (!source_is(out, source, "charge"))
		return;
	stripe_charge(out, source);
	about.agent = out->agent;
	about.sale = map_ref(source, "payment_intent");
	if (!about.sale)
		about.sale = map_text(source, "id");
	if (!map_int(source, "amount", &about.minor))
		return;
	if (map_int(source, "amount_captured", &captured) && captured > 0)
		about.minor = captured;
	stripe_extras(out, txn, &about);
}

static void
book_refund(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	struct stripe_about about = {.currency = map_text(source, "currency")};

	if (!source_is(out, source, "refund"))
		return;
	about.sale = stripe_sale_of(source);
	about.agent = stripe_agent(map_object(source, "charge"));
	if (!map_int(source, "amount", &about.minor))
		stripe_fail(out, "a refund without amount");
	stripe_refund(out, source);
	stripe_extras(out, txn, &about);
}

/* A payment that failed after it had succeeded (a debit that bounced): the sale comes
 * back whole. */
static void
book_bounce(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	struct stripe_about about = {.currency = map_text(source, "currency")};

	if (!source_is(out, source, "charge"))
		return;
	about.sale = map_ref(source, "payment_intent");
	if (!about.sale)
		about.sale = map_text(source, "id");
	if (!map_int(source, "amount", &about.minor)) {
		stripe_fail(out, "a charge without amount");
		return;
	}
	stripe_of(out,
		stripe_line(out, "refund", map_text(txn, "id"), "bounced", about.minor,
			about.currency, txn),
		about.sale);
	about.agent = stripe_agent(source);
	stripe_extras(out, txn, &about);
}

static void
book_payout(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	const struct stripe_about about = {0};

	if (!source_is(out, source, "payout"))
		return;
	stripe_payout(out, source, true);
	stripe_extras(out, txn, &about);
}

/* Corrections by Stripe: of a dispute, or of anything else. */
static void
book_adjustment(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	const char *kind = map_text(source, "object");
	struct stripe_about about = {.currency = map_text(source, "currency")};
	int64_t amount;

	if (!kind || strcmp(kind, "dispute") != 0) {
		stripe_note(out, "an adjustment that Nova does not know");
		return;
	}
	stripe_dispute(out, source, true);
	about.sale = stripe_sale_of(source);
	about.agent = stripe_agent(map_object(source, "charge"));
	if (!map_int(source, "amount", &about.minor))
		stripe_fail(out, "a dispute without amount");
	/* One that only took or gave back a fee changed no currency. */
	if (map_int(txn, "amount", &amount) && amount == 0)
		about.currency = NULL;
	stripe_extras(out, txn, &about);
}

/* Money for nothing but the service, or for others: leaves as a fee; what comes back of
 * it is earned. */
static void
book_plain(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	int64_t net;
	json_t *line;

	(void)source;
	if (!map_int(txn, "net", &net) && !map_int(txn, "amount", &net)) {
		stripe_fail(out, "a balance transaction without amount");
		return;
	}
	if (net == 0)
		return;
	line = stripe_line(out, net < 0 ? "fee" : "revenue", map_text(txn, "id"), NULL,
		net < 0 ? -net : net, map_text(txn, "currency"), txn);
	if (line && map_put_text(line, "note", map_text(txn, "type"), 100) != 0)
		stripe_fail(out, "no memory");
}

static void
book_app_fee(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	(void)txn;
	if (source_is(out, source, "application_fee"))
		stripe_app_fee(out, source);
}

static void
book_app_refund(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	const char *fee = map_ref(source, "fee");
	int64_t minor;

	(void)txn;
	if (!source_is(out, source, "fee_refund"))
		return;
	if (!map_int(source, "amount", &minor)) {
		stripe_fail(out, "a fee refund without amount");
		return;
	}
	stripe_of(out,
		stripe_line(out, "refund", map_text(source, "id"), NULL, minor,
			map_text(source, "currency"), source),
		fee);
}

/* Stays ours, or is somebody else's: no profit, no loss. */
static void
keep_out(struct stripe_out *out, const json_t *txn, const json_t *source)
{
	(void)txn;
	(void)source;
	stripe_note(out, "money that is only held, lent or moved");
}

static const struct {
	const char *type;
	txn_fn *book;
} types[] = {
	{"adjustment", book_adjustment},
	{"advance", keep_out},
	{"advance_funding", keep_out},
	{"anticipation_repayment", keep_out},
	{"application_fee", book_app_fee},
	{"application_fee_refund", book_app_refund},
	{"charge", book_sale},
	{"climate_order_purchase", book_plain},
	{"climate_order_refund", book_plain},
	{"connect_collection_transfer", keep_out},
	{"contribution", book_plain},
	{"network_cost", book_plain},
	{"obligation_outbound", keep_out},
	{"obligation_reversal_inbound", keep_out},
	{"payment", book_sale},
	{"payment_failure_refund", book_bounce},
	{"payment_network_reserve_hold", keep_out},
	{"payment_network_reserve_release", keep_out},
	{"payment_refund", book_refund},
	{"payout", book_payout},
	{"payout_cancel", book_payout},
	{"payout_failure", book_payout},
	{"refund", book_refund},
	{"refund_failure", book_refund},
	{"reserve_transaction", keep_out},
	{"reserved_funds", keep_out},
	{"stripe_balance_payment_debit", book_plain},
	{"stripe_balance_payment_debit_reversal", book_plain},
	{"stripe_fee", book_plain},
	{"stripe_fx_fee", book_plain},
	{"tax_fee", book_plain},
	{"topup", keep_out},
	{"topup_reversal", keep_out},
	{"transfer", book_plain},
	{"transfer_cancel", book_plain},
	{"transfer_failure", book_plain},
	{"transfer_refund", book_plain},
};

int
map_stripe_txn(const json_t *txn, const struct map_stripe *how, json_t **ret_lines,
	const char **ret_note, struct nv_err *err)
{
	const char *type = map_text(txn, "type");
	const char *id = map_text(txn, "id");
	struct stripe_out out = {.lines = NULL};
	size_t i = 0;

	(void)how; /* what a key lists is of its own mode and account */
	if (!type || !id || strncmp(id, "txn_", 4) != 0)
		return nv_err_set(err, -EINVAL, "not a balance transaction of Stripe");
	out.lines = json_array();
	if (!out.lines)
		return -ENOMEM;
	while (i < NV_LEN(types) && strcmp(types[i].type, type) != 0)
		i++;
	if (i < NV_LEN(types))
		types[i].book(&out, txn, map_object(txn, "source"));
	else
		stripe_note(&out, "a type of balance transaction Nova does not know");
	if (out.rc == -ENOMEM) {
		json_decref(out.lines);
		return -ENOMEM;
	}
	if (out.rc)
		json_array_clear(out.lines);
	*ret_lines = out.lines;
	if (ret_note)
		*ret_note = out.note;
	return 0;
}
