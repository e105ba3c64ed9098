/* The settings of Nova, as data: names, kinds, units, ranges, defaults, help. The
 * parser, the environment variables, `config show` and the reference all read these
 * tables and nothing else. */
#ifndef NV_OPTIONS_H
#define NV_OPTIONS_H

#include "nv_buf.h"
#include "nv_config.h"

enum nv_opt_kind {    /* what the field at `offset` is */
	NV_OPT_NAME,  /* char[NV_NAME_MAX] */
	NV_OPT_TEXT,  /* char *, owned */
	NV_OPT_PATH,  /* char *, owned; made absolute from the directory of nova.yaml */
	NV_OPT_BOOL,  /* bool */
	NV_OPT_COUNT, /* uint32_t */
	NV_OPT_DURATION, /* int64_t, ms */
	NV_OPT_SPAN,     /* two int64_t, ms: shortest..longest */
	NV_OPT_SIZE,     /* uint64_t, bytes */
	NV_OPT_PERCENT,  /* int64_t, ppm */
	NV_OPT_MONEY,    /* int64_t, nano of the base currency */
	NV_OPT_WORD,     /* an enum: index into words */
	NV_OPT_SIGNAL,   /* int */
	NV_OPT_USER,     /* char *, owned */
	NV_OPT_GROUP,    /* char *, owned */
	NV_OPT_ZONE,     /* char *, owned */
	NV_OPT_CURRENCY, /* char[NV_CURRENCY_BYTES] */
	NV_OPT_URL,      /* char *, owned: http(s)://HOST[:PORT][/PATH], no slash last */
	NV_OPT_ADDRESS,  /* char *, owned: HOST:PORT, an IPv6 address in [] */
	NV_OPT_RATE,     /* struct nv_conf_rate */
	NV_OPT_PRICE,    /* struct nv_conf_price: an amount in its own currency */
	/* Not scalars; each is read by its own function in nv_conf_lists.c. */
	NV_OPT_COMMAND,
	NV_OPT_SECRETS,
	NV_OPT_ENV,
	NV_OPT_PARAMS,
	NV_OPT_VARIANTS,
	NV_OPT_DEPENDS,
	NV_OPT_CURRENCIES,
	NV_OPT_OPERATIONS,
	NV_OPT_PATHS, /* struct nv_conf_paths at `offset` */
	NV_OPT_GROUPS,
	NV_OPT_CAPABILITIES,
	NV_OPT_CODES,
	NV_OPT_NAMES,
	NV_OPT_SUPERVISORS, /* the map of groups */
	NV_OPT_PLATFORMS,   /* what of them a worker may call */
	NV_OPT_WEBHOOKS,
	NV_OPT_HOSTS,   /* struct nv_conf_hosts at `offset` */
	NV_OPT_DUE,     /* platforms.gumroad.agents */
	NV_OPT_SECTION, /* bool: the map of this name is there, if only an empty one */
	NV_OPT_KINDS
};

#define NV_OPT_REQUIRED 1u
#define NV_OPT_DAILY    2u  /* money: "/day" may follow */
#define NV_OPT_NONE     4u  /* the word `none` is allowed and stands for `none` below */
#define NV_OPT_SYSTEM   8u  /* paths: the word `system` may stand for the list */
#define NV_OPT_INFINITY 16u /* duration: the word `infinity` is NV_INFINITY_MS */
#define NV_OPT_BRUTAL   32u /* duration: the word `brutal_kill` is 0 */
#define NV_OPT_HOURLY   64u /* money: "/hour" may follow */

struct nv_option {
	const char *key; /* "crashes.max" */
	enum nv_opt_kind kind;
	unsigned flags;
	size_t offset;
	int64_t min; /* in the unit of the field */
	int64_t max;
	int64_t none;
	const char *fallback;  /* default as written; NULL: the field stays zero */
	const char *otherwise; /* without a default: what holds then, in words */
	const char *inherit;   /* a worker's: the global key whose value is the default */
	const char *const *words; /* NV_OPT_WORD, ended by NULL */
	const char *variables;    /* the original system's names, with spaces between */
	/* Whole sentences for the reference; `x` is something to be typed, and page(5)
	 * another manual page. */
	const char *help;
	const char *since; /* the release that brought it; NULL: 0.1.0 */
};

extern const struct nv_option nv_options_global[];
extern const size_t nv_options_global_n;
extern const struct nv_option nv_options_worker[];
extern const size_t nv_options_worker_n;
extern const struct nv_option nv_options_group[];
extern const size_t nv_options_group_n;
#define NV_OPTIONS_MAX 240 /* no table is longer */

/* "a duration such as 90s, 5m or 1h30m" */
const char *nv_option_expects(const struct nv_option *option);
/* The unit of a bare number in an environment variable; NULL when there is none. */
const char *nv_option_bare_unit(const struct nv_option *option);
/* A scalar that may be given as a variable. */
bool nv_option_is_scalar(const struct nv_option *option);
#define NV_VARIABLE_BYTES 64
/* "NOVA_CRASHES_MAX"; returns buf. */
const char *
nv_option_variable(const struct nv_option *option, char buf[NV_VARIABLE_BYTES]);
/* The global option that a variable sets; NULL when it is no setting of Nova. */
const struct nv_option *nv_option_by_variable(const char *name, size_t bytes);
/* Is `name` one of the words of `list`, which has spaces between them? */
bool nv_option_has_word(const char *list, const char *name, size_t bytes);
/* Index in a table; n when there is none. */
size_t nv_option_find(const struct nv_option *table, size_t n, const char *key);
/* Does `key` name a map of settings ("crashes")? */
bool nv_option_is_section(const struct nv_option *table, size_t n, const char *key);

/* ---- nv_option_facts.c: for the reference ---- */

/* "duration", "list of paths". */
const char *nv_option_type(const struct nv_option *option);
/* The default and the limits as they would be written; nothing where there is none. */
void nv_option_put_default(struct nv_buf *buf, const struct nv_option *option);
void nv_option_put_min(struct nv_buf *buf, const struct nv_option *option);
void nv_option_put_max(struct nv_buf *buf, const struct nv_option *option);
/* What a change of it means at `novactl reload`. */
enum nv_option_reload {
	NV_RELOAD_LIVE,   /* taken over by what runs */
	NV_RELOAD_WORKER, /* the worker, or those that take it over, are restarted */
	NV_RELOAD_SERVICE /* Nova's process for this section is restarted */
};
enum nv_option_reload nv_option_reload(const struct nv_option *option);
const char *nv_option_reload_name(enum nv_option_reload reload);

/* Entries of lists and maps. */
#define NV_CONF_WORDS_MAX       1024
#define NV_CONF_SECRETS_MAX     64
#define NV_CONF_ENV_MAX         512
#define NV_CONF_PARAMS_MAX      64
#define NV_CONF_CURRENCIES_MAX  200
#define NV_CONF_PATHS_MAX       64
#define NV_CONF_USER_GROUPS_MAX 64
#define NV_CONF_DEPENDS_MAX     64
#define NV_CONF_CODES_MAX       256
#define NV_CONF_ORDER_MAX       1000
#define NV_CONF_SUPERVISORS_MAX 1000
#define NV_CONF_HOSTS_MAX       32
#define NV_CONF_DUE_MAX         1000
#define NV_CONF_WEBHOOKS_MAX    64

#endif
