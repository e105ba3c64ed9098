/* The configuration as others see it: see nv_config.h. */
#include "nv_caps.h"
#include "nv_conf_private.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void
free_list(char **list, size_t n)
{
	for (size_t i = 0; list && i < n; i++)
		free(list[i]);
	free(list);
}

static void
worker_fini(struct nv_conf_worker *w)
{
	for (char **a = w->argv; a && *a; a++)
		free(*a);
	free(w->argv);
	free(w->description);
	free(w->directory);
	free(w->user);
	free(w->user_group);
	free_list(w->user_groups, w->n_user_groups);
	nv_conf_paths_fini(&w->isolation.read_only);
	nv_conf_paths_fini(&w->isolation.read_write);
	nv_conf_paths_fini(&w->isolation.inaccessible);
	free(w->env_file);
	free_list(w->secrets, w->n_secrets);
	free_list(w->variants, w->n_variants);
	for (size_t i = 0; i < w->n_env; i++) {
		free(w->env[i].key);
		free(w->env[i].value);
	}
	free(w->env);
	for (size_t i = 0; i < w->n_params; i++) {
		struct nv_conf_param *p = &w->params[i];

		free(p->name);
		free_list(p->choices, p->n_choices);
		free(p->range_min);
		free(p->range_max);
	}
	free(w->params);
	free(w->depends);
	free(w->operations);
	nv_conf_probe_fini(&w->ready_probe);
	nv_conf_probe_fini(&w->health);
	free(w->params_json);
}

void
nv_config_free(struct nv_config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->n_workers; i++)
		worker_fini(&config->workers[i]);
	free(config->workers);
	for (size_t i = 0; i < config->n_system; i++)
		worker_fini(&config->system[i]);
	free(config->system);
	nv_conf_platforms_fini(config);
	for (size_t i = 0; i < config->n_groups; i++) {
		free_list(config->groups[i].order, config->groups[i].n_order);
		free(config->groups[i].description);
	}
	free(config->groups);
	free(config->currencies);
	free(config->timezone);
	free(config->price_table);
	free(config->anchor_file);
	free(config->backup_to);
	free(config->backup_at);
	for (char **a = config->anchor_command; a && *a; a++)
		free(*a);
	free(config->anchor_command);
	free(config);
}

static int
read_config(struct nv_conf_reading *r)
{
	int rc = nv_conf_reading_run(r);

	nv_conf_errors_sort(r->errs);
	if (rc < 0)
		return rc;
	return r->errs->n + r->errs->n_more > 0 ? -EINVAL : 0;
}

int
nv_config_parse(const struct nv_conf_sources *sources, struct nv_config **ret,
	struct nv_conf_errors *errs)
{
	struct nv_conf_reading r = {.sources = sources, .errs = errs};
	int rc = read_config(&r);

	if (rc == 0) {
		*ret = r.config;
		r.config = NULL;
	}
	nv_conf_reading_fini(&r);
	return rc;
}

static int
compare_name(const void *key, const void *element)
{
	return strcmp(key, ((const struct nv_conf_worker *)element)->name);
}

const struct nv_conf_worker *
nv_config_worker(const struct nv_config *config, const char *name)
{
	bool system = nv_name_is_system(name);
	const struct nv_conf_worker *list = system ? config->system : config->workers;
	size_t n = system ? config->n_system : config->n_workers;

	return n == 0 ? NULL : bsearch(name, list, n, sizeof(*list), compare_name);
}

static int
compare_group(const void *key, const void *element)
{
	return strcmp(key, ((const struct nv_conf_group *)element)->name);
}

const struct nv_conf_group *
nv_config_group(const struct nv_config *config, const char *name)
{
	if (config->n_groups == 0)
		return NULL;
	return bsearch(name, config->groups, config->n_groups, sizeof(*config->groups),
		compare_group);
}

/* ---- config show ---- */

struct show {
	const struct nv_conf_reading *r;
	nv_conf_show_fn *fn;
	void *arg;
	struct nv_buf value;
	int rc;
};

