/* Settings that are lists or maps: command, secrets, env, variants, params, currencies.
 */
#include "nv_conf_private.h"
#include "nv_env_file.h"
#include "nv_units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel refuses a longer single string (MAX_ARG_STRLEN), and more than a
 * quarter of the stack limit in all. */
#define WORD_BYTES_MAX   ((size_t)128 << 10)
#define WORDS_BYTES_MAX  ((size_t)1 << 20)
#define CHOICES_MAX      100
#define CHOICE_BYTES_MAX 200

static void
fail(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, const char *what)
{
	nv_conf_error(
		r->errs, source->name, node->line, node->column, "%s: %s", key, what);
}

bool
nv_conf_check_collection(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, enum nv_yaml_kind kind, const char *key,
	const char *expects, size_t max)
{
	if (node->kind != kind) {
		nv_conf_error(r->errs, source->name, node->line, node->column,
			"%s: expected %s, found %s", key, expects, nv_yaml_found(node));
		return false;
	}
	if (node->n_children > max) {
		nv_conf_error(r->errs, source->name, node->line, node->column,
			"%s: %zu entries, at most %zu are allowed", key, node->n_children,
			max);
		return false;
	}
	return true;
}

const char *
nv_conf_item_text(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, const char *key)
{
	if (item->kind == NV_YAML_SCALAR && !nv_yaml_is_null(item))
		return item->text;
	nv_conf_error(r->errs, source->name, item->line, item->column,
		"%s: expected text, found %s%s", key, nv_yaml_found(item),
		nv_yaml_is_null(item) ? " (write '' for an empty word)" : "");
	return NULL;
}

bool
nv_conf_check_repeat(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, const char *key)
{
	if (!item->repeats)
		return true;
	nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
		"%s.%s: repeated; first on line %u", key, item->key,
		item->repeats->key_line);
	return false;
}

int
nv_conf_read_command(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, char ***ret_argv)
{
	size_t total = 0;
	size_t n = 0;

	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, key,
		    "a list of words such as [python3, agent.py]", NV_CONF_WORDS_MAX))
		return 0;
	if (node->n_children == 0) {
		fail(r, source, node, key, "the list is empty: it begins with a program");
		return 0;
	}
	char **argv = calloc(node->n_children + 1, sizeof(*argv));

	*ret_argv = argv;
	if (!argv)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		const char *text = nv_conf_item_text(r, source, item, key);

		if (!text)
			continue;
		total += strlen(text) + 1;
		if (strlen(text) >= WORD_BYTES_MAX || total > WORDS_BYTES_MAX) {
			fail(r, source, item, key, "too long for the system to start");
			break;
		}
		if (n == 0 && text[0] == '\0')
			fail(r, source, item, key, "the program's name is empty");
		argv[n] = strdup(text);
		if (!argv[n])
			return -ENOMEM;
		n++;
	}
	return 0;
}

int
nv_conf_read_secrets(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, "secrets",
		    "a list of names such as [api_key]", NV_CONF_SECRETS_MAX))
		return 0;
	w->secrets = calloc(node->n_children + 1, sizeof(*w->secrets));
	if (!w->secrets)
		return -ENOMEM;
	w->n_secrets = 0;
	nv_yaml_each(item, node)
	{
		const char *text = nv_conf_item_text(r, source, item, "secrets");
		char quoted[NV_QUOTE_BYTES];
		size_t i = 0;

		if (!text)
			continue;
		/* Each is a file's name. */
		if (!isalnum((unsigned char)text[0]) || strlen(text) >= NV_NAME_MAX ||
			strspn(text,
				"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				"0123456789_.-") != strlen(text)) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"secrets: expected a name of letters, digits, _, . and "
				"-, "
				"found \"%s\"",
				nv_value_quote(text, quoted));
			continue;
		}
		while (i < w->n_secrets && strcmp(w->secrets[i], text) != 0)
			i++;
		if (i < w->n_secrets) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"secrets: %s is listed twice", text);
			continue;
		}
		w->secrets[w->n_secrets] = strdup(text);
		if (!w->secrets[w->n_secrets])
			return -ENOMEM;
		w->n_secrets++;
	}
	return 0;
}

