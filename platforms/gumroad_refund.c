/* Giving money back. Gumroad has no idempotency keys, so what the sale looks like before
 * is part of the stored request: when an answer is lost, the sale tells whether the
 * refund was made. A request that got no answer is sent again only when the sale is
 * unchanged after longer than Gumroad lets any request run (two minutes). */
#include "gumroad.h"

#include "nv_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CENT_NANO   (NV_MONEY_SCALE / 100)
#define SETTLED_NS  (150 * NV_NS_PER_SEC)
#define AGAIN_MS    1000
#define BACK_OFF_MS 60000

static struct gum *
gum_of_out(const struct plat_out *out)
{
	return plat_own(out->plat);
}

/* ---- before: what the sale looks like ---- */

static int64_t
refunded_cents(const json_t *sale, bool *ret_known)
{
	struct map_gumroad m = {0};
	int64_t cents = -1;

	if (map_gumroad_sale(sale, NULL, &m, NULL) == 0 && !m.note)
		cents = m.refunded / CENT_NANO;
	map_gumroad_fini(&m);
	*ret_known = cents >= 0;
	return cents;
}

static bool
is_refunded(const json_t *sale)
{
	return json_is_true(json_object_get(sale, "refunded"));
}

/* The request, or NULL when the call has been ended. amount 0: all. */
static json_t *
request_of(struct plat_call *call, const json_t *sale)
{
	char currency[NV_CURRENCY_BYTES];
	int64_t nano = 0, price = 0, cents = 0;
	const char *symbol = map_text(sale, "currency_symbol");
	bool known, part = plat_arg_money(call, "amount", &nano, currency) == 0;

	if (is_refunded(sale)) {
		plat_fail(call, NV_EXIT_NO, "the sale was given back already");
		return NULL;
	}
	if (part &&
		(strcmp(currency, "USD") != 0 || nano % CENT_NANO != 0 || nano == 0)) {
		plat_fail(call, NV_EXIT_USAGE,
			"amount: expected dollars and cents, such as $5");
		return NULL;
	}
	if (part && (!symbol || strcmp(symbol, "$") != 0)) {
		plat_fail(call, NV_EXIT_NO,
			"this sale is not in dollars: a part of it can only be given "
			"back "
			"on Gumroad's own page, all of it from here");
		return NULL;
	}
	int64_t before = refunded_cents(sale, &known);

	if (part && (!known || !map_int(sale, "price", &price))) {
		plat_fail(call, NV_EXIT_NO, "what is left of this sale is not known");
		return NULL;
	}
	if (part)
		cents = nano / CENT_NANO;
	if (part && cents > price - before) {
		plat_fail(call, NV_EXIT_NO, "only $%lld.%02lld of the sale is left",
			(long long)((price - before) / 100),
			(long long)((price - before) % 100));
		return NULL;
	}
	return json_pack("{s:s, s:I, s:I}", "sale", plat_arg_str(call, "sale"), "cents",
		(json_int_t)cents, "before", (json_int_t)(known ? before : -1));
}

static void
refund_seen(void *arg, const struct nv_http_answer *answer)
{
	struct plat_call *call = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);
	const json_t *sale = json_object_get(answer->json, "sale");
	const char *id = map_text(sale, "id");

	if (meaning != GUM_OK) {
		gum_call_fail(call, meaning, text);
		return;
	}
	if (!id || strcmp(id, plat_arg_str(call, "sale")) != 0) {
		plat_fail(call, NV_EXIT_FAILED, "Gumroad answered with another sale");
		return;
	}
	json_t *request = request_of(call, sale);

	if (request)
		plat_out_begin(call, request, 0, "USD");
}

void
gum_refund_run(struct plat_call *call)
{
	struct nv_buf path;

	nv_buf_init(&path, 1024);
	nv_buf_puts(&path, "/sales");
	nv_url_segment(&path, plat_arg_str(call, "sale"));
	gum_call_ask(call, "GET", &path, NULL, 0, refund_seen);
}

/* ---- after ---- */

/* The refund stands in the ledger before the entry is over; the next poll would book it
 * as well. */
static void
refund_booked(void *arg, int rc, const char *why)
{
	struct plat_out *out = arg;
	json_t *sale = out->own;

	out->own = NULL;
	plat_out_done(out,
		json_pack("{s:o?, s:b, s:s*}", "sale", sale, "booked", rc == 0, "booking",
			rc == 0 ? NULL : why),
		0);
}

