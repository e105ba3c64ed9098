/* From the sources to the configuration: find each setting's place in the files and the
 * environment, read it, check what belongs together. */
#include "nv_conf_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NODES_MAX     200000
#define KEY_BYTES_MAX 200

/* One table of settings over one file. */
struct sheet {
	struct nv_conf_reading *r;
	const struct nv_conf_source *source;
	const struct nv_option *table;
	size_t n;
	void *target;
	const struct nv_yaml_node
		*nodes[NV_OPTIONS_MAX]; /* where each is written, or NULL */
	struct nv_conf_origin *origins;
	const char *label; /* before each key in errors: "groups.web." or "" */
};

static void
unknown_key(struct sheet *s, const char *prefix, const struct nv_yaml_node *item)
{
	const char *known[NV_OPTIONS_MAX];
	char words[NV_OPTIONS_MAX][NV_NAME_MAX];
	char list[600] = "";
	size_t used = 0;
	size_t n = 0;
	size_t prefix_bytes = strlen(prefix);

	for (size_t i = 0; i < s->n; i++) {
		const char *tail = s->table[i].key + prefix_bytes;
		size_t bytes = strncmp(s->table[i].key, prefix, prefix_bytes) == 0
				       ? strcspn(tail, ".")
				       : 0;

		if (bytes == 0 || (n > 0 && strncmp(words[n - 1], tail, bytes) == 0 &&
					  words[n - 1][bytes] == '\0'))
			continue;
		(void)snprintf(words[n], sizeof(words[n]), "%.*s", (int)bytes, tail);
		known[n] = words[n];
		if (used < sizeof(list))
			used += (size_t)snprintf(list + used, sizeof(list) - used, "%s%s",
				n ? ", " : "", words[n]);
		n++;
	}
	const char *near = nv_name_nearest(item->key, known, n);
	char quoted[NV_QUOTE_BYTES];

	(void)nv_value_quote(item->key, quoted);
	if (near)
		nv_conf_error(s->r->errs, s->source->name, item->key_line,
			item->key_column, "%s%s%s: unknown key; did you mean \"%s\"?",
			s->label, prefix, quoted, near);
	else
		nv_conf_error(s->r->errs, s->source->name, item->key_line,
			item->key_column, "%s%s%s: unknown key; known here: %s", s->label,
			prefix, quoted, list);
}

static void walk(struct sheet *s, const struct nv_yaml_node *map, const char *prefix);

static void
walk_section(struct sheet *s, const struct nv_yaml_node *item, const char *key)
{
	char prefix[KEY_BYTES_MAX + 2];

	if (item->kind != NV_YAML_MAP) {
		nv_conf_error(s->r->errs, s->source->name, item->line, item->column,
			"%s%s: expected a map of settings, found %s", s->label, key,
			nv_yaml_found(item));
		return;
	}
	(void)snprintf(prefix, sizeof(prefix), "%s.", key);
	walk(s, item, prefix);
}

/* A second name of a section, and its own. */
static const struct {
	const char *alias;
	const char *key;
} aliases[] = {{"platforms.x", "platforms.twitter"}};

static void
resolve_alias(char key[KEY_BYTES_MAX])
{
	for (size_t i = 0; i < NV_LEN(aliases); i++) {
		if (strcmp(key, aliases[i].alias) == 0)
			(void)snprintf(key, KEY_BYTES_MAX, "%s", aliases[i].key);
	}
}

/* A section whose presence counts: noted, and what is in it read. */
static void
walk_switch(struct sheet *s, const struct nv_yaml_node *item, size_t i)
{
	const char *key = s->table[i].key;

	if (s->nodes[i]) {
		nv_conf_error(s->r->errs, s->source->name, item->key_line,
			item->key_column, "%s%s: repeated; first on line %u", s->label,
			key, s->nodes[i]->key_line);
		return;
	}
	s->nodes[i] = item;
	if (!nv_yaml_is_null(item))
		walk_section(s, item, key);
}

