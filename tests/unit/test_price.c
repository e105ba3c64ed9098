/* The price table: the whole of etc/prices, some prices of it calculated by hand, and
 * tables that must be refused. */
#include "nv_clock.h"
#include "price.h"
#include "run_suite.h"

#include <errno.h>
#include <string.h>

static struct eng_price *table;

static void
setup(void)
{
	struct nv_err err = {0};

	ck_assert_msg(
		eng_price_read(NOVA_SOURCE "/etc/prices/data.json", &table, &err) == 0,
		"%s:%u: %s", err.file, err.line, err.text);
}

static void
teardown(void)
{
	eng_price_free(table);
}

static const struct {
	const char *provider;
	const char *model;
	uint64_t input;
	uint64_t output;
	uint64_t cache_read;
	uint64_t cache_write;
	const char *at;
	const char *cost; /* NULL: no price */
	const char *vendor;
} cases[] = {
	/* 3 and 15 dollars per million */
	{"anthropic", "claude-3-5-sonnet-20241022", 1000000, 0, 0, 0, NULL, "3.00",
		"anthropic"},
	{"anthropic", "claude-3-5-sonnet-20241022", 1200, 350, 0, 0, NULL, "0.00885",
		"anthropic"},
	/* 0.25 and 1.25, cache 0.03 and 0.3; input includes the cached tokens */
	{"anthropic", "claude-3-haiku-20240307", 10000, 100, 8000, 1000, NULL, "0.000915",
		"anthropic"},
	/* written apart: fewer input than cached tokens */
	{"anthropic", "claude-3-haiku-20240307", 1000, 100, 8000, 1000, NULL, "0.000915",
		"anthropic"},
	/* no provider: the model's name tells it */
	{NULL, "claude-3-haiku-20240307", 1000000, 0, 0, 0, NULL, "0.25", "anthropic"},
	{NULL, "gpt-4o-mini", 1000000, 1000000, 0, 0, NULL, "0.75", "openai"},
	{"OpenAI", " gpt-4o-mini ", 1000000, 0, 0, 0, NULL, "0.15", "openai"},
	/* providers of the telemetry convention, through a fallback */
	{"azure.ai.openai", "gpt-4o", 1000000, 0, 0, 0, NULL, "2.50", "azure"},
	{"gcp.gemini", "gemini-1.5-flash", 128000, 0, 0, 0, NULL, "0.0096", "google"},
	/* the tier: above 128,000 input tokens all of them cost twice as much */
	{"google", "gemini-1.5-flash", 128001, 0, 0, 0, NULL, "0.01920015", "google"},
	{"google", "gemini-1.5-flash", 128001, 1000000, 0, 0, NULL, "0.61920015",
		"google"},
	/* dates: o3 became cheaper on 2025-06-10 */
	{"openai", "o3", 1000000, 0, 0, 0, "2025-06-09T23:59:59Z", "10.00", "openai"},
	{"openai", "o3", 1000000, 0, 0, 0, "2025-06-10T00:00:00Z", "2.00", "openai"},
	{"openai", "o3", 1000000, 0, 0, 0, NULL, "2.00", "openai"},
	/* hours: off-peak at night */
	{"deepseek", "deepseek-chat", 1000000, 0, 0, 0, "2026-11-22T00:29:59Z", "0.135",
		"deepseek"},
	{"deepseek", "deepseek-chat", 1000000, 0, 0, 0, "2026-11-22T00:30:00Z", "0.27",
		"deepseek"},
	{"deepseek", "deepseek-chat", 1000000, 0, 0, 0, "2026-11-22T16:30:00Z", "0.135",
		"deepseek"},
	/* a request has a price of its own: 12 dollars per thousand */
	{"perplexity", "sonar", 1000, 1000, 0, 0, NULL, "0.014", "perplexity"},
	/* nothing used costs nothing; one token costs a fraction of a cent, exactly */
	{"openai", "gpt-4o", 0, 0, 0, 0, NULL, "0.00", "openai"},
	{"openai", "gpt-4o", 1, 0, 0, 0, NULL, "0.0000025", "openai"},
	/* never a silent zero */
	{"openai", "gpt-77-ultra", 10, 10, 0, 0, NULL, NULL, NULL},
	{"nobody", "gpt-4o", 10, 10, 0, 0, NULL, NULL, NULL},
	{NULL, "no-such-model", 10, 10, 0, 0, NULL, NULL, NULL},
	{"", "", 10, 10, 0, 0, NULL, NULL, NULL},
	{"google", "gemma-3-27b", 10, 10, 0, 0, NULL, NULL, NULL},
	{"openrouter", "deepseek/deepseek-r1:free", 10, 10, 0, 0, NULL, "0.00",
		"openrouter"},
	/* text-embedding models have no price for output */
	{"openai", "text-embedding-3-small", 1000000, 0, 0, 0, NULL, "0.02", "openai"},
	{"openai", "text-embedding-3-small", 1000000, 5, 0, 0, NULL, NULL, NULL},
};

