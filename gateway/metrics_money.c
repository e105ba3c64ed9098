/* Metrics of money and tokens. Counters are in the money's own currency, as it was
 * booked: they never fall, whatever rates or corrections come. What was taken back (a
 * correction, a dispute that was won) is a counter of its own. Gauges are in the base
 * currency, at today's rates. */
#include "metrics.h"

#include "nv_clock.h"

#include <string.h>

#define PPM 1000000

static const char *
text(const json_t *o, const char *key)
{
	const char *value = json_string_value(json_object_get(o, key));

	return value ? value : "";
}

static const char *
text_at(const json_t *row, size_t i)
{
	const char *value = json_string_value(json_array_get(row, i));

	return value ? value : "";
}

static const struct amount {
	const char *key;
	const char *name;
	const char *help;
	bool always; /* also when there is none: its first is an increase, too */
} amounts[] = {
	{"cost", "nova_cost",
		"Costs booked, by the currency they were in, since ever. What was taken "
		"back "
		"is nova_taken_back_total.",
		true},
	{"revenue", "nova_revenue",
		"Revenue booked, likewise; refunds are not taken off.", true},
	{"refunds", "nova_refunds", "Refunds booked, likewise.", true},
	{"disputes", "nova_disputes", "Disputed money booked, likewise.", true},
	{"fees", "nova_fees", "Fees of platforms booked, likewise.", true},
	{"payouts", "nova_payouts", "Payouts booked, likewise.", false},
	{"grants", "nova_grants", "Budget granted, likewise.", false},
};

static bool
is_zero(const char *amount)
{
	return amount[strspn(amount, "0.")] == '\0';
}

/* ---- workers ---- */

/* Of one worker: every currency it has, and the base one. */
static void
put_amount(struct gw_text *t, const struct amount *a, const char *worker,
	const json_t *money, const char *base)
{
	const char *currency;
	json_t *of;

	if (a->always && !json_object_get(money, base))
		gw_text_sample(t, GW_WITH({"worker", worker}, {"currency", base}), "0");
	json_object_foreach((json_t *)(uintptr_t)money, currency, of)
	{
		const json_t *pair = json_object_get(of, a->key);

		if (pair || a->always)
			gw_text_sample(t,
				GW_WITH({"worker", worker}, {"currency", currency}),
				pair ? text_at(pair, 0) : "0");
	}
}

static void
put_taken_back(struct gw_text *t, const char *worker, const json_t *money)
{
	const char *currency;
	json_t *of;

	json_object_foreach((json_t *)(uintptr_t)money, currency, of)
	{
		for (size_t k = 0; k < NV_LEN(amounts); k++) {
			const char *back =
				text_at(json_object_get(of, amounts[k].key), 1);

			if (*back && !is_zero(back))
				gw_text_sample(t,
					GW_WITH({"worker", worker},
						{"currency", currency},
						{"of", amounts[k].key}),
					back);
		}
	}
}

/* What belongs to no worker has the name "". */
static void
put_counters(struct gw_text *t, const json_t *engine)
{
	const json_t *workers = json_object_get(engine, "workers");
	const json_t *nobody =
		json_object_get(json_object_get(engine, "counts"), "unassigned");
	const char *base = text(engine, "currency");
	size_t i;
	const json_t *row;

	for (size_t k = 0; k < NV_LEN(amounts); k++) {
		gw_text_family(t, amounts[k].name, GW_COUNTER, amounts[k].help);
		json_array_foreach(workers, i, row) put_amount(t, &amounts[k],
			text(row, "worker"), json_object_get(row, "money"), base);
		if (json_object_size(nobody) > 0)
			put_amount(t, &amounts[k], "", nobody, base);
	}
	gw_text_family(t, "nova_taken_back", GW_COUNTER,
		"Money that was booked and taken back (corrections, disputes won): take "
		"it off "
		"the counter that `of` names. Since ever.");
	json_array_foreach(workers, i, row)
		put_taken_back(t, text(row, "worker"), json_object_get(row, "money"));
	put_taken_back(t, "", nobody);
}

