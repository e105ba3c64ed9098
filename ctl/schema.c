/* The JSON schema of the configuration: see schema.h. Draft 7, which editors know best.
 */
#include "schema.h"
#include "nv_options.h"
#include "out.h"

#include <stdlib.h>
#include <string.h>

#define NAME     "^[a-z0-9][a-z0-9_.-]*$"
#define NUMBER   "[-+0-9.eE]+"
#define AMOUNT   "(\\$" NUMBER "|" NUMBER " [A-Z][A-Z0-9]+)"
#define DURATION "([0-9]+(ms|s|m|h|d|w))+"

/* ---- shapes of values ---- */

static json_t *
pattern(const char *regex)
{
	return ctl_need(json_pack("{s:s, s:s}", "type", "string", "pattern", regex));
}

/* A word of YAML without quotes may read as a number or as true; the text counts. */
static json_t *
text(void)
{
	return ctl_need(json_pack("{s:[s,s,s]}", "type", "string", "number", "boolean"));
}

/* Takes both references, as all below. */
static json_t *
either(json_t *a, json_t *b)
{
	return ctl_need(json_pack("{s:[o,o]}", "anyOf", a, b));
}

static json_t *
constant(const char *word)
{
	return ctl_need(json_pack("{s:s}", "const", word));
}

/* A text that matches, or a number, whose text nobody knows here. */
static json_t *
matching(const char *regex)
{
	return either(pattern(regex), ctl_need(json_pack("{s:s}", "type", "number")));
}

static json_t *
list(json_t *item, int64_t min, int64_t max)
{
	json_t *node = ctl_need(json_pack("{s:s, s:o}", "type", "array", "items", item));

	if (min > 0)
		(void)json_object_set_new(node, "minItems", ctl_need(json_integer(min)));
	if (max > 0)
		(void)json_object_set_new(node, "maxItems", ctl_need(json_integer(max)));
	return node;
}

static json_t *
map(const char *names, json_t *value, int64_t max)
{
	json_t *node = ctl_need(json_pack("{s:s, s:{s:s}, s:o}", "type", "object",
		"propertyNames", "pattern", names, "additionalProperties", value));

	if (max > 0)
		(void)json_object_set_new(
			node, "maxProperties", ctl_need(json_integer(max)));
	return node;
}

static json_t *
section(void)
{
	return ctl_need(json_pack("{s:s, s:{}, s:b}", "type", "object", "properties",
		"additionalProperties", 0));
}

static json_t *
words(const char *const *list_of_words)
{
	json_t *choices = ctl_need(json_array());

	for (size_t i = 0; list_of_words[i]; i++)
		(void)json_array_append_new(
			choices, ctl_need(json_string(list_of_words[i])));
	return ctl_need(json_pack("{s:o}", "enum", choices));
}

static json_t *
boolean(void)
{
	json_t *spelled =
		pattern("^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee]|[Yy][Ee][Ss]|[Nn][Oo]|"
			"[Oo][Nn]|[Oo][Ff][Ff]|[01])$");
	json_t *bits = ctl_need(json_pack("{s:[i,i]}", "enum", 0, 1));

	return either(
		ctl_need(json_pack("{s:s}", "type", "boolean")), either(bits, spelled));
}

static json_t *
count(const struct nv_option *o)
{
	json_t *node = ctl_need(json_pack(
		"{s:s, s:I}", "type", "integer", "minimum", (json_int_t)o->min));

	if (o->max > 0)
		(void)json_object_set_new(
			node, "maximum", ctl_need(json_integer((json_int_t)o->max)));
	return either(node, pattern("^[0-9]+$"));
}

static json_t *
duration(void)
{
	return either(
		pattern("^(0|" DURATION ")$"), ctl_need(json_pack("{s:i}", "const", 0)));
}

static json_t *
money(const struct nv_option *o)
{
	return pattern(o->flags & NV_OPT_DAILY    ? "^" AMOUNT "(/day)?$"
		       : o->flags & NV_OPT_HOURLY ? "^" AMOUNT "(/hour)?$"
						  : "^" AMOUNT "$");
}

/* ---- lists and maps ---- */

static json_t *
parameters(int64_t max)
{
	json_t *choices = ctl_need(json_pack("{s:s, s:{s:o}, s:[s], s:b}", "type",
		"object", "properties", "choices", list(text(), 1, 0), "required",
		"choices", "additionalProperties", 0));
	json_t *range = ctl_need(
		json_pack("{s:s, s:{s:o}, s:[s], s:b}", "type", "object", "properties",
			"range", text(), "required", "range", "additionalProperties", 0));

	return map("^[A-Za-z_][A-Za-z0-9_]*$", either(choices, range), max);
}