static void
refund_done(struct plat_out *out, const json_t *sale)
{
	out->own = json_incref((json_t *)(uintptr_t)sale);
	gum_book(gum_of_out(out), sale, NULL, true, refund_booked, out);
}

static void
refund_answer(void *arg, const struct nv_http_answer *answer)
{
	struct plat_out *out = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);
	const json_t *sale = json_object_get(answer->json, "sale");

	/* 5xx may have acted whatever its body says. */
	if (answer->outcome == NV_HTTP_UNKNOWN || answer->status >= 500)
		meaning = GUM_UNKNOWN;
	if (meaning == GUM_OK && !json_is_object(sale))
		meaning = GUM_UNKNOWN;
	switch (meaning) {
	case GUM_OK:
		refund_done(out, sale);
		break;
	case GUM_NO:
		plat_out_refused(out, NV_EXIT_NO, "%s", text);
		break;
	case GUM_FAILED:
		if (answer->status == 401 || answer->status == 403)
			plat_out_refused(out, NV_EXIT_FAILED, "%s", text);
		else
			plat_out_later(out, NV_MAX(answer->retry_after_ms, BACK_OFF_MS),
				"%s", text);
		break;
	default:
		plat_out_unknown(
			out, "no answer that tells whether it was done: %s", text);
	}
}

void
gum_refund_send(struct plat_out *out)
{
	struct nv_buf path, form;
	struct nv_err err = {.text = "out of memory"};
	int64_t cents = json_integer_value(json_object_get(out->request, "cents"));
	json_t *sent = json_pack("{s:I}", "sent_ns", (json_int_t)nv_wall_ns());
	int rc = sent ? plat_out_progress(out, sent) : -ENOMEM;

	json_decref(sent);
	nv_buf_init(&path, 1024);
	nv_buf_init(&form, 64);
	nv_buf_puts(&path, "/sales");
	nv_url_segment(&path, map_text(out->request, "sale"));
	nv_buf_puts(&path, "/refund");
	if (cents > 0)
		nv_form_add_int(&form, "amount_cents", cents);
	if (rc == 0 && (rc = path.error) == 0)
		rc = plat_api_ask(&gum_of_out(out)->api,
			&(struct plat_request){.method = "PUT",
				.path = path.data,
				.body = form.data,
				.body_bytes = form.bytes,
				.content_type =
					form.bytes ? "application/x-www-form-urlencoded"
						   : NULL,
				.flags = PLAT_ASK_TURNED},
			refund_answer, out, &err);
	nv_buf_fini(&path);
	nv_buf_fini(&form);
	if (rc != 0)
		plat_out_later(out, BACK_OFF_MS, "not sent: %s", err.text);
}

/* ---- nobody knows: the sale tells ---- */

static void
refund_found(void *arg, const struct nv_http_answer *answer)
{
	struct plat_out *out = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);
	const json_t *sale = json_object_get(answer->json, "sale");
	int64_t cents = json_integer_value(json_object_get(out->request, "cents"));
	int64_t before = json_integer_value(json_object_get(out->request, "before"));
	int64_t sent = json_integer_value(json_object_get(out->progress, "sent_ns"));
	bool known;

	if (meaning != GUM_OK || !json_is_object(sale)) {
		plat_out_unknown(out, "the sale cannot be looked at: %s", text);
		return;
	}
	int64_t now = refunded_cents(sale, &known);

	if (cents == 0 ? is_refunded(sale) : known && now == before + cents)
		refund_done(out, sale);
	else if (known && before >= 0 && now != before)
		plat_out_unknown(out,
			"another refund of the sale came between: look at it, then say "
			"done or retry");
	else if (nv_wall_ns() - sent < SETTLED_NS)
		plat_out_unknown(out, "not in the sale yet; it may still come");
	else
		plat_out_later(out, AGAIN_MS,
			"two minutes later the sale shows no refund: it was not made");
}

void
gum_refund_resolve(struct plat_out *out)
{
	struct nv_buf path;
	struct nv_err err = {.text = "out of memory"};

	nv_buf_init(&path, 1024);
	nv_buf_puts(&path, "/sales");
	nv_url_segment(&path, map_text(out->request, "sale"));
	if (path.error || plat_api_get(&gum_of_out(out)->api, path.data, refund_found,
				  out, &err) != 0)
		plat_out_unknown(out, "the sale cannot be looked at: %s", err.text);
	nv_buf_fini(&path);
}
