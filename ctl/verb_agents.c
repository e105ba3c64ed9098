/* agents, agent, kill: the catalogue as the engine knows it. */
#include "engine_client.h"
#include "value.h"
#include "verbs.h"
#include "workers.h"

#include <stdio.h>
#include <string.h>

static void
agents_table(const struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"AGENT", false}, {"GROUP", false},
		{"KIND", false}, {"STATE", false}, {"INSTANCES", true}, {"RUNS", true},
		{"COST", true}, {"REVENUE", true}, {"PROFIT", true}, {"ROI", true},
		{"DESCRIPTION", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *list = json_object_get(data, "agents");
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const json_t *m = json_object_get(row, "metrics");
		const char *currency = ctl_str(m, "currency");
		const char *state = ctl_str(row, "state");
		char buf[CTL_VALUE_BYTES];

		if (!currency[0])
			currency = ctl_str(data, "currency");
		if (!state[0])
			state = ctl_str(json_object_get(row, "desired"), "state");
		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "group"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "kind"));
		ctl_cell(t, CTL_PLAIN, state);
		ctl_cell(t, CTL_PLAIN,
			ctl_count(json_is_integer(json_object_get(row, "instances"))
					  ? row
					  : json_object_get(row, "desired"),
				"instances", buf));
		ctl_cell(t, CTL_PLAIN, ctl_count(m, "runs", buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(m, "cost", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(m, "revenue", currency, buf));
		ctl_cell(t, ctl_money_style(m, "profit"),
			ctl_money(m, "profit", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_percent(m, "roi_percent", buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "description"));
	}
	ctl_table_print(t, &ctl->out, "no agents");
	json_array_foreach(list, i, row)
	{
		ctl_print_unconverted(&ctl->out, ctl_str(row, "worker"),
			json_object_get(row, "metrics"));
	}
}

int
ctl_verb_agents(struct ctl *ctl)
{
	json_t *args = ctl_need(json_object());
	json_t *data = NULL;

	ctl_put_option(ctl, args, "status");
	ctl_put_option(ctl, args, "group");
	int code = ctl_ask(ctl, "agents", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		agents_table(ctl, data);
		json_decref(data);
	}
	return NV_EXIT_OK;
}

static void
print_figures(const struct ctl *ctl, const json_t *m)
{
	static const char *const counts[] = {"runs", "failed", "crashes"};
	static const char *const amounts[] = {
		"cost", "revenue", "refunds", "fees", "disputes", "profit"};
	const char *currency = ctl_str(m, "currency");
	char buf[CTL_VALUE_BYTES];

	ctl_print(&ctl->out, CTL_BOLD, "\nSince ever\n");
	for (size_t i = 0; i < NV_LEN(counts); i++)
		ctl_field(&ctl->out, counts[i], ctl_count(m, counts[i], buf));
	for (size_t i = 0; i < NV_LEN(amounts); i++)
		ctl_field(&ctl->out, amounts[i], ctl_money(m, amounts[i], currency, buf));
	ctl_field(&ctl->out, "ROI", ctl_percent(m, "roi_percent", buf));
	ctl_print_unconverted(&ctl->out, "these figures", m);
}

static void
print_limits(const struct ctl *ctl, const json_t *budget, const json_t *thresholds)
{
	static const char *const caps[][3] = {{"daily", "spent_today", "budget a day"},
		{"total", "spent_total", "budget in all"},
		{"per_run", "", "budget a run"}};
	static const char *const rules[][2] = {{"min_roi_percent", "min ROI"},
		{"scale_roi_percent", "scale ROI"}, {"kill_roi_percent", "kill ROI"}};
	const char *currency = ctl_str(budget, "currency");
	char buf[CTL_VALUE_BYTES];
	char spent[CTL_VALUE_BYTES];
	char line[2 * CTL_VALUE_BYTES + 16];

	ctl_print(&ctl->out, CTL_BOLD, "\nLimits\n");
	for (size_t i = 0; i < NV_LEN(caps); i++) {
		if (!json_is_string(json_object_get(budget, caps[i][0])))
			continue;
		(void)ctl_money(budget, caps[i][0], currency, buf);
		if (caps[i][1][0])
			(void)snprintf(line, sizeof(line), "%s, %s spent", buf,
				ctl_money(budget, caps[i][1], currency, spent));
		else
			(void)snprintf(line, sizeof(line), "%s", buf);
		ctl_field(&ctl->out, caps[i][2], line);
	}
	for (size_t i = 0; i < NV_LEN(rules); i++)
		ctl_field(&ctl->out, rules[i][1],
			ctl_percent(thresholds, rules[i][0], buf));
	ctl_field(&ctl->out, "min runs", ctl_count(thresholds, "min_runs", buf));
}

static void
print_agent(const struct ctl *ctl, const json_t *agent)
{
	static const char *const texts[][2] = {{"worker", "agent"}, {"group", "group"},
		{"kind", "kind"}, {"description", "description"}, {"state", "state"},
		{"reason", "reason"}, {"last_status", "says"},
		{"last_error", "last error"}};
	const json_t *decisions = json_object_get(agent, "decisions");
	const json_t *events = json_object_get(agent, "events");
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *item;

	for (i = 0; i < NV_LEN(texts); i++)
		ctl_field(&ctl->out, texts[i][1], ctl_str(agent, texts[i][0]));
	ctl_field(&ctl->out, "heartbeat", ctl_ago(agent, "last_heartbeat", buf));
	ctl_field(&ctl->out, "rejected events", ctl_count(agent, "rejected_events", buf));
	ctl_field(&ctl->out, "instances",
		ctl_count(json_object_get(agent, "desired"), "instances", buf));
	print_figures(ctl, json_object_get(agent, "metrics"));
	print_limits(ctl, json_object_get(agent, "budget"),
		json_object_get(agent, "thresholds"));
	if (json_array_size(decisions) > 0) {
		ctl_print(&ctl->out, CTL_BOLD, "\nDecisions\n");
		ctl_print_decisions(&ctl->out, decisions, NULL);
	}
	if (json_array_size(events) > 0)
		ctl_print(&ctl->out, CTL_BOLD, "\nLast events\n");
	json_array_foreach(events, i, item)
	{
		ctl_print_event(&ctl->out, item);
	}
}

int
ctl_verb_agent(struct ctl *ctl)
{
	json_t *data = NULL;
	const char *name = ctl->args.words[0];
	json_t *args = ctl_need(json_object());

	ctl_put_text(args, "worker", name);
	int code = ctl_ask(ctl, "agent", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_agent(ctl, json_object_get(data, "agent"));
		json_decref(data);
	}
	return NV_EXIT_OK;
}

int
ctl_verb_kill(struct ctl *ctl)
{
	const char *name = ctl->args.words[0];
	json_t *args = ctl_need(json_object());

	ctl_put_text(args, "worker", name);
	ctl_put_option(ctl, args, "reason");
	ctl_put_option(ctl, args, "via");
	return ctl_change(ctl, "kill", args, CTL_WANT_STOPPED);
}
