/* What the verbs are at Stripe: method, path, how the arguments become parameters, and
 * how to find out whether a request whose answer was lost was carried out. */
#include "stripe.h"

#include "nv_url.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Later *_set_new fail on NULL: a chain is checked once, by json_is_object at its end. */
static void
put_item(const struct plat_call *call, json_t *params, const char *list)
{
	json_t *item = json_pack("{s:s}", "price", plat_arg_str(call, "price"));
	int64_t quantity = plat_arg_int(call, "quantity", 0);

	/* A subscription's item of a metered price takes no quantity. */
	if (quantity > 0 || strcmp(list, "line_items") == 0)
		(void)json_object_set_new(
			item, "quantity", json_integer(quantity > 0 ? quantity : 1));
	(void)json_object_del(params, "price");
	(void)json_object_del(params, "quantity");
	(void)json_object_set_new(params, list, json_pack("[o]", item));
}

static void
shape_link(const struct plat_call *call, json_t *params)
{
	put_item(call, params, "line_items");
	(void)json_object_del(params, "mode"); /* its price says it */
}

static void
shape_session(const struct plat_call *call, json_t *params)
{
	put_item(call, params, "line_items");
	if (!plat_arg_given(call, "mode"))
		(void)json_object_set_new(params, "mode", json_string("payment"));
}

static void
shape_subscription(const struct plat_call *call, json_t *params)
{
	put_item(call, params, "items");
}

/* A part of a payment has no currency of its own: it is the payment's. */
static void
shape_capture(const struct plat_call *call, json_t *params)
{
	json_t *amount = json_object_get(params, "amount");

	(void)call;
	if (amount)
		(void)json_object_set(params, "amount_to_capture", amount);
	(void)json_object_del(params, "amount");
	(void)json_object_del(params, "currency");
}

static void
shape_refund(const struct plat_call *call, json_t *params)
{
	const char *id = plat_arg_str(call, "payment");

	(void)json_object_del(params, "payment");
	(void)json_object_del(params, "currency");
	(void)json_object_set_new(params,
		id && strncmp(id, "pi_", 3) == 0 ? "payment_intent" : "charge",
		json_string(id ? id : ""));
}

static void
move(json_t *params, const char *from, json_t *to, const char *name)
{
	json_t *v = json_object_get(params, from);

	if (v)
		(void)json_object_set(to, name, v);
	(void)json_object_del(params, from);
}

static void
shape_product(const struct plat_call *call, json_t *params)
{
	json_t *price;

	if (!plat_arg_given(call, "price"))
		return;
	price = json_object();
	move(params, "amount", price, "unit_amount");
	move(params, "currency", price, "currency");
	(void)json_object_set_new(params, "default_price_data", price);
}

static void
shape_price(const struct plat_call *call, json_t *params)
{
	const char *every = plat_arg_str(call, "every");

	move(params, "amount", params, "unit_amount");
	(void)json_object_del(params, "every");
	if (every)
		(void)json_object_set_new(
			params, "recurring", json_pack("{s:s}", "interval", every));
}

/* Those that map_stripe_event books. */
static void
shape_endpoint(const struct plat_call *call, json_t *params)
{
	static const char *const types[] = {"application_fee.created",
		"application_fee.refunded", "charge.captured", "charge.dispute.closed",
		"charge.dispute.created", "charge.dispute.funds_reinstated",
		"charge.dispute.funds_withdrawn", "charge.refund.updated",
		"charge.refunded", "charge.succeeded",
		"checkout.session.async_payment_succeeded", "checkout.session.completed",
		"invoice.paid", "payment_intent.succeeded", "payout.canceled",
		"payout.failed", "payout.paid", "refund.created", "refund.failed",
		"refund.updated"};
	json_t *list;

	if (plat_arg_given(call, "enabled_events"))
		return;
	list = json_array();
	for (size_t i = 0; i < NV_LEN(types); i++)
		(void)json_array_append_new(list, json_string(types[i]));
	(void)json_object_set_new(params, "enabled_events", list);
}

#define PI   "/v1/payment_intents"
#define PI1  "/v1/payment_intents/{id}"
#define CUS  "/v1/customers"
#define CUS1 "/v1/customers/{id}"
#define SUB  "/v1/subscriptions"
#define SUB1 "/v1/subscriptions/{id}"
#define CS   "/v1/checkout/sessions"
#define CS1  "/v1/checkout/sessions/{id}"

