/* The configuration of a fleet: etc/nova.yaml, one file per worker type in the
 * workers.d/ beside it, and environment variables with the original system's names.
 *
 * novasupd reads the sources once, checks them, and hands the text of all of them
 * to its children as a snapshot (a sealed memfd), so that every process works with the
 * same generation whatever happens to the files. Parsing is the same code everywhere.
 *
 * All errors of all files are collected before giving up, each with file, line and
 * column; unknown and repeated keys are errors that name the nearest known key. */
#ifndef NV_CONFIG_H
#define NV_CONFIG_H

#include "nv_conf_platforms.h"
#include "nv_err.h"
#include "nv_logfile.h"
#include "nv_money.h"
#include "nv_name.h"

#define NV_CONFIG_ERRORS_MAX     200
#define NV_CONFIG_WORKERS_MAX    10000
#define NV_CONFIG_FILE_BYTES_MAX ((size_t)4 << 20)
#define NV_CONFIG_ALL_BYTES_MAX  ((size_t)64 << 20) /* all sources together */

enum nv_kind { NV_KIND_TASK, NV_KIND_SERVICE };
enum nv_restart { NV_RESTART_PERMANENT, NV_RESTART_TRANSIENT, NV_RESTART_TEMPORARY };
enum nv_strategy {
	NV_STRATEGY_NONE, /* a label: each worker by itself */
	NV_STRATEGY_ONE_FOR_ONE,
	NV_STRATEGY_ONE_FOR_ALL,
	NV_STRATEGY_REST_FOR_ONE,
	NV_STRATEGY_SIMPLE_ONE_FOR_ONE
};
enum nv_policy { NV_POLICY_STRICT, NV_POLICY_MARGINAL, NV_POLICY_CLASSIC };
enum nv_anomaly_action { NV_ANOMALY_PAUSE, NV_ANOMALY_ALERT };
enum nv_auto_shutdown { NV_AUTO_NEVER, NV_AUTO_ANY, NV_AUTO_ALL };
enum nv_on_limit { NV_ON_LIMIT_HALT, NV_ON_LIMIT_ESCALATE };
enum nv_ready {
	NV_READY_EXEC,   /* up when exec worked */
	NV_READY_EVENT,  /* when it says the event `ready` */
	NV_READY_FD,     /* when it writes a newline to NOVA_READY_FD */
	NV_READY_NOTIFY, /* when it says READY=1 to NOTIFY_SOCKET, as to systemd */
	NV_READY_PROBE   /* when a check from outside succeeds */
};
enum nv_on_failure { NV_ON_FAILURE_RESTART, NV_ON_FAILURE_REPORT };

/* A check from outside, made by nova-probe. */
enum nv_probe_kind { NV_PROBE_NONE, NV_PROBE_TCP, NV_PROBE_HTTP, NV_PROBE_EXEC };
struct nv_conf_probe {
	enum nv_probe_kind kind; /* which of the three is set */
	char *tcp;               /* owned: "HOST:PORT"; somebody accepts */
	char *http;              /* owned: a URL; the answer's status is 200..399 */
	char **exec;             /* owned: a command; it ends with 0 */
	int64_t every_ms;
	int64_t timeout_ms;
	int64_t after_ms; /* first time so long after the start */
};

/* What a worker sees of the machine beside its own files. */
enum nv_home { NV_HOME_HOST, NV_HOME_READ_ONLY, NV_HOME_NONE };
enum nv_network { NV_NETWORK_HOST, NV_NETWORK_LOOPBACK, NV_NETWORK_NONE };
enum nv_syscalls { NV_SYSCALLS_OFF, NV_SYSCALLS_DEFAULT, NV_SYSCALLS_STRICT };
enum nv_impossible {
	NV_IMPOSSIBLE_REFUSE,
	NV_IMPOSSIBLE_RUN
}; /* when the kernel cannot do it: not started | started without */

/* A list of paths, absolute. */
struct nv_conf_paths {
	char **list; /* owned */
	size_t n;
	bool system; /* the word `system` instead of a list: everything */
};

struct nv_conf_isolation {
	bool private_tmp;
	bool private_dev;
	enum nv_home home;
	enum nv_network network;
	enum nv_syscalls syscalls;
	enum nv_impossible when_impossible;
	struct nv_conf_paths read_only;
	struct nv_conf_paths read_write;
	struct nv_conf_paths inaccessible;
};

struct nv_conf_pair {
	char *key;   /* owned */
	char *value; /* owned */
};

