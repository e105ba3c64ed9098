/* The screen of `novactl top`: header, bottom line, help; see top_ui.h. */
#include "top_ui.h"
#include "value.h"

#include "nv_clock.h"
#include "nv_units.h"

#include <stdio.h>
#include <string.h>

#define SMALL_ROWS 16 /* fewer: no room for money and budget above the tree */
#define PANE_ROWS  18 /* fewer: no pane unless it was entered */
#define ASK_BYTES  (TOP_QUESTION_BYTES + 8)

/* "today $1.23" of an object of figures; left out where it would not leave `keep`
 * columns. */
static void
put_profit(const struct top_ui *ui, struct top_frame *f, unsigned row, const char *key,
	const char *label, size_t keep)
{
	const json_t *money = json_object_get(top_ui_overview(ui), "money");
	const json_t *figures = json_object_get(money, key);
	const char *text = ctl_str(figures, "profit");
	char buf[CTL_VALUE_BYTES];
	nv_i128 nano = 0;
	enum top_style style = TOP_PLAIN;

	const char *shown = ctl_money(figures, "profit", top_ui_currency(ui), buf);

	if (keep > 0 &&
		f->lines[row].width + strlen(label) + strlen(shown) + 3 + keep > f->cols)
		return;
	if (nv_sum_parse(text, &nano) && nano != 0)
		style = nano > 0 ? TOP_GREEN : TOP_RED;
	top_printf(f, row, TOP_DIM, "  %s ", label);
	top_puts(f, row, style, shown);
}

/* "  2 to approve (a)", or nothing. */
static size_t
waiting_text(const struct top_ui *ui, char *text, size_t text_bytes)
{
	size_t n = json_array_size(top_ui_approvals(ui));

	text[0] = '\0';
	if (n > 0)
		(void)snprintf(text, text_bytes, "  %zu to approve (a)", n);
	return strlen(text);
}

/* Profit, autonomy, and what waits for an answer. What asks for something is never the
 * part that has no room: the longest window of profit goes first, then the name of the
 * policy. */
static void
put_profits(const struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const json_t *a = json_object_get(top_ui_overview(ui), "autonomy");
	static const char label[] = "  Autonomy ";
	char waiting[64];
	size_t keep = waiting_text(ui, waiting, sizeof(waiting));

	top_puts(f, row, TOP_BOLD, "Profit");
	put_profit(ui, f, row, "today", "today", 0);
	put_profit(ui, f, row, "week", "7d", keep);
	put_profit(ui, f, row, "month", "30d", keep + strlen(label) + strlen("off"));
	if (f->lines[row].width + strlen(label) + strlen("off") + keep <= f->cols) {
		const char *policy = ctl_str(a, "policy");
		size_t wide = f->lines[row].width + strlen(label) + strlen("on ()") +
			      strlen(policy) + keep;

		top_puts(f, row, TOP_DIM, label);
		if (!json_is_object(a))
			top_puts(f, row, TOP_PLAIN, "-");
		else if (!ctl_true(a, "enabled"))
			top_puts(f, row, TOP_YELLOW, "off");
		else if (wide > f->cols)
			top_puts(f, row, TOP_GREEN, "on");
		else
			top_printf(f, row, TOP_GREEN, "on (%s)", policy);
	}
	top_puts(f, row, TOP_YELLOW, waiting);
}

/* Columns of a bar of `width` that an amount takes of the whole; what is something shows.
 */
static unsigned
share(nv_i128 part, nv_i128 whole, unsigned width)
{
	if (part <= 0 || whole <= 0)
		return 0;
	if (part >= whole)
		return width;
	return (unsigned)NV_MAX((nv_i128)1, part * width / whole);
}

static void
put_bar(struct top_frame *f, unsigned row, nv_i128 spent, nv_i128 reserved, nv_i128 daily,
	unsigned width)
{
	unsigned used = share(spent, daily, width);
	unsigned held = NV_MIN(share(reserved, daily, width), width - used);
	enum top_style style = used * 10 >= width * 8 ? TOP_RED : TOP_GREEN;

	top_puts(f, row, TOP_PLAIN, "[");
	for (unsigned i = 0; i < used; i++)
		top_puts(f, row, style, f->utf8 ? "█" : "#");
	for (unsigned i = 0; i < held; i++)
		top_puts(f, row, TOP_YELLOW, f->utf8 ? "▒" : ":");
	for (unsigned i = used + held; i < width; i++)
		top_puts(f, row, TOP_DIM, f->utf8 ? "░" : ".");
	top_puts(f, row, TOP_PLAIN, "] ");
}

