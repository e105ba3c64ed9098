/* What a person does with `novactl top`: see top_ui.h. */
#include "top_ui.h"
#include "value.h"

#include "top_fill.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
top_ui_init(struct top_ui *ui, const struct top_data *data)
{
	*ui = (struct top_ui){.data = data};
	top_model_init(&ui->model);
}

void
top_order_clear(struct top_order *order)
{
	json_decref(order->argv);
	*order = (struct top_order){0};
}

void
top_ui_fini(struct top_ui *ui)
{
	top_model_fini(&ui->model);
	top_order_clear(&ui->asked);
	top_order_clear(&ui->order);
	top_ui_log_clear(ui, "");
	json_decref(ui->why);
	ui->why = NULL;
}

void
top_ui_say(struct top_ui *ui, bool bad, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(ui->message, sizeof(ui->message), fmt, args);
	va_end(args);
	ui->message_bad = bad;
}

void
top_ui_refresh(struct top_ui *ui)
{
	const struct top_data *d = ui->data;
	struct top_fleet fleet;

	top_fill(&(struct top_said){.fleet = d->sup.answered_ms ? &d->fleet : NULL,
			 .metrics = d->said[TOP_SLOT_METRICS],
			 .today = d->said[TOP_SLOT_TODAY],
			 .hours = d->said[TOP_SLOT_HOURS]},
		&fleet);
	top_model_take(&ui->model, &fleet);
}

const json_t *
top_ui_overview(const struct top_ui *ui)
{
	return ui->data->said[TOP_SLOT_OVERVIEW];
}

const json_t *
top_ui_approvals(const struct top_ui *ui)
{
	return json_object_get(top_ui_overview(ui), "approvals");
}

const char *
top_ui_currency(const struct top_ui *ui)
{
	const char *code = ctl_str(top_ui_overview(ui), "currency");

	if (!code[0])
		code = ctl_str(ui->data->said[TOP_SLOT_METRICS], "currency");
	return code[0] ? code : "USD";
}

const char *
top_ui_subject(const struct top_ui *ui)
{
	const struct top_worker *w = top_model_worker(&ui->model);

	return w ? w->name : "";
}

/* ---- the log in the pane ---- */

void
top_ui_log_clear(struct top_ui *ui, const char *worker)
{
	for (size_t i = 0; i < NV_LEN(ui->log); i++) {
		free(ui->log[i]);
		ui->log[i] = NULL;
	}
	ui->n_log = 0;
	ui->log_back = 0;
	ui->log_note[0] = '\0';
	(void)snprintf(ui->log_of, sizeof(ui->log_of), "%s", worker);
}

void
top_ui_log_add(struct top_ui *ui, const char *line, size_t bytes)
{
	/* More than a screen is wide is of no use here. */
	size_t kept = NV_MIN(bytes, (size_t)TOP_COLS_MAX * 4);
	char **slot = &ui->log[ui->n_log % TOP_LOG_LINES];

	free(*slot);
	*slot = ctl_alloc(kept + 1, 1);
	memcpy(*slot, line, kept);
	ui->n_log++;
	/* Who has scrolled back goes on seeing the same lines. */
	if (ui->log_back > 0)
		ui->log_back = NV_MIN(ui->log_back + 1, (long)TOP_LOG_LINES);
}

/* ---- typing ---- */

static void
type(char *input, size_t input_bytes, unsigned key)
{
	size_t bytes = strlen(input);
	char text[5] = {0};

	if (key == TOP_KEY_ERASE) {
		/* A whole character: back over its continuation bytes. */
		while (bytes > 0 && ((unsigned char)input[bytes - 1] & 0xc0) == 0x80)
			bytes--;
		input[bytes ? bytes - 1 : 0] = '\0';
		return;
	}
	if (key < 0x20 || key == 0x7f || key >= TOP_KEY_NONE)
		return;
	if (key < 0x80) {
		text[0] = (char)key;
	} else if (key < 0x800) {
		text[0] = (char)(0xc0 | key >> 6);
		text[1] = (char)(0x80 | (key & 0x3f));
	} else if (key < 0x10000) {
		text[0] = (char)(0xe0 | key >> 12);
		text[1] = (char)(0x80 | (key >> 6 & 0x3f));
		text[2] = (char)(0x80 | (key & 0x3f));
	} else {
		text[0] = (char)(0xf0 | key >> 18);
		text[1] = (char)(0x80 | (key >> 12 & 0x3f));
		text[2] = (char)(0x80 | (key >> 6 & 0x3f));
		text[3] = (char)(0x80 | (key & 0x3f));
	}
	size_t more = strlen(text);

	if (bytes + more < input_bytes)
		memcpy(input + bytes, text, more + 1);
}