#define MAKE(v, path, flags, shape) \
	{ \
		v, "POST", path, NULL, STRIPE_LOOK_LIST, NULL, flags, shape \
	}
#define EDIT(v, path) \
	{ \
		v, "POST", path, path, STRIPE_LOOK_TAG, NULL, STRIPE_TAG | STRIPE_OWNED, \
			NULL \
	}
#define DROP(v, path) \
	{ \
		v, "DELETE", path, path, STRIPE_LOOK_GONE, NULL, 0, NULL \
	}
#define TURN(v, path, object, states, shape) \
	{ \
		v, "POST", path, object, STRIPE_LOOK_STATE, states, STRIPE_OWNED, shape \
	}
#define GET(v, path) \
	{ \
		v, "GET", path, path, STRIPE_LOOK_NONE, NULL, STRIPE_OWNED, NULL \
	}

static const struct stripe_op ops[] = {
	GET("balance", "/v1/balance"),
	MAKE("payments.create", PI, STRIPE_TAG | STRIPE_CREATED, NULL),
	TURN("payments.confirm", PI1 "/confirm", PI1,
		"succeeded|processing|requires_capture|requires_action", NULL),
	TURN("payments.capture", PI1 "/capture", PI1, "succeeded", shape_capture),
	TURN("payments.cancel", PI1 "/cancel", PI1, "canceled", NULL),
	GET("payments.get", PI1),
	GET("payments.list", PI),
	MAKE("customers.create", CUS, STRIPE_TAG | STRIPE_CREATED, NULL),
	EDIT("customers.update", CUS1),
	DROP("customers.delete", CUS1),
	GET("customers.get", CUS1),
	GET("customers.list", CUS),
	MAKE("products.create", "/v1/products", STRIPE_TAG | STRIPE_CREATED,
		shape_product),
	EDIT("products.update", "/v1/products/{id}"),
	GET("products.get", "/v1/products/{id}"),
	GET("products.list", "/v1/products"),
	MAKE("prices.create", "/v1/prices", STRIPE_TAG | STRIPE_CREATED, shape_price),
	GET("prices.get", "/v1/prices/{id}"),
	GET("prices.list", "/v1/prices"),
	MAKE("links.create", "/v1/payment_links", STRIPE_TAG | STRIPE_PAYMENT,
		shape_link),
	EDIT("links.update", "/v1/payment_links/{id}"),
	GET("links.get", "/v1/payment_links/{id}"),
	GET("links.list", "/v1/payment_links"),
	MAKE("sessions.create", CS, STRIPE_TAG | STRIPE_PAYMENT | STRIPE_REF,
		shape_session),
	TURN("sessions.expire", CS1 "/expire", CS1, "expired", NULL),
	GET("sessions.get", CS1),
	GET("sessions.list", CS),
	MAKE("subscriptions.create", SUB, STRIPE_TAG | STRIPE_CREATED | STRIPE_STATUS,
		shape_subscription),
	EDIT("subscriptions.update", SUB1),
	{"subscriptions.cancel", "DELETE", SUB1, SUB1, STRIPE_LOOK_STATE, "canceled",
		STRIPE_OWNED, NULL},
	TURN("subscriptions.resume", SUB1 "/resume", SUB1, "active|past_due", NULL),
	GET("subscriptions.get", SUB1),
	{"subscriptions.list", "GET", SUB, NULL, STRIPE_LOOK_NONE, NULL, STRIPE_STATUS,
		NULL},
	MAKE("refunds.create", "/v1/refunds", STRIPE_TAG | STRIPE_CREATED, shape_refund),
	GET("refunds.get", "/v1/refunds/{id}"),
	GET("refunds.list", "/v1/refunds"),
	GET("charges.get", "/v1/charges/{id}"),
	GET("charges.list", "/v1/charges"),
	GET("disputes.get", "/v1/disputes/{id}"),
	GET("disputes.list", "/v1/disputes"),
	GET("payouts.list", "/v1/payouts"),
	GET("events.get", "/v1/events/{id}"),
	GET("events.list", "/v1/events"),
	MAKE("webhooks.create", "/v1/webhook_endpoints", STRIPE_TAG, shape_endpoint),
	DROP("webhooks.delete", "/v1/webhook_endpoints/{id}"),
	GET("webhooks.list", "/v1/webhook_endpoints"),
};

const struct stripe_op *
stripe_op_find(const char *verb)
{
	for (size_t i = 0; i < NV_LEN(ops); i++)
		if (strcmp(ops[i].verb, verb) == 0)
			return &ops[i];
	return NULL;
}

