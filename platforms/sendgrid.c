/* SendGrid: mail, one or in bulk, contacts and lists, suppressions, figures, and what
 * became of what was sent. docs/PLATFORMS.md says how. */
#include "sendgrid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BASE_URL "https://api.sendgrid.com"

struct sg *
sg_of(const struct plat_call *call)
{
	return plat_own(plat_call_platform(call));
}

struct sg *
sg_of_out(const struct plat_out *out)
{
	return plat_own(out->plat);
}

/* ---- what an answer means ---- */

/* {"errors":[{"message","field","help"}]} */
static void
said(const struct nv_http_answer *a, char text[SG_TEXT_BYTES])
{
	/* Where no JSON was asked for, errors are JSON all the same. */
	json_t *body = a->json ? json_incref(a->json)
			       : json_loadb(a->body, a->body_bytes, 0, NULL);
	const json_t *first = json_array_get(json_object_get(body, "errors"), 0);
	const char *message = map_text(first, "message");
	const char *field = map_text(first, "field");

	if (message)
		(void)snprintf(text, SG_TEXT_BYTES, "SendGrid: %.200s%s%.60s%s", message,
			field ? " (" : "", field ? field : "", field ? ")" : "");
	else
		(void)snprintf(text, SG_TEXT_BYTES, "SendGrid: %s", a->err);
	json_decref(body);
}

enum sg_meaning
sg_meaning(const struct nv_http_answer *a, char text[SG_TEXT_BYTES])
{
	text[0] = '\0';
	if (a->outcome == NV_HTTP_DONE)
		return SG_OK;
	said(a, text);
	if (a->outcome == NV_HTTP_UNKNOWN)
		return SG_UNKNOWN;
	if (a->throttled || a->status == 0 || a->status == 429 || a->status == 503)
		return SG_LATER;
	/* 403 is also a sender that was not verified: its text says so. */
	if (a->status == 401 || a->status == 403 || a->status >= 500)
		return SG_FAILED;
	return SG_NO;
}

void
sg_call_fail(struct plat_call *call, enum sg_meaning meaning, const char *text,
	int64_t wait_ms)
{
	switch (meaning) {
	case SG_NO:
		plat_fail(call, NV_EXIT_NO, "%s", text);
		break;
	case SG_LATER:
		plat_fail_later(call, NV_MAX(wait_ms + 999, 1000) / 1000, "%s", text);
		break;
	case SG_UNKNOWN:
		plat_unknown(call, "%s", text);
		break;
	default:
		plat_fail(call, NV_EXIT_FAILED, "%s", text);
	}
}

void
sg_call_show(
	struct plat_call *call, const struct nv_http_answer *answer, const char *name)
{
	char text[SG_TEXT_BYTES];
	enum sg_meaning meaning = sg_meaning(answer, text);

	if (meaning != SG_OK)
		sg_call_fail(call, meaning, text, answer->retry_after_ms);
	else if (json_is_object(answer->json))
		plat_done(call, json_incref(answer->json));
	else
		plat_done(call, answer->json ? json_pack("{s:O}", name, answer->json)
					     : json_pack("{s:b}", "done", 1));
}

void
sg_call_ask(struct plat_call *call, const char *method, struct nv_buf *path, json_t *body,
	unsigned flags, nv_http_done_fn *fn)
{
	char *text = body ? nv_json_line(body) : NULL;
	struct nv_err err = {.text = "out of memory"};
	int rc = path->error ? path->error : body && !text ? -ENOMEM : 0;

	json_decref(body);
	if (path->error)
		(void)nv_err_set(&err, rc,
			rc == -EINVAL ? "an id is not one: empty, \".\" or \"..\""
				      : "the request is too long");
	if (rc == 0)
		rc = plat_api_ask(&sg_of(call)->api,
			&(struct plat_request){.method = method,
				.path = path->data,
				.body = text,
				.body_bytes = text ? strlen(text) : 0,
				.content_type = text ? "application/json" : NULL,
				.flags = flags},
			fn, call, &err);
	free(text);
	nv_buf_fini(path);
	if (rc != 0)
		plat_fail(call, rc == -EINVAL ? NV_EXIT_USAGE : NV_EXIT_FAILED,
			"sendgrid: %s", err.text);
}

/* ---- the process ---- */

