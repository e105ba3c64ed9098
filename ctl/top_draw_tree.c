/* The tree of `novactl top` in as many columns as there is room for: see top_ui.h. */
#include "top_ui.h"
#include "value.h"

#include "nv_units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MIN 16U
#define NAME_MAX 36U

enum cell {
	C_NAME,
	C_STATE,
	C_UP,
	C_PID,
	C_CPU,
	C_MEM,
	C_UPTIME,
	C_RST,
	C_COST,
	C_REVENUE,
	C_PROFIT,
	C_ROI,
	C_HOURS,
	C_NOTE,
	C_COUNT
};

/* Narrow and comfortable widths; the lower the rank the sooner it is left out. */
static const struct {
	const char *head;
	unsigned narrow;
	unsigned wide;
	unsigned rank;
	bool right;
	enum top_column sort; /* TOP_BY_COUNT: by none */
} cells[] = {
	[C_NAME] = {"NAME", NAME_MIN, NAME_MAX, 99, false, TOP_BY_NAME},
	[C_STATE] = {"STATE", 8, 12, 98, false, TOP_BY_STATE},
	[C_UP] = {"UP", 5, 7, 4, true, TOP_BY_COUNT},
	[C_PID] = {"PID", 7, 7, 2, true, TOP_BY_COUNT},
	[C_CPU] = {"CPU%", 5, 6, 90, true, TOP_BY_CPU},
	[C_MEM] = {"MEM", 5, 6, 85, true, TOP_BY_MEMORY},
	[C_UPTIME] = {"UPTIME", 6, 7, 3, true, TOP_BY_UPTIME},
	[C_RST] = {"RST", 4, 5, 60, true, TOP_BY_RESTARTS},
	[C_COST] = {"COST", 7, 11, 50, true, TOP_BY_COST},
	[C_REVENUE] = {"REVENUE", 7, 11, 70, true, TOP_BY_REVENUE},
	[C_PROFIT] = {"PROFIT", 8, 12, 5, true, TOP_BY_PROFIT},
	[C_ROI] = {"ROI", 7, 8, 95, true, TOP_BY_ROI},
	[C_HOURS] = {"HOURS", 8, TOP_HOURS, 20, false, TOP_BY_COUNT},
	[C_NOTE] = {"NOTE", 20, 200, 1, false, TOP_BY_COUNT},
};

struct layout {
	unsigned width[C_COUNT]; /* 0: left out */
};

static unsigned
total(const struct layout *l)
{
	unsigned sum = 0;

	for (size_t i = 0; i < C_COUNT; i++)
		sum += l->width[i] ? l->width[i] + 1 : 0;
	return sum;
}

static void
drop_one(struct layout *l)
{
	size_t least = C_NAME;

	for (size_t i = 0; i < C_COUNT; i++) {
		if (l->width[i] && cells[i].rank < cells[least].rank)
			least = i;
	}
	l->width[least] = 0;
}

/* The name first, then figures, then hours; what is left is the note's. */
static struct layout
lay_out(unsigned cols)
{
	struct layout l;

	for (size_t i = 0; i < C_COUNT; i++)
		l.width[i] = cells[i].narrow;
	while (total(&l) > cols + 1 && l.width[C_STATE])
		drop_one(&l);
	if (total(&l) > cols + 1)
		l.width[C_NAME] = cols;
	for (size_t i = 0; i < C_COUNT; i++) {
		unsigned used = total(&l);
		unsigned room = cols + 1 > used ? cols + 1 - used : 0;

		if (l.width[i])
			l.width[i] = NV_MIN(l.width[i] + room, cells[i].wide);
	}
	return l;
}

/* ---- one line ---- */

struct line {
	struct top_frame *f;
	const struct layout *layout;
	unsigned row;
	bool selected;
	const char *currency;
};

static void
put(const struct line *line, enum cell cell, enum top_style style, const char *text)
{
	unsigned width = line->layout->width[cell];

	if (width == 0)
		return;
	style = line->selected ? TOP_SELECTED : style;
	if (line->f->lines[line->row].width > 0)
		top_puts(line->f, line->row, style, " ");
	top_cell(line->f, line->row, style, width, cells[cell].right, text);
}

static enum top_style
state_style(const char *state)
{
	if (strcmp(state, "running") == 0 || strcmp(state, "up") == 0)
		return TOP_GREEN;
	if (strcmp(state, "halted") == 0 || strcmp(state, "killed") == 0 ||
		strcmp(state, "failed") == 0)
		return TOP_RED;
	if (strcmp(state, "stopped") == 0 || strcmp(state, "undeployed") == 0 ||
		strcmp(state, "unconfigured") == 0)
		return TOP_DIM;
	return TOP_YELLOW;
}

