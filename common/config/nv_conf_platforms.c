/* Platforms and gateway in the configuration: names, lists, rules. See
 * nv_conf_platforms.h. */
#include "nv_conf_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER_BYTES_MAX 64
#define PREFIX_BYTES_MAX 32

static const char *const names[NV_PLATFORMS] = {
	[NV_PLATFORM_STRIPE] = "stripe",
	[NV_PLATFORM_GUMROAD] = "gumroad",
	[NV_PLATFORM_SENDGRID] = "sendgrid",
	[NV_PLATFORM_TWITTER] = "twitter",
	[NV_PLATFORM_SCRAPE] = "scrape",
};

const char *
nv_platform_name(enum nv_platform platform)
{
	NV_ASSERT((unsigned)platform < NV_PLATFORMS);
	return names[platform];
}

bool
nv_platform_from(const char *name, enum nv_platform *ret)
{
	if (strcmp(name, "x") == 0)
		name = names[NV_PLATFORM_TWITTER];
	for (unsigned i = 0; i < NV_PLATFORMS; i++) {
		if (strcmp(name, names[i]) == 0) {
			*ret = (enum nv_platform)i;
			return true;
		}
	}
	return false;
}

/* ---- what a worker may call ---- */

int
nv_conf_read_platforms(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, "platforms",
		    "a list of platforms such as [sendgrid, scrape]", NV_PLATFORMS))
		return 0;
	nv_yaml_each(item, node)
	{
		const char *text = nv_conf_item_text(r, source, item, "platforms");
		char quoted[NV_QUOTE_BYTES];
		enum nv_platform p;

		if (!text)
			continue;
		if (!nv_platform_from(text, &p)) {
			const char *near = nv_name_nearest(text, names, NV_PLATFORMS);

			nv_conf_error(r->errs, source->name, item->line, item->column,
				"platforms: there is no platform \"%s\"%s%s%s",
				nv_value_quote(text, quoted),
				near ? "; did you mean \"" : "", near ? near : "",
				near ? "\"?" : "");
		} else if (w->platforms & 1u << p) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"platforms: %s is listed twice", names[p]);
		} else {
			w->platforms |= 1u << p;
		}
	}
	return 0;
}

void
nv_conf_platforms_show(struct nv_buf *buf, const struct nv_conf_worker *w)
{
	const char *before = "";

	nv_buf_puts(buf, "[");
	for (unsigned i = 0; i < NV_PLATFORMS; i++) {
		if (!(w->platforms >> i & 1))
			continue;
		nv_buf_printf(buf, "%s%s", before, names[i]);
		before = ", ";
	}
	nv_buf_puts(buf, "]");
}

/* ---- webhooks ---- */

static void
bad(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *at, const char *hook, const char *key,
	const char *expects)
{
	nv_conf_error(r->errs, source->name, at->line, at->column,
		"gateway.webhooks.%s%s%s: expected %s", hook, key[0] ? "." : "", key,
		expects);
}

static bool
is_header(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	}
	return n > 0 && n <= HEADER_BYTES_MAX;
}

static bool
is_prefix(const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++) {
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	}
	return n <= PREFIX_BYTES_MAX;
}

/* One setting of a webhook. 0 or -ENOMEM. */
static int
read_part(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, struct nv_conf_webhook *h)
{
	static const char *const known[] = {"header", "prefix", "timestamp", "agent"};
	const char *text = nv_yaml_is_null(item) ? NULL : nv_yaml_text(item);
	const char *near;

	bool timestamp = strcmp(item->key, "timestamp") == 0;

	if (timestamp || strcmp(item->key, "header") == 0) {
		char **field = timestamp ? &h->timestamp : &h->header;

		if (!text || !is_header(text)) {
			bad(r, source, item, h->name, item->key,
				"the name of a header such as X-Signature");
			return 0;
		}
		free(*field);
		*field = strdup(text);
		return *field ? 0 : -ENOMEM;
	}
	if (strcmp(item->key, "prefix") == 0) {
		if (!text || !is_prefix(text)) {
			bad(r, source, item, h->name, "prefix",
				"what stands before the signature, such as sha256=");
			return 0;
		}
		free(h->prefix);
		h->prefix = strdup(text);
		return h->prefix ? 0 : -ENOMEM;
	}
	if (strcmp(item->key, "agent") == 0) {
		if (!text || !nv_name_valid(text) || nv_name_is_system(text))
			bad(r, source, item, h->name, "agent", "the name of a worker");
		else
			memcpy(h->agent, text, strlen(text) + 1);
		return 0;
	}
	near = nv_name_nearest(item->key, known, NV_LEN(known));
	nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
		"gateway.webhooks.%s.%s: unknown key; %s%s%s", h->name, item->key,
		near ? "did you mean \"" : "known here: header, prefix, timestamp, agent",
		near ? near : "", near ? "\"?" : "");
	return 0;
}

