/* Gumroad: sales found by polling and confirmed when a ping says so, refunds, licences,
 * products, subscribers. Its ways were read from its own server (antiwork/gumroad) and
 * stand in docs/PLATFORMS.md. */
#include "gumroad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE_URL "https://api.gumroad.com/v2"
#define DAY_MS   INT64_C(86400000)

struct gum *
gum_of(const struct plat_call *call)
{
	return plat_own(plat_call_platform(call));
}

/* ---- what an answer means ---- */

static enum gum_meaning
refused(const struct nv_http_answer *a, const char *said, char text[GUM_TEXT_BYTES])
{
	if (a->status == 401 || a->status == 403) {
		(void)snprintf(text, GUM_TEXT_BYTES,
			"Gumroad does not take the access token for this (%d): it needs "
			"the scopes view_sales, edit_products and refund_sales",
			a->status);
		return GUM_FAILED;
	}
	if (a->throttled || a->status == 0 || a->status == 429 || a->status >= 500) {
		(void)snprintf(text, GUM_TEXT_BYTES, "Gumroad: %s", a->err);
		return GUM_FAILED;
	}
	(void)snprintf(text, GUM_TEXT_BYTES, "Gumroad: %.200s", said ? said : a->err);
	return GUM_NO;
}

enum gum_meaning
gum_meaning(const struct nv_http_answer *a, char text[GUM_TEXT_BYTES])
{
	const json_t *success = json_object_get(a->json, "success");
	const char *said = map_text(a->json, "message");

	text[0] = '\0';
	if (!said)
		said = map_text(a->json, "error");
	if (a->outcome == NV_HTTP_DONE && json_is_true(success))
		return GUM_OK;
	/* 200, 404 and 500 all come with it; the server understood and did nothing. */
	if (json_is_false(success) && !a->maybe) {
		(void)snprintf(text, GUM_TEXT_BYTES, "Gumroad: %.200s",
			said ? said : "it says no, and not why");
		return GUM_NO;
	}
	if (a->outcome == NV_HTTP_UNKNOWN) {
		(void)snprintf(text, GUM_TEXT_BYTES, "Gumroad: %s", a->err);
		return GUM_UNKNOWN;
	}
	if (a->outcome == NV_HTTP_DONE) {
		(void)snprintf(text, GUM_TEXT_BYTES,
			"Gumroad's answer is not one of its API: no `success` in it");
		return GUM_FAILED;
	}
	return refused(a, said, text);
}

void
gum_call_fail(struct plat_call *call, enum gum_meaning meaning, const char *text)
{
	if (meaning == GUM_UNKNOWN)
		plat_unknown(call, "%s", text);
	else
		plat_fail(call, meaning == GUM_NO ? NV_EXIT_NO : NV_EXIT_FAILED, "%s",
			text);
}

void
gum_call_ask(struct plat_call *call, const char *method, struct nv_buf *path,
	struct nv_buf *form, unsigned flags, nv_http_done_fn *fn)
{
	struct nv_err err = {0};
	int rc = path->error ? path->error : form ? form->error : 0;

	if (rc == 0)
		rc = plat_api_ask(&gum_of(call)->api,
			&(struct plat_request){.method = method,
				.path = path->data,
				.body = form ? form->data : NULL,
				.body_bytes = form ? form->bytes : 0,
				.content_type =
					form ? "application/x-www-form-urlencoded" : NULL,
				.flags = flags},
			fn, call, &err);
	else
		(void)nv_err_set(&err, rc,
			rc == -EINVAL ? "an id is not one: empty, \".\" or \"..\""
				      : "the request is too long");
	nv_buf_fini(path);
	if (form)
		nv_buf_fini(form);
	if (rc != 0)
		plat_fail(call, rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED,
			"gumroad: %s", err.text);
}

/* ---- the process ---- */

static int
gum_settings(
	const struct nv_config *config, struct plat_settings *ret, struct nv_err *err)
{
	const struct nv_conf_platform *conf = &config->platforms[NV_PLATFORM_GUMROAD];

	(void)err;
	ret->poll_ms = conf->poll_ms;
	ret->rate = (struct plat_limit){conf->rate.n, conf->rate.window_ms};
	ret->agent_rate =
		(struct plat_limit){conf->agent_rate.n, conf->agent_rate.window_ms};
	return 0;
}

