/* Token usage -> cost. Every product is exact: tokens times a price per million at scale
 * 10^-9 fits 128 bits; the sum is divided by a million once, rounded half to even.
 *
 * How models are found is the table's own rule: the provider by its id, else by its
 * match, else (no provider named) the first one whose model match fits; then the
 * first model of it that matches, then those of the providers it falls back to. */
#include "price.h"
#include "report.h"

#include "nv_clock.h"
#include "nv_log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MILLION     1000000
#define SEARCH_NANO 10000000 /* platform.claude.com, web search: 10 USD per 1,000 */
#define TOKENS_MAX  UINT64_C(1000000000000000)

/* Provider names of the OpenTelemetry convention that the table has another id for and
 * does not recognise, or would take for somebody else's. */
static const char *const aliases[][2] = {
	{"azure.ai.openai", "azure"},
	{"azure.ai.inference", "azure"},
	{"az.ai.openai", "azure"},
	{"az.ai.inference", "azure"},
	{"gcp.gen_ai", "google"},
	{"x_ai", "x-ai"},
};

bool
eng_clause_match(const struct eng_clause *c, const char *text)
{
	size_t have = strlen(text);
	const char *wanted = c->text ? c->text : "";
	size_t want = strlen(wanted);

	switch (c->kind) {
	case ENG_CLAUSE_EQUALS:
		return strcmp(text, wanted) == 0;
	case ENG_CLAUSE_STARTS:
		return strncmp(text, wanted, want) == 0;
	case ENG_CLAUSE_ENDS:
		return have >= want && strcmp(text + have - want, wanted) == 0;
	case ENG_CLAUSE_CONTAINS:
		return strstr(text, wanted) != NULL;
	case ENG_CLAUSE_REGEX:
		return regexec(c->regex, text, 0, NULL, 0) == 0;
	case ENG_CLAUSE_OR:
		for (size_t i = 0; i < c->n; i++) {
			if (eng_clause_match(&c->list[i], text))
				return true;
		}
		return false;
	case ENG_CLAUSE_AND:
		for (size_t i = 0; i < c->n; i++) {
			if (!eng_clause_match(&c->list[i], text))
				return false;
		}
		return true;
	}
	return false;
}

/* ---- finding ---- */

static const struct eng_provider *
provider_by_id(const struct eng_price *price, const char *id)
{
	for (size_t i = 0; i < price->n_providers; i++) {
		if (strcmp(price->providers[i].id, id) == 0)
			return &price->providers[i];
	}
	return NULL;
}

static const struct eng_provider *
find_provider(const struct eng_price *price, const char *name, const char *model)
{
	for (size_t i = 0; i < NV_LEN(aliases); i++) {
		if (strcmp(name, aliases[i][0]) == 0)
			name = aliases[i][1];
	}
	if (name[0]) {
		const struct eng_provider *exact = provider_by_id(price, name);

		if (exact)
			return exact;
	}
	for (size_t i = 0; i < price->n_providers; i++) {
		const struct eng_provider *p = &price->providers[i];

		if (name[0] ? p->has_provider_match &&
					eng_clause_match(&p->provider_match, name)
			    : p->has_model_match &&
					eng_clause_match(&p->model_match, model))
			return p;
	}
	return NULL;
}

static const struct eng_model *
model_of(const struct eng_provider *p, const char *model)
{
	for (size_t i = 0; i < p->n_models; i++) {
		if (eng_clause_match(&p->models[i].match, model))
			return &p->models[i];
	}
	return NULL;
}

static const struct eng_model *
find_model(const struct eng_price *price, const struct eng_provider *p, const char *model)
{
	const struct eng_model *m = model_of(p, model);

	for (size_t i = 0; !m && i < p->n_fallbacks; i++) {
		const struct eng_provider *other = provider_by_id(price, p->fallbacks[i]);

		if (other)
			m = model_of(other, model);
	}
	return m;
}

/* As it is written first; the table's names are mostly lower case. */
static void
look_up(const struct eng_price *price, const char *provider, const char *model,
	struct eng_price_hit *hit)
{
	char lower[ENG_PRICE_KEY_BYTES];
	size_t i = 0;

	for (; i < sizeof lower - 1 && model[i]; i++)
		lower[i] = (char)(model[i] >= 'A' && model[i] <= 'Z' ? model[i] + 32
								     : model[i]);
	lower[i] = '\0';
	const char *const names[] = {model, lower};

	for (i = 0; i < NV_LEN(names); i++) {
		hit->provider = find_provider(price, provider, names[i]);
		hit->model =
			hit->provider ? find_model(price, hit->provider, names[i]) : NULL;
		if (hit->model)
			return;
	}
}