/* How long until that time, in whole minutes; false: none is said, or it has passed. */
static bool
until(const struct top_ui *ui, const char *at, char span[NV_UNITS_BYTES])
{
	int64_t ns = 0;

	if (!at[0] || nv_rfc3339_parse(at, strlen(at), &ns) != 0 || ns <= ui->wall_ns)
		return false;
	int64_t ms = (ns - ui->wall_ns) / NV_NS_PER_MS;

	(void)nv_duration_show(ms - ms % 60000 + 60000, span);
	return true;
}

/* When it runs out: what the engine foresees; and when there is some again. */
static void
put_exhausted(
	const struct top_ui *ui, struct top_frame *f, unsigned row, const json_t *budget)
{
	const json_t *forecast = json_object_get(budget, "forecast");
	const char *at = ctl_str(forecast, "exhausted_at");
	char span[NV_UNITS_BYTES];

	if (until(ui, at, span)) {
		top_printf(f, row, TOP_RED, ", runs out in %s", span);
	} else if (at[0]) {
		top_puts(f, row, TOP_RED, ", used up");
		if (until(ui, ctl_str(budget, "resets_at"), span))
			top_printf(f, row, TOP_RED, "; a new day begins in %s", span);
	} else if (json_is_object(forecast)) {
		top_puts(f, row, TOP_DIM, ", lasts the day");
	}
}

static void
put_budget(const struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const json_t *budget = json_object_get(top_ui_overview(ui), "budget");
	const char *code = top_ui_currency(ui);
	char spent_text[CTL_VALUE_BYTES];
	char reserved_text[CTL_VALUE_BYTES];
	char daily_text[CTL_VALUE_BYTES];
	nv_i128 spent = 0;
	nv_i128 reserved = 0;
	nv_i128 daily = 0;

	top_puts(f, row, TOP_BOLD, "Budget  ");
	if (!json_is_object(budget)) {
		top_puts(f, row, TOP_PLAIN, "-");
		return;
	}
	bool limited = nv_sum_parse(ctl_str(budget, "daily"), &daily);

	(void)nv_sum_parse(ctl_str(budget, "spent"), &spent); /* else 0 of the bar */
	(void)nv_sum_parse(ctl_str(budget, "reserved"), &reserved); /* and shown as "-" */
	if (limited && f->cols >= 70)
		put_bar(f, row, spent, reserved, daily, f->cols >= 120 ? 30 : 16);
	top_printf(f, row, TOP_PLAIN, "%s of %s",
		ctl_money(budget, "spent", code, spent_text),
		limited ? ctl_money(budget, "daily", code, daily_text) : "no limit");
	if (reserved > 0)
		top_printf(f, row, TOP_YELLOW, ", %s reserved",
			ctl_money(budget, "reserved", code, reserved_text));
	put_exhausted(ui, f, row, budget);
}

/* "5 workers: 1 halted, 4 running": what is wrong first, it is cut last. */
static void
put_counts(const struct top_ui *ui, struct top_frame *f, unsigned row)
{
	static const char *const names[] = {"halted", "crashed", "unknown", "running",
		"starting", "stopping", "waiting", "paused", "stopped"};
	const struct top_fleet *fleet = &ui->model.fleet;
	size_t counts[NV_LEN(names)] = {0};
	const char *separator = ": ";

	for (size_t i = 0; i < fleet->n_workers; i++) {
		const char *name = nv_fleet_count_of(fleet->workers[i].state);

		for (size_t k = 0; k < NV_LEN(names); k++)
			counts[k] += strcmp(name, names[k]) == 0;
	}
	top_printf(f, row, TOP_BOLD, "  %zu worker%s", fleet->n_workers,
		fleet->n_workers == 1 ? "" : "s");
	for (size_t k = 0; k < NV_LEN(names); k++) {
		enum top_style style = TOP_YELLOW;

		if (counts[k] == 0)
			continue;
		if (strcmp(names[k], "running") == 0)
			style = TOP_GREEN;
		else if (strcmp(names[k], "crashed") == 0 ||
			 strcmp(names[k], "halted") == 0)
			style = TOP_RED;
		top_printf(f, row, style, "%s%zu %s", separator, counts[k], names[k]);
		separator = ", ";
	}
}

/* How old the oldest of what is shown is. */
static void
put_age(const struct top_ui *ui, struct top_frame *f, unsigned row)
{
	int64_t oldest = top_data_oldest_ms(ui->data);
	char text[64];

	if (oldest == 0)
		(void)snprintf(text, sizeof(text), "no data yet");
	else
		(void)snprintf(text, sizeof(text), "%lld s old",
			(long long)(ui->now_ms - oldest) / 1000);
	unsigned wide = (unsigned)strlen(text);

	if (f->lines[row].width + wide + 2 <= f->cols) {
		top_pad(f, row, TOP_PLAIN, f->cols - wide);
		top_puts(f, row,
			ui->now_ms - oldest >= TOP_PATIENCE_MS * 2 ? TOP_RED : TOP_DIM,
			text);
	}
}

