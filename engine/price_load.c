/* Reads the price table: see price.h. The file is JSON, read by the YAML reader, which
 * keeps the text of numbers: a price never is a double. Unknown keys are ignored, since
 * the table is somebody else's and grows; a known key with a wrong value is an error. */
#include "price.h"

#include "nv_clock.h"
#include "nv_fd.h"
#include "nv_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE_DEPTH_MAX 8
#define REGEX_BYTES_MAX  200

static int
bad_node(const struct nv_yaml_node *node, struct nv_err *err, const char *what)
{
	if (err) {
		err->line = node ? node->line : 0;
		err->column = node ? node->column : 0;
	}
	return nv_err_set(err, -EINVAL, "%s", what);
}

/* ---- clauses ---- */

/* The patterns are Python's; those in use are POSIX extended ones once (?: is a plain
 * group and \d a digit. Whatever else differs is refused by regcomp or here. */
static int
regex_compile(const struct nv_yaml_node *node, const char *pattern, struct eng_clause *c,
	struct nv_err *err)
{
	char posix[8 * REGEX_BYTES_MAX];
	size_t n = 0;
	size_t bytes = strlen(pattern);

	if (bytes > REGEX_BYTES_MAX)
		return bad_node(node, err, "a pattern is longer than 200 bytes");
	for (size_t i = 0; i < bytes; i++) {
		if (strncmp(pattern + i, "(?:", 3) == 0) {
			posix[n++] = '(';
			i += 2;
		} else if (strncmp(pattern + i, "(?", 2) == 0) {
			return bad_node(node, err, "a pattern with (? is not understood");
		} else if (strncmp(pattern + i, "\\d", 2) == 0) {
			memcpy(posix + n, "[0-9]", 5);
			n += 5;
			i++;
		} else {
			posix[n++] = pattern[i];
		}
	}
	posix[n] = '\0';
	c->regex = calloc(1, sizeof *c->regex);
	if (!c->regex)
		return -ENOMEM;
	if (regcomp(c->regex, posix, REG_EXTENDED | REG_NOSUB) != 0) {
		free(c->regex);
		c->regex = NULL;
		return bad_node(node, err, "a pattern is not a regular expression");
	}
	return 0;
}

static void
clause_fini(struct eng_clause *c)
{
	free(c->text);
	if (c->regex) {
		regfree(c->regex);
		free(c->regex);
	}
	for (size_t i = 0; i < c->n; i++)
		clause_fini(&c->list[i]);
	free(c->list);
	*c = (struct eng_clause){0};
}

static int
clause_load(const struct nv_yaml_node *node, unsigned depth, struct eng_clause *c,
	struct nv_err *err)
{
	static const char *const names[] = {
		[ENG_CLAUSE_EQUALS] = "equals",
		[ENG_CLAUSE_STARTS] = "starts_with",
		[ENG_CLAUSE_ENDS] = "ends_with",
		[ENG_CLAUSE_CONTAINS] = "contains",
		[ENG_CLAUSE_REGEX] = "regex",
		[ENG_CLAUSE_OR] = "or",
		[ENG_CLAUSE_AND] = "and",
	};
	size_t kind = 0;

	if (!node || node->kind != NV_YAML_MAP || !node->first || depth == 0)
		return bad_node(node, err, "expected a match such as {\"equals\": ...}");
	const struct nv_yaml_node *value = node->first;

