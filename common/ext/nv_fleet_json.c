/* The two halves of a fleet's state joined: see nv_fleet.h. */
#include "nv_fleet.h"
#include "nv_name.h"
#include "nv_units.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the engine may call an instance; a higher number has no figures. */
#define NUMBERS_MAX ((size_t)1 << 20)

static json_t *
seconds(uint64_t ms)
{
	return json_real((double)ms / 1000.0);
}

static json_t *
text_or_null(const char *text)
{
	return text[0] ? nv_json_str(text) : json_null();
}

/* A field of the object, which a lack of memory turns into NULL: what is put into that is
 * dropped, so that a chain of these is looked at once, at its end. */
static void
put(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) < 0) {
		json_decref(*object);
		*object = NULL;
	}
}

static void
add(json_t **list, json_t *value)
{
	if (json_array_append_new(*list, value) < 0) {
		json_decref(*list);
		*list = NULL;
	}
}

/* The value at key of an object that may be missing, or null. */
static json_t *
same(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value ? json_incref(value) : json_null();
}

static const char *
text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The engine's instances by number; the list is in the order in which they started. */
struct by_number {
	const json_t **items; /* owned; [number], borrowed from the row */
	size_t n;
};

static size_t
number_of(const json_t *instance)
{
	json_int_t number = json_integer_value(json_object_get(instance, "instance"));

	return number >= 0 && number < (json_int_t)NUMBERS_MAX ? (size_t)number : 0;
}

/* Into *ret, which is empty; false without memory. */
static bool
engine_instances(const json_t *row, struct by_number *ret)
{
	const json_t *list = json_object_get(row, "instances");
	struct by_number by = {0};
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		by.n = NV_MAX(by.n, number_of(item) + 1);
	}
	if (by.n == 0)
		return true;
	by.items = calloc(by.n, sizeof(const json_t *));
	if (!by.items)
		return false;
	json_array_foreach(list, i, item)
	{
		by.items[number_of(item)] = item;
	}
	*ret = by;
	return true;
}

static json_t *
health_json(const struct nv_ctl_instance *in)
{
	json_t *object;

	if (!in->health[0])
		return json_null();
	object = json_object();
	put(&object, "state", nv_json_str(in->health));
	put(&object, "for_s", seconds(in->health_ms));
	put(&object, "reason", text_or_null(in->health_reason));
	return object;
}

static json_t *
instance_json(const struct nv_ctl_instance *in, const struct by_number *by)
{
	const json_t *engine = in->instance < by->n ? by->items[in->instance] : NULL;
	json_t *object = json_object();

	put(&object, "instance", json_integer(in->instance));
	put(&object, "pid", in->pid > 0 ? json_integer(in->pid) : json_null());
	put(&object, "generation", json_integer(in->generation));
	put(&object, "state", text_or_null(in->state));
	put(&object, "uptime_s", in->pid > 0 ? seconds(in->uptime_ms) : json_null());
	put(&object, "restarts", json_integer(in->restarts));
	put(&object, "last_exit", text_or_null(in->last_exit));
	put(&object, "cgroup", text_or_null(in->cgroup));
	put(&object, "health", health_json(in));
	put(&object, "resources", same(engine, "resources"));
	return object;
}

/* The worker's instances, which stand at *at and together; moves *at behind them. */
static json_t *
instances_json(
	const struct nv_fleet *fleet, size_t *at, const char *worker, const json_t *row)
{
	json_t *list = json_array();
	struct by_number by = {0};
	bool indexed = engine_instances(row, &by);

	for (; *at < fleet->n_instances &&
		strcmp(fleet->instances[*at].worker, worker) == 0;
		(*at)++)
		add(&list, indexed ? instance_json(&fleet->instances[*at], &by) : NULL);
	free(by.items);
	return list;
}

/* The first that a check from outside finds not well. */
static void
unwell_of(const struct nv_fleet *fleet, size_t at, const struct nv_ctl_worker *w,
	char *text, size_t text_bytes)
{
	for (; at < fleet->n_instances &&
		strcmp(fleet->instances[at].worker, w->worker) == 0;
		at++) {
		const struct nv_ctl_instance *in = &fleet->instances[at];
		char span[NV_UNITS_BYTES];

		if (!in->health[0] || strcmp(in->health, "healthy") == 0)
			continue;
		(void)snprintf(text, text_bytes, "instance %u: %s for %s: %s",
			in->instance, in->health,
			nv_duration_show((int64_t)in->health_ms, span),
			in->health_reason);
		return;
	}
}

