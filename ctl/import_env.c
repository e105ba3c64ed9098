/* See import_env.h. */
#include "import_env.h"

#include "nv_buf.h"
#include "nv_config.h"
#include "nv_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define YAML_BYTES_MAX ((size_t)64 << 10)
#define TEXT_BYTES_MAX 320

enum kind {
	SECRET,
	DOLLARS,
	PERCENT,
	SECONDS,
	COUNT,
	BOOLEAN,
	TEXT,
	PORT,
	NOTHING, /* Nova has nothing like it: `to` says why */
};

/* The variables of the original's .env.example and .env.production.example, and such as
 * its modules read besides. */
static const struct rule {
	const char *variable; /* with '*' at its end: all that begin so */
	enum kind kind;
	const char *to;      /* the setting, the secret, or why it is left */
	const char *section; /* also there then, NULL = none */
} rules[] = {
	{"ANTHROPIC_API_KEY", SECRET, "anthropic_api_key", NULL},
	{"STRIPE_API_KEY", SECRET, "stripe_api_key", "platforms.stripe"},
	{"STRIPE_SECRET_KEY", SECRET, "stripe_api_key", "platforms.stripe"},
	{"STRIPE_WEBHOOK_SECRET", SECRET, "stripe_webhook_secret", "gateway"},
	{"GUMROAD_ACCESS_TOKEN", SECRET, "gumroad_access_token", "platforms.gumroad"},
	{"GUMROAD_API_KEY", SECRET, "gumroad_access_token", "platforms.gumroad"},
	{"SENDGRID_API_KEY", SECRET, "sendgrid_api_key", "platforms.sendgrid"},
	{"TWITTER_BEARER_TOKEN", SECRET, "twitter_bearer_token", "platforms.twitter"},
	{"TWITTER_API_KEY", SECRET, "twitter_api_key", "platforms.twitter"},
	{"TWITTER_API_SECRET", SECRET, "twitter_api_secret", "platforms.twitter"},
	{"TWITTER_ACCESS_TOKEN", SECRET, "twitter_access_token", "platforms.twitter"},
	{"TWITTER_ACCESS_SECRET", SECRET, "twitter_access_secret", "platforms.twitter"},
	{"TELEGRAM_BOT_TOKEN", SECRET, "telegram_bot_token", "alerts"},
	{"TELEGRAM_ADMIN_CHAT_ID", TEXT, "alerts.telegram.chat", NULL},
	{"MAX_DAILY_BUDGET", DOLLARS, "max_daily_budget", NULL},
	{"NOVAOS_DAILY_BUDGET", DOLLARS, "max_daily_budget", NULL},
	{"NOVAOS_HOURLY_BUDGET", DOLLARS, "max_hourly_budget", NULL},
	{"MIN_ROI_THRESHOLD", PERCENT, "min_roi", NULL},
	{"SCALE_ROI_THRESHOLD", PERCENT, "scale_roi", NULL},
	{"KILL_ROI_THRESHOLD", PERCENT, "kill_roi", NULL},
	{"REQUIRE_APPROVAL_ABOVE", DOLLARS, "approval_above", NULL},
	{"AUTONOMOUS_ENABLED", BOOLEAN, "autonomous.enabled", NULL},
	{"SENDGRID_FROM_EMAIL", TEXT, "platforms.sendgrid.from", NULL},
	{"WORKER_RUN_INTERVAL", SECONDS, "run_interval", NULL},
	{"WORKER_MAX_CRASHES", COUNT, "crashes.max", NULL},
	{"WORKER_CRASH_COOLDOWN", SECONDS, "crashes.cooldown", NULL},
	{"DASHBOARD_PORT", PORT, "gateway.listen", NULL},
	{"DASHBOARD_HOST", NOTHING,
		"the gateway listens on this machine only, until gateway.tls is set",
		NULL},
	{"NOVAOS_EMERGENCY_THRESHOLD", NOTHING,
		"nothing runs past max_daily_budget; `novactl stop-everything` is the "
		"emergency stop",
		NULL},
	{"NOVAOS_SECURITY_LEVEL", NOTHING,
		"each worker says what it may: user, isolation, limits, secrets", NULL},
	{"NOVAOS_MASTER_PASSWORD", NOTHING,
		"nothing is opened by a password: see `novactl token`", NULL},
	{"NOVAOS_ENV", NOTHING, "there is one way to run it", NULL},
	{"SENDGRID_FROM_NAME", NOTHING, "write it into platforms.sendgrid.from", NULL},
	{"WORKER_AUTO_RESTART", NOTHING, "restart: of each worker says it", NULL},
	{"WORKER_DEPARTMENT", NOTHING, "group: of each worker says it", NULL},
	{"DATABASE_URL", NOTHING, "the ledger is Nova's own: novactl import novaos",
		NULL},
	{"REDIS_URL", NOTHING, "its processes talk over sockets of their own", NULL},
	{"LOG_LEVEL", NOTHING, "NOVA_LOG_LEVEL in the environment of novasupd", NULL},
	{"SENTRY_DSN", NOTHING, "alerts: says who is told", NULL},
	{"DEPLOY_TARGET", NOTHING, "./deploy.sh TARGET says it", NULL},
	{"AWS_*", NOTHING, "./deploy.sh aws takes the account of the aws command", NULL},
	{"FLASK_*", NOTHING, "the dashboard is nova-gateway", NULL},
	{"SECRET_KEY", NOTHING, "sessions of the dashboard have no key to keep", NULL},
	{"PRODUCT_CREATOR_*", NOTHING, "its worker's file says it: run_interval, budget",
		NULL},
	{"CONTENT_ARBITRAGE_*", NOTHING,
		"its worker's file says it: run_interval, budget", NULL},
	{"LEAD_GENERATOR_*", NOTHING, "its worker's file says it: run_interval, budget",
		NULL},
};