/* What must be true of a worker before those that depend on it may start. */
enum nv_depend_condition {
	NV_DEPEND_STARTED,  /* an instance has a process */
	NV_DEPEND_READY,    /* every instance that shall run is up */
	NV_DEPEND_COMPLETED /* every instance has ended well and is not restarted */
};
struct nv_conf_depend {
	char worker[NV_NAME_MAX];
	enum nv_depend_condition condition;
	bool restart;  /* on_restart: it goes down: so does the dependent, and comes back
			*/
	unsigned line; /* where it is written */
	unsigned column;
};
const char *nv_conf_depend_name(enum nv_depend_condition condition);

struct nv_conf_crashes {
	uint32_t max;        /* more than this many crashes within the window = limit */
	int64_t within_ms;   /* sliding window */
	int64_t cooldown_ms; /* pause after `max` crashes in the window before one more
				try; 0 = none */
	int64_t backoff_min_ms;
	int64_t backoff_max_ms;
	enum nv_on_limit on_limit;
};

/* A parameter that `optimize` may turn: choices, or a range of durations or of
 * numbers (run_interval: always a range of durations). */
struct nv_conf_param {
	char *name;     /* owned */
	char **choices; /* owned, NULL for a range */
	size_t n_choices;
	char *range_min; /* owned text as written, e.g. "30s" */
	char *range_max;
};

#define NV_INFINITY_MS INT64_C(-1) /* a grace without an end */

#define NV_CONF_OPERATIONS_MAX 32 /* of a worker */

/* What a worker may spend a day on one kind of call. */
struct nv_conf_operation {
	char name[NV_NAME_MAX];
	int64_t daily_nano;
};

/* A group that is declared; a worker's group need not be. */
struct nv_conf_group {
	char name[NV_NAME_MAX];
	char *description; /* owned, NULL without */
	enum nv_strategy strategy;
	uint32_t intensity;
	int64_t period_ms;        /* whole seconds */
	char parent[NV_NAME_MAX]; /* "" without */
	enum nv_restart restart;  /* by its parent */
	enum nv_auto_shutdown auto_shutdown;
	bool significant;    /* to its parent */
	int64_t shutdown_ms; /* when its parent stops it; NV_INFINITY_MS; 0 = kill */
	int64_t budget_hourly_nano; /* of all below it together; -1 = no cap */
	int64_t budget_daily_nano;
	char **order; /* owned names: children that come first */
	size_t n_order;
	unsigned line; /* where it is declared, in nova.yaml */
	unsigned column;
};

#define NV_CONF_NO_ROI       INT64_MIN
#define NV_CONF_VARIANTS_MAX 8

