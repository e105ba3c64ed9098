/* Shapes of the old API that are about money: see compat.h. */
#include "compat.h"

#include <stdlib.h>
#include <string.h>

#define TREND_DAYS 31
#define TOP_MAX    5

void
gw_compat_summary(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	const json_t *total = json_object_get(facts->data[0], "total");
	nv_i128 earned = gw_compat_nano(total, "net_revenue");
	nv_i128 cost = gw_compat_nano(total, "cost");
	char buf[GW_CENTS_BYTES];

	nv_buf_printf(b, "{\"total_revenue\":%s", gw_compat_cents(earned, buf));
	nv_buf_printf(b, ",\"total_costs\":%s", gw_compat_cents(cost, buf));
	nv_buf_printf(b, ",\"total_profit\":%s", gw_compat_cents(earned - cost, buf));
	nv_buf_printf(
		b, ",\"total_roi\":%s", gw_compat_percent(earned - cost, cost, buf));
	nv_buf_printf(b, ",\"timestamp\":\"%s\"}", facts->timestamp);
}

static void
put_days(struct nv_buf *b, const json_t *rows, const char *figure)
{
	size_t n = json_array_size(rows);
	size_t first = n > TREND_DAYS ? n - TREND_DAYS : 0;
	char buf[GW_CENTS_BYTES];

	for (size_t i = first; i < n; i++) {
		const json_t *row = json_array_get(rows, i);

		nv_buf_puts(b, i > first ? ",{" : "{");
		gw_compat_put(b, "date", row, "key");
		nv_buf_printf(b, ",\"amount\":%s}",
			gw_compat_cents(gw_compat_nano(row, figure), buf));
	}
}

/* The last days with today's, also those without anything. */
void
gw_compat_trends(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	const json_t *rows = json_object_get(facts->data[0], "rows");

	nv_buf_puts(b, "{\"revenue\":[");
	put_days(b, rows, "net_revenue");
	nv_buf_puts(b, "],\"costs\":[");
	put_days(b, rows, "cost");
	nv_buf_printf(b, "],\"timestamp\":\"%s\"}", facts->timestamp);
}

/* ---- sorted ---- */

struct item {
	const json_t *row;
	bool free_of_cost; /* they have no ROI and come first */
	nv_i128 key;       /* larger ones first */
};

static int
by_key(const void *left, const void *right)
{
	const struct item *x = left;
	const struct item *y = right;

	if (x->free_of_cost != y->free_of_cost)
		return x->free_of_cost ? -1 : 1;
	return x->key > y->key ? -1 : x->key < y->key ? 1 : 0;
}

static struct item *
items_of(const json_t *rows, size_t *ret_n)
{
	size_t n = json_array_size(rows);
	struct item *items = calloc(n + 1, sizeof(*items));

	for (size_t i = 0; items && i < n; i++)
		items[i].row = json_array_get(rows, i);
	*ret_n = items ? n : 0;
	return items;
}

void
gw_compat_departments(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	size_t n;
	struct item *items = items_of(json_object_get(facts->data[0], "rows"), &n);
	char buf[GW_CENTS_BYTES];

	for (size_t i = 0; i < n; i++) {
		nv_i128 earned = gw_compat_nano(items[i].row, "net_revenue");
		int64_t ppm = 0;

		items[i].free_of_cost =
			!nv_roi_ppm(earned, gw_compat_nano(items[i].row, "cost"), &ppm);
		items[i].key = items[i].free_of_cost ? earned : ppm;
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), by_key);
	nv_buf_puts(b, "{\"departments\":[");
	for (size_t i = 0; i < n; i++) {
		nv_i128 earned = gw_compat_nano(items[i].row, "net_revenue");
		nv_i128 cost = gw_compat_nano(items[i].row, "cost");

		nv_buf_puts(b, i ? ",{" : "{");
		gw_compat_put(b, "department", items[i].row, "key");
		nv_buf_printf(b, ",\"revenue\":%s", gw_compat_cents(earned, buf));
		nv_buf_printf(b, ",\"cost\":%s", gw_compat_cents(cost, buf));
		nv_buf_printf(b, ",\"profit\":%s", gw_compat_cents(earned - cost, buf));
		nv_buf_printf(
			b, ",\"roi\":%s}", gw_compat_percent(earned - cost, cost, buf));
	}
	nv_buf_printf(b, "],\"timestamp\":\"%s\"}", facts->timestamp);
	free(items);
}

static void
put_top(struct nv_buf *b, struct item *items, size_t n, bool by_cost)
{
	static const char *const fields[][2] = {
		{"id", "worker"}, {"name", "worker"}, {"department", "group"}, {NULL}};
	char buf[GW_CENTS_BYTES];

	for (size_t i = 0; i < n; i++) {
		const json_t *m = json_object_get(items[i].row, "metrics");

		items[i].key = by_cost ? gw_compat_nano(m, "cost") : gw_compat_earned(m);
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), by_key);
	for (size_t i = 0; i < n && i < TOP_MAX; i++) {
		const json_t *row = items[i].row;
		const json_t *m = json_object_get(row, "metrics");
		nv_i128 earned = gw_compat_earned(m);
		nv_i128 cost = gw_compat_nano(m, "cost");

		nv_buf_puts(b, i ? ",{" : "{");
		gw_compat_put_all(b, row, fields);
		nv_buf_printf(
			b, ",\"revenue_generated\":%s", gw_compat_cents(earned, buf));
		nv_buf_printf(b, ",\"total_cost\":%s", gw_compat_cents(cost, buf));
		nv_buf_printf(
			b, ",\"roi\":%s}", gw_compat_percent(earned - cost, cost, buf));
	}
}

void
gw_compat_top(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	size_t n;
	struct item *items = items_of(json_object_get(facts->data[0], "agents"), &n);

	nv_buf_puts(b, "{\"top_revenue\":[");
	put_top(b, items, n, false);
	nv_buf_puts(b, "],\"most_expensive\":[");
	put_top(b, items, n, true);
	nv_buf_printf(b, "],\"timestamp\":\"%s\"}", facts->timestamp);
	free(items);
}
