/* The two tables of settings: see nv_options.h. */
#include "nv_options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define MS   INT64_C(1)
#define SEC  (1000 * MS)
#define MIN  (60 * SEC)
#define HOUR (60 * MIN)
#define DAY  (24 * HOUR)
#define YEAR (366 * DAY)
#define PPM  INT64_C(10000) /* one percent */

#define G(field) offsetof(struct nv_config, field)
#define W(field) offsetof(struct nv_conf_worker, field)

static const char *const words_kind[] = {
	[NV_KIND_TASK] = "task", [NV_KIND_SERVICE] = "service", NULL};
static const char *const words_restart[] = {[NV_RESTART_PERMANENT] = "permanent",
	[NV_RESTART_TRANSIENT] = "transient",
	[NV_RESTART_TEMPORARY] = "temporary",
	NULL};
static const char *const words_on_limit[] = {
	[NV_ON_LIMIT_HALT] = "halt", [NV_ON_LIMIT_ESCALATE] = "escalate", NULL};
static const char *const words_ready[] = {
	[NV_READY_EXEC] = "exec", [NV_READY_EVENT] = "event", NULL};

static const char *const words_home[] = {[NV_HOME_HOST] = "host",
	[NV_HOME_READ_ONLY] = "read_only",
	[NV_HOME_NONE] = "none",
	NULL};
static const char *const words_network[] = {[NV_NETWORK_HOST] = "host",
	[NV_NETWORK_LOOPBACK] = "loopback",
	[NV_NETWORK_NONE] = "none",
	NULL};
static const char *const words_syscalls[] = {[NV_SYSCALLS_OFF] = "off",
	[NV_SYSCALLS_DEFAULT] = "default",
	[NV_SYSCALLS_STRICT] = "strict",
	NULL};
static const char *const words_impossible[] = {
	[NV_IMPOSSIBLE_REFUSE] = "refuse", [NV_IMPOSSIBLE_RUN] = "run", NULL};