static void
filter_key(struct top_ui *ui, unsigned key)
{
	struct top_model *m = &ui->model;

	if (key == TOP_KEY_ENTER) {
		ui->mode = TOP_NORMAL;
		return;
	}
	if (key == TOP_KEY_ESCAPE) {
		memcpy(m->filter, ui->kept, sizeof(m->filter));
		ui->mode = TOP_NORMAL;
	} else {
		type(m->filter, sizeof(m->filter), key);
	}
	top_model_arrange(m);
}

static void
reason_key(struct top_ui *ui, unsigned key)
{
	if (key == TOP_KEY_ESCAPE) {
		ui->mode = TOP_NORMAL;
		top_ui_say(ui, false, "nothing was done");
	} else if (key == TOP_KEY_ENTER) {
		top_order_deny_because(ui);
	} else {
		type(ui->input, sizeof(ui->input), key);
	}
}

static void
sort_key(struct top_ui *ui, unsigned key)
{
	struct top_model *m = &ui->model;
	unsigned by = 0;

	if (key == TOP_KEY_RIGHT || key == TOP_KEY_TAB || key == '>' || key == 's')
		by = 1;
	else if (key == TOP_KEY_LEFT || key == '<')
		by = TOP_BY_COUNT - 1;
	else if (key == 'r')
		m->reverse = !m->reverse;
	else
		ui->mode = TOP_NORMAL;
	m->sort = (enum top_column)(((unsigned)m->sort + by) % TOP_BY_COUNT);
	top_model_arrange(m);
}

/* Only "y" is a yes. */
static void
answer_key(struct top_ui *ui, unsigned key)
{
	ui->mode = TOP_NORMAL;
	if (key != 'y' && key != 'Y') {
		top_order_clear(&ui->asked);
		top_ui_say(ui, false, "nothing was done");
		return;
	}
	top_order_clear(&ui->order);
	ui->order = ui->asked;
	ui->asked = (struct top_order){0};
}

/* ---- moving ---- */

static void
scroll_log(struct top_ui *ui, long by)
{
	long held = (long)NV_MIN(ui->n_log, (size_t)TOP_LOG_LINES);
	long most = held > (long)ui->pane_rows ? held - (long)ui->pane_rows : 0;

	if (by < -most)
		by = -most;
	ui->log_back = NV_MIN(NV_MAX(ui->log_back - NV_MIN(by, ui->log_back), 0L), most);
}

/* The drawing keeps pane_row within its list. */
static void
move(struct top_ui *ui, long by)
{
	if (!ui->in_pane) {
		top_model_move(&ui->model, by);
	} else if (ui->pane == TOP_PANE_LOG) {
		scroll_log(ui, by);
	} else if (by < 0) {
		ui->pane_row -= NV_MIN(ui->pane_row, (size_t)-by);
	} else {
		ui->pane_row = NV_MIN(ui->pane_row + (size_t)by, (size_t)1000000);
	}
}

static bool
move_key(struct top_ui *ui, unsigned key)
{
	long page = (long)(ui->in_pane ? ui->pane_rows : ui->tree_rows);

	page = NV_MAX(page - 1, 1L);
	switch (key) {
	case TOP_KEY_UP:
	case 'P' - '@': /* control: as in many a shell */
		move(ui, -1);
		return true;
	case TOP_KEY_DOWN:
	case 'N' - '@':
		move(ui, 1);
		return true;
	case TOP_KEY_PAGE_UP:
		move(ui, -page);
		return true;
	case TOP_KEY_PAGE_DOWN:
		move(ui, page);
		return true;
	case TOP_KEY_HOME:
	case 'g':
		move(ui, -1000000);
		return true;
	case TOP_KEY_END:
	case 'G':
		move(ui, 1000000);
		return true;
	default:
		return false;
	}
}

