/* System workers: Nova's own processes that stand in the configuration as a section and
 * run as workers do. They are made here, so that everyone who reads the snapshot knows
 * the same ones. */
#include "nv_conf_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEM_MAX        (NV_PLATFORMS + 2)
#define BACKOFF_MIN_MS    1000
#define BACKOFF_MAX_MS    60000
#define HEARTBEAT_MS      10000
#define SILENCE_MS        60000
#define GRACE_MS          10000
#define CRASHES_MAX       100  /* within ... */
#define CRASHES_WITHIN_MS 1000 /* ... so little that a restart never ends */

/* What each is given, and where it may stand in the environment. */
static const struct {
	const char *worker;
	const char *secret;
	const char *variables;
} secrets[] = {
	{"nova.stripe", "stripe_api_key", "STRIPE_API_KEY STRIPE_SECRET_KEY"},
	{"nova.gumroad", "gumroad_access_token", "GUMROAD_ACCESS_TOKEN"},
	{"nova.gumroad", "gumroad_webhook_secret", "GUMROAD_WEBHOOK_SECRET"},
	{"nova.sendgrid", "sendgrid_api_key", "SENDGRID_API_KEY"},
	{"nova.twitter", "twitter_api_key", "TWITTER_API_KEY"},
	{"nova.twitter", "twitter_api_secret", "TWITTER_API_SECRET"},
	{"nova.twitter", "twitter_access_token", "TWITTER_ACCESS_TOKEN"},
	{"nova.twitter", "twitter_access_secret", "TWITTER_ACCESS_SECRET"},
	{"nova.twitter", "twitter_bearer_token", "TWITTER_BEARER_TOKEN"},
	{"nova.gateway", "stripe_webhook_secret", "STRIPE_WEBHOOK_SECRET"},
	{"nova.gateway", "gumroad_webhook_secret", "GUMROAD_WEBHOOK_SECRET"},
	{"nova.gateway", "sendgrid_webhook_key", "SENDGRID_WEBHOOK_PUBLIC_KEY"},
	{"nova.gateway", "twitter_api_secret", "TWITTER_API_SECRET"},
	{"nova.gateway", "slack_signing_secret", "SLACK_SIGNING_SECRET"},
	{"nova.alerts", "slack_webhook_url", "SLACK_WEBHOOK_URL"},
	{"nova.alerts", "pagerduty_routing_key", "PAGERDUTY_ROUTING_KEY"},
	{"nova.alerts", "discord_webhook_url", "DISCORD_WEBHOOK_URL"},
	{"nova.alerts", "telegram_bot_token", "TELEGRAM_BOT_TOKEN"},
	{"nova.alerts", "alert_webhook_url", "ALERT_WEBHOOK_URL"},
	{"nova.alerts", "alert_webhook_secret", "ALERT_WEBHOOK_SECRET"},
};

const char *
nv_conf_secret_variables(const char *secret)
{
	for (size_t i = 0; i < NV_LEN(secrets); i++) {
		if (strcmp(secrets[i].secret, secret) == 0)
			return secrets[i].variables;
	}
	return NULL;
}

const char *
nv_conf_system_of(const char *key, char buf[NV_NAME_MAX])
{
	const char *section = strncmp(key, "platforms.", 10) == 0 ? key + 10
			      : strncmp(key, "gateway", 7) == 0   ? key
			      : strncmp(key, "alerts", 6) == 0    ? key
								  : NULL;

	if (!section)
		return NULL;
	(void)snprintf(buf, NV_NAME_MAX, NV_SYSTEM_PREFIX "%.*s",
		(int)strcspn(section, "."), section);
	return buf;
}

void
nv_conf_system_reserved(struct nv_conf_reading *r, const struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	if (nv_name_is_system(w->name))
		nv_conf_error_at(r->errs, nv_conf_place(origins, "worker"),
			"worker: \"%s\": names that begin with " NV_SYSTEM_PREFIX
			" are reserved for Nova's own processes",
			w->name);
	if (strcmp(w->group, NV_SYSTEM_GROUP) == 0)
		nv_conf_error_at(r->errs, nv_conf_place(origins, "group"),
			"group: %s is reserved for Nova's own processes", w->group);
}

static int
set_argv(struct nv_conf_worker *w, const char *program, const char *word)
{
	w->argv = calloc(3, sizeof(*w->argv));
	if (!w->argv)
		return -ENOMEM;
	w->argv[0] = strdup(program);
	w->argv[1] = word ? strdup(word) : NULL;
	return w->argv[0] && (!word || w->argv[1]) ? 0 : -ENOMEM;
}

static int
add_secret(struct nv_conf_worker *w, const char *prefix, const char *name)
{
	if (asprintf(&w->secrets[w->n_secrets], "%s%s", prefix, name) < 0) {
		w->secrets[w->n_secrets] = NULL;
		return -ENOMEM;
	}
	w->n_secrets++;
	return 0;
}

