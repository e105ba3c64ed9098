/* Metrics of what novasupd knows: Nova's own processes, and how workers are. */
#include "metrics.h"

#include "metrics_proc.h"
#include "nv_clock.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MS_PER_S 1000

/* Workers that have a name of their own here: those that the engine's answer names, else
 * the first ones. All others are "_other". */
#define OTHER "_other"

struct named {
	const char *name; /* borrowed; NULL: others */
	const char *group;
	const char *state;
	uint64_t up;
	uint64_t desired;
	uint64_t restarts;
	uint64_t crashes; /* in the window */
	int64_t start_ms; /* wall clock of the oldest process; 0: none */
};

static bool
is_kept(const struct gw_scrape *s, const json_t *names, size_t i, const char *name)
{
	return names ? json_object_get(names, name) != NULL : i < s->workers_max;
}

/* The names in the engine's answer, as keys; NULL: there is none, or no memory. */
static json_t *
names_of(const json_t *engine)
{
	const json_t *workers = json_object_get(engine, "workers");
	json_t *names = engine ? json_object() : NULL;
	size_t i;
	const json_t *row;

	json_array_foreach(workers, i, row)(void) json_object_set_new(
		names, json_string_value(json_object_get(row, "worker")), json_true());
	return names;
}

static int64_t
start_of(const struct gw_scrape *s, const char *worker, size_t *at)
{
	const struct nv_fleet *f = s->fleet;
	uint64_t oldest = 0;

	/* Instances stand behind each other, in the order of the workers. */
	for (; *at < f->n_instances && strcmp(f->instances[*at].worker, worker) == 0;
		(*at)++)
		if (f->instances[*at].pid > 0)
			oldest = NV_MAX(oldest, f->instances[*at].uptime_ms);
	return oldest ? s->fleet_ns / NV_NS_PER_MS - (int64_t)oldest : 0;
}

static void
put(struct gw_text *t, const struct named *rows, size_t n, const char *name,
	enum gw_metric type, const char *help, size_t offset)
{
	gw_text_family(t, name, type, help);
	for (size_t i = 0; i < n; i++) {
		uint64_t value;

		memcpy(&value, (const char *)&rows[i] + offset, sizeof(value));
		gw_text_count(t, GW_WITH({"worker", rows[i].name ? rows[i].name : OTHER}),
			value);
	}
}

static void
put_rows(struct gw_text *t, const struct named *rows, size_t n)
{
	put(t, rows, n, "nova_worker_up", GW_GAUGE, "Instances of it that are up now.",
		offsetof(struct named, up));
	put(t, rows, n, "nova_worker_desired_instances", GW_GAUGE,
		"Instances that novasupd is to keep up.",
		offsetof(struct named, desired));
	put(t, rows, n, "nova_worker_restarts", GW_COUNTER,
		"Restarts after an unasked end, since the fleet started.",
		offsetof(struct named, restarts));
	put(t, rows, n, "nova_worker_recent_crashes", GW_GAUGE,
		"Crashes that count for its limit now.", offsetof(struct named, crashes));
	gw_text_family(t, "nova_worker_state", GW_GAUGE,
		"1 for the state it is in (running, starting, paused, stopping, stopped, "
		"cooldown, backoff, halted, waiting); other states are left out.");
	for (size_t i = 0; i < n; i++)
		if (rows[i].name)
			gw_text_count(t,
				GW_WITH({"worker", rows[i].name},
					{"group", rows[i].group},
					{"state", rows[i].state}),
				1);
	gw_text_family(t, "nova_worker_start_time_seconds", GW_GAUGE,
		"When the oldest live process of it started.");
	for (size_t i = 0; i < n; i++)
		if (rows[i].name && rows[i].start_ms > 0)
			gw_text_scaled(t, GW_WITH({"worker", rows[i].name}),
				rows[i].start_ms, MS_PER_S);
}

