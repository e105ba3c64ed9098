/* autonomous, approvals, approve, deny, decisions, explain: what Nova decides. */
#include "engine_client.h"
#include "judgement.h"
#include "value.h"
#include "verbs.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
print_thresholds(const struct ctl *ctl, const json_t *thresholds, const char *currency)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)thresholds, key, value)
	{
		NV_CLEANUP_FREE char *label = ctl_copy(key);
		char buf[CTL_VALUE_BYTES];
		size_t bytes = strlen(label);

		for (char *c = label; *c; c++)
			*c = *c == '_' ? ' ' : *c;
		if (bytes > 8 && strcmp(label + bytes - 8, " percent") == 0) {
			label[bytes - 8] = '\0';
			ctl_field(&ctl->out, label, ctl_percent(thresholds, key, buf));
		} else if (json_is_string(value)) {
			ctl_field(&ctl->out, label,
				ctl_money(thresholds, key, currency, buf));
		} else if (json_is_integer(value)) {
			ctl_field(&ctl->out, label, ctl_count(thresholds, key, buf));
		} else if (json_is_real(value)) {
			(void)snprintf(buf, sizeof(buf), "%.15g", json_real_value(value));
			ctl_field(&ctl->out, label, buf);
		}
	}
}

static void
approvals_table(const struct ctl *ctl, const json_t *list, const char *currency)
{
	static const struct ctl_column columns[] = {{"ID", true}, {"TYPE", false},
		{"TARGET", false}, {"COST IMPACT", true}, {"EXPIRES", true},
		{"REASON", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const char *own = ctl_str(row, "currency");
		char buf[CTL_VALUE_BYTES];

		ctl_cellf(t, CTL_BOLD, "%lld", (long long)ctl_int(row, "id"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "type"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "target"));
		ctl_cell(t, CTL_PLAIN,
			ctl_money(row, "cost_impact", own[0] ? own : currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "expires", buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "reason"));
	}
	ctl_table_print(t, &ctl->out, "nothing waits for an answer");
}

static void
print_span(const struct ctl *ctl, const json_t *data, const char *key, const char *label)
{
	json_t *value = json_object_get(data, key);
	char span[NV_UNITS_BYTES];

	if (json_is_number(value))
		ctl_field(&ctl->out, label,
			nv_duration_show(
				(int64_t)(json_number_value(value) * 1000.0), span));
}

static void
print_autonomous(const struct ctl *ctl, const json_t *data)
{
	const json_t *budget = json_object_get(data, "budget");
	const json_t *decisions = json_object_get(data, "decisions");
	const json_t *pending = json_object_get(data, "pending_approvals");
	const char *currency = ctl_str(budget, "currency");
	bool enabled = ctl_true(data, "enabled");
	char buf[CTL_VALUE_BYTES];

	ctl_print(&ctl->out, CTL_BOLD, "Autonomous  ");
	ctl_print(&ctl->out, enabled ? CTL_GREEN : CTL_YELLOW, "%s\n\n",
		enabled ? "enabled: decisions are carried out"
			: "disabled: decisions are advice only");
	ctl_print(&ctl->out, CTL_BOLD, "Thresholds\n");
	print_thresholds(ctl, json_object_get(data, "thresholds"), currency);
	print_span(ctl, data, "interval_s", "analysed every");
	print_span(ctl, data, "window_s", "over the last");
	print_span(ctl, data, "cooldown_s", "not again within");
	ctl_field(&ctl->out, "last analysis", ctl_ago(data, "last_analysis", buf));
	ctl_print(&ctl->out, CTL_BOLD, "\nBudget\n");
	ctl_field(&ctl->out, "daily", ctl_money(budget, "daily", currency, buf));
	ctl_field(&ctl->out, "spent", ctl_money(budget, "spent", currency, buf));
	ctl_field(&ctl->out, "reserved", ctl_money(budget, "reserved", currency, buf));
	ctl_field(&ctl->out, "remaining", ctl_money(budget, "remaining", currency, buf));
	ctl_field(&ctl->out, "used", ctl_percent(budget, "percent_used", buf));
	ctl_print(&ctl->out, CTL_BOLD, "\nDecisions\n");
	ctl_field(&ctl->out, "today", ctl_count(decisions, "today", buf));
	ctl_field(&ctl->out, "total", ctl_count(decisions, "total", buf));
	ctl_field(&ctl->out, "pending", ctl_count(decisions, "pending", buf));
	(void)printf("\n");
	approvals_table(ctl, pending, currency);
}

static int
show_autonomous(struct ctl *ctl, const char *verb, json_t *args)
{
	json_t *data = NULL;
	int code = ctl_ask(ctl, verb, args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_autonomous(ctl, data);
		json_decref(data);
	}
	return NV_EXIT_OK;
}

static int
set_autonomous(struct ctl *ctl, bool on)
{
	json_t *args = ctl_need(json_pack("{s:b}", "enabled", on));

	ctl_put_option(ctl, args, "via");
	return show_autonomous(ctl, "autonomous.set", args);
}

int
ctl_verb_autonomous_enable(struct ctl *ctl)
{
	return set_autonomous(ctl, true);
}

int
ctl_verb_autonomous_disable(struct ctl *ctl)
{
	return set_autonomous(ctl, false);
}

int
ctl_verb_autonomous_status(struct ctl *ctl)
{
	return show_autonomous(ctl, "autonomous.status", NULL);
}

static const char *
first_of(const json_t *row, const char *a, const char *b)
{
	const char *text = ctl_str(row, a);

	return text[0] ? text : ctl_str(row, b);
}

static enum ctl_style
decision_style(const char *state)
{
	if (strcmp(state, "executed") == 0)
		return CTL_GREEN;
	if (strcmp(state, "denied") == 0 || strcmp(state, "expired") == 0 ||
		strcmp(state, "failed") == 0)
		return CTL_RED;
	if (strcmp(state, "pending") == 0 || strcmp(state, "proposed") == 0)
		return CTL_YELLOW;
	return CTL_PLAIN;
}

void
ctl_print_decisions(const struct ctl_out *out, const json_t *list, const char *empty)
{
	static const struct ctl_column columns[] = {{"ID", true}, {"AT", false},
		{"TYPE", false}, {"TARGET", false}, {"STATE", false},
		{"COST IMPACT", true}, {"REASON", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const char *state = ctl_str(row, "state");
		char buf[CTL_VALUE_BYTES];

		if (ctl_int(row, "id") > 0)
			ctl_cellf(t, CTL_BOLD, "%lld", (long long)ctl_int(row, "id"));
		else
			ctl_cell(t, CTL_PLAIN, NULL);
		ctl_cell(t, CTL_PLAIN,
			ctl_when(row, json_object_get(row, "at") ? "at" : "proposed_at",
				buf));
		ctl_cell(t, CTL_PLAIN, first_of(row, "type", "action"));
		ctl_cell(t, CTL_PLAIN, first_of(row, "target", "worker"));
		ctl_cell(t, decision_style(state), state);
		ctl_cell(t, CTL_PLAIN,
			ctl_money(row, "cost_impact", ctl_str(row, "currency"), buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "reason"));
	}
	ctl_table_print(t, out, empty);
}

static int
show_decisions(struct ctl *ctl, const char *verb, json_t *args, const char *empty)
{
	json_t *data = NULL;
	int code = ctl_ask(ctl, verb, args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		if (!ctl_print_judgements(ctl, data))
			ctl_print_decisions(
				&ctl->out, json_object_get(data, "decisions"), empty);
		json_decref(data);
	}
	return NV_EXIT_OK;
}

int
ctl_verb_autonomous_run(struct ctl *ctl)
{
	bool dry_run = ctl_opt(&ctl->args, "dry-run") != NULL;

	return show_decisions(ctl, "autonomous.run",
		ctl_need(json_pack("{s:b}", "dry_run", dry_run)), "nothing to decide");
}

int
ctl_verb_approvals(struct ctl *ctl)
{
	json_t *data = NULL;
	int code = ctl_ask(ctl, "approvals", NULL, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		approvals_table(ctl, json_object_get(data, "approvals"),
			ctl_str(data, "currency"));
		json_decref(data);
	}
	return NV_EXIT_OK;
}

static int
parse_id(struct ctl *ctl, json_int_t *ret)
{
	const char *text = ctl->args.words[0];
	char *end;

	errno = 0;
	long long v = strtoll(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end || errno || v <= 0)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"expected the number of a decision, found \"%s\"", text);
	*ret = v;
	return NV_EXIT_OK;
}

static int
answer(struct ctl *ctl, const char *verb, const char *reason)
{
	json_int_t id = 0;
	json_t *data = NULL;
	int code = parse_id(ctl, &id);

	if (code != NV_EXIT_OK)
		return code;
	json_t *args = ctl_need(json_pack("{s:I}", "id", id));

	if (reason)
		ctl_put_text(args, "reason", reason);
	ctl_put_option(ctl, args, "via");
	code = ctl_ask(ctl, verb, args, &data);
	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		const json_t *d = json_object_get(data, "decision");

		ctl_print(&ctl->out, CTL_PLAIN, "decision %lld (%s %s): %s\n",
			(long long)id, first_of(d, "type", "action"),
			first_of(d, "target", "worker"), ctl_str(d, "state"));
		json_decref(data);
	}
	return NV_EXIT_OK;
}

