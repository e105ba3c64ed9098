/* Answers of the daemons as rows: see top_fill.h. */
#include "top_fill.h"
#include "value.h"

#include <stdio.h>
#include <string.h>

#define FIGURE_MAX 1e15 /* what a share of a processor or a span may be in an answer */

static const struct top_figures nothing = {
	.cpu_tenths = TOP_UNKNOWN, .rss_bytes = TOP_UNKNOWN, .uptime_ms = TOP_UNKNOWN};

static void
copy(char *to, size_t to_bytes, const char *text)
{
	(void)snprintf(to, to_bytes, "%s", text);
}

/* The list's rows by the name at `key`, borrowed; NULL of no list. */
static json_t *
index_of(const json_t *list, const char *key)
{
	json_t *index = list ? ctl_need(json_object()) : NULL;
	size_t i;
	json_t *row;

	json_array_foreach(list, i, row)
	{
		(void)json_object_set(index, ctl_str(row, key), row);
	}
	return index;
}

static void
take_resources(struct top_figures *own, const json_t *row)
{
	const json_t *r = json_object_get(row, "resources");
	json_t *cpu = json_object_get(r, "cpu_percent");
	json_t *rss = json_object_get(r, "rss_bytes");
	double percent = json_number_value(cpu);

	if (json_is_number(cpu) && percent >= 0 && percent < FIGURE_MAX)
		own->cpu_tenths = (int64_t)(percent * 10. + 0.5);
	if (json_is_integer(rss) && json_integer_value(rss) >= 0)
		own->rss_bytes = json_integer_value(rss);
}

/* A worker that has no row has moved no money, unless rows were folded into one. */
static void
take_today(struct top_money *money, const json_t *row, bool all)
{
	*money = (struct top_money){.known = row || all};
	if (row && (!nv_sum_parse(ctl_str(row, "cost"), &money->cost) ||
			   !nv_sum_parse(ctl_str(row, "net_revenue"), &money->revenue) ||
			   !nv_sum_parse(ctl_str(row, "profit"), &money->profit)))
		*money = (struct top_money){.known = false};
}

static void
take_hours(struct top_figures *own, const json_t *said, const char *worker)
{
	const json_t *list = json_object_get(json_object_get(said, "workers"), worker);
	size_t n = json_array_size(list);
	size_t skip = n > TOP_HOURS ? n - TOP_HOURS : 0;

	own->has_hours = json_is_object(json_object_get(said, "workers"));
	for (size_t i = skip; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		/* Right-aligned: the newest hour is the last. */
		if (!text || !nv_sum_parse(text, &own->hours[TOP_HOURS - n + i]))
			own->has_hours = false;
	}
}

/* What is told of an instance: how it is, else how it ended last. */
static void
take_instance(
	struct top_instance *to, const struct nv_ctl_instance *in, const json_t *engine)
{
	*to = (struct top_instance){
		.number = in->instance, .pid = in->pid, .own = nothing};
	copy(to->state, sizeof(to->state), in->state);
	if (in->health[0] && strcmp(in->health, "healthy") != 0)
		(void)snprintf(to->note, sizeof(to->note), "%s: %.150s", in->health,
			in->health_reason);
	else if (in->last_exit[0])
		(void)snprintf(to->note, sizeof(to->note), "last: %.180s", in->last_exit);
	if (in->pid > 0)
		to->own.uptime_ms = (int64_t)in->uptime_ms;
	to->own.restarts = in->restarts;
	take_resources(&to->own, engine);
}

/* The engine's entry of an instance; lists are short, or in the same order. */
static const json_t *
instance_of(const json_t *row, uint32_t number, size_t hint)
{
	const json_t *list = json_object_get(row, "instances");
	const json_t *at = json_array_get(list, hint);
	size_t i;
	json_t *item;

	if (at && ctl_int(at, "instance") == number)
		return at;
	json_array_foreach(list, i, item)
	{
		if (ctl_int(item, "instance") == number)
			return item;
	}
	return NULL;
}

static void
take_instances(struct top_fleet *to, struct top_worker *w, const struct nv_fleet *fleet,
	size_t *at, const json_t *row)
{
	w->instances = to->n_instances;
	for (; *at < fleet->n_instances &&
		strcmp(fleet->instances[*at].worker, w->name) == 0;
		(*at)++) {
		const struct nv_ctl_instance *in = &fleet->instances[*at];
		struct top_instance *one = &to->instances[to->n_instances];

		take_instance(one, in, instance_of(row, in->instance, w->n_instances));
		w->own.uptime_ms = NV_MAX(w->own.uptime_ms, one->own.uptime_ms);
		to->n_instances++;
		w->n_instances++;
	}
}