START_TEST(test_cases)
{
	int64_t nano = -1;
	char currency[NV_CURRENCY_BYTES] = "";
	char vendor[NV_NAME_MAX] = "";
	char text[NV_MONEY_BYTES];
	struct eng_usage u = {.provider = cases[_i].provider,
		.provider_bytes = cases[_i].provider ? strlen(cases[_i].provider) : 0,
		.model = cases[_i].model,
		.model_bytes = strlen(cases[_i].model),
		.input_tokens = cases[_i].input,
		.output_tokens = cases[_i].output,
		.cache_read_tokens = cases[_i].cache_read,
		.cache_write_tokens = cases[_i].cache_write};
	const char *when = cases[_i].at ? cases[_i].at : "2026-11-22T12:00:00Z";

	ck_assert_int_eq(nv_rfc3339_parse(when, strlen(when), &u.at_ns), 0);
	for (int again = 0; again < 2; again++) { /* the second time from the cache */
		int rc = eng_price_usage(table, &u, &nano, currency, vendor);

		if (!cases[_i].cost) {
			ck_assert_int_eq(rc, -ENOENT);
			ck_assert_int_eq(nano, -1);
			continue;
		}
		ck_assert_int_eq(rc, 0);
		ck_assert_str_eq(nv_money_text(nano, text), cases[_i].cost);
		ck_assert_str_eq(currency, "USD");
		ck_assert_str_eq(vendor, cases[_i].vendor);
	}
}
END_TEST

#define OPUS   "claude-opus-4-5-20251101"
#define SONNET "claude-sonnet-4-5-20250929"

/* What the older fields cannot say. Opus: 5 and 25 dollars, cache 0.5 and 6.25; Sonnet: 3
 * and 15, cache 0.3 and 3.75, above 200,000 tokens of input 6 and 22.5, 0.6 and 7.5. */
static const struct {
	const char *provider;
	const char *model;
	struct eng_usage u;
	const char *cost; /* NULL: no price */
} more[] = {
	/* an hour in the cache: twice the price of input; the usual minutes: 1.25 times
	 */
	{"anthropic", OPUS, {.input_tokens = 1000000, .cache_write_1h_tokens = 1000000},
		"10.00"},
	{"anthropic", OPUS, {.input_tokens = 1000000, .cache_write_tokens = 1000000},
		"6.25"},
	/* the docs' own example of all of them: 50 new, 188,086 read, 456 + 100 written
	 */
	{"anthropic", OPUS,
		{.input_tokens = 50 + 188086 + 456 + 100,
			.cache_read_tokens = 188086,
			.cache_write_tokens = 456,
			.cache_write_1h_tokens = 100,
			.output_tokens = 393},
		"0.107968"},
	/* the border: at 200,000 the lower price, one more and all of them are dearer */
	{"anthropic", SONNET, {.input_tokens = 200000, .output_tokens = 1000}, "0.615"},
	{"anthropic", SONNET, {.input_tokens = 200001, .output_tokens = 1000},
		"1.222506"},
	{"anthropic", SONNET, {.input_tokens = 200001, .cache_write_1h_tokens = 200001},
		"2.400012"},
	/* searches: one cent each; whose price nobody knows has none */
	{"anthropic", OPUS, {.searches = 3}, "0.03"},
	{"openai", "gpt-4o", {.searches = 3}, NULL},
	/* tiers: half for batches, not for searches; OpenAI's flex; the rest is unknown
	 */
	{"anthropic", OPUS, {.input_tokens = 1000000, .tier = "batch"}, "2.50"},
	{"anthropic", OPUS, {.input_tokens = 1000000, .searches = 1, .tier = "batch"},
		"2.51"},
	{"anthropic", OPUS, {.input_tokens = 1000000, .tier = "standard"}, "5.00"},
	{"anthropic", OPUS, {.input_tokens = 1000000, .tier = "priority"}, NULL},
	{"anthropic", OPUS, {.input_tokens = 1000000, .tier = "flex"}, NULL},
	{"openai", "gpt-4o", {.input_tokens = 1000000, .tier = "flex"}, "1.25"},
	{"openai", "gpt-4o", {.input_tokens = 1000000, .tier = "default"}, "2.50"},
	{"openai", "gpt-4o", {.input_tokens = 1000000, .tier = "priority"}, NULL},
	{"google", "gemini-1.5-flash", {.input_tokens = 1000, .tier = "batch"}, NULL},
	/* half of 0.15 dollars a million: exact for one token */
	{"openai", "gpt-4o-mini", {.input_tokens = 1, .tier = "batch"}, "0.000000075"},
	/* audio at its own price: 2.5 for text, 40 for audio, 10 and 80 out */
	{"openai", "gpt-4o", {.input_tokens = 1000000, .input_audio_tokens = 500000},
		NULL},
	{"openai", "gpt-4o-realtime-preview",
		{.input_tokens = 2000000,
			.input_audio_tokens = 1000000,
			.output_tokens = 2000000,
			.output_audio_tokens = 1000000},
		"145.00"},
};

