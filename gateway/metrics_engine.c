/* Metrics of what the engine knows: its answer to `figures` (engine/api_figures.c), taken
 * apart family by family. What is missing in it is left out here, never a zero. */
#include "metrics.h"

#include "nv_clock.h"

#include <stdio.h>
#include <string.h>

#define MICRO 1000000

static const json_t *
at(const json_t *o, const char *key)
{
	return json_object_get(o, key);
}

static const char *
text(const json_t *o, const char *key)
{
	const char *value = json_string_value(at(o, key));

	return value ? value : "";
}

/* A number of an object as one sample without labels; nothing when it is not there. */
static void
put_one(struct gw_text *t, const json_t *o, const char *key, int64_t scale)
{
	const json_t *value = at(o, key);

	if (json_is_integer(value))
		gw_text_scaled(t, NULL, 0, json_integer_value(value), scale);
	else if (json_is_boolean(value))
		gw_text_count(t, NULL, 0, json_is_true(value));
}

struct family {
	const char *key; /* of the object */
	const char *name;
	const char *help;
	enum gw_metric type;
	int64_t scale; /* 0: 1 */
};

static void
put_families(struct gw_text *t, const json_t *o, const struct family *f, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		gw_text_family(t, f[i].name, f[i].type, f[i].help);
		put_one(t, o, f[i].key, NV_MAX(f[i].scale, INT64_C(1)));
	}
}

/* ---- workers ---- */

static const struct family of_workers[] = {
	{"budget_paused", "nova_worker_budget_paused",
		"1: it is paused since a budget of it is spent.", GW_GAUGE, 0},
	{"crashes", "nova_worker_crashes",
		"Ends of processes that count as a crash, since ever.", GW_COUNTER, 0},
	{"events", "nova_worker_events", "Events in the ledger about it, since ever.",
		GW_COUNTER, 0},
	{"rejected", "nova_worker_events_rejected",
		"Lines of it that were quarantined, since ever.", GW_COUNTER, 0},
	{"heartbeats", "nova_worker_heartbeats", "Heartbeats, since ever.", GW_COUNTER,
		0},
	{"run_ms", "nova_worker_run_seconds",
		"Time its runs took, since ever; divided by nova_worker_runs_total: the "
		"mean.",
		GW_COUNTER, 1000},
	{"starts", "nova_worker_starts", "Processes that were started, since ever.",
		GW_COUNTER, 0},
	{"cpu_us", "nova_worker_cpu_seconds",
		"Processor time of all its processes, since ever. Left out until each "
		"live "
		"one was measured.",
		GW_COUNTER, MICRO},
	{"memory_bytes", "nova_worker_memory_bytes",
		"Resident memory of its processes when they were last sampled.", GW_GAUGE,
		0},
};

static void
put_worker_family(struct gw_text *t, const json_t *workers, const struct family *f)
{
	size_t i;
	const json_t *row;

	gw_text_family(t, f->name, f->type, f->help);
	json_array_foreach(workers, i, row)
	{
		const json_t *value = at(row, f->key);

		if (json_is_integer(value))
			gw_text_scaled(t, GW_WITH({"worker", text(row, "worker")}),
				json_integer_value(value), NV_MAX(f->scale, INT64_C(1)));
	}
}

static void
put_runs(struct gw_text *t, const json_t *workers)
{
	size_t i;
	const json_t *row;

	gw_text_family(
		t, "nova_worker_runs", GW_COUNTER, "Runs that have ended, since ever.");
	json_array_foreach(workers, i, row)
	{
		const char *worker = text(row, "worker");

		gw_text_scaled(t, GW_WITH({"worker", worker}, {"result", "ok"}),
			json_integer_value(at(row, "runs_ok")), 1);
		gw_text_scaled(t, GW_WITH({"worker", worker}, {"result", "failed"}),
			json_integer_value(at(row, "runs_failed")), 1);
	}
}

static void
put_exits(struct gw_text *t, const json_t *workers)
{
	size_t i;
	const json_t *row;
	const char *cause;
	json_t *n;

	gw_text_family(t, "nova_worker_exits", GW_COUNTER,
		"Processes that have ended, by cause (exit, crash, stop, exec, oom, "
		"watchdog, "
		"...), since ever.");
	json_array_foreach(workers, i, row)
	{
		json_object_foreach(
			(json_t *)(uintptr_t)at(row, "exits"), cause, n) gw_text_scaled(t,
			GW_WITH({"worker", text(row, "worker")}, {"cause", cause}),
			json_integer_value(n), 1);
	}
}

