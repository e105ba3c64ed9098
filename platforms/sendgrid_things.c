/* SendGrid's contacts, lists, custom fields, templates and figures. Changes of contacts
 * take a while there: what was changed now is found later. */
#include "sendgrid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONTACTS_MAX 30000

static void
show_contacts(void *arg, const struct nv_http_answer *answer)
{
	sg_call_show(arg, answer, "contacts");
}

static void
show_lists(void *arg, const struct nv_http_answer *answer)
{
	sg_call_show(arg, answer, "lists");
}

static void
show_stats(void *arg, const struct nv_http_answer *answer)
{
	sg_call_show(arg, answer, "stats");
}

static void
path_begin(struct nv_buf *path, const char *text)
{
	nv_buf_init(path, (size_t)64 << 10);
	nv_buf_puts(path, text);
}

static void
query_arg(struct nv_buf *path, const struct plat_call *call, const char *arg,
	const char *key)
{
	if (plat_arg_given(call, arg))
		nv_url_query(path, key, plat_arg_str(call, arg));
}

/* a,b,c */
static void
query_list(struct nv_buf *path, const json_t *list, const char *key)
{
	struct nv_buf text;
	size_t i;
	json_t *one;

	nv_buf_init(&text, (size_t)32 << 10);
	json_array_foreach((json_t *)(uintptr_t)list, i, one)
		nv_buf_printf(&text, "%s%s", i ? "," : "", json_string_value(one));
	if (text.error)
		path->error = text.error;
	else if (text.bytes > 0)
		nv_url_query(path, key, text.data);
	nv_buf_fini(&text);
}

/* ---- contacts ---- */

static json_t *
one_contact(struct plat_call *call)
{
	static const char *const names[] = {"first_name", "last_name"};
	json_t *o = json_object();
	json_t *fields = plat_arg_json(call, "fields");

	(void)json_object_set_new(o, "email", json_string(plat_arg_str(call, "email")));
	for (size_t i = 0; i < NV_LEN(names); i++)
		if (plat_arg_given(call, names[i]))
			(void)json_object_set_new(
				o, names[i], json_string(plat_arg_str(call, names[i])));
	if (fields)
		(void)json_object_set(o, "custom_fields", fields);
	return json_pack("[o]", o);
}

/* PUT: who is there already is changed, so a repeat does no harm. */
void
sg_contacts_add_run(struct plat_call *call)
{
	json_t *given = plat_arg_json(call, "contacts"), *one;
	const char *email = plat_arg_str(call, "email");
	json_t *lists = plat_arg_list(call, "lists");
	struct nv_err err = {0};
	struct sg_address a;
	struct nv_buf path;
	size_t i;

	if (!given == !email ||
		(given && (!json_is_array(given) || json_array_size(given) == 0 ||
				  json_array_size(given) > CONTACTS_MAX))) {
		plat_fail(call, NV_EXIT_USAGE,
			"expected either email, or contacts: a list of 1 to %d objects",
			CONTACTS_MAX);
		return;
	}
	json_t *contacts = email ? one_contact(call) : json_incref(given);

	json_array_foreach(contacts, i, one)
	{
		const char *text = map_text(one, "email");

		if (text && (sg_address_parse(text, &a, &err) != 0 || a.name[0])) {
			json_decref(contacts);
			plat_fail(call, NV_EXIT_USAGE, "contact %zu: %s", i + 1,
				err.text[0] ? err.text : "expected a bare address");
			return;
		}
	}
	path_begin(&path, "/v3/marketing/contacts");
	json_t *body = json_pack("{s:o}", "contacts", contacts);

	if (body && lists)
		(void)json_object_set(body, "list_ids", lists);
	sg_call_ask(call, "PUT", &path, body, PLAT_ASK_REPEATABLE, show_contacts);
}

void
sg_contacts_search_run(struct plat_call *call)
{
	json_t *emails = plat_arg_list(call, "emails");
	const char *query = plat_arg_str(call, "query");
	struct nv_buf path;

	if (!emails == !query) {
		plat_fail(call, NV_EXIT_USAGE, "expected either emails or query");
		return;
	}
	path_begin(&path, emails ? "/v3/marketing/contacts/search/emails"
				 : "/v3/marketing/contacts/search");
	sg_call_ask(call, "POST", &path,
		emails ? json_pack("{s:O}", "emails", emails)
		       : json_pack("{s:s}", "query", query),
		PLAT_ASK_REPEATABLE, show_contacts);
}

void
sg_contacts_delete_run(struct plat_call *call)
{
	struct nv_buf path;

	path_begin(&path, "/v3/marketing/contacts");
	query_list(&path, plat_arg_list(call, "ids"), "ids");
	sg_call_ask(call, "DELETE", &path, NULL, PLAT_ASK_REPEATABLE, show_contacts);
}

