/* pnl, timeline, performers: what was earned, by whom and when. */
#include "engine_client.h"
#include "nv_csv.h"
#include "report.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#define CSV_LINE_MAX ((size_t)65536)

/* ---- what reports share ---- */

json_t *
ctl_report_args(const struct ctl *ctl)
{
	json_t *args = ctl_need(json_object());

	if (ctl->args.n_words > 0)
		ctl_put_text(args, "target", ctl->args.words[0]);
	ctl_put_option(ctl, args, "period");
	ctl_put_option(ctl, args, "from");
	ctl_put_option(ctl, args, "to");
	return args;
}

int
ctl_report_limit(struct ctl *ctl, const char *option, json_t *args)
{
	struct nv_err err = {0};
	int64_t n = 0;

	if (ctl_opt_number(&ctl->args, option, 1, CTL_ROWS_MAX, 0, &n, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	if (n > 0)
		(void)json_object_set_new(args, "limit", ctl_need(json_integer(n)));
	return NV_EXIT_OK;
}

void
ctl_print_period(const struct ctl *ctl, const json_t *data)
{
	const json_t *period = json_object_get(data, "period");
	char from[CTL_VALUE_BYTES];
	char to[CTL_VALUE_BYTES];

	if (!json_is_object(period))
		return;
	(void)ctl_when(period, "to", to);
	if (json_is_null(json_object_get(period, "from")))
		ctl_print(&ctl->out, CTL_DIM, "since the beginning, to %s\n", to);
	else
		ctl_print(&ctl->out, CTL_DIM, "%s to %s\n",
			ctl_when(period, "from", from), to);
}

void
ctl_print_rates(const struct ctl *ctl, const json_t *data)
{
	const char *base = ctl_str(data, "currency");
	const json_t *list = json_object_get(data, "currencies");
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const char *rate = ctl_str(row, "rate");

		if (rate[0] && strcmp(ctl_str(row, "currency"), base) != 0)
			ctl_print(&ctl->out, CTL_DIM, "1 %s = %s %s, today's rate\n",
				ctl_str(row, "currency"), rate, base);
	}
}

void
ctl_print_folded(const struct ctl *ctl, const json_t *data)
{
	if (ctl_int(data, "folded") > 0)
		ctl_print(&ctl->out, CTL_DIM,
			"%lld earlier rows are one, the first: give --limit, or longer "
			"parts with --by\n",
			(long long)ctl_int(data, "folded"));
}

const char *
ctl_head(const char *by, char buf[CTL_VALUE_BYTES])
{
	(void)snprintf(buf, CTL_VALUE_BYTES, "%s", by);
	for (char *c = buf; *c; c++)
		*c = *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c;
	return buf;
}

/* ---- one set of figures ---- */

static const char *const figures[] = {
	"revenue", "refunds", "disputes", "fees", "net_revenue", "cost", "profit"};

static void
print_figures(const struct ctl *ctl, const json_t *f, const char *currency)
{
	char buf[CTL_VALUE_BYTES];

	for (size_t i = 0; i < NV_LEN(figures); i++) {
		if (json_object_get(f, figures[i]))
			ctl_field(&ctl->out,
				strcmp(figures[i], "net_revenue") == 0 ? "net revenue"
								       : figures[i],
				ctl_money(f, figures[i], currency, buf));
	}
	ctl_field(&ctl->out, "ROI",
		json_is_null(json_object_get(f, "roi_percent"))
			? "none: nothing was spent"
			: ctl_percent(f, "roi_percent", buf));
}

void
ctl_print_shares(const struct ctl *ctl, const json_t *data, const char *list,
	const char *what, const char *head)
{
	const struct ctl_column columns[] = {{head, false},
		{what[0] == 'c' ? "COST" : "REVENUE", true}, {"SHARE", true}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *rows = json_object_get(data, list);
	const json_t *omitted = json_object_get(data, "omitted");
	const json_t *total = json_object_get(data, "total");
	const char *currency = ctl_str(data, "currency");
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
	{
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "key"));
		ctl_cell(t, CTL_PLAIN, ctl_money(row, what, currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_percent(row, "share_percent", buf));
	}
	if (omitted) {
		ctl_cellf(t, CTL_DIM, "%lld more", (long long)ctl_int(omitted, "rows"));
		ctl_cell(t, CTL_DIM, ctl_money(omitted, what, currency, buf));
		ctl_cell(t, CTL_PLAIN, NULL);
	}
	if (ctl_table_rows(t) > 0) {
		ctl_cell(t, CTL_BOLD, "total");
		ctl_cell(t, CTL_BOLD,
			json_is_object(total) ? ctl_money(total, what, currency, buf)
					      : ctl_money(data, "total", currency, buf));
		ctl_cell(t, CTL_PLAIN, NULL);
	}
	ctl_table_print(t, &ctl->out, "nothing in this period");
}

/* ---- tables of figures ---- */

static const struct ctl_column no_columns[] = {{"", false}, {"REVENUE", true},
	{"REFUNDS", true}, {"DISPUTES", true}, {"FEES", true}, {"NET", true},
	{"COST", true}, {"PROFIT", true}, {"ROI", true}};

static void
figure_row(struct ctl_table *t, enum ctl_style style, const char *key, const json_t *f,
	const char *currency)
{
	char buf[CTL_VALUE_BYTES];

	ctl_cell(t, style, key);
	for (size_t i = 0; i < NV_LEN(figures); i++)
		ctl_cell(t,
			strcmp(figures[i], "profit") == 0 ? ctl_money_style(f, figures[i])
							  : style,
			ctl_money(f, figures[i], currency, buf));
	ctl_cell(t, style, ctl_percent(f, "roi_percent", buf));
}

void
ctl_print_figures(const struct ctl *ctl, const json_t *data, const char *head)
{
	struct ctl_column columns[NV_LEN(no_columns)];
	const char *currency = ctl_str(data, "currency");
	const json_t *rows = json_object_get(data, "rows");
	const json_t *omitted = json_object_get(data, "omitted");
	char more[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	memcpy(columns, no_columns, sizeof(columns));
	columns[0].head = head;
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	json_array_foreach(rows, i, row)
	{
		figure_row(t, CTL_PLAIN, ctl_str(row, "key"), row, currency);
	}
	if (omitted) {
		(void)snprintf(more, sizeof(more), "%lld more",
			(long long)ctl_int(omitted, "rows"));
		figure_row(t, CTL_DIM, more, omitted, currency);
	}
	if (ctl_table_rows(t) > 0)
		figure_row(
			t, CTL_BOLD, "total", json_object_get(data, "total"), currency);
	ctl_table_print(t, &ctl->out, "nothing in this period");
	ctl_print_folded(ctl, data);
}

static void
csv_row(const struct ctl *ctl, const char *key, const json_t *row, const json_t *data)
{
	const json_t *roi = json_object_get(row, "roi_percent");
	struct nv_buf line;

	nv_buf_init(&line, CSV_LINE_MAX);
	nv_csv_put_text(&line, key);
	nv_buf_printf(&line, ",%s,%s,%s", ctl_str(row, "from"), ctl_str(row, "to"),
		ctl_str(data, "currency"));
	for (size_t f = 0; f < NV_LEN(figures); f++)
		nv_buf_printf(&line, ",%s", ctl_str(row, figures[f]));
	if (json_is_number(roi))
		nv_buf_printf(&line, ",%.1f", json_number_value(roi));
	else
		nv_buf_puts(&line, ",");
	ctl_print(&ctl->out, CTL_PLAIN, "%s\n", line.data ? line.data : "");
	nv_buf_fini(&line);
}

/* RFC 4180. Without rows: the total. */
static void
print_csv(const struct ctl *ctl, const json_t *data)
{
	const json_t *rows = json_object_get(data, "rows");
	const json_t *omitted = json_object_get(data, "omitted");
	size_t i;
	json_t *row;

	ctl_print(&ctl->out, CTL_PLAIN,
		"key,from,to,currency,revenue,refunds,disputes,fees,net_revenue,cost,"
		"profit,roi_percent\n");
	json_array_foreach(rows, i, row)
	{
		csv_row(ctl, ctl_str(row, "key"), row, data);
	}
	if (omitted)
		csv_row(ctl, "(others)", omitted, data);
	if (!rows)
		csv_row(ctl, "total", json_object_get(data, "total"), data);
}

/* ---- the verbs ---- */

static int
show(struct ctl *ctl, const char *verb, json_t *args, bool csv)
{
	json_t *data = NULL;
	char head[CTL_VALUE_BYTES];
	int code = ctl_ask(ctl, verb, args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	if (csv) {
		print_csv(ctl, data);
		json_decref(data);
		return NV_EXIT_OK;
	}
	ctl_print_period(ctl, data);
	if (json_object_get(data, "rows")) {
		ctl_print_figures(ctl, data, ctl_head(ctl_str(data, "by"), head));
	} else {
		print_figures(
			ctl, json_object_get(data, "total"), ctl_str(data, "currency"));
		if (json_array_size(json_object_get(data, "costs")) > 0) {
			ctl_print(&ctl->out, CTL_PLAIN, "\n");
			ctl_print_shares(ctl, data, "costs", "cost", "CATEGORY");
		}
	}
	ctl_print_rates(ctl, data);
	ctl_print_unconverted(&ctl->out, "total", data);
	json_decref(data);
	return NV_EXIT_OK;
}

static int
ask(struct ctl *ctl, const char *verb, bool csv)
{
	json_t *args = ctl_report_args(ctl);
	int code = ctl_report_limit(ctl, "limit", args);

	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	ctl_put_option(ctl, args, "by");
	return show(ctl, verb, args, csv);
}

/* With --csv, where it was given. */
static int
ask_table(struct ctl *ctl, const char *verb)
{
	bool csv = ctl_opt(&ctl->args, "csv") != NULL;

	if (csv && ctl->out.json)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"%s: expected --csv or --json, not both", verb);
	return ask(ctl, verb, csv);
}

int
ctl_verb_pnl(struct ctl *ctl)
{
	return ask_table(ctl, "pnl");
}

int
ctl_verb_roi(struct ctl *ctl)
{
	if (ctl->args.n_words == 0 && !ctl_opt(&ctl->args, "by"))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"roi: expected a worker or a group, or --by");
	if (ctl_opt(&ctl->args, "by"))
		return ask(ctl, "roi", false);
	json_t *data = NULL;
	int code = ctl_ask(ctl, "roi", ctl_report_args(ctl), &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	ctl_print_period(ctl, data);
	ctl_field(&ctl->out, "target", ctl_str(data, "target"));
	print_figures(ctl, data, ctl_str(data, "currency"));
	ctl_print_rates(ctl, data);
	ctl_print_unconverted(&ctl->out, ctl_str(data, "target"), data);
	json_decref(data);
	return NV_EXIT_OK;
}

int
ctl_verb_timeline(struct ctl *ctl)
{
	return ask_table(ctl, "timeline");
}

int
ctl_verb_performers(struct ctl *ctl)
{
	bool bottom = ctl_opt(&ctl->args, "bottom") != NULL;
	json_t *args = ctl_report_args(ctl);
	const char *by = ctl_opt(&ctl->args, "by");
	int code = NV_EXIT_OK;

	if (bottom && ctl_opt(&ctl->args, "top"))
		code = ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"performers: expected --top or --bottom, not both");
	(void)json_object_set_new(args, "limit", ctl_need(json_integer(10)));
	if (code == NV_EXIT_OK)
		code = ctl_report_limit(ctl, bottom ? "bottom" : "top", args);
	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	if (by)
		ctl_put_text(args, "order", by);
	(void)json_object_set_new(args, "bottom", json_boolean(bottom));
	return show(ctl, "performers", args, false);
}
