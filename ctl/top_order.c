/* What keys of `novactl top` change, as words for novactl: see top_ui.h. What is at stake
 * stands in the question. */
#include "top_ui.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

static void
add(struct top_order *order, const char *word)
{
	(void)json_array_append_new(order->argv, ctl_json_str(word));
}

/* A new order; the words of the verb end with NULL. */
static struct top_order *
begin(struct top_ui *ui, const char *first, const char *second)
{
	top_order_clear(&ui->asked);
	ui->asked.argv = ctl_need(json_array());
	add(&ui->asked, first);
	if (second)
		add(&ui->asked, second);
	return &ui->asked;
}

/* What a worker is for a person who is about to act on it. */
static void
stakes(const struct top_ui *ui, const struct top_worker *w, char *text, size_t text_bytes)
{
	char profit[NV_MONEY_BYTES];
	char cost[NV_MONEY_BYTES];

	text[0] = '\0';
	if (w->own.today.known)
		(void)snprintf(text, text_bytes, "; today it cost %s, profit %s",
			nv_money_show(w->own.today.cost, top_ui_currency(ui), cost),
			nv_money_show(w->own.today.profit, top_ui_currency(ui), profit));
}

static const struct top_worker *
chosen(struct top_ui *ui)
{
	const struct top_worker *w = top_model_worker(&ui->model);

	if (!w)
		top_ui_say(ui, true, "choose a worker first");
	return w;
}

/* A pause is asked of groups only: of one worker it is taken back by the same key. */
static void
pause_group(struct top_ui *ui, const struct top_group *g)
{
	size_t n_paused = 0;

	for (size_t i = 0; i < g->n_shown; i++)
		n_paused += ui->model.fleet.workers[ui->model.order[g->first + i]].paused;
	const char *verb = n_paused == g->n_shown ? "resume" : "pause";
	struct top_order *order = begin(ui, "workers", verb);

	for (size_t i = 0; i < g->n_shown; i++)
		add(order, ui->model.fleet.workers[ui->model.order[g->first + i]].name);
	(void)snprintf(order->what, sizeof(order->what), "%s group %.60s", verb, g->name);
	(void)snprintf(order->question, sizeof(order->question),
		"%s all %zu workers of %.60s that are shown", verb, g->n_shown, g->name);
	ui->mode = TOP_ASKING;
}

void
top_order_pause(struct top_ui *ui)
{
	const struct top_item *item = top_model_selected(&ui->model);

	if (item && item->kind == TOP_GROUP) {
		pause_group(ui, &ui->model.groups[item->group]);
		return;
	}
	const struct top_worker *w = chosen(ui);

	if (!w)
		return;
	const char *verb = w->paused ? "resume" : "pause";
	struct top_order *order = begin(ui, "workers", verb);

	add(order, w->name);
	(void)snprintf(order->what, sizeof(order->what), "%s %.60s", verb, w->name);
	top_order_clear(&ui->order);
	ui->order = *order;
	*order = (struct top_order){0};
}

void
top_order_scale(struct top_ui *ui, int by)
{
	const struct top_worker *w = chosen(ui);
	char text[200];
	char count[24];

	if (!w)
		return;
	if (w->desired < 0 || w->desired + by < 0) {
		top_ui_say(ui, true,
			"%s: how many instances it has is not known, or none", w->name);
		return;
	}
	struct top_order *order = begin(ui, "workers", "scale");
	int64_t wanted = w->desired + by;

	add(order, w->name);
	add(order, "--instances");
	(void)snprintf(count, sizeof(count), "%lld", (long long)wanted);
	add(order, count);
	stakes(ui, w, text, sizeof(text));
	(void)snprintf(
		order->what, sizeof(order->what), "scale %.60s to %s", w->name, count);
	(void)snprintf(order->question, sizeof(order->question),
		"scale %s from %lld to %s instances%s", w->name, (long long)w->desired,
		count, text);
	ui->mode = TOP_ASKING;
}

void
top_order_stop(struct top_ui *ui)
{
	const struct top_worker *w = chosen(ui);
	char text[200];

	if (!w)
		return;
	struct top_order *order = begin(ui, "workers", "stop");

	add(order, w->name);
	stakes(ui, w, text, sizeof(text));
	(void)snprintf(order->what, sizeof(order->what), "stop %.60s", w->name);
	(void)snprintf(order->question, sizeof(order->question),
		"stop %s with its %lld instances%s", w->name,
		(long long)NV_MAX(w->up, INT64_C(0)), text);
	ui->mode = TOP_ASKING;
}

void
top_order_kill(struct top_ui *ui)
{
	const struct top_worker *w = chosen(ui);
	char text[200];

	if (!w)
		return;
	struct top_order *order = begin(ui, "kill", NULL);

	add(order, w->name);
	add(order, "--reason");
	add(order, "killed in novactl top");
	stakes(ui, w, text, sizeof(text));
	(void)snprintf(order->what, sizeof(order->what), "kill %.60s", w->name);
	(void)snprintf(order->question, sizeof(order->question),
		"KILL %s for good (only deploy brings it back)%s", w->name, text);
	ui->mode = TOP_ASKING;
}

/* ---- approvals ---- */

static const json_t *
approval_at(struct top_ui *ui)
{
	const json_t *list = top_ui_approvals(ui);
	const json_t *row = json_array_get(list, ui->pane_row);

	if (!row)
		top_ui_say(ui, true, "%s",
			list ? "nothing waits for an answer"
			     : "what waits for an answer is not known now");
	return row;
}

static const json_t *
approval_of(const struct top_ui *ui, int64_t id)
{
	const json_t *list = top_ui_approvals(ui);
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		if (ctl_int(row, "id") == id)
			return row;
	}
	return NULL;
}

static void
ask_answer(struct top_ui *ui, const json_t *row, const char *verb, const char *reason)
{
	struct top_order *order = begin(ui, verb, NULL);
	const char *code = ctl_str(row, "currency");
	char money[CTL_VALUE_BYTES];
	char id[24];

	(void)snprintf(id, sizeof(id), "%lld", (long long)ctl_int(row, "id"));
	add(order, id);
	if (reason[0]) {
		add(order, "--reason");
		add(order, reason);
	}
	(void)snprintf(order->what, sizeof(order->what), "%s %s", verb, id);
	(void)snprintf(order->question, sizeof(order->question),
		"%s %s: %.40s %.60s, cost impact %s a day, because %.300s", verb, id,
		ctl_str(row, "type"), ctl_str(row, "target"),
		ctl_money(
			row, "cost_impact", code[0] ? code : top_ui_currency(ui), money),
		ctl_str(row, "reason"));
	ui->mode = TOP_ASKING;
}

void
top_order_approve(struct top_ui *ui)
{
	const json_t *row = approval_at(ui);

	if (row)
		ask_answer(ui, row, "approve", "");
}

void
top_order_deny(struct top_ui *ui)
{
	const json_t *row = approval_at(ui);

	if (!row)
		return;
	ui->approval = ctl_int(row, "id");
	ui->input[0] = '\0';
	ui->mode = TOP_REASONING;
}

/* The list may have changed while the reason was typed: it is about the same one. */
void
top_order_deny_because(struct top_ui *ui)
{
	const json_t *row = approval_of(ui, ui->approval);

	ui->mode = TOP_NORMAL;
	if (row)
		ask_answer(ui, row, "deny", ui->input);
	else
		top_ui_say(ui, true, "%lld does not wait for an answer any more",
			(long long)ui->approval);
}
