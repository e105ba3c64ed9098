/* platforms.gumroad.agents: which sales are due to which worker. */
#include "nv_conf_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OF_BYTES_MAX 100

static void
bad(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *at, const char *key, const char *expects)
{
	char quoted[NV_QUOTE_BYTES];

	nv_conf_error(r->errs, source->name, at->line, at->column,
		"platforms.gumroad.agents: \"%s\": expected %s",
		nv_value_quote(key, quoted), expects);
}

static int
read_one(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item)
{
	struct nv_conf_gumroad *g = &r->config->gumroad;
	struct nv_conf_due *due = &g->agents[g->n_agents];
	const char *agent = nv_yaml_is_null(item) ? NULL : nv_yaml_text(item);
	size_t n = strlen(item->key);

	if (!nv_conf_check_repeat(r, source, item, "platforms.gumroad.agents"))
		return 0;
	if (n == 0 || n > OF_BYTES_MAX) {
		bad(r, source, item, item->key, "an offer code or a product's id");
		return 0;
	}
	if (!agent || !nv_name_valid(agent) || nv_name_is_system(agent)) {
		bad(r, source, item, item->key, "the name of a worker");
		return 0;
	}
	due->of = strdup(item->key);
	if (!due->of)
		return -ENOMEM;
	memcpy(due->agent, agent, strlen(agent) + 1);
	g->n_agents++;
	return 0;
}

int
nv_conf_read_due(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node)
{
	struct nv_conf_gumroad *g = &r->config->gumroad;
	int rc = 0;

	if (!nv_conf_check_collection(r, source, node, NV_YAML_MAP,
		    "platforms.gumroad.agents", "a map such as {SPRING10: seller}",
		    NV_CONF_DUE_MAX))
		return 0;
	g->agents = calloc(node->n_children + 1, sizeof(*g->agents));
	if (!g->agents)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		if (rc == 0)
			rc = read_one(r, source, item);
	}
	return rc;
}

void
nv_conf_due_show(struct nv_buf *buf, const struct nv_config *config)
{
	const struct nv_conf_gumroad *g = &config->gumroad;

	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < g->n_agents; i++) {
		nv_buf_puts(buf, i ? ", " : "");
		nv_buf_put_json(buf, g->agents[i].of, strlen(g->agents[i].of));
		nv_buf_printf(buf, ": %s", g->agents[i].agent);
	}
	nv_buf_puts(buf, "}");
}

void
nv_conf_due_fini(struct nv_config *config)
{
	for (size_t i = 0; i < config->gumroad.n_agents; i++)
		free(config->gumroad.agents[i].of);
	free(config->gumroad.agents);
}
