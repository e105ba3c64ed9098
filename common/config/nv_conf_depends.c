/* `depends_on`: which workers must be where before this one may start. Read for each
 * worker by itself, and checked over the whole fleet once all of them are known. */
#include "nv_conf_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CYCLE_TEXT_BYTES  300
#define DEPENDS_EXPECTS   "a list such as [db] or a map such as {db: ready}"
#define CONDITION_EXPECTS "started, ready or completed"

static const char *const condition_names[] = {[NV_DEPEND_STARTED] = "started",
	[NV_DEPEND_READY] = "ready",
	[NV_DEPEND_COMPLETED] = "completed"};

const char *
nv_conf_depend_name(enum nv_depend_condition condition)
{
	NV_ASSERT((unsigned)condition < NV_LEN(condition_names));
	return condition_names[condition];
}

/* One of two or three words; false after an error. */
static bool
read_word(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, const char *const *words,
	size_t n_words, const char *expects, size_t *ret)
{
	const char *text = nv_yaml_is_null(node) ? NULL : nv_yaml_text(node);
	char quoted[NV_QUOTE_BYTES];

	for (size_t i = 0; text && i < n_words; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i;
			return true;
		}
	}
	nv_conf_error(r->errs, source->name, node->line, node->column,
		"%s: expected %s, found %s%s%s", key, expects, text ? "\"" : "",
		text ? nv_value_quote(text, quoted) : nv_yaml_found(node),
		text ? "\"" : "");
	return false;
}

/* {condition: ready, on_restart: restart} */
static bool
read_edge(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *map, const char *key, struct nv_conf_depend *d)
{
	static const char *const known[] = {"condition", "on_restart"};
	static const char *const restarts[] = {"ignore", "restart"};
	bool good = true;

	nv_yaml_each(item, map)
	{
		size_t word = 0;

		if (item->repeats) {
			nv_conf_error(r->errs, source->name, item->key_line,
				item->key_column, "%s.%s: repeated; first on line %u",
				key, item->key, item->repeats->key_line);
			good = false;
		} else if (strcmp(item->key, "condition") == 0) {
			good &= read_word(r, source, item, key, condition_names,
				NV_LEN(condition_names), CONDITION_EXPECTS, &word);
			d->condition = (enum nv_depend_condition)word;
		} else if (strcmp(item->key, "on_restart") == 0) {
			good &= read_word(r, source, item, key, restarts,
				NV_LEN(restarts), "ignore or restart", &word);
			d->restart = word == 1;
		} else {
			const char *near =
				nv_name_nearest(item->key, known, NV_LEN(known));

			nv_conf_error(r->errs, source->name, item->key_line,
				item->key_column, "%s.%s: unknown key; %s%s%s", key,
				item->key,
				near ? "did you mean \""
				     : "known here: condition, on_restart",
				near ? near : "", near ? "\"?" : "");
			good = false;
		}
	}
	return good;
}

/* Of a list the name is the item's text, of a map its key. */
static void
read_item(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, struct nv_conf_worker *w)
{
	struct nv_conf_depend d = {.condition = NV_DEPEND_READY,
		.line = item->key ? item->key_line : item->line,
		.column = item->key ? item->key_column : item->column};
	const char *name = item->key ? item->key : nv_yaml_text(item);
	char key[NV_NAME_MAX + 16];
	char quoted[NV_QUOTE_BYTES];
	size_t word;

	bool nothing = !item->key && nv_yaml_is_null(item);

	if (nothing)
		name = NULL;
	if (!name || !nv_name_valid(name)) {
		nv_conf_error(r->errs, source->name, d.line, d.column,
			"depends_on: expected a worker's name, found %s%s%s",
			name ? "\"" : "",
			name ? nv_value_quote(name, quoted) : nv_yaml_found(item),
			name ? "\"" : "");
		return;
	}
	for (size_t i = 0; i < w->n_depends; i++) {
		if (strcmp(w->depends[i].worker, name) == 0) {
			nv_conf_error(r->errs, source->name, d.line, d.column,
				"depends_on: %s is listed twice", name);
			return;
		}
	}
	memcpy(d.worker, name, strlen(name) + 1);
	(void)snprintf(key, sizeof(key), "depends_on.%s", name);
	if (item->key && item->kind == NV_YAML_MAP) {
		if (!read_edge(r, source, item, key, &d))
			return;
	} else if (item->key) {
		if (!read_word(r, source, item, key, condition_names,
			    NV_LEN(condition_names),
			    CONDITION_EXPECTS
			    " or {condition: ..., on_restart: ignore or restart}",
			    &word))
			return;
		d.condition = (enum nv_depend_condition)word;
	}
	w->depends[w->n_depends++] = d;
}

int
nv_conf_read_depends(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (node->kind == NV_YAML_SCALAR) {
		nv_conf_error(r->errs, source->name, node->line, node->column,
			"depends_on: expected " DEPENDS_EXPECTS ", found %s",
			nv_yaml_found(node));
		return 0;
	}
	if (node->n_children > NV_CONF_DEPENDS_MAX) {
		nv_conf_error(r->errs, source->name, node->line, node->column,
			"depends_on: %zu entries, at most %d are allowed",
			node->n_children, NV_CONF_DEPENDS_MAX);
		return 0;
	}
	w->depends = calloc(node->n_children + 1, sizeof(*w->depends));
	if (!w->depends)
		return -ENOMEM;
	nv_yaml_each(item, node)
	{
		read_item(r, source, item, w);
	}
	return 0;
}