START_TEST(test_more)
{
	struct eng_usage u = more[_i].u;
	int64_t nano = -1;
	char currency[NV_CURRENCY_BYTES];
	char vendor[NV_NAME_MAX];
	char text[NV_MONEY_BYTES];

	u.provider = more[_i].provider;
	u.provider_bytes = strlen(u.provider);
	u.model = more[_i].model;
	u.model_bytes = strlen(u.model);
	u.tier_bytes = u.tier ? strlen(u.tier) : 0;
	u.at_ns = INT64_C(1763812800) * NV_NS_PER_SEC;
	int rc = eng_price_usage(table, &u, &nano, currency, vendor);

	if (!more[_i].cost) {
		ck_assert_int_eq(rc, -ENOENT);
		return;
	}
	ck_assert_int_eq(rc, 0);
	ck_assert_str_eq(nv_money_text(nano, text), more[_i].cost);
}
END_TEST

/* Whatever is used of whatever model: a price is never below zero, never falls when more
 * is used, and adds up to the sum of its parts within the rounding. */
START_TEST(test_property)
{
	uint64_t seed = 42;
	char currency[NV_CURRENCY_BYTES];
	char vendor[NV_NAME_MAX];
	unsigned priced = 0;

	for (int i = 0; i < 20000; i++) {
		const struct eng_provider *p;
		int64_t a = -1;
		int64_t b = -1;

		seed = seed * 6364136223846793005u + 1442695040888963407u;
		p = &table->providers[(seed >> 33) % table->n_providers];
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		if (p->n_models == 0)
			continue;
		const char *model = p->models[(seed >> 33) % p->n_models].id;
		struct eng_usage u = {.provider = p->id,
			.provider_bytes = strlen(p->id),
			.model = model,
			.model_bytes = strlen(model),
			.input_tokens = seed >> 44,
			.output_tokens = seed >> 50 & 0xfff,
			.cache_read_tokens = (seed >> 44) / 3,
			.at_ns = (int64_t)(seed >> 3)};

		if (eng_price_usage(table, &u, &a, currency, vendor) != 0)
			continue;
		priced++;
		ck_assert_int_ge(a, 0);
		u.output_tokens *= 2;
		ck_assert_int_eq(eng_price_usage(table, &u, &b, currency, vendor), 0);
		ck_assert_int_ge(b, a);
	}
	ck_assert_uint_gt(priced, 5000);
}
END_TEST

START_TEST(test_no_table)
{
	int64_t nano;
	char currency[NV_CURRENCY_BYTES];
	char vendor[NV_NAME_MAX];
	struct eng_usage u = {.model = "gpt-4o", .model_bytes = 6};

	ck_assert_int_eq(eng_price_usage(NULL, &u, &nano, currency, vendor), -ENOENT);
}
END_TEST