static void
put_gauge(struct gw_text *t, const json_t *engine, const char *key, const char *name,
	const char *help)
{
	const char *base = text(engine, "currency");
	size_t i;
	const json_t *row;

	gw_text_family(t, name, GW_GAUGE, help);
	json_array_foreach(json_object_get(engine, "workers"), i, row) gw_text_sample(t,
		GW_WITH({"worker", text(row, "worker")}, {"currency", base}),
		text(row, key));
}

static void
put_workers(struct gw_text *t, const json_t *engine)
{
	size_t i;
	const json_t *row;

	put_gauge(t, engine, "cost", "nova_worker_cost",
		"What it has cost since ever, corrections taken off, in the base "
		"currency at "
		"today's rates.");
	put_gauge(t, engine, "net_revenue", "nova_worker_net_revenue",
		"Revenue less refunds, disputes and fees, likewise.");
	put_gauge(t, engine, "profit", "nova_worker_profit",
		"Net revenue less cost, likewise.");
	gw_text_family(t, "nova_worker_roi_ratio", GW_GAUGE,
		"Profit by cost since ever (1 = 100%); left out where nothing was "
		"spent.");
	json_array_foreach(json_object_get(engine, "workers"), i, row)
	{
		const json_t *ppm = json_object_get(row, "roi_ppm");

		if (json_is_integer(ppm))
			gw_text_scaled(t, GW_WITH({"worker", text(row, "worker")}),
				json_integer_value(ppm), PPM);
	}
}

/* ---- the fleet ---- */

static void
put_windows(struct gw_text *t, const json_t *engine)
{
	static const struct {
		const char *key;
		const char *name;
		const char *help;
	} figures[] = {
		{"cost", "nova_fleet_cost",
			"Cost of the fleet today (since midnight of the configured zone) "
			"and in "
			"the last days, in the base currency at today's rates."},
		{"revenue", "nova_fleet_revenue", "Revenue, likewise."},
		{"net_revenue", "nova_fleet_net_revenue",
			"Revenue less refunds, disputes and fees, likewise."},
		{"profit", "nova_fleet_profit", "Net revenue less cost, likewise."},
	};
	json_t *windows = json_object_get(engine, "windows");
	const char *window;
	json_t *row;

	for (size_t k = 0; k < NV_LEN(figures); k++) {
		gw_text_family(t, figures[k].name, GW_GAUGE, figures[k].help);
		json_object_foreach(windows, window, row) gw_text_sample(t,
			GW_WITH({"window", window},
				{"currency", text(engine, "currency")}),
			text(row, figures[k].key));
	}
	gw_text_family(t, "nova_fleet_roi_ratio", GW_GAUGE,
		"Profit by cost of the fleet (1 = 100%); left out where nothing was "
		"spent.");
	json_object_foreach(windows, window, row)
	{
		const json_t *ppm = json_object_get(row, "roi_ppm");

		if (json_is_integer(ppm))
			gw_text_scaled(t, GW_WITH({"window", window}),
				json_integer_value(ppm), PPM);
	}
}

/* Rows [name, currency, taken back, amount]. */
static void
put_named(struct gw_text *t, const json_t *rows, const char *label, bool back)
{
	size_t i;
	const json_t *row;

	json_array_foreach(rows, i, row) if (json_is_true(json_array_get(row, 2)) == back)
		gw_text_sample(t,
			GW_WITH({label, text_at(row, 0)}, {"currency", text_at(row, 1)}),
			text_at(row, 3));
}