static json_t *
depends(int64_t max)
{
	static const char *const conditions[] = {"started", "ready", "completed", NULL};
	static const char *const restarts[] = {"ignore", "restart", NULL};
	json_t *whole = ctl_need(json_pack("{s:s, s:{s:o, s:o}, s:b}", "type", "object",
		"properties", "condition", words(conditions), "on_restart",
		words(restarts), "additionalProperties", 0));

	return either(list(matching(NAME), 0, max),
		map(NAME, either(words(conditions), whole), max));
}

static json_t *
currencies(int64_t max)
{
	json_t *whole = ctl_need(json_pack("{s:s, s:{s:o}, s:[s], s:b}", "type", "object",
		"properties", "rate", pattern("^" AMOUNT "$"), "required", "rate",
		"additionalProperties", 0));

	return map("^[A-Z][A-Z0-9]+$", either(pattern("^" AMOUNT "$"), whole), max);
}

static json_t *
webhooks(int64_t max)
{
	json_t *one = ctl_need(json_pack("{s:s, s:{s:o, s:o, s:o, s:o}, s:[s], s:b}",
		"type", "object", "properties", "header", text(), "prefix", text(),
		"timestamp", text(), "agent", matching(NAME), "required", "header",
		"additionalProperties", 0));

	return map(NAME, one, max);
}

static json_t *
platforms(int64_t max)
{
	json_t *names = ctl_need(json_pack("[s]", "x"));

	for (unsigned i = 0; i < NV_PLATFORMS; i++)
		(void)json_array_append_new(names,
			ctl_need(json_string(nv_platform_name((enum nv_platform)i))));
	return list(ctl_need(json_pack("{s:o}", "enum", names)), 0, max);
}

static json_t *of_table(const struct nv_option *table, size_t n);

static json_t *
supervisors(int64_t max)
{
	json_t *nothing = ctl_need(json_pack("{s:s}", "type", "null"));

	return map(NAME, either(of_table(nv_options_group, nv_options_group_n), nothing),
		max);
}

static json_t *
collection(const struct nv_option *o)
{
	static const struct nv_option daily = {.flags = NV_OPT_DAILY};

	switch (o->kind) {
	case NV_OPT_COMMAND:
		return list(text(), 1, o->max);
	case NV_OPT_SECRETS:
		return list(matching("^[A-Za-z0-9][A-Za-z0-9_.-]*$"), 0, o->max);
	case NV_OPT_ENV:
		return map("^[A-Za-z_][A-Za-z0-9_]*$", text(), o->max);
	case NV_OPT_PARAMS:
		return parameters(o->max);
	case NV_OPT_DEPENDS:
		return depends(o->max);
	case NV_OPT_CURRENCIES:
		return currencies(o->max);
	case NV_OPT_OPERATIONS:
		return map(NAME, money(&daily), o->max);
	case NV_OPT_PATHS:
		return o->flags & NV_OPT_SYSTEM
			       ? either(list(text(), 0, o->max), constant("system"))
			       : list(text(), 0, o->max);
	case NV_OPT_CODES:
		return list(either(ctl_need(json_pack("{s:s, s:i, s:i}", "type",
					   "integer", "minimum", 0, "maximum", 255)),
				    pattern("^[0-9]+$")),
			1, o->max);
	case NV_OPT_NAMES:
	case NV_OPT_VARIANTS:
		return list(matching(NAME), 0, o->max);
	case NV_OPT_SUPERVISORS:
		return supervisors(o->max);
	case NV_OPT_PLATFORMS:
		return platforms(o->max);
	case NV_OPT_WEBHOOKS:
		return webhooks(o->max);
	case NV_OPT_DUE:
		return map("^.", matching(NAME), o->max);
	default: /* lists of texts */
		return list(text(), 0, o->max);
	}
}

static json_t *
scalar(const struct nv_option *o)
{
	switch (o->kind) {
	case NV_OPT_NAME:
		return matching(NAME);
	case NV_OPT_BOOL:
		return boolean();
	case NV_OPT_COUNT:
		return count(o);
	case NV_OPT_DURATION:
		return duration();
	case NV_OPT_SPAN:
		return either(
			duration(), pattern("^(0|" DURATION ")\\.\\.(0|" DURATION ")$"));
	case NV_OPT_SIZE:
		return pattern("^[0-9]+ *([KMGT]iB|[kKMGT]?B)$");
	case NV_OPT_PERCENT:
		return pattern("^" NUMBER "%$");
	case NV_OPT_MONEY:
	case NV_OPT_PRICE:
		return money(o);
	case NV_OPT_WORD:
		return words(o->words);
	case NV_OPT_SIGNAL:
		return pattern("^[A-Z][A-Z0-9+-]*$");
	case NV_OPT_ZONE:
		return pattern("^[A-Za-z0-9_+/-]+$");
	case NV_OPT_CURRENCY:
		return pattern("^[A-Z][A-Z0-9]+$");
	case NV_OPT_URL:
		return pattern("^https?://");
	case NV_OPT_ADDRESS:
		return pattern(":[0-9]+$");
	case NV_OPT_RATE:
		return pattern("^[0-9]+/[smhd]$");
	default: /* texts, paths, accounts */
		return text();
	}
}