int
ctl_verb_approve(struct ctl *ctl)
{
	return answer(ctl, "approve", NULL);
}

int
ctl_verb_deny(struct ctl *ctl)
{
	return answer(ctl, "deny", ctl_opt(&ctl->args, "reason"));
}

/* Somebody else's: what was asked and answered, as it was told. */
static int
show_imported(struct ctl *ctl, json_t *args)
{
	static const struct ctl_column columns[] = {{"AT", false}, {"BY", false},
		{"QUESTION", false}, {"ANSWER", false}, {"OUTCOME", false}};
	json_t *data = NULL;
	size_t i;
	json_t *row;

	(void)json_object_set_new(args, "imported", json_true());
	int code = ctl_ask(ctl, "decisions", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));

	json_array_foreach(json_object_get(data, "decisions"), i, row)
	{
		const json_t *said = json_object_get(row, "data");
		char when[CTL_VALUE_BYTES];

		ctl_cell(t, CTL_PLAIN, ctl_when(row, "at", when));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(said, "question"));
		ctl_cell(t, CTL_PLAIN, first_of(said, "decision", "consensus"));
		ctl_cell(t, CTL_PLAIN, ctl_str(said, "outcome"));
	}
	ctl_table_print(t, &ctl->out, "none was imported");
	json_decref(data);
	return NV_EXIT_OK;
}

