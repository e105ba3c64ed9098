/* What the files that read the configuration share; nobody else includes it. */
#ifndef NV_CONF_PRIVATE_H
#define NV_CONF_PRIVATE_H

#include "nv_options.h"
#include "nv_value.h"
#include "nv_yaml.h"

/* Where an effective value came from; source NULL: the default. All borrowed. */
struct nv_conf_origin {
	const struct nv_conf_source *source;
	unsigned line;
	unsigned column;
	const char *variable; /* its name, for .env and the environment */
};

/* A setting given as a variable. */
struct nv_conf_var {
	const struct nv_option *option;
	struct nv_conf_origin origin; /* variable points at name */
	char name[NV_VARIABLE_BYTES];
	char *value; /* owned */
};
struct nv_conf_vars {
	struct nv_conf_var *list; /* owned */
	size_t n;
};
#define NV_CONF_VARS_MAX 200 /* of one source */

/* One reading of all sources. */
struct nv_conf_reading {
	const struct nv_conf_sources *sources;
	struct nv_conf_errors *errs;
	struct nv_config *config; /* being filled */
	struct nv_value_context values;
	struct nv_conf_vars vars;
	struct nv_conf_origin origins[NV_OPTIONS_MAX]; /* of the global settings */
	/* In the order of the sources: of each worker all settings (nv_options_worker_n)
	 * when keep_origins is set, else only its name. */
	struct nv_conf_origin *worker_origins; /* owned */
	size_t *worker_order; /* owned; position of a sorted worker in worker_origins */
	bool keep_origins;
	/* Of each group in the order of the names; with keep_origins. */
	struct nv_conf_origin *group_origins; /* owned */
};

/* ---- nv_conf_errors.c ---- */
/* Add an error; the text is made printable. place may be NULL. */
void nv_conf_error(struct nv_conf_errors *errs, const char *file, unsigned line,
	unsigned column, const char *fmt, ...) NV_PRINTF(5, 6);
void nv_conf_error_at(struct nv_conf_errors *errs, const struct nv_conf_origin *origin,
	const char *fmt, ...) NV_PRINTF(3, 4);
void nv_conf_errors_sort(struct nv_conf_errors *errs);

/* ---- nv_conf_env.c ---- */
/* Read the variables of a .env or environment source into vars. Errors go to errs. */
int nv_conf_vars_read(struct nv_conf_vars *vars, const struct nv_conf_source *source,
	struct nv_conf_errors *errs);
void nv_conf_vars_fini(struct nv_conf_vars *vars);
/* Check a .env and blank everything in it that is not a setting of Nova, in place:
 * what is kept stays at its line and column. */
void nv_conf_dotenv_strip(struct nv_conf_source *source, struct nv_conf_errors *errs);
/* Every setting that this process' environment has, as the text of a source. */
int nv_conf_environment_text(char **ret_text, size_t *ret_bytes);