void
nv_fleet_trouble(const struct nv_fleet *fleet, size_t at, const struct nv_ctl_worker *w,
	char *text, size_t text_bytes)
{
	static const char *const order[] = {"halted", "failed", "cooldown", "backoff"};
	const struct nv_ctl_instance *worst = NULL;
	size_t rank = NV_LEN(order);
	size_t from = at;

	text[0] = '\0';
	for (; at < fleet->n_instances &&
		strcmp(fleet->instances[at].worker, w->worker) == 0;
		at++) {
		for (size_t k = 0; k < rank; k++) {
			if (strcmp(fleet->instances[at].state, order[k]) != 0)
				continue;
			worst = &fleet->instances[at];
			rank = k;
		}
	}
	if (!worst) {
		unwell_of(fleet, from, w, text, text_bytes);
		return;
	}
	int n = snprintf(
		text, text_bytes, "instance %u: %s", worst->instance, worst->state);

	if (w->crashes_in_window > 0 && n > 0 && (size_t)n < text_bytes)
		n += snprintf(text + n, text_bytes - (size_t)n, ", %u crash%s",
			w->crashes_in_window, w->crashes_in_window == 1 ? "" : "es");
	if (worst->last_exit[0] && n > 0 && (size_t)n < text_bytes)
		(void)snprintf(
			text + n, text_bytes - (size_t)n, ", last: %s", worst->last_exit);
}

static json_t *
log_json(const struct nv_ctl_log *log)
{
	json_t *object = json_object();

	put(&object, "dropped_bytes",
		json_integer(log ? (json_int_t)log->dropped_bytes : 0));
	put(&object, "error", text_or_null(log ? log->error : ""));
	return object;
}

/* What only the engine knows; all null without it. */
static void
put_engine_half(json_t **object, const json_t *row)
{
	static const char *const keys[] = {"kind", "metrics", "rejected_events",
		"unpriced", "last_heartbeat", "last_status", "last_error", "resources"};

	for (size_t i = 0; i < NV_LEN(keys); i++)
		put(object, keys[i], same(row, keys[i]));
	put(object, "want", same(row, "desired"));
}

const char *
nv_fleet_state(const struct nv_ctl_worker *w, const json_t *row)
{
	const char *want = text_of(json_object_get(row, "desired"), "state");

	if (strcmp(w->state, "stopped") == 0 &&
		(strcmp(want, "killed") == 0 || strcmp(want, "undeployed") == 0))
		return want;
	return w->state;
}

static json_t *
worker_json(const struct nv_ctl_worker *w, json_t *instances, const char *trouble,
	const json_t *row)
{
	json_t *object = json_object();
	const char *want_reason = text_of(json_object_get(row, "desired"), "reason");

	put(&object, "worker", text_or_null(w->worker));
	put(&object, "group", text_or_null(w->group));
	put(&object, "state", text_or_null(nv_fleet_state(w, row)));
	put(&object, "reason", text_or_null(w->reason[0] ? w->reason : want_reason));
	put(&object, "trouble", text_or_null(trouble));
	put(&object, "desired", json_integer(w->desired));
	put(&object, "up", json_integer(w->up));
	put(&object, "paused", json_boolean(w->paused));
	put(&object, "epoch", json_integer((json_int_t)w->epoch));
	put(&object, "restarts", json_integer(w->restarts));
	put(&object, "crashes_in_window", json_integer(w->crashes_in_window));
	put(&object, "crashes_max", json_integer(w->crashes_max));
	put(&object, "window_s", seconds(w->window_ms));
	put(&object, "retry_in_s",
		w->retry_in_ms < 0 ? json_null() : seconds((uint64_t)w->retry_in_ms));
	put(&object, "instances", instances);
	put_engine_half(&object, row);
	return object;
}

json_t *
nv_fleet_row_json(
	const struct nv_fleet *fleet, size_t k, size_t *at, const json_t *engine)
{
	const struct nv_ctl_worker *w = &fleet->workers[k];
	char trouble[400];

	nv_fleet_trouble(fleet, *at, w, trouble, sizeof(trouble));
	json_t *instances = instances_json(fleet, at, w->worker, engine);
	json_t *row = worker_json(w, instances, trouble, engine);

	put(&row, "log", log_json(nv_fleet_log(fleet, w->worker)));
	return row;
}

json_t *
nv_fleet_stray_json(const json_t *engine, bool novasupd_answers)
{
	json_t *object = json_object();
	const json_t *want = json_object_get(engine, "desired");

	put(&object, "worker", same(engine, "worker"));
	put(&object, "group", same(engine, "group"));
	put(&object, "state",
		novasupd_answers ? json_string("unconfigured") : json_string("unknown"));
	put(&object, "reason", same(want, "reason"));
	put(&object, "trouble", json_null());
	put(&object, "desired", novasupd_answers ? json_integer(0) : json_null());
	put(&object, "instances", json_array());
	put_engine_half(&object, engine);
	return object;
}

/* The engine's rows by name; each is taken out when it is joined. */
static json_t *
index_rows(const json_t *list)
{
	json_t *index = json_object();
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		put(&index, text_of(row, "worker"), json_incref(row));
	}
	return index;
}

