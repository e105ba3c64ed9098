/* `groups`, and what of a worker concerns them. Read for each group by itself, and
 * checked over the whole fleet once all workers are known. */
#include "nv_conf_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

int
nv_conf_read_order(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_group *g)
{
	char key[NV_NAME_MAX + 20];

	(void)snprintf(key, sizeof(key), "groups.%s.order", g->name);
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, key,
		    "a list of names such as [db, api]", NV_CONF_ORDER_MAX))
		return 0;
	g->order = calloc(node->n_children + 1, sizeof(*g->order));
	if (!g->order)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		const char *text = nv_yaml_is_null(item) ? NULL : nv_yaml_text(item);
		bool twice = false;

		for (size_t i = 0; text && i < g->n_order; i++)
			twice |= g->order[i] && strcmp(g->order[i], text) == 0;
		if (!text || !nv_name_valid(text) || twice) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"%s: %s", key,
				twice ? "is listed twice"
				      : "expected the name of a worker or group");
			continue;
		}
		g->order[g->n_order] = strdup(text);
		if (!g->order[g->n_order])
			return -ENOMEM;
		g->n_order++;
	}
	return 0;
}

int
nv_conf_read_codes(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, "success_codes",
		    "a list of exit codes such as [0, 3]", NV_CONF_CODES_MAX))
		return 0;
	if (node->n_children == 0)
		nv_conf_error(r->errs, source->name, node->line, node->column,
			"success_codes: the list is empty");
	nv_yaml_each(item, node)
	{
		const char *text = nv_yaml_is_null(item) ? "" : nv_yaml_text(item);
		size_t digits = text ? strspn(text, "0123456789") : 0;
		unsigned code = 0;

		for (size_t i = 0; i < digits && code < 1000; i++)
			code = code * 10 + (unsigned)(text[i] - '0');
		if (!text || digits == 0 || text[digits] || code > 255) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"success_codes: expected an exit code, 0..255");
			continue;
		}
		w->success[code / 8] |= (uint8_t)(1u << (code % 8));
	}
	return 0;
}

void
nv_conf_codes_show(struct nv_buf *buf, const struct nv_conf_worker *w)
{
	const char *before = "[";

	for (int i = 0; i < 256; i++)
		if (nv_conf_is_success(w->success, i)) {
			nv_buf_printf(buf, "%s%d", before, i);
			before = ", ";
		}
	nv_buf_puts(buf, "]");
}

void
nv_conf_order_show(struct nv_buf *buf, const struct nv_conf_group *g)
{
	nv_buf_puts(buf, "[");
	for (size_t i = 0; i < g->n_order; i++)
		nv_buf_printf(buf, "%s%s", i ? ", " : "", g->order[i]);
	nv_buf_puts(buf, "]");
}

void
nv_conf_supervisors_show(struct nv_buf *buf, const struct nv_config *config)
{
	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < config->n_groups; i++) {
		nv_buf_printf(buf, "%s%s: {", i ? ", " : "", config->groups[i].name);
		for (size_t k = 0; k < nv_options_group_n; k++) {
			nv_buf_printf(
				buf, "%s%s: ", k ? ", " : "", nv_options_group[k].key);
			nv_conf_put_value(buf, config, &nv_options_group[k],
				&config->groups[i], true);
		}
		nv_buf_puts(buf, "}");
	}
	nv_buf_puts(buf, "}");
}

/* Settings that mean nothing for a label. */
static void
check_label(struct nv_conf_reading *r, const struct nv_conf_group *g,
	const struct nv_conf_origin *origins)
{
	for (size_t i = 0; i < nv_options_group_n; i++) {
		const char *key = nv_options_group[i].key;

		if (origins[i].source && strcmp(key, "strategy") != 0 &&
			strcmp(key, "description") != 0 &&
			strncmp(key, "budget.", sizeof("budget.") - 1) != 0)
			nv_conf_error_at(r->errs, &origins[i],
				"groups.%s.%s: needs a `strategy`; without one the group "
				"is a label",
				g->name, key);
	}
}