/* The base currency stands first: every amount after it is read in it. */
const struct nv_option nv_options_global[] = {
	{.key = "currency",
		.kind = NV_OPT_CURRENCY,
		.offset = G(base_currency),
		.fallback = "USD",
		.help = "Base currency: budgets, thresholds and reports are in it."},
	{.key = "currencies",
		.kind = NV_OPT_CURRENCIES,
		.help = "What one unit of another currency is worth: `EUR: 1.08 USD` or "
			"`EUR: {rate: 1.08 USD}`. Without a rate it is not counted."},
	{.key = "timezone",
		.kind = NV_OPT_ZONE,
		.offset = G(timezone),
		.fallback = "UTC",
		.help = "Days begin at midnight here (an IANA name)."},
	{.key = "max_daily_budget",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_DAILY,
		.offset = G(max_daily_budget_nano),
		.max = NV_MONEY_MAX,
		.fallback = "100",
		.variables = "MAX_DAILY_BUDGET",
		.help = "What the whole fleet may spend in a day; reached, every agent "
			"is "
			"paused until midnight."},
	{.key = "approval_above",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_DAILY,
		.offset = G(approval_above_nano),
		.max = NV_MONEY_MAX,
		.fallback = "50",
		.variables = "APPROVAL_ABOVE",
		.help = "A decision that costs more than this a day waits for a person."},
	{.key = "min_roi",
		.kind = NV_OPT_PERCENT,
		.offset = G(min_roi_ppm),
		.min = -100 * PPM,
		.max = 1000000 * PPM,
		.fallback = "150%",
		.variables = "MIN_ROI MIN_ROI_THRESHOLD",
		.help = "Below this return on investment a worker is paused or tuned."},
	{.key = "scale_roi",
		.kind = NV_OPT_PERCENT,
		.offset = G(scale_roi_ppm),
		.min = -100 * PPM,
		.max = 1000000 * PPM,
		.fallback = "300%",
		.variables = "SCALE_ROI SCALE_ROI_THRESHOLD",
		.help = "From this return on investment a worker is scaled up."},
	{.key = "kill_roi",
		.kind = NV_OPT_PERCENT,
		.offset = G(kill_roi_ppm),
		.min = -100 * PPM,
		.max = 1000000 * PPM,
		.fallback = "0%",
		.variables = "KILL_ROI KILL_ROI_THRESHOLD",
		.help = "Below this return on investment a worker is killed."},
	{.key = "min_runs",
		.kind = NV_OPT_COUNT,
		.offset = G(min_runs),
		.max = 1000000000,
		.fallback = "20",
		.variables = "MIN_RUNS",
		.help = "Runs a worker must have made before anything is decided about "
			"it."},
	{.key = "run_interval",
		.kind = NV_OPT_DURATION,
		.offset = G(run_interval_ms),
		.min = 100 * MS,
		.max = YEAR,
		.fallback = "60s",
		.variables = "RUN_INTERVAL",
		.help = "How often a task worker's command runs."},
	{.key = "crashes.max",
		.kind = NV_OPT_COUNT,
		.offset = G(crashes.max),
		.max = 1000,
		.fallback = "5",
		.help = "More crashes than this within the window is the limit."},
	{.key = "crashes.within",
		.kind = NV_OPT_DURATION,
		.offset = G(crashes.within_ms),
		.min = SEC,
		.max = YEAR,
		.fallback = "1h",
		.help = "The sliding window in which crashes are counted."},
	{.key = "crashes.cooldown",
		.kind = NV_OPT_DURATION,
		.offset = G(crashes.cooldown_ms),
		.max = YEAR,
		.fallback = "5m",
		.help = "How long to wait after crashes.max crashes before one more try; "
			"0: none."},
	{.key = "crashes.backoff",
		.kind = NV_OPT_SPAN,
		.offset = G(crashes.backoff_min_ms),
		.min = 10 * MS,
		.max = DAY,
		.fallback = "1s..5m",
		.help = "Waiting time before a restart: the first, doubled up to the "
			"last."},
	{.key = "crashes.on_limit",
		.kind = NV_OPT_WORD,
		.offset = G(crashes.on_limit),
		.words = words_on_limit,
		.fallback = "halt",
		.help = "At the limit: halt the instance, or escalate to its group."},
	{.key = "stop.grace",
		.kind = NV_OPT_DURATION,
		.offset = G(stop_grace_ms),
		.max = HOUR,
		.fallback = "10s",
		.help = "Time between asking a worker to stop and killing it."},
	{.key = "autonomous.enabled",
		.kind = NV_OPT_BOOL,
		.offset = G(autonomous_enabled),
		.fallback = "false",
		.variables = "AUTONOMOUS_ENABLED AUTONOMOUS_MODE",
		.help = "Whether decisions are carried out, or only written down as "
			"advice. "
			"`novactl autonomous enable` changes it at run time and is "
			"remembered."},
	{.key = "autonomous.interval",
		.kind = NV_OPT_DURATION,
		.offset = G(autonomous_interval_ms),
		.min = SEC,
		.max = 7 * DAY,
		.fallback = "60s",
		.help = "How often the fleet is analysed."},
	{.key = "autonomous.window",
		.kind = NV_OPT_DURATION,
		.offset = G(autonomous_window_ms),
		.min = MIN,
		.max = YEAR,
		.fallback = "7d",
		.help = "Decisions look at the figures of this long."},
	{.key = "autonomous.cooldown",
		.kind = NV_OPT_DURATION,
		.offset = G(autonomous_cooldown_ms),
		.max = YEAR,
		.fallback = "1h",
		.help = "Time between two decisions about one worker."},
	{.key = "autonomous.approval_expiry",
		.kind = NV_OPT_DURATION,
		.offset = G(approval_expiry_ms),
		.min = SEC,
		.max = YEAR,
		.fallback = "48h",
		.help = "A question that nobody answers for this long is dropped."},
	{.key = "prices.cpu_second",
		.kind = NV_OPT_MONEY,
		.offset = G(price_cpu_second_nano),
		.max = NV_MONEY_MAX,
		.fallback = "0.0000116",
		.help = "What a second of CPU time costs; booked to the worker that used "
			"it."},
	{.key = "prices.gib_hour",
		.kind = NV_OPT_MONEY,
		.offset = G(price_gib_hour_nano),
		.max = NV_MONEY_MAX,
		.fallback = "0.0053",
		.help = "What a GiB of memory held for an hour costs."},
	{.key = "prices.table",
		.kind = NV_OPT_PATH,
		.offset = G(price_table),
		.help = "Price table of language models, for `usage` events. Default: "
			"prices.json beside nova.yaml, else the installed one."},
	{.key = "logs.size",
		.kind = NV_OPT_SIZE,
		.offset = G(log_file_bytes_max),
		.min = 4096,
		.max = INT64_C(1) << 40,
		.fallback = "10MiB",
		.help = "A worker's log file is rotated at this size."},
	{.key = "logs.keep",
		.kind = NV_OPT_COUNT,
		.offset = G(log_files_kept),
		.max = 1000,
		.fallback = "5",
		.help = "Rotated files kept for each worker."},
	{.key = "engine_away",
		.kind = NV_OPT_DURATION,
		.offset = G(engine_away_ms),
		.max = DAY,
		.fallback = "10s",
		.help = "Agents are paused when there has been no ledger for this long."},
	{.key = "sample",
		.kind = NV_OPT_DURATION,
		.offset = G(sample_ms),
		.min = 100 * MS,
		.max = HOUR,
		.fallback = "5s",
		.help = "How often CPU, memory and descriptors of each instance are "
			"sampled."},
	{.key = "isolation.private_tmp",
		.kind = NV_OPT_BOOL,
		.offset = G(isolation.private_tmp),
		.fallback = "false",
		.help = "An empty /tmp and /var/tmp of its own, in memory, gone at its "
			"end."},
	{.key = "isolation.private_dev",
		.kind = NV_OPT_BOOL,
		.offset = G(isolation.private_dev),
		.fallback = "false",
		.help = "A /dev with null, zero, full, random, urandom, tty, pts and shm "
			"only."},
	{.key = "isolation.home",
		.kind = NV_OPT_WORD,
		.offset = G(isolation.home),
		.words = words_home,
		.fallback = "host",
		.help = "/home, /root and /run/user: as they are, read-only, or empty."},
	{.key = "isolation.network",
		.kind = NV_OPT_WORD,
		.offset = G(isolation.network),
		.words = words_network,
		.fallback = "host",
		.help = "The network of the machine, a loopback interface of its own, or "
			"none."},
	{.key = "isolation.syscalls",
		.kind = NV_OPT_WORD,
		.offset = G(isolation.syscalls),
		.words = words_syscalls,
		.fallback = "off",
		.help = "default: what takes a machine apart is refused (mount, modules, "
			"tracing, raw sockets). strict: and what a service has no use "
			"for."},
	{.key = "isolation.when_impossible",
		.kind = NV_OPT_WORD,
		.offset = G(isolation.when_impossible),
		.words = words_impossible,
		.fallback = "refuse",
		.help = "When this machine cannot do it: refuse to start, or run without "
			"and say so in the status."},
};
const size_t nv_options_global_n = NV_LEN(nv_options_global);