/* Note where each setting of a map is written. */
static void
walk(struct sheet *s, const struct nv_yaml_node *map, const char *prefix)
{
	nv_yaml_each(item, map)
	{
		char key[KEY_BYTES_MAX];
		bool fits = snprintf(key, sizeof(key), "%s%s", prefix, item->key) <
			    (int)sizeof(key);
		/* "crashes.max" as one word is not a spelling of the map. */
		bool dotted = strchr(item->key, '.') != NULL;

		resolve_alias(key);
		size_t i = fits && !dotted ? nv_option_find(s->table, s->n, key) : s->n;
		bool section =
			fits && !dotted && nv_option_is_section(s->table, s->n, key);

		/* `ready: event` is a setting, `ready: {tcp: ...}` a map of settings. */
		if (i < s->n && section && item->kind != NV_YAML_MAP)
			section = false;

		if (i == s->n && !section) {
			unknown_key(s, prefix, item);
			continue;
		}
		if (item->repeats) {
			nv_conf_error(s->r->errs, s->source->name, item->key_line,
				item->key_column, "%s%s: repeated; first on line %u",
				s->label, key, item->repeats->key_line);
			continue;
		}
		if (i < s->n && s->table[i].kind == NV_OPT_SECTION)
			walk_switch(s, item, i);
		else if (section)
			walk_section(s, item, key);
		else
			s->nodes[i] = item;
	}
}

/* A scalar setting as it is written in the file. */
static int
read_scalar(struct sheet *s, const struct nv_option *o, const struct nv_yaml_node *node)
{
	struct nv_err err = {.text = ""};
	const char *text = nv_yaml_text(node);

	if (!text || nv_yaml_is_null(node)) {
		nv_conf_error(s->r->errs, s->source->name, node->line, node->column,
			"%s%s: expected %s, found %s", s->label, o->key,
			nv_option_expects(o),
			text                        ? "nothing"
			: node->kind == NV_YAML_SEQ ? "a list"
						    : "a map");
		return 0;
	}
	int rc = nv_value_parse(
		&s->r->values, o, text, false, (char *)s->target + o->offset, &err);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		nv_conf_error(s->r->errs, s->source->name, node->line, node->column,
			"%s%s: %s", s->label, o->key, err.text);
	return 0;
}

static int
read_collection(
	struct sheet *s, const struct nv_option *o, const struct nv_yaml_node *node)
{
	switch (o->kind) {
	case NV_OPT_COMMAND:
		return nv_conf_read_command(s->r, s->source, node, o->key,
			(char ***)(void *)((char *)s->target + o->offset));
	case NV_OPT_SECRETS:
		return nv_conf_read_secrets(s->r, s->source, node, s->target);
	case NV_OPT_ENV:
		return nv_conf_read_env(s->r, s->source, node, s->target);
	case NV_OPT_PARAMS:
		return nv_conf_read_params(s->r, s->source, node, s->target);
	case NV_OPT_VARIANTS:
		return nv_conf_read_variants(s->r, s->source, node, s->target);
	case NV_OPT_DEPENDS:
		return nv_conf_read_depends(s->r, s->source, node, s->target);
	case NV_OPT_CODES:
		return nv_conf_read_codes(s->r, s->source, node, s->target);
	case NV_OPT_NAMES:
		return nv_conf_read_order(s->r, s->source, node, s->target);
	case NV_OPT_SUPERVISORS:
		return nv_conf_read_supervisors(s->r, s->source, node);
	case NV_OPT_CURRENCIES:
		return nv_conf_read_currencies(s->r, s->source, node);
	case NV_OPT_OPERATIONS:
		return nv_conf_read_operations(s->r, s->source, node, s->target);
	case NV_OPT_PLATFORMS:
		return nv_conf_read_platforms(s->r, s->source, node, s->target);
	case NV_OPT_HOSTS:
		return nv_conf_read_hosts(s->r, s->source, node, o->key,
			(struct nv_conf_hosts *)(void *)((char *)s->target + o->offset));
	case NV_OPT_WEBHOOKS:
		return nv_conf_read_webhooks(s->r, s->source, node);
	case NV_OPT_DUE:
		return nv_conf_read_due(s->r, s->source, node);
	case NV_OPT_SECTION:
		*(bool *)((char *)s->target + o->offset) = true;
		return 0;
	case NV_OPT_PATHS:
		return nv_conf_read_paths(s->r, s->source, node, o,
			(struct nv_conf_paths *)(void *)((char *)s->target + o->offset));
	case NV_OPT_GROUPS:
		return nv_conf_read_groups(s->r, s->source, node, s->target);
	case NV_OPT_CAPABILITIES:
		return nv_conf_read_capabilities(s->r, s->source, node, s->target);
	default:
		nv_assert_failed("a collection", __FILE__, __LINE__, __func__);
	}
}