int
ctl_verb_decisions(struct ctl *ctl)
{
	json_t *args = ctl_need(json_object());
	struct nv_err err = {0};
	int64_t limit;

	if (ctl->args.n_words > 0) {
		json_decref(args);
		if (strcmp(ctl->args.words[0], "calibration") == 0)
			return ctl_calibration(ctl);
		return ctl_fail(&ctl->out, NV_EXIT_USAGE,
			"expected \"calibration\" or nothing, found \"%s\"",
			ctl->args.words[0]);
	}
	if (ctl_opt_number(&ctl->args, "limit", 1, CTL_ROWS_MAX, 50, &limit, &err) < 0) {
		json_decref(args);
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	}
	(void)json_object_set_new(args, "limit", json_integer(limit));
	ctl_put_option(ctl, args, "worker");
	ctl_put_option(ctl, args, "since");
	if (ctl_opt(&ctl->args, "imported"))
		return show_imported(ctl, args);
	return show_decisions(ctl, "decisions", args, "no decisions");
}

int
ctl_verb_explain(struct ctl *ctl)
{
	json_int_t id = 0;
	json_t *data = NULL;
	int code = parse_id(ctl, &id);

	if (code == NV_EXIT_OK)
		code = ctl_ask(
			ctl, "explain", ctl_need(json_pack("{s:I}", "id", id)), &data);
	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		const char *text = ctl_str(data, "text");
		size_t bytes = strlen(text);

		ctl_print(&ctl->out, CTL_PLAIN, "%s%s", text,
			bytes > 0 && text[bytes - 1] == '\n' ? "" : "\n");
		json_decref(data);
	}
	return NV_EXIT_OK;
}