const struct nv_option nv_options_worker[] = {
	{.key = "worker",
		.kind = NV_OPT_NAME,
		.flags = NV_OPT_REQUIRED,
		.offset = W(name),
		.help = "Name of the worker type, unique in the fleet."},
	{.key = "group",
		.kind = NV_OPT_NAME,
		.offset = W(group),
		.fallback = "default",
		.help = "Supervision group."},
	{.key = "description",
		.kind = NV_OPT_TEXT,
		.offset = W(description),
		.max = 1000,
		.fallback = "",
		.help = "One sentence for people."},
	{.key = "command",
		.kind = NV_OPT_COMMAND,
		.flags = NV_OPT_REQUIRED,
		.help = "Program and arguments, a list of words; no shell reads it."},
	{.key = "directory",
		.kind = NV_OPT_PATH,
		.offset = W(directory),
		.fallback = ".",
		.help = "Working directory; relative to the directory of nova.yaml."},
	{.key = "kind",
		.kind = NV_OPT_WORD,
		.offset = W(kind),
		.words = words_kind,
		.fallback = "task",
		.help = "task: the command runs every run_interval. service: it stays up "
			"and "
			"speaks the event protocol itself."},
	{.key = "run_interval",
		.kind = NV_OPT_DURATION,
		.offset = W(run_interval_ms),
		.min = 100 * MS,
		.max = YEAR,
		.inherit = "run_interval",
		.help = "How often the command of a task runs."},
	{.key = "run_timeout",
		.kind = NV_OPT_DURATION,
		.flags = NV_OPT_NONE,
		.offset = W(run_timeout_ms),
		.max = YEAR,
		.fallback = "none",
		.help = "A run of a task that takes longer is killed and counted as "
			"failed."},
	{.key = "instances.start",
		.kind = NV_OPT_COUNT,
		.offset = W(instances_start),
		.max = 10000,
		.fallback = "1",
		.help = "Instances at the first start; afterwards the ledger remembers."},
	{.key = "instances.min",
		.kind = NV_OPT_COUNT,
		.offset = W(instances_min),
		.max = 10000,
		.fallback = "0",
		.help = "Scaling never goes below."},
	{.key = "instances.max",
		.kind = NV_OPT_COUNT,
		.offset = W(instances_max),
		.min = 1,
		.max = 10000,
		.help = "Scaling never goes above. Default: 8, or `start` when that is "
			"more."},
	{.key = "depends_on",
		.kind = NV_OPT_DEPENDS,
		.help = "Workers that must be started, ready or completed before it "
			"starts: `[db]` or `{db: ready, cache: {condition: started, "
			"on_restart: restart}}`."},
	{.key = "restart",
		.kind = NV_OPT_WORD,
		.offset = W(restart),
		.words = words_restart,
		.fallback = "permanent",
		.help = "permanent: always restarted. transient: only after a crash. "
			"temporary: "
			"never."},
	{.key = "crashes.max",
		.kind = NV_OPT_COUNT,
		.offset = W(crashes.max),
		.max = 1000,
		.inherit = "crashes.max",
		.help = "More crashes than this within the window is the limit."},
	{.key = "crashes.within",
		.kind = NV_OPT_DURATION,
		.offset = W(crashes.within_ms),
		.min = SEC,
		.max = YEAR,
		.inherit = "crashes.within",
		.help = "The sliding window in which crashes are counted."},
	{.key = "crashes.cooldown",
		.kind = NV_OPT_DURATION,
		.offset = W(crashes.cooldown_ms),
		.max = YEAR,
		.inherit = "crashes.cooldown",
		.help = "How long to wait after crashes.max crashes before one more try; "
			"0: none."},
	{.key = "crashes.backoff",
		.kind = NV_OPT_SPAN,
		.offset = W(crashes.backoff_min_ms),
		.min = 10 * MS,
		.max = DAY,
		.inherit = "crashes.backoff",
		.help = "Waiting time before a restart: the first, doubled up to the "
			"last."},
	{.key = "crashes.on_limit",
		.kind = NV_OPT_WORD,
		.offset = W(crashes.on_limit),
		.words = words_on_limit,
		.inherit = "crashes.on_limit",
		.help = "At the limit: halt the instance, or escalate to its group."},
	{.key = "heartbeat.every",
		.kind = NV_OPT_DURATION,
		.flags = NV_OPT_NONE,
		.offset = W(heartbeat_every_ms),
		.min = 100 * MS,
		.max = DAY,
		.help = "How often a heartbeat is sent. Default: 30s for a task (its "
			"runner "
			"sends it), none for a service; half of `timeout` when that is "
			"given."},
	{.key = "heartbeat.timeout",
		.kind = NV_OPT_DURATION,
		.flags = NV_OPT_NONE,
		.offset = W(heartbeat_timeout_ms),
		.min = 200 * MS,
		.max = 7 * DAY,
		.help = "Silence of this long is a hang: the instance is restarted and "
			"the crash "
			"counted. Default: 2m for a task, none for a service; twice "
			"`every` when "
			"that is given."},
	{.key = "heartbeat.progress",
		.kind = NV_OPT_DURATION,
		.flags = NV_OPT_NONE,
		.offset = W(heartbeat_progress_ms),
		.min = 500 * MS,
		.max = YEAR,
		.fallback = "none",
		.help = "It beats, but for this long there is no other event and no "
			"heartbeat whose `progress` grew: a live-lock, ended as a hang "
			"is."},
	{.key = "stop.signal",
		.kind = NV_OPT_SIGNAL,
		.offset = W(stop_signal),
		.fallback = "TERM",
		.help = "The signal that asks it to stop."},
	{.key = "stop.grace",
		.kind = NV_OPT_DURATION,
		.offset = W(stop_grace_ms),
		.max = HOUR,
		.inherit = "stop.grace",
		.help = "Time between asking it to stop and killing its whole process "
			"tree."},
	{.key = "ready",
		.kind = NV_OPT_WORD,
		.offset = W(ready),
		.words = words_ready,
		.fallback = "exec",
		.help = "exec: up as soon as it was started. event: when it says "
			"`ready`."},
	{.key = "budget.per_run",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_NONE,
		.offset = W(budget_per_run_nano),
		.max = NV_MONEY_MAX,
		.none = -1,
		.fallback = "none",
		.help = "What one run may cost."},
	{.key = "budget.daily",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_NONE | NV_OPT_DAILY,
		.offset = W(budget_daily_nano),
		.max = NV_MONEY_MAX,
		.none = -1,
		.fallback = "none",
		.help = "What all its instances together may spend in a day."},
	{.key = "budget.total",
		.kind = NV_OPT_MONEY,
		.flags = NV_OPT_NONE,
		.offset = W(budget_total_nano),
		.max = NV_MONEY_MAX,
		.none = -1,
		.fallback = "none",
		.help = "What it may spend ever."},
	{.key = "roi.min",
		.kind = NV_OPT_PERCENT,
		.offset = W(roi_min_ppm),
		.min = -100 * PPM,
		.max = 1000000 * PPM,
		.inherit = "min_roi",
		.help = "Below this return on investment it is paused or tuned."},
	{.key = "roi.scale",
		.kind = NV_OPT_PERCENT,
		.offset = W(roi_scale_ppm),
		.min = -100 * PPM,
		.max = 1000000 * PPM,
		.inherit = "scale_roi",
		.help = "From this return on investment it is scaled up."},
	{.key = "roi.kill",
		.kind = NV_OPT_PERCENT,
		.offset = W(roi_kill_ppm),
		.min = -100 * PPM,
		.max = 1000000 * PPM,
		.inherit = "kill_roi",
		.help = "Below this return on investment it is killed."},
	{.key = "roi.min_runs",
		.kind = NV_OPT_COUNT,
		.offset = W(roi_min_runs),
		.max = 1000000000,
		.inherit = "min_runs",
		.help = "Runs it must have made before anything is decided about it."},
	{.key = "limits.memory",
		.kind = NV_OPT_SIZE,
		.flags = NV_OPT_NONE,
		.offset = W(limit_memory_bytes),
		.min = 1 << 20,
		.max = INT64_C(1) << 50,
		.fallback = "none",
		.help = "Memory of one instance with all its processes."},
	{.key = "limits.cpu",
		.kind = NV_OPT_PERCENT,
		.flags = NV_OPT_NONE,
		.offset = W(limit_cpu_ppm),
		.min = 1 * PPM,
		.max = 102400 * PPM,
		.fallback = "none",
		.help = "CPU of one instance; 100% is one core."},
	{.key = "limits.tasks",
		.kind = NV_OPT_COUNT,
		.flags = NV_OPT_NONE,
		.offset = W(limit_tasks),
		.min = 1,
		.max = 4194304,
		.fallback = "none",
		.help = "Processes and threads of one instance."},
	{.key = "limits.memory_high",
		.kind = NV_OPT_SIZE,
		.flags = NV_OPT_NONE,
		.offset = W(limit_memory_high_bytes),
		.min = 1 << 20,
		.max = INT64_C(1) << 50,
		.fallback = "none",
		.help = "Above this it is slowed down and its caches are taken back, "
			"before `memory` ends it (cgroup v2)."},
	{.key = "limits.cpu_weight",
		.kind = NV_OPT_COUNT,
		.flags = NV_OPT_NONE,
		.offset = W(limit_cpu_weight),
		.min = 1,
		.max = 10000,
		.fallback = "none",
		.help = "Its share of a busy CPU; 100 is the usual one."},
	{.key = "limits.io_weight",
		.kind = NV_OPT_COUNT,
		.flags = NV_OPT_NONE,
		.offset = W(limit_io_weight),
		.min = 1,
		.max = 10000,
		.fallback = "none",
		.help = "Its share of a busy disk; 100 is the usual one."},
	{.key = "limits.open_files",
		.kind = NV_OPT_COUNT,
		.flags = NV_OPT_NONE,
		.offset = W(limit_open_files),
		.min = 16,
		.max = 1048576,
		.fallback = "none",
		.help = "Open descriptors of each of its processes."},
	{.key = "limits.processes",
		.kind = NV_OPT_COUNT,
		.flags = NV_OPT_NONE,
		.offset = W(limit_processes),
		.min = 1,
		.max = 4194304,
		.fallback = "none",
		.help = "Processes and threads of its account, counted over everything "
			"the account runs (not held against root)."},
	{.key = "limits.core",
		.kind = NV_OPT_SIZE,
		.flags = NV_OPT_NONE,
		.offset = W(limit_core_bytes),
		.min = 0,
		.max = INT64_C(1) << 50,
		.none = -1,
		.fallback = "0B",
		.help = "Size of a core file. One would hold its secrets."},
	{.key = "limits.file_size",
		.kind = NV_OPT_SIZE,
		.flags = NV_OPT_NONE,
		.offset = W(limit_file_bytes),
		.min = 1,
		.max = INT64_C(1) << 50,
		.fallback = "none",
		.help = "Size of any file it writes; SIGXFSZ above."},
	{.key = "limits.stack",
		.kind = NV_OPT_SIZE,
		.flags = NV_OPT_NONE,
		.offset = W(limit_stack_bytes),
		.min = 64 << 10,
		.max = INT64_C(1) << 50,
		.fallback = "none",
		.help = "Stack of each of its processes."},
	{.key = "limits.cpu_time",
		.kind = NV_OPT_DURATION,
		.flags = NV_OPT_NONE,
		.offset = W(limit_cpu_time_ms),
		.min = SEC,
		.max = YEAR,
		.fallback = "none",
		.help = "CPU time of each of its processes; SIGXCPU at the end, SIGKILL "
			"a second later."},
	{.key = "limits.locked_memory",
		.kind = NV_OPT_SIZE,
		.flags = NV_OPT_NONE,
		.offset = W(limit_locked_bytes),
		.min = 0,
		.max = INT64_C(1) << 50,
		.none = -1,
		.fallback = "none",
		.help = "Memory that each of its processes may lock. Default: as Nova "
			"itself."},
	{.key = "limits.address_space",
		.kind = NV_OPT_SIZE,
		.flags = NV_OPT_NONE,
		.offset = W(limit_address_bytes),
		.min = 1 << 20,
		.max = INT64_C(1) << 50,
		.fallback = "none",
		.help = "Address space of each of its processes."},
	{.key = "user",
		.kind = NV_OPT_USER,
		.offset = W(user),
		.help = "Account it runs as (Nova must run as root). Default: as Nova "
			"itself."},
	{.key = "user_group",
		.kind = NV_OPT_GROUP,
		.offset = W(user_group),
		.help = "Group it runs as. Default: the account's own."},
	{.key = "user_groups",
		.kind = NV_OPT_GROUPS,
		.help = "All further groups it is in; [] for none. Default: the "
			"account's."},
	{.key = "capabilities",
		.kind = NV_OPT_CAPABILITIES,
		.help = "All capabilities it has, such as [net_bind_service]. Default: "
			"none with `user`, else those of Nova."},
	{.key = "isolation.private_tmp",
		.kind = NV_OPT_BOOL,
		.offset = W(isolation.private_tmp),
		.inherit = "isolation.private_tmp",
		.help = "An empty /tmp and /var/tmp of its own, in memory, gone at its "
			"end."},
	{.key = "isolation.private_dev",
		.kind = NV_OPT_BOOL,
		.offset = W(isolation.private_dev),
		.inherit = "isolation.private_dev",
		.help = "A /dev with null, zero, full, random, urandom, tty, pts and shm "
			"only."},
	{.key = "isolation.home",
		.kind = NV_OPT_WORD,
		.offset = W(isolation.home),
		.words = words_home,
		.inherit = "isolation.home",
		.help = "/home, /root and /run/user: as they are, read-only, or empty."},
	{.key = "isolation.network",
		.kind = NV_OPT_WORD,
		.offset = W(isolation.network),
		.words = words_network,
		.inherit = "isolation.network",
		.help = "The network of the machine, a loopback interface of its own, or "
			"none."},
	{.key = "isolation.syscalls",
		.kind = NV_OPT_WORD,
		.offset = W(isolation.syscalls),
		.words = words_syscalls,
		.inherit = "isolation.syscalls",
		.help = "default: what takes a machine apart is refused (mount, modules, "
			"tracing, raw sockets). strict: and what a service has no use "
			"for."},
	{.key = "isolation.when_impossible",
		.kind = NV_OPT_WORD,
		.offset = W(isolation.when_impossible),
		.words = words_impossible,
		.inherit = "isolation.when_impossible",
		.help = "When this machine cannot do it: refuse to start, or run without "
			"and say so in the status."},
	{.key = "isolation.read_only",
		.kind = NV_OPT_PATHS,
		.flags = NV_OPT_SYSTEM,
		.offset = W(isolation.read_only),
		.help = "Paths it cannot write to, with all below them; or `system`: "
			"every file of the machine but those of read_write."},
	{.key = "isolation.read_write",
		.kind = NV_OPT_PATHS,
		.offset = W(isolation.read_write),
		.help = "Paths that stay as they are inside of what read_only, home and "
			"private_tmp take away."},
	{.key = "isolation.inaccessible",
		.kind = NV_OPT_PATHS,
		.offset = W(isolation.inaccessible),
		.help = "Paths it can neither read nor write."},
	{.key = "secrets",
		.kind = NV_OPT_SECRETS,
		.help = "Names of the secrets it is given, each a file in "
			"CREDENTIALS_DIRECTORY."},
	{.key = "env", .kind = NV_OPT_ENV, .help = "Environment variables it is given."},
	{.key = "env_file",
		.kind = NV_OPT_PATH,
		.offset = W(env_file),
		.help = "File of NAME=VALUE lines, read at each start; `env` wins over "
			"it."},
	{.key = "params",
		.kind = NV_OPT_PARAMS,
		.help = "What `optimize` may turn: `NAME: {choices: [a, b]}` or `NAME: "
			"{range: "
			"1..10}`; run_interval takes a range of durations."},
	{.key = "autonomous",
		.kind = NV_OPT_BOOL,
		.offset = W(autonomous),
		.fallback = "true",
		.help = "false: the engine only advises for this worker."},
};
const size_t nv_options_worker_n = NV_LEN(nv_options_worker);

