/* budget: every cap, what is reserved, and what the day will have cost. */
#include "engine_client.h"
#include "value.h"
#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static enum ctl_style
style_of(const char *state)
{
	return strcmp(state, "used_up") == 0    ? CTL_RED
	       : strcmp(state, "warning") == 0  ? CTL_YELLOW
	       : strcmp(state, "reserved") == 0 ? CTL_YELLOW
						: CTL_PLAIN;
}

static void
put_subject(struct ctl_table *t, const json_t *cap)
{
	const char *scope = ctl_str(cap, "scope");
	const char *subject = ctl_str(cap, "subject");
	const char *operation = ctl_str(cap, "operation");

	ctl_cellf(t, CTL_PLAIN, "%s%s%s%s%s",
		strcmp(scope, "group") == 0   ? "group "
		: strcmp(scope, "limit") == 0 ? "limit "
					      : "",
		subject[0] ? subject : "fleet", operation[0] ? " (" : "", operation,
		operation[0] ? ")" : "");
}

static void
caps_table(const struct ctl *ctl, const json_t *list, const char *currency)
{
	static const struct ctl_column columns[] = {{"BUDGET", false}, {"PER", false},
		{"LIMIT", true}, {"SPENT", true}, {"RESERVED", true}, {"LEFT", true},
		{"USED", true}, {"STATE", false}, {"RESETS", true}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *cap;

	json_array_foreach(list, i, cap)
	{
		const char *state = ctl_str(cap, "state");
		char buf[CTL_VALUE_BYTES];

		put_subject(t, cap);
		ctl_cell(t, CTL_PLAIN, ctl_str(cap, "period"));
		ctl_cell(t, CTL_PLAIN, ctl_money(cap, "limit", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(cap, "spent", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(cap, "reserved", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(cap, "remaining", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_percent(cap, "percent_used", buf));
		ctl_cell(t, style_of(state),
			strcmp(state, "used_up") == 0 ? "used up" : state);
		ctl_cell(t, CTL_PLAIN, ctl_ago(cap, "resets", buf));
	}
	ctl_table_print(t, &ctl->out, "no budget is set");
}

static void
reservations_table(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"RESERVATION", false},
		{"WORKER", false}, {"FOR", false}, {"AMOUNT", true}, {"LEFT", true},
		{"OPENED", true}, {"EXPIRES", true}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *r;

	json_array_foreach(list, i, r)
	{
		const char *currency = ctl_str(r, "currency");
		const char *operation = ctl_str(r, "operation");
		char buf[CTL_VALUE_BYTES];

		ctl_cell(t, CTL_PLAIN, ctl_str(r, "id"));
		ctl_cell(t, CTL_PLAIN, ctl_str(r, "worker"));
		ctl_cell(t, CTL_PLAIN,
			operation[0]         ? operation
			: ctl_true(r, "run") ? "a run"
					     : "");
		ctl_cell(t, CTL_PLAIN, ctl_money(r, "amount", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(r, "left", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_ago(r, "opened", buf));
		ctl_cell(t, CTL_PLAIN, ctl_ago(r, "expires", buf));
	}
	ctl_table_print(t, &ctl->out, "nothing is reserved");
}

static void
print_budget(const struct ctl *ctl, const json_t *data)
{
	const json_t *forecast = json_object_get(data, "forecast");
	const char *currency = ctl_str(data, "currency");
	long long waiting = (long long)ctl_int(data, "waiting");
	char buf[CTL_VALUE_BYTES];
	char used[CTL_VALUE_BYTES];

	caps_table(ctl, json_object_get(data, "caps"), currency);
	if (json_is_object(forecast)) {
		ctl_print(&ctl->out, CTL_BOLD, "\nToday    ");
		ctl_print(&ctl->out, CTL_PLAIN,
			"%s when the day ends, if it goes on as in the last hour",
			ctl_money(forecast, "projected", currency, buf));
		ctl_print(&ctl->out, CTL_PLAIN,
			json_is_null(json_object_get(forecast, "limit")) ? "\n"
									 : " (%s)\n",
			ctl_percent(forecast, "percent", used));
	}
	if (waiting > 0)
		ctl_print(&ctl->out, CTL_YELLOW, "Waiting  %lld run%s for room\n",
			waiting, waiting == 1 ? "" : "s");
	(void)printf("\n");
	reservations_table(ctl, json_object_get(data, "reservations"));
}

int
ctl_verb_budget_show(struct ctl *ctl)
{
	json_t *args = ctl_need(json_object());
	json_t *data = NULL;

	if (ctl->args.n_words > 0)
		ctl_put_text(args, "worker", ctl->args.words[0]);
	int code = ctl_ask(ctl, "budget", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_budget(ctl, data);
		json_decref(data);
	}
	return NV_EXIT_OK;
}
