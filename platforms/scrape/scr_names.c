#include "scr_names.h"

#include "nv_units.h"
#include "scr_ascii.h"

#include <stdio.h>
#include <string.h>

bool
scr_names_key(struct plat_call *call, char ret[SCR_NAME_KEY_BYTES])
{
	const char *name = plat_arg_str(call, "name");

	for (const char *c = name; *c; c++) {
		if (scr_is_alnum(*c) || strchr("._-", *c))
			continue;
		plat_fail(call, NV_EXIT_USAGE,
			"name: letters, digits, '.', '_' and '-' were expected");
		return false;
	}
	(void)snprintf(ret, SCR_NAME_KEY_BYTES, "%s/%s", plat_call_agent(call), name);
	return true;
}

void
scr_names_prefix(const struct plat_call *call, char ret[SCR_NAME_KEY_BYTES])
{
	const char *agent = plat_call_agent(call);

	(void)snprintf(ret, SCR_NAME_KEY_BYTES, "%s%s", agent, agent[0] ? "/" : "");
}

const char *
scr_names_of(const char *key, char agent[NV_NAME_MAX])
{
	const char *slash = strchr(key, '/');
	size_t n = slash ? (size_t)(slash - key) : 0;

	n = NV_MIN(n, (size_t)NV_NAME_MAX - 1);
	memcpy(agent, key, n);
	agent[n] = '\0';
	return slash ? slash + 1 : key;
}

bool
scr_names_duration(struct plat_call *call, const char *arg, int64_t fallback_ms,
	int64_t min_ms, int64_t *ret_ms)
{
	const char *text = plat_arg_str(call, arg);
	struct nv_err err = {.text = ""};

	*ret_ms = fallback_ms;
	if (!text)
		return true;
	if (nv_duration_parse(text, ret_ms, &err) < 0) {
		plat_fail(call, NV_EXIT_USAGE, "%s: %s", arg, err.text);
		return false;
	}
	if (*ret_ms < min_ms) {
		char least[NV_UNITS_BYTES];

		plat_fail(call, NV_EXIT_USAGE, "%s: at least %s", arg,
			nv_duration_show(min_ms, least));
		return false;
	}
	return true;
}
