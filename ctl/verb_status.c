/* status, workers status, workers health: what novasupd and the engine know, joined. */
#include "build.h"
#include "engine_client.h"
#include "nv_clock.h"
#include "sup_client.h"
#include "value.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>

#define RESTORED_SHOWN_NS (INT64_C(7) * 86400 * NV_NS_PER_SEC)

/* How long a person who looks is kept waiting for a half. */
#define PICTURE_MS 5000

/* Both halves; either may be missing. */
struct picture {
	bool has_fleet;
	struct nv_fleet fleet;
	json_t *metrics; /* owned, NULL without the engine */
	json_t *summary; /* owned, NULL unless asked for */
	json_t *rows;    /* owned */
	int code;        /* OK, or why a half is missing */
};

static void
picture_fini(struct picture *p)
{
	nv_fleet_clear(&p->fleet);
	json_decref(p->metrics);
	json_decref(p->summary);
	json_decref(p->rows);
}

struct want {
	bool brief;   /* without what stands in no line about a worker */
	bool summary; /* the day's figures of the fleet, too */
};

static json_t *
metrics_args(const char *only, bool brief)
{
	json_t *args = ctl_need(json_object());

	if (only)
		(void)json_object_set_new(args, "worker", ctl_json_str(only));
	if (brief)
		(void)json_object_set_new(args, "brief", json_true());
	return args;
}

/* All that the engine is asked, on one connection: a deadline for the whole. */
static int
ask_engine(struct ctl_engine *engine, const char *only, const struct want *want,
	struct nv_err *err)
{
	int code = ctl_engine_send(
		engine, "workers.metrics", metrics_args(only, want->brief), err);

	if (code == NV_EXIT_OK && want->summary)
		code = ctl_engine_send(engine, "summary", NULL, err);
	return code;
}

static int
hear_engine(struct ctl_engine *engine, struct picture *p, const struct want *want,
	int64_t deadline_ms, struct nv_err *err)
{
	int code = ctl_engine_recv(engine, deadline_ms, &p->metrics, err);

	if (code == NV_EXIT_OK && want->summary)
		code = ctl_engine_recv(engine, deadline_ms, &p->summary, err);
	return code;
}

/* Fill in what can be had; each missing half is a warning and exit code 3. Both are asked
 * before either is read, so that they work at the same time. Who looks because something
 * hangs is not kept waiting: what has not come then is missing. */
static void
picture_take(
	struct ctl *ctl, struct picture *p, const char *only, const struct want *want)
{
	struct ctl_sup sup;
	struct ctl_engine engine;
	struct nv_err err = {0};
	struct nv_err engine_err = {0};
	int64_t deadline_ms = nv_mono_ms() + PICTURE_MS;

	*p = (struct picture){0};
	int code = ctl_sup_open(&sup, &ctl->paths, &err);
	int engine_code = ctl_engine_open(&engine, ctl, &engine_err);

	if (engine_code == NV_EXIT_OK)
		engine_code = ask_engine(&engine, only, want, &engine_err);
	if (code == NV_EXIT_OK)
		code = ctl_sup_status_ask(&sup, only ? only : "", want->brief, &err);
	if (code == NV_EXIT_OK)
		code = ctl_sup_status_take(&sup, &p->fleet, &err);
	if (engine_code == NV_EXIT_OK)
		engine_code = hear_engine(&engine, p, want, deadline_ms, &engine_err);
	ctl_engine_close(&engine);
	ctl_sup_close(&sup);
	p->has_fleet = code == NV_EXIT_OK;
	p->code = code;
	if (code != NV_EXIT_OK)
		ctl_warn(&ctl->out, "%s", err.text);
	/* NO: it does not know the one that is asked for, which is an answer. */
	if (engine_code != NV_EXIT_OK && !(only && engine_code == NV_EXIT_NO)) {
		if (p->has_fleet)
			ctl_warn(&ctl->out, "%s: no figures", engine_err.text);
		p->code = p->code == NV_EXIT_OK ? engine_code : p->code;
	}
	p->rows = ctl_need(
		nv_fleet_workers_json(p->has_fleet ? &p->fleet : NULL, p->metrics, only));
}

