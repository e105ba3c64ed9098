/* cashflow, cohorts, reinvest, quality: where the money is and what is left of it. */
#include "engine_client.h"
#include "report.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

/* The answer of a verb, printed as JSON or by `print`. args is stolen. */
typedef void print_fn(struct ctl *ctl, const json_t *data);

static int
show(struct ctl *ctl, const char *verb, json_t *args, print_fn *print)
{
	json_t *data = NULL;
	int code = ctl_ask(ctl, verb, args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	print(ctl, data);
	json_decref(data);
	return NV_EXIT_OK;
}

/* --older 30d as whole days. */
static int
put_older(struct ctl *ctl, json_t *args)
{
	const char *text = ctl_opt(&ctl->args, "older");
	struct nv_err err = {0};
	const int64_t day_ms = INT64_C(86400000);
	int64_t ms = 0;

	if (!text)
		return NV_EXIT_OK;
	if (nv_duration_parse(text, &ms, &err) < 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "--older: %s", err.text);
	if (ms < day_ms || ms % day_ms != 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"--older: expected whole days such as 30d, found \"%s\"", text);
	(void)json_object_set_new(args, "older", ctl_need(json_integer(ms / day_ms)));
	return NV_EXIT_OK;
}

/* ---- cashflow ---- */

static void
flow_row(struct ctl_table *t, enum ctl_style style, const char *key, const json_t *flow,
	const char *currency)
{
	static const char *const keys[] = {
		"in", "cost", "refunds", "disputes", "fees", "out", "net", "payouts"};
	char buf[CTL_VALUE_BYTES];

	ctl_cell(t, style, key);
	for (size_t i = 0; i < NV_LEN(keys); i++)
		ctl_cell(t,
			strcmp(keys[i], "net") == 0 ? ctl_money_style(flow, keys[i])
						    : style,
			ctl_money(flow, keys[i], currency, buf));
}

static void
print_flows(const struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"PERIOD", false}, {"IN", true},
		{"COST", true}, {"REFUNDS", true}, {"DISPUTES", true}, {"FEES", true},
		{"OUT", true}, {"NET", true}, {"TO BANK", true}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const char *currency = ctl_str(data, "currency");
	const json_t *rows = json_object_get(data, "rows");
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		if (ctl_str(row, "key")[0])
			flow_row(t, CTL_PLAIN, ctl_str(row, "key"), row, currency);
	}
	flow_row(t, CTL_BOLD, "total", json_object_get(data, "total"), currency);
	ctl_table_print(t, &ctl->out, "nothing in this period");
	ctl_print_folded(ctl, data);
}

static void
print_positions(const struct ctl *ctl, const json_t *list, const char *currency)
{
	static const struct ctl_column columns[] = {{"POSITION", false},
		{"OPENING", true}, {"CHANGE", true}, {"CLOSING", true}};
	static const char *const keys[] = {"opening", "change", "closing"};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "class"));
		for (size_t k = 0; k < NV_LEN(keys); k++)
			ctl_cell(t, CTL_PLAIN, ctl_money(row, keys[k], currency, buf));
	}
	ctl_table_print(t, &ctl->out, "");
}

