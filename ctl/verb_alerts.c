/* alerts: what people were told and are to be told, and over which channels. */
#include "engine_client.h"
#include "nv_clock.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <string.h>

#define LOOK_MS INT64_C(5000)  /* answered from memory */
#define TEST_MS INT64_C(60000) /* every channel has its own 20 s */

static int
ask(struct ctl *ctl, const char *verb, json_t *args, json_t **ret_data)
{
	struct ctl_engine to;
	struct nv_err err = {0};
	int code = ctl_engine_open_at(&to, ctl, "alerts.sock", "nova-alerts", &err);

	*ret_data = NULL;
	if (code == NV_EXIT_OK)
		code = ctl_engine_send(&to, verb, args, &err);
	else
		json_decref(args);
	if (code == NV_EXIT_OK)
		code = ctl_engine_recv(&to,
			nv_mono_ms() + (strcmp(verb, "test") == 0 ? TEST_MS : LOOK_MS),
			ret_data, &err);
	ctl_engine_close(&to);
	return code == NV_EXIT_OK ? code : ctl_fail_err(&ctl->out, code, &err);
}

static enum ctl_style
style_of(const char *severity)
{
	return strcmp(severity, "critical") == 0 || strcmp(severity, "error") == 0
		       ? CTL_RED
	       : strcmp(severity, "warning") == 0 ? CTL_YELLOW
						  : CTL_PLAIN;
}

static void
print_alerts(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"ALERT", false}, {"SEVERITY", false},
		{"SINCE", true}, {"KNOWN TO", false}, {"WHAT", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *row;
	size_t i;

	json_array_foreach(list, i, row)
	{
		char buf[CTL_VALUE_BYTES];

		ctl_cell(t, CTL_BOLD, ctl_str(row, "key"));
		ctl_cell(t, style_of(ctl_str(row, "severity")), ctl_str(row, "severity"));
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "since", buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "acked_by"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "text"));
	}
	ctl_table_print(t, &ctl->out, "no alerts");
}

/* Exit 1 when one is open. */
static int
list_alerts(struct ctl *ctl)
{
	json_t *data;
	int code = ask(ctl, "list", NULL, &data);
	const json_t *list = json_object_get(data, "alerts");

	if (code != NV_EXIT_OK)
		return code;
	if (json_array_size(list) > 0)
		code = NV_EXIT_NO;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return code;
	}
	print_alerts(ctl, list);
	if (json_is_null(json_object_get(data, "looked")))
		ctl_print(&ctl->out, CTL_DIM, "nova-alerts has not looked yet\n");
	json_decref(data);
	return code;
}

static int
list_channels(struct ctl *ctl)
{
	static const struct ctl_column columns[] = {{"CHANNEL", false}, {"STATE", false},
		{"FROM", false}, {"WAITING", true}, {"SENT", true}, {"LAST", true},
		{"PROBLEM", false}};
	json_t *data;
	int code = ask(ctl, "channels", NULL, &data);
	const json_t *row;
	size_t i;

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return code;
	}
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	json_array_foreach(json_object_get(data, "channels"), i, row)
	{
		const char *state = ctl_str(row, "state");
		char buf[CTL_VALUE_BYTES];

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
	return code;
}

/* Exit 1 unless every one took it. */
static int
test_channels(struct ctl *ctl)
{
	const char *channel = ctl->args.n_words > 1 ? ctl->args.words[1] : NULL;
	json_t *args = ctl_need(json_object());
	json_t *data;
	const json_t *row;
	size_t i;

	if (channel)
		ctl_put_text(args, "channel", channel);
	int code = ask(ctl, "test", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	bool none = json_array_size(json_object_get(data, "tests")) == 0;

	code = !none && ctl_true(data, "ok") ? NV_EXIT_OK : NV_EXIT_NO;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return code;
	}
	json_array_foreach(json_object_get(data, "tests"), i, row)
		ctl_print(&ctl->out, ctl_true(row, "taken") ? CTL_GREEN : CTL_RED,
			"%s: %s\n", ctl_str(row, "channel"), ctl_str(row, "what"));
	if (none)
		ctl_print(&ctl->out, CTL_PLAIN,
			"no channel is used: see novactl alerts channels\n");
	json_decref(data);
	return code;
}

static int
acknowledge(struct ctl *ctl)
{
	json_t *data;

	if (ctl->args.n_words < 2)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"alerts ack: which one? See novactl alerts");
	json_t *args = ctl_need(json_pack("{s:s}", "key", ctl->args.words[1]));

	ctl_put_option(ctl, args, "via");
	int code = ask(ctl, "ack", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return code;
	}
	ctl_print(&ctl->out, CTL_PLAIN, "%s is not said again until it is over\n",
		ctl->args.words[1]);
	json_decref(data);
	return code;
}

int
ctl_verb_alerts(struct ctl *ctl)
{
	static const struct {
		const char *word;
		int (*run)(struct ctl *ctl);
		int words_max;
	} verbs[] = {{"ack", acknowledge, 2}, {"channels", list_channels, 1},
		{"test", test_channels, 2}};

	if (ctl_opt(&ctl->args, "via") &&
		(ctl->args.n_words == 0 || strcmp(ctl->args.words[0], "ack") != 0))
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "--via goes with \"ack KEY\"");
	if (ctl->args.n_words == 0)
		return list_alerts(ctl);
	for (size_t i = 0; i < NV_LEN(verbs); i++)
		if (strcmp(verbs[i].word, ctl->args.words[0]) == 0 &&
			ctl->args.n_words <= verbs[i].words_max)
			return verbs[i].run(ctl);
	return ctl_fail(&ctl->out, NV_EXIT_USAGE,
		"alerts: expected nothing, \"ack KEY\", \"channels\" or \"test "
		"[CHANNEL]\", "
		"found \"%s\"",
		ctl->args.words[ctl->args.n_words - 1]);
}