START_TEST(test_huge)
{
	int64_t nano;
	char currency[NV_CURRENCY_BYTES];
	char vendor[NV_NAME_MAX];
	char long_name[5000];
	struct eng_usage u = {
		.model = "gpt-4o", .model_bytes = 6, .input_tokens = UINT64_MAX};

	ck_assert_int_eq(eng_price_usage(table, &u, &nano, currency, vendor), -ERANGE);
	u.input_tokens = 0;
	u.cache_read_tokens = UINT64_MAX;
	u.cache_write_tokens = UINT64_MAX;
	ck_assert_int_eq(eng_price_usage(table, &u, &nano, currency, vendor), -ERANGE);
	memset(long_name, 'g', sizeof long_name);
	u = (struct eng_usage){.model = long_name, .model_bytes = sizeof long_name};
	ck_assert_int_eq(eng_price_usage(table, &u, &nano, currency, vendor), -ENOENT);
	u = (struct eng_usage){.model = "gpt\0-4o", .model_bytes = 7};
	ck_assert_int_eq(eng_price_usage(table, &u, &nano, currency, vendor), -ENOENT);
}
END_TEST

#define PROVIDER(models)     "[{\"id\":\"p\",\"models\":[" models "]}]"
#define MODEL(match, prices) "{\"id\":\"m\",\"match\":" match ",\"prices\":" prices "}"

static const struct {
	const char *text;
	bool good;
} tables[] = {
	{"[]", true},
	{PROVIDER(""), true},
	{PROVIDER(MODEL("{\"equals\":\"x\"}", "{\"input_mtok\":1}")), true},
	{PROVIDER(MODEL("{\"regex\":\"^a(?:b|c)\\\\d+$\"}", "{\"input_mtok\":1e-3}")),
		true},
	{PROVIDER(MODEL("{\"regex\":\"(?=a)\"}", "{\"input_mtok\":1}")), false},
	{PROVIDER(MODEL("{\"regex\":\"(\"}", "{\"input_mtok\":1}")), false},
	{PROVIDER(MODEL("{\"like\":\"x\"}", "{\"input_mtok\":1}")), false},
	{PROVIDER(MODEL("{}", "{\"input_mtok\":1}")), false},
	{PROVIDER(MODEL("{\"or\":[]}", "{\"input_mtok\":1}")), false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}", "{\"input_mtok\":-1}")), false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}", "{\"input_mtok\":\"cheap\"}")), false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}", "{\"input_mtok\":1e99}")), false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}", "{\"input_mtok\":{\"base\":1}}")), false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}",
		 "{\"input_mtok\":{\"base\":1,\"tiers\":[{\"start\":5,\"price\":2},"
		 "{\"start\":5,\"price\":3}]}}")),
		false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}",
		 "[{\"constraint\":{\"start_date\":\"soon\"},\"prices\":{}}]")),
		false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}", "[{\"constraint\":{\"start_time\":\"25:00:"
					      "00Z\",\"end_time\":\"26:00:00Z\"},"
					      "\"prices\":{}}]")),
		false},
	{PROVIDER(MODEL("{\"equals\":\"x\"}", "[]")), false},
	{"[{\"id\":\"Bad Name\",\"models\":[]}]", false},
	{"{}", false},
	{"7", false},
	{"[", false},
};

START_TEST(test_tables)
{
	struct eng_price *price = NULL;
	struct nv_err err = {0};
	int rc = eng_price_parse(
		tables[_i].text, strlen(tables[_i].text), "t.json", &price, &err);

	ck_assert_msg((rc == 0) == tables[_i].good, "%s: %s", tables[_i].text, err.text);
	if (rc < 0) {
		ck_assert(err.text[0] != '\0' && price == NULL);
		ck_assert_uint_ge(err.line, 1);
	}
	eng_price_free(price);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("price");
	TCase *c = tcase_create("real");
	TCase *t = tcase_create("tables");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_loop_test(c, test_cases, 0, NV_LEN(cases));
	tcase_add_loop_test(c, test_more, 0, (int)NV_LEN(more));
	tcase_add_test(c, test_property);
	tcase_add_test(c, test_no_table);
	tcase_add_test(c, test_huge);
	tcase_add_loop_test(t, test_tables, 0, NV_LEN(tables));
	suite_add_tcase(suite, c);
	suite_add_tcase(suite, t);
	return run_suite(suite);
}
