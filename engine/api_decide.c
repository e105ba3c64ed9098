/* Verbs about decisions: autonomous, approvals, approve, deny, decisions, explain. */
#include "api.h"
#include "decide.h"
#include "import.h"
#include "judge.h"
#include "report.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *
eng_policy_name(const struct eng *eng)
{
	static const char *const names[] = {[NV_POLICY_STRICT] = "strict",
		[NV_POLICY_MARGINAL] = "marginal",
		[NV_POLICY_CLASSIC] = "classic"};

	return names[eng->config->policy];
}

int
eng_verb_autonomous_status(struct eng_call *call)
{
	struct eng *eng = call->eng;
	const struct nv_config *c = eng->config;
	json_t *o = json_object();
	json_t *t = json_object();
	int bad = o && t ? 0 : -1;

	bad |= json_object_set_new(
		t, "min_roi_percent", nv_json_percent(true, c->min_roi_ppm));
	bad |= json_object_set_new(
		t, "scale_roi_percent", nv_json_percent(true, c->scale_roi_ppm));
	bad |= json_object_set_new(
		t, "kill_roi_percent", nv_json_percent(true, c->kill_roi_ppm));
	bad |= json_object_set_new(t, "min_runs", json_integer(c->min_runs));
	bad |= json_object_set_new(
		t, "approval_above", nv_json_money(c->approval_above_nano));
	bad |= json_object_set_new(
		t, "max_daily_budget", eng_json_cap(c->max_daily_budget_nano));
	bad |= json_object_set_new(o, "enabled", json_boolean(eng->autonomous));
	bad |= json_object_set_new(o, "policy", json_string(eng_policy_name(eng)));
	bad |= json_object_set_new(
		o, "interval_s", json_real((double)c->autonomous_interval_ms / 1000.));
	bad |= json_object_set_new(
		o, "window_s", json_real((double)c->autonomous_window_ms / 1000.));
	bad |= json_object_set_new(
		o, "cooldown_s", json_real((double)c->autonomous_cooldown_ms / 1000.));
	bad |= json_object_set_new(
		o, "last_analysis", nv_json_time(eng->decide->analysed_ns));
	bad |= json_object_set_new(
		o, "next_analysis", nv_json_time(eng->decide->next_ns));
	bad |= json_object_set_new(o, "thresholds", t);
	bad |= json_object_set_new(o, "budget", eng_json_budget(eng));
	bad |= json_object_set_new(o, "decisions", eng_json_counts(eng));
	bad |= json_object_set_new(o, "pending_approvals", eng_json_approvals(eng));
	call->data = o;
	return bad ? -ENOMEM : 0;
}

int
eng_verb_autonomous_set(struct eng_call *call)
{
	bool on = false;
	int rc = nv_json_get_bool(call->args, "enabled", &on, &call->err);

	if (rc == -ENOENT)
		return nv_err_set(&call->err, -EINVAL, "enabled is missing");
	if (rc == 0 && on != call->eng->autonomous)
		rc = eng_autonomous_set(call->eng, on, call->by, &call->err);
	return rc < 0 ? rc : eng_verb_autonomous_status(call);
}

int
eng_verb_autonomous_run(struct eng_call *call)
{
	bool dry = false;
	json_t *rows = json_array();
	int rc = nv_json_get_bool(call->args, "dry_run", &dry, &call->err);

	if (rc == 0 || rc == -ENOENT)
		rc = rows ? eng_decide_analyse(call->eng, dry, rows, &call->err)
			  : -ENOMEM;
	if (rc < 0) {
		json_decref(rows);
		return rc;
	}
	call->data = json_pack("{s:o, s:b, s:b, s:s, s:s, s:o}", "decisions", rows,
		"dry_run", dry, "enabled", call->eng->autonomous, "currency",
		call->eng->config->base_currency, "policy", eng_policy_name(call->eng),
		"fleet", eng_judge_fleet_json(call->eng));
	return 0;
}

int
eng_verb_approvals(struct eng_call *call)
{
	call->data = json_pack("{s:o, s:s}", "approvals", eng_json_approvals(call->eng),
		"currency", call->eng->config->base_currency);
	return 0;
}

