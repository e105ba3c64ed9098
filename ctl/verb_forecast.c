/* forecast: the next days of a worker or the fleet. */
#include "engine_client.h"
#include "value.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

static const char *
amount(const json_t *list, size_t at, const char *currency, char buf[CTL_VALUE_BYTES])
{
	json_t *o = json_pack("{s:O}", "v", json_array_get(list, at));
	const char *text = o ? ctl_money(o, "v", currency, buf) : "";

	if (text != buf) {
		(void)snprintf(buf, CTL_VALUE_BYTES, "%s", text);
		text = buf;
	}
	json_decref(o);
	return text;
}

static void
row(struct ctl_table *t, const char *label, const json_t *data, const char *key,
	const char *currency)
{
	const json_t *o = json_object_get(data, key);
	const json_t *p80 = json_object_get(o, "p80");
	const json_t *p95 = json_object_get(o, "p95");
	char low[CTL_VALUE_BYTES];
	char high[CTL_VALUE_BYTES];

	ctl_cell(t, CTL_PLAIN, label);
	ctl_cell(t, CTL_BOLD, ctl_money(o, "expected", currency, low));
	ctl_cellf(t, CTL_PLAIN, "%s to %s", amount(p80, 0, currency, low),
		amount(p80, 1, currency, high));
	ctl_cellf(t, CTL_DIM, "%s to %s", amount(p95, 0, currency, low),
		amount(p95, 1, currency, high));
}

static void
show(struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {
		{"", false}, {"EXPECTED", true}, {"80% OF CASES", true}, {"95%", true}};
	const char *currency = ctl_str(data, "currency");
	const char *worker = ctl_str(data, "worker");
	struct ctl_table *t;
	char buf[CTL_VALUE_BYTES];

	ctl_print(&ctl->out, CTL_BOLD, "%s, the next %lld days\n",
		worker[0] ? worker : "the fleet", (long long)ctl_int(data, "days"));
	if (strcmp(ctl_str(data, "basis"), "nothing") != 0) {
		t = ctl_table_new(columns, NV_LEN(columns));
		row(t, "revenue", data, "revenue", currency);
		row(t, "cost", data, "cost", currency);
		row(t, "profit", data, "profit", currency);
		ctl_table_print(t, &ctl->out, "");
		ctl_print(&ctl->out, CTL_PLAIN,
			"%s of the revenue come of money that is spent already; ",
			ctl_money(data, "of_money_already_spent", currency, buf));
		ctl_print(&ctl->out, CTL_PLAIN, "refunds expected: %s\n",
			ctl_money(data, "refunds_expected", currency, buf));
	}
	ctl_print(&ctl->out, CTL_DIM, "%s\n", ctl_str(data, "text"));
}

int
ctl_verb_forecast(struct ctl *ctl)
{
	const char *worker = ctl->args.words[0];
	struct nv_err err = {0};
	json_t *data = NULL;
	int64_t days;

	if (ctl_opt_number(&ctl->args, "days", 1, 366, 7, &days, &err) < 0)
		return ctl_fail_err(&ctl->out, NV_EXIT_USAGE, &err);
	json_t *args =
		json_pack("{s:I, s:s*}", "days", (json_int_t)days, "worker", worker);

	if (!args)
		return ctl_fail(&ctl->out, NV_EXIT_USAGE, "the name is not UTF-8");
	int code = ctl_ask(ctl, "forecast", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->args.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	show(ctl, data);
	json_decref(data);
	return NV_EXIT_OK;
}