int
nv_conf_read_env(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	size_t total = 0;

	if (!nv_conf_check_collection(r, source, node, NV_YAML_MAP, "env",
		    "a map of variables such as {REGION: eu}", NV_CONF_ENV_MAX))
		return 0;
	w->env = calloc(node->n_children + 1, sizeof(*w->env));
	if (!w->env)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		const char *wrong = nv_env_bad_name(item->key);

		if (!nv_conf_check_repeat(r, source, item, "env"))
			continue;
		if (wrong) {
			nv_conf_error(r->errs, source->name, item->key_line,
				item->key_column, "env.%s: %s", item->key, wrong);
			continue;
		}
		const char *text = nv_conf_item_text(r, source, item, "env");

		if (!text)
			continue;
		total += strlen(item->key) + strlen(text) + 2;
		if (strlen(text) >= WORD_BYTES_MAX || total > WORDS_BYTES_MAX) {
			fail(r, source, item, "env",
				"too long for the system to pass on");
			break;
		}
		struct nv_conf_pair *pair = &w->env[w->n_env++];

		pair->key = strdup(item->key);
		pair->value = strdup(text);
		if (!pair->key || !pair->value)
			return -ENOMEM;
	}
	return 0;
}

int
nv_conf_read_variants(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, "variants",
		    "a list of names such as [short, long]", NV_CONF_VARIANTS_MAX))
		return 0;
	if (node->n_children == 1)
		fail(r, source, node, "variants",
			"one is nothing to choose from: expected 2 at least");
	w->variants = calloc(node->n_children + 1, sizeof(*w->variants));
	if (!w->variants)
		return -ENOMEM;
	w->n_variants = 0;
	nv_yaml_each(item, node)
	{
		const char *text = nv_conf_item_text(r, source, item, "variants");
		char quoted[NV_QUOTE_BYTES];
		size_t i = 0;

		if (!text)
			continue;
		if (!nv_name_valid(text)) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"variants: expected a name of a-z, 0-9, _, . and -, "
				"found \"%s\"",
				nv_value_quote(text, quoted));
			continue;
		}
		while (i < w->n_variants && strcmp(w->variants[i], text) != 0)
			i++;
		if (i < w->n_variants) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"variants: %s is listed twice", text);
			continue;
		}
		w->variants[w->n_variants] = strdup(text);
		if (!w->variants[w->n_variants])
			return -ENOMEM;
		w->n_variants++;
	}
	return 0;
}

static int
read_choices(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, struct nv_conf_param *p)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, key,
		    "a list of choices such as [plain, question]", CHOICES_MAX))
		return 0;
	if (node->n_children == 0)
		fail(r, source, node, key, "the list of choices is empty");
	p->choices = calloc(node->n_children + 1, sizeof(*p->choices));
	if (!p->choices)
		return -ENOMEM;
	p->n_choices = 0;
	nv_yaml_each(item, node)
	{
		const char *text = nv_conf_item_text(r, source, item, key);

		if (!text)
			continue;
		if (strlen(text) > CHOICE_BYTES_MAX) {
			fail(r, source, item, key, "a choice is longer than 200 bytes");
			continue;
		}
		for (size_t i = 0; i < p->n_choices; i++) {
			if (strcmp(p->choices[i], text) == 0)
				fail(r, source, item, key, "a choice is listed twice");
		}
		p->choices[p->n_choices] = strdup(text);
		if (!p->choices[p->n_choices])
			return -ENOMEM;
		p->n_choices++;
	}
	return 0;
}

/* Both ends as comparable numbers: durations in ms or decimals in 10^-9. */
static bool
range_ends(const struct nv_conf_param *p, bool durations, int64_t ends[2])
{
	const char *const texts[2] = {p->range_min, p->range_max};

	for (size_t i = 0; i < 2; i++) {
		int rc = durations ? nv_duration_parse(texts[i], &ends[i], NULL)
				   : nv_money_parse(texts[i], strlen(texts[i]),
					     NV_DECIMAL_EXACT, &ends[i], NULL);

		if (rc < 0)
			return false;
	}
	return true;
}

static int
read_range(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, bool interval,
	struct nv_conf_param *p)
{
	const char *text = nv_conf_item_text(r, source, node, key);
	const char *expects =
		interval ? "expected a range of durations such as 30s..10m"
			 : "expected a range such as 1..10, 0.1..0.9 or 30s..10m";
	int64_t ends[2];

	if (!text)
		return 0;
	int rc = strlen(text) > CHOICE_BYTES_MAX
			 ? -EINVAL
			 : nv_value_split_range(text, &p->range_min, &p->range_max);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0 ||
		(!range_ends(p, true, ends) && (interval || !range_ends(p, false, ends))))
		fail(r, source, node, key, expects);
	else if (ends[0] > ends[1])
		fail(r, source, node, key, "the range begins above its end");
	else if (interval && (ends[0] < 100 || ends[1] > INT64_C(366) * 86400000))
		fail(r, source, node, key,
			"a run_interval is 100ms at least and 366d at most");
	return 0;
}