static int
set_secrets(struct nv_conf_worker *w, const struct nv_conf_gateway *gateway)
{
	bool hooks = strcmp(w->name, "nova.gateway") == 0;
	int rc = 0;

	w->secrets =
		calloc(NV_LEN(secrets) + gateway->n_webhooks + 1, sizeof(*w->secrets));
	if (!w->secrets)
		return -ENOMEM;
	for (size_t i = 0; i < NV_LEN(secrets) && rc == 0; i++) {
		if (strcmp(secrets[i].worker, w->name) == 0)
			rc = add_secret(w, "", secrets[i].secret);
	}
	for (size_t i = 0; hooks && i < gateway->n_webhooks && rc == 0; i++)
		rc = add_secret(w, "webhook_", gateway->webhooks[i].name);
	return rc;
}

/* What decides about a restart besides what it has in common with all workers: every
 * setting of its section, and what the process knows of the fleet. */
static int
mix_section(const struct nv_config *config, struct nv_conf_worker *w, const char *section)
{
	size_t bytes = strlen(section);
	/* On top of a section that is in it already. */
	uint64_t hash = w->restart_hash ? w->restart_hash : nv_conf_restart_hash(w);
	struct nv_buf buf;

	nv_buf_init(&buf, (size_t)1 << 20);
	nv_buf_printf(
		&buf, "%s %s %s", config->base_currency, config->timezone, config->dir);
	for (size_t i = 0; i < nv_options_global_n; i++) {
		const struct nv_option *o = &nv_options_global[i];

		if (strncmp(o->key, section, bytes) != 0 ||
			(o->key[bytes] != '.' && o->key[bytes] != '\0'))
			continue;
		nv_buf_printf(&buf, "\n%s=", o->key);
		nv_conf_put_value(&buf, config, o, config, false);
	}
	for (size_t i = 0; i < buf.bytes; i++)
		hash = (hash ^ (unsigned char)buf.data[i]) * UINT64_C(0x100000001b3);
	w->restart_hash = hash;
	int rc = buf.error;

	nv_buf_fini(&buf);
	return rc;
}

static int
make(struct nv_conf_reading *r, const char *name, const char *program, const char *word,
	const char *section)
{
	struct nv_config *config = r->config;
	struct nv_conf_worker *w = &config->system[config->n_system++];
	int rc = nv_conf_worker_default(r, w);

	(void)snprintf(w->name, sizeof(w->name), NV_SYSTEM_PREFIX "%s", name);
	(void)snprintf(w->group, sizeof(w->group), NV_SYSTEM_GROUP);
	w->system = true;
	w->kind = NV_KIND_SERVICE;
	w->restart = NV_RESTART_PERMANENT;
	w->ready = NV_READY_EVENT;
	w->ready_timeout_ms = 0; /* without an engine nobody hears it */
	w->instances_start = w->instances_min = w->instances_max = 1;
	w->crashes = (struct nv_conf_crashes){.max = CRASHES_MAX,
		.within_ms = CRASHES_WITHIN_MS,
		.backoff_min_ms = BACKOFF_MIN_MS,
		.backoff_max_ms = BACKOFF_MAX_MS};
	w->crashes_own = true;
	w->success[0] = 1;
	w->heartbeat_every_ms = HEARTBEAT_MS;
	w->heartbeat_timeout_ms = SILENCE_MS;
	w->stop_grace_ms = GRACE_MS;
	w->isolation = (struct nv_conf_isolation){0};
	w->limit_core_bytes = 0; /* there would be secrets in it */
	w->autonomous = false;
	if (rc == 0)
		rc = set_argv(w, program, word);
	if (rc == 0)
		rc = set_secrets(w, &config->gateway);
	if (rc == 0) {
		w->params_json = strdup("{}");
		rc = w->params_json ? mix_section(config, w, section) : -ENOMEM;
	}
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct nv_conf_worker *)a)->name,
		((const struct nv_conf_worker *)b)->name);
}

int
nv_conf_system_make(struct nv_conf_reading *r)
{
	struct nv_config *config = r->config;
	int rc = 0;

	/* What is wrong with a section makes no process of it. */
	if (r->errs->n > 0)
		return 0;
	config->system = calloc(SYSTEM_MAX, sizeof(*config->system));
	if (!config->system)
		return -ENOMEM;
	for (unsigned i = 0; i < NV_PLATFORMS && rc == 0; i++) {
		const char *name = nv_platform_name((enum nv_platform)i);
		char section[NV_NAME_MAX];

		(void)snprintf(section, sizeof(section), "platforms.%s", name);
		if (config->platforms[i].on)
			rc = make(r, name, "nova-platform", name, section);
	}
	if (rc == 0 && config->gateway.on) {
		rc = make(r, "gateway", "nova-gateway", NULL, "gateway");
		/* It reads Stripe's events as the platform does. */
		if (rc == 0)
			rc = mix_section(config, &config->system[config->n_system - 1],
				"platforms.stripe");
	}
	if (rc == 0 && config->alerts.on)
		rc = make(r, "alerts", "nova-alerts", NULL, "alerts");
	qsort(config->system, config->n_system, sizeof(*config->system), by_name);
	return rc;
}
