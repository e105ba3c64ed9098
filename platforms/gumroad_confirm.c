/* A ping says that something happened to a sale; anybody who knows the address can say
 * so. So the sale is asked for, and a sale that is seen for the first time has to stand
 * in the list of sales as well: GET /sales/:id also answers tests and payments that
 * failed, and does not say what it is. */
#include "gumroad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct confirm {
	struct plat_call *call;
	json_t *sale; /* owned */
	char id[GUM_ID_BYTES];
};

static void
confirm_end(struct confirm *c, enum gum_meaning meaning, const char *text)
{
	if (meaning != GUM_OK)
		gum_call_fail(c->call, meaning, text);
	json_decref(c->sale);
	free(c);
}

static void
confirm_booked(void *arg, int rc, const char *why)
{
	struct confirm *c = arg;

	if (rc != 0) {
		confirm_end(c, rc == -EINVAL ? GUM_NO : GUM_FAILED, why);
		return;
	}
	json_t *record = gum_record(gum_of(c->call), c->id);

	plat_done(c->call, json_pack("{s:s, s:s*}", "sale", c->id, "agent",
				   map_text(record, "agent")));
	json_decref(record);
	confirm_end(c, GUM_OK, "");
}

static void
confirm_book(struct confirm *c)
{
	gum_book(gum_of(c->call), c->sale, plat_arg_str(c->call, "agent"), true,
		confirm_booked, c);
}

static void
confirm_listed(void *arg, const struct nv_http_answer *answer)
{
	struct confirm *c = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);
	json_t *list = json_object_get(answer->json, "sales");
	size_t i;
	json_t *sale;

	json_array_foreach(list, i, sale)
	{
		const char *id = map_text(sale, "id");

		if (meaning == GUM_OK && id && strcmp(id, c->id) == 0) {
			confirm_book(c);
			return;
		}
	}
	if (meaning == GUM_OK) {
		meaning = GUM_NO;
		(void)snprintf(text, sizeof(text),
			"Gumroad does not count %s among the sales: a test, or not paid",
			c->id);
	}
	confirm_end(c, meaning, text);
}

/* Known sales need no second look. */
static bool
was_booked(struct confirm *c)
{
	json_t *record = gum_record(gum_of(c->call), c->id);
	bool known = map_text(record, "hash") != NULL;

	json_decref(record);
	return known;
}

static void
confirm_answer(void *arg, const struct nv_http_answer *answer)
{
	struct confirm *c = arg;
	char text[GUM_TEXT_BYTES], number[24];
	enum gum_meaning meaning = gum_meaning(answer, text);
	const json_t *sale = json_object_get(answer->json, "sale");
	const char *id = map_text(sale, "id");
	struct nv_err err = {0};
	struct nv_buf path;
	int64_t order;

	if (meaning == GUM_OK && (!id || strcmp(id, c->id) != 0)) {
		meaning = GUM_FAILED;
		(void)snprintf(text, sizeof(text), "Gumroad answered with another sale");
	}
	if (meaning != GUM_OK) {
		confirm_end(c, meaning, text);
		return;
	}
	c->sale = json_incref((json_t *)(uintptr_t)sale);
	if (was_booked(c)) {
		confirm_book(c);
		return;
	}
	if (!map_int(sale, "order_id", &order)) {
		confirm_end(c, GUM_NO, "the sale has no order number to look it up by");
		return;
	}
	(void)snprintf(number, sizeof(number), "%lld", (long long)order);
	nv_buf_init(&path, 128);
	nv_buf_puts(&path, "/sales");
	nv_url_query(&path, "order_id", number);
	if (plat_api_get(&gum_of(c->call)->api, path.data, confirm_listed, c, &err) != 0)
		confirm_end(c, GUM_FAILED, err.text);
	nv_buf_fini(&path);
}

void
gum_confirm_run(struct plat_call *call)
{
	struct confirm *c = calloc(1, sizeof(*c));
	struct nv_err err = {.text = "out of memory"};
	struct nv_buf path;

	if (!c) {
		plat_fail(call, NV_EXIT_FAILED, "gumroad: out of memory");
		return;
	}
	c->call = call;
	(void)snprintf(c->id, sizeof(c->id), "%s", plat_arg_str(call, "sale"));
	nv_buf_init(&path, 1024);
	nv_buf_puts(&path, "/sales");
	nv_url_segment(&path, c->id);
	int rc = path.error ? path.error
			    : plat_api_get(&gum_of(call)->api, path.data, confirm_answer,
				      c, &err);

	nv_buf_fini(&path);
	if (rc != 0)
		confirm_end(c, rc == -EINVAL ? GUM_NO : GUM_FAILED,
			rc == -EINVAL ? "that is no id of a sale" : err.text);
}