struct nv_conf_worker {
	char name[NV_NAME_MAX];
	char group[NV_NAME_MAX]; /* default "default" */
	char *description;       /* owned, never NULL */
	char **argv;             /* owned, NULL-terminated */
	char *directory; /* owned: working directory, default: where nova.yaml is */
	enum nv_kind kind;
	int64_t run_interval_ms;
	int64_t run_timeout_ms; /* a task's run is killed after this; 0 = never */
	uint32_t instances_start;
	uint32_t instances_min;
	uint32_t instances_max;
	uint32_t rolling_surge; /* a rolling restart: additional instances meanwhile */
	uint32_t rolling_unavailable;   /* so many fewer than wanted may be up */
	uint32_t rolling_abort_after;   /* failures of new ones */
	int64_t rolling_pause_ms;       /* a new one has to live so long */
	struct nv_conf_depend *depends; /* owned */
	size_t n_depends;
	enum nv_restart restart;
	bool significant;    /* to its group */
	uint8_t success[32]; /* exit codes that are no crash, a bit each */
	bool crashes_own;    /* its own file has `crashes:` */
	struct nv_conf_crashes crashes;
	int64_t heartbeat_every_ms; /* what the runner sends; 0 = no watchdog */
	int64_t heartbeat_timeout_ms;
	int64_t heartbeat_progress_ms; /* beats alone do not do for longer; 0 = they do */
	int stop_signal;
	int64_t stop_grace_ms; /* or NV_INFINITY_MS */
	enum nv_ready ready;
	struct nv_conf_probe ready_probe; /* NV_READY_PROBE */
	int64_t ready_timeout_ms; /* not ready by then: it failed to start; 0 = never */
	struct nv_conf_probe health; /* kind NONE: nobody asks */
	uint32_t health_failures;    /* in a row: unhealthy */
	enum nv_on_failure health_on_failure;
	int64_t budget_per_run_nano; /* in the base currency; -1 = no cap */
	int64_t budget_hourly_nano;
	int64_t budget_daily_nano;
	int64_t budget_total_nano;
	bool capped; /* derived: a budget, its own, a group's or the fleet's, holds it */
	struct nv_conf_operation *operations; /* owned, by name */
	size_t n_operations;
	int64_t roi_min_ppm;
	int64_t roi_scale_ppm;
	int64_t roi_kill_ppm;
	uint32_t roi_min_runs;
	/* What its owner expects of it, before there are facts; base currency. */
	int64_t expected_cost_nano; /* per run; -1 = not said */
	int64_t expected_sale_nano; /* a typical one; -1 = not said */
	int64_t expected_roi_ppm;   /* NV_CONF_NO_ROI = not said */
	int64_t expected_ramp_ms;   /* until it is what it will be; 0 = at once */
	char **variants;            /* owned names, none or 2 to NV_CONF_VARIANTS_MAX */
	size_t n_variants;
	uint64_t limit_memory_bytes; /* 0 = none, as all limits */
	int64_t limit_cpu_ppm;       /* of one core: 50% = 500,000 */
	uint32_t limit_tasks;
	uint64_t limit_memory_high_bytes; /* throttled above it */
	uint32_t limit_cpu_weight;        /* 1..10000; 0 = not set */
	uint32_t limit_io_weight;
	uint32_t limit_open_files; /* this and the following are of each process */
	uint32_t limit_processes;  /* of the account */
	int64_t limit_core_bytes;  /* -1 = none */
	uint64_t limit_file_bytes;
	uint64_t limit_stack_bytes;
	int64_t limit_cpu_time_ms;
	int64_t limit_locked_bytes; /* -1 = as novasupd */
	uint64_t limit_address_bytes;
	struct nv_log_policy logs;
	char *user;       /* owned, NULL = as novasupd */
	char *user_group; /* owned, NULL = the account's own */
	/* Owned; with has_user_groups they are all it has besides its own group. */
	char **user_groups;
	size_t n_user_groups;
	bool has_user_groups;
	bool has_capabilities; /* then it has these, 1 << number, and no others */
	uint64_t capabilities;
	struct nv_conf_isolation isolation;
	char **secrets; /* owned names */
	size_t n_secrets;
	struct nv_conf_pair *env; /* owned */
	size_t n_env;
	char *env_file; /* owned, absolute; NULL = none. Read at each start */
	struct nv_conf_param *params; /* owned */
	size_t n_params;
	char *params_json; /* owned: initial NOVA_PARAMS: first choice / range minimum of
			      each */
	bool autonomous;
	uint32_t platforms; /* those it may call, 1 << enum nv_platform */
	/* One of Nova's own, made of a section of nova.yaml (nv_conf_system.c): no file,
	 * no budget, no decision, and no emergency stop touches it. Its secrets may be
	 * missing, and stand in the environment under nv_conf_secret_variables. */
	bool system;
	/* Hash over everything that needs a restart of running instances when it changes.
	 */
	uint64_t restart_hash;
};

struct nv_conf_currency {
	char code[NV_CURRENCY_BYTES];
	int64_t rate_nano; /* how much of the base currency one unit is worth */
};