/* The default: the table's text, or the global setting it takes over. */
static int
read_default(struct sheet *s, size_t i)
{
	const struct nv_option *o = &s->table[i];
	char *target = (char *)s->target + o->offset;

	s->origins[i] = (struct nv_conf_origin){0};
	if (o->inherit) {
		size_t g = nv_option_find(
			nv_options_global, nv_options_global_n, o->inherit);

		NV_ASSERT(
			g < nv_options_global_n && nv_options_global[g].kind == o->kind);
		s->origins[i] = s->r->origins[g];
		return nv_value_copy(o->kind, target,
			(const char *)s->r->config + nv_options_global[g].offset);
	}
	if (!o->fallback)
		return 0;
	int rc = nv_value_parse(&s->r->values, o, o->fallback, true, target, NULL);

	NV_ASSERT(rc == 0 || rc == -ENOMEM);
	return rc;
}

/* A variable wins over the file; the environment over .env. */
static int
read_variable(struct sheet *s, size_t i)
{
	const struct nv_option *o = &s->table[i];
	const struct nv_conf_var *best = NULL;
	struct nv_err err = {.text = ""};

	for (size_t k = 0; k < s->r->vars.n; k++) {
		const struct nv_conf_var *v = &s->r->vars.list[k];

		if (v->option != o)
			continue;
		if (best && best->origin.source == v->origin.source &&
			strcmp(best->value, v->value) != 0)
			nv_conf_error_at(s->r->errs, &v->origin,
				"%s: differs from %s, which sets the same; keep one of "
				"them",
				v->name, best->name);
		best = v;
	}
	if (!best)
		return 0;
	int rc = nv_value_parse(
		&s->r->values, o, best->value, true, (char *)s->target + o->offset, &err);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		nv_conf_error_at(
			s->r->errs, &best->origin, "%s: %s", best->name, err.text);
	s->origins[i] = best->origin;
	s->origins[i].variable = best->name;
	return 0;
}

static int
read_option(struct sheet *s, size_t i)
{
	const struct nv_option *o = &s->table[i];
	const struct nv_yaml_node *node = s->nodes[i];
	bool scalar = nv_option_is_scalar(o);
	int rc = scalar ? read_default(s, i) : 0;

	if (rc == 0 && node) {
		rc = scalar ? read_scalar(s, o, node) : read_collection(s, o, node);
		s->origins[i] = (struct nv_conf_origin){
			s->source, node->line, node->column, NULL};
	}
	if (rc == 0 && scalar && s->table == nv_options_global)
		rc = read_variable(s, i);
	if (!node && (o->flags & NV_OPT_REQUIRED))
		nv_conf_error(s->r->errs, s->source->name, 1, 1,
			"%s: missing; expected %s", o->key, nv_option_expects(o));
	return rc;
}