static void
put_workers(struct gw_text *t, const struct gw_scrape *s)
{
	const struct nv_fleet *f = s->fleet;
	struct named *rows = calloc(f->n_workers + 1, sizeof(*rows));
	json_t *names = names_of(s->engine);
	struct named other = {.name = NULL};
	size_t at = 0;
	size_t n = 0;
	bool any = false;

	for (size_t i = 0; rows && i < f->n_workers; i++) {
		const struct nv_ctl_worker *w = &f->workers[i];
		int64_t start_ms = start_of(s, w->worker, &at);
		/* Nova's own are among the processes. */
		if (nv_name_is_system(w->worker))
			continue;
		bool kept = is_kept(s, names, i, w->worker);
		struct named *row = kept ? &rows[n++] : &other;

		any |= !kept;
		row->name = kept ? w->worker : NULL;
		row->group = w->group;
		row->state = w->state;
		row->up += w->up;
		row->desired += w->desired;
		row->restarts += w->restarts;
		row->crashes += w->crashes_in_window;
		row->start_ms = start_ms;
	}
	if (rows && any)
		rows[n++] = other;
	if (rows)
		put_rows(t, rows, n);
	json_decref(names);
	free(rows);
}

/* How many are in which state: of all, whatever has a name of its own. */
static void
put_states(struct gw_text *t, const struct nv_fleet *f)
{
	static const char *const states[] = {"running", "starting", "paused", "stopping",
		"stopped", "cooldown", "backoff", "halted", "waiting"};

	gw_text_family(t, "nova_workers", GW_GAUGE, "Workers by state.");
	for (size_t k = 0; k < NV_LEN(states); k++) {
		uint64_t n = 0;

		for (size_t i = 0; i < f->n_workers; i++)
			n += !nv_name_is_system(f->workers[i].worker) &&
			     strcmp(f->workers[i].state, states[k]) == 0;
		gw_text_count(t, GW_WITH({"state", states[k]}), n);
	}
}

/* ---- processes ---- */

/* Those that are workers to novasupd (gateway, platforms, alerts) run, others are up. */
static bool
is_up(const char *state)
{
	return strcmp(state, "up") == 0 || strcmp(state, "running") == 0;
}

static void
put_processes(struct gw_text *t, const struct gw_scrape *s)
{
	const struct nv_fleet *f = s->fleet;

	gw_text_family(
		t, "nova_process_up", GW_GAUGE, "1: this process of Nova's own is up.");
	for (size_t i = 0; i < f->n_procs; i++)
		gw_text_count(t, GW_WITH({"process", f->procs[i].name}),
			is_up(f->procs[i].state));
	gw_text_family(t, "nova_process_restarts", GW_COUNTER,
		"Restarts of it since the fleet started.");
	for (size_t i = 0; i < f->n_procs; i++)
		gw_text_count(
			t, GW_WITH({"process", f->procs[i].name}), f->procs[i].restarts);
	gw_text_family(
		t, "nova_process_start_time_seconds", GW_GAUGE, "When it started.");
	for (size_t i = 0; i < f->n_procs; i++)
		if (f->procs[i].pid > 0)
			gw_text_scaled(t, GW_WITH({"process", f->procs[i].name}),
				s->fleet_ns / NV_NS_PER_MS -
					(int64_t)f->procs[i].uptime_ms,
				MS_PER_S);
	gw_metrics_put_procs(t, f);
}

void
gw_metrics_put_fleet(struct gw_text *t, const struct gw_scrape *s)
{
	const struct nv_fleet *f = s->fleet;

	if (!f)
		return;
	gw_text_family(t, "nova_ready", GW_GAUGE,
		"1: the engine is ready and the desired state is applied.");
	gw_text_count(t, NULL, 0, f->nova.ready);
	gw_text_family(t, "nova_incident_open", GW_GAUGE,
		"1: many workers went down together, and it is not over.");
	gw_text_count(t, NULL, 0, strcmp(f->incident.state, "open") == 0);
	put_processes(t, s);
	put_states(t, f);
	put_workers(t, s);
}