struct nv_config {
	char dir[1024];                        /* of nova.yaml, absolute */
	char base_currency[NV_CURRENCY_BYTES]; /* currency: USD */
	char *timezone;                 /* owned, IANA name; days begin at its midnight */
	int64_t max_daily_budget_nano;  /* -1 = no cap */
	int64_t max_hourly_budget_nano; /* -1 = no cap */
	int64_t budget_warn_ppm;        /* 0 = no warnings */
	int64_t reinvest_ppm;           /* of settled profit */
	bool pacing;
	int64_t approval_above_nano; /* per day */
	int64_t min_roi_ppm;
	int64_t scale_roi_ppm;
	int64_t kill_roi_ppm;
	uint32_t min_runs;
	enum nv_policy policy;
	int64_t anomaly_cost_ppm;    /* of the usual; 0: not watched */
	int64_t anomaly_refunds_ppm; /* the same */
	uint32_t anomaly_silence;    /* missing sales; 0: not watched */
	int64_t anomaly_above_nano;
	enum nv_anomaly_action anomaly_action;
	bool autonomous_enabled;
	int64_t autonomous_interval_ms; /* analyse every */
	int64_t autonomous_window_ms;   /* over the figures of the last */
	int64_t autonomous_cooldown_ms; /* between two decisions for one worker */
	int64_t approval_expiry_ms;
	int64_t price_cpu_second_nano; /* compute cost, base currency */
	int64_t price_gib_hour_nano;
	/* Owned path of the LLM price table, absolute; NULL when none is configured and
	 * there is neither a prices.json beside nova.yaml nor the prices/data.json that
	 * comes with the programs (../share/nova, or etc/ of the source tree). */
	char *price_table;
	char *anchor_file;     /* owned; NULL = none */
	char **anchor_command; /* owned, NULL-terminated; NULL = none */
	int64_t anchor_every_ms;
	int64_t retention_ms; /* of events in the database; 0 = for ever */
	char *backup_to;      /* owned; NULL = none is made */
	int64_t backup_every_ms;
	char *backup_at; /* owned; "03:00" local time; NULL = at any time */
	uint32_t backup_keep;
	bool backup_gzip;
	struct nv_log_policy logs; /* of a worker that does not say */
	uint32_t spawn_rate; /* automatic restarts a second, once the burst is used up */
	uint32_t spawn_burst;
	uint32_t storm_workers; /* so many different ones crash at a time: an incident;
				   0 = never */
	int64_t storm_within_ms;
	int64_t storm_canary_ms;
	int64_t engine_away_ms; /* agents are paused when there is no ledger for this long
				 */
	int64_t sample_ms;      /* how often resources are sampled */
	/* What a worker file that does not say takes over. */
	int64_t run_interval_ms;
	int64_t stop_grace_ms;
	struct nv_conf_crashes crashes;
	struct nv_conf_isolation isolation;  /* without the lists */
	struct nv_conf_currency *currencies; /* owned, declared ones besides the base */
	size_t n_currencies;
	struct nv_conf_group *groups; /* owned, sorted by name */
	size_t n_groups;
	struct nv_conf_worker *workers; /* owned, sorted by name */
	size_t n_workers;
	struct nv_conf_platform platforms[NV_PLATFORMS];
	struct nv_conf_stripe stripe;
	struct nv_conf_gumroad gumroad;
	struct nv_conf_sendgrid sendgrid;
	struct nv_conf_twitter twitter;
	struct nv_conf_scrape scrape;
	struct nv_conf_gateway gateway;
	struct nv_conf_alerts alerts;
	/* nova.gateway, nova.stripe ...: system workers are in no other list. */
	struct nv_conf_worker *system; /* owned, sorted by name */
	size_t n_system;
};

static inline bool
nv_conf_is_success(const uint8_t success[32], int code)
{
	return code >= 0 && code < 256 && (success[code / 8] >> (code % 8) & 1);
}

/* The sources, before parsing. Of .env and the environment only the variables that are
 * settings of Nova are kept: a secret that stands beside them is never here. */
enum nv_source_kind {
	NV_SOURCE_MAIN,        /* nova.yaml */
	NV_SOURCE_WORKER,      /* a file of workers.d */
	NV_SOURCE_DOTENV,      /* .env: what is not a setting is blanked */
	NV_SOURCE_ENVIRONMENT, /* NAME=VALUE, each ended by a NUL */
	NV_SOURCE_KINDS
};
struct nv_conf_source {
	enum nv_source_kind kind;
	char *name; /* owned: path as shown in errors; "environment" for variables */
	char *text; /* owned, a NUL after the last byte */
	size_t bytes;
};
struct nv_conf_sources {
	char dir[1024];
	struct nv_conf_source *list; /* owned; [0] is nova.yaml */
	size_t n;
	/* Who read the files: a worker's `user:` needs root. */
	uint32_t uid;
	/* From a snapshot: whoever made it has checked what depends on the machine
	 * (users, time zone), so that a reader with fewer rights does not refuse it. */
	bool from_snapshot;
	bool no_worker_dir; /* there is no workers.d: no workers, at a first start */
};

struct nv_conf_errors {
	struct nv_err *list; /* owned */
	size_t n;
	size_t n_more; /* beyond NV_CONFIG_ERRORS_MAX */
};

/* Read nova.yaml, workers.d/(*.yaml, *.yml, *.json in name order), .env beside
 * them and the known variables of this process' environment. A file that cannot
 * be read is an entry in errs. Returns 0, -EINVAL when errs has entries, -ENOMEM.
 * After -EINVAL *ret holds what could be read: hand it to nv_config_parse with the same
 * errs to list every error at once. *errs starts zeroed; *ret is the caller's to fini
 * whatever is returned. */