static void
check_alone(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_conf_group *g, const struct nv_conf_origin *origins)
{
	const char *wrong = NULL;

	nv_conf_budget_group_check(r, g, origins);
	if (g->strategy == NV_STRATEGY_NONE) {
		check_label(r, g, origins);
		return;
	}
	if (g->period_ms % 1000 != 0)
		wrong = "period: expected whole seconds";
	else if (g->significant && g->restart == NV_RESTART_PERMANENT)
		wrong = "significant: needs restart: transient or temporary";
	else if (g->significant && !g->parent[0])
		wrong = "significant: needs a parent";
	else if (g->strategy == NV_STRATEGY_SIMPLE_ONE_FOR_ONE &&
		 g->auto_shutdown != NV_AUTO_NEVER)
		wrong = "auto_shutdown: a simple_one_for_one has no significant children";
	if (wrong)
		nv_conf_error(r->errs, source->name, g->line, g->column, "groups.%s.%s",
			g->name, wrong);
}

static int
read_one(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, struct nv_conf_origin *origins)
{
	struct nv_conf_group *g = &r->config->groups[r->config->n_groups];
	char label[NV_NAME_MAX + 10];
	char quoted[NV_QUOTE_BYTES];
	size_t errors = r->errs->n + r->errs->n_more;

	if (!nv_name_valid(item->key)) {
		nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
			"groups: expected a name of a-z, 0-9, _, . and -, found \"%s\"",
			nv_value_quote(item->key, quoted));
		return 0;
	}
	if (item->repeats) {
		nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
			"groups.%s: repeated; first on line %u", item->key,
			item->repeats->key_line);
		return 0;
	}
	if (item->kind != NV_YAML_MAP && !nv_yaml_is_null(item)) {
		nv_conf_error(r->errs, source->name, item->line, item->column,
			"groups.%s: expected a map of settings, found %s", item->key,
			nv_yaml_found(item));
		return 0;
	}
	if (strcmp(item->key, NV_SYSTEM_GROUP) == 0) {
		nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
			"groups.%s: this name is reserved for Nova's own processes",
			item->key);
		return 0;
	}
	memcpy(g->name, item->key, strlen(item->key) + 1);
	g->line = item->key_line;
	g->column = item->key_column;
	r->config->n_groups++;
	(void)snprintf(label, sizeof(label), "groups.%s.", g->name);
	int rc = nv_conf_read_group(r, source, item, label, g, origins);

	if (rc == 0 && errors == r->errs->n + r->errs->n_more)
		check_alone(r, source, g, origins);
	return rc;
}

static int
compare_items(const void *a, const void *b)
{
	const struct nv_yaml_node *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

int
nv_conf_read_supervisors(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node)
{
	size_t n = 0;
	int rc = 0;

	if (node->kind != NV_YAML_MAP || node->n_children > NV_CONF_SUPERVISORS_MAX) {
		nv_conf_error(r->errs, source->name, node->line, node->column,
			node->kind == NV_YAML_MAP
				? "groups: at most 1000 are allowed"
				: "groups: expected a map such as {web: {strategy: "
				  "one_for_all}}");
		return 0;
	}
	if (node->n_children == 0)
		return 0;
	const struct nv_yaml_node **items =
		calloc(node->n_children, sizeof(const struct nv_yaml_node *));
	struct nv_conf_origin *one = calloc(NV_OPTIONS_MAX, sizeof(*one));

	r->config->groups = calloc(node->n_children, sizeof(*r->config->groups));
	if (r->keep_origins)
		r->group_origins = calloc(
			node->n_children * NV_OPTIONS_MAX, sizeof(*r->group_origins));
	if (!items || !one || !r->config->groups ||
		(r->keep_origins && !r->group_origins))
		rc = -ENOMEM;
	for (const struct nv_yaml_node *i = node->first; rc == 0 && i; i = i->next)
		items[n++] = i;
	if (rc == 0)
		qsort(items, n, sizeof(const struct nv_yaml_node *), compare_items);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct nv_conf_origin *origins = one;

		if (r->keep_origins)
			origins = &r->group_origins[r->config->n_groups * NV_OPTIONS_MAX];
		memset(origins, 0, NV_OPTIONS_MAX * sizeof(*origins));
		rc = read_one(r, source, items[i], origins);
	}
	free(items);
	free(one);
	return rc;
}

/* ---- over the whole fleet ---- */

static const char *
main_name(const struct nv_conf_reading *r)
{
	for (size_t i = 0; i < r->sources->n; i++)
		if (r->sources->list[i].kind == NV_SOURCE_MAIN)
			return r->sources->list[i].name;
	return "";
}

