/* Tables of the old API for spreadsheets: see compat.h. */
#include "compat.h"

#include "nv_csv.h"

#include <string.h>

static void
put_last(struct nv_buf *b, const json_t *o, const char *key)
{
	const char *text = json_string_value(json_object_get(o, key));

	nv_csv_put_text(b, text ? text : "");
}

static void
put_cell(struct nv_buf *b, const json_t *o, const char *key)
{
	put_last(b, o, key);
	nv_buf_puts(b, ",");
}

/* A number, or nothing where there is none. */
static const char *
known(const char *number)
{
	return strcmp(number, "null") == 0 ? "" : number;
}

void
gw_compat_agents_csv(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	char buf[GW_CENTS_BYTES];
	size_t i;
	json_t *row;

	nv_buf_puts(b, "ID,Name,Type,Department,Status,Deployed At,Tokens Used,"
		       "Total Cost,Revenue Generated,ROI %,Last Active\r\n");
	json_array_foreach(json_object_get(facts->data[0], "agents"), i, row)
	{
		const json_t *m = json_object_get(row, "metrics");
		nv_i128 earned = gw_compat_earned(m);
		nv_i128 cost = gw_compat_nano(m, "cost");

		put_cell(b, row, "worker");
		put_cell(b, row, "worker");
		put_cell(b, row, "kind");
		put_cell(b, row, "group");
		put_cell(b, row, "status");
		put_cell(b, json_object_get(row, "desired"), "since");
		nv_buf_printf(b, ",%s", gw_compat_cents(cost, buf));
		nv_buf_printf(b, ",%s", gw_compat_cents(earned, buf));
		nv_buf_printf(
			b, ",%s,", known(gw_compat_percent(earned - cost, cost, buf)));
		put_last(b, row, "last_heartbeat");
		nv_buf_puts(b, "\r\n");
	}
}

void
gw_compat_opportunities_csv(struct nv_buf *b, const struct gw_compat_facts *facts)
{
	char buf[GW_CENTS_BYTES];
	size_t i;
	json_t *row;

	nv_buf_puts(b, "ID,Type,Agent,Status,Created At,Expires At,Cost,Description\r\n");
	json_array_foreach(json_object_get(facts->data[0], "approvals"), i, row)
	{
		if (!gw_compat_is_opportunity(row))
			continue;
		nv_buf_printf(b, "%lld,",
			(long long)json_integer_value(json_object_get(row, "id")));
		put_cell(b, row, "type");
		put_cell(b, row, "worker");
		put_cell(b, row, "state");
		put_cell(b, row, "proposed");
		put_cell(b, row, "expires");
		nv_buf_printf(b, "%s,",
			gw_compat_cents(gw_compat_nano(row, "cost_impact"), buf));
		put_last(b, row, "reason");
		nv_buf_puts(b, "\r\n");
	}
}
