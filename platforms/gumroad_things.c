/* Gumroad's products, licences, subscribers, and whom it tells what happens. What is done
 * here may be done twice without harm, but for two: counting the use of a licence, which
 * is never repeated, and a subscription, which is looked for before and after. */
#include "gumroad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- answers that are shown as they are ---- */

/* All but `success`. */
static void
shown_answer(void *arg, const struct nv_http_answer *answer)
{
	struct plat_call *call = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);

	if (meaning != GUM_OK) {
		gum_call_fail(call, meaning, text);
		return;
	}
	json_t *data = json_copy(answer->json);

	if (data)
		(void)json_object_del(data, "success");
	plat_done(call, data);
}

static void
path_of(struct nv_buf *path, const char *folder, const char *id)
{
	nv_buf_init(path, 2048);
	nv_buf_puts(path, folder);
	if (id)
		nv_url_segment(path, id);
}

void
gum_product_run(struct plat_call *call)
{
	struct nv_buf path;

	path_of(&path, "/products", plat_arg_str(call, "product"));
	gum_call_ask(call, "GET", &path, NULL, 0, shown_answer);
}

/* product.enable, product.disable */
void
gum_product_switch_run(struct plat_call *call)
{
	const char *verb = strchr(plat_call_verb(call)->name, '.') + 1;
	struct nv_buf path;

	path_of(&path, "/products", plat_arg_str(call, "product"));
	nv_buf_printf(&path, "/%s", verb);
	gum_call_ask(call, "PUT", &path, NULL, PLAT_ASK_REPEATABLE, shown_answer);
}

void
gum_subscriber_run(struct plat_call *call)
{
	struct nv_buf path;

	path_of(&path, "/subscribers", plat_arg_str(call, "subscriber"));
	gum_call_ask(call, "GET", &path, NULL, 0, shown_answer);
}

/* ---- licences ---- */

static void
licence_form(struct plat_call *call, struct nv_buf *form)
{
	nv_buf_init(form, 2048);
	nv_form_add(form, "product_id", plat_arg_str(call, "product"));
	nv_form_add(form, "license_key", plat_arg_str(call, "key"));
}

/* Gumroad counts a use unless it is told not to: it is always told. */
void
gum_verify_run(struct plat_call *call)
{
	bool counts = plat_arg_bool(call, "increment");
	struct nv_buf path, form;

	path_of(&path, "/licenses/verify", NULL);
	licence_form(call, &form);
	nv_form_add_bool(&form, "increment_uses_count", counts);
	gum_call_ask(call, "POST", &path, &form, counts ? 0 : PLAT_ASK_REPEATABLE,
		shown_answer);
}

/* licence.enable, licence.disable */
void
gum_licence_run(struct plat_call *call)
{
	struct nv_buf path, form;

	path_of(&path, "/licenses", strchr(plat_call_verb(call)->name, '.') + 1);
	licence_form(call, &form);
	gum_call_ask(call, "PUT", &path, &form, PLAT_ASK_REPEATABLE, shown_answer);
}

/* ---- whom Gumroad tells what happens ---- */

static const char *const RESOURCES[] = {"sale", "refund", "dispute", "dispute_won",
	"cancellation", "subscription_updated", "subscription_ended",
	"subscription_restarted"};

struct subs {
	struct plat_call *call;
	const char *resource; /* the only one; NULL: all */
	size_t at;
	json_t *found; /* owned */
	char *url;     /* owned: to subscribe; NULL: only list them */
	bool asked;    /* it was asked for, and the answer told nothing */
	char why[GUM_TEXT_BYTES];
};

static void subs_list(struct subs *s);

static void
subs_end(struct subs *s, enum gum_meaning meaning, const char *text, json_t *data)
{
	if (meaning != GUM_OK)
		gum_call_fail(s->call, meaning, text);
	else
		plat_done(s->call, data);
	json_decref(s->found);
	free(s->url);
	free(s);
}

static const char *
secret_of(struct plat_call *call)
{
	return plat_secret(plat_call_platform(call), "gumroad_webhook_secret");
}

#define SECRET_PATH "/webhooks/gumroad"

/* The address holds the gateway's secret: not for eyes. */
static json_t *
masked(const json_t *sub)
{
	const char *url = map_text(sub, "post_url");
	const char *at = url ? strstr(url, SECRET_PATH "/") : NULL;
	json_t *copy = json_copy((json_t *)(uintptr_t)sub);

	if (copy && at)
		(void)json_object_set_new(copy, "post_url",
			json_sprintf("%.*s" SECRET_PATH "/***", (int)(at - url), url));
	return copy;
}

static const json_t *
subs_same(const struct subs *s, const json_t *list)
{
	size_t i;
	json_t *sub;

	json_array_foreach((json_t *)(uintptr_t)list, i, sub)
	{
		const char *url = map_text(sub, "post_url");

		if (s->url && url && strcmp(url, s->url) == 0)
			return sub;
	}
	return NULL;
}