static void
put_money(
	const struct line *line, enum cell cell, bool known, nv_i128 nano, bool coloured)
{
	char buf[96];
	enum top_style style = TOP_PLAIN;

	if (known && coloured && nano != 0)
		style = nano > 0 ? TOP_GREEN : TOP_RED;
	put(line, cell, style,
		known ? top_amount(nano, line->currency, line->layout->width[cell], buf)
		      : "-");
}

/* "1.5", "212": tenths below a hundred only. */
static void
put_cpu(const struct line *line, int64_t tenths)
{
	char text[32];

	if (tenths < 0)
		(void)snprintf(text, sizeof(text), "-");
	else if (tenths < 1000)
		(void)snprintf(text, sizeof(text), "%lld.%lld", (long long)(tenths / 10),
			(long long)(tenths % 10));
	else
		(void)snprintf(text, sizeof(text), "%lld", (long long)(tenths / 10));
	put(line, C_CPU, TOP_PLAIN, text);
}

static void
put_roi(const struct line *line, const struct top_money *money)
{
	char text[NV_UNITS_BYTES];
	int64_t ppm = 0;
	enum top_style style = TOP_PLAIN;

	if (!top_roi(money, &ppm))
		(void)snprintf(text, sizeof(text), "-");
	else if (ppm > INT64_C(99999) * 10000)
		(void)snprintf(text, sizeof(text), ">99999%%");
	else if (ppm >= INT64_C(1000) * 10000)
		(void)snprintf(text, sizeof(text), "%lld%%",
			(long long)nv_mul_div(ppm, 1, 10000));
	else { /* all of a column in one form; rounded as everywhere else */
		int64_t tenths = nv_mul_div(ppm, 1, 1000);

		(void)snprintf(text, sizeof(text), "%s%lld.%lld%%", tenths < 0 ? "-" : "",
			llabs(tenths / 10), llabs(tenths % 10));
	}
	if (ppm != 0)
		style = ppm > 0 ? TOP_GREEN : TOP_RED;
	put(line, C_ROI, style, text);
}

static void
put_uptime(const struct line *line, int64_t ms)
{
	char text[NV_UNITS_BYTES];

	if (ms < 0)
		(void)snprintf(text, sizeof(text), "-");
	else
		(void)nv_duration_show(ms < 1000 ? ms : ms - ms % 1000, text);
	put(line, C_UPTIME, TOP_PLAIN, text);
}

static void
put_count(const struct line *line, enum cell cell, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	put(line, cell, cell == C_RST && n > 0 ? TOP_YELLOW : TOP_PLAIN,
		n < 0 ? "-" : text);
}

/* From CPU to the hours, but what only an instance has. */
static void
put_figures(const struct line *line, const struct top_figures *own, bool has_money)
{
	char buf[96];

	put_cpu(line, own->cpu_tenths);
	put(line, C_MEM, TOP_PLAIN, top_bytes(own->rss_bytes, buf));
	put_uptime(line, own->uptime_ms);
	put_count(line, C_RST, own->restarts);
	if (!has_money) {
		for (enum cell c = C_COST; c <= C_HOURS; c++)
			put(line, c, TOP_PLAIN, "");
		return;
	}
	put_money(line, C_COST, own->today.known, own->today.cost, false);
	put_money(line, C_REVENUE, own->today.known, own->today.revenue, false);
	put_money(line, C_PROFIT, own->today.known, own->today.profit, true);
	put_roi(line, &own->today);
	put(line, C_HOURS, TOP_DIM,
		own->has_hours ? top_blocks(own->hours, line->layout->width[C_HOURS],
					 line->f->utf8, buf)
			       : "-");
}

/* ---- kinds of lines ---- */

static const char *
mark(const struct top_frame *f, bool open)
{
	if (f->utf8)
		return open ? "▾" : "▸";
	return open ? "-" : "+";
}

static void
put_group(const struct line *line, const struct top_model *m, const struct top_item *item)
{
	const struct top_group *g = &m->groups[item->group];
	char text[NV_NAME_MAX + 16];

	(void)snprintf(text, sizeof(text), "%s %s",
		mark(line->f, top_model_is_open(m, item)),
		g->name[0] ? g->name : "(not configured)");
	put(line, C_NAME, TOP_BOLD, text);
	(void)snprintf(text, sizeof(text), "%zu/%zu ok", g->n_running, g->n_workers);
	if (g->n_trouble > 0)
		(void)snprintf(text, sizeof(text), "%zu bad", g->n_trouble);
	put(line, C_STATE, g->n_trouble ? TOP_RED : TOP_PLAIN, text);
	put(line, C_UP, TOP_PLAIN, "");
	put(line, C_PID, TOP_PLAIN, "");
	put_figures(line, &g->own, true);
	put(line, C_NOTE, TOP_PLAIN, "");
}