static enum ctl_style
state_style(const char *state)
{
	if (strcmp(state, "running") == 0 || strcmp(state, "up") == 0)
		return CTL_GREEN;
	if (strcmp(state, "halted") == 0 || strcmp(state, "killed") == 0 ||
		strcmp(state, "failed") == 0 || strcmp(state, "down") == 0)
		return CTL_RED;
	if (strcmp(state, "stopped") == 0 || strcmp(state, "undeployed") == 0 ||
		strcmp(state, "unconfigured") == 0)
		return CTL_DIM;
	return CTL_YELLOW;
}

static const char *
uptime(const json_t *object, char buf[NV_UNITS_BYTES])
{
	json_t *value = json_object_get(object, "uptime_s");

	if (!json_is_number(value))
		return "-";
	return nv_duration_show((int64_t)(json_number_value(value) * 1000.0), buf);
}

/* The longest uptime of the worker's instances. */
static const char *
worker_uptime(const json_t *row, char buf[NV_UNITS_BYTES])
{
	const json_t *list = json_object_get(row, "instances");
	double longest = -1;
	size_t i;
	json_t *in;

	json_array_foreach(list, i, in)
	{
		json_t *value = json_object_get(in, "uptime_s");

		if (json_is_number(value))
			longest = NV_MAX(longest, json_number_value(value));
	}
	return longest < 0 ? "-" : nv_duration_show((int64_t)(longest * 1000.0), buf);
}

static const char *
currency_of(const json_t *data, const json_t *metrics)
{
	const char *code = ctl_str(metrics, "currency");

	return code[0] ? code : ctl_str(data, "currency");
}

static void
workers_table(const struct ctl *ctl, const struct picture *p)
{
	static const struct ctl_column columns[] = {{"WORKER", false}, {"GROUP", false},
		{"STATE", false}, {"UP", true}, {"SINCE", true}, {"RESTARTS", true},
		{"RUNS", true}, {"FAILED", true}, {"COST", true}, {"REVENUE", true},
		{"PROFIT", true}, {"ROI", true}, {"NOTE", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(p->rows, i, row)
	{
		const json_t *m = json_object_get(row, "metrics");
		const char *currency = currency_of(p->metrics, m);
		const char *state = ctl_str(row, "state");
		const char *note = ctl_str(row, "reason");
		char buf[CTL_VALUE_BYTES];
		char span[NV_UNITS_BYTES];

		if (!note[0])
			note = strcmp(state, "running") == 0 ? ctl_str(row, "last_status")
							     : ctl_str(row, "last_error");
		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "group"));
		ctl_cell(t, state_style(state), state);
		if (json_is_integer(json_object_get(row, "up")))
			ctl_cellf(t, CTL_PLAIN, "%lld/%lld",
				(long long)ctl_int(row, "up"),
				(long long)ctl_int(row, "desired"));
		else
			ctl_cell(t, CTL_PLAIN, NULL);
		ctl_cell(t, CTL_PLAIN, worker_uptime(row, span));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "restarts", buf));
		ctl_cell(t, CTL_PLAIN, ctl_count(m, "runs", buf));
		ctl_cell(t, ctl_int(m, "failed") > 0 ? CTL_YELLOW : CTL_PLAIN,
			ctl_count(m, "failed", buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(m, "cost", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_money(m, "revenue", currency, buf));
		ctl_cell(t, ctl_money_style(m, "profit"),
			ctl_money(m, "profit", currency, buf));
		ctl_cell(t, CTL_PLAIN, ctl_percent(m, "roi_percent", buf));
		/* A pause must not hide that its instances do not stay up. */
		if (strcmp(state, "paused") == 0 && ctl_str(row, "trouble")[0])
			ctl_cellf(t, CTL_YELLOW, "paused: %s; %s", note,
				ctl_str(row, "trouble"));
		else
			ctl_cell(t, CTL_PLAIN, note);
	}
	ctl_table_print(t, &ctl->out, "no workers");
	json_array_foreach(p->rows, i, row)
	{
		ctl_print_unconverted(&ctl->out, ctl_str(row, "worker"),
			json_object_get(row, "metrics"));
	}
}