static void
emit(struct show *s, const char *key, const struct nv_conf_origin *origin)
{
	char text[4400] = "default";

	if (origin->source && origin->variable &&
		origin->source->kind == NV_SOURCE_ENVIRONMENT)
		(void)snprintf(text, sizeof(text), "environment %s", origin->variable);
	else if (origin->source)
		(void)snprintf(text, sizeof(text), "%s:%u%s%s", origin->source->name,
			origin->line, origin->variable ? " " : "",
			origin->variable ? origin->variable : "");
	if (s->value.error)
		s->rc = s->value.error;
	else
		s->fn(s->arg, key, s->value.data ? s->value.data : "", text);
	nv_buf_clear(&s->value);
}

/* Does a variable's name sound like a secret? Its value is then not shown. */
static bool
sounds_secret(const char *name)
{
	static const char *const words[] = {"KEY", "TOKEN", "SECRET", "PASSW",
		"CREDENTIAL", "AUTH", "PRIVATE", "DSN"};

	for (size_t i = 0; i < NV_LEN(words); i++) {
		if (strcasestr(name, words[i]))
			return true;
	}
	return false;
}

static void
put_list(struct nv_buf *buf, char *const *list, size_t n)
{
	nv_buf_puts(buf, "[");
	for (size_t i = 0; i < n; i++) {
		nv_buf_puts(buf, i ? ", " : "");
		nv_buf_put_json(buf, list[i], strlen(list[i]));
	}
	nv_buf_puts(buf, "]");
}

static void
put_env(struct nv_buf *buf, const struct nv_conf_worker *w, bool mask)
{
	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < w->n_env; i++) {
		const char *value = mask && sounds_secret(w->env[i].key)
					    ? "********"
					    : w->env[i].value;

		nv_buf_printf(buf, "%s%s: ", i ? ", " : "", w->env[i].key);
		nv_buf_put_json(buf, value, strlen(value));
	}
	nv_buf_puts(buf, "}");
}

static void
put_params(struct nv_buf *buf, const struct nv_conf_worker *w)
{
	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < w->n_params; i++) {
		const struct nv_conf_param *p = &w->params[i];

		nv_buf_printf(buf, "%s%s: ", i ? ", " : "", p->name);
		if (p->choices) {
			nv_buf_puts(buf, "{choices: ");
			put_list(buf, p->choices, p->n_choices);
			nv_buf_puts(buf, "}");
		} else {
			nv_buf_printf(buf, "{range: %s..%s}", p->range_min, p->range_max);
		}
	}
	nv_buf_puts(buf, "}");
}

static void
put_currencies(struct nv_buf *buf, const struct nv_config *config)
{
	nv_buf_puts(buf, "{");
	for (size_t i = 0; i < config->n_currencies; i++) {
		nv_buf_printf(buf, "%s%s: ", i ? ", " : "", config->currencies[i].code);
		nv_value_show_money(
			buf, config->currencies[i].rate_nano, config->base_currency);
	}
	nv_buf_puts(buf, "}");
}

static void
put_paths(struct nv_buf *buf, const struct nv_conf_paths *paths)
{
	if (paths->system)
		nv_buf_puts(buf, "system");
	else
		put_list(buf, paths->list, paths->n);
}

static void
put_capabilities(struct nv_buf *buf, const struct nv_conf_worker *w)
{
	const char *between = "";

	nv_buf_puts(buf, w->has_capabilities ? "[" : "default");
	for (unsigned i = 0; w->has_capabilities && i < NV_CAPS; i++) {
		if (!(w->capabilities >> i & 1))
			continue;
		nv_buf_printf(buf, "%s%s", between, nv_cap_name(i));
		between = ", ";
	}
	nv_buf_puts(buf, w->has_capabilities ? "]" : "");
}

static void
put_command(struct nv_buf *buf, const void *at)
{
	char **argv;
	size_t n = 0;

	memcpy(&argv, at, sizeof(argv));
	while (argv && argv[n])
		n++;
	if (argv)
		put_list(buf, argv, n);
	else
		nv_buf_puts(buf, "none");
}