static int
gum_start(struct plat *p, struct nv_err *err)
{
	const struct nv_config *config = plat_config(p);
	struct gum *g = calloc(1, sizeof(*g));
	const char *token = plat_secret(p, "gumroad_access_token");
	struct nv_buf value;

	if (!g)
		return nv_err_set(err, -ENOMEM, "out of memory");
	int rc = plat_api_init(&g->api, p,
		config->platforms[NV_PLATFORM_GUMROAD].base_url, BASE_URL, err);

	if (rc != 0) {
		free(g);
		return rc;
	}
	g->p = p;
	g->window_days = NV_MAX(config->gumroad.window_ms / DAY_MS, 1);
	if (token) {
		nv_buf_init(&value, 4096);
		nv_buf_printf(&value, "Bearer %s", token);
		g->header = (struct nv_http_header){"Authorization", nv_buf_take(&value)};
		nv_buf_fini(&value);
		g->api.headers = &g->header;
		g->api.headers_n = g->header.value ? 1 : 0;
	}
	plat_set_own(p, g);
	return 0;
}

static void
gum_stop(struct plat *p)
{
	struct gum *g = plat_own(p);

	plat_api_fini(&g->api);
	free((void *)(uintptr_t)g->header.value);
	free(g);
	plat_set_own(p, NULL);
}

static void
gum_show(struct plat *p, json_t *state)
{
	struct gum *g = plat_own(p);

	(void)json_object_set_new(state, "pages_read", json_integer(g->pages));
	(void)json_object_set_new(state, "sales_seen", json_integer(g->sales_seen));
	gum_book_show(g, state);
}

/* ---- tables ---- */

#define ID(name, what) \
	{ \
		name, PLAT_TEXT, PLAT_REQUIRED, what, NULL, 1, GUM_ID_BYTES - 1 \
	}
#define RANGE \
	{"after", PLAT_TEXT, 0, "sales of this day or later: 2026-11-01 (UTC)", NULL, \
		10, 10}, \
		{"before", PLAT_TEXT, 0, "sales of days before this one", NULL, 10, 10}, \
	{ \
		"product", PLAT_TEXT, 0, "sales of this product, by its id", NULL, 1, \
			GUM_ID_BYTES - 1 \
	}

static const struct plat_arg product_args[] = {ID("product", "the product's id"), {0}};
static const struct plat_arg sale_args[] = {ID("sale", "the sale's id"), {0}};
static const struct plat_arg subscriber_args[] = {
	ID("subscriber", "the subscriber's id"), {0}};
static const struct plat_arg unsubscribe_args[] = {
	ID("subscription", "its id, as `subscriptions` shows it"), {0}};
static const struct plat_arg sales_args[] = {RANGE,
	{"email", PLAT_TEXT, 0, "sales to this address", NULL, 1, 254},
	{"order", PLAT_INT, 0, "the sale of this order number", NULL, 0, 0},
	{"page_key", PLAT_TEXT, 0, "go on where an answer ended", NULL, 1, 190},
	{"limit", PLAT_INT, 0, "at most so many, in whole pages of 10 (default 100)",
		NULL, 1, 10000},
	{0}};
static const struct plat_arg revenue_args[] = {RANGE,
	{"by", PLAT_TEXT, 0, "rows for each product, agent or day", "product|agent|day",
		0, 0},
	{0}};
static const struct plat_arg refund_args[] = {ID("sale", "the sale's id"),
	{"amount", PLAT_MONEY, PLAT_WORD,
		"a part of it, such as $5 (default: all that is left)", NULL, 0, 0},
	{0}};
static const struct plat_arg subscribers_args[] = {ID("product", "the product's id"),
	{"email", PLAT_TEXT, 0, "only this one", NULL, 1, 254},
	{"page_key", PLAT_TEXT, 0, "go on where an answer ended", NULL, 1, 190},
	{"limit", PLAT_INT, 0, "at most so many, in whole pages of 100 (default 1000)",
		NULL, 1, 100000},
	{0}};
static const struct plat_arg licence_args[] = {ID("product", "the product's id"),
	{"key", PLAT_TEXT, PLAT_REQUIRED, "the licence key", NULL, 1, 200}, {0}};