/* Trimmed, lower case when asked. False when it does not fit: no name is that long. */
static bool
take_name(char *out, size_t out_bytes, const char *text, size_t bytes, bool lower)
{
	while (bytes > 0 && text[0] == ' ') {
		text++;
		bytes--;
	}
	while (bytes > 0 && text[bytes - 1] == ' ')
		bytes--;
	if (bytes >= out_bytes || memchr(text, '\0', bytes))
		return false;
	for (size_t i = 0; i < bytes; i++)
		out[i] = (char)(lower && text[i] >= 'A' && text[i] <= 'Z' ? text[i] + 32
									  : text[i]);
	out[bytes] = '\0';
	return true;
}

/* Matching goes through hundreds of patterns, and workers use few models: so names seen
 * before are remembered. */
const struct eng_price_hit *
eng_price_find(const struct eng_price *price, const struct eng_usage *u)
{
	char key[ENG_PRICE_KEY_BYTES] = "";
	uint32_t h = 2166136261U;

	if (!take_name(key, 80, u->provider ? u->provider : "",
		    u->provider ? u->provider_bytes : 0, true))
		return NULL;
	size_t provider_bytes = strlen(key) + 1;

	if (!take_name(key + provider_bytes, sizeof key - provider_bytes, u->model,
		    u->model_bytes, false))
		return NULL;
	size_t bytes = provider_bytes + strlen(key + provider_bytes);

	for (size_t i = 0; i < bytes; i++)
		h = (h ^ (uint8_t)key[i]) * 16777619U;
	struct eng_price_hit *hit = &price->cache[h % ENG_PRICE_CACHE_SLOTS];

	if (hit->key_bytes != bytes || memcmp(hit->key, key, bytes) != 0) {
		*hit = (struct eng_price_hit){.key_bytes = bytes};
		memcpy(hit->key, key, bytes);
		look_up(price, key, key + provider_bytes, hit);
	}
	return hit;
}

/* ---- pricing ---- */

static bool
in_force(const struct eng_rates *r, int64_t at_ns)
{
	int64_t second = at_ns / NV_NS_PER_SEC % 86400;

	switch (r->when) {
	case ENG_WHEN_ALWAYS:
		return true;
	case ENG_WHEN_FROM_DATE:
		return at_ns >= r->from_ns;
	case ENG_WHEN_HOURS:
		return second >= r->start_s && second < r->end_s;
	}
	return false;
}

const struct eng_rates *
eng_rates_at(const struct eng_model *m, int64_t at_ns)
{
	for (size_t i = m->n_rates; i-- > 0;) {
		if (in_force(&m->rates[i], at_ns))
			return &m->rates[i];
	}
	return &m->rates[0];
}

/* Tokens of one kind in 10^-15 of a dollar. False: used, but without a price. */
static bool
add_tokens(const struct eng_token_rate *rate, uint64_t tokens, uint64_t input_tokens,
	nv_i128 *sum)
{
	int64_t nano = rate->nano;

	if (tokens == 0)
		return true;
	if (!rate->known)
		return false;
	for (size_t i = 0; i < rate->n_tiers; i++) {
		/* The size of the whole input decides, and for all its tokens. */
		if (input_tokens > rate->tiers[i].start)
			nano = rate->tiers[i].nano;
	}
	*sum += (nv_i128)tokens * nano;
	return true;
}

static const struct eng_token_rate *
cache_rate(const struct eng_rates *r, enum eng_token kind)
{
	/* Without a price of their own cached tokens are input like any other. */
	return r->tokens[kind].known ? &r->tokens[kind] : &r->tokens[ENG_TOK_INPUT];
}

/* What an hour in the cache costs is no column of the table: Anthropic asks twice the
 * price of input for it (docs.anthropic.com, prompt caching), and nobody else has it. */
static bool
add_hour_writes(const struct eng_rates *r, uint64_t tokens, uint64_t input, nv_i128 *sum)
{
	nv_i128 once = 0;

	if (!add_tokens(&r->tokens[ENG_TOK_INPUT], tokens, input, &once))
		return false;
	*sum += 2 * once;
	return true;
}

/* What a service tier does to the price of tokens: they are divided by it; 0: nobody
 * knows, since the vendor's price for it is in no table. Batches cost half at both
 * vendors, OpenAI's flex too. */
static unsigned
tier_divisor(const struct eng_usage *u, const char *provider)
{
	static const struct {
		const char *tier;
		const char *provider; /* NULL: anybody's */
		unsigned divisor;
	} tiers[] = {
		{"standard", NULL, 1},
		{"default", NULL, 1},
		{"auto", NULL, 1},
		{"on_demand", "groq", 1},
		{"batch", "anthropic", 2},
		{"batch", "openai", 2},
		{"flex", "openai", 2},
	};

	if (!u->tier || u->tier_bytes == 0)
		return 1;
	for (size_t i = 0; i < NV_LEN(tiers); i++) {
		if (strlen(tiers[i].tier) == u->tier_bytes &&
			memcmp(tiers[i].tier, u->tier, u->tier_bytes) == 0 &&
			(!tiers[i].provider || strcmp(tiers[i].provider, provider) == 0))
			return tiers[i].divisor;
	}
	return 0;
}