struct reading {
	struct ctl_env *env;
	const struct rule *rule;
	char variable[80];
	bool no_memory;
};

static void
put(struct reading *r, json_t *list, const char *key, const char *text)
{
	if (json_array_append_new(list, json_pack("{s:o, s:s}", "variable",
						nv_json_str(r->variable), key, text)) < 0)
		r->no_memory = true;
}

static void
leave(struct reading *r, const char *why)
{
	put(r, r->env->left, "why", why);
}

/* ---- settings ---- */

/* The object that holds the last word of a key. */
static json_t *
parent_of(struct reading *r, const char *key, const char **ret_last)
{
	json_t *at = r->env->settings;
	const char *dot;

	for (; (dot = strchr(key, '.')); key = dot + 1) {
		char word[64];
		json_t *next;

		(void)snprintf(word, sizeof word, "%.*s", (int)(dot - key), key);
		next = json_object_get(at, word);
		if (!next) {
			next = json_object();
			if (json_object_set_new(at, word, next) < 0) {
				r->no_memory = true;
				return NULL;
			}
		}
		at = next;
	}
	*ret_last = key;
	return at;
}

static void
set_value(struct reading *r, const char *key, const char *text)
{
	const char *last = NULL;
	json_t *parent = parent_of(r, key, &last);

	if (parent && json_object_set_new(parent, last, nv_json_str(text)) < 0)
		r->no_memory = true;
	put(r, r->env->used, "setting", key);
}

/* An empty section starts what it is about. */
static void
set_section(struct reading *r, const char *key)
{
	const char *last = NULL;
	json_t *parent = parent_of(r, key, &last);

	if (parent && !json_object_get(parent, last) &&
		json_object_set_new(parent, last, json_object()) < 0)
		r->no_memory = true;
}

/* What has said this setting so far does not any more. */
static void
disuse(struct reading *r)
{
	json_t *used = r->env->used;

	for (size_t i = json_array_size(used); i-- > 0;) {
		json_t *row = json_array_get(used, i);
		const char *setting = json_string_value(json_object_get(row, "setting"));

		if (!setting || strcmp(setting, r->rule->to) != 0)
			continue;
		if (json_object_del(row, "setting") < 0 ||
			json_object_set_new(row, "why",
				json_string("another variable says a lower one")) < 0 ||
			json_array_append(r->env->left, row) < 0 ||
			json_array_remove(used, i) < 0)
			r->no_memory = true;
	}
}

/* Of two amounts for one setting the lower one stands: a budget may not grow by moving.
 */
