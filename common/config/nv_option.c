/* Questions about single settings of the tables: see nv_options.h. */
#include "nv_options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

const char *
nv_option_expects(const struct nv_option *option)
{
	static const char *const texts[NV_OPT_KINDS] = {
		[NV_OPT_NAME] = "a name of a-z, 0-9, _, . and -",
		[NV_OPT_TEXT] = "text",
		[NV_OPT_PATH] = "a path",
		[NV_OPT_BOOL] = "true or false",
		[NV_OPT_COUNT] = "a whole number",
		[NV_OPT_DURATION] = "a duration such as 90s, 5m or 1h30m",
		[NV_OPT_SPAN] = "two durations such as 1s..5m",
		[NV_OPT_SIZE] = "a size such as 256MiB",
		[NV_OPT_PERCENT] = "a percentage such as 150%",
		[NV_OPT_MONEY] = "an amount such as $10 or 10.00 EUR",
		[NV_OPT_WORD] = "a word",
		[NV_OPT_SIGNAL] = "a signal such as TERM, INT or HUP",
		[NV_OPT_USER] = "an account name",
		[NV_OPT_GROUP] = "the name of a group of accounts",
		[NV_OPT_ZONE] = "a time zone such as UTC or Europe/Berlin",
		[NV_OPT_CURRENCY] = "a currency code such as USD",
		[NV_OPT_URL] = "an address such as https://api.example.com",
		[NV_OPT_ADDRESS] = "HOST:PORT such as 127.0.0.1:5001",
		[NV_OPT_RATE] = "a rate such as 25/s, 10/m or 100/h",
		[NV_OPT_PRICE] = "an amount such as $0.015 or 0.02 EUR",
		[NV_OPT_PLATFORMS] = "a list of platforms such as [sendgrid]",
		[NV_OPT_HOSTS] = "a list of host names such as [nova.example.com]",
		[NV_OPT_WEBHOOKS] = "a map such as {shop: {header: X-Signature}}",
		[NV_OPT_DUE] = "a map such as {SPRING10: seller}",
		[NV_OPT_SECTION] = "a map of settings",
		[NV_OPT_COMMAND] = "a list of words such as [python3, agent.py]",
		[NV_OPT_SECRETS] = "a list of names such as [api_key]",
		[NV_OPT_ENV] = "a map of variables such as {REGION: eu}",
		[NV_OPT_PARAMS] = "a map such as {style: {choices: [a, b]}}",
		[NV_OPT_VARIANTS] = "a list of names such as [short, long]",
		[NV_OPT_DEPENDS] = "a list such as [db] or a map such as {db: ready}",
		[NV_OPT_CURRENCIES] = "a map such as {EUR: 1.08 USD}",
		[NV_OPT_OPERATIONS] = "a map such as {llm: $1/day}",
		[NV_OPT_PATHS] = "a list of paths such as [/srv/data]",
		[NV_OPT_GROUPS] = "a list of group names such as [audio]",
		[NV_OPT_CODES] = "a list of exit codes such as [0, 3]",
		[NV_OPT_NAMES] = "a list of names such as [db, api]",
		[NV_OPT_SUPERVISORS] = "a map such as {web: {strategy: one_for_all}}",
		[NV_OPT_CAPABILITIES] = "a list such as [net_bind_service]",
	};

	if (option->flags & NV_OPT_BRUTAL)
		return "a duration such as 90s, infinity or brutal_kill";
	if (option->flags & NV_OPT_INFINITY)
		return "a duration such as 90s, or infinity";
	return texts[option->kind];
}

const char *
nv_option_bare_unit(const struct nv_option *option)
{
	switch (option->kind) {
	case NV_OPT_DURATION:
		return "s";
	case NV_OPT_SIZE:
		return "B";
	case NV_OPT_PERCENT:
		return "%";
	default:
		return NULL;
	}
}

bool
nv_option_is_scalar(const struct nv_option *option)
{
	return option->kind < NV_OPT_COMMAND;
}

const char *
nv_option_variable(const struct nv_option *option, char buf[NV_VARIABLE_BYTES])
{
	(void)snprintf(buf, NV_VARIABLE_BYTES, "NOVA_%s", option->key);
	for (char *at = buf; *at; at++)
		*at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
	return buf;
}

bool
nv_option_has_word(const char *list, const char *name, size_t bytes)
{
	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (n == bytes && memcmp(list, name, n) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

const struct nv_option *
nv_option_by_variable(const char *name, size_t bytes)
{
	for (size_t i = 0; i < nv_options_global_n; i++) {
		const struct nv_option *o = &nv_options_global[i];
		char own[NV_VARIABLE_BYTES];

		if (!nv_option_is_scalar(o))
			continue;
		if (nv_option_has_word(nv_option_variable(o, own), name, bytes) ||
			nv_option_has_word(o->variables, name, bytes))
			return o;
	}
	return NULL;
}

size_t
nv_option_find(const struct nv_option *table, size_t n, const char *key)
{
	size_t i = 0;

	while (i < n && strcmp(table[i].key, key) != 0)
		i++;
	return i;
}

bool
nv_option_is_section(const struct nv_option *table, size_t n, const char *key)
{
	size_t bytes = strlen(key);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(table[i].key, key, bytes) == 0 && table[i].key[bytes] == '.')
			return true;
	}
	return false;
}