void
nv_conf_depends_show(struct nv_buf *buf, const struct nv_conf_worker *w)
{
	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < w->n_depends; i++) {
		const struct nv_conf_depend *d = &w->depends[i];

		nv_buf_printf(buf,
			d->restart ? "%s%s: {condition: %s, on_restart: restart}"
				   : "%s%s: %s",
			i ? ", " : "", d->worker, condition_names[d->condition]);
	}
	nv_buf_puts(buf, "}");
}

/* ---- over the whole fleet ---- */

struct walk {
	struct nv_conf_reading *r;
	uint8_t *colour; /* owned, of each worker: */
	struct step {
		size_t worker;
		size_t edge;
	} * path; /* owned: from a root to where the walk is */
	size_t depth;
};
enum { WHITE, GREY, BLACK };

static void
error_at(struct nv_conf_reading *r, size_t worker, const struct nv_conf_depend *d,
	const char *text)
{
	size_t stride = r->keep_origins ? nv_options_worker_n : 1;
	const struct nv_conf_source *source =
		r->worker_origins[r->worker_order[worker] * stride].source;

	nv_conf_error(r->errs, source ? source->name : "", d->line, d->column,
		"depends_on.%s: %s", d->worker, text);
}

static const struct nv_conf_worker *
target(const struct nv_conf_reading *r, const struct nv_conf_depend *d)
{
	return nv_config_worker(r->config, d->worker);
}

static void
check_edge(struct nv_conf_reading *r, size_t worker, const struct nv_conf_depend *d,
	const char *const *names, size_t n_names)
{
	const struct nv_conf_worker *on = target(r, d);
	char text[NV_NAME_MAX + 160];

	if (!on && names) {
		const char *near = nv_name_nearest(d->worker, names, n_names);

		(void)snprintf(text, sizeof(text), "there is no such worker%s%s%s",
			near ? "; did you mean \"" : "", near ? near : "",
			near ? "\"?" : "");
		error_at(r, worker, d, text);
	}
	if (on && d->condition == NV_DEPEND_COMPLETED &&
		(on->kind == NV_KIND_TASK || on->restart == NV_RESTART_PERMANENT))
		error_at(r, worker, d,
			"it never completes: `completed` needs a worker with kind: "
			"service and restart: transient or temporary");
}

/* The path closes at one that is on it: name the workers in between, the first twice. */
static void
report_cycle(struct walk *k, const struct nv_conf_depend *closing, size_t first)
{
	const struct nv_config *config = k->r->config;
	char text[CYCLE_TEXT_BYTES + NV_NAME_MAX + 40];
	size_t from = 0;
	int used = snprintf(text, sizeof(text), "a cycle: ");

	while (k->path[from].worker != first)
		from++;
	for (size_t i = from; i < k->depth; i++) {
		if (used > CYCLE_TEXT_BYTES - NV_NAME_MAX) {
			used += snprintf(
				text + used, sizeof(text) - (size_t)used, "... -> ");
			break;
		}
		used += snprintf(text + used, sizeof(text) - (size_t)used, "%s -> ",
			config->workers[k->path[i].worker].name);
	}
	(void)snprintf(text + used, sizeof(text) - (size_t)used, "%s", closing->worker);
	error_at(k->r, k->path[k->depth - 1].worker, closing, text);
}

static void
walk_from(struct walk *k, size_t root)
{
	const struct nv_config *config = k->r->config;

	k->depth = 0;
	k->path[k->depth++] = (struct step){root, 0};
	k->colour[root] = GREY;
	while (k->depth > 0) {
		struct step *at = &k->path[k->depth - 1];
		const struct nv_conf_worker *w = &config->workers[at->worker];

		if (at->edge == w->n_depends) {
			k->colour[at->worker] = BLACK;
			k->depth--;
			continue;
		}
		const struct nv_conf_depend *d = &w->depends[at->edge++];
		const struct nv_conf_worker *on = target(k->r, d);

		if (!on)
			continue;
		size_t next = (size_t)(on - config->workers);

		if (k->colour[next] == GREY) {
			report_cycle(k, d, next);
		} else if (k->colour[next] == WHITE) {
			k->colour[next] = GREY;
			k->path[k->depth++] = (struct step){next, 0};
		}
	}
}

static void
check_fleet(struct nv_conf_reading *r, struct walk *k, const char **names)
{
	const struct nv_config *config = r->config;
	bool whole = true;

	for (size_t i = 0; i < config->n_workers; i++) {
		names[i] = config->workers[i].name;
		whole &= names[i][0] != '\0'; /* else it may be the one that is missed */
	}
	for (size_t i = 0; i < config->n_workers; i++) {
		for (size_t e = 0; e < config->workers[i].n_depends; e++)
			check_edge(r, i, &config->workers[i].depends[e],
				whole ? names : NULL, config->n_workers);
	}
	for (size_t i = 0; i < config->n_workers; i++) {
		if (k->colour[i] == WHITE)
			walk_from(k, i);
	}
}

int
nv_conf_depends_check(struct nv_conf_reading *r)
{
	size_t n = r->config->n_workers;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= r->config->workers[i].n_depends > 0;
	if (!any)
		return 0;
	struct walk k = {
		.r = r, .colour = calloc(n, 1), .path = calloc(n, sizeof(*k.path))};
	const char **names = calloc(n, sizeof(*names));
	int rc = k.colour && k.path && names ? 0 : -ENOMEM;

	if (rc == 0)
		check_fleet(r, &k, names);
	free(k.colour);
	free(k.path);
	free(names);
	return rc;
}