/* All settings of one file. */
static int
read_sheet(struct sheet *s)
{
	struct nv_yaml *yaml = NULL;
	struct nv_err err;
	int rc = nv_yaml_parse(s->source->text, s->source->bytes, s->source->name,
		NODES_MAX, &yaml, &err);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		nv_conf_error(s->r->errs, s->source->name, err.line, err.column, "%s",
			err.text);
	const struct nv_yaml_node *root = yaml ? nv_yaml_root(yaml) : NULL;

	if (root && root->kind != NV_YAML_MAP) {
		nv_conf_error(s->r->errs, s->source->name, root->line, root->column,
			"expected settings such as `%s`, found %s",
			s->table == nv_options_global ? "max_daily_budget: $100"
						      : "worker: my_agent",
			root->kind == NV_YAML_SEQ ? "a list" : "a single value");
		root = NULL;
	}
	if (root)
		walk(s, root, "");
	rc = 0;
	/* A global file that is no YAML still gets its defaults, so that the workers can
	 * be checked too; a worker file that is none has nothing to check. */
	if (root || s->table == nv_options_global) {
		for (size_t i = 0; i < s->n && rc == 0; i++)
			rc = read_option(s, i);
	}
	nv_yaml_free(yaml);
	return rc;
}

int
nv_conf_read_group(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *map, const char *label, struct nv_conf_group *g,
	struct nv_conf_origin *origins)
{
	struct sheet s = {.r = r,
		.source = source,
		.table = nv_options_group,
		.n = nv_options_group_n,
		.target = g,
		.origins = origins,
		.label = label};
	int rc = 0;

	walk(&s, map, "");
	for (size_t i = 0; i < s.n && rc == 0; i++)
		rc = read_option(&s, i);
	return rc;
}

static int
read_global(struct nv_conf_reading *r)
{
	static char nothing[1];
	static struct nv_conf_source none = {
		.kind = NV_SOURCE_MAIN, .name = nothing, .text = nothing};
	struct sheet s = {.r = r,
		.source = &none,
		.table = nv_options_global,
		.n = nv_options_global_n,
		.target = r->config,
		.origins = r->origins,
		.label = ""};
	int rc = 0;

	for (size_t i = 0; i < r->sources->n && rc == 0; i++) {
		const struct nv_conf_source *source = &r->sources->list[i];

		if (source->kind == NV_SOURCE_MAIN)
			s.source = source;
		else if (source->kind != NV_SOURCE_WORKER)
			rc = nv_conf_vars_read(&r->vars, source, r->errs);
	}
	return rc < 0 ? rc : read_sheet(&s);
}

static int
read_worker(struct nv_conf_reading *r, const struct nv_conf_source *source,
	struct nv_conf_worker *w, struct nv_conf_origin *origins)
{
	struct sheet s = {.r = r,
		.source = source,
		.table = nv_options_worker,
		.n = nv_options_worker_n,
		.target = w,
		.origins = origins,
		.label = ""};
	size_t errors = r->errs->n + r->errs->n_more;
	int rc = read_sheet(&s);

	if (rc < 0 || r->errs->n + r->errs->n_more != errors)
		return rc;
	nv_conf_system_reserved(r, w, origins);
	nv_conf_worker_finish(r, w, origins);
	return nv_conf_worker_derive(r, w, origins);
}

int
nv_conf_worker_default(struct nv_conf_reading *r, struct nv_conf_worker *w)
{
	struct nv_conf_origin origins[NV_OPTIONS_MAX] = {{0}};
	struct sheet s = {.r = r,
		.table = nv_options_worker,
		.n = nv_options_worker_n,
		.target = w,
		.origins = origins,
		.label = ""};
	int rc = 0;

	for (size_t i = 0; i < s.n && rc == 0; i++)
		rc = nv_option_is_scalar(&s.table[i]) ? read_default(&s, i) : 0;
	return rc;
}