_Static_assert(NV_LEN(nv_options_global) <= NV_OPTIONS_MAX, "raise NV_OPTIONS_MAX");
_Static_assert(NV_LEN(nv_options_worker) <= NV_OPTIONS_MAX, "raise NV_OPTIONS_MAX");
_Static_assert(sizeof(enum nv_kind) == sizeof(int), "NV_OPT_WORD writes an int");

const char *
nv_option_expects(const struct nv_option *option)
{
	static const char *const texts[NV_OPT_KINDS] = {
		[NV_OPT_NAME] = "a name of a-z, 0-9, _, . and -",
		[NV_OPT_TEXT] = "text",
		[NV_OPT_PATH] = "a path",
		[NV_OPT_BOOL] = "true or false",
		[NV_OPT_COUNT] = "a whole number",
		[NV_OPT_DURATION] = "a duration such as 90s, 5m or 1h30m",
		[NV_OPT_SPAN] = "two durations such as 1s..5m",
		[NV_OPT_SIZE] = "a size such as 256MiB",
		[NV_OPT_PERCENT] = "a percentage such as 150%",
		[NV_OPT_MONEY] = "an amount such as $10 or 10.00 EUR",
		[NV_OPT_WORD] = "a word",
		[NV_OPT_SIGNAL] = "a signal such as TERM, INT or HUP",
		[NV_OPT_USER] = "an account name",
		[NV_OPT_GROUP] = "the name of a group of accounts",
		[NV_OPT_ZONE] = "a time zone such as UTC or Europe/Berlin",
		[NV_OPT_CURRENCY] = "a currency code such as USD",
		[NV_OPT_COMMAND] = "a list of words such as [python3, agent.py]",
		[NV_OPT_SECRETS] = "a list of names such as [api_key]",
		[NV_OPT_ENV] = "a map of variables such as {REGION: eu}",
		[NV_OPT_PARAMS] = "a map such as {style: {choices: [a, b]}}",
		[NV_OPT_DEPENDS] = "a list such as [db] or a map such as {db: ready}",
		[NV_OPT_CURRENCIES] = "a map such as {EUR: 1.08 USD}",
		[NV_OPT_PATHS] = "a list of paths such as [/srv/data]",
		[NV_OPT_GROUPS] = "a list of group names such as [audio]",
		[NV_OPT_CAPABILITIES] = "a list such as [net_bind_service]",
	};

	return texts[option->kind];
}

