/* The pane below the tree of `novactl top`: decisions, approvals, log, details, why; see
 * top_ui.h. */
#include "top_ui.h"
#include "value.h"

#include "nv_clock.h"
#include "nv_units.h"

#include <stdio.h>
#include <string.h>

static void
put_title(const struct top_ui *ui, struct top_frame *f, unsigned row)
{
	static const char *const titles[] = {
#define X(id, title) [TOP_PANE_##id] = (title),
		TOP_PANES(X)
#undef X
	};
	bool of_worker = ui->pane == TOP_PANE_LOG || ui->pane == TOP_PANE_DETAILS ||
			 ui->pane == TOP_PANE_WHY;
	const char *subject = top_ui_subject(ui);

	top_puts(f, row, TOP_HEAD, titles[ui->pane]);
	if (of_worker && subject[0])
		top_printf(f, row, TOP_HEAD, " of %s", subject);
	else if (of_worker)
		top_puts(f, row, TOP_HEAD, ": choose a worker first");
	if (ui->pane == TOP_PANE_APPROVALS && json_array_size(top_ui_approvals(ui)) > 0)
		top_puts(f, row, TOP_HEAD, "  (y approves, n denies)");
	if (ui->pane == TOP_PANE_LOG && ui->log_back > 0)
		top_printf(f, row, TOP_HEAD, "  (%ld lines back; End follows)",
			ui->log_back);
	if (ui->in_pane)
		top_puts(f, row, TOP_HEAD, f->utf8 ? "  ◂" : "  <");
	top_pad(f, row, TOP_HEAD, f->cols);
}

/* Keep the selected one of n in the list and on the page. */
static void
page(struct top_ui *ui, size_t n)
{
	size_t rows = NV_MAX(ui->pane_rows, (size_t)1);

	ui->pane_row = n ? NV_MIN(ui->pane_row, n - 1) : 0;
	if (ui->pane_row < ui->pane_first)
		ui->pane_first = ui->pane_row;
	if (ui->pane_row >= ui->pane_first + rows)
		ui->pane_first = ui->pane_row - rows + 1;
}

static const char *
clock_of(const json_t *row, const char *key, char buf[CTL_VALUE_BYTES])
{
	const char *when = ctl_when(row, key, buf);

	/* "2026-11-22 14:05:09Z": the date is told by the panes' order. */
	return strlen(when) > 16 ? when + 5 : when;
}

/* ---- decisions, approvals ---- */

static enum top_style
decision_style(const char *state)
{
	if (strcmp(state, "executed") == 0 || strcmp(state, "approved") == 0)
		return TOP_GREEN;
	if (strcmp(state, "failed") == 0 || strcmp(state, "denied") == 0)
		return TOP_RED;
	return TOP_YELLOW;
}

static void
put_decision(const struct top_ui *ui, struct top_frame *f, unsigned row,
	const json_t *decision, bool selected)
{
	const char *at = json_object_get(decision, "at") ? "at" : "proposed_at";
	const char *code = ctl_str(decision, "currency");
	const char *state = ctl_str(decision, "state");
	char when[CTL_VALUE_BYTES];
	char money[CTL_VALUE_BYTES];
	char id[24];

	(void)snprintf(id, sizeof(id), "%lld", (long long)ctl_int(decision, "id"));
#define STYLE(s) (selected ? TOP_SELECTED : (s))
	top_cell(f, row, STYLE(TOP_DIM), 16, false, clock_of(decision, at, when));
	top_cell(f, row, STYLE(TOP_BOLD), 6, true, id);
	top_puts(f, row, STYLE(TOP_PLAIN), " ");
	top_cell(f, row, STYLE(TOP_PLAIN), 12, false, ctl_str(decision, "type"));
	top_cell(f, row, STYLE(TOP_PLAIN), 17, false, ctl_str(decision, "target"));
	top_cell(f, row, STYLE(decision_style(state)), 10, false, state);
	top_cell(f, row, STYLE(TOP_PLAIN), 10, true,
		ctl_money(decision, "cost_impact", code[0] ? code : top_ui_currency(ui),
			money));
	top_puts(f, row, STYLE(TOP_PLAIN), " ");
	top_puts(f, row, STYLE(TOP_PLAIN), ctl_str(decision, "reason"));
	if (selected)
		top_pad(f, row, TOP_SELECTED, f->cols);
#undef STYLE
}

