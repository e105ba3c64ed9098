/* What the decision core thinks of each worker (`autonomous run`), and whether what it
 * says comes true (`decisions calibration`). */
#include "engine_client.h"
#include "judgement.h"
#include "table.h"
#include "value.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

static double
number(const json_t *o, const char *key)
{
	return json_number_value(json_object_get(o, key));
}

static void
print_fleet(const struct ctl *ctl, const json_t *data)
{
	const json_t *fleet = json_object_get(data, "fleet");
	const char *currency = ctl_str(data, "currency");
	char plan[CTL_VALUE_BYTES];
	char budget[CTL_VALUE_BYTES];

	if (json_is_number(json_object_get(fleet, "shadow_price")))
		ctl_print(&ctl->out, CTL_PLAIN,
			"The next %s of budget would return %.2f%s%s.\n", currency,
			number(fleet, "shadow_price"),
			ctl_str(fleet, "next_best")[0] ? ", at " : "",
			ctl_str(fleet, "next_best"));
	ctl_print(&ctl->out, CTL_PLAIN, "What runs costs %s a day, of %s. Policy: %s.\n",
		ctl_money(fleet, "plan_per_day", currency, plan),
		ctl_money(fleet, "budget", currency, budget), ctl_str(data, "policy"));
}

bool
ctl_print_judgements(const struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {{"WORKER", false}, {"TYPE", false},
		{"STATE", false}, {"RETURNS", true}, {"NEXT STEP", true},
		{"P(<KILL)", true}, {"P(>SCALE)", true}, {"VOLUME", true},
		{"COST/DAY", true}, {"REASON", false}};
	const json_t *rows = json_object_get(data, "decisions");
	struct ctl_table *t;
	size_t i;
	json_t *row;

	if (!json_object_get(json_array_get(rows, 0), "judgement"))
		return false;
	t = ctl_table_new(columns, NV_LEN(columns));
	json_array_foreach(rows, i, row)
	{
		const json_t *j = json_object_get(row, "judgement");
		char buf[CTL_VALUE_BYTES];

		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "type"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "state"));
		ctl_cellf(t, CTL_PLAIN, "%.2f", number(j, "multiple"));
		ctl_cellf(t, CTL_PLAIN, "%.2f", number(j, "marginal"));
		ctl_cellf(t, CTL_PLAIN, "%.1f%%", 100. * number(j, "p_below_kill"));
		ctl_cellf(t, CTL_PLAIN, "%.1f%%", 100. * number(j, "p_above_scale"));
		ctl_cellf(t, CTL_PLAIN, "%.3g", number(j, "volume"));
		ctl_cell(t, CTL_PLAIN,
			ctl_money(j, "cost_per_day", ctl_str(data, "currency"), buf));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "reason"));
	}
	ctl_table_print(t, &ctl->out, "nothing to decide");
	print_fleet(ctl, data);
	return true;
}

/* ---- calibration ---- */

static void
print_bins(const struct ctl *ctl, const json_t *bins)
{
	static const struct ctl_column columns[] = {{"STATED", true}, {"CLAIMS", true},
		{"CAME TRUE", true}, {"RATE", true}, {"95%", false}, {"AGREES", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *b;

	json_array_foreach(bins, i, b)
	{
		bool agrees = ctl_true(b, "agrees");

		ctl_cellf(t, CTL_PLAIN, "%.0f%%", 100. * number(b, "stated"));
		ctl_cellf(t, CTL_PLAIN, "%lld", (long long)ctl_int(b, "claims"));
		ctl_cellf(t, CTL_PLAIN, "%lld", (long long)ctl_int(b, "came_true"));
		ctl_cellf(t, CTL_PLAIN, "%.0f%%", 100. * number(b, "rate"));
		ctl_cellf(t, CTL_PLAIN, "%.0f%% to %.0f%%", 100. * number(b, "low"),
			100. * number(b, "high"));
		ctl_cell(t, agrees ? CTL_GREEN : CTL_RED, agrees ? "yes" : "no");
	}
	ctl_table_print(t, &ctl->out, "no claim has been held against what came yet");
}

static void
print_calibration(const struct ctl *ctl, const json_t *d)
{
	long long claims = (long long)ctl_int(d, "claims");
	const char *verdict = ctl_str(d, "verdict");

	print_bins(ctl, json_object_get(d, "bins"));
	ctl_print(&ctl->out, CTL_PLAIN,
		"%lld claim%s, %lld came true; %lld wait for their outcome, %lld could "
		"not be measured.\n",
		claims, claims == 1 ? "" : "s", (long long)ctl_int(d, "came_true"),
		(long long)ctl_int(d, "waiting"),
		(long long)ctl_int(d, "not_measurable"));
	if (claims < ctl_int(d, "needed"))
		ctl_print(&ctl->out, CTL_YELLOW,
			"Too few to say anything: it takes %lld.\n",
			(long long)ctl_int(d, "needed"));
	else
		ctl_print(&ctl->out, CTL_PLAIN,
			"Stated %.0f%%, came true %.0f%%: %s. Brier score %.3f (%.3f for "
			"who always says the rate).\n",
			100. * number(d, "stated"), 100. * number(d, "rate"), verdict,
			number(d, "brier"), number(d, "brier_base"));
}

int
ctl_calibration(struct ctl *ctl)
{
	json_t *data = NULL;
	int code = ctl_ask(ctl, "decisions.calibration", NULL, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
	} else {
		print_calibration(ctl, data);
		json_decref(data);
	}
	return NV_EXIT_OK;
}