static int
read_workers(struct nv_conf_reading *r)
{
	struct nv_config *config = r->config;
	size_t stride = r->keep_origins ? nv_options_worker_n : 1;
	size_t n = 0;

	for (size_t i = 0; i < r->sources->n; i++)
		n += r->sources->list[i].kind == NV_SOURCE_WORKER;
	if (n == 0)
		return 0;
	if (n > NV_CONFIG_WORKERS_MAX) {
		nv_conf_error(r->errs, r->sources->dir, 0, 0,
			"%zu worker files, at most %d are allowed", n,
			NV_CONFIG_WORKERS_MAX);
		return 0;
	}
	config->workers = calloc(n, sizeof(*config->workers));
	r->worker_origins = calloc(n * stride, sizeof(*r->worker_origins));
	r->worker_order = calloc(n, sizeof(*r->worker_order));
	if (!config->workers || !r->worker_origins || !r->worker_order)
		return -ENOMEM;
	for (size_t i = 0; i < r->sources->n; i++) {
		struct nv_conf_origin origins[NV_OPTIONS_MAX] = {{0}};

		if (r->sources->list[i].kind != NV_SOURCE_WORKER)
			continue;
		int rc = read_worker(r, &r->sources->list[i],
			&config->workers[config->n_workers], origins);

		memcpy(&r->worker_origins[config->n_workers * stride], origins,
			stride * sizeof(origins[0]));
		config->n_workers++;
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int
compare_workers(const void *a, const void *b, void *arg)
{
	const struct nv_conf_worker *workers = arg;
	size_t x = *(const size_t *)a;
	size_t y = *(const size_t *)b;
	int order = strcmp(workers[x].name, workers[y].name);

	return order ? order : x < y ? -1 : x > y;
}

/* Sort by name; two files for one name are an error. */
static int
sort_workers(struct nv_conf_reading *r)
{
	struct nv_config *config = r->config;
	size_t stride = r->keep_origins ? nv_options_worker_n : 1;
	size_t n = config->n_workers;
	size_t *order = r->worker_order;

	if (n == 0)
		return 0;
	struct nv_conf_worker *sorted = calloc(n, sizeof(*sorted));

	if (!sorted)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = i;
	qsort_r(order, n, sizeof(*order), compare_workers, config->workers);
	for (size_t i = 0; i < n; i++)
		sorted[i] = config->workers[order[i]];
	free(config->workers);
	config->workers = sorted;
	for (size_t i = 1; i < n; i++) {
		const struct nv_conf_origin *first =
			&r->worker_origins[order[i - 1] * stride];

		if (sorted[i].name[0] && strcmp(sorted[i].name, sorted[i - 1].name) == 0)
			nv_conf_error_at(r->errs, &r->worker_origins[order[i] * stride],
				"worker: \"%s\" is already defined in %s on line %u",
				sorted[i].name, first->source->name, first->line);
	}
	return 0;
}

int
nv_conf_reading_run(struct nv_conf_reading *r)
{
	r->config = calloc(1, sizeof(*r->config));
	if (!r->config)
		return -ENOMEM;
	memcpy(r->config->dir, r->sources->dir, sizeof(r->config->dir));
	r->values = (struct nv_value_context){.config = r->config,
		.uid = r->sources->uid,
		.from_snapshot = r->sources->from_snapshot};
	int rc = read_global(r);

	if (rc == 0)
		rc = nv_conf_global_finish(r);
	if (rc == 0)
		rc = read_workers(r);
	if (rc == 0)
		rc = sort_workers(r);
	if (rc == 0)
		rc = nv_conf_depends_check(r);
	if (rc == 0)
		rc = nv_conf_groups_check(r);
	if (rc == 0)
		rc = nv_conf_system_make(r);
	nv_conf_budget_derive(r->config);
	return rc;
}

void
nv_conf_reading_fini(struct nv_conf_reading *r)
{
	nv_config_free(r->config);
	nv_conf_vars_fini(&r->vars);
	free(r->worker_origins);
	free(r->worker_order);
	free(r->group_origins);
}