json_t *
nv_fleet_workers_json(
	const struct nv_fleet *fleet, const json_t *metrics, const char *only)
{
	json_t *rows = json_array();
	const json_t *list = json_object_get(metrics, "workers");
	json_t *index = index_rows(list);
	size_t at = 0;
	size_t i;
	json_t *row;

	if (!index) {
		json_decref(rows);
		return NULL;
	}
	for (size_t k = 0; fleet && k < fleet->n_workers; k++) {
		const char *name = fleet->workers[k].worker;
		json_t *joined =
			nv_fleet_row_json(fleet, k, &at, json_object_get(index, name));

		/* Nova's own are processes: shown by name only. */
		if (only ? strcmp(only, name) == 0 : !nv_name_is_system(name))
			add(&rows, joined);
		else
			json_decref(joined);
		(void)json_object_del(index, name); /* the engine may not know it */
	}
	json_array_foreach(list, i, row)
	{
		const char *name = text_of(row, "worker");

		if ((!only || strcmp(only, name) == 0) && json_object_get(index, name))
			add(&rows, nv_fleet_stray_json(row, fleet != NULL));
	}
	json_decref(index);
	return rows;
}

const char *
nv_fleet_count_of(const char *state)
{
	static const char *const pairs[][2] = {{"running", "running"},
		{"starting", "starting"}, {"waiting", "waiting"}, {"paused", "paused"},
		{"stopping", "stopping"}, {"stopped", "stopped"}, {"killed", "stopped"},
		{"undeployed", "stopped"}, {"unconfigured", "stopped"},
		{"backoff", "crashed"}, {"cooldown", "crashed"}, {"failed", "crashed"},
		{"halted", "halted"}};

	for (size_t i = 0; i < NV_LEN(pairs); i++) {
		if (strcmp(state, pairs[i][0]) == 0)
			return pairs[i][1];
	}
	return "unknown";
}

json_t *
nv_fleet_counts_json(const json_t *rows)
{
	static const char *const names[] = {"running", "paused", "stopped", "crashed",
		"halted", "starting", "stopping", "waiting", "unknown"};
	json_t *counts = json_object();
	size_t i;
	json_t *row;

	put(&counts, "total", json_integer((json_int_t)json_array_size(rows)));
	for (i = 0; i < NV_LEN(names); i++)
		put(&counts, names[i], json_integer(0));
	json_array_foreach(rows, i, row)
	{
		json_t *n =
			json_object_get(counts, nv_fleet_count_of(text_of(row, "state")));

		(void)json_integer_set(n, json_integer_value(n) + 1);
	}
	return counts;
}

json_t *
nv_fleet_nova_json(const struct nv_fleet *fleet)
{
	json_t *object = json_object();
	const struct nv_ctl_nova *nova = &fleet->nova;

	put(&object, "pid", json_integer(nova->pid));
	put(&object, "version", text_or_null(nova->version));
	put(&object, "uptime_s", seconds(nova->uptime_ms));
	put(&object, "ready", json_boolean(nova->ready));
	put(&object, "stopping", json_boolean(nova->stopping));
	put(&object, "emergency_stop", text_or_null(nova->brake));
	put(&object, "config_generation", json_integer(nova->config_gen));
	put(&object, "engine_state", text_or_null(nova->engine_state));
	put(&object, "engine_reason", text_or_null(nova->engine_reason));
	put(&object, "isolation", text_or_null(nova->isolation));
	put(&object, "state_dir", text_or_null(nova->state_dir));
	put(&object, "log_dir", text_or_null(nova->log_dir));
	put(&object, "config", text_or_null(nova->config));
	return object;
}

json_t *
nv_fleet_incident_json(const struct nv_fleet *fleet)
{
	const struct nv_ctl_incident *in = &fleet->incident;

	if (!in->state[0])
		return json_null();
	json_t *object = json_object();

	put(&object, "id", json_integer(in->id));
	put(&object, "state", text_or_null(in->state));
	put(&object, "workers", json_integer(in->workers));
	put(&object, "held", json_integer(in->held));
	put(&object, "failed", json_integer(in->failed));
	put(&object, "since_s", seconds(in->since_ms));
	put(&object, "next_s",
		in->next_ms < 0 ? json_null() : seconds((uint64_t)in->next_ms));
	put(&object, "canary", text_or_null(in->canary));
	put(&object, "text", text_or_null(in->text));
	return object;
}

json_t *
nv_fleet_processes_json(const struct nv_fleet *fleet)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fleet->n_procs; i++) {
		const struct nv_ctl_proc *p = &fleet->procs[i];
		json_t *object = json_object();

		put(&object, "name", text_or_null(p->name));
		put(&object, "pid", p->pid > 0 ? json_integer(p->pid) : json_null());
		put(&object, "state", text_or_null(p->state));
		put(&object, "uptime_s",
			p->pid > 0 ? seconds(p->uptime_ms) : json_null());
		put(&object, "restarts", json_integer(p->restarts));
		put(&object, "last_exit", text_or_null(p->last_exit));
		add(&list, object);
	}
	return list;
}
