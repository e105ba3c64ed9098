/* What a worker may do and use: lists of paths, groups and capabilities, the checks of
 * its env_file and of the ${NAME}s in its environment and command. */
#include "nv_caps.h"
#include "nv_conf_private.h"
#include "nv_env_file.h"
#include "nv_expand.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
nv_conf_paths_fini(struct nv_conf_paths *paths)
{
	for (size_t i = 0; i < paths->n; i++)
		free(paths->list[i]);
	free(paths->list);
	*paths = (struct nv_conf_paths){0};
}

/* An absolute path without `.`, `..`, doubled or trailing slashes; NULL: no memory, or
 * *ret_wrong says why not. */
static char *
clean_path(const struct nv_config *config, const char *text, const char **ret_wrong)
{
	char path[PATH_MAX];
	size_t used = 0;
	NV_CLEANUP_FREE char *whole = NULL;

	*ret_wrong = NULL;
	if (text[0] == '/' ? asprintf(&whole, "%s", text) < 0
			   : asprintf(&whole, "%s/%s", config->dir, text) < 0) {
		whole = NULL;
		return NULL;
	}
	for (const char *at = whole; *at;) {
		size_t n = strcspn(at, "/");

		if (n == 2 && memcmp(at, "..", 2) == 0)
			*ret_wrong = "`..` is not allowed in it";
		if (used + n + 2 > sizeof(path))
			*ret_wrong = "the path is too long";
		if (*ret_wrong)
			return NULL;
		if (n > 0 && !(n == 1 && *at == '.')) {
			path[used++] = '/';
			memcpy(path + used, at, n);
			used += n;
		}
		at += n + (at[n] == '/');
	}
	path[used] = '\0';
	if (used == 0)
		*ret_wrong = "the root directory itself cannot be in the list; "
			     "`read_only: system` is about everything";
	return used == 0 ? NULL : strdup(path);
}

/* 0, or -ENOMEM; what is wrong goes to r->errs. */
static int
add_path(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, const char *key, struct nv_conf_paths *paths)
{
	const char *text = nv_conf_item_text(r, source, item, key);
	const char *wrong = NULL;
	char quoted[NV_QUOTE_BYTES];

	if (!text)
		return 0;
	char *path = text[0] ? clean_path(r->config, text, &wrong) : NULL;

	if (!text[0])
		wrong = "it is empty";
	for (size_t i = 0; path && i < paths->n; i++) {
		if (strcmp(paths->list[i], path) == 0)
			wrong = "it is listed twice";
	}
	if (wrong) {
		nv_conf_error(r->errs, source->name, item->line, item->column,
			"%s: expected a path, found \"%s\": %s", key,
			nv_value_quote(text, quoted), wrong);
		free(path);
		return 0;
	}
	if (!path)
		return -ENOMEM;
	paths->list[paths->n++] = path;
	return 0;
}

int
nv_conf_read_paths(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const struct nv_option *o,
	struct nv_conf_paths *paths)
{
	const char *text = nv_yaml_text(node);
	bool may_system = o->flags & NV_OPT_SYSTEM;

	if (may_system && text && strcmp(text, "system") == 0) {
		paths->system = true;
		return 0;
	}
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, o->key,
		    may_system ? "`system` or a list of paths such as [/srv/data]"
			       : nv_option_expects(o),
		    NV_CONF_PATHS_MAX))
		return 0;
	paths->list = calloc(node->n_children + 1, sizeof(*paths->list));
	if (!paths->list)
		return -ENOMEM;
	paths->n = 0;
	nv_yaml_each(item, node)
	{
		int rc = add_path(r, source, item, o->key, paths);

		if (rc < 0)
			return rc;
	}
	return 0;
}

int
nv_conf_read_groups(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, "user_groups",
		    "a list of group names such as [audio]", NV_CONF_USER_GROUPS_MAX))
		return 0;
	w->user_groups = calloc(node->n_children + 1, sizeof(*w->user_groups));
	if (!w->user_groups)
		return -ENOMEM;
	w->has_user_groups = true;
	nv_yaml_each(item, node)
	{
		const char *text = nv_conf_item_text(r, source, item, "user_groups");
		struct nv_err err = {.text = ""};

		if (!text)
			continue;
		if (nv_value_group(&r->values, text, &err) < 0) {
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"user_groups: %s", err.text);
			continue;
		}
		w->user_groups[w->n_user_groups] = strdup(text);
		if (!w->user_groups[w->n_user_groups])
			return -ENOMEM;
		w->n_user_groups++;
	}
	return 0;
}

int
nv_conf_read_capabilities(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w)
{
	if (!nv_conf_check_collection(r, source, node, NV_YAML_SEQ, "capabilities",
		    "a list such as [net_bind_service], or []", NV_CAPS))
		return 0;
	w->has_capabilities = true;
	nv_yaml_each(item, node)
	{
		const char *text = nv_conf_item_text(r, source, item, "capabilities");
		char quoted[NV_QUOTE_BYTES];

		if (!text)
			continue;
		int number = nv_cap_find(text);
		const char *near = number < 0 ? nv_cap_nearest(text) : NULL;

		if (number < 0)
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"capabilities: there is no capability \"%s\"%s%s%s",
				nv_value_quote(text, quoted),
				near ? "; did you mean \"" : "", near ? near : "",
				near ? "\"?" : "");
		else if (w->capabilities >> number & 1)
			nv_conf_error(r->errs, source->name, item->line, item->column,
				"capabilities: %s is listed twice", nv_cap_name(number));
		else
			w->capabilities |= UINT64_C(1) << number;
	}
	if (w->capabilities && r->values.uid != 0 && !r->sources->from_snapshot)
		nv_conf_error(r->errs, source->name, node->line, node->column,
			"capabilities: only root can hand them on; Nova runs as uid %u",
			r->values.uid);
	return 0;
}