static int
sg_settings(const struct nv_config *config, struct plat_settings *ret, struct nv_err *err)
{
	const struct nv_conf_platform *conf = &config->platforms[NV_PLATFORM_SENDGRID];
	struct sg_address a;

	ret->poll_ms = conf->poll_ms;
	ret->rate = (struct plat_limit){conf->rate.n, conf->rate.window_ms};
	ret->agent_rate =
		(struct plat_limit){conf->agent_rate.n, conf->agent_rate.window_ms};
	if (config->sendgrid.from &&
		sg_address_parse(config->sendgrid.from, &a, err) != 0) {
		struct nv_err why = *err;

		return nv_err_set(
			err, -EINVAL, "platforms.sendgrid.from: %.400s", why.text);
	}
	return 0;
}

static int
sg_start(struct plat *p, struct nv_err *err)
{
	const struct nv_config *config = plat_config(p);
	struct sg *sg = calloc(1, sizeof(*sg));
	const char *key = plat_secret(p, "sendgrid_api_key");
	struct nv_buf value;

	if (!sg)
		return nv_err_set(err, -ENOMEM, "out of memory");
	int rc = plat_api_init(&sg->api, p,
		config->platforms[NV_PLATFORM_SENDGRID].base_url, BASE_URL, err);

	if (rc != 0) {
		free(sg);
		return rc;
	}
	sg->p = p;
	sg->sandbox = config->sendgrid.sandbox;
	sg->price_nano = config->sendgrid.price.nano;
	(void)snprintf(sg->currency, sizeof(sg->currency), "%s",
		config->sendgrid.price.currency[0] ? config->sendgrid.price.currency
						   : "USD");
	if (config->sendgrid.from)
		(void)sg_address_parse(config->sendgrid.from, &sg->from, NULL);
	sg->headers[0] = (struct nv_http_header){"Accept", "application/json"};
	sg->api.headers = sg->headers;
	sg->api.headers_n = 1;
	sg->api.window = "x-ratelimit-";
	nv_buf_init(&value, 4096);
	nv_buf_printf(&value, "Bearer %s", key ? key : "");
	sg->headers[1] = (struct nv_http_header){"Authorization", nv_buf_take(&value)};
	nv_buf_fini(&value);
	sg->api.headers_n += key && sg->headers[1].value;
	plat_set_own(p, sg);
	return 0;
}

static void
sg_stop(struct plat *p)
{
	struct sg *sg = plat_own(p);

	sg_events_stop(sg);
	plat_api_fini(&sg->api);
	free((void *)(uintptr_t)sg->headers[1].value);
	free(sg);
	plat_set_own(p, NULL);
}

static void
sg_show(struct plat *p, json_t *state)
{
	const struct sg *sg = plat_own(p);

	(void)json_object_set_new(state, "sandbox", json_boolean(sg->sandbox));
	(void)json_object_set_new(state, "from",
		sg->from.email[0] ? sg_address_json(&sg->from) : json_null());
}

/* ---- tables ---- */

#define NEEDED(name, help) \
	{ \
		name, PLAT_TEXT, PLAT_REQUIRED, help, NULL, 1, 200 \
	}
#define SIZED(name, help, n) \
	{ \
		name, PLAT_TEXT, 0, help, NULL, 1, n \
	}
#define LIST(name, help, n) \
	{ \
		name, PLAT_LIST, 0, help, NULL, 1, n \
	}
#define JSON(name, help) \
	{ \
		name, PLAT_JSON, 0, help, NULL, 0, 0 \
	}
#define FLAG(name, help) \
	{ \
		name, PLAT_BOOL, 0, help, NULL, 0, 0 \
	}
#define NUMBER(name, help, min, max) \
	{ \
		name, PLAT_INT, 0, help, NULL, min, max \
	}
#define TO \
	{ \
		"to", PLAT_LIST, PLAT_REQUIRED, "who gets it", NULL, 1, 1000 \
	}
#define BODY_MAX (4 << 20)

#define SENDER \
	SIZED("from", "who writes it (people; agents: platforms.sendgrid.from)", 320), \
		SIZED("from_name", "the name before that address", 199), \
		SIZED("reply_to", "where answers go", 320)
#define WORDS \
	SIZED("subject", "one line", 998), SIZED("text", "the mail as text", BODY_MAX), \
		SIZED("html", "the mail as HTML", BODY_MAX)
#define MORE \
	LIST("categories", "for figures; the agent's name is added", 10), \
		JSON("custom_args", "an object of texts that come back with events"), \
		JSON("attachments", "[{\"filename\",\"content\": base64,\"type\"?}]"), \
		LIST("attach", "files by absolute path (people only)", 20), \
		NUMBER("group", "unsubscribe group", 1, INT32_MAX), \
		NUMBER("send_at", "unix seconds, at most 72 h ahead", 1, INT32_MAX), \
		FLAG("sandbox", "checked by SendGrid and not delivered")

