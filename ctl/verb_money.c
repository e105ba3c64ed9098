/* costs, revenue: the money, as the engine's ledger has it. */
#include "engine_client.h"
#include "report.h"
#include "verbs.h"

static int
show_money(struct ctl *ctl, const char *verb, const char *what)
{
	json_t *args = ctl_report_args(ctl);
	json_t *data = NULL;
	char head[CTL_VALUE_BYTES];
	int code = ctl_report_limit(ctl, "limit", args);

	if (code != NV_EXIT_OK) {
		json_decref(args);
		return code;
	}
	ctl_put_option(ctl, args, "by");
	code = ctl_ask(ctl, verb, args, &data);
	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	ctl_print_period(ctl, data);
	ctl_print_shares(ctl, data, "rows", what, ctl_head(ctl_str(data, "by"), head));
	ctl_print_rates(ctl, data);
	ctl_print_unconverted(&ctl->out, "total", data);
	json_decref(data);
	return NV_EXIT_OK;
}

int
ctl_verb_costs(struct ctl *ctl)
{
	return show_money(ctl, "costs", "cost");
}

int
ctl_verb_revenue(struct ctl *ctl)
{
	return show_money(ctl, "revenue", "revenue");
}