static void
show_pane(struct top_ui *ui, enum top_pane pane, bool enter)
{
	if (ui->pane != pane) {
		ui->pane_row = 0;
		ui->pane_first = 0;
	}
	ui->pane = pane;
	ui->in_pane = enter;
}

static void
fold(struct top_ui *ui, unsigned key)
{
	const struct top_item *item = top_model_selected(&ui->model);

	if (!item || ui->in_pane)
		return;
	if (key == ' ')
		top_model_fold(&ui->model, !top_model_is_open(&ui->model, item));
	else
		top_model_fold(&ui->model, key == TOP_KEY_RIGHT);
}

static bool
view_key(struct top_ui *ui, unsigned key)
{
	struct top_model *m = &ui->model;

	switch (key) {
	case ' ':
	case TOP_KEY_LEFT:
	case TOP_KEY_RIGHT:
		fold(ui, key);
		return true;
	case '/':
		memcpy(ui->kept, m->filter, sizeof(ui->kept));
		ui->mode = TOP_FILTERING;
		return true;
	case 's':
		ui->mode = TOP_SORTING;
		return true;
	case '<':
	case '>':
		sort_key(ui, key);
		return true;
	case 'r':
		m->reverse = !m->reverse;
		top_model_arrange(m);
		return true;
	case 't':
		m->flat = !m->flat;
		top_model_arrange(m);
		return true;
	case '?':
	case 'h':
		ui->mode = TOP_HELPING;
		return true;
	default:
		return false;
	}
}

static bool
pane_key(struct top_ui *ui, unsigned key)
{
	switch (key) {
	case 'd':
		show_pane(ui, TOP_PANE_DECISIONS, false);
		return true;
	case 'a':
		show_pane(ui, TOP_PANE_APPROVALS, true);
		return true;
	case 'l':
		show_pane(ui, TOP_PANE_LOG, false);
		return true;
	case 'w':
		show_pane(ui, TOP_PANE_WHY, false);
		return true;
	case TOP_KEY_ENTER:
		show_pane(ui, TOP_PANE_DETAILS, false);
		return true;
	case TOP_KEY_TAB:
		ui->in_pane = !ui->in_pane;
		return true;
	case TOP_KEY_ESCAPE:
		ui->in_pane = false;
		return true;
	default:
		return false;
	}
}

/* y and n answer what is selected among the approvals, and nothing else. */
static bool
order_key(struct top_ui *ui, unsigned key)
{
	bool approvals = ui->in_pane && ui->pane == TOP_PANE_APPROVALS;

	switch (key) {
	case 'y':
	case 'n':
		if (!approvals)
			top_ui_say(ui, false,
				"y and n answer approvals: press a to choose one");
		else if (key == 'y')
			top_order_approve(ui);
		else
			top_order_deny(ui);
		return true;
	case 'p':
		top_order_pause(ui);
		return true;
	case '+':
	case '=':
		top_order_scale(ui, 1);
		return true;
	case '-':
		top_order_scale(ui, -1);
		return true;
	case 'k':
		top_order_stop(ui);
		return true;
	case 'K':
		top_order_kill(ui);
		return true;
	default:
		return false;
	}
}

bool
top_ui_key(struct top_ui *ui, unsigned key)
{
	if (key == TOP_KEY_NONE)
		return true;
	if (ui->mode == TOP_FILTERING) {
		filter_key(ui, key);
		return true;
	}
	if (ui->mode == TOP_REASONING) {
		reason_key(ui, key);
		return true;
	}
	if (ui->mode == TOP_ASKING) {
		answer_key(ui, key);
		return true;
	}
	if (ui->mode == TOP_SORTING) {
		sort_key(ui, key);
		return true;
	}
	if (ui->mode == TOP_HELPING) {
		ui->mode = TOP_NORMAL;
		return true;
	}
	ui->message[0] = '\0';
	if (key == 'q' || key == 'Q')
		return false;
	if (!move_key(ui, key) && !view_key(ui, key) && !pane_key(ui, key) &&
		!order_key(ui, key) && key >= 0x20 && key < 0x7f)
		top_ui_say(ui, false, "%c does nothing; ? shows the keys", (char)key);
	return true;
}