/* A number, or the digits of one. */
static int
take_id(struct eng_call *call, uint64_t *ret)
{
	const json_t *value = json_object_get(call->args, "id");
	const char *text = json_string_value(value);
	uint64_t id = 0;

	if (!value || json_is_null(value))
		return nv_err_set(&call->err, -EINVAL, "id is missing");
	if (!text)
		return nv_json_get_u64(call->args, "id", 1, INT64_MAX, ret, &call->err);
	for (const char *at = text; *at || at == text; at++) {
		if (*at < '0' || *at > '9' || id > (uint64_t)INT64_MAX / 10 - 1)
			return nv_err_set(&call->err, -EINVAL,
				"id is \"%.40s\", expected the number of a decision",
				text);
		id = id * 10 + (uint64_t)(*at - '0');
	}
	*ret = id;
	return 0;
}

static int
wrap_decision(struct eng_call *call, json_t *decision)
{
	call->data = json_pack("{s:o}", "decision", decision);
	return 0;
}

int
eng_verb_approve(struct eng_call *call)
{
	uint64_t id = 0;
	json_t *decision = NULL;
	int rc = take_id(call, &id);

	if (rc == 0)
		rc = eng_decide_approve(call->eng, id, call->by, &decision, &call->err);
	return rc < 0 ? rc : wrap_decision(call, decision);
}

int
eng_verb_deny(struct eng_call *call)
{
	uint64_t id = 0;
	const char *reason = NULL;
	json_t *decision = NULL;
	int rc = nv_json_get_str(call->args, "reason", 200, &reason, &call->err);

	if (rc == 0 || rc == -ENOENT)
		rc = take_id(call, &id);
	if (rc == 0)
		rc = eng_decide_deny(
			call->eng, id, call->by, reason, &decision, &call->err);
	return rc < 0 ? rc : wrap_decision(call, decision);
}

int
eng_verb_decisions(struct eng_call *call)
{
	const char *worker = NULL;
	const char *since = NULL;
	struct eng_worker *w = NULL;
	struct led_view *v = NULL;
	int64_t since_ns = 0;
	uint64_t limit = 100;
	bool imported = false;
	int rc = nv_json_get_bool(call->args, "imported", &imported, &call->err);

	if (rc == 0 || rc == -ENOENT)
		rc = nv_json_get_str(call->args, "worker", 200, &worker, &call->err);

	if (rc == 0)
		rc = eng_api_worker(call, worker, &w);
	if (rc < 0 && (rc != -ENOENT || worker))
		return rc;
	rc = nv_json_get_str(call->args, "since", 40, &since, &call->err);
	if (rc == 0) {
		struct eng_period today;

		/* The words of periods are points in time, too. */
		if (eng_period_parse(since, call->now_ns, &today, NULL) == 0)
			since_ns = today.from_ns;
		else
			rc = eng_time_parse(since, call->now_ns, &since_ns, &call->err);
	}
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = nv_json_get_u64(
		call->args, "limit", 1, ENG_API_ROWS_MAX, &limit, &call->err);
	if (rc < 0 && rc != -ENOENT)
		return rc;
	rc = led_view_begin(call->eng->led, &v, &call->err);
	if (rc < 0)
		return rc;
	json_t *list =
		imported ? eng_import_decisions(v, worker, since_ns, limit)
			 : eng_json_decisions(call->eng, v, worker, since_ns, limit);

	led_view_end(v);
	call->data = json_pack("{s:o, s:s}", "decisions", list, "currency",
		call->eng->config->base_currency);
	return 0;
}

int
eng_verb_explain(struct eng_call *call)
{
	uint64_t id = 0;
	struct eng_decision *d = NULL;
	int rc = take_id(call, &id);

	if (rc == 0)
		rc = eng_decision_find(call->eng, id, &d, &call->err);
	if (rc < 0)
		return rc;
	NV_CLEANUP_FREE char *text = eng_decision_explain(d);

	call->data = json_pack("{s:o, s:o}", "decision", eng_decision_json(d), "text",
		text ? nv_json_str(text) : NULL);
	eng_decision_free(d);
	return 0;
}

int
eng_verb_calibration(struct eng_call *call)
{
	struct led_view *v = NULL;
	int rc = led_view_begin(call->eng->led, &v, &call->err);

	if (rc < 0)
		return rc;
	call->data = eng_outcome_calibration(v);
	led_view_end(v);
	return call->data ? 0 : -ENOMEM;
}
