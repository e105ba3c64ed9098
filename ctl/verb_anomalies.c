/* anomalies: what workers do that they never did before. */
#include "engine_client.h"
#include "value.h"
#include "verbs.h"

#include <string.h>

static void
print_anomalies(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"WORKER", false}, {"ANOMALY", false},
		{"SINCE", true}, {"STATE", false}, {"WHAT", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		bool open = strcmp(ctl_str(row, "state"), "open") == 0;
		bool paused = json_is_true(json_object_get(row, "paused"));
		char buf[CTL_VALUE_BYTES];

		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "anomaly"));
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "since", buf));
		ctl_cell(t, open ? CTL_RED : CTL_DIM,
			!open    ? "ended"
			: paused ? "open, paused"
				 : "open");
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "reason"));
	}
	ctl_table_print(t, &ctl->out, "no anomalies");
}

/* Exit 1 when there are open ones, as with workers health. */
int
ctl_verb_anomalies(struct ctl *ctl)
{
	json_t *data = NULL;
	int code = ctl_ask(ctl, "anomalies",
		ctl_need(
			json_pack("{s:b, s:b}", "all", ctl_opt(&ctl->args, "all") != NULL,
				"look", ctl_opt(&ctl->args, "now") != NULL)),
		&data);
	const json_t *list = json_object_get(data, "anomalies");
	const json_t *row;
	size_t i;

	if (code != NV_EXIT_OK)
		return code;
	json_array_foreach(list, i, row)
	{
		if (strcmp(ctl_str(row, "state"), "open") == 0)
			code = NV_EXIT_NO;
	}
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_anomalies(ctl, list);
		json_decref(data);
	}
	return code;
}