static void
print_instances(const struct ctl *ctl, const json_t *row)
{
	static const struct ctl_column columns[] = {{"INSTANCE", true}, {"PID", true},
		{"STATE", false}, {"UP", true}, {"GENERATION", true}, {"RESTARTS", true},
		{"CPU", true}, {"MEMORY", true}, {"LAST EXIT", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	const json_t *list = json_object_get(row, "instances");
	size_t i;
	json_t *in;

	json_array_foreach(list, i, in)
	{
		const json_t *r = json_object_get(in, "resources");
		char buf[CTL_VALUE_BYTES];
		char span[NV_UNITS_BYTES];
		const char *state = ctl_str(in, "state");

		ctl_cell(t, CTL_PLAIN, ctl_count(in, "instance", buf));
		ctl_cellf(t, CTL_PLAIN, "%lld", (long long)ctl_int(in, "pid"));
		ctl_cell(t, state_style(state), state);
		ctl_cell(t, CTL_PLAIN, uptime(in, span));
		ctl_cell(t, CTL_PLAIN, ctl_count(in, "generation", buf));
		ctl_cell(t, CTL_PLAIN, ctl_count(in, "restarts", buf));
		ctl_cell(t, CTL_PLAIN, ctl_percent(r, "cpu_percent", buf));
		ctl_cell(t, CTL_PLAIN,
			json_is_integer(json_object_get(r, "rss_bytes"))
				? nv_size_show((uint64_t)ctl_int(r, "rss_bytes"), span)
				: NULL);
		ctl_cell(t, CTL_PLAIN, ctl_str(in, "last_exit"));
	}
	ctl_table_print(t, &ctl->out, "no instances");
}

/* One worker in full. */
static void
print_worker(const struct ctl *ctl, const struct picture *p)
{
	const json_t *row = json_array_get(p->rows, 0);
	char buf[CTL_VALUE_BYTES];

	workers_table(ctl, p);
	(void)printf("\n");
	print_instances(ctl, row);
	(void)printf("\n");
	ctl_field(&ctl->out, "reason", ctl_str(row, "reason"));
	ctl_field(&ctl->out, "trouble", ctl_str(row, "trouble"));
	ctl_field(&ctl->out, "heartbeat", ctl_ago(row, "last_heartbeat", buf));
	ctl_field(&ctl->out, "status", ctl_str(row, "last_status"));
	ctl_field(&ctl->out, "rejected", ctl_count(row, "rejected_events", buf));
	ctl_field(&ctl->out, "last error", ctl_str(row, "last_error"));
}

int
ctl_verb_workers_status(struct ctl *ctl)
{
	const char *only = ctl->args.words[0];
	struct picture p;

	picture_take(ctl, &p, only, &(struct want){.brief = !only && !ctl->out.json});
	int code = p.code;

	if (only && json_array_size(p.rows) == 0) {
		if (code == NV_EXIT_OK)
			code = NV_EXIT_NO;
		ctl_fail(&ctl->out, code, "there is no worker \"%s\"%s", only,
			code == NV_EXIT_NO ? "" : " that can be seen now");
	} else if (ctl->out.json) {
		ctl_json(&ctl->out, ctl_need(json_pack("{s:O}", "workers", p.rows)));
	} else if (only) {
		print_worker(ctl, &p);
	} else {
		workers_table(ctl, &p);
	}
	picture_fini(&p);
	return code;
}

/* Why a worker is not well; "" when it is. */
static const char *
problem_of(const json_t *row)
{
	const char *state = ctl_str(row, "state");
	const char *want = ctl_str(json_object_get(row, "want"), "state");

	if (strcmp(state, "halted") == 0 || strcmp(state, "backoff") == 0 ||
		strcmp(state, "cooldown") == 0 || strcmp(state, "failed") == 0 ||
		strcmp(state, "waiting") == 0 || strcmp(state, "unknown") == 0)
		return state;
	if (strcmp(state, "running") == 0 && ctl_int(row, "up") < ctl_int(row, "desired"))
		return "fewer instances are up than wanted";
	if (strcmp(state, "running") == 0)
		return ctl_str(row, "trouble"); /* up, and unhealthy */
	if (strcmp(state, "paused") == 0 && strcmp(want, "running") == 0)
		return "paused, though wanted";
	/* A pause is no illness, but what would not run without it is. */
	if (strcmp(state, "paused") == 0)
		return ctl_str(row, "trouble");
	return "";
}

static json_t *
health_json(const json_t *row)
{
	const char *problem = problem_of(row);
	json_t *object = ctl_need(json_object());

	(void)json_object_set_new(object, "worker", ctl_json_copy(row, "worker"));
	(void)json_object_set_new(object, "healthy", json_boolean(!problem[0]));
	(void)json_object_set_new(object, "state", ctl_json_copy(row, "state"));
	(void)json_object_set_new(
		object, "problem", problem[0] ? json_string(problem) : json_null());
	(void)json_object_set_new(object, "reason", ctl_json_copy(row, "reason"));
	(void)json_object_set_new(object, "last_error", ctl_json_copy(row, "last_error"));
	(void)json_object_set_new(
		object, "last_heartbeat", ctl_json_copy(row, "last_heartbeat"));
	return object;
}

static void
health_table(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"WORKER", false}, {"HEALTH", false},
		{"STATE", false}, {"HEARTBEAT", true}, {"PROBLEM", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		bool healthy = ctl_true(row, "healthy");
		const char *state = ctl_str(row, "state");
		const char *why = ctl_str(row, "reason");
		char buf[CTL_VALUE_BYTES];

		if (!why[0])
			why = ctl_str(row, "last_error");
		ctl_cell(t, CTL_BOLD, ctl_str(row, "worker"));
		ctl_cell(t, healthy ? CTL_GREEN : CTL_RED, healthy ? "ok" : "not well");
		ctl_cell(t, state_style(state), state);
		ctl_cell(t, CTL_PLAIN, ctl_ago(row, "last_heartbeat", buf));
		if (healthy)
			ctl_cell(t, CTL_PLAIN, NULL);
		else
			ctl_cellf(t, CTL_PLAIN, "%s%s%s", ctl_str(row, "problem"),
				why[0] ? ": " : "", why);
	}
	ctl_table_print(t, &ctl->out, "no workers");
}

int
ctl_verb_workers_health(struct ctl *ctl)
{
	const char *only = ctl->args.words[0];
	struct picture p;

	picture_take(ctl, &p, only, &(struct want){.brief = true});
	json_t *list = ctl_need(json_array());
	bool healthy = p.code == NV_EXIT_OK && p.fleet.nova.ready;
	int code = p.code;
	size_t i;
	json_t *row;

	json_array_foreach(p.rows, i, row)
	{
		json_t *object = health_json(row);

		healthy = healthy && ctl_true(object, "healthy");
		(void)json_array_append_new(list, object);
	}
	if (code == NV_EXIT_OK && !healthy)
		code = NV_EXIT_NO;
	if (only && json_array_size(list) == 0) {
		code = NV_MAX(code, NV_EXIT_NO);
		ctl_fail(&ctl->out, code, "there is no worker \"%s\"", only);
	} else if (ctl->out.json) {
		ctl_json(&ctl->out, ctl_need(json_pack("{s:b, s:O}", "healthy", healthy,
					    "workers", list)));
	} else {
		if (p.has_fleet && !p.fleet.nova.ready)
			ctl_print(&ctl->out, CTL_RED, "Nova is not ready: engine %s %s\n",
				p.fleet.nova.engine_state, p.fleet.nova.engine_reason);
		health_table(ctl, list);
	}
	json_decref(list);
	picture_fini(&p);
	return code;
}

static void
print_nova(const struct ctl *ctl, const struct nv_fleet *fleet)
{
	const struct nv_ctl_nova *nova = &fleet->nova;
	char span[NV_UNITS_BYTES];

	ctl_print(&ctl->out, CTL_BOLD, "Nova %s", nova->version);
	ctl_print(&ctl->out, CTL_PLAIN, "  pid %d  up %s  ", nova->pid,
		nv_duration_show((int64_t)nova->uptime_ms, span));
	if (nova->stopping)
		ctl_print(&ctl->out, CTL_YELLOW, "stopping");
	else if (nova->ready)
		ctl_print(&ctl->out, CTL_GREEN, "ready");
	else
		ctl_print(&ctl->out, CTL_RED, "not ready: engine %s%s%s",
			nova->engine_state, nova->engine_reason[0] ? ", " : "",
			nova->engine_reason);
	ctl_print(&ctl->out, CTL_DIM, "  (%s)\n\n", nova->isolation);
	if (nova->brake[0])
		ctl_print(&ctl->out, CTL_RED,
			"%s\nNothing runs until `novactl resume-everything`.\n\n",
			nova->brake);
	if (fleet->incident.state[0])
		ctl_print(&ctl->out, CTL_RED, "Incident %u is %s: %s\n\n",
			fleet->incident.id,
			strcmp(fleet->incident.state, "open") == 0 ? "open"
			: fleet->incident.state[0] == 'c'          ? "open (canary)"
								   : "open (ramp)",
			fleet->incident.text);
}

static void
print_processes(const struct ctl *ctl, const json_t *list)
{
	static const struct ctl_column columns[] = {{"PROCESS", false}, {"PID", true},
		{"STATE", false}, {"UP", true}, {"RESTARTS", true}, {"VERSION", false},
		{"LAST EXIT", false}};
	struct ctl_table *t = ctl_table_new(columns, NV_LEN(columns));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		const char *state = ctl_str(row, "state");
		bool replaced = ctl_true(row, "replaced");
		char buf[CTL_VALUE_BYTES];
		char span[NV_UNITS_BYTES];

		ctl_cell(t, CTL_BOLD, ctl_str(row, "name"));
		if (ctl_int(row, "pid") > 0)
			ctl_cellf(t, CTL_PLAIN, "%lld", (long long)ctl_int(row, "pid"));
		else
			ctl_cell(t, CTL_PLAIN, NULL);
		ctl_cell(t, state_style(state), state);
		ctl_cell(t, CTL_PLAIN, uptime(row, span));
		ctl_cell(t, CTL_PLAIN, ctl_count(row, "restarts", buf));
		ctl_cellf(t, replaced ? CTL_YELLOW : CTL_PLAIN, "%s%s",
			ctl_str(row, "version"), replaced ? " (replaced)" : "");
		ctl_cell(t, CTL_PLAIN, ctl_str(row, "last_exit"));
	}
	ctl_table_print(t, &ctl->out, NULL);
}

