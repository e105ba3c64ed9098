/* prices: what tokens of a language model cost. */
#include "engine_client.h"
#include "value.h"
#include "verbs.h"

#include <string.h>

static void
show_model(struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {
		{"TOKENS", false}, {"A MILLION", true}, {"", false}};
	const char *currency = ctl_str(data, "currency");
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	ctl_print(&ctl->out, CTL_BOLD, "%s of %s\n", ctl_str(data, "entry"),
		ctl_str(data, "provider"));
	json_array_foreach(ctl_sub(data, "prices"), i, row)
	{
		size_t k;
		json_t *tier;

		ctl_cell(t, CTL_PLAIN, ctl_str(row, "what"));
		ctl_cell(t, CTL_BOLD, ctl_money(row, "per_million", currency, buf));
		ctl_cell(t, CTL_PLAIN, " ");
		json_array_foreach(ctl_sub(row, "tiers"), k, tier)
		{
			ctl_cell(t, CTL_PLAIN, ctl_str(row, "what"));
			ctl_cell(t, CTL_BOLD,
				ctl_money(tier, "per_million", currency, buf));
			ctl_cellf(t, CTL_DIM, "all of them, above %s of input",
				ctl_count(tier, "above", buf));
		}
	}
	ctl_table_print(t, &ctl->out,
		ctl_true(data, "free") ? "listed without a price" : "no price");
	if (strcmp(ctl_str(data, "per_1000_requests"), "0.00") != 0)
		ctl_print(&ctl->out, CTL_PLAIN, "and %s for a thousand requests\n",
			ctl_money(data, "per_1000_requests", currency, buf));
}

static void
show_table(struct ctl *ctl, const json_t *data)
{
	static const struct ctl_column columns[] = {
		{"PROVIDER", false}, {"MODELS", true}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	char buf[CTL_VALUE_BYTES];
	size_t i;
	json_t *row;

	json_array_foreach(ctl_sub(data, "providers"), i, row)
	{
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "provider"));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "models", buf));
	}
	ctl_table_print(t, &ctl->out, "nobody");
	ctl_print(&ctl->out, CTL_DIM, "%s\n", ctl_str(data, "table"));
}

int
ctl_verb_prices(struct ctl *ctl)
{
	static const char *const options[] = {"provider", "at"};
	const char *model = ctl->args.words[0];
	json_t *args = ctl_need(json_object());
	json_t *data = NULL;

	if (model)
		(void)json_object_set_new(args, "model", ctl_need(json_string(model)));
	for (size_t i = 0; i < NV_LEN(options); i++) {
		const char *text = ctl_opt(&ctl->args, options[i]);

		if (text)
			(void)json_object_set_new(
				args, options[i], ctl_need(json_string(text)));
	}
	int code = ctl_ask(ctl, "prices", args, &data);

	if (code != NV_EXIT_OK)
		return code;
	if (ctl->out.json) {
		ctl_json(&ctl->out, data);
		return NV_EXIT_OK;
	}
	if (model)
		show_model(ctl, data);
	else
		show_table(ctl, data);
	json_decref(data);
	return NV_EXIT_OK;
}