static void
put_nova(const struct top_ui *ui, struct top_frame *f, unsigned row, bool small)
{
	const struct nv_ctl_nova *nova = &ui->data->fleet.nova;
	char span[NV_UNITS_BYTES];
	char waiting[64];

	if (ui->data->sup.answered_ms == 0) {
		top_puts(f, row, TOP_BOLD, "Nova");
	} else {
		top_puts(f, row, TOP_BOLD, "Nova");
		if (f->cols >= 60)
			top_printf(f, row, TOP_BOLD, " %s", nova->version);
		if (f->cols >= 100)
			top_printf(f, row, TOP_DIM, "  up %s",
				nv_duration_show((int64_t)nova->uptime_ms, span));
		if (nova->stopping)
			top_puts(f, row, TOP_YELLOW, "  stopping");
		else if (nova->ready)
			top_puts(f, row, TOP_GREEN, "  ready");
		else
			top_printf(f, row, TOP_RED, "  not ready: engine %s",
				nova->engine_state);
	}
	/* Without the line of profits it stands here. */
	if (small && waiting_text(ui, waiting, sizeof(waiting)) > 0)
		top_puts(f, row, TOP_YELLOW, waiting);
	put_counts(ui, f, row);
	put_age(ui, f, row);
}

/* What is worse than a figure. */
static unsigned
put_alarms(const struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const struct top_data *d = ui->data;
	unsigned first = row;
	char text[300];

	if (d->fleet.nova.brake[0])
		top_puts(f, row++, TOP_ALARM, d->fleet.nova.brake);
	if (d->fleet.incident.state[0])
		top_printf(f, row++, TOP_ALARM, "Incident %u: %s", d->fleet.incident.id,
			d->fleet.incident.text);
	top_half_trouble(&d->sup, "novasupd", ui->now_ms, text, sizeof(text));
	if (text[0])
		top_puts(f, row++, TOP_ALARM, text);
	top_half_trouble(&d->engine, "engine", ui->now_ms, text, sizeof(text));
	if (text[0])
		top_puts(f, row++, TOP_ALARM, text);
	if (json_array_size(json_object_get(top_ui_overview(ui), "unconverted")) > 0)
		top_puts(f, row++, TOP_YELLOW,
			"not all is counted: amounts in a currency without a rate");
	return row - first;
}

unsigned
top_draw_header(const struct top_ui *ui, struct top_frame *f, unsigned row, bool small)
{
	unsigned first = row;

	put_nova(ui, f, row++, small);
	if (!small) {
		put_profits(ui, f, row++);
		put_budget(ui, f, row++);
	}
	return row + put_alarms(ui, f, row) - first;
}

/* ---- bottom ---- */

static void
put_hints(struct top_frame *f, unsigned row)
{
	static const char *const hints[][2] = {{"?", "help"}, {"/", "filter"},
		{"s", "sort"}, {"l", "log"}, {"d", "decisions"}, {"a", "approvals"},
		{"p", "pause"}, {"w", "why"}, {"q", "quit"}, {"spc", "fold"},
		{"+-", "scale"}, {"k", "stop"}};

	for (size_t i = 0; i < NV_LEN(hints); i++) {
		unsigned wide = (unsigned)(strlen(hints[i][0]) + strlen(hints[i][1])) + 2;

		if (f->lines[row].width + wide > f->cols)
			break;
		top_puts(f, row, TOP_BOLD, hints[i][0]);
		top_printf(f, row, TOP_DIM, " %s ", hints[i][1]);
	}
}

/* A question is read to its end before it is answered, on however many lines. */
static const char *
ask_text(const struct top_ui *ui, char text[ASK_BYTES])
{
	(void)snprintf(text, ASK_BYTES, "%s? y/n", ui->asked.question);
	return text;
}

static unsigned
bottom_rows(const struct top_ui *ui, struct top_frame *f)
{
	char text[ASK_BYTES];

	return ui->mode == TOP_ASKING
		       ? top_wrap(f, f->rows, TOP_ALARM, ask_text(ui, text))
		       : 1;
}

