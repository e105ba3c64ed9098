/* The verb `budget`: every cap with what counts against it, what the day will have cost
 * when it ends, and the reservations that are open. */
#include "api.h"
#include "caps.h"
#include "decide.h"
#include "gate.h"

#include "nv_clock.h"
#include "nv_json.h"

#include <errno.h>
#include <string.h>

#define HOUR_NS  (3600 * NV_NS_PER_SEC)
#define PPM      1000000
#define ROWS_MAX ENG_API_ROWS_MAX

static const char *
cap_state(const struct eng *eng, const struct eng_cap *cap)
{
	if (cap->spent >= cap->limit)
		return "used_up";
	if (eng_cap_left(cap) == 0)
		return "reserved";
	return eng_cap_at(cap, eng->config->budget_warn_ppm) ? "warning" : "ok";
}

static json_t *
cap_json(const struct eng *eng, const struct eng_cap *cap, int64_t now_ns)
{
	nv_i128 ppm = cap->limit > 0 ? cap->spent * PPM / cap->limit : 0;
	json_t *o = json_object();
	int bad = o ? 0 : -1;

	bad |= json_object_set_new(
		o, "scope", json_string(eng_cap_scope_name(cap->scope)));
	bad |= json_object_set_new(
		o, "subject", cap->subject[0] ? json_string(cap->subject) : json_null());
	if (cap->scope == ENG_CAP_OPERATION)
		bad |= json_object_set_new(o, "operation", json_string(cap->operation));
	bad |= json_object_set_new(
		o, "period", json_string(eng_cap_period_name(cap->period)));
	bad |= json_object_set_new(o, "limit", nv_json_money(cap->limit));
	bad |= json_object_set_new(o, "spent", nv_json_money(cap->spent));
	bad |= json_object_set_new(
		o, "reserved", nv_json_money(cap->reserved + cap->approvals));
	bad |= json_object_set_new(o, "remaining", nv_json_money(eng_cap_left(cap)));
	bad |= json_object_set_new(o, "percent_used",
		nv_json_percent(cap->limit > 0, (int64_t)NV_MIN(ppm, NV_MONEY_MAX)));
	bad |= json_object_set_new(o, "state", json_string(cap_state(eng, cap)));
	bad |= json_object_set_new(o, "resets",
		cap->period == ENG_CAP_TOTAL ? json_null() : nv_json_time(cap->to_ns));
	if (cap->pacing)
		bad |= json_object_set_new(
			o, "allowed_now", nv_json_money(eng_cap_pace(cap, now_ns)));
	if (bad) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static bool
concerns(const struct eng_cap *cap, const struct eng_worker *w)
{
	for (size_t i = 0; w && i < w->purse->n_caps; i++) {
		if (w->purse->caps[i] == cap)
			return true;
	}
	return !w;
}

static json_t *
caps_json(const struct eng *eng, const struct eng_worker *only, int64_t now_ns)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (size_t i = 0; i < eng->caps->n && !bad; i++) {
		const struct eng_cap *cap = &eng->caps->list[i];

		if (cap->limit >= 0 && concerns(cap, only))
			bad = json_array_append_new(list, cap_json(eng, cap, now_ns));
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

static json_t *
reservation_json(const struct eng_reservation *r)
{
	return json_pack("{s:s, s:s, s:o, s:b, s:o, s:o, s:s, s:o, s:o, s:o}", "id",
		r->id, "worker", r->worker->name, "operation",
		r->operation[0] ? json_string(r->operation) : json_null(), "run", r->run,
		"amount", nv_json_money(r->amount), "left", nv_json_money(r->left),
		"currency", r->currency, "spent", nv_json_money(r->spent), "opened",
		nv_json_time(r->opened_ns), "expires", nv_json_time(r->expires_ns));
}

/* Those that set money aside; runs that are not known to cost anything hold nothing. */
static json_t *
reservations_json(const struct eng *eng, const struct eng_worker *only)
{
	json_t *list = json_array();
	int bad = list ? 0 : -1;

	for (const struct eng_worker *w = eng->workers; w && !bad; w = w->next) {
		const struct eng_reservation *r = w->purse ? w->purse->open : NULL;

		for (; r && !bad && (!only || w == only); r = r->next) {
			if (r->seq != 0 && !r->over && json_array_size(list) < ROWS_MAX)
				bad = json_array_append_new(list, reservation_json(r));
		}
	}
	if (bad) {
		json_decref(list);
		return NULL;
	}
	return list;
}

/* If the fleet goes on as in its last hour. */
static json_t *
forecast_json(struct eng *eng, int64_t now_ns)
{
	const struct eng_cap *day = eng->caps->fleet_day;
	struct led_totals hour = {0};
	struct led_view *v = NULL;
	struct nv_err err = {0};
	int rc = led_view_begin(eng->led, &v, &err);

	if (rc == 0) {
		rc = eng_sum_window(eng, v, 0, now_ns - HOUR_NS, INT64_MAX, &hour, NULL);
		led_view_end(v);
	}
	if (rc < 0)
		return json_null();
	int64_t left_s = NV_MAX(day->to_ns - now_ns, 0) / NV_NS_PER_SEC;
	nv_i128 projected = day->spent + day->reserved +
			    hour.cost * left_s / (HOUR_NS / NV_NS_PER_SEC);
	nv_i128 ppm = day->limit > 0 ? projected * PPM / day->limit : 0;

	return json_pack("{s:o, s:o, s:o, s:o, s:o}", "last_hour",
		nv_json_money(hour.cost), "day_ends", nv_json_time(day->to_ns),
		"projected", nv_json_money(projected), "limit", eng_json_cap(day->limit),
		"percent",
		nv_json_percent(day->limit > 0, (int64_t)NV_MIN(ppm, NV_MONEY_MAX)));
}

int
eng_verb_budget(struct eng_call *call)
{
	struct eng *eng = call->eng;
	struct eng_worker *only = NULL;
	const char *name = json_string_value(json_object_get(call->args, "worker"));
	int rc = eng_intake_flush(eng);

	if (rc == 0 && name && name[0])
		rc = eng_api_worker(call, name, &only);
	if (rc < 0)
		return rc;
	eng_enforce(eng); /* periods that have ended since the last commit */
	call->data = json_pack("{s:s, s:o, s:o, s:o, s:I, s:I, s:I}", "currency",
		eng->config->base_currency, "caps", caps_json(eng, only, call->now_ns),
		"reservations", reservations_json(eng, only), "forecast",
		forecast_json(eng, call->now_ns), "waiting",
		(json_int_t)eng->gate->n_waiting, "asked_and_reserved",
		(json_int_t)eng->gate->reserved, "asked_and_refused",
		(json_int_t)eng->gate->refused);
	return call->data ? 0 : -ENOMEM;
}
