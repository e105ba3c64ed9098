/* The verbs of the platform "stripe" and their arguments. An argument is a parameter of
 * Stripe's by the same name unless stripe_ops.c says otherwise; `params` takes all that
 * has no argument of its own. */
#include "stripe.h"

#define ID(what) \
	{ \
		"id", PLAT_TEXT, PLAT_REQUIRED, what, NULL, 1, 200 \
	}
#define TEXT(n, what) \
	{ \
		n, PLAT_TEXT, 0, what, NULL, 0, 5000 \
	}
#define NEED(n, what) \
	{ \
		n, PLAT_TEXT, PLAT_REQUIRED, what, NULL, 1, 5000 \
	}
#define PARAMS \
	{ \
		"params", PLAT_JSON, 0, "any other parameters, as a JSON object", NULL, \
			0, 0 \
	}
#define END \
	{ \
		0 \
	}

static const struct plat_arg id_args[] = {ID("its id"), END};
static const struct plat_arg edit_args[] = {ID("its id"), PARAMS, END};

#define LIST_ARGS \
	{"limit", PLAT_INT, 0, "at most so many (10)", NULL, 1, 1000}, \
		{"after", PLAT_TEXT, 0, "begin behind this id", NULL, 1, 200}, \
		TEXT("from", "made since then (date, RFC 3339 or unix seconds)"), \
		TEXT("to", "made before then"), PARAMS

static const struct plat_arg list_args[] = {LIST_ARGS, END};
static const struct plat_arg customer_list_args[] = {
	TEXT("email", "of this address"), LIST_ARGS, END};
static const struct plat_arg of_customer_args[] = {
	TEXT("customer", "of this customer"), LIST_ARGS, END};
static const struct plat_arg subscription_list_args[] = {
	TEXT("customer", "of this customer"), TEXT("price", "for this price"),
	{"status", PLAT_TEXT, 0, "in this state (all)",
		"active|all|canceled|ended|incomplete|incomplete_expired|past_due|"
		"paused|trialing|unpaid",
		0, 0},
	LIST_ARGS, END};
static const struct plat_arg refund_list_args[] = {TEXT("charge", "of this charge"),
	TEXT("payment_intent", "of this payment"), LIST_ARGS, END};
static const struct plat_arg event_list_args[] = {
	TEXT("type", "of this type, such as charge.refunded"), LIST_ARGS, END};

static const struct plat_arg payment_args[] = {
	{"amount", PLAT_MONEY, PLAT_REQUIRED, "how much, such as 12.50 EUR", NULL, 0, 0},
	TEXT("customer", "who pays"), TEXT("description", "what for"),
	TEXT("payment_method", "how, such as pm_card_visa"),
	{"confirm", PLAT_BOOL, 0, "charge it now", NULL, 0, 0},
	{"off_session", PLAT_BOOL, 0, "the customer is not there", NULL, 0, 0},
	{"capture_method", PLAT_TEXT, 0, "when the money is taken",
		"automatic|automatic_async|manual", 0, 0},
	TEXT("receipt_email", "where the receipt goes"),
	TEXT("return_url", "where the customer comes back to"), PARAMS, END};
static const struct plat_arg confirm_args[] = {ID("the payment intent"),
	TEXT("payment_method", "how, such as pm_card_visa"),
	TEXT("return_url", "where the customer comes back to"), PARAMS, END};
static const struct plat_arg capture_args[] = {ID("the payment intent"),
	{"amount", PLAT_MONEY, 0, "only so much of it", NULL, 0, 0}, PARAMS, END};
static const struct plat_arg cancel_args[] = {ID("the payment intent"),
	{"cancellation_reason", PLAT_TEXT, 0, "why",
		"abandoned|duplicate|fraudulent|requested_by_customer", 0, 0},
	END};
static const struct plat_arg customer_args[] = {TEXT("email", "address"),
	TEXT("name", "name"), TEXT("description", "who it is"),
	TEXT("payment_method", "how it pays"), PARAMS, END};