static void
put_bottom(const struct top_ui *ui, struct top_frame *f, unsigned row)
{
	const struct top_model *m = &ui->model;
	char text[ASK_BYTES];

	switch (ui->mode) {
	case TOP_FILTERING:
		top_printf(f, row, TOP_BOLD, "Filter: %s_", m->filter);
		top_puts(f, row, TOP_DIM, "  (Enter keeps it, Esc takes it back)");
		return;
	case TOP_REASONING:
		top_printf(f, row, TOP_BOLD, "Why deny %lld: %s_",
			(long long)ui->approval, ui->input);
		top_puts(f, row, TOP_DIM,
			"  (may be empty; Enter goes on, Esc takes it back)");
		return;
	case TOP_SORTING:
		top_printf(f, row, TOP_BOLD, "Sort by %s%s", top_column_name(m->sort),
			m->reverse ? ", reversed" : "");
		top_puts(f, row, TOP_DIM, "  (arrows, r reverses, Enter)");
		return;
	case TOP_ASKING:
		(void)top_wrap(f, row, TOP_ALARM, ask_text(ui, text));
		return;
	case TOP_NORMAL:
	case TOP_HELPING:
		break;
	}
	if (ui->message[0])
		top_puts(f, row, ui->message_bad ? TOP_RED : TOP_BOLD, ui->message);
	else
		put_hints(f, row);
}

void
top_draw_help(struct top_frame *f)
{
	static const char *const lines[][2] = {{"arrows PgUp PgDn Home End", "move"},
		{"space, left, right", "fold or open a group, the instances of a worker"},
		{"/ text Enter", "show only what has the text in name, group or state"},
		{"s, < >", "sort by another column"}, {"r", "reverse the order"},
		{"t", "tree of groups, or one list"}, {"Enter", "details of the worker"},
		{"l", "its log"}, {"w", "why it ended last"}, {"d", "decisions"},
		{"a", "approvals: y approves, n denies, after a question"},
		{"Tab, Esc", "into the pane below (to scroll), back to the tree"},
		{"p", "pause a worker, or let it go on"},
		{"+ -", "one instance more or less"}, {"k", "stop a worker"},
		{"K", "kill a worker for good"}, {"q", "leave"}};

	for (unsigned i = 0; i < NV_LEN(lines); i++) {
		top_cell(f, i + 1, TOP_BOLD, 27, false, lines[i][0]);
		top_puts(f, i + 1, TOP_PLAIN, lines[i][1]);
	}
	top_puts(f, 0, TOP_HEAD, "novactl top: keys");
	top_pad(f, 0, TOP_HEAD, f->cols);
	top_puts(f, (unsigned)NV_LEN(lines) + 2, TOP_DIM,
		"Figures are of today in the base currency; ROI is profit by cost. Any "
		"key.");
}

void
top_draw(struct top_ui *ui, struct top_frame *f, unsigned rows, unsigned cols)
{
	top_frame_clear(f, rows, cols);
	if (f->rows < 4 || f->cols < 20) {
		top_puts(f, 0, TOP_BOLD, "too small");
		return;
	}
	if (ui->mode == TOP_HELPING) {
		top_draw_help(f);
		return;
	}
	unsigned row = top_draw_header(ui, f, 0, f->rows < SMALL_ROWS);
	unsigned bottom = NV_MIN(bottom_rows(ui, f), f->rows);
	unsigned left = f->rows - NV_MIN(row + bottom, f->rows);
	unsigned pane = f->rows >= PANE_ROWS ? NV_MAX(f->rows / 4, 5U)
			: ui->in_pane        ? left / 2
					     : 0;

	pane = NV_MIN(pane, left);
	(void)top_draw_tree(ui, f, row, left - pane);
	top_draw_pane(ui, f, f->rows - bottom - pane, pane);
	put_bottom(ui, f, f->rows - bottom);
}

void
top_draw_once(struct top_ui *ui, struct top_frame *f, unsigned cols)
{
	size_t decided =
		json_array_size(json_object_get(top_ui_overview(ui), "decisions"));
	size_t waiting = json_array_size(top_ui_approvals(ui));
	size_t panes = NV_MAX(decided, (size_t)1) + waiting + (waiting ? 2 : 1);
	size_t items = NV_MAX(ui->model.n_items, (size_t)1) + 1;

	top_frame_clear(f, TOP_ROWS_MAX, cols);
	unsigned row = top_draw_header(ui, f, 0, false);

	items = NV_MIN(items, (size_t)TOP_ROWS_MAX - panes - row);
	f->rows = row + (unsigned)(items + panes);
	ui->in_pane = true; /* nothing is selected in a text */
	row += top_draw_tree(ui, f, row, (unsigned)items);
	ui->in_pane = false;
	if (waiting > 0) {
		ui->pane = TOP_PANE_APPROVALS;
		top_draw_pane(ui, f, row, (unsigned)waiting + 1);
		row += (unsigned)waiting + 1;
	}
	ui->pane = TOP_PANE_DECISIONS;
	top_draw_pane(ui, f, row, f->rows - row);
}
