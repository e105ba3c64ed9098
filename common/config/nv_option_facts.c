/* What the reference says about a setting besides its help: see nv_options.h. Each fact
 * is asked of what the parser itself uses, so that the two cannot disagree. */
#include "nv_conf_private.h"
#include "nv_value.h"

#include <string.h>

const char *
nv_option_type(const struct nv_option *option)
{
	static const char *const types[NV_OPT_KINDS] = {
		[NV_OPT_NAME] = "name",
		[NV_OPT_TEXT] = "text",
		[NV_OPT_PATH] = "path",
		[NV_OPT_BOOL] = "boolean",
		[NV_OPT_COUNT] = "number",
		[NV_OPT_DURATION] = "duration",
		[NV_OPT_SPAN] = "range of durations",
		[NV_OPT_SIZE] = "size",
		[NV_OPT_PERCENT] = "percentage",
		[NV_OPT_MONEY] = "money",
		[NV_OPT_WORD] = "word",
		[NV_OPT_SIGNAL] = "signal",
		[NV_OPT_USER] = "account",
		[NV_OPT_GROUP] = "account group",
		[NV_OPT_ZONE] = "time zone",
		[NV_OPT_CURRENCY] = "currency",
		[NV_OPT_URL] = "URL",
		[NV_OPT_ADDRESS] = "host:port",
		[NV_OPT_RATE] = "rate",
		[NV_OPT_PRICE] = "money",
		[NV_OPT_COMMAND] = "list of words",
		[NV_OPT_SECRETS] = "list of names",
		[NV_OPT_ENV] = "map of texts",
		[NV_OPT_PARAMS] = "map of parameters",
		[NV_OPT_VARIANTS] = "list of names",
		[NV_OPT_DEPENDS] = "list or map of workers",
		[NV_OPT_CURRENCIES] = "map of rates",
		[NV_OPT_OPERATIONS] = "map of money",
		[NV_OPT_PATHS] = "list of paths",
		[NV_OPT_GROUPS] = "list of account groups",
		[NV_OPT_CAPABILITIES] = "list of capabilities",
		[NV_OPT_CODES] = "list of exit codes",
		[NV_OPT_NAMES] = "list of names",
		[NV_OPT_SUPERVISORS] = "map of groups",
		[NV_OPT_PLATFORMS] = "list of platforms",
		[NV_OPT_WEBHOOKS] = "map of webhooks",
		[NV_OPT_HOSTS] = "list of host names",
		[NV_OPT_DUE] = "map of workers",
		[NV_OPT_SECTION] = "section",
	};

	NV_ASSERT(types[option->kind]);
	return types[option->kind];
}

void
nv_option_put_default(struct nv_buf *buf, const struct nv_option *option)
{
	bool bare = option->kind == NV_OPT_MONEY && option->fallback &&
		    nv_value_is_number(option->fallback);

	if (option->fallback)
		nv_buf_printf(buf, "%s%s", bare ? "$" : "", option->fallback);
}

/* A limit as it would be written; nothing when it is none that anybody meets. */
static void
put_limit(struct nv_buf *buf, const struct nv_option *option, int64_t limit)
{
	static const struct nv_config dollars = {.base_currency = "USD"};
	struct nv_option plain = *option;
	uint32_t count = (uint32_t)limit;

	plain.flags = 0;
	switch (option->kind) {
	case NV_OPT_COUNT:
		nv_value_show(&dollars, &plain, &count, buf);
		break;
	case NV_OPT_SPAN:
		plain.kind = NV_OPT_DURATION;
		nv_value_show(&dollars, &plain, &limit, buf);
		break;
	case NV_OPT_MONEY:
		/* A unit of the last place, and the largest amount there is. */
		if (limit > 1 && limit < NV_MONEY_MAX)
			nv_value_show(&dollars, &plain, &limit, buf);
		break;
	case NV_OPT_DURATION:
	case NV_OPT_SIZE:
	case NV_OPT_PERCENT:
		nv_value_show(&dollars, &plain, &limit, buf);
		break;
	case NV_OPT_TEXT:
		nv_buf_printf(buf, "%lld bytes", (long long)limit);
		break;
	default:
		break;
	}
}

void
nv_option_put_min(struct nv_buf *buf, const struct nv_option *option)
{
	/* Zero is the least of what cannot be negative: said where it is another one. */
	if (option->min != 0)
		put_limit(buf, option, option->min);
}

void
nv_option_put_max(struct nv_buf *buf, const struct nv_option *option)
{
	if (option->max != 0 && nv_option_is_scalar(option))
		put_limit(buf, option, option->max);
	else if (option->max != 0)
		nv_buf_printf(buf, "%lld entries", (long long)option->max);
}

/* Does a change of this setting of a worker restart it? Asked of the hash that decides.
 */
static bool
restarts(const struct nv_option *option)
{
	static char one[] = "a";
	static const char *const text = one;
	struct nv_conf_worker a = {0};
	struct nv_conf_worker b = {0};

	if (!nv_option_is_scalar(option))
		return nv_conf_list_restarts(option);
	size_t bytes = nv_conf_field_bytes(option->kind);

	NV_ASSERT(bytes > 0);
	if (bytes == sizeof(char *) && nv_conf_field_is_text(option->kind))
		memcpy((char *)&b + option->offset, &text, sizeof(text));
	else
		memset((char *)&b + option->offset, 1, bytes);
	return nv_conf_restart_hash(&a) != nv_conf_restart_hash(&b);
}

static bool
is_of(const struct nv_option *option, const struct nv_option *table, size_t n)
{
	return option >= table && option < table + n;
}

enum nv_option_reload
nv_option_reload(const struct nv_option *option)
{
	char name[NV_NAME_MAX];

	if (is_of(option, nv_options_worker, nv_options_worker_n))
		return restarts(option) ? NV_RELOAD_WORKER : NV_RELOAD_LIVE;
	if (!is_of(option, nv_options_global, nv_options_global_n))
		return NV_RELOAD_LIVE;
	if (nv_conf_system_of(option->key, name))
		return NV_RELOAD_SERVICE;
	for (size_t i = 0; i < nv_options_worker_n; i++) {
		const struct nv_option *heir = &nv_options_worker[i];

		if (heir->inherit && strcmp(heir->inherit, option->key) == 0 &&
			restarts(heir))
			return NV_RELOAD_WORKER;
	}
	return NV_RELOAD_LIVE;
}

const char *
nv_option_reload_name(enum nv_option_reload reload)
{
	static const char *const names[] = {[NV_RELOAD_LIVE] = "live",
		[NV_RELOAD_WORKER] = "restarts workers",
		[NV_RELOAD_SERVICE] = "restarts its process"};

	return names[reload];
}