/* ---- the tree of settings ---- */

static json_t *
value_of(const struct nv_option *o)
{
	json_t *node = nv_option_is_scalar(o) ? scalar(o) : collection(o);
	struct nv_buf shown;

	if (o->flags & NV_OPT_NONE)
		node = either(node, constant("none"));
	if (o->flags & NV_OPT_INFINITY)
		node = either(node, constant("infinity"));
	if (o->flags & NV_OPT_BRUTAL)
		node = either(node, constant("brutal_kill"));
	(void)json_object_set_new(node, "description", ctl_json_str(o->help));
	nv_buf_init(&shown, 1024);
	nv_option_put_default(&shown, o);
	if (shown.bytes)
		(void)json_object_set_new(node, "default", ctl_json_str(shown.data));
	nv_buf_fini(&shown);
	return node;
}

/* The section that `key` stands in, made where it is missing; *ret_word: the last word.
 */
static json_t *
parent_of(json_t *root, const char *key, const char **ret_word)
{
	json_t *node = root;
	const char *dot;

	while ((dot = strchr(key, '.'))) {
		json_t *properties = json_object_get(node, "properties");
		char *word = ctl_copy(key);

		word[dot - key] = '\0';
		node = json_object_get(properties, word);
		if (!node) {
			node = section();
			(void)json_object_set_new(properties, word, node);
		}
		free(word);
		key = dot + 1;
	}
	*ret_word = key;
	return json_object_get(node, "properties");
}

static void
add(json_t *root, const struct nv_option *o)
{
	const char *word;
	json_t *properties = parent_of(root, o->key, &word);
	json_t *there = json_object_get(properties, word);

	if (o->kind == NV_OPT_SECTION) {
		json_t *node = section();

		(void)json_object_set_new(
			node, "type", ctl_need(json_pack("[s,s]", "object", "null")));
		(void)json_object_set_new(node, "description", ctl_json_str(o->help));
		(void)json_object_set_new(properties, word, node);
	} else if (there) {
		/* `ready: event`, or `ready: {tcp: ...}`. */
		(void)json_object_set_new(
			properties, word, either(value_of(o), json_incref(there)));
	} else {
		(void)json_object_set_new(properties, word, value_of(o));
	}
	if (o->flags & NV_OPT_REQUIRED) {
		if (!json_object_get(root, "required"))
			(void)json_object_set_new(
				root, "required", ctl_need(json_array()));
		(void)json_array_append_new(
			json_object_get(root, "required"), ctl_need(json_string(o->key)));
	}
}

static json_t *
of_table(const struct nv_option *table, size_t n)
{
	json_t *root = section();

	/* Those that are a value or a map of settings come last, when the map is there.
	 */
	for (int both = 0; both < 2; both++) {
		for (size_t i = 0; i < n; i++) {
			bool is_both = table[i].kind != NV_OPT_SECTION &&
				       nv_option_is_section(table, n, table[i].key);

			if (is_both == both)
				add(root, &table[i]);
		}
	}
	return root;
}

json_t *
ctl_schema(const char *of)
{
	bool fleet = strcmp(of, "fleet") == 0;

	if (!fleet && strcmp(of, "worker") != 0)
		return NULL;
	json_t *root = fleet ? of_table(nv_options_global, nv_options_global_n)
			     : of_table(nv_options_worker, nv_options_worker_n);

	(void)json_object_set_new(root, "$schema",
		ctl_need(json_string("http://json-schema.org/draft-07/schema#")));
	(void)json_object_set_new(root, "title",
		ctl_need(json_string(fleet ? "nova.yaml: the settings of a fleet"
					   : "workers.d: a worker of a fleet")));
	if (fleet) {
		json_t *all = json_object_get(
			json_object_get(json_object_get(root, "properties"), "platforms"),
			"properties");

		/* Another name of it; and a file without a setting is a configuration. */
		(void)json_object_set(all, "x", json_object_get(all, "twitter"));
		(void)json_object_set_new(
			root, "type", ctl_need(json_pack("[s,s]", "object", "null")));
	}
	return root;
}