static void
print_cashflow(struct ctl *ctl, const json_t *data)
{
	const char *currency = ctl_str(data, "currency");
	const json_t *own = json_object_get(data, "positions_by_currency");
	const json_t *uncleared = json_object_get(data, "uncleared");
	char a[CTL_VALUE_BYTES];
	char b[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	ctl_print_period(ctl, data);
	print_flows(ctl, data);
	ctl_print(&ctl->out, CTL_PLAIN, "\n");
	print_positions(ctl, json_object_get(data, "positions"), currency);
	json_array_foreach(own, i, row)
	{
		if (strcmp(ctl_str(row, "currency"), currency) == 0)
			continue;
		ctl_print(
			&ctl->out, CTL_DIM, "\nof which %s\n", ctl_str(row, "currency"));
		print_positions(
			ctl, json_object_get(row, "positions"), ctl_str(row, "currency"));
	}
	ctl_print(&ctl->out, CTL_PLAIN,
		"\nuncleared for more than %lld days: %s at platforms, %s in "
		"disputes\n",
		(long long)ctl_int(uncleared, "older_than_days"),
		ctl_money(uncleared, "platform", currency, a),
		ctl_money(uncleared, "disputed", currency, b));
	ctl_print_rates(ctl, data);
	ctl_print_unconverted(&ctl->out, "total", data);
}

int
ctl_verb_cashflow(struct ctl *ctl)
{
	json_t *args = ctl_report_args(ctl);
	int code = ctl_report_limit(ctl, "limit", args);

	if (code == NV_EXIT_OK)
		code = put_older(ctl, args);
	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	ctl_put_option(ctl, args, "by");
	return show(ctl, "cashflow", args, print_cashflow);
}

/* ---- cohorts ---- */

static void
cohort_row(struct ctl_table *t, enum ctl_style style, const char *key, const json_t *row,
	const char *currency)
{
	static const char *const keys[] = {
		"revenue", "refunds", "disputes", "fees", "net_revenue"};
	char buf[CTL_VALUE_BYTES];

	ctl_cell(t, style, key);
	for (size_t i = 0; i < NV_LEN(keys); i++)
		ctl_cell(t, style, ctl_money(row, keys[i], currency, buf));
	ctl_cell(t, style, ctl_percent(row, "taken_back_percent", buf));
}

static void
print_cohorts(struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"SOLD IN", false}, {"SALES", true},
		{"REFUNDED", true}, {"DISPUTED", true}, {"FEES", true}, {"LEFT", true},
		{"TAKEN BACK", true}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const char *currency = ctl_str(data, "currency");
	const json_t *rest = json_object_get(data, "without_sale");
	const json_t *rows = json_object_get(data, "rows");
	char a[CTL_VALUE_BYTES];
	char b[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	ctl_print_period(ctl, data);
	json_array_foreach(rows, i, row)
	{
		cohort_row(t, CTL_PLAIN, ctl_str(row, "key"), row, currency);
	}
	cohort_row(t, CTL_BOLD, "total", json_object_get(data, "total"), currency);
	ctl_table_print(t, &ctl->out, "nothing in this period");
	ctl_print_folded(ctl, data);
	ctl_print(&ctl->out, CTL_PLAIN,
		"of no sale of this time: refunds of %s, disputes of %s\n",
		ctl_money(rest, "refunds", currency, a),
		ctl_money(rest, "disputes", currency, b));
	ctl_print_rates(ctl, data);
	ctl_print_unconverted(&ctl->out, "total", data);
}

int
ctl_verb_cohorts(struct ctl *ctl)
{
	json_t *args = ctl_report_args(ctl);
	int code = ctl_report_limit(ctl, "limit", args);

	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	ctl_put_option(ctl, args, "by");
	return show(ctl, "cohorts", args, print_cohorts);
}

/* ---- reinvest ---- */

static void
print_reinvest(struct ctl *ctl, const json_t *data)
{
	const json_t *settled = json_object_get(data, "settled");
	const char *currency = ctl_str(data, "currency");
	char label[CTL_VALUE_BYTES];
	char share[CTL_VALUE_BYTES];
	char buf[CTL_VALUE_BYTES];

	if (json_is_null(json_object_get(settled, "from")))
		ctl_print(&ctl->out, CTL_DIM, "sales until %s, older than %s\n",
			ctl_when(settled, "to", buf), ctl_str(data, "after"));
	else
		ctl_print(&ctl->out, CTL_DIM, "sales from %s to %s, older than %s\n",
			ctl_when(settled, "from", label), ctl_when(settled, "to", buf),
			ctl_str(data, "after"));
	ctl_field(&ctl->out, "sales", ctl_money(settled, "revenue", currency, buf));
	ctl_field(&ctl->out, "- refunded since",
		ctl_money(settled, "refunds", currency, buf));
	ctl_field(&ctl->out, "- disputed since",
		ctl_money(settled, "disputes", currency, buf));
	ctl_field(&ctl->out, "- fees", ctl_money(settled, "fees", currency, buf));
	ctl_field(&ctl->out, "- costs", ctl_money(settled, "cost", currency, buf));
	ctl_field(&ctl->out, "- of no such sale",
		ctl_money(data, "taken_back_without_sale", currency, buf));
	ctl_field(&ctl->out, "settled profit",
		ctl_money(data, "settled_profit", currency, buf));
	(void)snprintf(label, sizeof(label), "%s of it",
		ctl_percent(data, "share_percent", share));
	ctl_field(&ctl->out, label, ctl_money(data, "share", currency, buf));
	ctl_field(&ctl->out, "- granted", ctl_money(data, "granted", currency, buf));
	ctl_field(&ctl->out, "to reinvest", ctl_money(data, "reinvest", currency, buf));
	ctl_print_rates(ctl, data);
	ctl_print_unconverted(&ctl->out, "total", data);
}

int
ctl_verb_reinvest(struct ctl *ctl)
{
	json_t *args = ctl_report_args(ctl);

	ctl_put_option(ctl, args, "after");
	return show(ctl, "reinvest", args, print_reinvest);
}

/* ---- quality ---- */

static void
print_quality(struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"WORKER", false}, {"EVENTS", true},
		{"QUARANTINED", true}, {"UNMATCHED", true}, {"UNCLEARED", true}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *list = json_object_get(data, "workers");
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "events", buf));
		ctl_cell(t, ctl_int(row, "quarantined") > 0 ? CTL_YELLOW : CTL_PLAIN,
			ctl_count(row, "quarantined", buf));
		ctl_cell(t, ctl_int(row, "unmatched") > 0 ? CTL_YELLOW : CTL_PLAIN,
			ctl_count(row, "unmatched", buf));
		ctl_cell(t, CTL_PLAIN,
			ctl_money(row, "uncleared", ctl_str(data, "currency"), buf));
	}
	if (ctl_table_rows(t) > 0) {
		ctl_cell(t, CTL_BOLD, "ledger");
		ctl_cell(t, CTL_BOLD, ctl_count(data, "events", buf));
		ctl_cell(t, CTL_BOLD, ctl_count(data, "quarantined", buf));
		ctl_cell(t, CTL_BOLD, ctl_count(data, "unmatched", buf));
		ctl_cell(t, CTL_BOLD, NULL);
	}
	ctl_table_print(t, &ctl->out, "no worker has said anything yet");
	ctl_print(&ctl->out, CTL_DIM,
		"quarantined: lines that were refused; unmatched: refunds and disputes "
		"of a sale nobody knows; uncleared: disputes open for more than %lld "
		"days\n",
		(long long)ctl_int(data, "older_than_days"));
}

int
ctl_verb_quality(struct ctl *ctl)
{
	json_t *args = ctl_need(json_object());
	int code = put_older(ctl, args);

	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	return show(ctl, "quality", args, print_quality);
}