static void
put_workers(struct gw_text *t, const json_t *workers)
{
	size_t i;
	const json_t *row;

	gw_text_family(t, "nova_worker", GW_INFO,
		"Of each worker that the ledger or the configuration knows: its group, "
		"and "
		"whether it is one of Nova's own processes.");
	json_array_foreach(workers, i, row) gw_text_count(t,
		GW_WITH({"worker", text(row, "worker")}, {"group", text(row, "group")},
			{"system", json_is_true(at(row, "system")) ? "true" : "false"}),
		1);
	for (i = 0; i < NV_LEN(of_workers); i++)
		put_worker_family(t, workers, &of_workers[i]);
	gw_text_family(t, "nova_worker_last_heartbeat_timestamp_seconds", GW_GAUGE,
		"When it last said that it is alive.");
	json_array_foreach(
		workers, i, row) if (json_integer_value(at(row, "heartbeat_ns")) > 0)
		gw_text_scaled(t, GW_WITH({"worker", text(row, "worker")}),
			json_integer_value(at(row, "heartbeat_ns")), NV_NS_PER_SEC);
	put_runs(t, workers);
	put_exits(t, workers);
}

/* ---- budgets, decisions ---- */

static void
put_caps(struct gw_text *t, const json_t *engine)
{
	static const struct family parts[] = {
		{"limit", "nova_budget_limit", "What may be spent in the period.",
			GW_GAUGE, 0},
		{"spent", "nova_budget_spent", "What is spent of it in the period.",
			GW_GAUGE, 0},
		{"reserved", "nova_budget_reserved",
			"What runs and calls have asked for and not spent yet, and "
			"waiting "
			"approvals.",
			GW_GAUGE, 0},
		{"remaining", "nova_budget_remaining",
			"What is left, reservations taken off; never below 0.", GW_GAUGE,
			0},
	};
	const char *currency = text(engine, "currency");
	size_t i;
	const json_t *cap;

	for (size_t k = 0; k < NV_LEN(parts); k++) {
		gw_text_family(t, parts[k].name, parts[k].type, parts[k].help);
		json_array_foreach(at(engine, "caps"), i, cap) gw_text_sample(t,
			GW_WITH({"scope", text(cap, "scope")},
				{"subject", text(cap, "subject")},
				{"operation", text(cap, "operation")},
				{"period", text(cap, "period")}, {"currency", currency}),
			text(cap, parts[k].key));
	}
}

static void
put_decisions(struct gw_text *t, const json_t *counts)
{
	size_t i;
	const json_t *row;

	gw_text_family(t, "nova_decisions", GW_COUNTER,
		"Decisions by action and what became of them (executed, denied, expired, "
		"void, "
		"advised), since ever.");
	json_array_foreach(at(counts, "decisions"), i, row)
	{
		char id[24];

		(void)snprintf(id, sizeof(id), "%lld",
			(long long)json_integer_value(json_array_get(row, 3)));
		gw_text_exemplar(t,
			GW_WITH({"action", json_string_value(json_array_get(row, 0))},
				{"outcome", json_string_value(json_array_get(row, 1))}),
			(uint64_t)json_integer_value(json_array_get(row, 2)),
			&(struct gw_label){"decision_id", id});
	}
}

static void
put_deciding(struct gw_text *t, const json_t *engine)
{
	const json_t *approvals = at(engine, "approvals");
	static const struct family families[] = {
		{"autonomous", "nova_autonomy_enabled",
			"1: decisions are carried out; 0: only proposed.", GW_GAUGE, 0},
		{"stop", "nova_emergency_stop", "1: the emergency stop is on.", GW_GAUGE,
			0},
		{"waiting", "nova_budget_waiting",
			"Runs and calls that were refused for a budget and wait for "
			"room.",
			GW_GAUGE, 0},
		{"reserved", "nova_budget_granted",
			"Questions of runs and calls to spend that were answered with "
			"yes, since "
			"the engine started.",
			GW_COUNTER, 0},
		{"refused", "nova_budget_refused", "The same, answered with no.",
			GW_COUNTER, 0},
		{"caps_left_out", "nova_budgets_left_out",
			"Budgets without rows here: there are more than five for each "
			"worker of "
			"gateway.metrics_workers, or than 5000.",
			GW_GAUGE, 0},
	};

	put_families(t, engine, families, NV_LEN(families));
	put_caps(t, engine);
	put_decisions(t, at(engine, "counts"));
	gw_text_family(t, "nova_approvals_pending", GW_GAUGE,
		"Decisions that wait for a person's yes or no.");
	put_one(t, approvals, "pending", 1);
	gw_text_family(t, "nova_approval_oldest_timestamp_seconds", GW_GAUGE,
		"Since when the oldest of them waits; left out when none does.");
	if (json_integer_value(at(approvals, "pending")) > 0)
		put_one(t, approvals, "oldest_ns", NV_NS_PER_SEC);
}