/* Budgets of which most is spent. */
static void
print_warnings(const struct ctl *ctl, const json_t *list, const char *currency)
{
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		char spent[CTL_VALUE_BYTES];
		char limit[CTL_VALUE_BYTES];

		ctl_print(&ctl->out, CTL_YELLOW, "Warning  %s: %s of %s is spent\n",
			ctl_str(row, "budget"), ctl_money(row, "spent", currency, spent),
			ctl_money(row, "limit", currency, limit));
	}
}

/* As long as somebody may wonder where the rest is. */
static void
print_restored(const struct ctl *ctl, const json_t *restored)
{
	char until[CTL_VALUE_BYTES];
	char at[CTL_VALUE_BYTES];
	const char *text = ctl_str(restored, "at");
	int64_t at_ns = 0;

	if (nv_rfc3339_parse(text, strlen(text), &at_ns) < 0 ||
		nv_wall_ns() - at_ns > RESTORED_SHOWN_NS)
		return;
	ctl_print(&ctl->out, CTL_YELLOW,
		"Restored %s from %s: what happened after %s is not known\n",
		ctl_when(restored, "at", at), ctl_str(restored, "from"),
		ctl_when(restored, "until", until));
}

static void
print_today(const struct ctl *ctl, const json_t *summary)
{
	const json_t *today = json_object_get(summary, "today");
	const json_t *budget = json_object_get(summary, "budget");
	const char *currency = ctl_str(today, "currency");
	char buf[CTL_VALUE_BYTES];
	char more[CTL_VALUE_BYTES];

	ctl_print(&ctl->out, CTL_BOLD, "\nToday    ");
	ctl_print(&ctl->out, CTL_PLAIN, "cost %s  ",
		ctl_money(today, "cost", currency, buf));
	ctl_print(&ctl->out, CTL_PLAIN, "revenue %s  ",
		ctl_money(today, "revenue", currency, buf));
	ctl_print(&ctl->out, CTL_PLAIN, "refunds %s  ",
		ctl_money(today, "refunds", currency, buf));
	ctl_print(&ctl->out, ctl_money_style(today, "profit"), "profit %s  ",
		ctl_money(today, "profit", currency, buf));
	ctl_print(
		&ctl->out, CTL_PLAIN, "ROI %s\n", ctl_percent(today, "roi_percent", buf));
	ctl_print_unconverted(&ctl->out, "today", today);
	if (json_is_object(budget)) {
		ctl_print(&ctl->out, CTL_BOLD, "Budget   ");
		ctl_print(&ctl->out, CTL_PLAIN, "%s of %s a day",
			ctl_money(budget, "spent", currency, buf),
			ctl_str(budget, "daily")[0]
				? ctl_money(budget, "daily", currency, more)
				: "no limit");
		ctl_print(&ctl->out, CTL_PLAIN, " (%s)\n",
			ctl_percent(budget, "percent_used", buf));
		print_warnings(ctl, json_object_get(budget, "warnings"), currency);
	}
	if (ctl_int(summary, "pending_approvals") > 0)
		ctl_print(&ctl->out, CTL_YELLOW,
			"Waiting  %s for an answer: see `novactl approvals`\n",
			ctl_count(summary, "pending_approvals", buf));
	print_restored(ctl, json_object_get(summary, "restored"));
}

