/* Budgets of the configuration: the caps of single operations, and the rule between
 * caps. A cap of an hour above the one of the day could never be reached: whoever wrote
 * it meant something else. */
#include "nv_conf_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const struct nv_conf_operation *)a)->name,
		((const struct nv_conf_operation *)b)->name);
}

/* "$1/day" of one operation. 0 or -ENOMEM. */
static int
read_operation(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, struct nv_conf_worker *w)
{
	static const struct nv_option daily = {.key = "budget.operations",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_DAILY,
		.max = NV_MONEY_MAX};
	struct nv_conf_operation *op = &w->operations[w->n_operations];
	char key[sizeof("budget.operations.") + NV_NAME_MAX];
	char quoted[NV_QUOTE_BYTES];
	struct nv_err err = {.text = ""};

	if (!nv_conf_check_repeat(r, source, item, "budget.operations"))
		return 0;
	if (!nv_name_valid(item->key)) {
		nv_conf_error(r->errs, source->name, item->key_line, item->key_column,
			"budget.operations: expected a name of a-z, 0-9, _, . and -, "
			"found \"%s\"",
			nv_value_quote(item->key, quoted));
		return 0;
	}
	(void)snprintf(key, sizeof(key), "budget.operations.%s", item->key);
	const char *text = nv_conf_item_text(r, source, item, key);

	if (!text)
		return 0;
	int rc = nv_value_parse(&r->values, &daily, text, false, &op->daily_nano, &err);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0) {
		nv_conf_error(r->errs, source->name, item->line, item->column, "%s: %s",
			key, err.text);
		return 0;
	}
	memcpy(op->name, item->key, strlen(item->key) + 1);
	w->n_operations++;
	return 0;
}

int
nv_conf_read_operations(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	int rc = 0;

	if (!nv_conf_check_collection(r, source, node, NV_YAML_MAP, "budget.operations",
		    "a map such as {llm: $1/day}", NV_CONF_OPERATIONS_MAX))
		return 0;
	w->operations = calloc(node->n_children + 1, sizeof(*w->operations));
	if (!w->operations)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		if (rc == 0)
			rc = read_operation(r, source, item, w);
	}
	qsort(w->operations, w->n_operations, sizeof(*w->operations), by_name);
	return rc;
}

void
nv_conf_operations_show(struct nv_buf *buf, const struct nv_config *config,
	const struct nv_conf_worker *w)
{
	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < w->n_operations; i++) {
		nv_buf_printf(buf, "%s%s: ", i ? ", " : "", w->operations[i].name);
		nv_value_show_money(
			buf, w->operations[i].daily_nano, config->base_currency);
		nv_buf_puts(buf, "/day");
	}
	nv_buf_puts(buf, "}");
}

/* ---- rules ---- */

static void
check_pair(struct nv_conf_reading *r, const struct nv_conf_origin *where,
	const char *label, const char *narrow, int64_t narrow_nano, const char *wide,
	int64_t wide_nano)
{
	char a[NV_MONEY_BYTES];
	char b[NV_MONEY_BYTES];
	const char *currency = r->config->base_currency;

	if (narrow_nano < 0 || wide_nano < 0 || narrow_nano <= wide_nano)
		return;
	nv_conf_error_at(r->errs, where,
		"%s%s: %s is above %s, %s: it could never be reached", label, narrow,
		nv_money_show(narrow_nano, currency, a), wide,
		nv_money_show(wide_nano, currency, b));
}

void
nv_conf_budget_global_check(struct nv_conf_reading *r)
{
	size_t i = nv_option_find(
		nv_options_global, nv_options_global_n, "max_hourly_budget");

	NV_ASSERT(i < nv_options_global_n);
	check_pair(r, &r->origins[i], "", "max_hourly_budget",
		r->config->max_hourly_budget_nano, "max_daily_budget",
		r->config->max_daily_budget_nano);
}

void
nv_conf_budget_group_check(struct nv_conf_reading *r, const struct nv_conf_group *g,
	const struct nv_conf_origin origins[])
{
	size_t i = nv_option_find(nv_options_group, nv_options_group_n, "budget.hourly");
	char label[NV_NAME_MAX + sizeof("groups..")];

	NV_ASSERT(i < nv_options_group_n);
	(void)snprintf(label, sizeof(label), "groups.%s.", g->name);
	check_pair(r, &origins[i], label, "budget.hourly", g->budget_hourly_nano,
		"budget.daily", g->budget_daily_nano);
}

void
nv_conf_budget_worker_check(struct nv_conf_reading *r, const struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	check_pair(r, nv_conf_place(origins, "budget.hourly"), "", "budget.hourly",
		w->budget_hourly_nano, "budget.daily", w->budget_daily_nano);
}

void
nv_conf_budget_derive(struct nv_config *config)
{
	bool fleet =
		config->max_daily_budget_nano >= 0 || config->max_hourly_budget_nano >= 0;

	for (size_t i = 0; i < config->n_workers; i++) {
		struct nv_conf_worker *w = &config->workers[i];
		const struct nv_conf_group *g = nv_config_group(config, w->group);

		w->capped = fleet || w->budget_hourly_nano >= 0 ||
			    w->budget_daily_nano >= 0 || w->budget_total_nano >= 0 ||
			    w->n_operations > 0;
		for (size_t depth = 0; g && depth <= config->n_groups; depth++) {
			w->capped |=
				g->budget_hourly_nano >= 0 || g->budget_daily_nano >= 0;
			g = g->parent[0] ? nv_config_group(config, g->parent) : NULL;
		}
	}
}