static bool
is_lower(struct reading *r, const char *text)
{
	const char *last = NULL;
	json_t *parent = parent_of(r, r->rule->to, &last);
	const char *there = json_string_value(json_object_get(parent, last));
	int64_t a = 0;
	int64_t b = 0;

	if (!there)
		return true;
	bool lower =
		nv_money_parse(text, strlen(text), NV_DECIMAL_EXACT, &a, NULL) == 0 &&
		nv_money_parse(there, strcspn(there, " "), NV_DECIMAL_EXACT, &b, NULL) ==
			0 &&
		a < b;

	if (lower)
		disuse(r);
	else
		leave(r, "another variable says a lower one");
	return lower;
}

/* Numbers of the original are Python's: digits, a point, an exponent. */
static void
set_number(struct reading *r, const char *value)
{
	char decimal[NV_MONEY_BYTES];
	char text[NV_MONEY_BYTES + 8];
	int64_t nano = 0;
	size_t n;

	if (nv_money_parse(value, strlen(value), NV_DECIMAL_EXACT, &nano, NULL) < 0 ||
		(nano < 0 && r->rule->kind != PERCENT) ||
		(r->rule->kind == COUNT && nano % NV_MONEY_SCALE != 0)) {
		leave(r, "is not a number that this can be");
		return;
	}
	(void)nv_money_text(nano, decimal);
	/* "60.00" is 60. */
	n = strlen(decimal);
	if (r->rule->kind != DOLLARS && n > 3 && strcmp(decimal + n - 3, ".00") == 0)
		decimal[n - 3] = '\0';
	(void)snprintf(text, sizeof text, "%s%s", decimal,
		r->rule->kind == DOLLARS   ? " USD"
		: r->rule->kind == PERCENT ? "%"
		: r->rule->kind == SECONDS ? "s"
					   : "");
	if (r->rule->kind != DOLLARS || is_lower(r, decimal))
		set_value(r, r->rule->to, text);
}

static void
set_boolean(struct reading *r, const char *value)
{
	static const char *const yes[] = {"true", "1", "yes", "on"};
	static const char *const no[] = {"false", "0", "no", "off"};

	for (size_t i = 0; i < NV_LEN(yes); i++) {
		bool is = strcasecmp(value, yes[i]) == 0;

		if (is || strcasecmp(value, no[i]) == 0) {
			set_value(r, r->rule->to, is ? "true" : "false");
			return;
		}
	}
	leave(r, "is neither true nor false");
}

static void
set_port(struct reading *r, const char *value)
{
	char text[40];
	char *end = NULL;
	unsigned long port = strtoul(value, &end, 10);

	if (*end || end == value || port == 0 || port > 65535) {
		leave(r, "is not a port");
		return;
	}
	(void)snprintf(text, sizeof text, "127.0.0.1:%lu", port);
	set_value(r, r->rule->to, text);
}

/* ---- secrets ---- */

static void
set_secret(struct reading *r, const char *value, size_t bytes)
{
	struct ctl_env *env = r->env;

	for (size_t i = 0; i < env->n_secrets; i++) {
		if (strcmp(env->secrets[i].name, r->rule->to) == 0) {
			leave(r, "another variable says it already");
			return;
		}
	}
	if (env->n_secrets == CTL_ENV_SECRETS_MAX) {
		leave(r, "there are too many secrets");
		return;
	}
	struct ctl_env_secret *s = &env->secrets[env->n_secrets];

	*s = (struct ctl_env_secret){.name = r->rule->to,
		.variable = r->rule->variable,
		.value = strndup(value, bytes),
		.bytes = bytes};
	if (!s->value) {
		r->no_memory = true;
		return;
	}
	env->n_secrets++;
	put(r, env->used, "secret", s->name);
	if (r->rule->section)
		set_section(r, r->rule->section);
}

/* The examples' words for "put yours here". */
static bool
is_placeholder(const char *value, size_t bytes)
{
	return memmem(value, bytes, "your_", 5) || memmem(value, bytes, "your-", 5) ||
	       (bytes >= 3 && memcmp(value + bytes - 3, "...", 3) == 0);
}

/* ---- all ---- */

