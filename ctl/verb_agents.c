/* agents, agent, kill: the catalogue as the engine knows it. */
#include "engine_client.h"
#include "value.h"
#include "verbs.h"
#include "workers.h"

#include <string.h>

/* The engine's arguments from options of the same name. */
static void
pass_option(struct ctl *ctl, json_t *args, const char *name)
{
	const char *value = ctl_opt(&ctl->args, name);

	if (value)
		(void)json_object_set_new(
			args, name, ctl_json_text(value, strlen(value)));
}

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
}

int
ctl_verb_agents(struct ctl *ctl)
{
	json_t *args = ctl_need(json_object());
	json_t *data;

	pass_option(ctl, args, "status");
	pass_option(ctl, args, "group");
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

int
ctl_verb_agent(struct ctl *ctl)
{
	json_t *data;
	const char *name = ctl->args.words[0];
	json_t *args = ctl_need(json_object());

	(void)json_object_set_new(args, "worker", ctl_json_text(name, strlen(name)));
	int code = ctl_ask(ctl, "agent", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		ctl_print_tree(&ctl->out, json_object_get(data, "agent"));
		json_decref(data);
	}
	return NV_EXIT_OK;
}

int
ctl_verb_kill(struct ctl *ctl)
{
	const char *name = ctl->args.words[0];
	json_t *args = ctl_need(json_object());

	(void)json_object_set_new(args, "worker", ctl_json_text(name, strlen(name)));
	pass_option(ctl, args, "reason");
	return ctl_change(ctl, "kill", args, CTL_WANT_STOPPED);
}