	while (kind < NV_LEN(names) && strcmp(value->key, names[kind]) != 0)
		kind++;
	if (kind == NV_LEN(names))
		return bad_node(node, err, "a match of a kind that is not known");
	c->kind = (enum eng_clause_kind)kind;
	if (kind < ENG_CLAUSE_OR) {
		const char *text = nv_yaml_text(value);

		if (!text)
			return bad_node(value, err, "expected a text to match");
		if (kind == ENG_CLAUSE_REGEX)
			return regex_compile(value, text, c, err);
		c->text = strdup(text);
		return c->text ? 0 : -ENOMEM;
	}
	if (value->kind != NV_YAML_SEQ || value->n_children == 0)
		return bad_node(value, err, "expected a list of matches");
	c->list = calloc(value->n_children, sizeof *c->list);
	if (!c->list)
		return -ENOMEM;
	nv_yaml_each(item, value)
	{
		int rc = clause_load(item, depth - 1, &c->list[c->n++], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- prices ---- */

static int
take_price(const struct nv_yaml_node *node, int64_t *ret, struct nv_err *err)
{
	const char *text = nv_yaml_text(node);

	if (!text ||
		nv_money_parse(text, strlen(text), NV_DECIMAL_ROUND, ret, NULL) < 0 ||
		*ret < 0)
		return bad_node(node, err, "expected a price, such as 0.25");
	return 0;
}

static int
take_count(const struct nv_yaml_node *node, uint64_t *ret, struct nv_err *err)
{
	const char *text = nv_yaml_text(node);
	uint64_t v = 0;

	if (!text || !text[0])
		return bad_node(node, err, "expected a number of tokens");
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || v > UINT64_MAX / 100)
			return bad_node(node, err, "expected a number of tokens");
		v = v * 10 + (uint64_t)(*text - '0');
	}
	*ret = v;
	return 0;
}

static int
rate_load(
	const struct nv_yaml_node *node, struct eng_token_rate *rate, struct nv_err *err)
{
	int rc;

	if (!node || nv_yaml_is_null(node))
		return 0;
	rate->known = true;
	if (node->kind == NV_YAML_SCALAR)
		return take_price(node, &rate->nano, err);
	const struct nv_yaml_node *base = nv_yaml_get(node, "base");
	const struct nv_yaml_node *tiers = nv_yaml_get(node, "tiers");

	if (!base || !tiers || tiers->kind != NV_YAML_SEQ)
		return bad_node(node, err, "expected a price, or {base, tiers}");
	rc = take_price(base, &rate->nano, err);
	if (rc < 0)
		return rc;
	rate->tiers = calloc(tiers->n_children + 1, sizeof *rate->tiers);
	if (!rate->tiers)
		return -ENOMEM;
	nv_yaml_each(item, tiers)
	{
		struct eng_tier *tier = &rate->tiers[rate->n_tiers];

		rc = take_count(nv_yaml_get(item, "start"), &tier->start, err);
		if (rc == 0)
			rc = take_price(nv_yaml_get(item, "price"), &tier->nano, err);
		if (rc < 0)
			return rc;
		if (rate->n_tiers > 0 && tier[-1].start >= tier->start)
			return bad_node(item, err, "tiers must rise");
		rate->n_tiers++;
	}
	return 0;
}

static int
prices_load(const struct nv_yaml_node *node, struct eng_rates *r, struct nv_err *err)
{
	static const char *const keys[ENG_TOK_COUNT] = {
		[ENG_TOK_INPUT] = "input_mtok",
		[ENG_TOK_CACHE_READ] = "cache_read_mtok",
		[ENG_TOK_CACHE_WRITE] = "cache_write_mtok",
		[ENG_TOK_OUTPUT] = "output_mtok",
		[ENG_TOK_INPUT_AUDIO] = "input_audio_mtok",
		[ENG_TOK_OUTPUT_AUDIO] = "output_audio_mtok",
	};
	const struct nv_yaml_node *requests = nv_yaml_get(node, "requests_kcount");

	if (!node || node->kind != NV_YAML_MAP)
		return bad_node(node, err, "expected a map of prices");
	for (unsigned i = 0; i < ENG_TOK_COUNT; i++) {
		int rc = rate_load(nv_yaml_get(node, keys[i]), &r->tokens[i], err);

		if (rc < 0)
			return rc;
	}
	r->free = node->n_children == 0;
	return requests ? take_price(requests, &r->per_1000_requests_nano, err) : 0;
}

/* "2026-03-13" */
static int
take_date(const struct nv_yaml_node *node, int64_t *ret_ns, struct nv_err *err)
{
	char text[40];
	const char *date = nv_yaml_text(node);

	(void)snprintf(text, sizeof text, "%sT00:00:00Z", date ? date : "");
	if (!date || strlen(date) != 10 ||
		nv_rfc3339_parse(text, strlen(text), ret_ns) < 0)
		return bad_node(node, err, "expected a date, such as 2026-03-13");
	return 0;
}

/* "16:30:00Z" */
static int
take_hour(const struct nv_yaml_node *node, int32_t *ret_s, struct nv_err *err)
{
	char text[40];
	int64_t ns = 0;
	const char *hour = nv_yaml_text(node);

	(void)snprintf(text, sizeof text, "1970-01-01T%s", hour ? hour : "");
	if (!hour || strlen(hour) != 9 || hour[8] != 'Z' ||
		nv_rfc3339_parse(text, strlen(text), &ns) < 0)
		return bad_node(node, err, "expected an hour in UTC, such as 16:30:00Z");
	*ret_s = (int32_t)(ns / NV_NS_PER_SEC);
	return 0;
}

static int
when_load(const struct nv_yaml_node *node, struct eng_rates *r, struct nv_err *err)
{
	const struct nv_yaml_node *date = nv_yaml_get(node, "start_date");
	const struct nv_yaml_node *start = nv_yaml_get(node, "start_time");
	const struct nv_yaml_node *end = nv_yaml_get(node, "end_time");

	if (!node || nv_yaml_is_null(node))
		return 0;
	if (date) {
		r->when = ENG_WHEN_FROM_DATE;
		return take_date(date, &r->from_ns, err);
	}
	r->when = ENG_WHEN_HOURS;
	int rc = take_hour(start ? start : node, &r->start_s, err);

	return rc < 0 ? rc : take_hour(end ? end : node, &r->end_s, err);
}

static int
model_load(const struct nv_yaml_node *node, struct eng_model *m, struct nv_err *err)
{
	const char *id = nv_yaml_text(nv_yaml_get(node, "id"));
	const struct nv_yaml_node *prices = nv_yaml_get(node, "prices");
	bool listed = prices && prices->kind == NV_YAML_SEQ;
	size_t n = listed ? prices->n_children : 1;

	if (!id || !prices || n == 0)
		return bad_node(node, err, "a model needs an id and prices");
	m->id = strdup(id);
	m->rates = calloc(n, sizeof *m->rates);
	if (!m->id || !m->rates)
		return -ENOMEM;
	int rc =
		clause_load(nv_yaml_get(node, "match"), CLAUSE_DEPTH_MAX, &m->match, err);

	if (rc < 0)
		return rc;
	if (!listed) {
		m->n_rates = 1;
		return prices_load(prices, &m->rates[0], err);
	}
	nv_yaml_each(item, prices)
	{
		struct eng_rates *r = &m->rates[m->n_rates++];

		rc = when_load(nv_yaml_get(item, "constraint"), r, err);
		if (rc == 0)
			rc = prices_load(nv_yaml_get(item, "prices"), r, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* ---- providers ---- */

static int
fallbacks_load(
	const struct nv_yaml_node *node, struct eng_provider *p, struct nv_err *err)
{
	if (!node || nv_yaml_is_null(node))
		return 0;
	p->fallbacks = calloc(node->n_children + 1, sizeof *p->fallbacks);
	if (!p->fallbacks)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		const char *id = nv_yaml_text(item);

		if (!id || strlen(id) >= NV_NAME_MAX)
			return bad_node(item, err, "expected a provider's id");
		(void)snprintf(p->fallbacks[p->n_fallbacks++], NV_NAME_MAX, "%s", id);
	}
	return 0;
}

static int
provider_load(const struct nv_yaml_node *node, struct eng_provider *p, struct nv_err *err)
{
	const char *id = nv_yaml_text(nv_yaml_get(node, "id"));
	const struct nv_yaml_node *models = nv_yaml_get(node, "models");
	const struct nv_yaml_node *by_name = nv_yaml_get(node, "provider_match");
	const struct nv_yaml_node *by_model = nv_yaml_get(node, "model_match");
	int rc = 0;

	if (!id || !nv_name_valid(id) || !models || models->kind != NV_YAML_SEQ)
		return bad_node(node, err, "a provider needs an id and models");
	(void)snprintf(p->id, sizeof p->id, "%s", id);
	if (by_name && !nv_yaml_is_null(by_name)) {
		p->has_provider_match = true;
		rc = clause_load(by_name, CLAUSE_DEPTH_MAX, &p->provider_match, err);
	}
	if (rc == 0 && by_model && !nv_yaml_is_null(by_model)) {
		p->has_model_match = true;
		rc = clause_load(by_model, CLAUSE_DEPTH_MAX, &p->model_match, err);
	}
	if (rc == 0)
		rc = fallbacks_load(
			nv_yaml_get(node, "fallback_model_providers"), p, err);
	if (rc < 0)
		return rc;
	p->models = calloc(models->n_children + 1, sizeof *p->models);
	if (!p->models)
		return -ENOMEM;
	nv_yaml_each(item, models)
	{
		rc = model_load(item, &p->models[p->n_models++], err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
table_load(const struct nv_yaml_node *root, struct eng_price *price, struct nv_err *err)
{
	if (!root || root->kind != NV_YAML_SEQ)
		return bad_node(root, err, "expected a list of providers");
	price->providers = calloc(root->n_children + 1, sizeof *price->providers);
	price->cache = calloc(ENG_PRICE_CACHE_SLOTS, sizeof *price->cache);
	if (!price->providers || !price->cache)
		return -ENOMEM;
	nv_yaml_each(item, root)
	{
		int rc =
			provider_load(item, &price->providers[price->n_providers++], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int
eng_price_parse(const char *text, size_t bytes, const char *name, struct eng_price **ret,
	struct nv_err *err)
{
	struct nv_yaml *yaml = NULL;
	struct eng_price *price = calloc(1, sizeof *price);
	int rc = price ? nv_yaml_parse(text, bytes, name, ENG_PRICE_NODES_MAX, &yaml, err)
		       : -ENOMEM;

	if (rc == 0) {
		if (err)
			(void)snprintf(err->file, sizeof err->file, "%s", name);
		rc = table_load(nv_yaml_root(yaml), price, err);
		nv_yaml_free(yaml);
	}
	if (rc == -ENOMEM)
		(void)nv_err_set(err, rc, "no memory for the price table");
	if (rc < 0) {
		eng_price_free(price);
		return rc;
	}
	*ret = price;
	return 0;
}

int
eng_price_read(const char *path, struct eng_price **ret, struct nv_err *err)
{
	NV_CLEANUP_FREE char *text = NULL;
	size_t bytes = 0;
	int rc = nv_read_file_at(AT_FDCWD, path, ENG_PRICE_FILE_BYTES_MAX, &text, &bytes);

	if (rc < 0)
		return nv_err_set(err, rc, "%s cannot be read: %s", path, strerror(-rc));
	return eng_price_parse(text, bytes, path, ret, err);
}

void
eng_price_free(struct eng_price *price)
{
	if (!price)
		return;
	for (size_t i = 0; i < price->n_providers; i++) {
		struct eng_provider *p = &price->providers[i];

		clause_fini(&p->provider_match);
		clause_fini(&p->model_match);
		free(p->fallbacks);
		for (size_t j = 0; j < p->n_models; j++) {
			struct eng_model *m = &p->models[j];

			for (size_t k = 0; k < m->n_rates; k++) {
				for (unsigned t = 0; t < ENG_TOK_COUNT; t++)
					free(m->rates[k].tokens[t].tiers);
			}
			free(m->id);
			free(m->rates);
			clause_fini(&m->match);
		}
		free(p->models);
	}
	free(price->providers);
	free(price->cache);
	free(price);
}