static int
read_param(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, struct nv_conf_param *p)
{
	static const char *const known[] = {"choices", "range"};
	bool interval = strcmp(p->name, "run_interval") == 0;
	const struct nv_yaml_node *choices = nv_yaml_get(node, "choices");
	const struct nv_yaml_node *range = nv_yaml_get(node, "range");

	nv_yaml_each(item, node)
	{
		if (!nv_conf_check_repeat(r, source, item, key))
			continue;
		if (strcmp(item->key, "choices") == 0 || strcmp(item->key, "range") == 0)
			continue;
		const char *near = nv_name_nearest(item->key, known, NV_LEN(known));

		nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
			"%s.%s: unknown key; %s", key, item->key,
			near == known[0]   ? "did you mean \"choices\"?"
			: near == known[1] ? "did you mean \"range\"?"
					   : "known here: choices, range");
	}
	if (interval && choices) {
		fail(r, source, choices, key, "run_interval takes a range of durations");
		return 0;
	}
	if (!choices == !range) {
		fail(r, source, node, key, "expected either `choices` or `range`");
		return 0;
	}
	return choices ? read_choices(r, source, choices, key, p)
		       : read_range(r, source, range, key, interval, p);
}

int
nv_conf_read_params(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_MAP, "params",
		    "a map such as {style: {choices: [a, b]}}", NV_CONF_PARAMS_MAX))
		return 0;
	w->params = calloc(node->n_children + 1, sizeof(*w->params));
	if (!w->params)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		char key[NV_NAME_MAX + 16];
		int rc = 0;

		if (!nv_conf_check_repeat(r, source, item, "params"))
			continue;
		if (nv_env_bad_name(item->key) || strlen(item->key) >= NV_NAME_MAX) {
			nv_conf_error(r->errs, source->name, item->key_line,
				item->key_column,
				"params.%s: a parameter's name has letters, digits and "
				"_, "
				"no digit first, at most %d in all",
				item->key, NV_NAME_MAX - 1);
			continue;
		}
		(void)snprintf(key, sizeof(key), "params.%s", item->key);
		if (item->kind != NV_YAML_MAP) {
			fail(r, source, item, key,
				"expected {choices: [...]} or {range: a..b}");
			continue;
		}
		struct nv_conf_param *p = &w->params[w->n_params++];

		p->name = strdup(item->key);
		if (!p->name)
			return -ENOMEM;
		rc = read_param(r, source, item, key, p);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* "1.08 USD" as the rate of one currency. */
static void
read_rate(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *code)
{
	struct nv_config *config = r->config;
	struct nv_conf_currency *c = &config->currencies[config->n_currencies];
	char base[NV_CURRENCY_BYTES] = "";
	struct nv_err err = {.text = ""};
	const char *text = nv_yaml_text(node);
	char quoted[NV_QUOTE_BYTES];
	int64_t nano = 0;
	const char *wrong = NULL;

	if (!text || nv_yaml_is_null(node) ||
		nv_amount_parse(text, &nano, base, &err) < 0)
		wrong = "is not one";
	else if (strcmp(base, config->base_currency) != 0)
		wrong = "is not in the base currency";
	else if (nano <= 0)
		wrong = "is not above zero";
	if (wrong) {
		nv_conf_error(r->errs, source->name, node->line, node->column,
			"currencies.%s: expected what one %s is worth, such as 1.08 %s; "
			"\"%s\" %s",
			code, code, config->base_currency,
			text ? nv_value_quote(text, quoted) : nv_yaml_found(node), wrong);
		return;
	}
	memcpy(c->code, code, strlen(code) + 1);
	c->rate_nano = nano;
	config->n_currencies++;
}

int
nv_conf_read_currencies(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_MAP, "currencies",
		    "a map such as {EUR: 1.08 USD}", NV_CONF_CURRENCIES_MAX))
		return 0;
	r->config->currencies =
		calloc(node->n_children + 1, sizeof(*r->config->currencies));
	if (!r->config->currencies)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		const struct nv_yaml_node *rate = item;

		if (!nv_conf_check_repeat(r, source, item, "currencies"))
			continue;
		if (!nv_currency_valid(item->key) ||
			strcmp(item->key, r->config->base_currency) == 0) {
			nv_conf_error(r->errs, source->name, item->key_line,
				item->key_column,
				"currencies.%s: expected a currency code such as EUR, "
				"other "
				"than the base currency",
				item->key);
			continue;
		}
		if (item->kind == NV_YAML_MAP) {
			rate = nv_yaml_get(item, "rate");
			if (!rate || item->n_children != 1) {
				nv_conf_error(r->errs, source->name, item->line,
					item->column,
					"currencies.%s: expected {rate: 1.08 %s} and "
					"nothing "
					"else",
					item->key, r->config->base_currency);
				continue;
			}
		}
		read_rate(r, source, rate, item->key);
	}
	return 0;
}
