/* events and quarantine: what came in, and what was refused. */
#include "engine_client.h"
#include "nv_clock.h"
#include "value.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static void
print_events(const struct ctl *ctl, const json_t *list)
{
	size_t i;
	json_t *ev;

	json_array_foreach(list, i, ev)
	{
		ctl_print_event(&ctl->out, ev);
	}
	(void)fflush(stdout); /* followed through a pipe: line by line */
}

static int
event_args(struct ctl *ctl, json_t **ret)
{
	const char *worker = ctl_opt(&ctl->args, "worker");
	struct nv_err err = {0};
	int64_t since = -1;
	int64_t limit;

	if (ctl_opt_number(&ctl->args, "limit", 1, CTL_ROWS_MAX, 50, &limit, &err) < 0 ||
		ctl_opt_number(&ctl->args, "since-seq", 0, INT64_MAX, -1, &since, &err) <
			0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	json_t *args = ctl_need(json_object());

	(void)json_object_set_new(args, "limit", json_integer(limit));
	if (since >= 0)
		(void)json_object_set_new(args, "since_seq", json_integer(since));
	if (worker)
		(void)json_object_set_new(
			args, "worker", ctl_json_text(worker, strlen(worker)));
	*ret = args;
	return NV_EXIT_OK;
}

static int
follow(struct ctl *ctl, json_t *args)
{
	struct ctl_engine engine;
	struct nv_err err = {0};
	int code = ctl_engine_open(&engine, ctl, &err);

	if (code == NV_EXIT_OK)
		code = ctl_engine_send(&engine, "events.follow", args, &err);
	else
		json_decref(args);
	/* The first answer has a deadline; after it, silence is normal. */
	int64_t deadline_ms = nv_mono_ms() + CTL_DEADLINE_MS;

	while (code == NV_EXIT_OK && !ferror(stdout)) {
		json_t *data = NULL;

		code = ctl_engine_recv(&engine, deadline_ms, &data, &err);
		deadline_ms = -1;
		if (code != NV_EXIT_OK)
			break;
		const json_t *list = json_object_get(data, "events");
		size_t i;
		json_t *ev;

		if (!ctl->out.json) {
			print_events(ctl, list);
		} else {
			json_array_foreach(list, i, ev)
			{
				ctl_json_line(json_incref(ev));
				ctl->out.json_done = true; /* an error is none any more */
			}
		}
		json_decref(data);
	}
	ctl_engine_close(&engine);
	return code == NV_EXIT_OK ? code : ctl_fail_err(&ctl->out, code, &err);
}

int
ctl_verb_events(struct ctl *ctl)
{
	json_t *args = NULL;
	json_t *data = NULL;
	int code = event_args(ctl, &args);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl_opt(&ctl->args, "follow"))
		return follow(ctl, args);
	code = ctl_ask(ctl, "events", args, &data);
	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	print_events(ctl, json_object_get(data, "events"));
	json_decref(data);
	return NV_EXIT_OK;
}

static void
quarantine_table(const struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"SEQ", true}, {"AT", false},
		{"WORKER", false}, {"REASON", false}, {"LINE", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *list = json_object_get(data, "quarantine");
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const char *line = ctl_str(row, "line");
		char buf[CTL_VALUE_BYTES];

		ctl_cellf(t, CTL_PLAIN, "%lld", (long long)ctl_int(row, "seq"));
		ctl_cell(t, CTL_PLAIN, ctl_when(row, "at", buf));
		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "reason"));
		ctl_cellf(t, CTL_DIM, "%.200s", line);
	}
	ctl_table_print(t, &ctl->out, "nothing is in quarantine");
}

int
ctl_verb_quarantine(struct ctl *ctl)
{
	const char *worker = ctl_opt(&ctl->args, "worker");
	struct nv_err err = {0};
	int64_t limit;
	json_t *data = NULL;

	if (ctl_opt_number(&ctl->args, "limit", 1, CTL_ROWS_MAX, 50, &limit, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	json_t *args = ctl_need(json_pack("{s:I}", "limit", (json_int_t)limit));

	if (worker)
		(void)json_object_set_new(
			args, "worker", ctl_json_text(worker, strlen(worker)));
	int code = ctl_ask(ctl, "quarantine", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	quarantine_table(ctl, data);
	json_decref(data);
	return NV_EXIT_OK;
}
