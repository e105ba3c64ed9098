/* Verbs that tell about workers: metrics, agents, agent. */
#include "api.h"
#include "budget.h"
#include "decide.h"
#include "fleet.h"
#include "report.h"
#include "resource.h"

#include "nv_json.h"

#include <errno.h>
#include <string.h>

static json_t *
or_null(const char *text)
{
	return text[0] ? nv_json_str(text) : json_null();
}

static json_t *
instances_json(const struct eng_worker *w)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (const struct eng_instance *i = w->instances; i; i = i->next) {
		json_t *o;

		if (i->gone)
			continue;
		o = json_pack("{s:I, s:I, s:i, s:o, s:o}", "instance",
			(json_int_t)i->instance, "generation", (json_int_t)i->generation,
			"pid", i->pid, "last_heartbeat", nv_json_time(i->heartbeat_ns),
			"resources", eng_json_resources(w, i->instance));
		bad |= json_array_append_new(list, o);
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *
metrics_row(struct eng *eng, struct led_view *v, const struct eng_worker *w, bool brief)
{
	json_t *metrics = eng_json_metrics(eng, &w->totals);
	json_t *o = json_object();
	int bad = o && metrics ? 0 : -1;

	if (w->uncounted.codes[0]) {
		struct eng_scope all = {&w->id, 1, 0, INT64_MAX};

		bad |= eng_json_put_unconverted(metrics, eng, v, &all, NULL);
	}

	bad |= json_object_set_new(o, "worker", json_string(w->name));
	bad |= json_object_set_new(o, "group", json_string(eng_worker_group(w)));
	bad |= json_object_set_new(o, "kind",
		!w->conf ? json_null()
			 : json_string(
				   w->conf->kind == NV_KIND_TASK ? "task" : "service"));
	bad |= json_object_set_new(o, "configured", json_boolean(w->conf != NULL));
	bad |= json_object_set_new(o, "halted", json_boolean(w->halted));
	bad |= json_object_set_new(o, "desired", eng_json_desired(w));
	bad |= json_object_set_new(o, "metrics", metrics);
	bad |= json_object_set_new(
		o, "rejected_events", json_integer((json_int_t)w->rejected));
	bad |= json_object_set_new(o, "unpriced",
		json_pack("{s:I, s:o}", "events", (json_int_t)w->unpriced, "model",
			or_null(w->unpriced_model)));
	bad |= json_object_set_new(o, "last_heartbeat", nv_json_time(w->heartbeat_ns));
	bad |= json_object_set_new(o, "last_status", or_null(w->status));
	bad |= json_object_set_new(o, "last_error", or_null(w->last_error));
	if (!brief) {
		bad |= json_object_set_new(o, "resources", eng_json_resources(w, 0));
		bad |= json_object_set_new(o, "instances", instances_json(w));
	}
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int
eng_verb_metrics(struct eng_call *call)
{
	const char *name = NULL;
	struct eng_worker *only = NULL;
	struct led_view *v = NULL;
	json_t *list = NULL;
	int bad = 0;
	bool brief = false;
	int rc = nv_json_get_bool(call->args, "brief", &brief, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_str(call->args, "worker", 200, &name, &call->err);
	if (rc == 0)
		rc = eng_api_worker(call, name, &only);
	if (rc < 0 && (rc != -ENOENT || name))
		return rc;
	if (!brief)
		eng_resource_fresh(call->eng, only);
	rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc < 0)
		return rc;
	list = json_array();
	for (struct eng_worker *w = call->eng->workers; w; w = w->next) {
		if (only ? w == only : !nv_name_is_system(w->name))
			bad |= json_array_append_new(
				list, metrics_row(call->eng, v, w, brief));
	}
	led_view_end(v);
	call->data = json_pack("{s:o, s:s}", "workers", list, "currency",
		call->eng->config->base_currency);
	return bad ? -ENOMEM : 0;
}

/* What is wished for, unless it is not so: tried too often, or no process of it is there
 * (novasupd knows whether it is in backoff, in cooldown or finished). */
static const char *
agent_state(const struct eng_worker *w)
{
	const char *state = eng_worker_state(w);

	if (strcmp(state, "running") != 0)
		return state;
	if (w->halted)
		return "halted";
	for (const struct eng_instance *i = w->instances; i; i = i->next)
		if (!i->gone)
			return state;
	return "down";
}

/* One row for people: configuration, state and figures together. */
static json_t *
agent_row(struct eng *eng, struct led_view *v, const struct eng_worker *w)
{
	const struct nv_conf_worker *conf = w->conf;
	json_t *o = metrics_row(eng, v, w, false);
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(o, "agent", json_string(w->name));
	bad |= json_object_set_new(o, "status", json_string(agent_state(w)));
	bad |= json_object_set_new(o, "state", json_string(agent_state(w)));
	bad |= json_object_set_new(o, "reason", nv_json_str(eng_worker_reason(w)));
	if (conf) {
		bad |= json_object_set_new(
			o, "description", nv_json_str(conf->description));
		bad |= json_object_set_new(
			o, "autonomous", json_boolean(conf->autonomous));
		bad |= json_object_set_new(o, "run_interval_s",
			json_real((double)eng_worker_interval_ms(w) / 1000.));
		bad |= json_object_set_new(
			o, "instances_min", json_integer(conf->instances_min));
		bad |= json_object_set_new(
			o, "instances_max", json_integer(conf->instances_max));
	}
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int
eng_verb_agents(struct eng_call *call)
{
	const char *status = NULL;
	const char *group = NULL;
	struct led_view *v = NULL;
	json_t *list;
	int bad = 0;
	int rc = nv_json_get_str(call->args, "status", 40, &status, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_str(call->args, "group", 200, &group, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc < 0)
		return rc;
	list = json_array();
	for (struct eng_worker *w = call->eng->workers; w; w = w->next) {
		if (status && strcmp(status, agent_state(w)) != 0)
			continue;
		if (group ? strcmp(group, eng_worker_group(w)) != 0
			  : nv_name_is_system(w->name))
			continue;
		bad |= json_array_append_new(list, agent_row(call->eng, v, w));
	}
	led_view_end(v);
	call->data = json_pack("{s:o, s:s}", "agents", list, "currency",
		call->eng->config->base_currency);
	return bad ? -ENOMEM : 0;
}

/* ---- one agent in full ---- */

static json_t *
budget_json(const struct eng *eng, const struct eng_worker *w)
{
	nv_i128 today = w->totals.cost - w->day_base_cost;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "per_run", eng_json_cap(w->conf->budget_per_run_nano));
	bad |= json_object_set_new(o, "daily", eng_json_cap(w->conf->budget_daily_nano));
	bad |= json_object_set_new(o, "total", eng_json_cap(w->conf->budget_total_nano));
	bad |= json_object_set_new(o, "spent_today", nv_json_money(today));
	bad |= json_object_set_new(o, "spent_total", nv_json_money(w->totals.cost));
	bad |= json_object_set_new(
		o, "currency", json_string(eng->config->base_currency));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static json_t *
thresholds_json(const struct nv_conf_worker *conf)
{
	return json_pack("{s:o, s:o, s:o, s:I}", "min_roi_percent",
		nv_json_percent(true, conf->roi_min_ppm), "scale_roi_percent",
		nv_json_percent(true, conf->roi_scale_ppm), "kill_roi_percent",
		nv_json_percent(true, conf->roi_kill_ppm), "min_runs",
		(json_int_t)conf->roi_min_runs);
}

int
eng_verb_agent(struct eng_call *call)
{
	const char *name = NULL;
	struct eng_worker *w = NULL;
	struct led_view *v = NULL;
	int rc = nv_json_need_str(call->args, "worker", 200, &name, &call->err);

	if (rc == 0)
		rc = eng_api_worker(call, name, &w);
	if (rc == 0)
		rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc != 0)
		return rc;
	json_t *o = agent_row(call->eng, v, w);
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "decisions", eng_json_decisions(call->eng, v, w->name, 0, 10));
	bad |= json_object_set_new(o, "events", eng_json_events(call->eng, v, w, 0, 20));
	led_view_end(v);
	if (w->conf) {
		bad |= json_object_set_new(o, "budget", budget_json(call->eng, w));
		bad |= json_object_set_new(o, "thresholds", thresholds_json(w->conf));
	}
	call->data = json_pack("{s:o}", "agent", o);
	return bad ? -ENOMEM : 0;
}