/* Newest first, whatever the order they came in: ids count up. */
static void
put_decisions(struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const json_t *list = json_object_get(top_ui_overview(ui), "decisions");
	size_t n = json_array_size(list);
	bool upwards = n > 1 && ctl_int(json_array_get(list, 0), "id") <
					ctl_int(json_array_get(list, n - 1), "id");

	page(ui, n);
	if (n == 0)
		top_puts(f, row, TOP_DIM,
			list ? "nothing has been decided yet" : "not known now");
	for (size_t i = ui->pane_first; i < n && i < ui->pane_first + ui->pane_rows; i++)
		put_decision(ui, f, row++, json_array_get(list, upwards ? n - 1 - i : i),
			ui->in_pane && i == ui->pane_row);
}

static void
put_approval(const struct top_ui *ui, struct top_frame *f, unsigned row,
	const json_t *approval, bool selected)
{
	const char *code = ctl_str(approval, "currency");
	char money[CTL_VALUE_BYTES];
	char until[CTL_VALUE_BYTES];
	char id[24];

	(void)snprintf(id, sizeof(id), "%lld", (long long)ctl_int(approval, "id"));
#define STYLE(s) (selected ? TOP_SELECTED : (s))
	top_cell(f, row, STYLE(TOP_BOLD), 6, true, id);
	top_puts(f, row, STYLE(TOP_PLAIN), " ");
	top_cell(f, row, STYLE(TOP_YELLOW), 12, false, ctl_str(approval, "type"));
	top_cell(f, row, STYLE(TOP_PLAIN), 17, false, ctl_str(approval, "target"));
	top_cell(f, row, STYLE(TOP_BOLD), 11, true,
		ctl_money(approval, "cost_impact", code[0] ? code : top_ui_currency(ui),
			money));
	top_puts(f, row, STYLE(TOP_PLAIN), "  ");
	top_cell(f, row, STYLE(TOP_DIM), 14, false, ctl_ago(approval, "expires", until));
	top_puts(f, row, STYLE(TOP_PLAIN), ctl_str(approval, "reason"));
	if (selected)
		top_pad(f, row, TOP_SELECTED, f->cols);
#undef STYLE
}

static void
put_approvals(struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const json_t *list = top_ui_approvals(ui);
	size_t n = json_array_size(list);

	page(ui, n);
	if (n == 0)
		top_puts(f, row, TOP_DIM,
			list ? "nothing waits for an answer" : "not known now");
	for (size_t i = ui->pane_first; i < n && i < ui->pane_first + ui->pane_rows; i++)
		put_approval(ui, f, row++, json_array_get(list, i),
			ui->in_pane && i == ui->pane_row);
}

/* ---- about a worker ---- */

static void
put_log(struct top_ui *ui, struct top_frame *f, unsigned row)
{
	size_t held = NV_MIN(ui->n_log, (size_t)TOP_LOG_LINES);
	size_t back = NV_MIN((size_t)ui->log_back, held);
	size_t rows = NV_MIN(ui->pane_rows, held - back);

	if (strcmp(ui->log_of, top_ui_subject(ui)) != 0)
		return; /* it is being read */
	if (held == 0)
		top_puts(f, row, TOP_DIM, ui->log_note);
	for (size_t i = ui->n_log - back - rows; i < ui->n_log - back; i++)
		top_puts(f, row++, TOP_PLAIN, ui->log[i % TOP_LOG_LINES]);
}

static void
put_field(struct top_frame *f, unsigned row, const char *label, const char *text)
{
	top_cell(f, row, TOP_DIM, 12, false, label);
	top_puts(f, row, TOP_PLAIN, text[0] ? text : "-");
}

static const json_t *
metrics_of(const struct top_ui *ui, const char *worker)
{
	const json_t *list = json_object_get(ui->data->said[TOP_SLOT_METRICS], "workers");
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		if (strcmp(ctl_str(row, "worker"), worker) == 0)
			return row;
	}
	return NULL;
}