void
nv_conf_put_value(struct nv_buf *buf, const struct nv_config *config,
	const struct nv_option *o, const void *target, bool mask)
{
	const struct nv_conf_worker *w = target;

	switch (o->kind) {
	case NV_OPT_COMMAND:
		put_command(buf, (const char *)target + o->offset);
		break;
	case NV_OPT_SECRETS:
		put_list(buf, w->secrets, w->n_secrets);
		break;
	case NV_OPT_ENV:
		put_env(buf, w, mask);
		break;
	case NV_OPT_PARAMS:
		put_params(buf, w);
		break;
	case NV_OPT_VARIANTS:
		put_list(buf, w->variants, w->n_variants);
		break;
	case NV_OPT_DEPENDS:
		nv_conf_depends_show(buf, w);
		break;
	case NV_OPT_CODES:
		nv_conf_codes_show(buf, w);
		break;
	case NV_OPT_NAMES:
		nv_conf_order_show(buf, target);
		break;
	case NV_OPT_SUPERVISORS:
		nv_conf_supervisors_show(buf, config);
		break;
	case NV_OPT_CURRENCIES:
		put_currencies(buf, config);
		break;
	case NV_OPT_OPERATIONS:
		nv_conf_operations_show(buf, config, w);
		break;
	case NV_OPT_PATHS:
		put_paths(buf, (const void *)((const char *)target + o->offset));
		break;
	case NV_OPT_GROUPS:
		if (w->has_user_groups)
			put_list(buf, w->user_groups, w->n_user_groups);
		else
			nv_buf_puts(buf, "default");
		break;
	case NV_OPT_CAPABILITIES:
		put_capabilities(buf, w);
		break;
	case NV_OPT_PLATFORMS:
		nv_conf_platforms_show(buf, w);
		break;
	case NV_OPT_HOSTS:
		nv_conf_hosts_show(buf, &config->gateway.names);
		break;
	case NV_OPT_WEBHOOKS:
		nv_conf_webhooks_show(buf, config);
		break;
	case NV_OPT_DUE:
		nv_conf_due_show(buf, config);
		break;
	case NV_OPT_SECTION:
		nv_buf_puts(buf, *(const bool *)((const char *)target + o->offset)
					 ? "there"
					 : "none");
		break;
	default:
		nv_value_show(config, o, (const char *)target + o->offset, buf);
	}
}

static void
show_all(struct show *s)
{
	const struct nv_config *config = s->r->config;
	char key[NV_NAME_MAX + 100];

	for (size_t i = 0; i < nv_options_global_n; i++) {
		nv_conf_put_value(&s->value, config, &nv_options_global[i], config, true);
		emit(s, nv_options_global[i].key, &s->r->origins[i]);
	}
	for (size_t k = 0; k < config->n_groups; k++) {
		for (size_t i = 0; i < nv_options_group_n; i++) {
			(void)snprintf(key, sizeof(key), "groups.%s.%s",
				config->groups[k].name, nv_options_group[i].key);
			nv_conf_put_value(&s->value, config, &nv_options_group[i],
				&config->groups[k], true);
			emit(s, key, &s->r->group_origins[k * NV_OPTIONS_MAX + i]);
		}
	}
	for (size_t k = 0; k < config->n_workers; k++) {
		const struct nv_conf_worker *w = &config->workers[k];

		for (size_t i = 0; i < nv_options_worker_n; i++) {
			(void)snprintf(key, sizeof(key), "workers.%s.%s", w->name,
				nv_options_worker[i].key);
			nv_conf_put_value(
				&s->value, config, &nv_options_worker[i], w, true);
			emit(s, key,
				&s->r->worker_origins[s->r->worker_order[k] *
							      nv_options_worker_n +
						      i]);
		}
	}
}

int
nv_config_show(const struct nv_conf_sources *sources, nv_conf_show_fn *fn, void *arg)
{
	struct nv_conf_errors errs = {0};
	struct nv_conf_reading r = {
		.sources = sources, .errs = &errs, .keep_origins = true};
	int rc = read_config(&r);

	if (rc == 0) {
		struct show s = {.r = &r, .fn = fn, .arg = arg};

		nv_buf_init(&s.value, (size_t)8 << 20);
		show_all(&s);
		nv_buf_fini(&s.value);
		rc = s.rc;
	}
	nv_conf_reading_fini(&r);
	nv_conf_errors_fini(&errs);
	return rc;
}
