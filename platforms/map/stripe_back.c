/* What leaves the balance again: refunds, disputes, payouts. Each of them may fail or be
 * won later, and the news of it may come first: so the later state always says the
 * earlier one as well, which is a duplicate if it was known. */
#include "stripe_private.h"

#include <string.h>

static bool
one_of(const char *text, const char *const *words)
{
	for (; text && *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static bool
need_amount(struct stripe_out *out, const json_t *object, int64_t *ret)
{
	if (map_int(object, "amount", ret))
		return true;
	stripe_fail(out, "a refund, dispute or payout without amount");
	return false;
}

/* A refund is ours to book when the money has left the balance: a succeeded one, or one
 * that has a balance transaction. One that failed after that came back. */
void
stripe_refund(struct stripe_out *out, const json_t *refund)
{
	static const char *const over[] = {"failed", "canceled", NULL};
	const char *status = map_text(refund, "status");
	const char *agent = out->agent;
	bool left = map_ref(refund, "balance_transaction") != NULL;
	bool failed = one_of(status, over);
	struct stripe_about about = {.sale = stripe_sale_of(refund),
		.agent = stripe_agent(map_object(refund, "charge")),
		.currency = map_text(refund, "currency")};

	if (failed && !left && !map_ref(refund, "failure_balance_transaction"))
		return;
	if (!failed && !left && !(status && strcmp(status, "succeeded") == 0))
		return;
	if (!need_amount(out, refund, &about.minor))
		return;
	/* Whose it is says the sale. */
	out->agent = NULL;
	stripe_of(out,
		stripe_line(out, "refund", map_text(refund, "id"), NULL, about.minor,
			about.currency, refund),
		about.sale);
	out->agent = agent;
	stripe_extras_in(out, refund, "balance_transaction", &about);
	if (failed) {
		stripe_take_back(out, map_text(refund, "id"), refund);
		stripe_extras_in(out, refund, "failure_balance_transaction", &about);
	}
}

/* Whether a dispute took money: an inquiry does not, and some ways to pay only when it is
 * lost. `balance_transaction` is the older shape; where neither stands, the status says
 * whether it is more than an inquiry. */
static bool
was_withdrawn(const json_t *dispute)
{
	const json_t *list = json_object_get(dispute, "balance_transactions");
	const char *status = map_text(dispute, "status");
	const json_t *txn;
	int64_t amount;
	size_t i;

	if (!list && !json_object_get(dispute, "balance_transaction"))
		return status && strncmp(status, "warning_", 8) != 0 &&
		       strcmp(status, "prevented") != 0;

	json_array_foreach(list, i, txn)
	{
		if (map_int(txn, "amount", &amount) && amount < 0)
			return true;
	}
	return map_ref(dispute, "balance_transaction") != NULL;
}

static void
dispute_line(struct stripe_out *out, const json_t *dispute, const char *status,
	const struct stripe_about *about)
{
	const char *agent = out->agent;

	out->agent = NULL; /* that of the sale */
	json_t *line = stripe_line(out, "dispute", map_text(dispute, "id"), status,
		about->minor, about->currency, dispute);

	if (line && json_object_set_new(line, "status", json_string(status)) != 0)
		stripe_fail(out, "no memory");
	stripe_of(out, line, about->sale);
	out->agent = agent;
}

void
stripe_dispute(struct stripe_out *out, const json_t *dispute, bool moved)
{
	/* "charge_refunded" is the older word for one that ended by a refund, which is
	 * told by itself: the disputed money came back. */
	static const char *const won[] = {"won", "charge_refunded", "prevented", NULL};
	static const char *const lost[] = {"lost", NULL};
	const char *status = map_text(dispute, "status");
	const json_t *list = json_object_get(dispute, "balance_transactions");
	bool withdrawn = moved || was_withdrawn(dispute);
	const json_t *txn;
	size_t i;
	struct stripe_about about = {.sale = stripe_sale_of(dispute),
		.agent = stripe_agent(map_object(dispute, "charge")),
		.currency = map_text(dispute, "currency")};

	if (!withdrawn && !(status && strcmp(status, "lost") == 0) &&
		!(status && strcmp(status, "won") == 0)) {
		stripe_note(out, "a dispute that has taken no money (yet)");
		return;
	}
	if (!need_amount(out, dispute, &about.minor))
		return;
	dispute_line(out, dispute, "opened", &about);
	if (one_of(status, won))
		dispute_line(out, dispute, "won", &about);
	else if (one_of(status, lost))
		dispute_line(out, dispute, "lost", &about);
	json_array_foreach(list, i, txn)
	{
		if (json_is_object(txn))
			stripe_extras(out, txn, &about);
	}
}

void
stripe_payout(struct stripe_out *out, const json_t *payout, bool left)
{
	static const char *const over[] = {"failed", "canceled", NULL};
	const char *status = map_text(payout, "status");
	bool failed = one_of(status, over);
	const struct stripe_about about = {0};
	int64_t minor;

	if (!need_amount(out, payout, &minor))
		return;
	if (minor <= 0) {
		stripe_note(out, "money from the bank to Stripe");
		return;
	}
	if (!left && !failed && !(status && strcmp(status, "paid") == 0))
		return;
	(void)stripe_line(out, "payout", map_text(payout, "id"), NULL, minor,
		map_text(payout, "currency"), payout);
	stripe_extras_in(out, payout, "balance_transaction", &about);
	if (failed)
		stripe_take_back(out, map_text(payout, "id"), payout);
}