static void
put_worker(
	const struct line *line, const struct top_model *m, const struct top_item *item)
{
	const struct top_worker *w = &m->fleet.workers[item->worker];
	char text[NV_NAME_MAX + 16];

	(void)snprintf(text, sizeof(text), "%s%s %s", m->flat ? "" : "  ",
		w->n_instances ? mark(line->f, top_model_is_open(m, item)) : " ",
		w->name);
	put(line, C_NAME, TOP_PLAIN, text);
	put(line, C_STATE, state_style(w->state), w->state);
	if (w->up < 0)
		(void)snprintf(text, sizeof(text), "-");
	else
		(void)snprintf(text, sizeof(text), "%lld/%lld", (long long)w->up,
			(long long)w->desired);
	put(line, C_UP, w->up < w->desired ? TOP_YELLOW : TOP_PLAIN, text);
	put_count(line, C_PID,
		w->n_instances == 1 && m->fleet.instances[w->instances].pid > 0
			? m->fleet.instances[w->instances].pid
			: TOP_UNKNOWN);
	put_figures(line, &w->own, true);
	put(line, C_NOTE, TOP_DIM, w->note);
}

static void
put_instance(
	const struct line *line, const struct top_model *m, const struct top_item *item)
{
	const struct top_instance *in = &m->fleet.instances[item->instance];
	char text[48];

	(void)snprintf(
		text, sizeof(text), "%s#%u", m->flat ? "    " : "      ", in->number);
	put(line, C_NAME, TOP_PLAIN, text);
	put(line, C_STATE, state_style(in->state), in->state);
	put(line, C_UP, TOP_PLAIN, "");
	put_count(line, C_PID, in->pid > 0 ? in->pid : TOP_UNKNOWN);
	put_figures(line, &in->own, false);
	put(line, C_NOTE, TOP_DIM, in->note);
}

/* The column that is sorted by is marked. */
static void
put_head(const struct top_ui *ui, struct top_frame *f, unsigned row,
	const struct layout *l)
{
	for (size_t i = 0; i < C_COUNT; i++) {
		char text[32];
		bool here = cells[i].sort == ui->model.sort;

		if (l->width[i] == 0)
			continue;
		if (f->lines[row].width > 0)
			top_puts(f, row, TOP_HEAD, " ");
		(void)snprintf(text, sizeof(text), "%s%s", cells[i].head,
			!here               ? ""
			: ui->model.reverse ? "^"
					    : "v");
		if (i == C_HOURS && l->width[i] >= 12)
			(void)snprintf(text, sizeof(text), "PROFIT %uH", l->width[i]);
		if (strlen(text) > l->width[i]) /* REVENUEv: the mark counts */
			(void)memmove(text, text + 1, strlen(text));
		top_cell(f, row, TOP_HEAD, l->width[i], cells[i].right, text);
	}
	top_pad(f, row, TOP_HEAD, f->cols);
}

unsigned
top_draw_tree(struct top_ui *ui, struct top_frame *f, unsigned row, unsigned rows)
{
	struct top_model *m = &ui->model;
	struct layout layout = lay_out(f->cols);
	struct line line = {
		.f = f, .layout = &layout, .row = row, .currency = top_ui_currency(ui)};

	if (rows == 0)
		return 0;
	put_head(ui, f, line.row++, &layout);
	ui->tree_rows = rows - 1;
	top_model_page(m, ui->tree_rows);
	if (m->n_items == 0 && ui->tree_rows > 0)
		top_puts(f, line.row, TOP_DIM,
			m->filter[0] ? "no worker matches the filter"
			: ui->data->sup.answered_ms
				? "no workers: see novactl deploy --help"
				: "waiting for novasupd");
	for (size_t i = m->first; i < m->n_items && i < m->first + ui->tree_rows; i++) {
		const struct top_item *item = &m->items[i];

		line.selected = i == m->selected && !ui->in_pane;
		if (item->kind == TOP_GROUP)
			put_group(&line, m, item);
		else if (item->kind == TOP_WORKER)
			put_worker(&line, m, item);
		else
			put_instance(&line, m, item);
		if (line.selected)
			top_pad(f, line.row, TOP_SELECTED, f->cols);
		line.row++;
	}
	return rows;
}