/* ---- rules ---- */

static size_t
index_of(const char *key)
{
	size_t i = nv_option_find(nv_options_worker, nv_options_worker_n, key);

	NV_ASSERT(i < nv_options_worker_n);
	return i;
}

static void
check_expansion(struct nv_conf_reading *r, const struct nv_conf_origin *where,
	const char *key, const char *text, bool own_only)
{
	const char *at;
	size_t bytes;

	if (nv_expand_check(text, own_only, &at, &bytes) == 0)
		return;
	char quoted[NV_QUOTE_BYTES];
	char known[200] = "";
	size_t used = 0;

	for (int i = 0; i < NV_EXPAND_COUNT; i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%s",
			i ? ", " : "", nv_expansion_name((enum nv_expansion)i));
	NV_CLEANUP_FREE char *name = strndup(at, bytes);

	nv_conf_error_at(r->errs, where,
		"%s: %s is not known; known here: %s. For a literal one write $%s", key,
		name ? nv_value_quote(name, quoted) : "it", known,
		name ? nv_value_quote(name, quoted) : "${");
}

static int
ignore(void *arg, const char *name, const char *value)
{
	(void)arg;
	(void)name;
	(void)value;
	return 0;
}

static void
check_env_file(struct nv_conf_reading *r, const struct nv_conf_worker *w,
	const struct nv_conf_origin *where)
{
	char *text = NULL;
	size_t bytes = 0;
	struct nv_err err = {.text = ""};
	int rc = nv_env_file_read(w->env_file, &text, &bytes);

	if (rc < 0) {
		nv_conf_error_at(r->errs, where, "env_file: %s: %s", w->env_file,
			rc == -EINVAL ? "expected a plain file"
			: rc == -EPERM
				? "must belong to root or to the account Nova runs "
				  "as, and nobody else may write to it"
			: rc == -EFBIG ? "too large: at most 256 KiB"
				       : strerror(-rc));
		return;
	}
	if (nv_env_file_parse(text, bytes, ignore, NULL, &err) < 0)
		nv_conf_error(r->errs, w->env_file, err.line, err.column, "%s", err.text);
	explicit_bzero(text, bytes);
	free(text);
}

void
nv_conf_worker_isolation_finish(struct nv_conf_reading *r, const struct nv_conf_worker *w,
	const struct nv_conf_origin origins[])
{
	char key[300];

	for (char **a = w->argv; a && *a; a++)
		check_expansion(r, &origins[index_of("command")], "command", *a, true);
	for (size_t i = 0; i < w->n_env; i++) {
		(void)snprintf(key, sizeof(key), "env.%s", w->env[i].key);
		check_expansion(
			r, &origins[index_of("env")], key, w->env[i].value, false);
	}
	if (w->env_file && !r->sources->from_snapshot)
		check_env_file(r, w, &origins[index_of("env_file")]);
	if (w->limit_memory_high_bytes && w->limit_memory_bytes &&
		w->limit_memory_high_bytes > w->limit_memory_bytes)
		nv_conf_error_at(r->errs, &origins[index_of("limits.memory_high")],
			"limits.memory_high: above limits.memory, so it can never count");
}

/* ---- the restart hash ---- */

static void
mix(uint64_t *hash, const void *data, size_t bytes)
{
	const unsigned char *at = data;

	for (size_t i = 0; i < bytes; i++)
		*hash = (*hash ^ at[i]) * UINT64_C(0x100000001b3);
}

static void
mix_number(uint64_t *hash, uint64_t v)
{
	mix(hash, &v, sizeof(v));
}

static void
mix_list(uint64_t *hash, char *const *list, size_t n)
{
	mix(hash, &n, sizeof(n));
	for (size_t i = 0; i < n; i++)
		mix(hash, list[i], strlen(list[i]) + 1);
}

void
nv_conf_isolation_mix(uint64_t *hash, const struct nv_conf_worker *w)
{
	const struct nv_conf_isolation *iso = &w->isolation;
	const uint64_t numbers[] = {w->limit_memory_high_bytes, w->limit_cpu_weight,
		w->limit_io_weight, w->limit_processes, (uint64_t)w->limit_core_bytes,
		w->limit_file_bytes, w->limit_stack_bytes, (uint64_t)w->limit_cpu_time_ms,
		(uint64_t)w->limit_locked_bytes, w->limit_address_bytes,
		w->has_user_groups, w->has_capabilities, w->capabilities,
		iso->private_tmp, iso->private_dev, iso->home, iso->network,
		iso->syscalls, iso->when_impossible, iso->read_only.system};
	const char *const texts[] = {w->user_group, w->env_file};

	for (size_t i = 0; i < NV_LEN(numbers); i++)
		mix_number(hash, numbers[i]);
	for (size_t i = 0; i < NV_LEN(texts); i++)
		mix(hash, texts[i] ? texts[i] : "\x01",
			texts[i] ? strlen(texts[i]) + 1 : 2);
	mix_list(hash, w->user_groups, w->n_user_groups);
	mix_list(hash, iso->read_only.list, iso->read_only.n);
	mix_list(hash, iso->read_write.list, iso->read_write.n);
	mix_list(hash, iso->inaccessible.list, iso->inaccessible.n);
}