static void
group_error(struct nv_conf_reading *r, const struct nv_conf_group *g, const char *text,
	const char *name)
{
	nv_conf_error(r->errs, main_name(r), g->line, g->column, "groups.%s.%s%s",
		g->name, text, name);
}

static void
check_parent(struct nv_conf_reading *r, const struct nv_conf_group *g)
{
	const struct nv_config *config = r->config;
	const struct nv_conf_group *parent = nv_config_group(config, g->parent);
	const struct nv_conf_group *up = parent;
	size_t depth = 0;

	if (!parent) {
		group_error(r, g, "parent: there is no such group: ", g->parent);
		return;
	}
	while (up && up != g && depth++ <= config->n_groups)
		up = up->parent[0] ? nv_config_group(config, up->parent) : NULL;
	if (up == g)
		group_error(r, g, "parent: a cycle through ", g->parent);
	else if (depth > 32)
		group_error(r, g, "parent: deeper than 32 groups", "");
	else if (parent->strategy == NV_STRATEGY_NONE)
		group_error(r, g, "parent: has no strategy: ", g->parent);
	else if (parent->strategy == NV_STRATEGY_SIMPLE_ONE_FOR_ONE)
		group_error(r, g, "parent: is a simple_one_for_one: ", g->parent);
	else if (g->significant && parent->auto_shutdown == NV_AUTO_NEVER)
		group_error(r, g, "significant: auto_shutdown is never in ", g->parent);
}

/* The children a group's `order` may name: its workers and groups. */
static void
check_order(struct nv_conf_reading *r, const struct nv_conf_group *g)
{
	for (size_t i = 0; i < g->n_order; i++) {
		const struct nv_conf_worker *w = nv_config_worker(r->config, g->order[i]);
		const struct nv_conf_group *child =
			nv_config_group(r->config, g->order[i]);

		if ((!w || strcmp(w->group, g->name) != 0) &&
			(!child || strcmp(child->parent, g->name) != 0))
			group_error(r, g, "order: is no child of it: ", g->order[i]);
	}
}

static const struct nv_conf_origin *
worker_origin(const struct nv_conf_reading *r, size_t i)
{
	size_t stride = r->keep_origins ? nv_options_worker_n : 1;

	return &r->worker_origins[r->worker_order[i] * stride];
}

static void
check_worker(struct nv_conf_reading *r, size_t i)
{
	const struct nv_conf_worker *w = &r->config->workers[i];
	const struct nv_conf_group *g = nv_config_group(r->config, w->group);
	const struct nv_conf_group *same = nv_config_group(r->config, w->name);
	bool in_tree = g && g->strategy != NV_STRATEGY_NONE;

	if (in_tree && same && strcmp(same->parent, g->name) == 0)
		nv_conf_error_at(r->errs, worker_origin(r, i),
			"worker: group %s has a group %s too", g->name, w->name);
	if (!w->significant)
		return;
	if (w->restart == NV_RESTART_PERMANENT)
		nv_conf_error_at(r->errs, worker_origin(r, i),
			"significant: needs restart: transient or temporary");
	else if (!in_tree || g->auto_shutdown == NV_AUTO_NEVER)
		nv_conf_error_at(r->errs, worker_origin(r, i),
			"significant: needs a group with a strategy and auto_shutdown: "
			"any_significant or all_significant; %s is none",
			w->group);
}

int
nv_conf_groups_check(struct nv_conf_reading *r)
{
	const struct nv_config *config = r->config;

	/* With an error elsewhere a child may only seem to be missing. */
	if (r->errs->n > 0)
		return 0;
	for (size_t i = 0; i < config->n_groups; i++) {
		const struct nv_conf_group *g = &config->groups[i];
		size_t workers = 0;

		if (g->parent[0])
			check_parent(r, g);
		check_order(r, g);
		for (size_t k = 0; k < config->n_workers; k++)
			workers += strcmp(config->workers[k].group, g->name) == 0;
		if (g->strategy == NV_STRATEGY_SIMPLE_ONE_FOR_ONE && workers != 1)
			group_error(r, g,
				"strategy: simple_one_for_one takes exactly one worker",
				"");
	}
	for (size_t i = 0; i < config->n_workers; i++)
		check_worker(r, i);
	return 0;
}