void
sg_contacts_import_run(struct plat_call *call)
{
	struct nv_buf path;

	path_begin(&path, "/v3/marketing/contacts/imports");
	nv_url_segment(&path, plat_arg_str(call, "job"));
	sg_call_ask(call, "GET", &path, NULL, 0, show_contacts);
}

/* ---- lists and fields ---- */

void
sg_lists_run(struct plat_call *call)
{
	struct nv_buf path;
	char number[24];

	path_begin(&path, "/v3/marketing/lists");
	if (plat_arg_given(call, "list")) {
		nv_url_segment(&path, plat_arg_str(call, "list"));
	} else {
		(void)snprintf(number, sizeof(number), "%lld",
			(long long)plat_arg_int(call, "limit", 100));
		nv_url_query(&path, "page_size", number);
		query_arg(&path, call, "page_token", "page_token");
	}
	sg_call_ask(call, "GET", &path, NULL, 0, show_lists);
}

/* What comes behind the dot of the verb's name. */
static const char *
deed_of(const struct plat_call *call)
{
	return strchr(plat_call_verb(call)->name, '.') + 1;
}

/* list.create, list.rename, list.delete, list.remove */
void
sg_list_run(struct plat_call *call)
{
	const char *deed = deed_of(call);
	struct nv_buf path;

	path_begin(&path, "/v3/marketing/lists");
	if (strcmp(deed, "create") == 0) {
		/* Twice would be refused: a list's name is its own. */
		sg_call_ask(call, "POST", &path,
			json_pack("{s:s}", "name", plat_arg_str(call, "name")), 0,
			show_lists);
		return;
	}
	nv_url_segment(&path, plat_arg_str(call, "list"));
	if (strcmp(deed, "rename") == 0) {
		sg_call_ask(call, "PATCH", &path,
			json_pack("{s:s}", "name", plat_arg_str(call, "name")),
			PLAT_ASK_REPEATABLE, show_lists);
		return;
	}
	if (strcmp(deed, "remove") == 0) {
		nv_buf_puts(&path, "/contacts");
		query_list(&path, plat_arg_list(call, "ids"), "contact_ids");
	}
	sg_call_ask(call, "DELETE", &path, NULL, PLAT_ASK_REPEATABLE | PLAT_ASK_NO_JSON,
		show_lists);
}

static void
show_fields(void *arg, const struct nv_http_answer *answer)
{
	sg_call_show(arg, answer, "fields");
}

void
sg_fields_run(struct plat_call *call)
{
	struct nv_buf path;

	path_begin(&path, "/v3/marketing/field_definitions");
	sg_call_ask(call, "GET", &path, NULL, 0, show_fields);
}

/* field.create, field.rename, field.delete */
void
sg_field_run(struct plat_call *call)
{
	const char *deed = deed_of(call);
	const char *name = plat_arg_str(call, "name");
	struct nv_buf path;

	path_begin(&path, "/v3/marketing/field_definitions");
	if (strcmp(deed, "create") == 0) {
		const char *type = plat_arg_str(call, "type");

		sg_call_ask(call, "POST", &path,
			json_pack("{s:s, s:s}", "name", name, "field_type",
				type ? type : "Text"),
			0, show_fields);
		return;
	}
	nv_url_segment(&path, plat_arg_str(call, "field"));
	if (strcmp(deed, "rename") == 0)
		sg_call_ask(call, "PATCH", &path, json_pack("{s:s}", "name", name),
			PLAT_ASK_REPEATABLE, show_fields);
	else
		sg_call_ask(call, "DELETE", &path, NULL,
			PLAT_ASK_REPEATABLE | PLAT_ASK_NO_JSON, show_fields);
}

/* ---- templates and figures ---- */

static void
show_templates(void *arg, const struct nv_http_answer *answer)
{
	sg_call_show(arg, answer, "templates");
}

void
sg_templates_run(struct plat_call *call)
{
	struct nv_buf path;

	path_begin(&path, "/v3/templates");
	if (plat_arg_given(call, "template")) {
		nv_url_segment(&path, plat_arg_str(call, "template"));
	} else {
		nv_url_query(&path, "generations", "dynamic");
		nv_url_query(&path, "page_size", "200");
		query_arg(&path, call, "page_token", "page_token");
	}
	sg_call_ask(call, "GET", &path, NULL, 0, show_templates);
}

void
sg_stats_run(struct plat_call *call)
{
	json_t *categories = plat_arg_list(call, "categories"), *one;
	struct nv_buf path;
	size_t i;

	path_begin(&path, categories ? "/v3/categories/stats" : "/v3/stats");
	nv_url_query(&path, "start_date", plat_arg_str(call, "start"));
	query_arg(&path, call, "end", "end_date");
	query_arg(&path, call, "by", "aggregated_by");
	json_array_foreach(categories, i, one)
		nv_url_query(&path, "categories", json_string_value(one));
	sg_call_ask(call, "GET", &path, NULL, 0, show_stats);
}
