/* Gumroad's sales, shown: the list, one, and what they brought. Figures are made by the
 * same mapping that books, so the two cannot differ. */
#include "gumroad.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REVENUE_PAGES_MAX 5000

/* ---- one ---- */

static void
sale_answer(void *arg, const struct nv_http_answer *answer)
{
	struct plat_call *call = arg;
	char text[GUM_TEXT_BYTES];
	enum gum_meaning meaning = gum_meaning(answer, text);
	json_t *sale = json_object_get(answer->json, "sale");

	if (meaning != GUM_OK)
		gum_call_fail(call, meaning, text);
	else
		plat_done(call, json_pack("{s:O?}", "sale", sale));
}

void
gum_sale_run(struct plat_call *call)
{
	struct nv_buf path;

	nv_buf_init(&path, 1024);
	nv_buf_puts(&path, "/sales");
	nv_url_segment(&path, plat_arg_str(call, "sale"));
	gum_call_ask(call, "GET", &path, NULL, 0, sale_answer);
}

/* ---- lists ---- */

/* YYYY-MM-DD: Gumroad knows whole days only. */
static bool
is_day(const char *text)
{
	static const char shape[] = "dddd-dd-dd";

	for (size_t i = 0; i < sizeof(shape); i++) {
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9'
				    : text[i] != shape[i])
			return false;
	}
	return true;
}

/* False when the call has been ended: a day that is none. */
static bool
sales_path(struct plat_call *call, struct nv_buf *path)
{
	static const char *const days[] = {"after", "before"};

	nv_buf_puts(path, "/sales");
	for (size_t i = 0; i < NV_LEN(days); i++) {
		const char *day = plat_arg_str(call, days[i]);

		if (day && !is_day(day)) {
			plat_fail(call, NV_EXIT_USAGE,
				"%s: expected a day such as 2026-11-01, found %s",
				days[i], day);
			return false;
		}
		if (day)
			nv_url_query(path, days[i], day);
	}
	if (plat_arg_given(call, "product"))
		nv_url_query(path, "product_id", plat_arg_str(call, "product"));
	return true;
}

struct list {
	struct plat_call *call;
	json_t *items; /* owned */
	size_t max;
	const char *name;
	char next[256];
};

static int
list_page(void *arg, struct gum_walk *walk, const json_t *items, const char *page_key)
{
	struct list *list = arg;

	(void)walk;
	if (json_array_extend(list->items, (json_t *)(uintptr_t)items) != 0)
		return 1;
	(void)snprintf(list->next, sizeof(list->next), "%s", page_key ? page_key : "");
	return json_array_size(list->items) >= list->max;
}

static void
list_end(void *arg, enum gum_meaning meaning, const char *text)
{
	struct list *list = arg;

	if (meaning != GUM_OK)
		gum_call_fail(list->call, meaning, text);
	else if (list->next[0])
		plat_done(list->call, json_pack("{s:O, s:s}", list->name, list->items,
					      "next_page_key", list->next));
	else
		plat_done(list->call, json_pack("{s:O}", list->name, list->items));
	json_decref(list->items);
	free(list);
}

/* A list for a call; `path` is ended. */
static void
list_run(struct plat_call *call, struct nv_buf *path, const char *name, int64_t max)
{
	struct list *list = calloc(1, sizeof(*list));
	struct nv_err err = {.text = "out of memory"};
	int rc = -ENOMEM;

	if (list) {
		*list = (struct list){.call = call,
			.items = json_array(),
			.max = (size_t)max,
			.name = name};
		if (list->items && path->error == 0)
			rc = gum_walk(gum_of(call), path->data, name,
				plat_arg_str(call, "page_key"), 100000, list_page,
				list_end, list, &err);
	}
	if (rc != 0) {
		plat_fail(call, NV_EXIT_FAILED, "gumroad: %s", err.text);
		if (list)
			json_decref(list->items);
		free(list);
	}
	nv_buf_fini(path);
}

void
gum_sales_run(struct plat_call *call)
{
	struct nv_buf path;
	char number[24];

	nv_buf_init(&path, 4096);
	if (!sales_path(call, &path)) {
		nv_buf_fini(&path);
		return;
	}
	if (plat_arg_given(call, "email"))
		nv_url_query(&path, "email", plat_arg_str(call, "email"));
	if (plat_arg_given(call, "order")) {
		(void)snprintf(number, sizeof(number), "%lld",
			(long long)plat_arg_int(call, "order", 0));
		nv_url_query(&path, "order_id", number);
	}
	list_run(call, &path, "sales", plat_arg_int(call, "limit", 100));
}

void
gum_subscribers_run(struct plat_call *call)
{
	struct nv_buf path;

	nv_buf_init(&path, 4096);
	nv_buf_puts(&path, "/products");
	nv_url_segment(&path, plat_arg_str(call, "product"));
	nv_buf_puts(&path, "/subscribers?paginated=true");
	if (plat_arg_given(call, "email"))
		nv_url_query(&path, "email", plat_arg_str(call, "email"));
	list_run(call, &path, "subscribers", plat_arg_int(call, "limit", 1000));
}

void
gum_products_run(struct plat_call *call)
{
	struct nv_buf path;

	nv_buf_init(&path, 64);
	nv_buf_puts(&path, "/products");
	list_run(call, &path, "products", 100000);
}

/* ---- what they brought ---- */

struct sums {
	int64_t sales;
	nv_i128 gross, fees, refunds, chargebacks;
};