/* ---- nv_conf_lists.c: settings that are no scalars ---- */
int nv_conf_read_command(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, char ***ret_argv);
int nv_conf_read_secrets(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
int nv_conf_read_env(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
int nv_conf_read_variants(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
int nv_conf_read_params(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
/* nv_conf_depends.c */
int nv_conf_read_depends(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
void nv_conf_depends_show(struct nv_buf *buf, const struct nv_conf_worker *w);
/* Once all workers are known and sorted: names, cycles. 0 or -ENOMEM. */
int nv_conf_depends_check(struct nv_conf_reading *r);
/* nv_conf_groups.c */
int nv_conf_read_supervisors(struct nv_conf_reading *r,
	const struct nv_conf_source *source, const struct nv_yaml_node *node);
int nv_conf_read_order(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_group *g);
int nv_conf_read_codes(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
void nv_conf_order_show(struct nv_buf *buf, const struct nv_conf_group *g);
void nv_conf_supervisors_show(struct nv_buf *buf, const struct nv_config *config);
void nv_conf_codes_show(struct nv_buf *buf, const struct nv_conf_worker *w);
/* Once all workers are known: which combinations make sense. 0 or -ENOMEM. */
int nv_conf_groups_check(struct nv_conf_reading *r);
int nv_conf_read_currencies(struct nv_conf_reading *r,
	const struct nv_conf_source *source, const struct nv_yaml_node *node);

/* nv_conf_budget.c */
int
nv_conf_read_operations(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
void nv_conf_operations_show(struct nv_buf *buf, const struct nv_config *config,
	const struct nv_conf_worker *w);
/* Once all workers and groups are known: whom any budget holds. */
void nv_conf_budget_derive(struct nv_config *config);
/* A cap that can never be reached, since a narrower one is above it, is a mistake. */
void nv_conf_budget_global_check(struct nv_conf_reading *r);
void nv_conf_budget_group_check(struct nv_conf_reading *r, const struct nv_conf_group *g,
	const struct nv_conf_origin origins[]);
void nv_conf_budget_worker_check(struct nv_conf_reading *r,
	const struct nv_conf_worker *w, const struct nv_conf_origin origins[]);

/* A repeated key of a map whose keys are the user's: an error and false. */
bool nv_conf_check_repeat(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, const char *key);
/* Is it a list (or map) of at most `max` children? An error and false otherwise. */
bool nv_conf_check_collection(struct nv_conf_reading *r,
	const struct nv_conf_source *source, const struct nv_yaml_node *node,
	enum nv_yaml_kind kind, const char *key, const char *expects, size_t max);
/* The scalar of an item; an error and NULL otherwise. */
const char *
nv_conf_item_text(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *item, const char *key);

/* ---- nv_conf_isolation.c: lists about what a worker may do ---- */
int nv_conf_read_paths(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const struct nv_option *o,
	struct nv_conf_paths *paths);
int nv_conf_read_groups(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
int
nv_conf_read_capabilities(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
void nv_conf_worker_isolation_finish(struct nv_conf_reading *r,
	const struct nv_conf_worker *w, const struct nv_conf_origin origins[]);
/* Into the restart hash. */
void nv_conf_isolation_mix(uint64_t *hash, const struct nv_conf_worker *w);
void nv_conf_paths_fini(struct nv_conf_paths *paths);

/* ---- nv_conf_read.c ---- */
/* The settings of one group from its map; label is before each key in errors. origins:
 * NV_OPTIONS_MAX of them. */
int nv_conf_read_group(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *map, const char *label, struct nv_conf_group *g,
	struct nv_conf_origin *origins);
/* Fill r->config from r->sources; errors go to r->errs. 0 or -ENOMEM. */
int nv_conf_reading_run(struct nv_conf_reading *r);
void nv_conf_reading_fini(struct nv_conf_reading *r);

/* ---- nv_config.c ---- */
/* The value of a setting as it could stand in the file; target: the fleet's or a worker's
 * struct. mask: what sounds like a secret is not shown. */
void nv_conf_put_value(struct nv_buf *buf, const struct nv_config *config,
	const struct nv_option *option, const void *target, bool mask);

/* ---- nv_conf_rules.c: rules between settings, and what is derived ---- */
/* 0 or -ENOMEM; broken rules go to r->errs. */
int nv_conf_global_finish(struct nv_conf_reading *r);
void nv_conf_worker_finish(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[]);
/* Where a setting of a worker stands; the worker's name when it is a default. */
const struct nv_conf_origin *
nv_conf_place(const struct nv_conf_origin origins[], const char *key);
/* Was it written, or is it a default? */
bool nv_conf_given(const struct nv_conf_origin origins[], const char *key);
uint64_t nv_conf_restart_hash(const struct nv_conf_worker *w);
/* nv_conf_diff.c: bytes of the field of a scalar of a worker, 0: not known; is it a
 * string; does a change of a list or map of a worker change the restart hash? */
size_t nv_conf_field_bytes(enum nv_opt_kind kind);
bool nv_conf_field_is_text(enum nv_opt_kind kind);
bool nv_conf_list_restarts(const struct nv_option *option);
/* NOVA_PARAMS and the restart hash. 0 or -ENOMEM. */
int nv_conf_worker_derive(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[]);

/* ---- nv_conf_read.c ---- */
/* The defaults of a worker that has no file. 0 or -ENOMEM. */
int nv_conf_worker_default(struct nv_conf_reading *r, struct nv_conf_worker *w);

/* ---- nv_conf_system.c: Nova's own processes ---- */
/* A name or group of theirs is an error. */
void nv_conf_system_reserved(struct nv_conf_reading *r, const struct nv_conf_worker *w,
	const struct nv_conf_origin origins[]);
/* One worker for each section that is there. 0 or -ENOMEM. */
int nv_conf_system_make(struct nv_conf_reading *r);

/* ---- nv_conf_platforms.c: what platforms and gateway have besides scalars ---- */
int nv_conf_read_platforms(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, struct nv_conf_worker *w);
void nv_conf_platforms_show(struct nv_buf *buf, const struct nv_conf_worker *w);
int nv_conf_read_webhooks(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node);
void nv_conf_webhooks_show(struct nv_buf *buf, const struct nv_config *config);

/* ---- nv_conf_hosts.c ---- */

int nv_conf_read_hosts(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node, const char *key, struct nv_conf_hosts *hosts);
void nv_conf_hosts_show(struct nv_buf *buf, const struct nv_conf_hosts *hosts);
void nv_conf_hosts_fini(struct nv_conf_hosts *hosts);
/* Rules between their settings. */
void nv_conf_platforms_finish(struct nv_conf_reading *r);
void nv_conf_platforms_fini(struct nv_config *config);
/* Is it a setting of these sections? */
bool nv_conf_is_of_platforms(const struct nv_option *option);

/* ---- nv_conf_due.c: which sales are due to whom ---- */
int nv_conf_read_due(struct nv_conf_reading *r, const struct nv_conf_source *source,
	const struct nv_yaml_node *node);
void nv_conf_due_show(struct nv_buf *buf, const struct nv_config *config);
void nv_conf_due_fini(struct nv_config *config);

/* ---- nv_conf_probe.c: what `ready` and `health` ask ---- */
void nv_conf_probes_finish(struct nv_conf_reading *r, struct nv_conf_worker *w,
	const struct nv_conf_origin origins[]);
void nv_conf_probe_fini(struct nv_conf_probe *probe);

#endif