static const struct plat_arg send_args[] = {TO, LIST("cc", "copies", 1000),
	LIST("bcc", "hidden copies", 1000), SENDER, WORDS, MORE, {0}};
static const struct plat_arg template_args[] = {
	NEEDED("template", "id of a dynamic template, d-..."), TO,
	LIST("cc", "copies", 1000), LIST("bcc", "hidden copies", 1000),
	JSON("data", "an object for the template"), SENDER,
	SIZED("subject", "when the template has none", 998), MORE, {0}};
static const struct plat_arg bulk_args[] = {
	JSON("recipients", "[{\"email\",\"name\"?,\"data\"?}]"),
	SIZED("csv", "or a CSV file: email, name, the rest is data", PLAT_LINE_BYTES_MAX),
	SIZED("template",
		"id of a dynamic template; else subject, text, html with {{key}}", 200),
	JSON("data", "for all, when a template is used"), SENDER, WORDS, MORE, {0}};
static const struct plat_arg status_args[] = {
	NEEDED("mail", "the nova_id that send and bulk answer with"), {0}};
static const struct plat_arg events_args[] = {
	NUMBER("since", "from this number of the ledger on", 0, INT64_MAX),
	NUMBER("limit", "at most so many (default 50)", 1, 1000), {0}};
#define KINDS "bounces|blocks|spam_reports|invalid_emails|unsubscribes"
static const struct plat_arg suppressions_args[] = {
	{"list", PLAT_TEXT, PLAT_WORD, "which (default bounces)", KINDS, 0, 0},
	SIZED("email", "only this address", 254),
	NUMBER("group", "of an unsubscribe group instead", 1, INT32_MAX),
	NUMBER("limit", "at most so many (default 500)", 1, 500),
	NUMBER("offset", "from there on", 0, INT32_MAX), {0}};
static const struct plat_arg suppress_args[] = {
	{"emails", PLAT_LIST, PLAT_REQUIRED, "who is not to be written to", NULL, 1,
		1000},
	NUMBER("group", "only not with this unsubscribe group", 1, INT32_MAX), {0}};
static const struct plat_arg unsuppress_args[] = {
	{"list", PLAT_TEXT, PLAT_REQUIRED, "off which list", KINDS, 0, 0},
	NEEDED("email", "the address"),
	NUMBER("group", "off an unsubscribe group instead", 1, INT32_MAX), {0}};
static const struct plat_arg contacts_add_args[] = {
	{"email", PLAT_TEXT, PLAT_WORD, "one contact", NULL, 3, 254},
	SIZED("first_name", "of that one", 50), SIZED("last_name", "of that one", 50),
	JSON("fields", "its custom fields, {id: value}"),
	JSON("contacts", "or many: SendGrid's own objects"),
	LIST("lists", "ids of lists they go into", 100), {0}};
static const struct plat_arg contacts_search_args[] = {LIST("emails", "by address", 100),
	SIZED("query", "or by a query (SGQL)", 10000), {0}};
static const struct plat_arg ids_args[] = {
	{"ids", PLAT_LIST, PLAT_REQUIRED, "contacts, by id", NULL, 1, 100}, {0}};
static const struct plat_arg import_args[] = {
	NEEDED("job", "the job_id that contacts.add answers with"), {0}};
static const struct plat_arg lists_args[] = {
	{"list", PLAT_TEXT, PLAT_WORD, "only this one", NULL, 1, 200},
	NUMBER("limit", "a page of so many (default 100)", 1, 1000),
	SIZED("page_token", "go on where an answer ended", 1000), {0}};
static const struct plat_arg create_args[] = {
	{"name", PLAT_TEXT, PLAT_REQUIRED, "its name", NULL, 1, 100}, {0}};
static const struct plat_arg list_rename_args[] = {NEEDED("list", "its id"),
	{"name", PLAT_TEXT, PLAT_REQUIRED, "its new name", NULL, 1, 100}, {0}};
static const struct plat_arg list_args[] = {NEEDED("list", "its id"), {0}};
static const struct plat_arg list_remove_args[] = {NEEDED("list", "its id"),
	{"ids", PLAT_LIST, PLAT_REQUIRED, "contacts, by id", NULL, 1, 100}, {0}};
static const struct plat_arg field_create_args[] = {
	{"name", PLAT_TEXT, PLAT_REQUIRED, "its name", NULL, 1, 100},
	{"type", PLAT_TEXT, PLAT_WORD, "of its values (default Text)", "Text|Number|Date",
		0, 0},
	{0}};