static const struct rule *
rule_of(const char *variable)
{
	for (size_t i = 0; i < NV_LEN(rules); i++) {
		const char *of = rules[i].variable;
		size_t n = strlen(of);

		if (of[n - 1] == '*' ? strncmp(of, variable, n - 1) == 0
				     : strcmp(of, variable) == 0)
			return &rules[i];
	}
	return NULL;
}

static void
take_value(struct reading *r, const struct nv_dotenv_item *item)
{
	char value[TEXT_BYTES_MAX + 1];

	if (r->rule->kind == NOTHING) {
		leave(r, r->rule->to);
	} else if (item->value_bytes == 0) {
		leave(r, "is empty");
	} else if (memchr(item->value, '\0', item->value_bytes)) {
		leave(r, "has a NUL byte");
	} else if (is_placeholder(item->value, item->value_bytes)) {
		leave(r, "is the example's, not a value of yours");
	} else if (r->rule->kind == SECRET) {
		set_secret(r, item->value, item->value_bytes);
	} else if (item->value_bytes > TEXT_BYTES_MAX) {
		leave(r, "is too long");
	} else {
		memcpy(value, item->value, item->value_bytes);
		value[item->value_bytes] = '\0';
		if (r->rule->kind == BOOLEAN)
			set_boolean(r, value);
		else if (r->rule->kind == PORT)
			set_port(r, value);
		else if (r->rule->kind == TEXT)
			set_value(r, r->rule->to, value);
		else
			set_number(r, value);
	}
}

static int
see_item(void *arg, const struct nv_dotenv_item *item)
{
	struct reading *r = arg;

	if (item->wrong) {
		(void)snprintf(r->variable, sizeof r->variable, "line %u", item->line);
		leave(r, item->wrong);
	} else if (item->name_bytes >= sizeof r->variable) {
		(void)snprintf(r->variable, sizeof r->variable, "line %u", item->line);
		leave(r, "has too long a name");
	} else {
		(void)snprintf(r->variable, sizeof r->variable, "%.*s",
			(int)item->name_bytes, item->name);
		r->rule = rule_of(r->variable);
		if (r->rule)
			take_value(r, item);
		else
			leave(r, "the original's examples do not name it: an agent's, "
				 "perhaps (env, secrets)");
	}
	return r->no_memory ? -ENOMEM : 0;
}

int
ctl_env_read(const char *text, size_t bytes, struct ctl_env *ret)
{
	*ret = (struct ctl_env){
		.settings = json_object(), .used = json_array(), .left = json_array()};
	struct reading r = {.env = ret};

	if (!ret->settings || !ret->used || !ret->left)
		return -ENOMEM;
	return nv_conf_dotenv_walk(text, bytes, see_item, &r);
}

void
ctl_env_fini(struct ctl_env *env)
{
	for (size_t i = 0; i < env->n_secrets; i++) {
		explicit_bzero(env->secrets[i].value, env->secrets[i].bytes);
		free(env->secrets[i].value);
	}
	json_decref(env->settings);
	json_decref(env->used);
	json_decref(env->left);
	*env = (struct ctl_env){0};
}

/* ---- YAML ---- */

/* What a person would write without quotes. */
static bool
is_plain(const char *text)
{
	return text[0] &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789.% USD") == strlen(text);
}

static void
put_yaml(struct nv_buf *buf, const json_t *object, int depth)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		const char *text = json_string_value(value);

		nv_buf_printf(buf, "%*s%s:", 2 * depth, "", key);
		if (text) {
			nv_buf_puts(buf, " ");
			/* A string of JSON is one of YAML. */
			if (is_plain(text))
				nv_buf_puts(buf, text);
			else
				nv_buf_put_json(buf, text, strlen(text));
			nv_buf_puts(buf, "\n");
		} else if (json_object_size(value) == 0) {
			nv_buf_puts(buf, " {}\n");
		} else {
			nv_buf_puts(buf, "\n");
			put_yaml(buf, value, depth + 1);
		}
	}
}

char *
ctl_env_yaml(const struct ctl_env *env)
{
	struct nv_buf buf;

	nv_buf_init(&buf, YAML_BYTES_MAX);
	put_yaml(&buf, env->settings, 0);
	char *yaml = nv_buf_take(&buf);

	nv_buf_fini(&buf);
	return yaml ? yaml : strdup("");
}