/* sum / divisor, half to even; -1 when it does not fit an event. */
static int64_t
half_even(nv_i128 sum, nv_i128 divisor)
{
	nv_i128 whole = sum / divisor;
	nv_i128 rest = sum % divisor;

	if (2 * rest > divisor || (2 * rest == divisor && whole % 2 == 1))
		whole++;
	return whole > NV_MONEY_MAX ? -1 : (int64_t)whole;
}

static bool
in_range(const struct eng_usage *u)
{
	const uint64_t all[] = {u->input_tokens, u->output_tokens, u->cache_read_tokens,
		u->cache_write_tokens, u->cache_write_1h_tokens, u->input_audio_tokens,
		u->output_audio_tokens, u->searches};

	for (size_t i = 0; i < NV_LEN(all); i++) {
		if (all[i] > TOKENS_MAX)
			return false;
	}
	return true;
}

/* All tokens, in 10^-15 of a dollar. False: something was used that has no price. */
static bool
add_all(const struct eng_rates *r, const struct eng_usage *u, nv_i128 *sum)
{
	uint64_t cached =
		u->cache_read_tokens + u->cache_write_tokens + u->cache_write_1h_tokens;
	/* By the convention input includes the cached tokens. Fewer input than cached
	 * ones means a writer who counts them apart. */
	uint64_t fresh =
		cached <= u->input_tokens ? u->input_tokens - cached : u->input_tokens;
	uint64_t input = fresh + cached;
	uint64_t audio_in = NV_MIN(u->input_audio_tokens, fresh);
	uint64_t audio_out = NV_MIN(u->output_audio_tokens, u->output_tokens);

	return add_tokens(&r->tokens[ENG_TOK_INPUT], fresh - audio_in, input, sum) &&
	       add_tokens(cache_rate(r, ENG_TOK_CACHE_READ), u->cache_read_tokens, input,
		       sum) &&
	       add_tokens(cache_rate(r, ENG_TOK_CACHE_WRITE), u->cache_write_tokens,
		       input, sum) &&
	       add_hour_writes(r, u->cache_write_1h_tokens, input, sum) &&
	       add_tokens(&r->tokens[ENG_TOK_INPUT_AUDIO], audio_in, input, sum) &&
	       add_tokens(&r->tokens[ENG_TOK_OUTPUT], u->output_tokens - audio_out, input,
		       sum) &&
	       add_tokens(&r->tokens[ENG_TOK_OUTPUT_AUDIO], audio_out, input, sum);
}

int
eng_price_usage(const struct eng_price *price, const struct eng_usage *u,
	int64_t *ret_nano, char ret_currency[NV_CURRENCY_BYTES],
	char ret_vendor[NV_NAME_MAX])
{
	const struct eng_price_hit *hit = price ? eng_price_find(price, u) : NULL;
	nv_i128 sum = 0;

	if (!hit || !hit->model)
		return -ENOENT;
	if (!in_range(u))
		return -ERANGE;
	const struct eng_rates *r = eng_rates_at(hit->model, u->at_ns);
	unsigned divisor = tier_divisor(u, hit->provider->id);

	if (divisor == 0)
		return -ENOENT;
	if (r->free) {
		/* Listed without a price: free if it says so, else not known. */
		if (!strstr(hit->model->id, "free"))
			return -ENOENT;
	} else if (!add_all(r, u, &sum)) {
		return -ENOENT;
	}
	/* Ten dollars for a thousand searches; the table has none. */
	if (u->searches > 0 && strcmp(hit->provider->id, "anthropic") != 0)
		return -ENOENT;
	sum += (nv_i128)divisor *
	       ((nv_i128)u->searches * SEARCH_NANO * MILLION +
		       (nv_i128)r->per_1000_requests_nano * (MILLION / 1000));
	int64_t nano = half_even(sum, (nv_i128)MILLION * divisor);

	if (nano < 0)
		return -ERANGE;
	*ret_nano = nano;
	(void)snprintf(ret_currency, NV_CURRENCY_BYTES, "USD");
	(void)snprintf(ret_vendor, NV_NAME_MAX, "%s", hit->provider->id);
	return 0;
}

/* ---- start and end ---- */

int
eng_price_open(struct eng *eng, struct nv_err *err)
{
	struct eng_price *price = NULL;

	if (eng->config->price_table) {
		int rc = eng_price_read(eng->config->price_table, &price, err);

		if (rc < 0) {
			(void)nv_err_string(
				err, eng->price_problem, sizeof eng->price_problem);
			return rc;
		}
	} else {
		nv_info("no price table: token usage is kept without a price");
	}
	eng_price_free(eng->price);
	eng->price = price;
	eng->price_problem[0] = '\0';
	return 0;
}

void
eng_price_close(struct eng *eng)
{
	eng_price_free(eng->price);
	eng->price = NULL;
}
