/* Overview, status and groups as JSON: see live_show.h. */
#include "live_show.h"

#include <errno.h>
#include <string.h>

/* The value at key of what may be away: null then. */
static json_t *
same(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	return value ? json_incref(value) : json_null();
}

static json_t *
whole(const json_t *value)
{
	return value ? json_incref((json_t *)(uintptr_t)value) : json_null();
}

/* A chain of these is looked at once, at its end: see nv_fleet_json.c. */
static void
put(json_t **object, const char *key, json_t *value)
{
	if (json_object_set_new(*object, key, value) < 0) {
		json_decref(*object);
		*object = NULL;
	}
}

static void
put_fleet(json_t **o, const struct nv_fleet *fleet, const json_t *counts)
{
	put(o, "nova", fleet ? nv_fleet_nova_json(fleet) : json_null());
	put(o, "processes", fleet ? nv_fleet_processes_json(fleet) : json_null());
	put(o, "workers", whole(fleet ? counts : NULL));
	put(o, "incident", fleet ? nv_fleet_incident_json(fleet) : json_null());
}

static json_t *
alerts_json(const json_t *alerts)
{
	json_t *o;

	if (!alerts)
		return json_null();
	o = json_object();
	put(&o, "raised", same(alerts, "alerts"));
	put(&o, "looked", same(alerts, "looked"));
	return o;
}

/* novasupd knows of the emergency stop without an engine, in words. */
static json_t *
stop_json(const struct nv_fleet *fleet)
{
	if (!fleet || !fleet->nova.brake[0])
		return json_null();
	return json_pack("{s:n, s:n, s:o, s:o}", "by", "since", "reason",
		nv_json_str(fleet->nova.brake), "text", nv_json_str(fleet->nova.brake));
}

json_t *
gw_live_overview(const struct gw_live_parts *p)
{
	static const char *const keys[] = {"currency", "money", "previous", "hours",
		"budget", "autonomy", "stop", "approvals", "decisions", "decision_counts",
		"unconverted"};
	json_t *o = json_object();

	put(&o, "as_of", nv_json_time(p->as_of_ns));
	put_fleet(&o, p->fleet, p->counts);
	for (size_t i = 0; i < NV_LEN(keys); i++)
		put(&o, keys[i], same(p->engine, keys[i]));
	if (!p->engine)
		put(&o, "stop", stop_json(p->fleet));
	put(&o, "alerts", alerts_json(p->alerts));
	put(&o, "warnings", whole(p->warnings));
	return o;
}

json_t *
gw_live_status(const struct gw_picture *p, const json_t *summary)
{
	static const char *const keys[] = {
		"today", "budget", "decisions", "pending_approvals", "engine"};
	json_t *o = json_object();

	put(&o, "as_of", nv_json_time(p->as_of_ns));
	put_fleet(&o, p->fleet, p->counts);
	for (size_t i = 0; i < NV_LEN(keys); i++)
		put(&o, keys[i], same(summary, keys[i]));
	put(&o, "warnings", whole(p->warnings));
	return o;
}

/* ---- groups ---- */

static const char *const amounts[] = {"cost", "revenue", "refunds", "profit"};

struct sums {
	nv_i128 nano[NV_LEN(amounts)];
	bool known; /* all of its workers' figures are */
	double cpu_percent;
	json_int_t memory_bytes;
};

static bool
add_row(struct sums *s, const json_t *row)
{
	const json_t *metrics = json_object_get(row, "metrics");

	s->cpu_percent += json_number_value(json_object_get(row, "cpu_percent"));
	s->memory_bytes += json_integer_value(json_object_get(row, "memory_bytes"));
	for (size_t i = 0; i < NV_LEN(amounts); i++) {
		const char *text =
			json_string_value(json_object_get(metrics, amounts[i]));
		nv_i128 nano = 0;

		if (!text || !nv_sum_parse(text, &nano))
			return false;
		s->nano[i] += nano;
	}
	return true;
}

static json_t *
group_json(const struct gw_picture *p, const char *group)
{
	struct sums sums = {.known = true};
	json_t *rows = json_array();
	json_t *names = json_array();
	json_t *o = json_object();

	for (size_t i = 0; i < p->n_rows; i++) {
		const struct gw_row *row = &p->rows[i];

		if (!row->text || strcmp(row->group, group) != 0)
			continue;
		if (rows && json_array_append(rows, row->json) < 0) {
			json_decref(rows);
			rows = NULL;
		}
		if (names && json_array_append_new(names, json_string(row->worker)) < 0) {
			json_decref(names);
			names = NULL;
		}
		sums.known = add_row(&sums, row->json) && sums.known;
	}
	put(&o, "group", nv_json_str(group));
	put(&o, "workers", rows ? nv_fleet_counts_json(rows) : NULL);
	put(&o, "names", names);
	for (size_t i = 0; i < NV_LEN(amounts); i++)
		put(&o, amounts[i],
			sums.known ? nv_json_money(sums.nano[i]) : json_null());
	put(&o, "cpu_percent", sums.known ? json_real(sums.cpu_percent) : json_null());
	put(&o, "memory_bytes",
		sums.known ? json_integer(sums.memory_bytes) : json_null());
	json_decref(rows);
	return o;
}

json_t *
gw_live_groups(const struct gw_picture *p, const char *only, bool *ret_missing)
{
	json_t *seen = json_object();
	json_t *list = json_array();
	json_t *o = json_object();
	int bad = seen && list ? 0 : -1;

	for (size_t i = 0; i < p->n_rows && bad == 0; i++) {
		const struct gw_row *row = &p->rows[i];

		if (!row->text || (only && strcmp(only, row->group) != 0) ||
			json_object_get(seen, row->group))
			continue;
		bad |= json_object_set_new(seen, row->group, json_true());
		bad |= json_array_append_new(list, group_json(p, row->group));
	}
	*ret_missing = bad == 0 && only && json_array_size(list) == 0;
	put(&o, "as_of", nv_json_time(p->as_of_ns));
	if (only)
		put(&o, "group", bad ? NULL : whole(json_array_get(list, 0)));
	else
		put(&o, "groups", bad ? NULL : json_incref(list));
	put(&o, "warnings", whole(p->warnings));
	json_decref(seen);
	json_decref(list);
	if (*ret_missing) {
		json_decref(o);
		return NULL;
	}
	return o;
}