static const struct plat_arg verify_args[] = {ID("product", "the product's id"),
	{"key", PLAT_TEXT, PLAT_REQUIRED, "the licence key", NULL, 1, 200},
	{"increment", PLAT_BOOL, 0, "count this as a use of the licence", NULL, 0, 0},
	{0}};

#define RESOURCES \
	"sale|refund|dispute|dispute_won|cancellation|subscription_updated|" \
	"subscription_ended|subscription_restarted"
static const struct plat_arg subscriptions_args[] = {
	{"resource", PLAT_TEXT, PLAT_WORD, "of this kind only", RESOURCES, 0, 0}, {0}};
static const struct plat_arg subscribe_args[] = {
	{"resource", PLAT_TEXT, PLAT_REQUIRED, "what Gumroad is to tell", RESOURCES, 0,
		0},
	{"url", PLAT_TEXT, PLAT_REQUIRED,
		"the gateway's address, https://HOST: its secret path is added", NULL, 9,
		500},
	{0}};
static const struct plat_arg confirm_args[] = {ID("sale", "the sale a ping named"),
	{"agent", PLAT_TEXT, 0, "whom the ping says it is due to", NULL, 1,
		NV_NAME_MAX - 1},
	{0}};

static const struct plat_verb gum_verbs[] = {
	{"products", "the products", PLAT_AGENT, NULL, NULL, gum_products_run, NULL,
		NULL},
	{"product", "one product", PLAT_AGENT, NULL, product_args, gum_product_run, NULL,
		NULL},
	{"product.enable", "put a product on sale", 0, NULL, product_args,
		gum_product_switch_run, NULL, NULL},
	{"product.disable", "take a product off sale", 0, NULL, product_args,
		gum_product_switch_run, NULL, NULL},
	{"sales", "sales, newest first", PLAT_AGENT, NULL, sales_args, gum_sales_run,
		NULL, NULL},
	{"sale", "one sale", PLAT_AGENT, NULL, sale_args, gum_sale_run, NULL, NULL},
	{"revenue", "what sales brought, net of fees, refunds and chargebacks",
		PLAT_AGENT, NULL, revenue_args, gum_revenue_run, NULL, NULL},
	{"refund", "give back a sale or a part of it", PLAT_EFFECT, NULL, refund_args,
		gum_refund_run, gum_refund_send, gum_refund_resolve},
	{"subscribers", "who subscribes to a product", PLAT_AGENT, NULL, subscribers_args,
		gum_subscribers_run, NULL, NULL},
	{"subscriber", "one subscriber", PLAT_AGENT, NULL, subscriber_args,
		gum_subscriber_run, NULL, NULL},
	{"licence.verify", "is a licence key good; counts no use unless asked to",
		PLAT_AGENT | PLAT_NO_KEY, NULL, verify_args, gum_verify_run, NULL, NULL},
	{"licence.enable", "let a licence key be good again", 0, NULL, licence_args,
		gum_licence_run, NULL, NULL},
	{"licence.disable", "let a licence key be good no more", 0, NULL, licence_args,
		gum_licence_run, NULL, NULL},
	{"subscriptions", "whom Gumroad tells what happens", 0, NULL, subscriptions_args,
		gum_subscriptions_run, NULL, NULL},
	{"subscribe", "let Gumroad tell the gateway what happens", 0, NULL,
		subscribe_args, gum_subscribe_run, NULL, NULL},
	{"unsubscribe", "end such a subscription", 0, NULL, unsubscribe_args,
		gum_unsubscribe_run, NULL, NULL},
	{"confirm", "book a sale that a ping named, answered when it is in the ledger", 0,
		NULL, confirm_args, gum_confirm_run, NULL, NULL},
	{0}};

static const char *const gum_secrets[] = {
	"gumroad_access_token", "gumroad_webhook_secret", NULL};

const struct plat_kind plat_gumroad = {.name = "gumroad",
	.summary = "Gumroad: digital products, licences, memberships",
	.secrets = gum_secrets,
	.n_required = 1,
	.verbs = gum_verbs,
	.settings = gum_settings,
	.start = gum_start,
	.stop = gum_stop,
	.poll = gum_poll,
	.restored = gum_restored,
	.show = gum_show};