char *
stripe_op_path(const char *path, const char *id)
{
	const char *hole = strstr(path, "/{id}");
	struct nv_buf buf;
	char *text;

	if (!hole)
		return strdup(path);
	nv_buf_init(&buf, 2048);
	nv_buf_add(&buf, path, (size_t)(hole - path));
	nv_url_segment(&buf, id ? id : "");
	nv_buf_puts(&buf, hole + strlen("/{id}"));
	text = nv_buf_take(&buf);
	nv_buf_fini(&buf);
	return text;
}

/* ---- parameters ---- */

static int
put_money(const struct plat_call *call, const char *name, json_t *params,
	struct nv_err *err)
{
	char code[NV_CURRENCY_BYTES];
	int64_t minor;
	int64_t nano;
	int rc = plat_arg_money(call, name, &nano, code);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	rc = map_stripe_minor(nano, code, &minor, err);
	if (rc)
		return rc;
	for (char *p = code; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	(void)json_object_set_new(params, "amount", json_integer(minor));
	(void)json_object_set_new(params, "currency", json_string(code));
	return 0;
}

static int
put_arg(const struct plat_call *call, const struct plat_arg *arg, json_t *params,
	struct nv_err *err)
{
	if (!plat_arg_given(call, arg->name) || strcmp(arg->name, "id") == 0)
		return 0;
	switch (arg->type) {
	case PLAT_MONEY:
		return put_money(call, arg->name, params, err);
	case PLAT_INT:
		return json_object_set_new(params, arg->name,
			json_integer(plat_arg_int(call, arg->name, 0)));
	case PLAT_BOOL:
		return json_object_set_new(
			params, arg->name, json_boolean(plat_arg_bool(call, arg->name)));
	case PLAT_LIST:
		return json_object_set(params, arg->name, plat_arg_list(call, arg->name));
	case PLAT_JSON: /* `params`: see below */
		return 0;
	default:
		return json_object_set_new(
			params, arg->name, json_string(plat_arg_str(call, arg->name)));
	}
}

static void
put_agent_at(json_t *params, const char *inside, const char *agent)
{
	json_t *holder = params;
	json_t *metadata;

	if (inside) {
		holder = json_object_get(params, inside);
		if (!json_is_object(holder)) {
			holder = json_object();
			(void)json_object_set_new(params, inside, holder);
		}
	}
	metadata = json_object_get(holder, "metadata");
	if (!json_is_object(metadata)) {
		metadata = json_object();
		(void)json_object_set_new(holder, "metadata", metadata);
	}
	(void)json_object_set_new(metadata, "agent_id", json_string(agent));
}

/* The agent stands on what is made, and on what Stripe makes of it later: a session's own
 * metadata goes no further. An agent cannot name another one: this comes last. */
static void
put_agent(const struct stripe_op *op, const struct plat_call *call, json_t *params)
{
	const char *agent = plat_call_agent(call);
	const char *mode = plat_arg_str(call, "mode");
	bool repeats = mode && strcmp(mode, "subscription") == 0;

	if (!*agent)
		return;
	if (op->flags & STRIPE_TAG)
		put_agent_at(params, NULL, agent);
	if (op->flags & STRIPE_PAYMENT)
		put_agent_at(params,
			repeats ? "subscription_data" : "payment_intent_data", agent);
	/* Letters, digits, - and _ only. */
	if ((op->flags & STRIPE_REF) && !strchr(agent, '.'))
		(void)json_object_set_new(
			params, "client_reference_id", json_string(agent));
}

json_t *
stripe_op_params(
	const struct stripe_op *op, const struct plat_call *call, struct nv_err *err)
{
	const struct plat_arg *arg = plat_call_verb(call)->args;
	json_t *more = plat_arg_json(call, "params");
	json_t *params = json_object();
	int rc = 0;

	for (; params && rc == 0 && arg && arg->name; arg++)
		rc = put_arg(call, arg, params, err);
	if (rc == 0 && op->shape)
		op->shape(call, params);
	if (rc == 0 && more && !json_is_object(more))
		rc = nv_err_set(err, -EINVAL, "params is an object of parameters");
	if (rc == 0 && more && json_object_update(params, more) != 0)
		rc = -ENOMEM;
	if (rc == 0)
		put_agent(op, call, params);
	if (rc == 0 && params)
		return params;
	json_decref(params);
	if (err->text[0] == '\0')
		(void)nv_err_set(err, -ENOMEM, "out of memory");
	return NULL;
}