int nv_conf_sources_read(struct nv_conf_sources *ret, const char *config_path,
	struct nv_conf_errors *errs);
/* For a fleet that has workers: no workers.d at all (moved away, not mounted) is an entry
 * in errs and -EINVAL, as nobody means the end of every worker by that; else 0. */
int nv_conf_sources_need_workers(
	const struct nv_conf_sources *sources, struct nv_conf_errors *errs);
void nv_conf_sources_fini(struct nv_conf_sources *sources);

/* Sealed memfd with all sources, and back. Negative errno on failure. */
int nv_conf_snapshot_create(const struct nv_conf_sources *sources, int *ret_fd);
int nv_conf_snapshot_read(int fd, struct nv_conf_sources *ret);

/* Parse and check. *ret is set only when there is no error (0); -EINVAL with the
 * errors in errs otherwise (also when errs came with entries), sorted by file and line.
 */
int nv_config_parse(const struct nv_conf_sources *sources, struct nv_config **ret,
	struct nv_conf_errors *errs);
void nv_config_free(struct nv_config *config);
void nv_conf_errors_fini(struct nv_conf_errors *errs);
/* One line per error, in file order, ended by a count. */
void nv_conf_errors_print(const struct nv_conf_errors *errs, int fd);

/* The names that a secret of a system worker may have in the environment of novasupd or
 * in .env, with spaces between; NULL when it can only be a file. */
const char *nv_conf_secret_variables(const char *secret);
/* The value that the text of a .env has for one of these names: owned by the caller, to
 * be wiped and freed; NULL when there is none, or no memory. */
char *nv_conf_dotenv_get(const char *text, size_t bytes, const char *names);
/* Every assignment of a .env, and every line that is none (`wrong` says why), in order;
 * strings are borrowed for the call. Non-zero of fn ends it and is returned. */
struct nv_dotenv_item {
	unsigned line;
	const char *wrong; /* NULL: it is one */
	const char *name;
	size_t name_bytes;
	const char *value; /* without its quotes */
	size_t value_bytes;
};
typedef int nv_dotenv_fn(void *arg, const struct nv_dotenv_item *item);
int nv_conf_dotenv_walk(const char *text, size_t bytes, nv_dotenv_fn *fn, void *arg);
/* The system worker that a setting of the fleet is about ("platforms.stripe.rate"): its
 * name in buf, or NULL. */
const char *nv_conf_system_of(const char *key, char buf[NV_NAME_MAX]);

/* NULL when there is no such worker; a system worker is found as well. */
const struct nv_conf_worker *
nv_config_worker(const struct nv_config *config, const char *name);
/* NULL when it is not declared. */
const struct nv_conf_group *
nv_config_group(const struct nv_config *config, const char *name);

/* For `novactl config show`: every effective value and where it came from, secrets
 * masked. The callback gets "workers.NAME.key" "groups.NAME.key" or "key", the value as
 * text and "default", "FILE:LINE" or "environment VARIABLE". */
typedef void
nv_conf_show_fn(void *arg, const char *key, const char *value, const char *origin);
int nv_config_show(const struct nv_conf_sources *sources, nv_conf_show_fn *fn, void *arg);

/* What differs between two configurations. Called for the fleet's settings (worker ""),
 * then for each worker by name: once when it was added or removed (key ""), or once for
 * each setting that changed. Values are shown as by nv_config_show, cut to 300 bytes. */
enum nv_conf_change_kind { NV_CONF_ADDED, NV_CONF_REMOVED, NV_CONF_CHANGED };
struct nv_conf_change {
	enum nv_conf_change_kind kind;
	const char *worker; /* all borrowed for the call */
	const char *key;
	const char *from;
	const char *to;
	bool restart; /* what runs has to be restarted for it */
};
typedef void nv_conf_diff_fn(void *arg, const struct nv_conf_change *change);
/* 0 or -ENOMEM. */
int nv_config_diff(const struct nv_config *old, const struct nv_config *new,
	nv_conf_diff_fn *fn, void *arg);

/* How a parameter's text (a choice, the end of a range) is written in NOVA_PARAMS: a
 * number, true and false as they are, anything else as a JSON string. */
struct nv_buf;
void nv_conf_param_json(struct nv_buf *buf, const char *text);

#endif
