/* The verb `prices`: what would be paid for tokens, by the very table and rules that
 * price usage. */
#include "api.h"
#include "price.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <string.h>

#define NAME_BYTES_MAX 190

static const char *const token_names[ENG_TOK_COUNT] = {
	[ENG_TOK_INPUT] = "input",
	[ENG_TOK_CACHE_READ] = "read from the cache",
	[ENG_TOK_CACHE_WRITE] = "written to the cache",
	[ENG_TOK_OUTPUT] = "output",
	[ENG_TOK_INPUT_AUDIO] = "audio input",
	[ENG_TOK_OUTPUT_AUDIO] = "audio output",
};

static json_t *
show_rate(const char *what, const struct eng_token_rate *rate)
{
	json_t *tiers = json_array();

	for (size_t i = 0; i < rate->n_tiers; i++)
		(void)json_array_append_new(tiers,
			json_pack("{s:I,s:o}", "above", (json_int_t)rate->tiers[i].start,
				"per_million", nv_json_money(rate->tiers[i].nano)));
	return json_pack("{s:s,s:o,s:o}", "what", what, "per_million",
		nv_json_money(rate->nano), "tiers", tiers);
}

static json_t *
show_model(const struct eng_price_hit *hit, const char *asked, int64_t at_ns)
{
	const struct eng_rates *r = eng_rates_at(hit->model, at_ns);
	json_t *prices = json_array();

	for (unsigned i = 0; i < ENG_TOK_COUNT; i++) {
		if (r->tokens[i].known)
			(void)json_array_append_new(
				prices, show_rate(token_names[i], &r->tokens[i]));
	}
	return json_pack("{s:o,s:s,s:s,s:o,s:o,s:b}", "model", nv_json_str(asked),
		"provider", hit->provider->id, "entry", hit->model->id, "prices", prices,
		"per_1000_requests", nv_json_money(r->per_1000_requests_nano), "free",
		r->free);
}

static json_t *
show_table(const struct eng_price *price)
{
	json_t *list = json_array();
	size_t models = 0;

	for (size_t i = 0; i < price->n_providers; i++) {
		const struct eng_provider *p = &price->providers[i];

		models += p->n_models;
		(void)json_array_append_new(
			list, json_pack("{s:s,s:I}", "provider", p->id, "models",
				      (json_int_t)p->n_models));
	}
	return json_pack("{s:o,s:I}", "providers", list, "models", (json_int_t)models);
}

/* "2026-11-22" or a whole RFC 3339 time. */
static int
take_at(struct eng_call *call, int64_t *ret_ns)
{
	const char *text = NULL;
	char whole[NV_RFC3339_BYTES];
	int rc = nv_json_get_str(call->args, "at", sizeof whole - 1, &text, &call->err);

	if (rc == -ENOENT)
		return 0;
	if (rc < 0)
		return rc;
	(void)snprintf(whole, sizeof whole, "%s%s", text,
		strlen(text) == 10 ? "T00:00:00Z" : "");
	if (nv_rfc3339_parse(whole, strlen(whole), ret_ns) < 0)
		return nv_err_set(&call->err, -EINVAL,
			"at: expected a date such as 2026-11-22, or an RFC 3339 time");
	return 0;
}

int
eng_verb_prices(struct eng_call *call)
{
	const struct eng_price *price = call->eng->price;
	const char *model = NULL;
	const char *provider = NULL;
	int64_t at_ns = call->now_ns;
	int rc = nv_json_get_str(call->args, "model", NAME_BYTES_MAX, &model, &call->err);

	if (rc == 0 || rc == -ENOENT)
		rc = nv_json_get_str(
			call->args, "provider", NV_NAME_MAX, &provider, &call->err);
	if (rc == 0 || rc == -ENOENT)
		rc = take_at(call, &at_ns);
	if (rc < 0)
		return rc;
	if (!price)
		return nv_err_set(&call->err, -ENOENT, "%s",
			call->eng->price_problem[0]
				? call->eng->price_problem
				: "there is no price table: prices.table in nova.yaml");
	if (model) {
		const struct eng_usage u = {.provider = provider,
			.provider_bytes = provider ? strlen(provider) : 0,
			.model = model,
			.model_bytes = strlen(model)};
		const struct eng_price_hit *hit = eng_price_find(price, &u);

		if (!hit || !hit->model)
			return nv_err_set(&call->err, -ENOENT,
				"no price is known for %s: what is used of it is "
				"unpriced",
				model);
		call->data = show_model(hit, model, at_ns);
	} else {
		call->data = show_table(price);
	}
	if (!call->data ||
		json_object_set_new(call->data, "table",
			nv_json_str(call->eng->config->price_table)) < 0 ||
		json_object_set_new(call->data, "currency", json_string("USD")) < 0 ||
		json_object_set_new(call->data, "at", nv_json_time(at_ns)) < 0)
		return -ENOMEM;
	return 0;
}