struct revenue {
	struct plat_call *call;
	const char *by;
	struct sums total;
	json_t *rows;     /* owned: key -> index */
	struct sums *row; /* owned */
	size_t n_rows;
	int64_t unclear;
	int rc;
};

static void
sums_add(struct sums *s, const struct map_gumroad *m)
{
	s->sales++;
	s->gross += m->gross;
	s->fees += m->fee;
	s->refunds += m->refunded;
	s->chargebacks += m->disputed;
}

static struct sums *
row_of(struct revenue *r, const char *key)
{
	const json_t *known = json_object_get(r->rows, key);

	if (known)
		return &r->row[json_integer_value(known)];
	struct sums *more = reallocarray(r->row, r->n_rows + 1, sizeof(*more));

	if (!more)
		return NULL;
	r->row = more;
	r->row[r->n_rows] = (struct sums){0};
	if (json_object_set_new(r->rows, key, json_integer((json_int_t)r->n_rows)) != 0)
		return NULL;
	return &r->row[r->n_rows++];
}

/* The row this sale belongs to; NULL: none is asked for. */
static int
row_for(struct revenue *r, const json_t *sale, const char *agent, struct sums **ret)
{
	char day[GUM_DAY_BYTES];
	const char *key = NULL;

	*ret = NULL;
	if (!r->by)
		return 0;
	if (strcmp(r->by, "product") == 0) {
		key = map_text(sale, "product_id");
	} else if (strcmp(r->by, "agent") == 0) {
		key = agent;
	} else if (map_text(sale, "created_at")) {
		(void)snprintf(day, sizeof(day), "%s", map_text(sale, "created_at"));
		key = day;
	}
	*ret = row_of(r, key ? key : "");
	return *ret ? 0 : -ENOMEM;
}

static int
count_sale(struct revenue *r, const json_t *sale)
{
	struct gum *g = gum_of(r->call);
	const char *id = map_text(sale, "id");
	json_t *record = gum_record(g, id ? id : "");
	struct map_gumroad_known known = {.agent = gum_agent(g, record, NULL, sale),
		.full = map_text(record, "full")};
	struct map_gumroad m = {0};
	struct sums *row = NULL;
	int rc = map_gumroad_sale(sale, &known, &m, NULL);

	if (rc == -EINVAL) {
		r->unclear++;
		rc = 0;
	} else if (rc == 0 && json_array_size(m.lines) > 0) {
		r->unclear += m.note != NULL;
		rc = row_for(r, sale, known.agent, &row);
		sums_add(&r->total, &m);
		if (row)
			sums_add(row, &m);
	}
	map_gumroad_fini(&m);
	json_decref(record);
	return rc;
}

static int
revenue_page(void *arg, struct gum_walk *walk, const json_t *items, const char *page_key)
{
	struct revenue *r = arg;
	size_t i;
	json_t *sale;

	(void)walk;
	(void)page_key;
	json_array_foreach(items, i, sale) if (r->rc == 0) r->rc = count_sale(r, sale);
	return r->rc != 0;
}

static json_t *
sums_json(const struct sums *s, const char *key)
{
	json_t *o = json_pack("{s:I, s:o, s:o, s:o, s:o, s:o, s:s}", "sales",
		(json_int_t)s->sales, "gross", nv_json_money(s->gross), "fees",
		nv_json_money(s->fees), "refunds", nv_json_money(s->refunds),
		"chargebacks", nv_json_money(s->chargebacks), "net",
		nv_json_money(s->gross - s->fees - s->refunds - s->chargebacks),
		"currency", "USD");

	if (o && key)
		(void)json_object_set_new(o, "key", json_string(key));
	return o;
}

static void
revenue_end(void *arg, enum gum_meaning meaning, const char *text)
{
	struct revenue *r = arg;

	if (meaning != GUM_OK) {
		gum_call_fail(r->call, meaning, text);
	} else if (r->rc != 0) {
		plat_fail(r->call, NV_EXIT_FAILED, "gumroad: %s", strerror(-r->rc));
	} else {
		json_t *rows = json_array();
		const char *key;
		json_t *index;

		json_object_foreach(r->rows, key, index)(void) json_array_append_new(
			rows, sums_json(&r->row[json_integer_value(index)], key));
		plat_done(r->call,
			json_pack("{s:o, s:o, s:I}", "total", sums_json(&r->total, NULL),
				"rows", rows, "unclear", (json_int_t)r->unclear));
	}
	json_decref(r->rows);
	free(r->row);
	free(r);
}

void
gum_revenue_run(struct plat_call *call)
{
	struct revenue *r = calloc(1, sizeof(*r));
	struct nv_err err = {.text = "out of memory"};
	struct nv_buf path;
	int rc = -ENOMEM;

	nv_buf_init(&path, 4096);
	if (!sales_path(call, &path)) {
		free(r);
		nv_buf_fini(&path);
		return;
	}
	if (r) {
		*r = (struct revenue){.call = call,
			.by = plat_arg_str(call, "by"),
			.rows = json_object()};
		if (r->rows && path.error == 0)
			rc = gum_walk(gum_of(call), path.data, "sales", NULL,
				REVENUE_PAGES_MAX, revenue_page, revenue_end, r, &err);
	}
	nv_buf_fini(&path);
	if (rc != 0) {
		plat_fail(call, NV_EXIT_FAILED, "gumroad: %s", err.text);
		if (r)
			json_decref(r->rows);
		free(r);
	}
}