static const struct plat_arg field_rename_args[] = {NEEDED("field", "its id"),
	{"name", PLAT_TEXT, PLAT_REQUIRED, "its new name", NULL, 1, 100}, {0}};
static const struct plat_arg field_args[] = {NEEDED("field", "its id"), {0}};
static const struct plat_arg templates_args[] = {
	{"template", PLAT_TEXT, PLAT_WORD, "only this one", NULL, 1, 200},
	SIZED("page_token", "go on where an answer ended", 1000), {0}};
static const struct plat_arg stats_args[] = {
	{"start", PLAT_TEXT, PLAT_REQUIRED, "from this day: 2026-11-01", NULL, 10, 10},
	{"end", PLAT_TEXT, PLAT_WORD, "up to that day (default today)", NULL, 10, 10},
	{"by", PLAT_TEXT, 0, "added up", "day|week|month", 0, 0},
	LIST("categories", "of these categories: agents are some", 10), {0}};

static const struct plat_verb sg_verbs[] = {
	{"send", "send one mail", PLAT_AGENT | PLAT_EFFECT, "email", send_args,
		sg_send_run, sg_send, sg_resolve},
	{"template", "send one mail made of a template", PLAT_AGENT | PLAT_EFFECT,
		"email", template_args, sg_send_run, sg_send, sg_resolve},
	{"bulk", "send a mail to many, each for himself", PLAT_AGENT | PLAT_EFFECT,
		"email", bulk_args, sg_bulk_run, sg_send, sg_resolve},
	{"status", "what became of a mail", PLAT_AGENT | PLAT_NO_KEY, NULL, status_args,
		sg_status_run, NULL, NULL},
	{"events", "what SendGrid told the gateway", PLAT_NO_KEY, NULL, events_args,
		sg_events_run, NULL, NULL},
	{"suppressions", "who is not delivered to", PLAT_AGENT, NULL, suppressions_args,
		sg_suppressions_run, NULL, NULL},
	{"suppressions.add", "never write to them again", PLAT_AGENT, NULL, suppress_args,
		sg_suppress_run, NULL, NULL},
	{"suppressions.delete", "they may be written to again", 0, NULL, unsuppress_args,
		sg_unsuppress_run, NULL, NULL},
	{"contacts.add", "add or change contacts", PLAT_AGENT, NULL, contacts_add_args,
		sg_contacts_add_run, NULL, NULL},
	{"contacts.search", "find contacts", PLAT_AGENT, NULL, contacts_search_args,
		sg_contacts_search_run, NULL, NULL},
	{"contacts.delete", "delete contacts", 0, NULL, ids_args, sg_contacts_delete_run,
		NULL, NULL},
	{"contacts.import", "how far contacts.add is", PLAT_AGENT, NULL, import_args,
		sg_contacts_import_run, NULL, NULL},
	{"lists", "lists of contacts", PLAT_AGENT, NULL, lists_args, sg_lists_run, NULL,
		NULL},
	{"list.create", "make a list", 0, NULL, create_args, sg_list_run, NULL, NULL},
	{"list.rename", "give it another name", 0, NULL, list_rename_args, sg_list_run,
		NULL, NULL},
	{"list.delete", "delete a list; its contacts stay", 0, NULL, list_args,
		sg_list_run, NULL, NULL},
	{"list.remove", "take contacts off a list", 0, NULL, list_remove_args,
		sg_list_run, NULL, NULL},
	{"fields", "custom fields of contacts", PLAT_AGENT, NULL, NULL, sg_fields_run,
		NULL, NULL},
	{"field.create", "make a custom field", 0, NULL, field_create_args, sg_field_run,
		NULL, NULL},
	{"field.rename", "give it another name", 0, NULL, field_rename_args, sg_field_run,
		NULL, NULL},
	{"field.delete", "delete a custom field", 0, NULL, field_args, sg_field_run, NULL,
		NULL},
	{"templates", "dynamic templates", PLAT_AGENT, NULL, templates_args,
		sg_templates_run, NULL, NULL},
	{"stats", "delivered, opened, bounced... by day", PLAT_AGENT, NULL, stats_args,
		sg_stats_run, NULL, NULL},
	{0}};

static const char *const sg_secrets[] = {"sendgrid_api_key", NULL};

const struct plat_kind plat_sendgrid = {.name = "sendgrid",
	.summary = "SendGrid: mail",
	.secrets = sg_secrets,
	.n_required = 1,
	.verbs = sg_verbs,
	.settings = sg_settings,
	.start = sg_start,
	.stop = sg_stop,
	.poll = sg_poll,
	.restored = sg_restored,
	.show = sg_show,
	.spent = sg_spent};