static const struct plat_arg customer_edit_args[] = {ID("the customer"),
	TEXT("email", "address"), TEXT("name", "name"), TEXT("description", "who it is"),
	PARAMS, END};
static const struct plat_arg product_args[] = {NEED("name", "what it is called"),
	TEXT("description", "what it is"),
	{"price", PLAT_MONEY, 0, "its price, such as 9.00 USD", NULL, 0, 0}, PARAMS, END};
static const struct plat_arg price_args[] = {NEED("product", "the product's id"),
	{"amount", PLAT_MONEY, PLAT_REQUIRED, "of one, such as 9.00 USD", NULL, 0, 0},
	{"every", PLAT_TEXT, 0, "again and again", "day|week|month|year", 0, 0}, PARAMS,
	END};
#define SELL_ARGS \
	NEED("price", "the price's id"), \
		{"quantity", PLAT_INT, 0, "how many (1)", NULL, 1, 999999}, \
		{"mode", PLAT_TEXT, 0, "a price that repeats needs subscription", \
			"payment|subscription", 0, 0}, \
		PARAMS, END
static const struct plat_arg link_args[] = {SELL_ARGS};
static const struct plat_arg session_args[] = {
	NEED("success_url", "where the buyer goes who paid"),
	TEXT("cancel_url", "where the buyer goes who did not"),
	TEXT("customer", "who buys"), TEXT("customer_email", "who buys"), SELL_ARGS};
static const struct plat_arg subscription_args[] = {NEED("customer", "who subscribes"),
	NEED("price", "the price's id"),
	{"quantity", PLAT_INT, 0, "how many (1)", NULL, 1, 999999},
	{"trial_period_days", PLAT_INT, 0, "free at first", NULL, 0, 730},
	TEXT("default_payment_method", "how it is paid"), PARAMS, END};
static const struct plat_arg subscription_edit_args[] = {ID("the subscription"),
	{"cancel_at_period_end", PLAT_BOOL, 0, "ends when what is paid for ends", NULL, 0,
		0},
	{"proration_behavior", PLAT_TEXT, 0, "what a change in between costs",
		"always_invoice|create_prorations|none", 0, 0},
	PARAMS, END};
static const struct plat_arg resume_args[] = {ID("the subscription"),
	{"billing_cycle_anchor", PLAT_TEXT, 0, "when it is billed", "now|unchanged", 0,
		0},
	PARAMS, END};
static const struct plat_arg refund_args[] = {
	NEED("payment", "the payment intent (pi_..) or charge (ch_..)"),
	{"amount", PLAT_MONEY, 0, "part of it, such as 5.00 EUR (all)", NULL, 0, 0},
	{"reason", PLAT_TEXT, 0, "why", "duplicate|fraudulent|requested_by_customer", 0,
		0},
	PARAMS, END};
static const struct plat_arg endpoint_args[] = {
	NEED("url", "https://.../webhooks/stripe"),
	{"enabled_events", PLAT_LIST, 0, "types of events (those that move money)", NULL,
		1, 200},
	PARAMS, END};
static const struct plat_arg revenue_args[] = {
	TEXT("from", "since then (date, RFC 3339 or unix seconds; 30 days)"),
	TEXT("to", "before then (now)"),
	{"by", PLAT_TEXT, 0, "rows of", "agent|type", 0, 0}, END};
static const struct plat_arg rewind_args[] = {
	NEED("from", "a date, RFC 3339 or unix seconds"), END};
static const struct plat_arg raw_args[] = {
	{"method", PLAT_TEXT, PLAT_REQUIRED, "how", "GET|POST|DELETE", 0, 0},
	{"path", PLAT_TEXT, PLAT_REQUIRED, "/v1/...", NULL, 4, 1000}, PARAMS, END};

#define READ(n, what, args, run) \
	{ \
		n, what, 0, NULL, args, run, NULL, NULL \
	}
#define READ_OWN(n, what) \
	{ \
		n, what, PLAT_AGENT, NULL, id_args, stripe_run_get, NULL, NULL \
	}