static void
subs_made(void *arg, const struct nv_http_answer *answer)
{
	struct subs *s = arg;
	enum gum_meaning meaning = gum_meaning(answer, s->why);
	const json_t *sub = json_object_get(answer->json, "resource_subscription");

	if (meaning == GUM_UNKNOWN) {
		s->asked = true;
		subs_list(s);
		return;
	}
	subs_end(s, meaning, s->why,
		meaning == GUM_OK ? json_pack("{s:b, s:o?}", "created", 1, "subscription",
					    masked(sub))
				  : NULL);
}

static void
subs_make(struct subs *s)
{
	struct nv_err err = {.text = "out of memory"};
	struct nv_buf form;

	nv_buf_init(&form, 8192);
	nv_form_add(&form, "resource_name", s->resource);
	nv_form_add(&form, "post_url", s->url);
	if (form.error ||
		plat_api_ask(&gum_of(s->call)->api,
			&(struct plat_request){.method = "PUT",
				.path = "/resource_subscriptions",
				.body = form.data,
				.body_bytes = form.bytes,
				.content_type = "application/x-www-form-urlencoded"},
			subs_made, s, &err) != 0)
		subs_end(s, GUM_FAILED, err.text, NULL);
	nv_buf_fini(&form);
}

static void
subs_answer(void *arg, const struct nv_http_answer *answer)
{
	struct subs *s = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);
	json_t *list = json_object_get(answer->json, "resource_subscriptions");
	const json_t *same = subs_same(s, list);
	size_t i;
	json_t *sub;

	if (s->asked && meaning != GUM_OK) {
		subs_end(s, GUM_UNKNOWN, s->why, NULL);
	} else if (meaning != GUM_OK) {
		subs_end(s, meaning, text, NULL);
	} else if (same) {
		subs_end(s, GUM_OK, "",
			json_pack("{s:b, s:o}", "created", s->asked, "subscription",
				masked(same)));
	} else if (s->asked) {
		subs_end(s, GUM_FAILED,
			"Gumroad gave no answer, and the subscription is not there: ask "
			"again",
			NULL);
	} else if (s->url) {
		subs_make(s);
	} else {
		json_array_foreach(list, i, sub)(void)
			json_array_append_new(s->found, masked(sub));
		s->at++;
		if (!s->resource && s->at < NV_LEN(RESOURCES))
			subs_list(s);
		else
			subs_end(s, GUM_OK, "",
				json_pack("{s:O}", "subscriptions", s->found));
	}
}

static void
subs_list(struct subs *s)
{
	struct nv_err err = {.text = "out of memory"};
	struct nv_buf path;

	path_of(&path, "/resource_subscriptions", NULL);
	nv_url_query(
		&path, "resource_name", s->resource ? s->resource : RESOURCES[s->at]);
	if (path.error ||
		plat_api_get(&gum_of(s->call)->api, path.data, subs_answer, s, &err) != 0)
		subs_end(s, GUM_FAILED, err.text, NULL);
	nv_buf_fini(&path);
}

/* url NULL (then not to be freed): only list. */
static void
subs_run(struct plat_call *call, char *url)
{
	struct subs *s = calloc(1, sizeof(*s));

	if (s)
		*s = (struct subs){.call = call,
			.resource = plat_arg_str(call, "resource"),
			.found = json_array(),
			.url = url};
	if (!s || !s->found) {
		free(s);
		free(url);
		plat_fail(call, NV_EXIT_FAILED, "gumroad: out of memory");
		return;
	}
	subs_list(s);
}

void
gum_subscriptions_run(struct plat_call *call)
{
	subs_run(call, NULL);
}

void
gum_subscribe_run(struct plat_call *call)
{
	const char *host = plat_arg_str(call, "url");
	const char *secret = secret_of(call);
	size_t n = strlen(host);
	struct nv_buf url;

	while (n > 0 && host[n - 1] == '/')
		n--;
	if (strncmp(host, "https://", 8) != 0 || n <= 8 || memchr(host + 8, '/', n - 8) ||
		strpbrk(host, " ?#@")) {
		plat_fail(call, NV_EXIT_USAGE,
			"url: expected https://HOST, where the gateway is reached from "
			"outside, without a path");
		return;
	}
	if (!secret) {
		plat_fail(call, NV_EXIT_FAILED,
			"no secret for the address: put one into "
			"secrets/gumroad_webhook_secret");
		return;
	}
	nv_buf_init(&url, 4096);
	nv_buf_add(&url, host, n);
	nv_buf_puts(&url, SECRET_PATH);
	nv_url_segment(&url, secret);
	char *text = nv_buf_take(&url);

	nv_buf_fini(&url);
	if (text)
		subs_run(call, text);
	else
		plat_fail(call, NV_EXIT_FAILED, "gumroad: the address is too long");
}

void
gum_unsubscribe_run(struct plat_call *call)
{
	struct nv_buf path;

	path_of(&path, "/resource_subscriptions", plat_arg_str(call, "subscription"));
	gum_call_ask(call, "DELETE", &path, NULL, PLAT_ASK_REPEATABLE, shown_answer);
}