/* ---- intake, ledger ---- */

static void
put_commits(struct gw_text *t, const json_t *commits)
{
	int64_t le_us[16];
	uint64_t counts[16];
	size_t n = json_array_size(at(commits, "le_us"));

	if (n == 0 || n > NV_LEN(le_us) || json_array_size(at(commits, "counts")) != n)
		return;
	for (size_t i = 0; i < n; i++) {
		le_us[i] = json_integer_value(json_array_get(at(commits, "le_us"), i));
		counts[i] = (uint64_t)json_integer_value(
			json_array_get(at(commits, "counts"), i));
	}
	gw_text_family(t, "nova_commit_duration_seconds", GW_HISTOGRAM,
		"How long commits of the ledger took, since the engine started.");
	gw_text_histogram(t, le_us, counts, n,
		(uint64_t)json_integer_value(at(commits, "n")),
		json_integer_value(at(commits, "sum_us")));
}

static const struct family of_intake[] = {
	{"lines", "nova_intake_lines",
		"Lines that were read from workers and the journal, since the engine "
		"started.",
		GW_COUNTER, 0},
	{"bytes", "nova_intake_bytes", "The same in bytes.", GW_COUNTER, 0},
	{"streams", "nova_intake_streams", "Open streams of workers.", GW_GAUGE, 0},
	{"stalled", "nova_intake_stalled_streams",
		"Streams whose writers wait since the engine has too much of them.",
		GW_GAUGE, 0},
	{"waiting_bytes", "nova_intake_waiting_bytes",
		"Bytes taken from pipes and not in the ledger yet: how far the intake "
		"lags.",
		GW_GAUGE, 0},
	{"control_dropped", "nova_intake_control_dropped",
		"Lines to workers that were lost to full pipes, since the engine "
		"started.",
		GW_COUNTER, 0},
};

static const struct family of_ledger[] = {
	{"events", "nova_ledger_sequence", "Number of the newest event.", GW_GAUGE, 0},
	{"quarantined", "nova_ledger_quarantined", "Lines that were refused, since ever.",
		GW_COUNTER, 0},
	{"duplicates", "nova_ledger_duplicates",
		"Events that were said again and counted once, since ever.", GW_COUNTER,
		0},
	{"batches", "nova_ledger_batches", "Commits, since ever.", GW_COUNTER, 0},
	{"streams", "nova_ledger_streams", "Streams that were ever read.", GW_GAUGE, 0},
	{"unmatched", "nova_ledger_unmatched",
		"Refunds and disputes whose sale is not known.", GW_GAUGE, 0},
	{"reservations", "nova_ledger_reservations", "Reservations that are open.",
		GW_GAUGE, 0},
	{"bytes", "nova_ledger_bytes", "Size of the ledger's file.", GW_GAUGE, 0},
	{"last_ns", "nova_ledger_last_commit_timestamp_seconds",
		"Time of the last commit.", GW_GAUGE, NV_NS_PER_SEC},
};

static void
put_webhooks(struct gw_text *t, const json_t *engine)
{
	const char *provider;
	json_t *n;

	gw_text_family(t, "nova_webhooks_booked", GW_COUNTER,
		"What platforms have told by webhooks, as facts in the ledger, since "
		"ever.");
	json_object_foreach((json_t *)(uintptr_t)at(engine, "webhooks"), provider, n)
		gw_text_scaled(
			t, GW_WITH({"provider", provider}), json_integer_value(n), 1);
}

void
gw_metrics_put_engine(struct gw_text *t, const struct gw_scrape *s)
{
	const json_t *engine = s->engine;

	if (!engine)
		return;
	put_families(t, at(engine, "intake"), of_intake, NV_LEN(of_intake));
	put_commits(t, at(engine, "commits"));
	put_families(t, at(engine, "ledger"), of_ledger, NV_LEN(of_ledger));
	put_webhooks(t, engine);
	gw_text_family(t, "nova_counts_behind_events", GW_GAUGE,
		"Events that counters of money, exits, decisions and tokens do not have "
		"yet. "
		"While the engine reads what it missed they are all left out, and this "
		"too.");
	put_one(t, at(engine, "counts"), "behind", 1);
	put_deciding(t, engine);
	put_workers(t, at(engine, "workers"));
}