static void
put_categories(struct gw_text *t, const json_t *counts)
{
	static const struct {
		const char *key;
		const char *label;
		const char *name;
		const char *help;
		bool back;
	} families[] = {
		{"categories", "category", "nova_cost_by_category",
			"Costs booked by category, since ever; the first 100 categories, "
			"then "
			"_other.",
			false},
		{"categories", "category", "nova_cost_by_category_taken_back",
			"Of them, what was taken back.", true},
		{"sources", "source", "nova_revenue_by_source",
			"Revenue booked by source, since ever; the first 100 sources, "
			"then "
			"_other.",
			false},
		{"sources", "source", "nova_revenue_by_source_taken_back",
			"Of it, what was taken back.", true},
	};

	for (size_t k = 0; k < NV_LEN(families); k++) {
		gw_text_family(t, families[k].name, GW_COUNTER, families[k].help);
		put_named(t, json_object_get(counts, families[k].key), families[k].label,
			families[k].back);
	}
}

/* ---- tokens ---- */

#define PROVIDER "gen_ai_provider_name"
#define MODEL    "gen_ai_request_model"

/* Rows [provider, model, n]. */
static void
put_calls(struct gw_text *t, const json_t *rows, const char *name, const char *help)
{
	size_t i;
	const json_t *row;

	gw_text_family(t, name, GW_COUNTER, help);
	json_array_foreach(rows, i, row) gw_text_scaled(t,
		GW_WITH({PROVIDER, text_at(row, 0)}, {MODEL, text_at(row, 1)}),
		json_integer_value(json_array_get(row, 2)), 1);
}

/* Rows [provider, model, type, n]: those of the cache are among the input ones. */
static void
put_tokens(struct gw_text *t, const json_t *rows, bool cache)
{
	size_t i;
	const json_t *row;

	json_array_foreach(rows, i, row)
	{
		const char *type = text_at(row, 2);

		if ((strncmp(type, "cache_", 6) == 0) == cache)
			gw_text_scaled(t,
				GW_WITH({PROVIDER, text_at(row, 0)},
					{MODEL, text_at(row, 1)},
					{"gen_ai_token_type", type}),
				json_integer_value(json_array_get(row, 3)), 1);
	}
}

static void
put_models(struct gw_text *t, const json_t *counts)
{
	size_t i;
	const json_t *row;

	gw_text_family(t, "gen_ai_client_token_usage", GW_COUNTER,
		"Tokens as workers have said them (OpenTelemetry's "
		"gen_ai.usage.input_tokens "
		"and output_tokens), since ever; the first 100 models, then _other.");
	put_tokens(t, json_object_get(counts, "tokens"), false);
	gw_text_family(t, "gen_ai_client_cache_token_usage", GW_COUNTER,
		"Of the input tokens, those that were read from or written to a cache.");
	put_tokens(t, json_object_get(counts, "tokens"), true);
	put_calls(t, json_object_get(counts, "usage"), "gen_ai_client_usage_events",
		"Events with token usage, since ever.");
	put_calls(t, json_object_get(counts, "unpriced"), "gen_ai_client_usage_unpriced",
		"Of them, those of models without a price: they are in no cost.");
	gw_text_family(t, "gen_ai_client_usage_cost", GW_COUNTER,
		"What token usage has cost by the price table, before corrections, since "
		"ever.");
	/* [provider, model, currency, taken back, amount] */
	json_array_foreach(json_object_get(counts, "llm"), i, row) gw_text_sample(t,
		GW_WITH({PROVIDER, text_at(row, 0)}, {MODEL, text_at(row, 1)},
			{"currency", text_at(row, 2)}),
		text_at(row, 4));
}

void
gw_metrics_put_money(struct gw_text *t, const struct gw_scrape *s)
{
	const json_t *counts = json_object_get(s->engine, "counts");

	if (!s->engine)
		return;
	put_windows(t, s->engine);
	put_workers(t, s->engine);
	if (!json_is_object(counts))
		return;
	put_counters(t, s->engine);
	put_categories(t, counts);
	put_models(t, counts);
}