/* All the money that was ever booked on it. */
static void
put_totals(const struct top_ui *ui, struct top_frame *f, unsigned row, const json_t *m)
{
	const char *code = top_ui_currency(ui);
	char cost[CTL_VALUE_BYTES];
	char revenue[CTL_VALUE_BYTES];
	char profit[CTL_VALUE_BYTES];
	char roi[CTL_VALUE_BYTES];

	top_cell(f, row, TOP_DIM, 12, false, "ever");
	top_printf(f, row, TOP_PLAIN, "cost %s, revenue %s, profit %s, ROI %s",
		ctl_money(m, "cost", code, cost), ctl_money(m, "revenue", code, revenue),
		ctl_money(m, "profit", code, profit), ctl_percent(m, "roi_percent", roi));
}

static void
put_runs(struct top_frame *f, unsigned row, const json_t *m)
{
	char runs[CTL_VALUE_BYTES];
	char failed[CTL_VALUE_BYTES];
	char crashes[CTL_VALUE_BYTES];

	top_cell(f, row, TOP_DIM, 12, false, "runs");
	top_printf(f, row, TOP_PLAIN, "%s, %s failed; %s crashes",
		ctl_count(m, "runs", runs), ctl_count(m, "failed", failed),
		ctl_count(m, "crashes", crashes));
}

static void
put_details(struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const struct top_worker *w = top_model_worker(&ui->model);
	const json_t *said = w ? metrics_of(ui, w->name) : NULL;
	const json_t *m = json_object_get(said, "metrics");
	const json_t *want = json_object_get(said, "desired");
	char buf[CTL_VALUE_BYTES];

	if (!w)
		return;
	unsigned end = row + (unsigned)ui->pane_rows;
	const struct {
		const char *label;
		const char *text;
	} fields[] = {{"note", w->note}, {"status", ctl_str(said, "last_status")},
		{"wanted by", ctl_str(want, "by")}, {"because", ctl_str(want, "reason")},
		{"heartbeat", ctl_ago(said, "last_heartbeat", buf)},
		{"last error", ctl_str(said, "last_error")}};

	put_totals(ui, f, row++, m);
	if (row < end)
		put_runs(f, row++, m);
	for (size_t i = 0; i < NV_LEN(fields) && row < end; i++) {
		/* What has nothing to say takes no line from what has. */
		if (fields[i].text[0])
			put_field(f, row++, fields[i].label, fields[i].text);
	}
}

static void
put_lines(struct top_frame *f, unsigned *row, unsigned end, const json_t *lines)
{
	size_t n = json_array_size(lines);
	size_t room = end > *row ? end - *row : 0;

	for (size_t i = n > room ? n - room : 0; i < n; i++) {
		const json_t *line = json_array_get(lines, i);

		top_puts(f, (*row)++, TOP_PLAIN,
			json_is_string(line) ? json_string_value(line) : "");
	}
}

/* The newest death that the engine tells of. */
static void
put_why(struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const json_t *death = json_array_get(json_object_get(ui->why, "deaths"), 0);
	unsigned end = row + (unsigned)ui->pane_rows;
	char when[CTL_VALUE_BYTES];

	if (strcmp(ui->why_of, top_ui_subject(ui)) != 0)
		return; /* it is being asked for */
	if (!death) {
		top_puts(f, row, TOP_DIM,
			ui->why ? "none of its instances has ended yet" : ui->why_note);
		return;
	}
	top_printf(f, row++, TOP_BOLD, "%s  %s", ctl_when(death, "at", when),
		ctl_str(death, "what"));
	if (row < end && ctl_str(death, "detail")[0])
		put_field(f, row++, "detail", ctl_str(death, "detail"));
	if (row < end)
		put_field(f, row++, "then", ctl_str(death, "did"));
	if (row < end)
		put_field(f, row++, "advice", ctl_str(death, "advice"));
	put_lines(f, &row, end, json_object_get(death, "lines"));
}

void
top_draw_pane(struct top_ui *ui, struct top_frame *f, unsigned row, unsigned rows)
{
	ui->pane_rows = rows > 1 ? rows - 1 : 0;
	if (rows == 0)
		return;
	put_title(ui, f, row++);
	if (rows == 1)
		return;
	switch (ui->pane) {
	case TOP_PANE_DECISIONS:
		put_decisions(ui, f, row);
		break;
	case TOP_PANE_APPROVALS:
		put_approvals(ui, f, row);
		break;
	case TOP_PANE_LOG:
		put_log(ui, f, row);
		break;
	case TOP_PANE_DETAILS:
		put_details(ui, f, row);
		break;
	case TOP_PANE_WHY:
	case TOP_PANE_COUNT:
		put_why(ui, f, row);
		break;
	}
}