#define ACT(n, what, args) \
	{ \
		n, what, PLAT_EFFECT, NULL, args, stripe_run_effect, stripe_send, \
			stripe_resolve \
	}
#define ACT_AGENT(n, what, args) \
	{ \
		n, what, PLAT_EFFECT | PLAT_AGENT, NULL, args, stripe_run_effect, \
			stripe_send, stripe_resolve \
	}

const struct plat_verb stripe_verbs[] = {
	READ("balance", "what is there, by currency", NULL, stripe_run_get),
	READ("revenue", "what came in, by currency, with fees", revenue_args,
		stripe_run_revenue),
	READ("rewind", "read again at the next poll what was made since then",
		rewind_args, stripe_run_rewind),
	ACT_AGENT("payments.create", "a payment intent", payment_args),
	ACT_AGENT("payments.confirm", "charge a payment intent", confirm_args),
	ACT_AGENT("payments.capture", "take what was authorised", capture_args),
	ACT_AGENT("payments.cancel", "end a payment intent", cancel_args),
	READ_OWN("payments.get", "a payment intent"),
	READ("payments.list", "payment intents", of_customer_args, stripe_run_list),
	ACT_AGENT("customers.create", "a customer", customer_args),
	ACT_AGENT("customers.update", "change a customer", customer_edit_args),
	ACT("customers.delete", "remove a customer and end its subscriptions", id_args),
	READ_OWN("customers.get", "a customer"),
	READ("customers.list", "customers", customer_list_args, stripe_run_list),
	ACT_AGENT("products.create", "a product", product_args),
	ACT("products.update", "change a product", edit_args),
	READ_OWN("products.get", "a product"),
	READ("products.list", "products", list_args, stripe_run_list),
	ACT_AGENT("prices.create", "a price of a product", price_args),
	READ_OWN("prices.get", "a price"),
	READ("prices.list", "prices", list_args, stripe_run_list),
	ACT_AGENT("links.create", "a payment link", link_args),
	ACT_AGENT("links.update", "change a payment link", edit_args),
	READ_OWN("links.get", "a payment link"),
	READ("links.list", "payment links", list_args, stripe_run_list),
	ACT_AGENT("sessions.create", "a checkout session", session_args),
	ACT_AGENT("sessions.expire", "end a checkout session", id_args),
	READ_OWN("sessions.get", "a checkout session"),
	READ("sessions.list", "checkout sessions", of_customer_args, stripe_run_list),
	ACT_AGENT("subscriptions.create", "a subscription", subscription_args),
	ACT_AGENT(
		"subscriptions.update", "change a subscription", subscription_edit_args),
	ACT_AGENT("subscriptions.cancel", "end a subscription now", id_args),
	ACT_AGENT(
		"subscriptions.resume", "go on with a paused subscription", resume_args),
	READ_OWN("subscriptions.get", "a subscription"),
	READ("subscriptions.list", "subscriptions, ended ones too",
		subscription_list_args, stripe_run_list),
	ACT("refunds.create", "give money back", refund_args),
	READ("refunds.get", "a refund", id_args, stripe_run_get),
	READ("refunds.list", "refunds", refund_list_args, stripe_run_list),
	READ("charges.get", "a charge", id_args, stripe_run_get),
	READ("charges.list", "charges", of_customer_args, stripe_run_list),
	READ("disputes.get", "a dispute", id_args, stripe_run_get),
	READ("disputes.list", "disputes", refund_list_args, stripe_run_list),
	READ("payouts.list", "payouts", list_args, stripe_run_list),
	READ("events.get", "an event", id_args, stripe_run_get),
	READ("events.list", "events of the last 30 days", event_list_args,
		stripe_run_list),
	ACT("webhooks.create", "tell Stripe where webhooks go", endpoint_args),
	ACT("webhooks.delete", "no more webhooks there", id_args),
	READ("webhooks.list", "where webhooks go", list_args, stripe_run_list),
	{"request", "any request of the v1 API", PLAT_EFFECT, NULL, raw_args,
		stripe_run_raw, stripe_send, stripe_resolve},
	{0}};
