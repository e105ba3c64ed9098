/* Whom SendGrid does not deliver to: bounces, spam reports, addresses that are none,
 * people who unsubscribed. Read before a bulk, which would pay for them. */
#include "sendgrid.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE      500
#define PAGES_MAX 2000 /* of a list: a million addresses */

/* Blocks are for a while, and SendGrid tries again: they hold nobody back. */
static const char *const LISTS[] = {
	"bounces", "spam_reports", "invalid_emails", "unsubscribes"};

struct reading {
	struct sg *sg;
	size_t list, pages;
	int64_t group;
	json_t *set; /* owned */
	sg_suppressed_fn *fn;
	void *arg;
};

static int ask_page(struct reading *r, struct nv_err *err);

static void
reading_end(struct reading *r, const char *why)
{
	r->fn(r->arg, why ? NULL : r->set, why ? why : "");
	json_decref(r->set);
	free(r);
}

/* {"email": ..} or, of a group, a text. */
static void
take(struct reading *r, const json_t *item, const char *list)
{
	const char *text =
		json_is_string(item) ? json_string_value(item) : map_text(item, "email");
	struct sg_address a;
	char key[SG_EMAIL_BYTES];

	if (!text || sg_address_parse(text, &a, NULL) != 0)
		return; /* nobody could be written to by it */
	sg_address_key(&a, key);
	if (!json_object_get(r->set, key))
		(void)json_object_set_new(r->set, key, json_string(list));
}

static void
page_read(void *arg, const struct nv_http_answer *answer)
{
	struct reading *r = arg;
	char text[SG_TEXT_BYTES];
	bool of_group = r->list == NV_LEN(LISTS);
	struct nv_err err = {0};
	size_t i;
	json_t *item;

	if (sg_meaning(answer, text) != SG_OK || !json_is_array(answer->json)) {
		reading_end(r, text[0] ? text : "SendGrid's list is none");
		return;
	}
	json_array_foreach(answer->json, i, item)
		take(r, item, of_group ? "group" : LISTS[r->list]);
	if (!of_group && json_array_size(answer->json) >= PAGE) {
		r->pages++;
	} else {
		r->list++;
		r->pages = 0;
	}
	if (r->list > NV_LEN(LISTS) || (r->list == NV_LEN(LISTS) && r->group == 0))
		reading_end(r, NULL);
	else if (r->pages >= PAGES_MAX)
		reading_end(r, "SendGrid's list has no end");
	else if (ask_page(r, &err) != 0)
		reading_end(r, err.text);
}

static int
ask_page(struct reading *r, struct nv_err *err)
{
	char path[128];

	if (r->list == NV_LEN(LISTS))
		(void)snprintf(path, sizeof(path), "/v3/asm/groups/%lld/suppressions",
			(long long)r->group);
	else
		(void)snprintf(path, sizeof(path),
			"/v3/suppression/%s?limit=%d&offset=%zu", LISTS[r->list], PAGE,
			r->pages * PAGE);
	return plat_api_get(&r->sg->api, path, page_read, r, err);
}

int
sg_suppressed(
	struct sg *sg, int64_t group, sg_suppressed_fn *fn, void *arg, struct nv_err *err)
{
	struct reading *r = calloc(1, sizeof(*r));

	if (!r)
		return nv_err_set(err, -ENOMEM, "out of memory");
	*r = (struct reading){
		.sg = sg, .group = group, .set = json_object(), .fn = fn, .arg = arg};
	int rc = r->set ? ask_page(r, err) : -ENOMEM;

	if (rc != 0) {
		json_decref(r->set);
		free(r);
	}
	return rc;
}

/* ---- verbs ---- */

static void
shown(void *arg, const struct nv_http_answer *answer)
{
	sg_call_show(arg, answer, "suppressions");
}

void
sg_suppressions_run(struct plat_call *call)
{
	const char *list = plat_arg_str(call, "list");
	const char *email = plat_arg_str(call, "email");
	struct nv_buf path;
	char number[24];

	nv_buf_init(&path, 2048);
	if (plat_arg_given(call, "group")) {
		nv_buf_printf(&path, "/v3/asm/groups/%lld/suppressions",
			(long long)plat_arg_int(call, "group", 0));
	} else {
		nv_buf_printf(&path, "/v3/suppression/%s", list ? list : "bounces");
		if (email)
			nv_url_segment(&path, email);
	}
	if (!email && !plat_arg_given(call, "group")) {
		(void)snprintf(number, sizeof(number), "%lld",
			(long long)plat_arg_int(call, "limit", PAGE));
		nv_url_query(&path, "limit", number);
		(void)snprintf(number, sizeof(number), "%lld",
			(long long)plat_arg_int(call, "offset", 0));
		nv_url_query(&path, "offset", number);
	}
	sg_call_ask(call, "GET", &path, NULL, 0, shown);
}

/* Never write to them again: everything, or what is sent with that group. */
void
sg_suppress_run(struct plat_call *call)
{
	json_t *emails = plat_arg_list(call, "emails"), *text;
	struct nv_buf path;
	struct nv_err err = {0};
	struct sg_address a;
	size_t i;

	json_array_foreach(emails, i,
		text) if (sg_address_parse(json_string_value(text), &a, &err) != 0 ||
			  a.name[0])
	{
		plat_fail(call, NV_EXIT_USAGE, "emails: %s",
			err.text[0] ? err.text : "expected bare addresses");
		return;
	}
	nv_buf_init(&path, 256);
	if (plat_arg_given(call, "group"))
		nv_buf_printf(&path, "/v3/asm/groups/%lld/suppressions",
			(long long)plat_arg_int(call, "group", 0));
	else
		nv_buf_puts(&path, "/v3/asm/suppressions/global");
	sg_call_ask(call, "POST", &path, json_pack("{s:O}", "recipient_emails", emails),
		PLAT_ASK_REPEATABLE, shown);
}

void
sg_unsuppress_run(struct plat_call *call)
{
	const char *list = plat_arg_str(call, "list");
	struct nv_buf path;

	nv_buf_init(&path, 2048);
	if (plat_arg_given(call, "group"))
		nv_buf_printf(&path, "/v3/asm/groups/%lld/suppressions",
			(long long)plat_arg_int(call, "group", 0));
	else if (strcmp(list, "unsubscribes") == 0)
		nv_buf_puts(&path, "/v3/asm/suppressions/global");
	else
		nv_buf_printf(&path, "/v3/suppression/%s", list);
	nv_url_segment(&path, plat_arg_str(call, "email"));
	sg_call_ask(call, "DELETE", &path, NULL, PLAT_ASK_REPEATABLE | PLAT_ASK_NO_JSON,
		shown);
}
