/* alerts: what is wrong now, and the ways people are told of it. */
#include "engine_client.h"
#include "nv_clock.h"
#include "value.h"
#include "verbs.h"

#include <string.h>

#define TEST_MS INT64_C(120000) /* channels are slow, and each is waited for */

/* One request to nova-alerts; an error is printed. */
static int
ask(struct ctl *ctl, const char *verb, json_t *args, int64_t wait_ms, json_t **ret_data)
{
	struct ctl_engine to;
	struct nv_err err = {0};
	int code = ctl_engine_open_at(&to, ctl, "alerts.sock", "nova-alerts", &err);

	if (code == NV_EXIT_OK)
		code = ctl_engine_send(&to, verb, args, &err);
	else
		json_decref(args);
	if (code == NV_EXIT_OK)
		code = ctl_engine_recv(&to, nv_mono_ms() + wait_ms, ret_data, &err);
	ctl_engine_close(&to);
	return code == NV_EXIT_OK ? code : ctl_fail_err(&ctl->out, code, &err);
}

static enum ctl_style
severity_style(const char *severity)
{
	if (strcmp(severity, "critical") == 0 || strcmp(severity, "error") == 0)
		return CTL_RED;
	return strcmp(severity, "warning") == 0 ? CTL_YELLOW : CTL_PLAIN;
}

static int
list(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {{"SEVERITY", false}, {"SINCE", true},
		{"KEY", false}, {"SEEN BY", false}, {"ALERT", false}};
	json_t *data = NULL;
	json_t *row;
	size_t i;
	int code = ask(ctl, "list", NULL, CTL_DEADLINE_MS, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	json_array_foreach(json_object_get(data, "alerts"), i, row)
	{
		char buf[CTL_VALUE_BYTES];
		const char *severity = ctl_str(row, "severity");

		ctl_cell(t, severity_style(severity), severity);
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "since", buf));
		ctl_cell(t, CTL_BOLD, ctl_str(row, "key"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "acked_by"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "text"));
	}
	ctl_table_print(t, &ctl->out, "no alerts");
	json_decref(data);
	return NV_EXIT_OK;
}

static int
channels(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {{"CHANNEL", false}, {"STATE", false},
		{"FROM", false}, {"WAITING", true}, {"SENT", true}, {"LAST", true},
		{"PROBLEM", false}};
	json_t *data = NULL;
	json_t *row;
	size_t i;
	int code = ask(ctl, "channels", NULL, CTL_DEADLINE_MS, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	json_array_foreach(json_object_get(data, "channels"), i, row)
	{
		char buf[CTL_VALUE_BYTES];
		const char *state = ctl_str(row, "state");

		ctl_cell(t, CTL_BOLD, ctl_str(row, "channel"));
		ctl_cell(t,
			strcmp(state, "ok") == 0    ? CTL_GREEN
			: strcmp(state, "off") == 0 ? CTL_DIM
						    : CTL_RED,
			state);
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "min"));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "waiting", buf));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "sent", buf));
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "last_sent", buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "problem"));
	}
	ctl_table_print(t, &ctl->out, "no channels");
	json_decref(data);
	return NV_EXIT_OK;
}

static void
print_tests(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {
		{"CHANNEL", false}, {"TEST", false}, {"WHY", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		bool taken = ctl_true(row, "taken");

		ctl_cell(t, CTL_BOLD, ctl_str(row, "channel"));
		ctl_cell(t, taken ? CTL_GREEN : CTL_RED, taken ? "taken" : "failed");
		ctl_cell(t, CTL_PLAIN, taken ? "" : ctl_str(row, "what"));
	}
	ctl_table_print(t, &ctl->out, "no channel is used: see novactl alerts channels");
}

/* Exit 1 unless every channel that was tried took it, and one was. */
static int
test(struct ctl *ctl, const char *channel)
{
	json_t *args = ctl_need(
		channel ? json_pack("{s:s}", "channel", channel) : json_object());
	json_t *data = NULL;
	json_t *row;
	size_t i;
	int code = ask(ctl, "test", args, TEST_MS, &data);

	if (code != NV_EXIT_OK)
		return code;
	const json_t *list = json_object_get(data, "channels");
	bool good = json_array_size(list) > 0;

	json_array_foreach(list, i, row) good = good && ctl_true(row, "taken");
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_tests(ctl, list);
		json_decref(data);
	}
	return good ? NV_EXIT_OK : NV_EXIT_NO;
}

static int
ack(struct ctl *ctl, const char *key)
{
	json_t *data = NULL;
	int code = ask(ctl, "ack", ctl_need(json_pack("{s:s}", "key", key)),
		CTL_DEADLINE_MS, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	ctl_print(&ctl->out, CTL_PLAIN, "%s is not said again until it is over\n",
		ctl_str(data, "key"));
	json_decref(data);
	return NV_EXIT_OK;
}

int
ctl_verb_alerts(struct ctl *ctl)
{
	const char *what = ctl->args.n_words > 0 ? ctl->args.words[0] : "";
	const char *word = ctl->args.n_words > 1 ? ctl->args.words[1] : NULL;

	if (!*what)
		return list(ctl);
	if (strcmp(what, "test") == 0)
		return test(ctl, word);
	if (strcmp(what, "channels") == 0 && !word)
		return channels(ctl);
	if (strcmp(what, "ack") == 0 && word)
		return ack(ctl, word);
	return ctl_fail(&ctl->out, NV_EXIT_USAGE,
		"expected alerts, alerts channels, alerts test [CHANNEL] or alerts ack "
		"KEY");
}