static void
print_counts(const struct ctl *ctl, const json_t *counts)
{
	const char *key;
	json_t *value;
	const char *separator = ": ";

	ctl_print(&ctl->out, CTL_BOLD, "\nWorkers  ");
	ctl_print(&ctl->out, CTL_PLAIN, "%lld", (long long)ctl_int(counts, "total"));
	json_object_foreach((json_t *)(uintptr_t)counts, key, value)
	{
		if (strcmp(key, "total") == 0 || json_integer_value(value) == 0)
			continue;
		ctl_print(&ctl->out, CTL_PLAIN, "%s%lld %s", separator,
			(long long)json_integer_value(value), key);
		separator = ", ";
	}
	(void)printf("\n");
}

/* What novasupd says of the processes, and which Nova each of them runs. */
static json_t *
processes_json(const struct nv_fleet *fleet)
{
	json_t *list = ctl_need(nv_fleet_processes_json(fleet));
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		struct ctl_build build;

		ctl_build_of(fleet->procs[i].pid, fleet->nova.pid, &build);
		(void)json_object_set_new(row, "version",
			build.version[0] ? ctl_json_str(build.version) : json_null());
		(void)json_object_set_new(row, "replaced", json_boolean(build.replaced));
	}
	return list;
}

static json_t *
status_json(const struct picture *p, json_t *counts, const json_t *summary)
{
	static const char *const keys[] = {"today", "budget", "decisions",
		"pending_approvals", "engine", "restored"};
	json_t *object = ctl_need(json_object());

	(void)json_object_set_new(object, "nova",
		p->has_fleet ? ctl_need(nv_fleet_nova_json(&p->fleet))
			     : ctl_need(json_pack("{s:n, s:n, s:n, s:b}", "pid",
				       "version", "uptime_s", "ready", 0)));
	(void)json_object_set_new(object, "processes",
		p->has_fleet ? processes_json(&p->fleet) : json_array());
	(void)json_object_set_new(
		object, "workers", p->has_fleet ? json_incref(counts) : json_null());
	(void)json_object_set_new(object, "incident",
		p->has_fleet ? ctl_need(nv_fleet_incident_json(&p->fleet)) : json_null());
	for (size_t i = 0; i < NV_LEN(keys); i++)
		(void)json_object_set_new(
			object, keys[i], ctl_json_copy(summary, keys[i]));
	return object;
}

int
ctl_verb_status(struct ctl *ctl)
{
	struct picture p;

	picture_take(ctl, &p, NULL, &(struct want){.brief = true, .summary = true});
	json_t *counts = ctl_need(nv_fleet_counts_json(p.rows));

	if (ctl->out.json) {
		ctl_json(&ctl->out, status_json(&p, counts, p.summary));
	} else if (p.has_fleet) {
		json_t *processes = processes_json(&p.fleet);

		print_nova(ctl, &p.fleet);
		print_processes(ctl, processes);
		print_counts(ctl, counts);
		workers_table(ctl, &p);
		if (p.summary)
			print_today(ctl, p.summary);
		json_decref(processes);
	}
	int code = p.code;

	json_decref(counts);
	picture_fini(&p);
	return code;
}
