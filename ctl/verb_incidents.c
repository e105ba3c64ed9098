/* incidents: many workers that crashed at the same time, told as one fact each. */
#include "engine_client.h"
#include "value.h"
#include "verbs.h"

#include <string.h>

static const char *
state_word(const char *state)
{
	/* The journal's words for one that is open say what is being done about it. */
	return strcmp(state, "closed") == 0 || strcmp(state, "open") == 0 ? state
	       : strcmp(state, "canary") == 0 ? "open, one is tried"
					      : "open, they come back";
}

static void
print_incidents(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"INCIDENT", true}, {"OPENED", true},
		{"CHANGED", true}, {"STATE", false}, {"WORKERS", true}, {"RETRIES", true},
		{"LAST", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const char *state = ctl_str(row, "state");
		char buf[CTL_VALUE_BYTES];

		ctl_cell(t, CTL_BOLD, ctl_count(row, "id", buf));
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "opened", buf));
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "changed", buf));
		ctl_cell(t, strcmp(state, "closed") == 0 ? CTL_DIM : CTL_RED,
			state_word(state));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "workers", buf));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "failed", buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "reason"));
	}
	ctl_table_print(t, &ctl->out, "no incidents");
}

int
ctl_verb_incidents(struct ctl *ctl)
{
	struct nv_err err = {0};
	json_t *data = NULL;
	int64_t limit;

	if (ctl_opt_number(&ctl->args, "limit", 1, CTL_ROWS_MAX, 50, &limit, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	int code = ctl_ask(ctl, "incidents",
		ctl_need(json_pack("{s:I}", "limit", (json_int_t)limit)), &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_incidents(ctl, json_object_get(data, "incidents"));
		json_decref(data);
	}
	return NV_EXIT_OK;
}