const char *
nv_option_bare_unit(const struct nv_option *option)
{
	switch (option->kind) {
	case NV_OPT_DURATION:
		return "s";
	case NV_OPT_SIZE:
		return "B";
	case NV_OPT_PERCENT:
		return "%";
	default:
		return NULL;
	}
}

bool
nv_option_is_scalar(const struct nv_option *option)
{
	return option->kind < NV_OPT_COMMAND;
}

const char *
nv_option_variable(const struct nv_option *option, char buf[NV_VARIABLE_BYTES])
{
	(void)snprintf(buf, NV_VARIABLE_BYTES, "NOVA_%s", option->key);
	for (char *at = buf; *at; at++)
		*at = *at == '.' ? '_' : (char)toupper((unsigned char)*at);
	return buf;
}

/* Is `name` one of the words of `list`, which has spaces between them? */
static bool
has_word(const char *list, const char *name, size_t bytes)
{
	while (list && *list) {
		size_t n = strcspn(list, " ");

		if (n == bytes && memcmp(list, name, n) == 0)
			return true;
		list += n + strspn(list + n, " ");
	}
	return false;
}

const struct nv_option *
nv_option_by_variable(const char *name, size_t bytes)
{
	for (size_t i = 0; i < nv_options_global_n; i++) {
		const struct nv_option *o = &nv_options_global[i];
		char own[NV_VARIABLE_BYTES];

		if (!nv_option_is_scalar(o))
			continue;
		if (has_word(nv_option_variable(o, own), name, bytes) ||
			has_word(o->variables, name, bytes))
			return o;
	}
	return NULL;
}

size_t
nv_option_find(const struct nv_option *table, size_t n, const char *key)
{
	size_t i = 0;

	while (i < n && strcmp(table[i].key, key) != 0)
		i++;
	return i;
}

bool
nv_option_is_section(const struct nv_option *table, size_t n, const char *key)
{
	size_t bytes = strlen(key);

	for (size_t i = 0; i < n; i++) {
		if (strncmp(table[i].key, key, bytes) == 0 && table[i].key[bytes] == '.')
			return true;
	}
	return false;
}
