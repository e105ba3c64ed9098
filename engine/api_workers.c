/* Verbs that tell about workers: metrics, agents, agent. */
#include "api.h"
#include "budget.h"
#include "decide.h"
#include "fleet.h"
#include "import.h"
#include "report.h"
#include "resource.h"
#include "row.h"

#include "nv_json.h"

#include <errno.h>
#include <string.h>

/* Its money in currencies without a rate, as JSON text; NULL when there is none. */
static int
foreign_text(struct eng *eng, struct led_view *v, const struct eng_worker *w, char **ret)
{
	struct eng_scope all = {&w->id, 1, 0, INT64_MAX, false};
	json_t *o = NULL;
	int rc = 0;

	*ret = NULL;
	if (!w->uncounted.codes[0])
		return 0;
	o = json_object();
	rc = o ? eng_json_put_unconverted(o, eng, v, &all, NULL) : -ENOMEM;
	if (rc == 0 && json_object_get(o, "unconverted")) {
		*ret = nv_json_line(json_object_get(o, "unconverted"));
		rc = *ret ? 0 : -ENOMEM;
	}
	json_decref(o);
	return rc;
}

enum row { ROW_BRIEF, ROW_WHOLE, ROW_AGENT };

static int
put_row(struct nv_buf *buf, struct eng *eng, struct led_view *v,
	const struct eng_worker *w, enum row row)
{
	NV_CLEANUP_FREE char *foreign = NULL;
	int rc = foreign_text(eng, v, w, &foreign);

	if (rc < 0)
		return rc;
	nv_buf_puts(buf, "{");
	eng_row_worker(buf, eng, w, foreign, row == ROW_BRIEF);
	if (row == ROW_AGENT)
		eng_row_agent(buf, w);
	nv_buf_puts(buf, "}");
	return 0;
}

/* Ends the answer that was begun with {"...":[ and hands it to the call. */
static int
finish(struct eng_call *call, struct nv_buf *buf, int rc)
{
	nv_buf_printf(buf, "],\"currency\":\"%s\"}", call->eng->config->base_currency);
	if (rc == 0)
		rc = buf->error;
	if (rc == 0)
		call->text = nv_buf_take(buf);
	nv_buf_fini(buf);
	return rc == 0 && !call->text ? -ENOMEM : rc;
}

int
eng_verb_metrics(struct eng_call *call)
{
	const char *name = NULL;
	struct eng_worker *only = NULL;
	struct led_view *v = NULL;
	struct nv_buf buf;
	bool some = false;
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
	nv_buf_init(&buf, ENG_API_OUT_BYTES_MAX);
	nv_buf_puts(&buf, "{\"workers\":[");
	for (const struct eng_worker *w = call->eng->workers; w && rc == 0; w = w->next) {
		if (only ? w != only : nv_name_is_system(w->name) || eng_import_only(w))
			continue;
		nv_buf_puts(&buf, some ? "," : "");
		rc = put_row(&buf, call->eng, v, w, brief ? ROW_BRIEF : ROW_WHOLE);
		some = true;
	}
	led_view_end(v);
	return finish(call, &buf, rc);
}

int
eng_verb_agents(struct eng_call *call)
{
	const char *status = NULL;
	const char *group = NULL;
	struct led_view *v = NULL;
	struct nv_buf buf;
	bool some = false;
	int rc = nv_json_get_str(call->args, "status", 40, &status, &call->err);

	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_str(call->args, "group", 200, &group, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc < 0)
		return rc;
	nv_buf_init(&buf, ENG_API_OUT_BYTES_MAX);
	nv_buf_puts(&buf, "{\"agents\":[");
	for (const struct eng_worker *w = call->eng->workers; w && rc == 0; w = w->next) {
		if (status && strcmp(status, eng_agent_state(w)) != 0)
			continue;
		if (group ? strcmp(group, eng_worker_group(w)) != 0
			  : nv_name_is_system(w->name))
			continue;
		nv_buf_puts(&buf, some ? "," : "");
		rc = put_row(&buf, call->eng, v, w, ROW_AGENT);
		some = true;
	}
	led_view_end(v);
	return finish(call, &buf, rc);
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
	struct nv_buf buf;

	nv_buf_init(&buf, ENG_API_OUT_BYTES_MAX);
	rc = put_row(&buf, call->eng, v, w, ROW_AGENT);
	json_t *o = rc == 0 && buf.error == 0 ? json_loadb(buf.data, buf.bytes, 0, NULL)
					      : NULL;
	int bad = o ? 0 : -1;

	nv_buf_fini(&buf);

	bad |= json_object_set_new(
		o, "decisions", eng_json_decisions(call->eng, v, w->name, 0, 10));
	bad |= json_object_set_new(o, "events", eng_json_events(call->eng, v, w, 0, 20));
	led_view_end(v);
	if (w->conf) {
		bad |= json_object_set_new(o, "budget", budget_json(call->eng, w));
		bad |= json_object_set_new(o, "thresholds", thresholds_json(w->conf));
		bad |= json_object_set_new(o, "tuned", eng_json_tuned(w));
	}
	call->data = json_pack("{s:o}", "agent", o);
	return bad ? -ENOMEM : 0;
}