static int
read_webhook(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item)
{
	struct nv_conf_gateway *g = &r->config->gateway;
	struct nv_conf_webhook *h = &g->webhooks[g->n_webhooks];
	int rc = 0;

	if (!nv_conf_check_repeat(r, source, item, "gateway.webhooks"))
		return 0;
	if (!nv_name_valid(item->key)) {
		char quoted[NV_QUOTE_BYTES];

		nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
			"gateway.webhooks: expected a name of a-z, 0-9, _, . and -, "
			"found \"%s\"",
			nv_value_quote(item->key, quoted));
		return 0;
	}
	if (item->kind != NV_YAML_MAP) {
		bad(r, source, item, item->key, "",
			"a map such as {header: X-Signature}");
		return 0;
	}
	memcpy(h->name, item->key, strlen(item->key) + 1);
	g->n_webhooks++;
	nv_yaml_each(part, item)
	{
		if (nv_conf_check_repeat(r, source, part, "gateway.webhooks") && rc == 0)
			rc = read_part(r, source, part, h);
	}
	if (rc == 0 && !h->header && !nv_yaml_get(item, "header"))
		bad(r, source, item, h->name, "header",
			"the name of a header such as X-Signature");
	if (rc == 0 && !h->prefix) {
		h->prefix = strdup("");
		rc = h->prefix ? 0 : -ENOMEM;
	}
	return rc;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct nv_conf_webhook *)a)->name,
		((const struct nv_conf_webhook *)b)->name);
}

int
nv_conf_read_webhooks(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node)
{
	struct nv_conf_gateway *g = &r->config->gateway;
	int rc = 0;

	if (!nv_conf_check_collection(r, source, node, NV_YAML_MAP, "gateway.webhooks",
		    "a map such as {shop: {header: X-Signature}}", NV_CONF_WEBHOOKS_MAX))
		return 0;
	g->webhooks = calloc(node->n_children + 1, sizeof(*g->webhooks));
	if (!g->webhooks)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		if (rc == 0)
			rc = read_webhook(r, source, item);
	}
	qsort(g->webhooks, g->n_webhooks, sizeof(*g->webhooks), by_name);
	return rc;
}

void
nv_conf_webhooks_show(struct nv_buf *buf, const struct nv_config *config)
{
	const struct nv_conf_gateway *g = &config->gateway;

	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < g->n_webhooks; i++) {
		const struct nv_conf_webhook *h = &g->webhooks[i];

		nv_buf_printf(buf, "%s%s: {header: %s", i ? ", " : "", h->name,
			h->header ? h->header : "");
		if (h->prefix && h->prefix[0]) {
			nv_buf_puts(buf, ", prefix: ");
			nv_buf_put_json(buf, h->prefix, strlen(h->prefix));
		}
		if (h->timestamp)
			nv_buf_printf(buf, ", timestamp: %s", h->timestamp);
		if (h->agent[0])
			nv_buf_printf(buf, ", agent: %s", h->agent);
		nv_buf_puts(buf, "}");
	}
	nv_buf_puts(buf, "}");
}

/* ---- rules ---- */

static size_t
global(const char *key)
{
	size_t i = nv_option_find(nv_options_global, nv_options_global_n, key);

	NV_ASSERT(i < nv_options_global_n);
	return i;
}

static void
finish_gateway(struct nv_conf_reading *r)
{
	const struct nv_conf_gateway *g = &r->config->gateway;
	bool tls = g->tls_certificate && g->tls_key;

	if (!g->on)
		return;
	if (!g->tls_certificate != !g->tls_key)
		nv_conf_error_at(r->errs,
			&r->origins[global(g->tls_key ? "gateway.tls.key"
						      : "gateway.tls.certificate")],
			"gateway.tls: needs both certificate and key");
	else if (g->listen && !tls && !g->insecure && !nv_address_is_loopback(g->listen))
		nv_conf_error_at(r->errs, &r->origins[global("gateway.listen")],
			"gateway.listen: %s is no loopback address: needs gateway.tls, "
			"or `insecure: true` behind a proxy that has it",
			g->listen);
}

void
nv_conf_platforms_finish(struct nv_conf_reading *r)
{
	char key[NV_NAME_MAX];

	for (unsigned i = 0; i < NV_PLATFORMS; i++) {
		struct nv_conf_platform *p = &r->config->platforms[i];

		if (!p->base_url)
			continue;
		(void)snprintf(key, sizeof(key), "platforms.%s.base_url", names[i]);
		p->vendor =
			strcmp(p->base_url, nv_options_global[global(key)].fallback) == 0;
	}
	finish_gateway(r);
}

bool
nv_conf_is_of_platforms(const struct nv_option *o)
{
	return strncmp(o->key, "platforms.", 10) == 0 ||
	       strncmp(o->key, "gateway", 7) == 0 || strncmp(o->key, "alerts", 6) == 0;
}

void
nv_conf_platforms_fini(struct nv_config *config)
{
	for (size_t i = 0; i < nv_options_global_n; i++) {
		const struct nv_option *o = &nv_options_global[i];

		if (nv_conf_is_of_platforms(o) &&
			(o->kind == NV_OPT_TEXT || o->kind == NV_OPT_PATH ||
				o->kind == NV_OPT_URL || o->kind == NV_OPT_ADDRESS))
			free(*(char **)((char *)config + o->offset));
	}
	for (size_t i = 0; i < config->gateway.n_webhooks; i++) {
		free(config->gateway.webhooks[i].header);
		free(config->gateway.webhooks[i].prefix);
		free(config->gateway.webhooks[i].timestamp);
	}
	free(config->gateway.webhooks);
	nv_conf_hosts_fini(&config->gateway.names);
	nv_conf_due_fini(config);
}