/* Trouble first, then why it is in its state, then what it says of itself. */
static void
take_note(
	struct top_worker *w, const char *trouble, const char *reason, const json_t *row)
{
	const char *want = ctl_str(json_object_get(row, "desired"), "reason");
	const char *status = ctl_str(row, "last_status");

	if (!reason[0])
		reason = want;
	if (trouble[0])
		(void)snprintf(w->note, sizeof(w->note), "%.140s%s%.140s", trouble,
			reason[0] ? "; " : "", reason);
	else if (reason[0])
		copy(w->note, sizeof(w->note), reason);
	else
		copy(w->note, sizeof(w->note),
			status[0] ? status : ctl_str(row, "last_error"));
}

static void
take_worker(struct top_fleet *to, const struct nv_fleet *fleet,
	const struct nv_ctl_worker *in, size_t *at, const json_t *row)
{
	struct top_worker *w = &to->workers[to->n_workers++];
	char trouble[160];

	*w = (struct top_worker){.up = in->up,
		.desired = in->desired,
		.paused = in->paused,
		.own = nothing};
	copy(w->name, sizeof(w->name), in->worker);
	copy(w->group, sizeof(w->group), in->group);
	copy(w->state, sizeof(w->state), nv_fleet_state(in, row));
	nv_fleet_trouble(fleet, *at, in, trouble, sizeof(trouble));
	take_note(w, trouble, in->reason, row);
	take_resources(&w->own, row);
	take_instances(to, w, fleet, at, row);
	w->own.restarts = in->restarts;
}

/* One that only the engine knows: gone from the configuration, or novasupd is away. */
static void
take_stray(struct top_fleet *to, const json_t *row, bool novasupd_answers)
{
	struct top_worker *w = &to->workers[to->n_workers++];

	*w = (struct top_worker){
		.up = TOP_UNKNOWN, .desired = TOP_UNKNOWN, .own = nothing};
	w->own.restarts = TOP_UNKNOWN;
	copy(w->name, sizeof(w->name), ctl_str(row, "worker"));
	copy(w->group, sizeof(w->group), ctl_str(row, "group"));
	copy(w->state, sizeof(w->state), novasupd_answers ? "unconfigured" : "unknown");
	take_note(w, "", "", row);
	take_resources(&w->own, row);
}

static void
skip_instances(const struct nv_fleet *fleet, size_t *at, const char *worker)
{
	while (*at < fleet->n_instances &&
		strcmp(fleet->instances[*at].worker, worker) == 0)
		(*at)++;
}

static void
take_workers(const struct top_said *said, struct top_fleet *to)
{
	const json_t *list = json_object_get(said->metrics, "workers");
	json_t *index = index_of(list, "worker");
	const struct nv_fleet *fleet = said->fleet;
	size_t at = 0;
	size_t i;
	json_t *row;

	for (size_t k = 0; fleet && k < fleet->n_workers; k++) {
		const struct nv_ctl_worker *w = &fleet->workers[k];

		if (nv_name_is_system(w->worker)) {
			skip_instances(fleet, &at, w->worker);
			continue;
		}
		take_worker(to, fleet, w, &at, json_object_get(index, w->worker));
		(void)json_object_del(index, w->worker); /* the engine may not know it */
	}
	json_array_foreach(list, i, row)
	{
		if (json_object_get(index, ctl_str(row, "worker")))
			take_stray(to, row, fleet != NULL);
	}
	json_decref(index);
}

void
top_fill(const struct top_said *said, struct top_fleet *ret)
{
	const json_t *list = json_object_get(said->today, "rows");
	json_t *today = index_of(list, "key");
	bool all = said->today && !json_object_get(said->today, "folded") &&
		   !json_object_get(said->today, "omitted");
	size_t n_rows = json_array_size(json_object_get(said->metrics, "workers"));

	*ret = (struct top_fleet){0};
	ret->workers = ctl_alloc((said->fleet ? said->fleet->n_workers : 0) + n_rows,
		sizeof(*ret->workers));
	ret->instances = ctl_alloc(
		said->fleet ? said->fleet->n_instances : 0, sizeof(*ret->instances));
	take_workers(said, ret);
	for (size_t i = 0; i < ret->n_workers; i++) {
		struct top_worker *w = &ret->workers[i];

		take_today(&w->own.today, json_object_get(today, w->name), all);
		take_hours(&w->own, said->hours, w->name);
	}
	json_decref(today);
}
